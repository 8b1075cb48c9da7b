package steps_test

import (
	"strings"
	"testing"
)

// goldenTables are the three sources of golden case (a), as they stood when
// everything was loaded up to hour 5, and the dimension that reads them.
const goldenTables = `
CREATE TABLE raw.signup_fact (account BIGINT, ts TIMESTAMPTZ) USING iceberg PARTITIONED BY (hours(ts));
CREATE TABLE raw.plan_fact (account BIGINT, ts TIMESTAMPTZ) USING iceberg PARTITIONED BY (hours(ts));
CREATE TABLE raw.cancel_fact (account BIGINT, ts TIMESTAMPTZ) USING iceberg PARTITIONED BY (hours(ts));
CREATE TABLE dim.states (hour TIMESTAMPTZ, seen BIGINT) USING iceberg PARTITIONED BY (hours(hour));
COPY (SELECT h AS account, TIMESTAMPTZ '2023-09-14 00:30:00+00' + to_hours(h) AS ts FROM range(6) AS t(h))
  TO 'raw.signup_fact' (FORMAT iceberg, SUMMARY MAP {'psyberg.valid-to': '2023-09-14T06:00:00Z'});
COPY (FROM iceberg_rows('raw.signup_fact')) TO 'raw.plan_fact' (FORMAT iceberg, SUMMARY MAP {'psyberg.valid-to': '2023-09-14T06:00:00Z'});
COPY (FROM iceberg_rows('raw.signup_fact')) TO 'raw.cancel_fact' (FORMAT iceberg, SUMMARY MAP {'psyberg.valid-to': '2023-09-14T06:00:00Z'});`

// goldenChanges are what happens then: plans at 2 and 6, signups at 3 and 6,
// cancels rewritten at 5, 6, 7.
const goldenChanges = `
COPY (SELECT unnest([102, 106]) AS account, unnest([TIMESTAMPTZ '2023-09-14 02:10:00+00', TIMESTAMPTZ '2023-09-14 06:10:00+00']) AS ts)
  TO 'raw.plan_fact' (FORMAT iceberg, SUMMARY MAP {'psyberg.valid-to': '2023-09-14T07:00:00Z'});
COPY (SELECT unnest([203, 206]) AS account, unnest([TIMESTAMPTZ '2023-09-14 03:10:00+00', TIMESTAMPTZ '2023-09-14 06:10:00+00']) AS ts)
  TO 'raw.signup_fact' (FORMAT iceberg, SUMMARY MAP {'psyberg.valid-to': '2023-09-14T07:00:00Z'});
COPY (SELECT unnest([305, 306, 307]) AS account, TIMESTAMPTZ '2023-09-14 00:20:00+00' + to_hours(unnest([5, 6, 7])) AS ts)
  TO 'raw.cancel_fact' (FORMAT iceberg, MODE 'overwrite_partitions', SUMMARY MAP {'psyberg.valid-to': '2023-09-14T08:00:00Z'});`

// loadStates stages the hours of a session one by one on its branch: the state
// of an hour is what was seen up to the hour before, and what its events add.
func (e *env) loadStates(session string) {
	e.t.Helper()
	hours := e.must(`SELECT from_ts FROM psyberg_iterations(NULL, session_id := $session, session_table := $table, process_name := 'dim') ORDER BY iteration`,
		"session", session, "table", sessionTable)
	for hour := range strings.SplitSeq(hours, "\n") {
		e.must(`COPY (
			WITH before AS (SELECT coalesce(max(seen), 0) AS seen FROM iceberg_rows($state) WHERE hour = $hour::TIMESTAMPTZ - INTERVAL 1 HOUR),
			now AS (SELECT count(*) AS seen FROM (
				SELECT ts FROM iceberg_rows('raw.signup_fact') UNION ALL SELECT ts FROM iceberg_rows('raw.plan_fact') UNION ALL
				SELECT ts FROM iceberg_rows('raw.cancel_fact')) WHERE ts >= $hour::TIMESTAMPTZ AND ts < $hour::TIMESTAMPTZ + INTERVAL 1 HOUR)
			SELECT $hour::TIMESTAMPTZ AS hour, before.seen + now.seen AS seen FROM before, now
		) TO 'dim.states' (FORMAT iceberg, MODE 'overwrite_partitions', WAP_BRANCH $branch, STEP $hour)`,
			"state", "dim.states@psyberg_"+session, "branch", "psyberg_"+session, "hour", hour+"Z")
	}
}

