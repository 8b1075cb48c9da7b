package engine

import (
	"context"
	"testing"
	"time"

	"psyberg/engine/bridge"
	"psyberg/functions/discover"
	"psyberg/psyberg"
)

// TestReadBoundsAgreesWithManifests: what is read from the data files is what
// the manifests say of them, where they say it.
func TestReadBoundsAgreesWithManifests(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := startOn(t, "spark")
	for _, tt := range []struct{ table, column string }{
		{"life.signup_fact", "event_ts"},
		{"life.signup_fact", "landing_date"},
		{"life.raw_signups", "landing_ts"},
	} {
		tbl, err := s.Catalogs().Load(ctx, tt.table)
		if err != nil {
			t.Fatal(err)
		}
		field, ok := tbl.Meta.CurrentSchema().FieldByName(tt.column)
		if !ok {
			t.Fatalf("%s has no column %s", tt.table, tt.column)
		}
		rows, err := s.Query(ctx, "SELECT file_path, file_format, bounds."+QuoteIdent(tt.column)+".min, bounds."+QuoteIdent(tt.column)+".max FROM iceberg_files("+
			QuoteLiteral(tt.table)+", bounds := ["+QuoteLiteral(tt.column)+"])")
		if err != nil {
			t.Fatal(err)
		}
		req := discover.BoundsRequest{Table: tbl, Column: field, Path: tt.column}
		want := map[string]psyberg.TimeRange{}
		for rows.Next() {
			r := rows.Row()
			f := psyberg.File{Path: r[0].(string), Format: r[1].(string)}
			req.Files = append(req.Files, f)
			want[f.Path] = covering(r[2].(time.Time), r[3].(time.Time), field.Type.Kind)
		}
		if err := rows.Err(); err != nil || len(want) < 5 {
			t.Fatalf("%s: %d files, %v", tt.table, len(want), err)
		}
		rows.Close()
		got, err := ReadBounds(bridge.Runner(s))(ctx, req)
		if err != nil {
			t.Fatalf("%s %s: %v", tt.table, tt.column, err)
		}
		for path, w := range want {
			if g := got[path]; g == nil || *g != w {
				t.Errorf("%s %s %s: %v, want %v", tt.table, tt.column, path, g, w)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %d answers, want %d", tt.table, len(got), len(want))
		}
	}
}
