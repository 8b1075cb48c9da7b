package rows_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"psyberg/engine"
	"psyberg/internal/testtables"
)

// TestPushdown: the Parquet reader is asked for the one column shown, and does
// the filtering, also below anti joins with deletes and in a filter of where.
func TestPushdown(t *testing.T) {
	s := startOn(t, "spark")
	for _, c := range []struct{ call, where string }{
		{"iceberg_rows('conf.v2_basic')", "WHERE id = 3"},
		{"iceberg_rows('conf.v2_basic', where := 'id = 3')", ""},
		{"iceberg_rows('conf.ops_mor_unpart')", "WHERE id = 3"},
		{"iceberg_rows('conf.ops_mor_v3')", "WHERE id = 3"},
		{"iceberg_rows('conf.upgrade_v1_v2_v3', where := 'id = 3')", ""},
	} {
		plan := mustAsk(t, s, "EXPLAIN SELECT cat FROM %s %s", c.call, c.where)
		scans := strings.Count(plan, "Projections: cat")
		if scans == 0 || strings.Count(plan, "Filters: id=3") != scans {
			t.Errorf("%s %s reads more:\n%s", c.call, c.where, plan)
		}
	}
}

// TestWhere: where := shows the rows that WHERE shows, and the files that it
// leaves out are in no plan.
func TestWhere(t *testing.T) {
	s := startOn(t, "spark")
	for _, c := range []struct {
		table, where string
		fewer        bool
	}{
		{"life.cancel_fact", "hour = 3", true},
		{"life.cancel_fact", "hour between 5 and 7 or batch_id is null", true},
		{"life.cancel_fact", "event_ts >= TIMESTAMPTZ '2023-09-14 05:00:00+00'", true},
		{"conf.v2_basic", "id > 100000", true},
		{"conf.v2_basic", "id is not null", false},
		{"conf.ops_mor_v3", "cat = 'a'", true},
		{"conf.part_transforms", "q_i < 0 or q_s is null and q_d4 < date '1970-01-01'", true},
		{"conf.schema_evolve", "i > 0 or added is null", false},
	} {
		t.Run(c.table+" "+c.where, func(t *testing.T) {
			call := fmt.Sprintf("iceberg_rows('%s', where := '%s')", c.table, strings.ReplaceAll(c.where, "'", "''"))
			filtered := fmt.Sprintf("(FROM iceberg_rows('%s') WHERE %s)", c.table, c.where)
			sameRows(t, s, "(FROM "+call+")", filtered)
			all, some := planFiles(t, s, c.table, ""), planFiles(t, s, c.table, c.where)
			if c.fewer && some >= all {
				t.Errorf("%d of %d files are read", some, all)
			}
		})
	}
}

func sameRows(t *testing.T, s *engine.Session, a, b string) {
	t.Helper()
	if got := mustAsk(t, s, "SELECT (SELECT count(*) FROM (FROM %s EXCEPT ALL FROM %s)), (SELECT count(*) FROM (FROM %s EXCEPT ALL FROM %s))", a, b, b, a); got != "0|0" {
		t.Errorf("%s and %s: %s rows differ", a, b, got)
	}
}

// planFiles counts the data files that a call's SQL names.
func planFiles(t *testing.T, s *engine.Session, table, where string) int {
	t.Helper()
	condition := "NULL"
	if where != "" {
		condition = "'" + strings.ReplaceAll(where, "'", "''") + "'"
	}
	return strings.Count(mustAsk(t, s, "SELECT psyql_iceberg_rows_sql('%s', %s, NULL, NULL, NULL, NULL, NULL, NULL, NULL)", table, condition), ".parquet")
}

