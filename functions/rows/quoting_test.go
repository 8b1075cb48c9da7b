package rows

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"psyberg/functions/meta"
	"psyberg/functions/surface"
)

// onDisk are files by their own paths.
type onDisk struct{}

func (onDisk) Local(location string) (string, error) { return location, nil }
func (onDisk) Read(context.Context, string, int64) ([]byte, error) {
	return nil, errors.New("nothing is read whole here")
}

// TestOddNames: names and paths are data, whatever they hold: none ends a
// quote, opens a comment, or is taken for a pattern.
func TestOddNames(t *testing.T) {
	conn, dir := openDuck(t), t.TempDir()
	exec := func(q string) {
		t.Helper()
		if _, err := conn.ExecContext(context.Background(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	seed := filepath.Join(dir, "seed.parquet")
	exec("COPY (SELECT i AS a, {'b': i} AS c FROM range(3) t(i)) TO '" + seed + "' (FIELD_IDS {a: 1, c: {__duckdb_field_id: 2, b: 3}})")
	data, err := os.ReadFile(seed)
	if err != nil {
		t.Fatal(err)
	}
	odd := []string{`it's`, `"quoted"`, "line\nend", `-- comment`, `/* x`, `$1 :x :'y' ${z}`, `back\slash`, `a;b`, `*`, `?[a-z]`, `[x]`, `{a,b}`, `%41`, ` `, `filename`, `file_row_number`, `日本`, `x=1`, `#`, `psy_files`}
	long, _ := meta.ParseType("long")
	for _, name := range odd {
		path := filepath.Join(dir, "p"+strings.ReplaceAll(name, "/", "_")+".parquet")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		schema := &meta.Schema{Fields: []*meta.Field{
			{ID: 1, Name: name, Type: long},
			{ID: 2, Name: name + "2", Type: meta.Type{Kind: meta.KindStruct, Fields: []*meta.Field{{ID: 3, Name: name, Type: long}, {ID: 4, Name: name + "4", Type: long, InitialDefault: []byte("7")}}}},
			{ID: 5, Name: name + "5", Type: meta.Type{Kind: meta.KindString}, InitialDefault: quoted(name)},
		}}
		m := &meta.Metadata{FormatVersion: 2, Schemas: []*meta.Schema{schema}, Specs: []*meta.PartitionSpec{{}}, Properties: map[string]string{}}
		r := Request{Table: &surface.Table{Name: name, Meta: m, Files: onDisk{}}, Schema: schema, FilePath: true, Position: true}
		for _, files := range [][]DataFile{nil, {{Path: path, Format: "PARQUET", Sequence: 1}}} {
			r.Data = files
			text, err := SQL(context.Background(), r)
			if err != nil {
				t.Errorf("%q: %v", name, err)
				continue
			}
			var want []string
			for i := range 3 * len(files) {
				row, _ := json.Marshal(map[string]any{name: i, name + "2": map[string]any{name: i, name + "4": 7}, name + "5": name, "_file": path, "_pos": i})
				want = append(want, string(row))
			}
			got, err := fetch(conn, text, schema)
			if slices.Sort(got); err != nil || !slices.Equal(got, want) {
				t.Errorf("%q: rows\n%q, want\n%q, %v\n%s", name, got, want, err, text)
			}
		}
	}
}

func quoted(s string) []byte {
	b, _ := json.Marshal(s)
	return b
}
