package steps_test

import (
	"strings"
	"testing"
)

// TestStatelessFromInitToCommit: two loads by file, each row once, every step
// run twice.
func TestStatelessFromInitToCommit(t *testing.T) {
	e := newEnv(t, t.TempDir())
	e.must(`CREATE TABLE raw.signups (id BIGINT, ts TIMESTAMPTZ, day DATE) USING iceberg PARTITIONED BY (day);
		CREATE TABLE facts.signups (id BIGINT, ts TIMESTAMPTZ) USING iceberg`)
	land := func(ids string) {
		e.must(`COPY (SELECT unnest(` + ids + `) AS id, TIMESTAMPTZ '2023-09-14 01:00:00+00' AS ts, DATE '2023-09-14' AS day)
			TO 'raw.signups' (FORMAT iceberg)`)
	}
	load := func(session string) {
		e.must(`SET VARIABLE files = (SELECT list(file_path) FROM psyberg_files(NULL, session_id := $session, session_table := $table, process_name := 'p'));
			COPY (SELECT id, ts FROM iceberg_rows('raw.signups', files := getvariable('files'))) TO 'facts.signups' (FORMAT iceberg, WAP_ID $session)`,
			"session", session, "table", sessionTable)
	}
	twice := func(name, session string, more ...string) string {
		first := e.mustCommand(name, "p", session, more...)
		if again := e.mustCommand(name, "p", session, more...); again != first {
			t.Errorf("%s %s again:\n%s\nfirst:\n%s", name, session, again, first)
		}
		return first
	}
	init := []string{"src_tables", "raw.signups|ts", "etl_pattern_id", "1"}
	for i, ids := range []string{"[1, 2]", "[3]"} {
		session := []string{"s1", "s2"}[i]
		land(ids)
		if got := twice("init", session, init...); !strings.Contains(got, `[{"day":"2023-09-14"}]`) || !strings.Contains(got, "READY") {
			t.Errorf("init: %s", got)
		}
		load(session)
		twice("publish", session, "target", "facts.signups")
		twice("commit", session, "target", "facts.signups")
	}
	e.want("rows", e.must(`SELECT id FROM iceberg_rows('facts.signups') ORDER BY id`), "1\n2\n3")
	e.want("sessions", e.statuses("p"), "s1 COMMITTED, s2 COMMITTED")
	if got := e.mustCommand("init", "p", "s3", init...); !strings.Contains(got, "NOTHING_TO_DO") {
		t.Errorf("nothing is new: %s", got)
	}
	e.want("publish of nothing", e.must(`SELECT method, status, done_before FROM psyberg_publish('facts.signups', NULL, 'p', 's3', '`+sessionTable+`')`),
		"<nil> NOTHING_TO_DO true")
	e.want("commit by CALL", e.must(`CALL psyberg_commit('p', 's3', '`+sessionTable+`', '`+hwmTable+`')`), "p s3 <nil> <nil> COMMITTED false <nil>")
	e.want("commit again", e.must(`SELECT done_before FROM psyberg_commit('p', 's3', '`+sessionTable+`', '`+hwmTable+`')`), "true")
	e.want("discard of nothing", e.must(`CALL psyberg_discard('facts.signups', 'x')`), "facts.signups x [] <nil> true")
}
