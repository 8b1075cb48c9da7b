package steps_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// soak is how long the tests that try at random go on; 0 is a bounded share
// (make soak sets PSYBERG_SOAK).
func soak(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("PSYBERG_SOAK")
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("PSYBERG_SOAK: %v", err)
	}
	return d
}

// whole is a pipeline of its own: source, target and Psyberg's own tables are
// made for it, so that its first session makes them too.
type whole struct{ name string }

func (w whole) setup(e *env) {
	e.must(strings.ReplaceAll(`CREATE TABLE raw.$ (id BIGINT) USING iceberg; CREATE TABLE facts.$ (id BIGINT) USING iceberg;
		COPY (SELECT 0 AS id) TO 'raw.$' (FORMAT iceberg); COPY (SELECT 1 AS id) TO 'raw.$' (FORMAT iceberg)`, "$", w.name))
}

func (w whole) session(e *env, id string) error {
	e.t.Helper()
	_, err := e.run(strings.NewReplacer("$T", w.name, "$S", id).Replace(`
		CALL psyberg_init(process_name := 'p', src_tables := 'raw.$T', psyberg_session_id := '$S', psyberg_hwm_table := 'meta.h_$T',
			psyberg_session_table := 'meta.s_$T', etl_pattern_id := 1);
		SET VARIABLE files = (SELECT list(file_path) FROM psyberg_files(NULL, session_id := '$S', session_table := 'meta.s_$T', process_name := 'p'));
		COPY (SELECT id FROM iceberg_rows('raw.$T', files := coalesce(getvariable('files'), []))) TO 'facts.$T' (FORMAT iceberg, WAP_ID '$S');
		CALL psyberg_publish('facts.$T', '$S', 'p', '$S', 'meta.s_$T');
		CALL psyberg_commit('p', '$S', 'meta.s_$T', 'meta.h_$T', target := 'facts.$T')`))
	return err
}

func (w whole) rows(e *env) string {
	return strings.ReplaceAll(e.must(`SELECT id FROM iceberg_rows('facts.`+w.name+`') ORDER BY id`), "\n", " ")
}

// onEveryStep has step asked before every read and write of the steps, and
// before everything that a commit does to catalog and files.
func (e *env) onEveryStep(step func(what string) error) {
	e.steps.SetHook(step)
	e.cat.OnStep(step)
}

// TestX_FaultAtEveryOperation: in a session that makes its tables, the k-th
// operation on catalog or files fails, or it and all after it do (the process
// is dead), for every k; then the session runs again, or a new one does, after
// more rows came. Every row is in the target once. Without make soak, a share of the ks.
func TestX_FaultAtEveryOperation(t *testing.T) {
	t.Parallel()
	e := newEnv(t, t.TempDir())
	operations := 0
	count := whole{"count"}
	count.setup(e)
	e.onEveryStep(func(string) error { operations++; return nil })
	if err := count.session(e, "s1"); err != nil {
		t.Fatal(err)
	}
	e.onEveryStep(nil)
	if operations < 40 {
		t.Errorf("a session has %d operations: the hooks are gone", operations)
	}
	ks := rand.Perm(operations)
	duration, start := soak(t), time.Now()
	if duration == 0 {
		ks = ks[:2]
	}
	cases, tried := 0, 0
	for _, k := range ks {
		if tried >= 2 && time.Since(start) > duration {
			break
		}
		tried++
		k++
		passed := 0
		for i, dies := range []bool{false, true, false, true} {
			same := i < 2
			w := whole{fmt.Sprintf("k%d_%v_%v", k, dies, same)}
			w.setup(e)
			passed = 0
			at := ""
			e.onEveryStep(func(what string) error {
				if passed++; passed == k || dies && passed > k {
					if passed == k {
						at = what
					}
					return errCrash
				}
				return nil
			})
			err := w.session(e, "s1")
			e.onEveryStep(nil)
			if passed < k {
				if err != nil {
					t.Fatal(err)
				}
				break
			}
			cases++
			what := fmt.Sprintf("operation %d (%s) dies %v, same session %v", k, at, dies, same)
			// A failed clean-up or expiry is no error of the session's.
			if err != nil && !strings.Contains(err.Error(), errCrash.Error()) {
				t.Fatalf("%s: %v", what, err)
			}
			want, next := "0 1", "s1"
			if !same {
				e.must(`COPY (SELECT 2 AS id) TO 'raw.` + w.name + `' (FORMAT iceberg)`)
				want, next = "0 1 2", "s2"
			}
			if err := w.session(e, next); err != nil {
				t.Fatalf("%s: then %s: %v", what, next, err)
			}
			e.want(what, w.rows(e), want)
			e.want(what+": sessions", e.must(`SELECT string_agg(DISTINCT status, ' ' ORDER BY status) FROM iceberg_rows('meta.s_`+w.name+`') WHERE status NOT IN ('COMMITTED', 'SUPERSEDED')`), "<nil>")
		}
	}
	t.Logf("%d cases: %d of %d operations", cases, tried, operations)
}

