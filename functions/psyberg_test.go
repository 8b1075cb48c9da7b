package functions

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"psyberg/functions/discover"
	"psyberg/functions/surface"
)

// psyberg finds a function that discovers.
func psybergFunction(t testing.TB, d discover.Deps, name string) *surface.Function {
	t.Helper()
	for _, f := range Psyberg(d) {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no function %s", name)
	return nil
}

// psybergColumns are the columns of functions.md, to the letter: other
// programs are written against them.
var psybergColumns = map[string]string{
	"psyberg_window": `source_table VARCHAR, source_ref VARCHAR, verdict VARCHAR, hwm_snapshot_id BIGINT,
		end_snapshot_id BIGINT, snapshot_id BIGINT, parent_id BIGINT, sequence_number BIGINT, committed_at TIMESTAMPTZ, operation VARCHAR,
		class VARCHAR, counted BOOLEAN, reason VARCHAR, added_files BIGINT, removed_files BIGINT, added_records BIGINT,
		wap_id VARCHAR, summary MAP(VARCHAR, VARCHAR)`,
	"psyberg_new_partitions": `source_table VARCHAR, source_ref VARCHAR, spec_id INTEGER, uri JSON, partition_path VARCHAR, added_files BIGINT,
		added_records BIGINT, added_bytes BIGINT, removed_files BIGINT, removed_records BIGINT, preexisting_files BIGINT,
		event_ts_column VARCHAR, min_event_ts TIMESTAMPTZ, max_event_ts TIMESTAMPTZ, files_without_bounds BIGINT,
		is_late BOOLEAN, first_committed_at TIMESTAMPTZ, last_committed_at TIMESTAMPTZ, snapshot_ids BIGINT[],
		discovered_by VARCHAR, recovered BOOLEAN`,
	"psyberg_stateful_range": `source_table VARCHAR, source_ref VARCHAR, verdict VARCHAR, event_ts_column VARCHAR, time_basis VARCHAR,
		min_event_ts TIMESTAMPTZ, max_event_ts TIMESTAMPTZ, min_landing_ts TIMESTAMPTZ, max_landing_ts TIMESTAMPTZ, vtts TIMESTAMPTZ, vtts_source VARCHAR,
		changed_partitions BIGINT, changed_files BIGINT, changed_records BIGINT, files_without_bounds BIGINT, valid_to TIMESTAMPTZ,
		hwm_snapshot_id BIGINT, end_snapshot_id BIGINT, discovered_by VARCHAR, from_date DATE, from_hour INTEGER, to_date DATE,
		to_hour INTEGER, hours INTEGER, clipped_hours INTEGER, status VARCHAR, next_valid_to TIMESTAMPTZ`,
	"psyberg_iterations": `iteration INTEGER, date DATE, hour INTEGER, from_ts TIMESTAMPTZ, to_ts TIMESTAMPTZ, changed_sources VARCHAR[], is_late BOOLEAN`,
	"psyberg_files": `source_table VARCHAR, source_ref VARCHAR, change VARCHAR, content VARCHAR, file_path VARCHAR, file_format VARCHAR, spec_id INTEGER,
		partition_path VARCHAR, record_count BIGINT, file_size_in_bytes BIGINT, data_sequence_number BIGINT,
		snapshot_id BIGINT, min_event_ts TIMESTAMPTZ, max_event_ts TIMESTAMPTZ`,
}

// duckType names a column's type as DuckDB does.
func duckType(f arrow.Field) string {
	if hint, ok := f.Metadata.GetValue("duckdb"); ok {
		return hint
	}
	switch t := f.Type.(type) {
	case *arrow.ListType:
		return duckType(t.ElemField()) + "[]"
	case *arrow.MapType:
		return "MAP(" + duckType(t.KeyField()) + ", " + duckType(t.ItemField()) + ")"
	}
	return map[arrow.Type]string{arrow.STRING: "VARCHAR", arrow.INT64: "BIGINT", arrow.INT32: "INTEGER", arrow.BOOL: "BOOLEAN",
		arrow.TIMESTAMP: "TIMESTAMPTZ", arrow.DATE32: "DATE"}[f.Type.ID()]
}

// Every function has the columns of the contract, and its documentation says
// each of them with its type.
func TestPsybergColumns(t *testing.T) {
	w := openWarehouse(t, "pyiceberg")
	for name, want := range psybergColumns {
		f := psybergFunction(t, discover.Deps{Tables: w}, name)
		rel, err := f.Bind(t.Context(), named("life.plan_fact"))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range rel.Schema.Fields() {
			got = append(got, c.Name+" "+duckType(c))
			if !regexp.MustCompile(`(?m)^  `+c.Name+` +`+regexp.QuoteMeta(duckType(c))+`\b`).MatchString(f.Doc) && !strings.HasSuffix(duckType(c), "]") && !strings.HasPrefix(duckType(c), "MAP") {
				t.Errorf("%s: the documentation does not say column %s %s", name, c.Name, duckType(c))
			}
			if !c.Nullable {
				t.Errorf("%s: column %s is not nullable", name, c.Name)
			}
		}
		if text := strings.Join(strings.Fields(want), " "); strings.Join(got, ", ") != text {
			t.Errorf("%s: columns\n%s\nwant\n%s", name, strings.Join(got, ", "), text)
		}
		for _, arg := range []string{"process_name", "hwm_table", "start", "from_snapshot_id", "to_snapshot_id", "on_gap", "on_rollback", "on_overwrite",
			"on_missing_bounds", "session_id", "session_table", "vtts", "catchup_threshold", "on_threshold", "load_type", "max_hours", "with_preexisting"} {
			if !slices.ContainsFunc(f.Named, func(a surface.Arg) bool { return a.Name == arg && a.Doc != "" }) {
				t.Errorf("%s: no argument %s", name, arg)
			}
		}
	}
}

// pick prints some columns of rows, NULL as -.
func pick(rows []map[string]any, columns ...string) string {
	var out []string
	for _, r := range rows {
		var fields []string
		for _, c := range columns {
			v, ok := r[c]
			if !ok {
				v = "no column " + c
			}
			if v == nil {
				v = "-"
			}
			fields = append(fields, fmt.Sprint(v))
		}
		out = append(out, strings.Join(fields, " "))
	}
	return strings.Join(out, "\n")
}

// What the five functions say of Spark's life tables, checked by hand against
// their metadata and README.
func TestPsybergRowsOfSparksLife(t *testing.T) {
	w := openWarehouse(t, "spark")
	d := discover.Deps{Tables: w}
	for _, tc := range []struct {
		name, function string
		args           surface.Args
		columns        string
		want           string
	}{
		// Batches 5, 6 and 7 came late, batch 4 was delivered again, one partition deleted.
		{"window", "psyberg_window", named("life.cancel_fact", "from_snapshot_id", int64(4882771993698308555)),
			"source_table verdict sequence_number operation class counted added_files removed_files added_records wap_id", `
life.cancel_fact OK 11 overwrite OVERWRITE true 1 0 3 -
life.cancel_fact OK 12 overwrite OVERWRITE true 1 0 3 -
life.cancel_fact OK 13 overwrite OVERWRITE true 1 1 1 -
life.cancel_fact OK 14 delete DELETE true 0 1 0 -`},
		{"window, an empty batch", "psyberg_window", named("life.plan_fact", "from_snapshot_id", int64(2379730990530205015), "to_snapshot_id", int64(6826160217121918846)),
			"sequence_number class counted added_files", "\n4 EMPTY false 0\n5 APPEND true 1"},
		{"window, nothing new", "psyberg_window", named("life.plan_fact", "start", "latest"),
			"verdict hwm_snapshot_id end_snapshot_id snapshot_id reason summary", "\nFIRST_RUN - 5467455537065450215 - no watermark, start 'latest': the head becomes the watermark -"},
		{"window, wap", "psyberg_window", named("conf.wap_publish", "on_overwrite", "skip"), "class counted wap_id", `
APPEND true -
APPEND true w-ff
APPEND true -
PUBLISHED true w-replay
APPEND true -`},
		// The batch that landed at hour 6 carries events from 02:09 on, by Spark's rows of it.
		{"new partitions", "psyberg_new_partitions", named("life.signup_fact|event_ts", "from_snapshot_id", int64(4979424096420787694)),
			"spec_id uri partition_path added_files added_records removed_files preexisting_files event_ts_column min_event_ts is_late snapshot_ids discovered_by recovered", `
0 {"landing_date":"2023-09-14","hour":6,"batch_id":"b2023091406"} landing_date=2023-09-14/hour=6/batch_id=b2023091406 1 6 0 - event_ts 2023-09-14T02:09:00.000000Z - [8697822115096689318] MANIFESTS false
0 {"landing_date":"2023-09-14","hour":7,"batch_id":"b2023091407"} landing_date=2023-09-14/hour=7/batch_id=b2023091407 1 3 0 - event_ts 2023-09-14T07:06:12.000000Z - [3845064548839904221] MANIFESTS false`},
		{"new partitions by summary", "psyberg_new_partitions", named("life.raw_signups", "from_snapshot_id", int64(957299497385008089)),
			"uri added_records added_bytes min_event_ts files_without_bounds discovered_by", `
{"landing_ts_hour":"2023-09-14-03"} 3 1376 - 0 SUMMARY
{"landing_ts_hour":"2023-09-14-04"} 3 1375 - 0 SUMMARY`},
		{"range", "psyberg_stateful_range", named("life.signup_fact|event_ts,life.raw_signups", "vtts", `{"life.signup_fact": "2023-09-14T08:00Z"}`),
			"source_table verdict event_ts_column time_basis vtts vtts_source valid_to discovered_by from_date from_hour to_date to_hour hours clipped_hours status next_valid_to", `
life.signup_fact FIRST_RUN event_ts column 2023-09-14T08:00:00.000000Z argument vtts - LIVE 2023-09-13 20 2023-09-14 3 8 0 READY 2023-09-14T04:00:00.000000Z
life.raw_signups FIRST_RUN - partition 2023-09-14T04:00:00.000000Z greatest event time seen - LIVE 2023-09-13 20 2023-09-14 3 8 0 READY 2023-09-14T04:00:00.000000Z`},
		// Hour 7, the greatest seen, is not known to be complete.
		{"iterations", "psyberg_iterations", named("life.signup_fact|event_ts", "from_snapshot_id", int64(4979424096420787694), "load_type", "changed"),
			"iteration date hour from_ts to_ts changed_sources is_late", `
1 2023-09-14 2 2023-09-14T02:00:00.000000Z 2023-09-14T03:00:00.000000Z [life.signup_fact] false
2 2023-09-14 3 2023-09-14T03:00:00.000000Z 2023-09-14T04:00:00.000000Z [life.signup_fact] false
3 2023-09-14 4 2023-09-14T04:00:00.000000Z 2023-09-14T05:00:00.000000Z [life.signup_fact] false
4 2023-09-14 5 2023-09-14T05:00:00.000000Z 2023-09-14T06:00:00.000000Z [life.signup_fact] false
5 2023-09-14 6 2023-09-14T06:00:00.000000Z 2023-09-14T07:00:00.000000Z [life.signup_fact] false`},
		{"files", "psyberg_files", named("life.cancel_fact|event_ts", "from_snapshot_id", int64(8298322185084134660)),
			"change content file_format partition_path record_count file_size_in_bytes data_sequence_number snapshot_id", `
REMOVED DATA PARQUET landing_date=2023-09-13/hour=21/batch_id=b2023091321 1 1748 2 4572740534164946592
REMOVED DATA PARQUET landing_date=2023-09-14/hour=4/batch_id=b2023091404 1 1748 9 3712321094453401965
ADDED DATA PARQUET landing_date=2023-09-14/hour=4/batch_id=b2023091404 1 1796 13 3712321094453401965`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rows, err := tryCall(psybergFunction(t, d, tc.function), tc.args)
			if err != nil {
				t.Fatal(err)
			}
			if got := "\n" + pick(rows, strings.Fields(tc.columns)...); got != tc.want {
				t.Errorf("got%s\nwant%s", got, tc.want)
			}
			none, err := tryCall(psybergFunction(t, d, tc.function), tc.args, "no such column")
			if err != nil || len(none) != len(rows) {
				t.Errorf("without columns: %d rows, %v", len(none), err)
			}
		})
	}
}

