package functions

import (
	"context"
	"strings"
	"testing"
	"time"
)

// TestPin looks at conf.branches_tags, which has branches, tags, a rollback.
func TestPin(t *testing.T) {
	w := openWarehouse(t, "pyiceberg")
	ctx := context.Background()
	table, err := w.Load(ctx, "conf.branches_tags")
	if err != nil {
		t.Fatal(err)
	}
	first := table.Meta.SnapshotLog[0]
	for _, tc := range []struct {
		name  string
		table string
		pairs []any
		want  string // snapshot's ref, or part of the error after "error: "
	}{
		{"current", "conf.branches_tags", nil, "main"},
		{"main", "conf.branches_tags@main", nil, "main"},
		{"ref", "conf.branches_tags", []any{"ref", "main"}, "main"},
		{"NULL is not given", "conf.branches_tags", []any{"ref", nil, "snapshot_id", nil}, "main"},
		{"by id", "conf.branches_tags", []any{"snapshot_id", int64(table.Meta.Refs["main"].SnapshotID)}, "main"},
		{"now", "conf.branches_tags", []any{"as_of", time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}, "main"},
		{"an audit branch before its first write", "conf.branches_tags@psyberg_s1", nil, "main"},
		{"two", "conf.branches_tags@main", []any{"snapshot_id", int64(1)}, "error: give one of them"},
		{"unknown ref", "conf.branches_tags", []any{"ref", "mian"}, `error: did you mean "main"?`},
		{"unknown id", "conf.branches_tags", []any{"snapshot_id", int64(5)}, "error: find snapshot 5 of table \"conf.branches_tags\": it is not among the retained"},
		{"before the first", "conf.branches_tags", []any{"as_of", first.At.Time().Add(-time.Second)}, "error: its snapshot log begins at"},
		{"a wrong type", "conf.branches_tags", []any{"snapshot_id", "x"}, "error: argument snapshot_id is string, not an integer"},
		{"unknown table", "conf.branch_tags", nil, `error: did you mean "conf.branches_tags"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, err := pin(ctx, w, named(tc.table, tc.pairs...))
			if text, isErr := strings.CutPrefix(tc.want, "error: "); isErr {
				if err == nil || !strings.Contains(err.Error(), text) {
					t.Fatalf("error %v, want ... %s", err, text)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if want := table.Meta.Refs[tc.want].SnapshotID; p.Snapshot.ID != want {
				t.Errorf("snapshot %d, want %d", p.Snapshot.ID, want)
			}
		})
	}
	// At the very instant of the first commit the first snapshot is current.
	p, err := pin(ctx, w, named("conf.branches_tags", "as_of", first.At.Time()))
	if err != nil || p.Snapshot.ID != first.SnapshotID {
		t.Errorf("as of the first commit: %v, %v", p, err)
	}
	for _, empty := range []string{"conf.empty_v1", "conf.empty_v2@main"} {
		p, err := pin(ctx, w, named(empty))
		if err != nil || p.Snapshot != nil {
			t.Errorf("%s: %v, %v; want no snapshot", empty, p, err)
		}
	}
}

func TestTables(t *testing.T) {
	w := openWarehouse(t, "pyiceberg")
	if rows := call(t, w, "iceberg_tables", namedOnly()); len(rows) != len(w.names) {
		t.Errorf("%d rows, the catalog has %d tables", len(rows), len(w.names))
	}
	rows := call(t, w, "iceberg_tables", namedOnly("namespace", "conf.deep.er"))
	if len(rows) != 1 || rows[0]["table_name"] != `conf.deep.er."weird tbl"` || rows[0]["name"] != "weird tbl" {
		t.Errorf("conf.deep.er: %v", rows)
	}
}

func TestSplitLevels(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"a", "a"}, {"a.b.c", "a|b|c"}, {`a."b.c".d`, "a|b.c|d"}, {`"say ""x"""`, `say "x"`},
		{"", "error"}, {"a.", "error"}, {".a", "error"}, {`"a`, "error"}, {`"a"b`, "error"}, {`a.""`, "error"},
	} {
		got, err := splitLevels(tc.in)
		text := strings.Join(got, "|")
		if err != nil {
			text = "error"
		}
		if text != tc.want {
			t.Errorf("splitLevels(%s) = %s, %v; want %s", tc.in, text, err, tc.want)
		}
	}
}

func FuzzSplitLevels(f *testing.F) {
	for _, s := range []string{"a.b", `"x.y"."z"""`, `""`, `a"b`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		levels, err := splitLevels(s)
		if err != nil {
			return
		}
		again, err := splitLevels(quoteLevels(levels...))
		if err != nil || strings.Join(again, "\x00") != strings.Join(levels, "\x00") {
			t.Errorf("%q reads as %q, written as %q reads as %q, %v", s, levels, quoteLevels(levels...), again, err)
		}
	})
}

// TestProjection asks for one column at a time, and for none.
func TestProjection(t *testing.T) {
	w := openWarehouse(t, "spark")
	for _, f := range All(w) {
		if len(f.Positional) != 1 {
			continue
		}
		args := named("conf.part_evolve")
		whole, err := tryCall(f, args)
		if err != nil {
			t.Fatal(err)
		}
		rel, err := f.Bind(context.Background(), args)
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range rel.Schema.Fields() {
			part, err := tryCall(f, args, field.Name)
			if err != nil {
				t.Fatalf("%s %s: %v", f.Name, field.Name, err)
			}
			var want []map[string]any
			for _, r := range whole {
				want = append(want, map[string]any{field.Name: r[field.Name]})
			}
			if d := sameRows(part, want); d != "" {
				t.Errorf("%s, column %s alone: %s", f.Name, field.Name, d)
			}
		}
		scan, err := rel.Open(context.Background(), nil)
		if err != nil {
			t.Fatal(err)
		}
		n := int64(0)
		for {
			batch, err := scan.Next(context.Background())
			if err != nil {
				break
			}
			n += batch.NumRows()
		}
		scan.Close()
		if n != int64(len(whole)) {
			t.Errorf("%s without columns: %d rows, want %d", f.Name, n, len(whole))
		}
	}
}
