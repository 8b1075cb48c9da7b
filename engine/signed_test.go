package engine

import (
	"context"
	"fmt"
	"testing"

	"psyberg/engine/catalog"
)

// TestStagedSnapshotsNameTheirSession: what a COPY stages says process, session
// and valid-to (semantics.md section 7), although the COPY names no more than
// the session's id; also in another process than init's.
func TestStagedSnapshotsNameTheirSession(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := func() *Session {
		s, err := Start(context.Background(), Config{Catalog: catalog.Config{Dir: dir, Home: dir}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	begin := func(s *Session, process, session, table string) {
		mustAsk(t, s, fmt.Sprintf(`CALL psyberg_init(process_name := '%s', src_tables := 'ns.src|event_ts', psyberg_session_id := '%s',
			psyberg_hwm_table := 'ops.hwm_%[3]s', psyberg_session_table := 'ops.%[3]s', etl_pattern_id := 2, vtts := '2024-01-01 04:00:00+00')`, process, session, table))
	}
	stage := func(s *Session, id, where string) string {
		mustAsk(t, s, "COPY (SELECT 1 AS id) TO 'ns.t' (FORMAT iceberg, "+where+")")
		return mustAsk(t, s, `SELECT summary['psyberg.process-name'], summary['psyberg.session-id'], summary['psyberg.valid-to']
			FROM iceberg_snapshots('ns.t') WHERE summary['psyberg.session-id'] = '`+id+`'`)
	}
	check := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("summary: %s, want %s", got, want)
		}
	}
	const until = "|2024-01-01T04:00:00Z"
	s := open()
	mustAsk(t, s, "CREATE TABLE ns.t (id BIGINT) USING iceberg")
	mustAsk(t, s, "CREATE TABLE ns.src (id BIGINT, event_ts TIMESTAMPTZ) USING iceberg")
	mustAsk(t, s, "COPY (SELECT 1 AS id, TIMESTAMPTZ '2024-01-01 01:00:00+00' AS event_ts) TO 'ns.src' (FORMAT iceberg)")
	check(stage(s, "unknown", "WAP_ID 'unknown'"), "<nil>|unknown|<nil>") // nothing is recorded of it
	begin(s, "p", "s1", "other")
	check(stage(s, "s1", "WAP_ID 's1'"), "p|s1"+until) // in init's own process
	check(stage(open(), "s1b", "WAP_ID 's1b'"), "<nil>|s1b|<nil>")

	begin(s, "p", "s2", "other")
	s = open()
	mustAsk(t, s, "SELECT count(*) FROM psyberg_iterations('ns.src|event_ts', process_name := 'p', session_id := 's2', session_table := 'ops.other')")
	check(stage(s, "s2", "WAP_BRANCH 'psyberg_s2', STEP 'a'"), "p|s2"+until) // in a load that has read its session

	begin(s, "q", "s3", "psyberg_session_f")
	mustAsk(t, s, "CREATE TABLE web.session_stats (id BIGINT) USING iceberg")
	mustAsk(t, s, "CREATE TABLE web.user_sessions (process_name VARCHAR, session_id VARCHAR) USING iceberg PARTITIONED BY (process_name)")
	mustAsk(t, s, "COPY (SELECT 'x' AS process_name, 's3' AS session_id) TO 'web.user_sessions' (FORMAT iceberg)")
	check(stage(open(), "s3", "WAP_ID 's3'"), "q|s3"+until) // by the usual name of the session table

	begin(s, "q", "s4", "other")
	begin(s, "r", "s4", "other")
	check(stage(s, "s4", "WAP_ID 's4'"), "<nil>|s4|<nil>") // two processes have the id
	begin(s, "r", "s5", "other")
	begin(s, "q", "s5", "other")
	begin(s, "q", "s6", "other") // q's s5 is superseded
	check(stage(s, "s5", "WAP_ID 's5'"), "r|s5"+until)
	check(stage(s, "s6", "WAP_ID 's6', PROCESS_NAME 'mine', VALID_TO '2024-01-01T03:00:00Z'"), "mine|s6|2024-01-01T03:00:00Z")
}
