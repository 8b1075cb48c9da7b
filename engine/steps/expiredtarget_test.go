package steps_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apache/iceberg-go/table"
)

// TestX2_TargetExpiredMeanwhile: a publish was killed, and before anybody came
// back somebody appended to the target and expired all snapshots but the last.
// Whether the rows are there cannot be told any more, unless the oldest that is
// left names the published snapshot as its parent. In doubt every command of
// the process stops, with words for both answers, and either of them ends in
// every row being there once.
func TestX2_TargetExpiredMeanwhile(t *testing.T) {
	t.Parallel()
	cases := 0
	t.Run("what is staged is left", func(t *testing.T) { t.Parallel(); targetExpired(t, false, 1, false, true) })
	for _, moved := range []bool{false, true} {
		for _, appended := range []int{1, 2} { // 1: the child of what was moved is left
			for _, replayed := range []bool{false, true} {
				if appended == 2 && (replayed || !moved) {
					continue // as with one: nothing that is left names what was moved
				}
				t.Run(fmt.Sprintf("moved %v, %d appended, replayed %v", moved, appended, replayed), func(t *testing.T) {
					t.Parallel()
					targetExpired(t, moved, appended, replayed, false)
				})
				cases++
			}
		}
	}
	t.Logf("%d cases", cases+1)
}

// TestX_PublisherSleeps: a process sleeps after it has recorded its intent;
// another finishes the session, and all that shows it expires. The one that
// wakes up must not publish again (P6; the variant "own" of protocol.py).
func TestX_PublisherSleeps(t *testing.T) {
	t.Parallel()
	for _, finished := range []bool{true, false} {
		t.Run(fmt.Sprint("the other commits ", finished), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			a, b := newEnv(t, dir), newEnv(t, dir)
			a.setup()
			a.mustCommand("init", "p", "s1", "src_tables", "raw.a", "etl_pattern_id", "1")
			a.must(`COPY (SELECT unnest([1, 2]) AS id) TO 'facts.a' (FORMAT iceberg, WAP_ID 's1')`)
			b.must(`COPY (SELECT 100 AS id) TO 'facts.a' (FORMAT iceberg)`) // so that it is replayed
			a.steps.SetHook(func(step string) error {
				if step != "move target" {
					return nil
				}
				a.steps.SetHook(nil)
				if !finished {
					b.crashAtStep("after move target")
				}
				if err := b.chain("s2"); finished == (err != nil) {
					t.Errorf("the other: %v", err)
				}
				b.steps.SetHook(nil)
				for id := range 2 {
					b.must(fmt.Sprintf(`COPY (SELECT %d AS id) TO 'facts.a' (FORMAT iceberg)`, 101+id))
				}
				if _, err := b.cat.Expire(b.ctx, "facts.a", 1); err != nil {
					t.Error(err)
				}
				return nil
			})
			_, err := a.command("publish", "p", "s1", "target", "facts.a")
			if finished && err != nil {
				t.Errorf("it was done before: %v", err)
			}
			if !finished && (err == nil || !strings.Contains(err.Error(), "[PSY_PUBLISH_REFUSED]") || !strings.Contains(err.Error(), "have expired")) {
				t.Errorf("published again: %v", err)
			}
			a.want("rows", a.facts(), "0 1 2 100 101 102")
		})
	}
}

func targetExpired(t *testing.T, moved bool, appended int, replayed, stagedLeft bool) {
	e := newEnv(t, t.TempDir())
	e.setup()
	add := func(id int) { e.must(fmt.Sprintf(`COPY (SELECT %d AS id) TO 'facts.a' (FORMAT iceberg)`, id)) }
	e.mustCommand("init", "p", "s1", "src_tables", "raw.a", "etl_pattern_id", "1")
	e.must(`COPY (SELECT unnest([1, 2]) AS id) TO 'facts.a' (FORMAT iceberg, WAP_ID 's1')`)
	want := "0 1 2"
	if replayed {
		add(100)
		want += " 100"
	}
	e.crashAtStep(map[bool]string{false: "move target", true: "after move target"}[moved])
	if _, err := e.command("publish", "p", "s1", "target", "facts.a"); err == nil {
		t.Fatal("no crash")
	}
	e.steps.SetHook(nil)
	for i := range appended {
		add(101 + i)
		want += fmt.Sprint(" ", 101+i)
	}
	staged := e.must(`SELECT max(snapshot_id) FROM iceberg_snapshots('facts.a') WHERE summary['wap.id'] = 's1'`)
	if stagedLeft { // as psyql's own expiry does
		if _, err := e.cat.Expire(e.ctx, "facts.a", 1); err != nil {
			t.Fatal(err)
		}
	} else {
		e.expireSnapshots("facts.a")
	}

	certain := moved && appended == 1 && !replayed // its child names it
	if !certain {
		for _, step := range []struct {
			name, session string
			more          []string
		}{{"init", "s2", []string{"src_tables", "raw.a", "etl_pattern_id", "1"}}, {"publish", "s1", []string{"target", "facts.a"}}, {"commit", "s1", nil}} {
			_, err := e.command(step.name, "p", step.session, step.more...)
			for _, words := range []string{"[PSY_PUBLISH_REFUSED]", `session "s1"`, "facts.a", staged, "have expired", "psyberg_discard(", "psyberg.session-id"} {
				if err == nil || !strings.Contains(err.Error(), words) {
					t.Errorf("%s: %v, want %s", step.name, err, words)
				}
			}
		}
		e.want("nothing recorded", e.statuses("p"), "s0 COMMITTED, s1 PUBLISHING")
		if moved { // the person looks, finds the rows, and says so
			e.must(`COPY (SELECT * FROM iceberg_rows('facts.a') WHERE false) TO 'facts.a' (FORMAT iceberg, SUMMARY MAP {'psyberg.session-id': 's1'})`)
		} else {
			e.must(`CALL psyberg_discard('facts.a', 's1', process_name := 'p', session_table := '` + sessionTable + `')`)
			e.want("given up", e.statuses("p"), "s0 COMMITTED, s1 READY")
		}
	}
	if err := e.chain("s2"); moved {
		e.want("sessions", e.statuses("p"), "s0 COMMITTED, s1 COMMITTED, s2 COMMITTED")
	} else if err != nil {
		t.Error(err)
	}
	e.want("rows", e.facts(), want)
}

// expireSnapshots leaves the last snapshot of main, and takes what is staged
// with the others, as other engines' expire_snapshots does.
func (e *env) expireSnapshots(name string) {
	e.t.Helper()
	tbl, err := e.cat.OpenTable(e.ctx, name)
	if err != nil {
		e.t.Fatal(err)
	}
	tx := tbl.NewTransaction()
	if err = tx.ExpireSnapshots(table.WithOlderThan(0), table.WithRetainLast(1), table.WithPostCommit(false)); err == nil {
		_, err = tx.Commit(e.ctx)
	}
	if err != nil {
		e.t.Fatal(err)
	}
	e.want("one snapshot is left", e.must(`SELECT count(*) FROM iceberg_snapshots('`+name+`')`), "1")
}
