package steps_test

import (
	"strings"
	"testing"
)

// TestX_OrderOfSteps: the reads and writes of a session come in the order that
// the model was checked with (semantics.md section 7; package psyberg,
// TestX_EveryInterleaving). Whoever changes the order changes the model first.
func TestX_OrderOfSteps(t *testing.T) {
	t.Parallel()
	e := newEnv(t, t.TempDir())
	e.setup()
	if err := e.cat.SetProperties(e.ctx, "raw.a", map[string]string{"psyberg.valid-to": "2023-09-14T06:00:00Z"}); err != nil {
		t.Fatal(err)
	}
	var passed []string
	e.steps.SetHook(func(step string) error {
		if !strings.HasPrefix(step, "after ") {
			passed = append(passed, step)
		}
		return nil
	})
	if err := e.chain("s1"); err != nil {
		t.Fatal(err)
	}
	e.want("a session", strings.Join(passed, ", "),
		"read sessions, read watermarks, pin heads, create tables, insert session, "+ // X1
			"read sessions, preflight, verdict, record intent, move target, record published, "+ // X3, X4
			"read sessions, move watermarks, set valid-to, record committed") // X5
	// One that is left half published is finished before anything is looked at (X2).
	e.must(`COPY (SELECT 3 AS id) TO 'raw.a' (FORMAT iceberg)`)
	e.mustCommand("init", "p", "s2", "src_tables", "raw.a", "etl_pattern_id", "1")
	e.must(`COPY (SELECT 3 AS id) TO 'facts.a' (FORMAT iceberg, WAP_ID 's2')`)
	e.crashAtStep("move target")
	if _, err := e.command("publish", "p", "s2", "target", "facts.a"); err == nil {
		t.Fatal("no crash")
	}
	passed = nil
	e.steps.SetHook(func(step string) error {
		if !strings.HasPrefix(step, "after ") {
			passed = append(passed, step)
		}
		return nil
	})
	e.mustCommand("init", "p", "s3", "src_tables", "raw.a", "etl_pattern_id", "1")
	e.want("init after a crash", strings.Join(passed, ", "),
		"read sessions, move target, record published, read sessions, read sessions, move watermarks, set valid-to, record committed, "+
			"read sessions, read watermarks, pin heads, create tables, insert session")
	// Nothing to publish: the intent is recorded all the same (X6).
	passed = nil
	e.mustCommand("commit", "p", "s3")
	e.want("a commit of nothing", strings.Join(passed, ", "), "read sessions, record commit intent, read sessions, move watermarks, record committed")
}
