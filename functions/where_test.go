package functions

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"psyberg/functions/meta"
)

// TestWherePrunes counts what is read: manifests by their partition summaries,
// and which files are left. The counts are those of the summaries and bounds
// that the engines show for these tables (manifests, files of expected/).
func TestWherePrunes(t *testing.T) {
	for _, tc := range []struct {
		suite, table, where string
		manifests, files    int
	}{
		{"spark", "life.signup_fact", ``, 12, 12},
		{"spark", "life.signup_fact", `landing_date = '2023-09-13'`, 4, 4},
		{"spark", "life.signup_fact", `landing_date = '2023-09-14' AND hour BETWEEN 3 AND 5`, 3, 3},
		{"spark", "life.signup_fact", `hour < 2 OR batch_id LIKE 'b20230913%'`, 6, 6},
		{"spark", "life.signup_fact", `NOT (landing_date >= '2023-09-14')`, 4, 4},
		{"spark", "life.signup_fact", `landing_date IS NULL`, 0, 0},
		{"spark", "life.signup_fact", `"HOUR" IN (6, 7, NULL)`, 2, 2},
		{"spark", "life.signup_fact", `customer_id IS NULL`, 12, 0}, // no partition field: the files' null counts
		// Bounds are of files: all manifests are read, files are left out.
		{"spark", "life.signup_fact", `event_ts < '1990-01-01'`, 12, 0},
		// One spec each for year, month, day and hour of ts: pruned each in its own way.
		{"spark", "conf.part_time", ``, 5, 11},
		{"spark", "conf.part_time", `ts IS NULL`, 1, 1},
		{"spark", "conf.part_time", `ts > '2023-09-15'`, 2, 0}, // by month and by year it could be
		{"spark", "conf.part_time", `ts < '1960-01-01'`, 0, 0}, // the manifest of nothing but NULL neither
		// Specs 0 to 7; what has no field of ts must be read.
		{"spark", "conf.part_evolve", `ts_renamed >= '2030-01-01'`, 1, 0},
		{"spark", "conf.part_strings", `s = ''`, 1, 0}, // that file was deleted, the summary covers it still
		{"spark", "conf.part_strings", `s = 'ä.é'`, 2, 1},
		// A delete manifest whose partitions can match stays, and so does a
		// delete file, whatever its own bounds are.
		{"spark", "conf.ops_mor_v2", `cat = 'zzz'`, 0, 0},
		{"spark", "conf.ops_eqdel", `cat = 'a'`, 4, 7},
		{"pyiceberg", "conf.many_manifests", ``, 60, 11945},
		{"pyiceberg", "conf.many_manifests", `d = '2023-09-28'`, 2, 404},
		{"pyiceberg", "conf.many_manifests", `d < '2023-01-01'`, 0, 0},
	} {
		t.Run(tc.table+" "+tc.where, func(t *testing.T) {
			w := openWarehouse(t, tc.suite)
			args := named(tc.table)
			if tc.where != "" {
				args.Named["where"] = tc.where
			}
			for _, f := range []string{"iceberg_files", "iceberg_partitions"} {
				files := 0
				read := w.manifestsRead(func() {
					for _, r := range call(t, w, f, args) {
						if f == "iceberg_files" {
							files++
							continue
						}
						for _, count := range []string{"file_count", "position_delete_file_count", "equality_delete_file_count"} {
							n, _ := r[count].(json.Number).Int64()
							files += int(n)
						}
					}
				})
				if read != tc.manifests || files != tc.files {
					t.Errorf("%s: %d manifests read, %d files; want %d, %d", f, read, files, tc.manifests, tc.files)
				}
			}
		})
	}
}