func (e *env) dimSession(session string) string {
	e.t.Helper()
	e.mustCommand("init", "dim", session, "src_tables", "raw.plan_fact|ts,raw.cancel_fact|ts,raw.signup_fact|ts", "etl_pattern_id", "2")
	plan := e.must(`SELECT from_hour, to_hour, hours, status, next_valid_to, count(*) FROM psyberg_stateful_range(NULL, session_id := $session,
		session_table := $table, process_name := 'dim') GROUP BY ALL`, "session", session, "table", sessionTable)
	if strings.Contains(plan, "READY") {
		e.loadStates(session)
	}
	e.mustCommand("publish", "dim", session, "target", "dim.states")
	e.mustCommand("commit", "dim", session, "target", "dim.states")
	return plan
}

func (e *env) states() string {
	e.t.Helper()
	return strings.ReplaceAll(e.must(`SELECT hour(hour) || ':' || seen FROM iceberg_rows('dim.states') ORDER BY hour`), "\n", " ")
}

// TestGoldenCatchUp is golden case (a) of semantics.md section 5, from the
// sources to the committed watermark, twice the last session.
func TestGoldenCatchUp(t *testing.T) {
	t.Parallel()
	e := newEnv(t, t.TempDir())
	e.must(goldenTables)
	e.want("first run", e.dimSession("s0"), "0 5 6 READY 2023-09-14T06:00:00 3")
	e.want("states", e.states(), "0:3 1:6 2:9 3:12 4:15 5:18")
	e.must(goldenChanges)
	e.want("catch-up", e.dimSession("s1"), "2 6 5 READY 2023-09-14T07:00:00 3")
	e.want("states", e.states(), "0:3 1:6 2:10 3:14 4:17 5:20 6:23")
	e.want("property", e.must(`SELECT value FROM iceberg_properties('dim.states') WHERE key = 'psyberg.valid-to'`), "2023-09-14T07:00:00Z")
	e.want("hour 7 waits", e.dimSession("s2"), "<nil> <nil> 0 NOTHING_TO_DO <nil> 3")
	e.must(`COPY (SELECT 107 AS account, TIMESTAMPTZ '2023-09-14 07:10:00+00' AS ts) TO 'raw.plan_fact' (FORMAT iceberg, SUMMARY MAP {'psyberg.valid-to': '2023-09-14T08:00:00Z'});
		COPY (SELECT 207 AS account, TIMESTAMPTZ '2023-09-14 07:10:00+00' AS ts) TO 'raw.signup_fact' (FORMAT iceberg, SUMMARY MAP {'psyberg.valid-to': '2023-09-14T08:00:00Z'})`)
	e.want("the next session", e.dimSession("s3"), "7 7 1 READY 2023-09-14T08:00:00 3")
	e.want("states", e.states(), "0:3 1:6 2:10 3:14 4:17 5:20 6:23 7:26")
	e.want("sessions", e.statuses("dim"), "s0 COMMITTED, s1 COMMITTED, s2 COMMITTED, s3 COMMITTED")
	e.want("the session's rows", e.must(`SELECT source_table, load_from_hour, load_to_hour, changed_hours, status FROM iceberg_rows('`+sessionTable+`')
		WHERE session_id = 's1' ORDER BY 1`), "raw.cancel_fact 2 6 2023-09-14-05..2023-09-14-07 COMMITTED\n"+
		"raw.plan_fact 2 6 2023-09-14-02, 2023-09-14-06 COMMITTED\nraw.signup_fact 2 6 2023-09-14-03, 2023-09-14-06 COMMITTED")
}

// TestBaseline: start 'latest' loads nothing and records head and valid_to;
// what comes after is loaded.
func TestBaseline(t *testing.T) {
	t.Parallel()
	e := newEnv(t, t.TempDir())
	e.must(goldenTables)
	const sources = "raw.plan_fact|ts"
	got := e.mustCommand("init", "p", "s0", "src_tables", sources, "etl_pattern_id", "2", "start", "latest")
	if !strings.Contains(got, "BASELINE") {
		t.Fatal(got)
	}
	e.mustCommand("commit", "p", "s0")
	e.must(goldenChanges)
	e.mustCommand("init", "p", "s1", "src_tables", sources, "etl_pattern_id", "2")
	e.want("range", e.must(`SELECT DISTINCT load_from_hour, load_to_hour, status FROM iceberg_rows('`+sessionTable+`') WHERE session_id = 's1'`), "2 6 READY")
}

