package functions

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"
)

// metadataOnly are the functions that read nothing but the metadata.json.
var metadataOnly = map[string]string{
	"snapshots": "iceberg_snapshots", "history": "iceberg_history", "refs": "iceberg_refs",
	"metadata_log_entries": "iceberg_metadata_log_entries",
}

func TestSparkMetadata(t *testing.T) {
	w := openWarehouse(t, "spark")
	c := newChecker(t, w.suite)
	for _, name := range w.names {
		for _, file := range sortedKeys(metadataOnly) {
			want := jsonLines(t, filepath.Join(w.dir, "expected", name, file+".jsonl"))
			c.rows(name, metadataOnly[file], "at head", call(t, w, metadataOnly[file], named(name)), want)
		}
	}
}

func TestPyIcebergMetadata(t *testing.T) {
	w := openWarehouse(t, "pyiceberg")
	c := newChecker(t, w.suite)
	for _, tab := range pyTables(t, w) {
		for _, kind := range sortedKeys(metadataOnly) {
			if want, ok := tab.rows(kind, ""); ok {
				c.rows(tab.name, metadataOnly[kind], "at head", call(t, w, metadataOnly[kind], named(tab.name)), want)
			}
		}
	}
}

func TestSparkManifests(t *testing.T) {
	w := openWarehouse(t, "spark")
	c := newChecker(t, w.suite)
	for _, name := range w.names {
		dir := filepath.Join(w.dir, "expected", name)
		c.rows(name, "iceberg_manifests", "at head", call(t, w, "iceberg_manifests", named(name)), noTextNull(jsonLines(t, filepath.Join(dir, "manifests.jsonl"))))
		c.rows(name, "iceberg_manifests", "of all snapshots", call(t, w, "iceberg_manifests", named(name, "all_snapshots", true)),
			noTextNull(jsonLines(t, filepath.Join(dir, "all_manifests.jsonl"))))
		for id, want := range sparkAt(t, w, name, "manifests") {
			c.rows(name, "iceberg_manifests", fmt.Sprint("at ", id), call(t, w, "iceberg_manifests", named(name, "snapshot_id", id)), noTextNull(want))
		}
	}
}

// noTextNull makes NULL of the text null that Spark prints for a summary
// without bounds: as text it cannot be told from the string 'null'.
func noTextNull(rows []map[string]any) []map[string]any {
	for _, r := range rows {
		for _, s := range r["partition_summaries"].([]any) {
			m := s.(map[string]any)
			if (m["contains_null"] == true || m["contains_nan"] == true) && m["lower_bound"] == "null" && m["upper_bound"] == "null" {
				m["lower_bound"], m["upper_bound"] = nil, nil
			}
		}
	}
	return rows
}

func TestPyIcebergManifests(t *testing.T) {
	w := openWarehouse(t, "pyiceberg")
	c := newChecker(t, w.suite)
	for _, tab := range pyTables(t, w) {
		if want, ok := tab.rows("manifests", ""); ok {
			c.rows(tab.name, "iceberg_manifests", "at head", call(t, w, "iceberg_manifests", named(tab.name)), want)
		}
		if want, ok := tab.rows("all_manifests", ""); ok {
			c.rows(tab.name, "iceberg_manifests", "of all snapshots", call(t, w, "iceberg_manifests", named(tab.name, "all_snapshots", true)), want)
		}
	}
}

func TestSparkFiles(t *testing.T) {
	w := openWarehouse(t, "spark")
	c := newChecker(t, w.suite)
	for _, name := range w.names {
		dir := filepath.Join(w.dir, "expected", name)
		for _, k := range []struct {
			file, function string
			args           []any
		}{
			{"files", "iceberg_files", nil},
			{"data_files", "iceberg_files", []any{"content", "data"}},
			{"delete_files", "iceberg_files", []any{"content", "deletes"}},
			{"entries", "iceberg_entries", nil},
			{"all_entries", "iceberg_entries", []any{"all_snapshots", true}},
		} {
			want := jsonLines(t, filepath.Join(dir, k.file+".jsonl"))
			if want == nil && sparkFailed(t, w, name, k.file) {
				continue
			}
			if want == nil && k.file == "data_files" { // left out where it equals files
				want = jsonLines(t, filepath.Join(dir, "files.jsonl"))
			}
			c.rows(name, k.function, k.file, call(t, w, k.function, named(name, k.args...)), want)
		}
		if sparkFailed(t, w, name, "files (as of snapshots)") {
			continue
		}
		for id, want := range sparkAt(t, w, name, "files") {
			c.rows(name, "iceberg_files", fmt.Sprint("at ", id), call(t, w, "iceberg_files", named(name, "snapshot_id", id)), want)
		}
	}
}

