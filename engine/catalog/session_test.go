package catalog_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"psyberg/engine"
	"psyberg/engine/catalog"
)

// TestSessionOverREST runs statements over a REST catalog: tables made, written,
// staged, read and dropped through HTTP.
func TestSessionOverREST(t *testing.T) {
	t.Parallel()
	ctx, dir := context.Background(), t.TempDir()
	s, err := engine.Start(ctx, engine.Config{Catalog: catalog.Config{URI: catalog.RESTOverEmbedded(t), Dir: dir, Home: dir}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, step := range []struct{ sql, want string }{
		{"CREATE TABLE deep.ns.t (id BIGINT, ts TIMESTAMP) USING iceberg PARTITIONED BY (days(ts))", ""},
		{"COPY (SELECT i AS id, TIMESTAMP '2023-09-14' + INTERVAL (i) DAY AS ts FROM range(3) r(i)) TO 'deep.ns.t' (FORMAT iceberg)", "3"},
		{"COPY (SELECT 9 AS id, TIMESTAMP '2023-09-14' AS ts) TO 'deep.ns.t' (FORMAT iceberg, WAP_ID 's')", "1"},
		{"COPY (SELECT 9 AS id, TIMESTAMP '2023-09-14' AS ts) TO 'deep.ns.t' (FORMAT iceberg, WAP_ID 's')", "0"},
		{"SELECT count(*), sum(id) FROM iceberg_rows('deep.ns.t')", "3|3"},
		{"COPY (SELECT 5 AS id, TIMESTAMP '2023-09-15' AS ts) TO 'deep.ns.t' (FORMAT iceberg, MODE overwrite, WHERE 'id >= 1')", "1"},
		{"SELECT count(*), sum(id) FROM iceberg_rows('deep.ns.t')", "2|5"},
		{"SELECT method FROM psyberg_publish_preflight('deep.ns.t', 's')", "cherry-pick"},
		{"SELECT table_name FROM iceberg_tables(namespace := 'deep.ns')", "deep.ns.t"},
		{"DROP TABLE deep.ns.t USING iceberg", ""},
		{"SELECT count(*) FROM iceberg_tables()", "0"},
	} {
		r, err := s.Query(ctx, step.sql)
		if err != nil {
			t.Fatalf("%s: %v", step.sql, err)
		}
		var got []string
		for r.Next() {
			var cells []string
			for _, v := range r.Row() {
				cells = append(cells, fmt.Sprint(v))
			}
			got = append(got, strings.Join(cells, "|"))
		}
		if r.Err() != nil || strings.Join(got, "\n") != step.want {
			t.Errorf("%s: %q %v, want %q", step.sql, got, r.Err(), step.want)
		}
		r.Close()
	}
}