// pausing runs a session up to its n-th step, and on when it is told to.
type pausing struct {
	reached chan struct{} // closed at the n-th step, or at the end
	goOn    chan struct{}
	done    chan error
	at      string
}

func (e *env) pauseAt(n int, run func() error) *pausing {
	p := &pausing{reached: make(chan struct{}), goOn: make(chan struct{}), done: make(chan error, 1)}
	var once sync.Once
	steps := 0
	e.steps.SetHook(func(what string) error {
		if steps++; steps == n {
			p.at = what
			once.Do(func() { close(p.reached) })
			<-p.goOn
		}
		return nil
	})
	go func() {
		err := run()
		once.Do(func() { close(p.reached) })
		p.done <- err
	}()
	return p
}

func everyThird(pairs [][2]int, from int) (out [][2]int) {
	for i := from % 3; i < len(pairs); i += 3 {
		out = append(out, pairs[i])
	}
	return out
}

// TestX_TwoSessionsSteppedAgainstEachOther drives the model's interleavings
// through the real code: one session stops at its i-th step, another (of the
// same process, in a process of its own) runs up to its j-th, the first goes on
// to its end, then the second; for every pair. Each may lose, with words that
// say so; one more session brings in what is left: every row once.
func TestX_TwoSessionsSteppedAgainstEachOther(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b := newEnv(t, dir), newEnv(t, dir)
	steps := 0
	count := whole{"count"}
	count.setup(a)
	a.steps.SetHook(func(string) error { steps++; return nil })
	if err := count.session(a, "a"); err != nil {
		t.Fatal(err)
	}
	// By diagonals, from that of today: one of them has every step of each.
	// Without make soak, every third pair of it, by the day too.
	var pairs [][2]int
	today := int(time.Now().Unix() / 86400)
	for d := range steps {
		for i := range steps {
			pairs = append(pairs, [2]int{1 + i, 1 + (i+d+today)%steps})
		}
	}
	all := len(pairs)
	duration, start, tried := soak(t), time.Now(), 0
	least := steps
	if duration == 0 {
		pairs = everyThird(pairs[:steps], today)
		least = len(pairs)
	}
	lost := map[string]int{}
	for _, pair := range pairs {
		if tried >= least && time.Since(start) > duration {
			break
		}
		tried++
		w := whole{fmt.Sprintf("i%d_j%d", pair[0], pair[1])}
		w.setup(a)
		first := a.pauseAt(pair[0], func() error { return w.session(a, "a") })
		<-first.reached
		second := b.pauseAt(pair[1], func() error { return w.session(b, "b") })
		<-second.reached
		close(first.goOn)
		errA := <-first.done
		close(second.goOn)
		errB := <-second.done
		a.steps.SetHook(nil)
		b.steps.SetHook(nil)
		at := fmt.Sprintf("a stopped at step %d (%s), b at %d (%s)", pair[0], first.at, pair[1], second.at)
		for _, err := range []error{errA, errB} {
			if err != nil && !loses(err) {
				t.Errorf("%s: %v", at, err)
			}
			if err != nil {
				_, code, _ := strings.Cut(err.Error(), "[PSY_")
				lost[strings.SplitN(code, "]", 2)[0]]++
			}
		}
		if err := errors.Join(w.session(a, "last")); err != nil {
			t.Errorf("%s: the last: %v", at, err)
		}
		a.want(at, w.rows(a), "0 1")
		if t.Failed() {
			t.Fatalf("errors: a %v; b %v; sessions %s", errA, errB, a.must(`SELECT session_id, status FROM iceberg_rows('meta.s_`+w.name+`') ORDER BY created_at`))
		}
	}
	t.Logf("%d of %d pairs of steps; sessions that lost: %v", tried, all, lost)
	if steps < 20 {
		t.Errorf("a session has %d steps: the hooks are gone", steps)
	}
}