// TestInitSupersedesWhatWaits: a session that was never published is left
// behind by the next; its publish and commit are refused.
func TestInitSupersedesWhatWaits(t *testing.T) {
	t.Parallel()
	e := newEnv(t, t.TempDir())
	e.setup()
	init := func(session string) {
		e.mustCommand("init", "p", session, "src_tables", "raw.a", "etl_pattern_id", "1")
	}
	init("s1")
	init("s2")
	e.want("sessions", e.statuses("p"), "s0 COMMITTED, s1 SUPERSEDED, s2 READY")
	for _, step := range []string{"publish", "commit"} {
		_, err := e.command(step, "p", "s1", "target", "facts.a")
		if err == nil || !strings.Contains(err.Error(), "[PSY_SUPERSEDED]") {
			t.Errorf("%s of a superseded session: %v", step, err)
		}
		if _, err = e.command(step, "p", "s22", "target", "facts.a"); err == nil || !strings.Contains(err.Error(), `s2"`) {
			t.Errorf("%s of a session that is not there: %v", step, err)
		}
	}
	if _, err := e.command("commit", "p", "s2"); err == nil || !strings.Contains(err.Error(), "publish it first") {
		t.Errorf("commit before publish: %v", err)
	}
	if _, err := e.run(`CALL psyberg_publish('facts.a', 'other', 'p', 's2', '` + sessionTable + `')`); err == nil || !strings.Contains(err.Error(), "[PSY_PUBLISH_REFUSED]") {
		t.Errorf("publish of another's id: %v", err)
	}
	if _, err := e.command("publish", "p", "s2", "target", "facts.a"); err == nil || !strings.Contains(err.Error(), "unknown WAP ID") {
		t.Errorf("publish of nothing staged: %v", err)
	}
	e.want("sessions", e.statuses("p"), "s0 COMMITTED, s1 SUPERSEDED, s2 READY")
}

// TestAnIdOfAnotherProcess: two processes write one target under the same
// session id; the second publish would take the first one's rows for its own.
func TestAnIdOfAnotherProcess(t *testing.T) {
	t.Parallel()
	e := newEnv(t, t.TempDir())
	e.setup()
	if err := e.chain("s1"); err != nil {
		t.Fatal(err)
	}
	refused := func(what string) {
		t.Helper()
		_, err := e.command("publish", "q", "s1", "target", "facts.a")
		if err == nil || !strings.Contains(err.Error(), "[PSY_PUBLISH_REFUSED]") || !strings.Contains(err.Error(), `of process "p"`) {
			t.Errorf("%s: %v", what, err)
		}
	}
	e.mustCommand("init", "q", "s1", "src_tables", "raw.a", "etl_pattern_id", "1")
	refused("published by p")
	e.must(`CREATE TABLE facts.b (id BIGINT) USING iceberg; COPY (SELECT 7 AS id) TO 'facts.b' (FORMAT iceberg, WAP_ID 's1', PROCESS_NAME 'p')`)
	if _, err := e.command("publish", "q", "s1", "target", "facts.b"); err == nil || !strings.Contains(err.Error(), `of process "p"`) {
		t.Errorf("staged by p: %v", err)
	}
	e.want("sessions", e.statuses("q"), "s1 READY")
}

// TestInitThatStopsLeavesNothing: no session, and no tables either.
func TestInitThatStopsLeavesNothing(t *testing.T) {
	t.Parallel()
	e := newEnv(t, t.TempDir())
	e.must(`CREATE TABLE raw.a (id BIGINT, ts TIMESTAMPTZ) USING iceberg; COPY (SELECT 1 AS id, NULL::TIMESTAMPTZ AS ts) TO 'raw.a' (FORMAT iceberg)`)
	for _, tc := range []struct{ sources, pattern, want string }{
		{"raw.b", "1", `did you mean "raw.a"?`},
		{"raw.a|tx", "2", `did you mean "ts"?`},
		{"raw.a|", "2", "no event-time column"},
		{"raw.a", "3", "pass 1 (stateless) or 2 (stateful)"},
		{"raw.a|ts", "2", "[PSY_NO_VTTS]"},
	} {
		_, err := e.command("init", "p", "s1", "src_tables", tc.sources, "etl_pattern_id", tc.pattern)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("init of %s: %v, want %s", tc.sources, err, tc.want)
		}
	}
	e.want("tables", e.must(`SELECT name FROM iceberg_tables()`), "a")
	if _, err := e.command("init", "p", "", "src_tables", "raw.a", "etl_pattern_id", "1"); err == nil || !strings.Contains(err.Error(), "psyberg_session_id is not given") {
		t.Errorf("init without a session: %v", err)
	}
}
