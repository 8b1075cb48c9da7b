package engine

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"psyberg/engine/catalog"
	"psyberg/engine/lex"
	"psyberg/internal/testtables"
)

// life is a session on a copy of the life namespace that a test may write to.
type life struct {
	*Session
	t   testing.TB
	dir string
}

func openLife(t testing.TB, suite string) *life {
	t.Helper()
	dir := testtables.Copy(t, suite, "life")
	return &life{reopen(t, dir), t, dir}
}

func reopen(t testing.TB, dir string) *Session {
	t.Helper()
	s, err := Start(context.Background(), Config{Version: "test", Log: slog.New(slog.DiscardHandler), Catalog: catalog.Config{
		URI: "sqlite:///" + filepath.Join(dir, "catalog.db"), Dir: dir, Home: dir,
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// ask runs a statement; $name stands for vars, given as name, value, ...
func (l *life) ask(stmt string, vars ...string) string {
	l.t.Helper()
	got, err := l.try(stmt, vars...)
	if err != nil {
		l.t.Fatalf("%s %v: %v", stmt, vars, err)
	}
	return got
}

func (l *life) try(stmt string, vars ...string) (string, error) {
	script, err := lex.Parse("life.sql", stmt)
	if err != nil {
		return "", err
	}
	bound := lex.Vars{}
	for i := 0; i+1 < len(vars); i += 2 {
		bound[vars[i]] = lex.Value{Text: vars[i+1]}
	}
	var got string
	err = l.Run(context.Background(), script, bound, func(_ lex.Statement, rows Rows) (err error) {
		got, err = text(rows)
		return err
	})
	return got, err
}

// want compares the rows of a statement.
func (l *life) want(want, stmt string, vars ...string) {
	l.t.Helper()
	if got := l.ask(stmt, vars...); got != want {
		l.t.Errorf("%s %v:\ngot  %s\nwant %s", stmt, vars, got, want)
	}
}

// arrived sets the branch "arrived" of a source: how far the test's time has
// come. The n-th snapshot counts from 1, in the order of their sequence numbers.
func (l *life) arrived(table string, n int) {
	l.t.Helper()
	id := l.ask(fmt.Sprintf("SELECT snapshot_id FROM iceberg_snapshots($t) ORDER BY sequence_number LIMIT 1 OFFSET %d", n-1), "t", table)
	db, err := sql.Open("sqlite", filepath.Join(l.dir, "catalog.db"))
	if err != nil {
		l.t.Fatal(err)
	}
	defer db.Close()
	ns, name, _ := strings.Cut(table, ".")
	var location string
	if err := db.QueryRow("SELECT metadata_location FROM iceberg_tables WHERE table_namespace = ? AND table_name = ?", ns, name).Scan(&location); err != nil {
		l.t.Fatal(err)
	}
	b, err := os.ReadFile(strings.TrimPrefix(location, "file:"))
	if err != nil {
		l.t.Fatal(err)
	}
	var meta map[string]any
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if err := dec.Decode(&meta); err != nil {
		l.t.Fatal(err)
	}
	meta["refs"].(map[string]any)["arrived"] = map[string]any{"snapshot-id": json.Number(id), "type": "branch"}
	if b, err = json.Marshal(meta); err != nil {
		l.t.Fatal(err)
	}
	moved := filepath.Join(filepath.Dir(location), fmt.Sprintf("%05d-00000000-0000-4000-8000-000000000000.metadata.json", 100+n))
	if err := os.WriteFile(strings.TrimPrefix(moved, "file:"), b, 0o644); err != nil {
		l.t.Fatal(err)
	}
	if _, err := db.Exec("UPDATE iceberg_tables SET metadata_location = ? WHERE metadata_location = ?", moved, location); err != nil {
		l.t.Fatal(err)
	}
}

const (
	initSQL = `SELECT source_table, verdict, status, changed_files, changed_records FROM psyberg_init(process_name := $p, src_tables := $src, psyberg_session_id := $s,
		psyberg_hwm_table := 'etl.high_water_mark', psyberg_session_table := 'etl.psyberg_session_f', etl_pattern_id := $pattern)`
	publishSQL = "SELECT method, status, done_before FROM psyberg_publish($target, $s, $p, $s, 'etl.psyberg_session_f')"
	commitSQL  = "CALL psyberg_commit($p, $s, 'etl.psyberg_session_f', 'etl.high_water_mark')"
)

// TestLifeStateless: signups batch by batch, the last ones late. Every row of
// the source is in the target once, whoever wrote the source.
func TestLifeStateless(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		suite         string
		first, second int    // snapshots that have arrived
		rows          [2]int // in the source then
		inits         [2]string
	}{
		{"spark", 10, 12, [2]int{32, 41}, [2]string{"life.signup_fact|FIRST_RUN|READY|10|32", "life.signup_fact|OK|READY|2|9"}},
		{"pyiceberg", 3, 5, [2]int{10, 17}, [2]string{"life.signup_fact|FIRST_RUN|READY|4|10", "life.signup_fact|OK|READY|2|7"}},
	} {
		t.Run(tt.suite, func(t *testing.T) {
			t.Parallel()
			l := openLife(t, tt.suite)
			l.arrived("life.signup_fact", tt.first)
			l.want(tt.inits[0], initSQL, signups("s1")...)
			l.loadSignups("s1")
			l.want("fast-forward|PUBLISHED|false", publishSQL, signups("s1")...)
			l.ask(commitSQL, signups("s1")...)
			l.sameSignups(tt.rows[0])

			l.arrived("life.signup_fact", tt.second)
			l.want(tt.inits[1], initSQL, signups("s2")...)
			l.want(tt.inits[1], initSQL, signups("s2")...) // again: as recorded
			l.loadSignups("s2")
			l.loadSignups("s2") // finds the staged snapshot
			l.want(fmt.Sprint(tt.rows[0]), "SELECT count(*) FROM iceberg_rows('life.signups')")
			l.want(fmt.Sprint(tt.rows[1]), "SELECT count(*) FROM iceberg_rows('life.signups', wap_id := 's2')")
			l.auditFails("s2")
			l.want("fast-forward|PUBLISHED|false", publishSQL, signups("s2")...)
			l.want("already-published|PUBLISHED|true", publishSQL, signups("s2")...)
			l.ask(commitSQL, signups("s2")...)
			l.ask(commitSQL, signups("s2")...)
			l.sameSignups(tt.rows[1])

			l.want("life.signup_fact|UP_TO_DATE|NOTHING_TO_DO|0|0", initSQL, signups("s3")...)
			l.ask(commitSQL, signups("s3")...)
			l.want("true", `SELECT hwm_snapshot_id = (SELECT snapshot_id FROM iceberg_refs('life.signup_fact') WHERE name = 'arrived')
				FROM iceberg_rows('etl.high_water_mark')`)
		})
	}
}

const signupSource = "life.signup_fact@arrived|event_ts"

func signups(session string) []string {
	return []string{"src", signupSource, "p", "signups", "pattern", "1", "target", "life.signups", "s", session}
}

func (l *life) loadSignups(session string) {
	l.t.Helper()
	l.ask(`SET VARIABLE files = (SELECT list(file_path ORDER BY file_path) FROM psyberg_files($src, process_name := 'signups', session_id := $s,
		session_table := 'etl.psyberg_session_f') WHERE change = 'ADDED' AND content = 'DATA')`, "src", signupSource, "s", session)
	l.ask(`COPY (FROM iceberg_rows('life.signup_fact@arrived', files := getvariable('files'))) TO 'life.signups'
		(FORMAT iceberg, WAP_ID $s, CREATE_TABLE true, PARTITION_BY 'landing_date, hour')`, "s", session)
}

// auditFails: a failed blocking audit keeps what is staged from being
// published, until the audit is mended.
func (l *life) auditFails(session string) {
	l.t.Helper()
	file := filepath.Join(l.dir, "audits.yaml")
	write := func(max int) {
		l.t.Helper()
		yaml := fmt.Sprintf(`audits:
  - function: columns_should_not_have_nulls
    blocking: true
    params: {columns: [batch_id, event_ts]}
  - function: values_in_range
    blocking: true
    params: {column: hour, min: 0, max: %d}
`, max)
		if err := os.WriteFile(file, []byte(yaml), 0o644); err != nil {
			l.t.Fatal(err)
		}
	}
	const auditSQL = "SELECT audit, passed, violations > 0 FROM psyberg_audit('signups', $s, 'etl.psyberg_session_f', $target, $file) ORDER BY ALL"
	const verdictSQL = "SELECT verdict FROM psyberg_audit_verdict('signups', $s, 'etl.psyberg_session_f', $target)"
	vars := append(signups(session), "file", file)
	write(5)
	l.want("columns_should_not_have_nulls|true|false\nvalues_in_range|false|true", auditSQL, vars...)
	for _, stmt := range []string{verdictSQL, publishSQL} {
		if _, err := l.try(stmt, vars...); err == nil || !strings.Contains(err.Error(), "[PSY_AUDIT_FAILED]") {
			l.t.Errorf("%s after a failed audit: %v", stmt, err)
		}
	}
	write(23)
	l.want("columns_should_not_have_nulls|true|false\nvalues_in_range|true|false", auditSQL, vars...)
	l.want("passed", verdictSQL, vars...)
}

// sameSignups: the target has exactly the source's rows.
func (l *life) sameSignups(rows int) {
	l.t.Helper()
	l.want(fmt.Sprint(rows), "SELECT count(*) FROM iceberg_rows('life.signup_fact@arrived')")
	l.want("0", `SELECT count(*) FROM ((FROM iceberg_rows('life.signup_fact@arrived') EXCEPT ALL FROM iceberg_rows('life.signups'))
		UNION ALL (FROM iceberg_rows('life.signups') EXCEPT ALL FROM iceberg_rows('life.signup_fact@arrived')))`)
}

// stateSQL counts, for one hour, what has happened up to its end: from the
// hour before, as the session's branch has it, and the events of the hour.
const stateSQL = `COPY (
	WITH before AS (FROM iceberg_rows($branch_of) WHERE state_hour = $from::TIMESTAMPTZ - INTERVAL 1 HOUR)
	SELECT $from::TIMESTAMPTZ AS state_hour,
		coalesce((SELECT max(signups) FROM before), 0) + (SELECT count(*) FROM iceberg_rows('life.signup_fact@arrived') WHERE event_ts >= $from AND event_ts < $to) AS signups,
		coalesce((SELECT max(cancels) FROM before), 0) + (SELECT count(*) FROM iceberg_rows('life.cancel_fact@arrived') WHERE event_ts >= $from AND event_ts < $to) AS cancels,
		coalesce((SELECT max(plans) FROM before), 0) + (SELECT count(*) FROM iceberg_rows('life.plan_fact@arrived') WHERE event_ts >= $from AND event_ts < $to) AS plans
) TO 'life.states' (FORMAT iceberg, MODE 'overwrite', WHERE $range, WAP_BRANCH $branch, STEP $from)`

// onceSQL is the same for every hour at once, from all that the sources hold.
const onceSQL = `SELECT h AS state_hour,
	(SELECT count(*) FROM iceberg_rows('life.signup_fact@arrived') WHERE event_ts < h + INTERVAL 1 HOUR) AS signups,
	(SELECT count(*) FROM iceberg_rows('life.cancel_fact@arrived') WHERE event_ts < h + INTERVAL 1 HOUR) AS cancels,
	(SELECT count(*) FROM iceberg_rows('life.plan_fact@arrived') WHERE event_ts < h + INTERVAL 1 HOUR) AS plans
	FROM range(TIMESTAMPTZ '2023-09-13 17:00:00+00', $valid_to::TIMESTAMPTZ, INTERVAL 1 HOUR) t(h)`

// TestLifeStateful: a state of every hour, from three sources that bring late
// rows, overwrites and a deletion. After every commit the target is what it
// would be had it been built once from everything (semantics.md section 5).
func TestLifeStateful(t *testing.T) {
	t.Parallel()
	l := openLife(t, "spark")
	const src = "life.signup_fact@arrived|event_ts,life.cancel_fact@arrived|event_ts,life.plan_fact@arrived|event_ts"
	l.ask("CREATE TABLE life.states (state_hour TIMESTAMPTZ, signups BIGINT, cancels BIGINT, plans BIGINT) USING iceberg PARTITIONED BY (day(state_hour))")
	for i, run := range []struct {
		session                 string
		signups, cancels, plans int // snapshots that have arrived
		vtts                    string
		hours                   string // first, last, number
	}{
		{"s1", 10, 10, 11, "2023-09-14 06:00:00+00", "2023-09-13 17:00:00+00|2023-09-14 05:00:00+00|13"},
		{"s2", 11, 11, 12, "2023-09-14 07:00:00+00", "2023-09-14 02:00:00+00|2023-09-14 06:00:00+00|5"},
		{"s3", 12, 14, 13, "2023-09-14 08:00:00+00", "2023-09-13 21:00:00+00|2023-09-14 07:00:00+00|11"},
	} {
		vars := []string{"src", src, "p", "states", "s", run.session, "target", "life.states", "vtts", run.vtts, "valid_to", run.vtts}
		l.arrived("life.signup_fact", run.signups)
		l.arrived("life.cancel_fact", run.cancels)
		l.arrived("life.plan_fact", run.plans)
		l.want("3|READY", `SELECT count(*), min(status) FROM psyberg_init(process_name := $p, src_tables := $src, psyberg_session_id := $s,
			psyberg_hwm_table := 'etl.high_water_mark', psyberg_session_table := 'etl.psyberg_session_f', etl_pattern_id := 2, vtts := $vtts)`, vars...)
		const hours = "psyberg_iterations($src, process_name := $p, session_id := $s, session_table := 'etl.psyberg_session_f')"
		l.want(run.hours, "SELECT min(from_ts)::VARCHAR, max(from_ts)::VARCHAR, count(*) FROM "+hours, vars...)
		for _, hour := range strings.Split(l.ask("SELECT from_ts::VARCHAR, to_ts::VARCHAR FROM "+hours+" ORDER BY iteration", vars...), "\n") {
			from, to, _ := strings.Cut(hour, "|")
			copyVars := []string{"from", from, "to", to, "branch", "psyberg_" + run.session, "branch_of", "life.states@psyberg_" + run.session,
				"range", "state_hour = TIMESTAMPTZ '" + from + "'"}
			l.ask(stateSQL, copyVars...)
			if i == 1 {
				l.want("0", stateSQL, copyVars...) // the step is there
			}
		}
		l.want("fast-forward|PUBLISHED|false", publishSQL, vars...)
		l.ask(commitSQL, vars...)
		l.want("0", "SELECT count(*) FROM (("+onceSQL+" EXCEPT ALL FROM iceberg_rows('life.states')) UNION ALL (FROM iceberg_rows('life.states') EXCEPT ALL "+onceSQL+"))", vars...)
		l.want(run.vtts, "SELECT DISTINCT valid_to::VARCHAR FROM iceberg_rows('etl.high_water_mark') WHERE process_name = $p", vars...)
	}
}
