package functions

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"psyberg/functions/surface"
)

// tableFunctions are those whose first argument is a table; changes takes two
// more, which NULLs stand for.
var tableFunctions = []string{"iceberg_snapshots", "iceberg_history", "iceberg_refs", "iceberg_metadata_log_entries", "iceberg_properties",
	"iceberg_schemas", "iceberg_partition_specs", "iceberg_manifests", "iceberg_entries", "iceberg_files", "iceberg_partitions", "iceberg_changes"}

func argsOf(function, table string, pairs ...any) surface.Args {
	args := named(table, pairs...)
	if function == "iceberg_changes" {
		args.Positional = append(args.Positional, nil, nil)
	}
	return args
}

// TestEveryFunctionPins: on every function of a table, snapshot_id, ref and
// as_of are taken, at most one; what is not there is an error with near
// matches; a table without a snapshot has no rows.
func TestEveryFunctionPins(t *testing.T) {
	w := openWarehouse(t, "pyiceberg")
	table, err := w.Load(t.Context(), "conf.branches_tags")
	if err != nil {
		t.Fatal(err)
	}
	head := int64(table.Meta.CurrentSnapshotID)
	for _, f := range tableFunctions {
		for _, tc := range []struct {
			table string
			pairs []any
			want  string
		}{
			{"conf.branches_tags", []any{"snapshot_id", head}, ""},
			{"conf.branches_tags", []any{"ref", "main", "snapshot_id", nil}, ""},
			{"conf.branches_tags", []any{"as_of", time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}, ""},
			{"conf.branches_tags@main", nil, ""},
			{"conf.branches_tags", []any{"snapshot_id", head, "ref", "main"}, "snapshot_id and ref are given; give one of them"},
			{"conf.branches_tags", []any{"ref", "main", "as_of", time.Now()}, "ref and as_of are given; give one of them"},
			{"conf.branches_tags@main", []any{"snapshot_id", head}, "@main in the table's name and snapshot_id are given"},
			{"conf.branches_tags", []any{"ref", "mai"}, `no branch or tag has that name; did you mean "main"?`},
			{"conf.branches_tags", []any{"snapshot_id", head + 1}, fmt.Sprintf("find snapshot %d of table", head+1)},
			{"conf.branches_tag", nil, `did you mean "conf.branches_tags"`},
			{"conf.empty_v2", nil, ""},
		} {
			args := argsOf(f, tc.table, tc.pairs...)
			rows, err := tryCall(find(t, w, f), args)
			if tc.want == "" && err != nil || tc.want != "" && !contains(err, tc.want) {
				t.Errorf("%s(%s, %v): %v; want %q", f, tc.table, tc.pairs, err, tc.want)
			}
			perSnapshot := slices.Contains(tableFunctions[7:], f)
			if tc.want == "" && perSnapshot && (len(rows) > 0) != (tc.table != "conf.empty_v2") {
				t.Errorf("%s(%s, %v): %d rows", f, tc.table, tc.pairs, len(rows))
			}
		}
		if _, err := tryCall(find(t, w, f), surface.Args{Positional: []any{nil, nil, nil}}); !contains(err, "argument 1 (t) is NULL") {
			t.Errorf("%s(NULL): %v", f, err)
		}
	}
}

// TestContent: 'data' and 'deletes' together are 'all', and leave the other
// manifests unread.
func TestContent(t *testing.T) {
	w := openWarehouse(t, "spark")
	for _, f := range []string{"iceberg_files", "iceberg_entries"} {
		for _, table := range []string{"conf.ops_mor_v2", "conf.ops_eqdel"} {
			rows, read := map[string]int{}, map[string]int{}
			for _, content := range []string{"all", "data", "deletes"} {
				read[content] = w.manifestsRead(func() { rows[content] = len(call(t, w, f, named(table, "content", content))) })
			}
			if rows["data"] == 0 || rows["deletes"] == 0 || rows["data"]+rows["deletes"] != rows["all"] || read["data"]+read["deletes"] != read["all"] {
				t.Errorf("%s of %s: rows %v, manifests read %v", f, table, rows, read)
			}
		}
		if _, err := tryCall(find(t, w, f), named("conf.ops_mor_v2", "content", "date")); !contains(err, `argument content is "date", which is none of 'all', 'data', 'deletes'`) {
			t.Error(err)
		}
	}
}

// TestAllSnapshots reads each manifest once, and excludes pinning.
func TestAllSnapshots(t *testing.T) {
	w := openWarehouse(t, "spark")
	const table = "conf.ops_cow"
	paths := map[any]bool{}
	for _, r := range call(t, w, "iceberg_manifests", named(table, "all_snapshots", true)) {
		paths[r["path"]] = true
	}
	if read := w.manifestsRead(func() { call(t, w, "iceberg_entries", named(table, "all_snapshots", true)) }); read != len(paths) {
		t.Errorf("%d manifests read, there are %d", read, len(paths))
	}
	for _, f := range []string{"iceberg_manifests", "iceberg_entries", "iceberg_files"} {
		if _, err := tryCall(find(t, w, f), named(table, "all_snapshots", true, "ref", "main")); !contains(err, "ref is given too; give one of them") {
			t.Errorf("%s: %v", f, err)
		}
		if _, err := tryCall(find(t, w, f), named(table+"@main", "all_snapshots", true)); !contains(err, "@main in its name is given too") {
			t.Errorf("%s: %v", f, err)
		}
		head := call(t, w, f, named(table))
		if d := sameRows(call(t, w, f, named(table, "all_snapshots", false, "ref", "main")), head); d != "" {
			t.Errorf("%s: all_snapshots := false: %s", f, d)
		}
	}
}

// TestColumnOrder: our columns begin with Spark's, in Spark's order; what is
// ours comes after.
func TestColumnOrder(t *testing.T) {
	w := openWarehouse(t, "spark")
	const table = "conf.ops_mor_v3"
	for file, f := range map[string]string{"snapshots": "iceberg_snapshots", "history": "iceberg_history", "refs": "iceberg_refs",
		"metadata_log_entries": "iceberg_metadata_log_entries", "manifests": "iceberg_manifests", "all_manifests": "iceberg_manifests",
		"entries": "iceberg_entries", "files": "iceberg_files", "partitions": "iceberg_partitions"} {
		rel, err := find(t, w, f).Bind(t.Context(), named(table))
		if err != nil {
			t.Fatal(err)
		}
		var ours []string
		for _, field := range rel.Schema.Fields() {
			ours = append(ours, field.Name)
		}
		theirs := firstKeys(t, filepath.Join(w.dir, "expected", table, file+".jsonl"))
		if len(theirs) < 4 || len(theirs) > len(ours) || !slices.Equal(ours[:len(theirs)], theirs) {
			t.Errorf("%s: columns %v, Spark's %v", f, ours, theirs)
		}
	}
}

// firstKeys returns the keys of a file's first object, in order.
func firstKeys(t *testing.T, path string) []string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := bufio.NewReader(f).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(strings.NewReader(text))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for d.More() {
		k, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k.(string))
		var skip json.RawMessage
		if err := d.Decode(&skip); err != nil {
			t.Fatal(err)
		}
	}
	return keys
}