// TestWhereKeeps takes rows as Spark read them and asks for their values: the
// file that a row is in must be among those kept, at every snapshot.
func TestWhereKeeps(t *testing.T) {
	w := openWarehouse(t, "spark")
	asked, kept, all := 0, 0, 0
	for _, name := range w.names {
		files := sparkAt(t, w, name, "files")
		for id, rows := range sparkAt(t, w, name, "rows") {
			table, err := w.Load(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			p, err := pinLoaded(table, named(name, "snapshot_id", id))
			if err != nil {
				t.Fatal(err)
			}
			for i, row := range sample(rows) {
				for j, f := range p.Schema.Fields {
					cond, ok := conditionFor(f, row[f.Name], i+j)
					if !ok {
						continue
					}
					got, err := tryCall(find(t, w, "iceberg_files"), named(name, "snapshot_id", id, "where", cond, "content", "data"), "file_path")
					if err != nil {
						t.Fatalf("%s at %d where %s: %v", name, id, cond, err)
					}
					if !slices.ContainsFunc(got, func(r map[string]any) bool { return r["file_path"] == row["_file"] }) {
						t.Errorf("%s at %d where %s: %v is not among %d files, but has that row", name, id, cond, row["_file"], len(got))
					}
					asked, kept, all = asked+1, kept+len(got), all+len(files[id])
				}
			}
		}
	}
	t.Logf("%d conditions, %d files kept of %d", asked, kept, all)
	if asked < 1000 || kept*2 > all {
		t.Errorf("%d conditions kept %d files of %d: they prune too little to prove anything", asked, kept, all)
	}
}

// TestWhereKeepsPyIceberg: likewise for rows as PyIceberg read them, which do
// not say what file they are in: some file must be kept.
func TestWhereKeepsPyIceberg(t *testing.T) {
	w := openWarehouse(t, "pyiceberg")
	asked, kept, all := 0, 0, 0
	for _, tab := range pyTables(t, w) {
		table, err := w.Load(t.Context(), tab.name)
		if err != nil {
			t.Fatal(err)
		}
		for id, rows := range tab.at("rows") {
			args := []any{"content", "data"}
			if id != 0 {
				args = append(args, "snapshot_id", id)
			}
			p, err := pinLoaded(table, named(tab.name, args...))
			if err != nil {
				t.Fatal(err)
			}
			files := len(call(t, w, "iceberg_files", named(tab.name, args...)))
			for i, row := range rows[:min(3, len(rows))] {
				for j, f := range p.Schema.Fields {
					cond, ok := conditionFor(f, row[f.Name], i+j)
					if !ok {
						continue
					}
					got, err := tryCall(find(t, w, "iceberg_files"), named(tab.name, append(args, "where", cond)...), "file_path")
					if err != nil || len(got) == 0 {
						t.Errorf("%s at %d where %s: %d files, %v; a row has it", tab.name, id, cond, len(got), err)
					}
					asked, kept, all = asked+1, kept+len(got), all+files
				}
			}
		}
	}
	t.Logf("%d conditions, %d files kept of %d", asked, kept, all)
	if asked < 1000 || kept*10 > all*7 {
		t.Errorf("%d conditions kept %d files of %d: they prune too little to prove anything", asked, kept, all)
	}
}

// sample takes the first row of each of a few files.
func sample(rows []map[string]any) []map[string]any {
	var out []map[string]any
	seen := map[any]bool{}
	for _, r := range rows {
		if !seen[r["_file"]] && len(out) < 3 {
			seen[r["_file"]] = true
			out = append(out, r)
		}
	}
	return out
}

// conditionFor returns a condition that is true of a value, one of several.
func conditionFor(f *meta.Field, v any, which int) (string, bool) {
	name := `"` + strings.ReplaceAll(f.Name, `"`, `""`) + `"`
	if v == nil {
		return name + " IS NULL", f.Type.Primitive() && f.Type.Kind != meta.KindUnknown
	}
	var text string
	switch f.Type.Kind {
	case meta.KindBinary, meta.KindFixed:
		text = "X'" + fmt.Sprint(v) + "'"
	case meta.KindInt, meta.KindLong, meta.KindDecimal:
		text = fmt.Sprint(v)
	case meta.KindBoolean:
		return fmt.Sprintf("%s = %v", name, v), true
	case meta.KindString, meta.KindDate, meta.KindTime, meta.KindTimestamp, meta.KindTimestampTZ, meta.KindUUID, meta.KindFloat, meta.KindDouble:
		text = "'" + strings.ReplaceAll(fmt.Sprint(v), "'", "''") + "'"
	default:
		return "", false
	}
	return fmt.Sprintf([]string{"%s = %s", "%s <= %s", "NOT %s > %s", "%s IN (%s, NULL)"}[which%4], name, text), true
}

// TestWhereChanges: the manifests of a change set are left out likewise.
func TestWhereChanges(t *testing.T) {
	w := openWarehouse(t, "spark")
	for _, tc := range []struct {
		where           string
		manifests, rows int
	}{{"hour >= 0", 12, 12}, {"hour = 5", 1, 1}, {"landing_date > '2024-01-01'", 0, 0}} {
		args := named("life.signup_fact", "where", tc.where)
		args.Positional = append(args.Positional, nil, nil)
		var rows []map[string]any
		read := w.manifestsRead(func() { rows = call(t, w, "iceberg_changes", args) })
		if read != tc.manifests || len(rows) != tc.rows {
			t.Errorf("%s: %d manifests, %d rows; want %d, %d", tc.where, read, len(rows), tc.manifests, tc.rows)
		}
	}
}

// TestWhereNames: a condition names columns as the pinned snapshot does, and
// what only the table's schema of today has is found too.
func TestWhereNames(t *testing.T) {
	w := openWarehouse(t, "spark")
	table, err := w.Load(t.Context(), "conf.part_evolve")
	if err != nil {
		t.Fatal(err)
	}
	first := int64(table.Meta.Snapshots[0].ID)
	for _, tc := range []struct {
		args  []any
		error string
	}{
		{[]any{"where", "ts_renamed IS NOT NULL"}, ""},
		{[]any{"where", "ts IS NOT NULL"}, `no column "ts"; there is "id", "cat", "val", "amt", "ts_renamed", "day"`},
		{[]any{"snapshot_id", first, "where", "ts IS NOT NULL"}, ""},
		{[]any{"snapshot_id", first, "where", "ts_renamed IS NOT NULL"}, ""},
		{[]any{"snapshot_id", first, "bounds", []any{"ts"}}, ""},
		{[]any{"snapshot_id", first, "bounds", []any{"ts_renamed"}}, ""},
		{[]any{"bounds", []any{"ts"}}, `no such column; there is "id", "cat", "val", "amt", "ts_renamed", "day"`},
		{[]any{"where", "abs(id) = 1"}, `read argument where of table "conf.part_evolve": parse condition at byte 1: the function abs is not supported`},
		{[]any{"where", ""}, "it is empty"},
	} {
		for _, f := range []string{"iceberg_files", "iceberg_entries", "iceberg_partitions"} {
			_, err := tryCall(find(t, w, f), named("conf.part_evolve", tc.args...))
			if (err == nil) != (tc.error == "") || err != nil && !strings.Contains(err.Error(), tc.error) {
				t.Errorf("%s %v: error %v; want %q", f, tc.args, err, tc.error)
			}
		}
	}
}
