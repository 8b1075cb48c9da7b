package steps_test

import (
	"fmt"
	"strings"
	"testing"
)

// replays are the questions that a session's rows answer by themselves.
var replays = map[string][]string{
	"1": {
		`FROM psyberg_window(NULL, session_id := $session, session_table := $table)`,
		`FROM psyberg_new_partitions(NULL, session_id := $session, session_table := $table)`,
	},
	"2": {
		`FROM psyberg_window(NULL, session_id := $session, session_table := $table)`,
		`FROM psyberg_new_partitions(NULL, session_id := $session, session_table := $table)`,
		`FROM psyberg_stateful_range(NULL, session_id := $session, session_table := $table)`,
		`FROM psyberg_iterations(NULL, session_id := $session, session_table := $table)`,
	},
}

// TestReplaySurvives: a session is told about as it was recorded, after its
// source has moved on, after its snapshots have expired, and after the source
// is gone. Replays are rows, never snapshots.
func TestReplaySurvives(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"1", "2"} {
		t.Run("pattern "+pattern, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t, t.TempDir())
			e.must(`CREATE TABLE raw.a (id BIGINT, ts TIMESTAMPTZ, day DATE) USING iceberg PARTITIONED BY (day);
				CREATE TABLE facts.a (id BIGINT, ts TIMESTAMPTZ) USING iceberg`)
			land := func(id, hour int) {
				e.must(fmt.Sprintf(`COPY (SELECT %d AS id, TIMESTAMPTZ '2023-09-14 %02d:10:00+00' AS ts, DATE '2023-09-%02d' AS day)
					TO 'raw.a' (FORMAT iceberg, SUMMARY MAP {'psyberg.valid-to': '2023-09-14T%02d:00:00Z'})`, id, hour, id, hour+1))
			}
			ask := func() string {
				out := ""
				for _, session := range []string{"s1", "s2"} {
					for _, q := range replays[pattern] {
						out += e.must(q, "session", session, "table", sessionTable) + "\n"
					}
				}
				return out
			}
			for i, session := range []string{"s1", "s2"} {
				land(1+2*i, 3+i)
				land(2+2*i, 2+i)
				e.mustCommand("init", "p", session, "src_tables", "raw.a|ts", "etl_pattern_id", pattern)
				e.must(`COPY (SELECT 1 AS id, NULL::TIMESTAMPTZ AS ts) TO 'facts.a' (FORMAT iceberg, WAP_ID $session)`, "session", session)
				e.mustCommand("publish", "p", session, "target", "facts.a")
				e.mustCommand("commit", "p", session, "target", "facts.a")
			}
			before := ask()
			if strings.Count(before, "raw.a") < 6 {
				t.Fatalf("nothing is shown:\n%s", before)
			}
			land(5, 9)
			e.want("after the source moved on", ask(), before)
			if _, err := e.cat.Expire(e.ctx, "raw.a", 1); err != nil {
				t.Fatal(err)
			}
			e.want("snapshots left", e.must(`SELECT count(*) FROM iceberg_snapshots('raw.a')`), "1")
			e.want("after its snapshots expired", ask(), before)
			filesAreGone(t, e, "has expired", "[PSY_EXPIRED_GAP]", "psyberg_window", "run init again with another session id")
			// Why: in short, by position; without files now.
			why := e.must(`SELECT included, cause, reason FROM psyberg_why('s2', $table, 'day=2023-09-03')`, "table", sessionTable)
			if !strings.Contains(why, "true answer It is part of the session: 1 file with 1 row added by") {
				t.Errorf("why a partition: %s", why)
			}
			if pattern == "2" {
				why = e.must(`SELECT included, cause, reason FROM psyberg_why('s2', $table, TIMESTAMPTZ '2023-09-14 03:30:00+00')`, "table", sessionTable)
				if !strings.Contains(why, "true answer It is loaded: files of raw.a that cover it changed") {
					t.Errorf("why an hour: %s", why)
				}
			}
			e.must(`DROP TABLE raw.a USING iceberg`)
			e.want("after the source is gone", ask(), before)
			filesAreGone(t, e, "table not found", "psyberg_window", "run init again with another session id")
		})
	}
}

// filesAreGone: what a session has not recorded, its files, is refused in words.
func filesAreGone(t *testing.T, e *env, words ...string) {
	t.Helper()
	for _, f := range []string{"psyberg_files", "psyberg_late"} {
		_, err := e.run(`FROM `+f+`(NULL, session_id := 's2', session_table := $table)`, "table", sessionTable)
		for _, w := range append(words, `"s2"`, "raw.a") {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v; want %q", f, err, w)
			}
		}
	}
}

// TestExpiryFloorInShort: the oldest snapshot that a registered process needs,
// by the two tables' names; expiring below it stops nobody.
func TestExpiryFloorInShort(t *testing.T) {
	t.Parallel()
	e := newEnv(t, t.TempDir())
	e.setup() // s0 has read one of three snapshots
	e.want("floor", e.must(`SELECT count(*), bool_and(retained), min(needed_by) FROM psyberg_expiry_floor($hwm, 'raw.a')`, "hwm", hwmTable), "1 true [p]")
	e.want("its place", e.must(`SELECT f.snapshot_id = s.snapshot_id FROM psyberg_expiry_floor($hwm, 'raw.a') AS f, iceberg_snapshots('raw.a') AS s WHERE s.sequence_number = 1`, "hwm", hwmTable), "true")
	e.want("and what waits", e.must(`SELECT snapshot_id = (SELECT snapshot_id FROM psyberg_expiry_floor($hwm, 'raw.a')) FROM psyberg_expiry_floor(NULL, session_table := $table, hwm_table := $hwm)`,
		"hwm", hwmTable, "table", sessionTable), "true")
	if err := e.chain("s1"); err != nil {
		t.Fatal(err)
	}
	e.want("moved", e.must(`SELECT s.sequence_number FROM psyberg_expiry_floor($hwm, 'raw.a') AS f JOIN iceberg_snapshots('raw.a') AS s USING (snapshot_id)`, "hwm", hwmTable), "3")
	if _, err := e.cat.Expire(e.ctx, "raw.a", 1); err != nil {
		t.Fatal(err)
	}
	e.must(`COPY (SELECT 3 AS id) TO 'raw.a' (FORMAT iceberg)`)
	if err := e.chain("s2"); err != nil {
		t.Fatal(err)
	}
	e.want("rows", e.facts(), "0 1 2 3")
}