// history is what Spark read of a table: by snapshot and file, the ids of rows.
func history(t *testing.T, table string) map[int64]map[string][]int64 {
	t.Helper()
	f, err := os.Open(filepath.Join(testtables.Unpack(t, "spark"), "expected", table, "at.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := map[int64]map[string][]int64{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var l struct {
			At    []int64
			Table string
			Row   struct {
				ID   int64
				File string `json:"_file"`
			}
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil || l.Table != "rows" {
			continue
		}
		for _, at := range l.At {
			if out[at] == nil {
				out[at] = map[string][]int64{}
			}
			out[at][l.Row.File] = append(out[at][l.Row.File], l.Row.ID)
		}
	}
	return out
}

// TestFilesOfThePast: a file that is no longer live is read with the deletes of
// the last snapshot in which it was.
func TestFilesOfThePast(t *testing.T) {
	s := startOn(t, "spark")
	for _, table := range []string{"conf.ops_cow", "conf.ops_rewrite", "conf.ops_mor_v3", "conf.v3_lineage", "conf.v1_basic"} {
		t.Run(table, func(t *testing.T) {
			past := history(t, table)
			read := 0
			// Newest first: the first place where a file is seen is its last.
			last := map[string][]int64{}
			for _, line := range strings.Split(mustAsk(t, s, `SELECT snapshot_id FROM iceberg_snapshots('%s') WHERE is_ancestor_of_head
				ORDER BY sequence_number DESC, committed_at DESC`, table), "\n") {
				var id int64
				if _, err := fmt.Sscan(line, &id); err != nil {
					t.Fatal(err)
				}
				live := mustAsk(t, s, "SELECT file_path FROM iceberg_files('%s', snapshot_id := %d, content := 'data')", table, id)
				for _, file := range strings.Fields(live) {
					if _, seen := last[file]; !seen {
						last[file] = past[id][file]
					}
				}
			}
			for file, want := range last {
				got := mustAsk(t, s, "SELECT coalesce(list(id ORDER BY id)::VARCHAR, '[]') FROM iceberg_rows('%s', files := ['%s'])", table, file)
				slices.Sort(want)
				if wanted := strings.ReplaceAll(fmt.Sprint(want), " ", ", "); got != wanted {
					t.Errorf("%s: ids %s, want %s", file, got, wanted)
				}
				read++
			}
			if read < 4 {
				t.Errorf("only %d files read", read)
			}
		})
	}
}

// TestBetween: from and to show the rows that appends added, once, whatever
// compactions did to their files since.
func TestBetween(t *testing.T) {
	s := startOn(t, "spark")
	for _, table := range []string{"life.plan_fact", "life.signup_fact", "conf.many_manifests"} {
		ids := strings.Fields(mustAsk(t, s, `SELECT snapshot_id FROM iceberg_snapshots('%s') WHERE is_ancestor_of_head
			ORDER BY sequence_number`, table))
		for _, pair := range [][2]int{{0, 1}, {1, 3}, {2, len(ids) - 1}, {3, 3}} {
			from, to := ids[pair[0]], ids[pair[1]]
			sameRows(t, s, fmt.Sprintf("iceberg_rows('%s', from_snapshot_id := %s, to_snapshot_id := %s)", table, from, to),
				fmt.Sprintf("(FROM iceberg_rows('%s', snapshot_id := %s) EXCEPT ALL FROM iceberg_rows('%s', snapshot_id := %s))", table, to, table, from))
		}
		sameRows(t, s, fmt.Sprintf("iceberg_rows('%s', to_snapshot_id := %s)", table, ids[2]),
			fmt.Sprintf("iceberg_rows('%s', snapshot_id := %s)", table, ids[2]))
	}
	// ops_rewrite: the head's files are a compaction's. From the first snapshot
	// on, the appended files are read, which are gone.
	ids := strings.Fields(mustAsk(t, s, `SELECT snapshot_id FROM iceberg_snapshots('conf.ops_rewrite') WHERE is_ancestor_of_head ORDER BY sequence_number`))
	appended := mustAsk(t, s, `SELECT coalesce(sum(record_count), 0) FROM iceberg_changes('conf.ops_rewrite', %s, NULL)
		WHERE class <> 'REPLACE' AND change = 'ADDED' AND content = 'DATA'`, ids[0])
	got := mustAsk(t, s, "SELECT count(*) FROM iceberg_rows('conf.ops_rewrite', from_snapshot_id := %s)", ids[0])
	if got != appended || got == "0" {
		t.Errorf("ops_rewrite: %s rows since the first snapshot, %s were appended", got, appended)
	}
}

// TestStaged: what sessions have staged, before and after the publish.
func TestStaged(t *testing.T) {
	s := startOn(t, "spark")
	id := func(wap string) string {
		return mustAsk(t, s, "SELECT max(snapshot_id) FROM iceberg_snapshots('conf.wap_publish') WHERE summary['wap.id'] = '%s' AND NOT is_ancestor_of_head", wap)
	}
	sameRows(t, s, "iceberg_rows('conf.wap_publish', wap_id := 'w-left-staged')",
		fmt.Sprintf("iceberg_rows('conf.wap_publish', snapshot_id := %s)", id("w-left-staged")))
	published := mustAsk(t, s, "SELECT snapshot_id FROM iceberg_snapshots('conf.wap_publish') WHERE summary['published-wap-id'] = 'w-replay'")
	sameRows(t, s, "iceberg_rows('conf.wap_publish', wap_id := 'w-replay')", fmt.Sprintf("iceberg_rows('conf.wap_publish', snapshot_id := %s)", published))
	sameRows(t, s, "iceberg_rows('conf.branch_audit', wap_id := 'audit')", "iceberg_rows('conf.branch_audit@audit')")
	sameRows(t, s, "iceberg_rows('conf.branch_audit@psyberg_not_yet')", "iceberg_rows('conf.branch_audit')")
}

// TestEmptyTables: no rows, the right columns.
func TestEmptyTables(t *testing.T) {
	s := startOn(t, "spark")
	p := startOn(t, "pyiceberg")
	for _, c := range []struct {
		s           *engine.Session
		call, first string
	}{
		{s, "iceberg_rows('conf.never_written')", "id|BIGINT"},
		{s, "iceberg_rows('conf.emptied', files := [])", "id|"},
		{p, "iceberg_rows('conf.empty_v1')", ""},
		{p, "iceberg_rows('conf.v3_types_empty')", ""},
		{p, "iceberg_rows('conf.v3_types_empty', where := $$t_ns >= '2023-01-01 10:00:00.123456789' AND tz_ns < '2023-01-01' AND dec_def > 1.555 " +
			"AND bin_def = X'00' AND g1 IS NULL AND u IS NULL AND date_def IN ('2020-01-01')$$)", ""},
		{p, "iceberg_rows('conf.staged_first')", ""},
		{p, "iceberg_rows('conf.all_deleted')", ""},
	} {
		columns := mustAsk(t, c.s, "DESCRIBE FROM %s", c.call)
		if n := mustAsk(t, c.s, "SELECT count(*) FROM %s", c.call); n != "0" || columns == "" || !strings.HasPrefix(columns, c.first) {
			t.Errorf("%s: %s rows, columns\n%s", c.call, n, columns)
		}
	}
}

// TestErrors: each says what is wrong and what there is instead.
func TestErrors(t *testing.T) {
	s := startOn(t, "spark")
	for call, want := range map[string]string{
		"iceberg_rows('life.signup_fct')":                                         `did you mean "life.signup_fact"?`,
		"iceberg_rows('life.signup_fact', where := 'hours = 3')":                  `no column "hours"; did you mean "hour"?`,
		"iceberg_rows('life.signup_fact', where := 'hour + 1 = 3')":               "arithmetic is not supported",
		"iceberg_rows('life.signup_fact@mian')":                                   `did you mean "main"?`,
		"iceberg_rows('life.signup_fact', snapshot_id := 7)":                      "not among the retained snapshots",
		"iceberg_rows('life.signup_fact', snapshot_id := 7, ref := 'main')":       "give one of them",
		"iceberg_rows('life.signup_fact', wap_id := 'x', ref := 'main')":          "wap_id and ref are given",
		"iceberg_rows('life.signup_fact', files := ['x'], from_snapshot_id := 7)": "give one of them",
		"iceberg_rows('life.signup_fact', files := ['x.parquet'])":                `data file "x.parquet" is in none`,
		"iceberg_rows('life.signup_fact', files := ['x.parquet', NULL])":          "element 2 is",
		"iceberg_rows('life.signup_fact', wap_id := 'x')":                         `no snapshot has it, and there is no branch "psyberg_x"`,
		"iceberg_rows('conf.wap_publish', wap_id := 'w-never')":                   "2 snapshots have it",
		"iceberg_rows('conf.wap_publish', wap_id := 'w-nevr')":                    `did you mean "w-never"?`,
		"iceberg_rows('conf.fmt_mixed')":                                          "its format is ORC, only Parquet is read",
		"iceberg_rows('life.signup_fact', from_snapshot_id := 7)":                 "not among the retained snapshots",
		"iceberg_rows(NULL)": "is NULL: a VARCHAR is needed",
	} {
		if _, err := ask(s, "FROM "+call); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", call, err, want)
		}
	}
}

// TestPlansAreNotMixedUp: a plan that is kept is that of the very same call.
func TestPlansAreNotMixedUp(t *testing.T) {
	s := startOn(t, "spark")
	files := strings.Fields(mustAsk(t, s, "SELECT file_path FROM iceberg_files('life.signup_fact') ORDER BY 1 LIMIT 2"))
	both := fmt.Sprintf("['%s', '%s']", files[0], files[1])
	for _, list := range []string{both, both, fmt.Sprintf("['%s']", files[0])} {
		got := mustAsk(t, s, "SELECT count(*) FROM iceberg_rows('life.signup_fact', files := %s)", list)
		want := mustAsk(t, s, "SELECT sum(record_count) FROM iceberg_files('life.signup_fact') WHERE file_path IN %s", list)
		if got != want {
			t.Errorf("%s: %s rows, want %s", list, got, want)
		}
	}
	_, err := ask(s, fmt.Sprintf("FROM iceberg_rows('life.signup_fact', files := ['%s %s'])", files[0], files[1]))
	if err == nil {
		t.Error("one file with a blank in its name was taken for two")
	}
}