func TestPyIcebergFiles(t *testing.T) {
	w := openWarehouse(t, "pyiceberg")
	c := newChecker(t, w.suite)
	for _, tab := range pyTables(t, w) {
		for _, k := range []struct {
			file, function string
			args           []any
		}{
			{"files", "iceberg_files", nil},
			{"data_files", "iceberg_files", []any{"content", "data"}},
			{"delete_files", "iceberg_files", []any{"content", "deletes"}},
			{"entries", "iceberg_entries", nil},
		} {
			for at, want := range tab.at(k.file) {
				args := named(tab.name, k.args...)
				if at != 0 {
					args.Named["snapshot_id"] = at
				}
				got := call(t, w, k.function, args)
				asPyIceberg(got, want)
				c.rows(tab.name, k.function, fmt.Sprint(k.file, " at ", at), got, want)
			}
		}
	}
}

func TestSparkPartitions(t *testing.T) {
	w := openWarehouse(t, "spark")
	c := newChecker(t, w.suite)
	for _, name := range w.names {
		if sparkFailed(t, w, name, "partitions") {
			continue
		}
		want := jsonLines(t, filepath.Join(w.dir, "expected", name, "partitions.jsonl"))
		c.rows(name, "iceberg_partitions", "at head", call(t, w, "iceberg_partitions", named(name)), want)
		for id, want := range sparkAt(t, w, name, "partitions") {
			c.rows(name, "iceberg_partitions", fmt.Sprint("at ", id), call(t, w, "iceberg_partitions", named(name, "snapshot_id", id)), want)
		}
	}
}

func TestPyIcebergPartitions(t *testing.T) {
	w := openWarehouse(t, "pyiceberg")
	c := newChecker(t, w.suite)
	for _, tab := range pyTables(t, w) {
		for at, want := range tab.at("partitions") {
			args := named(tab.name)
			if at != 0 {
				args.Named["snapshot_id"] = at
			}
			got := call(t, w, "iceberg_partitions", args)
			asPyIceberg(nil, want)
			// PyIceberg shows the fields of the partition's own spec only.
			dropNullFields(got)
			dropNullFields(want)
			c.rows(tab.name, "iceberg_partitions", fmt.Sprint("at ", at), got, want)
		}
	}
}

// TestSparkChanges compares with Iceberg Java's own SnapshotChanges, snapshot
// by snapshot, and over each whole line of ancestors.
func TestSparkChanges(t *testing.T) {
	w := openWarehouse(t, "spark")
	c := newChecker(t, w.suite)
	for _, name := range w.names {
		parents := map[int64]any{}
		for _, r := range jsonLines(t, filepath.Join(w.dir, "expected", name, "snapshots.jsonl")) {
			id, _ := r["snapshot_id"].(json.Number).Int64()
			parents[id] = nil
			if r["parent_id"] != nil {
				parents[id], _ = r["parent_id"].(json.Number).Int64()
			}
		}
		at := sparkAt(t, w, name, "changes")
		for _, rows := range at {
			for _, r := range rows { // not among our columns, and given for delete files only
				for _, key := range []string{"file_sequence_number", "equality_ids", "content_size_in_bytes", "referenced_data_file"} {
					delete(r, key)
				}
				if _, given := r["content_offset"]; !given {
					r["content_offset"] = nil
				}
			}
		}
		for id, want := range at {
			args := named(name)
			args.Positional = append(args.Positional, parents[id], id)
			c.rows(name, "iceberg_changes", fmt.Sprint("of ", id), asJava(call(t, w, "iceberg_changes", args)), want)

			var all []map[string]any
			line := id
			for {
				all = append(all, at[line]...)
				next, ok := parents[line].(int64)
				if _, retained := at[next]; !ok || !retained {
					break
				}
				line = next
			}
			args.Positional = []any{name, nil, id}
			c.rows(name, "iceberg_changes", fmt.Sprint("up to ", id), asJava(call(t, w, "iceberg_changes", args)), all)
		}
	}
}

// asJava names our changes as at.jsonl does.
func asJava(rows []map[string]any) []map[string]any {
	for _, r := range rows {
		kind := "DataFiles"
		if r["content"] != "DATA" {
			kind = "DeleteFiles"
		}
		r["change"] = strings.ToLower(r["change"].(string)) + kind
		r["sequence_number"] = r["data_sequence_number"]
	}
	return rows
}

func dropNullFields(rows []map[string]any) {
	for _, r := range rows {
		if p, ok := r["partition"].(map[string]any); ok {
			maps.DeleteFunc(p, func(_ string, v any) bool { return v == nil })
		}
	}
}

