package steps_test

import (
	"strings"
	"testing"
)

// TestUnknownNames: a mistyped table, process or session is said, with near
// matches; nothing is made of it and nothing moved.
func TestUnknownNames(t *testing.T) {
	t.Parallel()
	e := newEnv(t, t.TempDir())
	e.setup()
	e.mustCommand("init", "load", "s1", "src_tables", "raw.a", "etl_pattern_id", "1")
	e.must(`COPY (SELECT id FROM iceberg_rows('raw.a')) TO 'facts.a' (FORMAT iceberg, WAP_ID 's1')`)
	e.mustCommand("publish", "load", "s1", "target", "facts.a")
	for _, tt := range []struct{ call, want string }{
		{`CALL psyberg_commit('load', 's1', 'meta.psyberg_session_f', 'meta.high_water_mrk')`, `did you mean "meta.high_water_mark"?`},
		{`CALL psyberg_commit('load', 's1', 'meta.psyberg_sesion_f', 'meta.high_water_mark')`, `did you mean "meta.psyberg_session_f"?`},
		{`CALL psyberg_commit('laod', 's1', 'meta.psyberg_session_f', 'meta.high_water_mark')`, `process "laod" has none in meta.psyberg_session_f; did you mean "load"?`},
		{`CALL psyberg_commit('load', 's2', 'meta.psyberg_session_f', 'meta.high_water_mark')`, `did you mean "s1"?`},
		{`CALL psyberg_publish('facts.a', 's1', 'load', 's1', 'meta.psyberg_session')`, `did you mean "meta.psyberg_session_f"?`},
		{`CALL psyberg_publish('facts.a', 's1', 'laod', 's1', 'meta.psyberg_session_f')`, `did you mean "load"?`},
	} {
		if _, err := e.run(tt.call); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.call, err, tt.want)
		}
	}
	e.want("status", e.statuses("load"), "s1 PUBLISHED")
	e.want("tables", e.must(`SELECT string_agg(table_name, ' ' ORDER BY table_name) FROM iceberg_tables(namespace := 'meta')`),
		"meta.high_water_mark meta.psyberg_session_f")
	e.mustCommand("commit", "load", "s1")
}

// TestUnstagedDelete: Spark does not stage a DELETE that drops whole files.
// Publish finds nothing staged, and says what is on the target instead.
func TestUnstagedDelete(t *testing.T) {
	t.Parallel()
	e := newEnv(t, t.TempDir())
	e.setup()
	e.mustCommand("init", "load", "s1", "src_tables", "raw.a", "etl_pattern_id", "1")
	e.must(`COPY (SELECT 1 AS id WHERE false) TO 'facts.a' (FORMAT iceberg, MODE 'overwrite', WHERE 'id >= 0', SUMMARY MAP {'spark.app.id': 'local-1'})`)
	_, err := e.command("publish", "load", "s1", "target", "facts.a")
	for _, want := range []string{"PSY_PUBLISH_REFUSED", "unknown WAP ID", "a delete by application local-1", "Spark does not stage a DELETE"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("publish: %v, want %s", err, want)
		}
	}
	e.want("status", e.statuses("load"), "s1 READY")
}
