package steps_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"psyberg/engine/catalog"
)

var errCrash = errors.New("crash")

// crashAt makes the steps end after their k-th write, as a killed process
// would: nothing after it happens. A crash before a write is one after the
// write before; the property of the target has no step after it but the next.
func (e *env) crashAt(k int) *[]string {
	var passed []string
	e.steps.SetHook(func(step string) error {
		if !strings.HasPrefix(step, "after ") && step != "record committed" {
			return nil
		}
		passed = append(passed, step)
		if len(passed) == k {
			return errCrash
		}
		return nil
	})
	return &passed
}

// chain is a whole session of process p: raw.a to facts.a, by file.
func (e *env) chain(session string) error {
	init := []string{"src_tables", "raw.a", "etl_pattern_id", "1"}
	if _, err := e.command("init", "p", session, init...); err != nil {
		return err
	}
	_, err := e.run(`SET VARIABLE files = (SELECT list(file_path) FROM psyberg_files(NULL, session_id := $session, session_table := $table, process_name := 'p'));
		COPY (SELECT id FROM iceberg_rows('raw.a', files := coalesce(getvariable('files'), []))) TO 'facts.a' (FORMAT iceberg, WAP_ID $session)`,
		"session", session, "table", sessionTable)
	if err != nil {
		return err
	}
	if _, err := e.command("publish", "p", session, "target", "facts.a"); err != nil {
		return err
	}
	_, err = e.command("commit", "p", session, "target", "facts.a")
	return err
}

func (e *env) setup() {
	e.t.Helper()
	e.must(`CREATE TABLE raw.a (id BIGINT) USING iceberg; CREATE TABLE facts.a (id BIGINT) USING iceberg;
		COPY (SELECT 0 AS id) TO 'raw.a' (FORMAT iceberg)`)
	if err := e.chain("s0"); err != nil {
		e.t.Fatal(err)
	}
	e.must(`COPY (SELECT 1 AS id) TO 'raw.a' (FORMAT iceberg); COPY (SELECT 2 AS id) TO 'raw.a' (FORMAT iceberg)`)
}

func (e *env) facts() string {
	e.t.Helper()
	return strings.ReplaceAll(e.must(`SELECT id FROM iceberg_rows('facts.a') ORDER BY id`), "\n", " ")
}

// TestX_CrashAtEveryStep: a session that crashes after its k-th write, for
// every k, is finished by itself or by the next session: every row once.
func TestX_CrashAtEveryStep(t *testing.T) {
	t.Parallel()
	e := newEnv(t, t.TempDir())
	e.setup()
	last := 2
	land := func() {
		last++
		e.must(fmt.Sprintf(`COPY (SELECT %d AS id) TO 'raw.a' (FORMAT iceberg)`, last))
	}
	var steps int
	for k := 1; steps == 0; k++ {
		for _, other := range []bool{false, true} {
			land()
			session := fmt.Sprintf("k%d-%v", k, other)
			passed := e.crashAt(k)
			err := e.chain(session)
			e.steps.SetHook(nil)
			if len(*passed) < k {
				if err != nil {
					t.Fatal(err)
				}
				steps = len(*passed)
				break
			}
			if err == nil || !strings.Contains(err.Error(), errCrash.Error()) {
				t.Fatalf("step %d: %v", k, err)
			}
			at := fmt.Sprintf("crash at write %d (%s), then another session: %v", k, (*passed)[k-1], other)
			if other {
				land() // between the two
				session += "-next"
			}
			if err := e.chain(session); err != nil {
				t.Fatalf("%s: %v", at, err)
			}
			if got := e.facts(); got != upTo(last) {
				t.Fatalf("%s: rows %s, want %s; %s", at, got, upTo(last), e.statuses("p"))
			}
			got := e.statuses("p")
			if strings.Contains(got, "PUBLISH") || strings.Contains(got, "READY") || !strings.HasSuffix(got, session+" COMMITTED") {
				t.Fatalf("%s: %s", at, got)
			}
		}
	}
	if steps < 7 {
		t.Errorf("a session has %d writes: the hooks are gone", steps)
	}
}

// upTo is "0 1 ... n".
func upTo(n int) string {
	var out []string
	for i := range n + 1 {
		out = append(out, fmt.Sprint(i))
	}
	return strings.Join(out, " ")
}

