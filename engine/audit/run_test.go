package audit_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"psyberg/engine/audit"
	"psyberg/engine/bridge"
	"psyberg/engine/catalog"
	"psyberg/engine/state"
	"psyberg/functions"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// sessionFixture is stagedFixture with the functions of this package, a
// session s1 of process p that loads hours 3 to 5, and one with nothing to do.
func sessionFixture(t *testing.T) *fixture {
	f := stagedFixture(t, func(f *fixture) []*surface.Function {
		f.store = state.New(f.c, func(ctx context.Context, q string) (bridge.Rows, error) { return f.s.Inner(ctx, q) })
		now := psyberg.Instant(0)
		d := audit.Deps{Tables: f.c, Preflight: f.c, Store: f.store, Run: inner{f}, Now: func() psyberg.Instant { now++; return now }}
		return append(audit.Functions(d), functions.Preflight(f.c))
	})
	if err := f.store.CreateTables(f.ctx, "ops.sessions", "ops.hwm"); err != nil {
		t.Fatal(err)
	}
	hour := psyberg.Hour(470_736) // 2023-09-14-00
	rows := []psyberg.SessionRow{
		{Process: "p", Session: "s1", Source: psyberg.SourceName{Table: "ns.src"}, Pattern: psyberg.Stateful, Verdict: psyberg.OK, Status: psyberg.StatusReady,
			LoadHours: &psyberg.HourRange{From: hour + 3, To: hour + 6}},
		{Process: "p", Session: "idle", Source: psyberg.SourceName{Table: "ns.src"}, Pattern: psyberg.Stateful, Verdict: psyberg.UpToDate, Status: psyberg.StatusNothingToDo},
	}
	err := f.store.ChangeSessions(f.ctx, "ops.sessions", "p", func([]psyberg.SessionRow) ([]psyberg.SessionRow, error) { return rows, nil })
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// inner asks the fixture's session, which is opened after the functions are made.
type inner struct{ f *fixture }

// write makes a file below the fixture's folder and returns its path.
func (f *fixture) write(name, text string) string {
	f.t.Helper()
	path := filepath.Join(f.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		f.t.Fatal(err)
	}
	return path
}

const audited = `SELECT audit, blocking, passed, violations, first_violation FROM psyberg_audit('p', '%s', 'ops.sessions', 'ns.t', '%s')`

const verdict = `SELECT verdict FROM psyberg_audit_verdict('p', 's1', 'ops.sessions', 'ns.t')`

// TestRun: the life of a session's audits: one fails, nothing may be
// published, it is mended, all pass.
func TestRun(t *testing.T) {
	t.Parallel()
	f := sessionFixture(t)
	f.want(verdict, "none asked for")
	f.fails(`FROM psyberg_audit_verdict('p', 's1', 'ops.sessions', 'ns.t', require_audits := true)`, "none is recorded", "[PSY_AUDIT_FAILED]")

	f.write("checks/small_amounts.sql", `-- @param most
-- What is staged must have small amounts.
SELECT id, amount, event_ts, name FROM iceberg_rows($target, wap_id := $wap_id)
WHERE amount > $most AND event_ts >= $load_from AND event_ts < $load_to AND $process_name = 'p' AND $session_id = $wap_id AND $session_table = 'ops.sessions';
`)
	file := f.write("audits.yaml", `audits:
  - function: columns_should_not_have_nulls
    params: {columns: [id, event_ts]}
  - function: no_missing_hours
    blocking: false
    params: {column: event_ts, from: $load_from, to: $load_to}
  - function: counts_match
    params:
      source: SELECT count(*) FROM range(3) WHERE $session_id = 's1'
  - sql: checks/small_amounts.sql
    params: {most: 50}
`)
	f.want(fmt.Sprintf(audited, "s1", file), `columns_should_not_have_nulls|true|true|0|<nil>
no_missing_hours|false|false|1|hour 2023-09-14-04 has no row with event_ts in it
counts_match|true|true|0|<nil>
small_amounts|true|false|1|id = 3, amount = 100.5, event_ts = 2023-09-14 05:00:00, name = y`)
	f.fails(verdict, `"small_amounts" (1 violation: id = 3, amount = 100.5`, "--force_audit", "[PSY_AUDIT_FAILED]")

	// However the target is written, it is the same one.
	f.fails(`FROM psyberg_audit_verdict('p', 's1', 'ops.sessions', 'local.ns.t')`, `"small_amounts"`, "[PSY_AUDIT_FAILED]")

	// It is recorded with the snapshot that it looked at.
	f.want(`SELECT audit, blocking, passed, violations, forced, staged_snapshot_id = (SELECT staged_snapshot_id FROM psyberg_publish_preflight('ns.t', 's1'))
		FROM iceberg_rows('ops.sessions_audits') ORDER BY audit`, `columns_should_not_have_nulls|true|true|0|false|true
counts_match|true|true|0|false|true
no_missing_hours|false|false|1|false|true
small_amounts|true|false|1|false|true`)

	// The audit is corrected: only its latest result counts.
	f.write("audits.yaml", "audits:\n  - sql: checks/small_amounts.sql\n    params: {most: 200}\n")
	f.want(fmt.Sprintf(audited, "s1", file), `small_amounts|true|true|0|<nil>`)
	f.want(verdict, "passed")

	// What is staged is loaded again: it was not audited.
	if _, err := f.c.Discard(f.ctx, "ns.t", "s1"); err != nil {
		t.Fatal(err)
	}
	f.fails(verdict, "Cannot apply unknown WAP ID 's1'", "load with COPY")
	f.run(`COPY (SELECT 9::BIGINT AS id, TIMESTAMPTZ '2023-09-14 03:10:00+00' AS event_ts, 1.0 AS amount, 'x' AS name, NULL AS info) TO 'ns.t' (FORMAT iceberg, WAP_ID 's1')`)
	f.fails(verdict, "it was not audited", "run the audits again", "[PSY_AUDIT_FAILED]")

	// A session that has nothing to do has nothing to audit.
	f.want(fmt.Sprintf(audited, "idle", file), ``)
	f.want(`SELECT verdict, staged_snapshot_id FROM psyberg_audit_verdict('p', 'idle', 'ops.sessions', 'ns.t', require_audits := true)`, "none asked for|<nil>")
}

// TestRunSays: what cannot run is an error that says where.
func TestRunSays(t *testing.T) {
	t.Parallel()
	f := sessionFixture(t)
	f.write("two.sql", "SELECT 1; SELECT 2")
	f.write("unset.sql", "SELECT 1 WHERE $nobody = 1")
	f.write("ddl.sql", "CREATE TABLE x (a INT)")
	f.write("wrong.sql", "SELECT nothing FROM iceberg_rows($target)")
	for text, words := range map[string][]string{
		"- function: unique_key":  {"audits.yaml:2", `"unique_key"`, "unique_keys"},
		"- function: unique_keys": {"audits.yaml:2", "needs params.columns"},
		"- function: unique_keys\n    params: {columns: [id], column: id}":  {"audits.yaml:3", `no param "column"`, "columns"},
		"- function: unique_keys\n    params: {columns: [idd]}":             {`run audit "unique_keys"`, `no column "idd"`},
		"- function: counts_match\n    params: {source: SELECT $sesion_id}": {"audits.yaml:3", "sesion_id"},
		"- function: counts_match\n    params: {source: $sesion_id}":        {"audits.yaml:3", "sesion_id"},
		"- function: values_in_range\n    params: {column: $colum, min: 1}": {"audits.yaml:3", "no variable $colum"},
		"- sql: none.sql":                             {"audits.yaml:2", "none.sql"},
		"- sql: two.sql":                              {"two.sql", "holds 2 statements"},
		"- sql: unset.sql":                            {"unset.sql:1:16", "nobody"},
		"- sql: ddl.sql":                              {`run audit "ddl"`},
		"- sql: wrong.sql":                            {`run audit "wrong"`, "nothing"},
		"- sql: two.sql\n    params: {target: x}":     {"audits.yaml:3", `"target" is a variable that every audit has`},
		"- sql: two.sql\n    params: {list: [x]}":     {"audits.yaml:3", "is a list"},
		"- sql: unset.sql\n    params: {somebody: 1}": {"unset.sql:1:16", "nobody"},
		"- function: files_per_partition\n    params: {max_files: 0}": {"at least 1"},
	} {
		file := f.write("audits.yaml", "audits:\n  "+text+"\n")
		f.fails(fmt.Sprintf(audited, "s1", file), words...)
	}
	f.fails(fmt.Sprintf(audited, "s2", filepath.Join(f.dir, "audits.yaml")), `find session "s2"`, "s1")
	f.fails(fmt.Sprintf(audited, "s1", filepath.Join(f.dir, "none.yaml")), "read audits", "none.yaml")
	f.fails(verdict, "it did not run", "[PSY_AUDIT_FAILED]")
}

// TestRunOnWhatMoves: if something else is staged when the last audit is done,
// no result is recorded (A1).
func TestRunOnWhatMoves(t *testing.T) {
	t.Parallel()
	f := sessionFixture(t)
	file := f.write("audits.yaml", "audits:\n  - function: unique_keys\n    params: {columns: [id, event_ts]}\n")
	d := audit.Deps{Tables: f.c, Preflight: f.c, Store: f.store, Now: func() psyberg.Instant { return 1 }, Run: &meddler{f: f}}
	_, err := audit.Run(f.ctx, d, audit.Request{Process: "p", Session: "s1", SessionTable: "ops.sessions", Target: "ns.t", File: file})
	if err == nil || !containsAll(err.Error(), "now it is", "run the audits again", "[PSY_CONFLICT]") {
		t.Errorf("error %v", err)
	}
	f.fails(verdict, "it was not audited", "[PSY_AUDIT_FAILED]")
}

// killedRunner ends the process, as far as a test can tell, at the second audit.
type killedRunner struct {
	f *fixture
	n int
}

type killed struct{}

func (k *killedRunner) Inner(ctx context.Context, q string) (bridge.Rows, error) {
	if k.n++; k.n > 2 {
		panic(killed{})
	}
	return k.f.s.Inner(ctx, q)
}

// TestNotRun: what an audit that cannot run, or that was killed, leaves is no
// verdict: a publish is refused until it ran, or it is forced by name (A3).
func TestNotRun(t *testing.T) {
	t.Parallel()
	f := sessionFixture(t)
	file := f.write("audits.yaml", "audits:\n  - function: unique_keys\n    params: {columns: [id, event_ts]}\n  - sql: later.sql\n    name: later\n")
	recorded := `SELECT audit, passed, violations, first_violation FROM iceberg_rows('ops.sessions_audits') ORDER BY audit`
	d := audit.Deps{Tables: f.c, Preflight: f.c, Store: f.store, Now: func() psyberg.Instant { return 1 }, Run: &killedRunner{f: f}}
	f.write("later.sql", "SELECT 1 WHERE false")
	func() {
		defer func() {
			if _, ok := recover().(killed); !ok {
				t.Error("it was not killed")
			}
		}()
		_, _ = audit.Run(f.ctx, d, audit.Request{Process: "p", Session: "s1", SessionTable: "ops.sessions", Target: "ns.t", File: file})
	}()
	f.want(recorded, "later|<nil>|<nil>|the audits did not come to their end\nunique_keys|<nil>|<nil>|the audits did not come to their end")
	f.fails(verdict, `"later" (it did not run`, "[PSY_AUDIT_FAILED]")

	f.write("later.sql", "SELECT nothing FROM iceberg_rows($target)")
	f.fails(fmt.Sprintf(audited, "s1", file), `run audit "later"`, "nothing")
	got, err := f.try(recorded)
	if err != nil || !containsAll(got, "later|<nil>|<nil>|run audit", "unique_keys|true|0|<nil>") {
		t.Errorf("recorded %s %v", got, err)
	}
	f.fails(verdict, `"later" (it did not run: run audit "later"`, "[PSY_AUDIT_FAILED]")
	j, err := f.store.Verdict(f.ctx, state.VerdictRequest{SessionTable: "ops.sessions", Process: "p", Session: "s1", Target: "ns.t", Staged: f.staged(), Force: []string{"later"}})
	if err != nil || j.Kind != catalog.AuditsForced {
		t.Errorf("forced: %+v %v", j, err)
	}
	f.want(`SELECT audit, passed FROM iceberg_rows('ops.sessions_audits') WHERE forced`, "later|<nil>")

	f.write("later.sql", "SELECT 1 WHERE false")
	f.want(fmt.Sprintf(audited, "s1", file), "unique_keys|true|true|0|<nil>\nlater|true|true|0|<nil>")
	f.want(verdict, "passed")
}

func (f *fixture) staged() psyberg.SnapshotID {
	f.t.Helper()
	p, err := f.c.Preflight(f.ctx, "ns.t", "s1")
	if err != nil {
		f.t.Fatal(err)
	}
	return *p.Staged
}

// TestRunShowsWhatItRead: whether metadata alone told, and the query whose rows
// are all violations.
func TestRunShowsWhatItRead(t *testing.T) {
	t.Parallel()
	f := sessionFixture(t)
	f.write("all.sql", "SELECT id FROM iceberg_rows($target, wap_id := $wap_id)")
	file := f.write("audits.yaml", `audits:
  - function: columns_should_not_have_nulls
    params: {columns: [id]}
  - function: counts_match
    params: {source: -1}
  - function: unique_keys
    params: {columns: [id, event_ts]}
  - function: values_in_range
    params: {column: id, min: null, max: 1000}
  - sql: all.sql
`)
	f.want(fmt.Sprintf(`SELECT audit, read_from, passed FROM psyberg_audit('p', 's1', 'ops.sessions', 'ns.t', '%s')`, file),
		"columns_should_not_have_nulls|metadata|true\ncounts_match|metadata|false\nunique_keys|rows|true\nvalues_in_range|metadata|true\nall|rows|false")
	queries, err := f.try(fmt.Sprintf(`SELECT query, violations FROM psyberg_audit('p', 's1', 'ops.sessions', 'ns.t', '%s')`, file))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(queries, "\n") {
		query, n, _ := strings.Cut(line, "|")
		f.want("SELECT count(*) FROM ("+query+")", n)
	}
}

// TestSparkTrap: a DELETE of whole files that Spark did not stage is on main,
// and said to be there.
func TestSparkTrap(t *testing.T) {
	t.Parallel()
	f := sessionFixture(t)
	if _, err := f.c.Discard(f.ctx, "ns.t", "s1"); err != nil {
		t.Fatal(err)
	}
	files := f.files("ns.t")
	_, err := f.c.Commit(f.ctx, "ns.t", catalog.Change{Mode: catalog.Delete, Removed: files[:1], Summary: map[string]string{"spark.app.id": "local-42"}})
	if err != nil {
		t.Fatal(err)
	}
	file := f.write("audits.yaml", "audits:\n  - function: unique_keys\n    params: {columns: [id]}\n")
	f.fails(fmt.Sprintf(audited, "s1", file), "application local-42", "does not stage a DELETE that drops whole files")
	f.fails(`FROM psyberg_audit_unique_keys('ns.t', 's1', ['id'])`, "Spark application local-42", "it is not staged")
}

// files returns the locations of a table's live files.
func (f *fixture) files(table string) []string {
	f.t.Helper()
	got, err := f.try(`SELECT file_path FROM iceberg_files('` + table + `') ORDER BY 1`)
	if err != nil {
		f.t.Fatal(err)
	}
	return strings.Split(got, "\n")
}

func TestPreflightFunction(t *testing.T) {
	t.Parallel()
	f := sessionFixture(t)
	const preflight = `SELECT operation, method, staged_parent_id = head_snapshot_id, conflicting_partitions, conflicting_snapshot_ids FROM psyberg_publish_preflight('ns.t', '%s')`
	f.want(fmt.Sprintf(preflight, "s1"), "append|fast-forward|true|[]|[]")
	f.run(`COPY (SELECT 9::BIGINT AS id, TIMESTAMPTZ '2023-09-14 09:10:00+00' AS event_ts, 1.0 AS amount, 'x' AS name, NULL AS info) TO 'ns.t' (FORMAT iceberg)`)
	f.want(fmt.Sprintf(preflight, "s1"), "append|cherry-pick|false|[]|[]")
	f.want(`SELECT method, staged_snapshot_id, reason LIKE '%unknown WAP ID%' FROM psyberg_publish_preflight('ns.t', 'nobody')`, "refused|<nil>|true")
	f.fails(`FROM psyberg_publish_preflight('ns.nothing', 's1')`, "ns.nothing")
}