// asPyIceberg takes away what PyIceberg never shows: metrics of nested columns
// (it shows the column around them instead, all NULL), and the partition of a
// table without partition fields, which it shows as {} and we leave out.
func asPyIceberg(got, want []map[string]any) {
	for _, row := range want {
		for _, in := range []any{row, row["data_file"]} {
			if m, ok := in.(map[string]any); ok {
				if p, ok := m["partition"].(map[string]any); ok && len(p) == 0 {
					delete(m, "partition")
				}
			}
		}
	}
	if len(want) == 0 {
		return
	}
	metrics, _ := want[0]["readable_metrics"].(map[string]any)
	shown := maps.Clone(metrics)
	for i, row := range got {
		ours := row["readable_metrics"].(map[string]any)
		for name := range ours {
			if _, ok := shown[name]; !ok {
				delete(ours, name)
			}
		}
		if i > 0 {
			continue
		}
		for _, row := range want {
			theirs := row["readable_metrics"].(map[string]any)
			for name := range shown {
				if _, ok := ours[name]; !ok && allNull(theirs[name]) {
					delete(theirs, name)
				}
			}
		}
	}
}

func allNull(v any) bool {
	m, ok := v.(map[string]any)
	for _, x := range m {
		ok = ok && x == nil
	}
	return ok
}

// at returns the rows of a kind by snapshot; 0 is the current one.
func (p pyTable) at(kind string) map[int64][]map[string]any {
	out := map[int64][]map[string]any{}
	for k, rows := range p.kinds {
		name, id, _ := strings.Cut(k, " ")
		if name != kind {
			continue
		}
		n := int64(0)
		if id != "" {
			fmt.Sscan(id, &n)
		}
		out[n] = rows
	}
	return out
}

// sparkFailed reports whether Spark itself could not answer a query.
func sparkFailed(t *testing.T, w *warehouse, table, kind string) bool {
	t.Helper()
	for _, l := range jsonLines(t, filepath.Join(w.dir, "expected", "_errors.jsonl")) {
		if l["table"] == table && l["metadata_table"] == kind {
			return true
		}
	}
	return false
}

// sparkAt returns the rows of at.jsonl by snapshot: every retained snapshot of
// the table has an entry, without rows where there are none.
func sparkAt(t *testing.T, w *warehouse, table, kind string) map[int64][]map[string]any {
	t.Helper()
	out := map[int64][]map[string]any{}
	for _, r := range jsonLines(t, filepath.Join(w.dir, "expected", table, "snapshots.jsonl")) {
		id, err := r["snapshot_id"].(json.Number).Int64()
		if err != nil {
			t.Fatal(err)
		}
		out[id] = nil
	}
	for _, l := range jsonLines(t, filepath.Join(w.dir, "expected", table, "at.jsonl")) {
		if l["table"] != kind {
			continue
		}
		for _, at := range l["at"].([]any) {
			id, err := at.(json.Number).Int64()
			if err != nil {
				t.Fatal(err)
			}
			out[id] = append(out[id], maps.Clone(l["row"].(map[string]any)))
		}
	}
	return out
}

// pyTable is one table of the PyIceberg suite with its expected rows.
type pyTable struct {
	name  string
	kinds map[string][]map[string]any // "kind snapshot" -> rows; present and empty where PyIceberg said none
}

func (p pyTable) rows(kind, snapshot string) ([]map[string]any, bool) {
	r, ok := p.kinds[kind+" "+snapshot]
	return r, ok
}

func pyTables(t *testing.T, w *warehouse) []pyTable {
	t.Helper()
	var out []pyTable
	for _, tab := range jsonList(t, filepath.Join(w.dir, "expected", "tables.json")) {
		key := tab["key"].(string)
		p := pyTable{name: fmt.Sprint(tab["ns"]) + "." + quoteLevel(fmt.Sprint(tab["name"])), kinds: map[string][]map[string]any{}}
		if _, ok := w.locations[p.name]; !ok {
			t.Errorf("table %s of tables.json is not in catalog.db", p.name)
			continue
		}
		for _, l := range jsonLines(t, filepath.Join(w.dir, "expected", key, "inspect.jsonl")) {
			id := ""
			if l["snapshot_id"] != nil {
				id = fmt.Sprint(l["snapshot_id"])
			}
			k := fmt.Sprint(l["t"]) + " " + id
			switch {
			case l["row"] != nil:
				p.kinds[k] = append(p.kinds[k], l["row"].(map[string]any))
			case l["empty"] == true:
				p.kinds[k] = nil
			}
		}
		out = append(out, p)
	}
	return out
}