// TestX_TwoSessionsAtOnce: two processes run sessions of one pipeline side by
// side while rows land; each session may lose, no row does, none comes twice.
func TestX_TwoSessionsAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	newEnv(t, dir).setup()
	var wg sync.WaitGroup
	for w := range 2 {
		e := newEnv(t, dir)
		wg.Go(func() {
			for i := range 3 {
				err := e.chain(fmt.Sprintf("w%d-%d", w, i))
				if err != nil && !loses(err) {
					t.Errorf("worker %d session %d: %v", w, i, err)
				}
				_, err = e.run(fmt.Sprintf(`COPY (SELECT %d AS id) TO 'raw.a' (FORMAT iceberg)`, 10+10*w+i))
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	e := newEnv(t, dir)
	if err := e.chain("last"); err != nil {
		t.Fatal(err)
	}
	e.want("rows", e.facts(), "0 1 2 10 11 12 20 21 22")
}

// loses tells what a session may meet when another one was faster.
func loses(err error) bool {
	for _, code := range []string{"[PSY_SUPERSEDED]", "[PSY_CONFLICT]", "[PSY_PUBLISH_REFUSED]"} {
		if strings.Contains(err.Error(), code) {
			return true
		}
	}
	return false
}

// TestX_RefusedPublishLeavesTheSessionReady: what is staged cannot be replayed
// after the head moved; the intent is taken back; discard, and a new load.
func TestX_RefusedPublishLeavesTheSessionReady(t *testing.T) {
	t.Parallel()
	e := newEnv(t, t.TempDir())
	e.setup()
	if _, err := e.command("init", "p", "s1", "src_tables", "raw.a", "etl_pattern_id", "1"); err != nil {
		t.Fatal(err)
	}
	stage := `COPY (SELECT id FROM iceberg_rows('raw.a')) TO 'facts.a' (FORMAT iceberg, MODE 'overwrite', WAP_ID 's1')`
	e.must(stage)
	publish := func() error { _, err := e.command("publish", "p", "s1", "target", "facts.a"); return err }
	e.crashAtStep("after record intent")
	if err := publish(); err == nil || !strings.Contains(err.Error(), errCrash.Error()) {
		t.Fatal(err)
	}
	e.steps.SetHook(nil)
	e.must(`COPY (SELECT 99 AS id) TO 'facts.a' (FORMAT iceberg)`) // a foreign writer
	if err := publish(); err == nil || !strings.Contains(err.Error(), catalog.ErrRefused.Error()) {
		t.Fatalf("replayed an overwrite: %v", err)
	}
	e.want("after the refusal", e.statuses("p"), "s0 COMMITTED, s1 READY")
	if _, err := e.command("publish", "p", "s1", "target", "raw.a"); err == nil || !strings.Contains(err.Error(), "unknown WAP ID") {
		t.Errorf("to another target, where nothing is staged: %v", err)
	}
	e.must(`CALL psyberg_discard('facts.a', 's1')`)
	e.must(stage)
	if err := publish(); err != nil {
		t.Fatal(err)
	}
	if _, err := e.command("commit", "p", "s1"); err != nil {
		t.Fatal(err)
	}
	e.want("rows", e.facts(), "0 1 2")
	if _, err := e.command("publish", "p", "s1", "target", "raw.a"); err == nil || !strings.Contains(err.Error(), `its target is "facts.a"`) {
		t.Errorf("what was published, to another target: %v", err)
	}
}

func (e *env) crashAtStep(name string) {
	e.steps.SetHook(func(step string) error {
		if step == name {
			return errCrash
		}
		return nil
	})
}

// TestX_PublishedByAnotherHand: somebody moved what was staged with another
// tool; the session finds it on the target, and goes on from there.
func TestX_PublishedByAnotherHand(t *testing.T) {
	t.Parallel()
	e := newEnv(t, t.TempDir())
	e.setup()
	e.mustCommand("init", "p", "s1", "src_tables", "raw.a", "etl_pattern_id", "1")
	e.must(`COPY (SELECT unnest([1, 2]) AS id) TO 'facts.a' (FORMAT iceberg, WAP_ID 's1')`)
	pre, err := e.cat.Preflight(e.ctx, "facts.a", "s1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.cat.Publish(e.ctx, "facts.a", catalog.PublishRequest{ID: "s1", Staged: *pre.Staged, Verdict: catalog.Verdict{Kind: catalog.AuditsNotAsked}}); err != nil {
		t.Fatal(err)
	}
	e.must(`COPY (SELECT 77 AS id) TO 'facts.a' (FORMAT iceberg)`)
	e.want("publish", e.must(`SELECT method, status, done_before FROM psyberg_publish('facts.a', 's1', 'p', 's1', '`+sessionTable+`')`), "already-published PUBLISHED true")
	e.mustCommand("commit", "p", "s1")
	e.want("rows", e.facts(), "0 1 2 77")
	e.want("sessions", e.statuses("p"), "s0 COMMITTED, s1 COMMITTED")
}