// psyberg_files of a window of one snapshot has the files that Iceberg Java
// says this snapshot added and removed; of a REPLACE, none.
func TestPsybergFilesAsJava(t *testing.T) {
	w := openWarehouse(t, "spark")
	f := psybergFunction(t, discover.Deps{Tables: w}, "psyberg_files")
	compared := 0
	for _, name := range w.names {
		table, err := w.Load(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		at := sparkAt(t, w, name, "changes")
		for _, s := range table.Meta.Snapshots {
			if !s.HasParent {
				continue
			}
			var want []string
			for _, r := range at[int64(s.ID)] {
				if s.Operation == "replace" {
					continue
				}
				kind, _, _ := strings.Cut(fmt.Sprint(r["change"]), "D") // addedDataFiles
				want = append(want, fmt.Sprint(strings.ToUpper(kind), " ", r["file_path"], " ", r["record_count"], " ", r["partition_path"]))
			}
			rows, err := tryCall(f, named(name, "from_snapshot_id", int64(s.Parent), "to_snapshot_id", int64(s.ID)))
			if err != nil {
				t.Errorf("%s (%d, %d]: %v", name, s.Parent, s.ID, err)
				continue
			}
			var got []string
			for _, r := range rows {
				got = append(got, fmt.Sprint(r["change"], " ", r["file_path"], " ", r["record_count"], " ", r["partition_path"]))
			}
			slices.Sort(want)
			slices.Sort(got)
			compared += len(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s (%d, %d] %s:\n%s\nJava says\n%s", name, s.Parent, s.ID, s.Operation, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	}
	if t.Logf("%d files compared", compared); compared < 300 {
		t.Errorf("only %d files compared", compared)
	}
}
