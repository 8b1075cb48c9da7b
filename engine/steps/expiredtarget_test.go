package steps_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apache/iceberg-go/table"

	"psyberg/engine/catalog"
)

// TestX2_TargetExpiredMeanwhile: a publish was killed, and before anybody came
// back somebody appended to the target and expired all snapshots but the last.
// Whether the rows are there the metadata files of before tell, and nobody is
// asked. Where the table keeps none of them it cannot be told any more, unless
// the oldest snapshot that is left names the published one as its parent. In
// doubt every command of the process stops, with words for both answers, and
// either of them ends in every row being there once.
func TestX2_TargetExpiredMeanwhile(t *testing.T) {
	t.Parallel()
	cases := 0
	for _, log := range []bool{true, false} {
		t.Run(fmt.Sprintf("log %v, what is staged is left", log), func(t *testing.T) { t.Parallel(); targetExpired(t, log, false, 1, false, true) })
		cases++
		for _, moved := range []bool{false, true} {
			for _, appended := range []int{1, 2} { // 1: the child of what was moved is left
				for _, replayed := range []bool{false, true} {
					if appended == 2 && (replayed || !moved) {
						continue // as with one: nothing that is left names what was moved
					}
					t.Run(fmt.Sprintf("log %v, moved %v, %d appended, replayed %v", log, moved, appended, replayed), func(t *testing.T) {
						t.Parallel()
						targetExpired(t, log, moved, appended, replayed, false)
					})
					cases++
				}
			}
		}
	}
	t.Logf("%d cases", cases)
}

// TestX_PublisherSleeps: a process sleeps after it has recorded its intent;
// another finishes the session, and all that shows it expires. The one that
// wakes up must not publish again (P6; the variant "own" of protocol.py): it
// finds it done, in the session's row or in the target's older metadata.
func TestX_PublisherSleeps(t *testing.T) {
	t.Parallel()
	for _, log := range []bool{true, false} {
		for _, finished := range []bool{true, false} {
			t.Run(fmt.Sprintf("log %v, the other commits %v", log, finished), func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				a, b := newEnv(t, dir), newEnv(t, dir)
				a.setup()
				if !log {
					a.forgetful("facts.a")
				}
				a.mustCommand("init", "p", "s1", "src_tables", "raw.a", "etl_pattern_id", "1")
				a.must(`COPY (SELECT unnest([1, 2]) AS id) TO 'facts.a' (FORMAT iceberg, WAP_ID 's1')`)
				b.add(100) // so that it is replayed
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
						b.add(101 + id)
					}
					b.keepOne("facts.a")
					b.add(103) // the newest version but one is the expired one
					return nil
				})
				_, err := a.command("publish", "p", "s1", "target", "facts.a")
				if (finished || log) && err != nil {
					t.Errorf("it was done before: %v", err)
				}
				if !finished && !log && (err == nil || !strings.Contains(err.Error(), "[PSY_PUBLISH_REFUSED]") || !strings.Contains(err.Error(), "have expired")) {
					t.Errorf("published again: %v", err)
				}
				a.want("rows", a.facts(), "0 1 2 100 101 102 103")
			})
		}
	}
}

// stagedEnv is one in which a session has staged 1 and 2; without log the target
// keeps no metadata file of before.
func stagedEnv(t *testing.T, dir string, log bool) *env {
	t.Helper()
	e := newEnv(t, dir)
	e.setup()
	if !log {
		e.forgetful("facts.a")
	}
	e.mustCommand("init", "p", "s1", "src_tables", "raw.a", "etl_pattern_id", "1")
	e.must(`COPY (SELECT unnest([1, 2]) AS id) TO 'facts.a' (FORMAT iceberg, WAP_ID 's1')`)
	return e
}

// TestP6_OthersExpireBeforeTheIntent: between a publisher's look at the target
// and its intent, which can take seconds where many record theirs in one table,
// others append to the target and expire more than the snapshots that are kept.
// It publishes, once, and nobody is asked. Where the table keeps no metadata file
// of before, it is in doubt.
func TestP6_OthersExpireBeforeTheIntent(t *testing.T) {
	t.Parallel()
	for _, log := range []bool{true, false} {
		t.Run(fmt.Sprint("log ", log), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			a, b := stagedEnv(t, dir, log), newEnv(t, dir)
			a.steps.SetHook(func(step string) error {
				if step != "record intent" {
					return nil
				}
				a.steps.SetHook(nil)
				for id := range 5 {
					b.add(100 + id)
					if id > 1 {
						b.keepOne("facts.a") // each version retains one or two
					}
				}
				return nil
			})
			_, err := a.command("publish", "p", "s1", "target", "facts.a")
			if !log {
				if err == nil || !strings.Contains(err.Error(), "[PSY_PUBLISH_REFUSED]") || !strings.Contains(err.Error(), "have expired") {
					t.Errorf("it cannot know: %v", err)
				}
				a.want("rows", a.facts(), "0 100 101 102 103 104")
				return
			}
			if err != nil {
				t.Error(err)
			}
			a.want("published", a.statuses("p"), "s0 COMMITTED, s1 PUBLISHED")
			a.mustCommand("commit", "p", "s1")
			a.want("rows", a.facts(), "0 1 2 100 101 102 103 104")
		})
	}
}

// TestP6_AnotherHandsPublishExpires: somebody has moved what was staged with
// another tool, the publisher sees it, and before it has recorded its intent that
// expires. It must not take what it saw for a target that had not moved.
func TestP6_AnotherHandsPublishExpires(t *testing.T) {
	t.Parallel()
	for _, log := range []bool{true, false} {
		t.Run(fmt.Sprint("log ", log), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			a, b := stagedEnv(t, dir, log), newEnv(t, dir)
			pre, err := b.cat.Preflight(b.ctx, "facts.a", "s1")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.cat.Publish(b.ctx, "facts.a", catalog.PublishRequest{ID: "s1", Staged: *pre.Staged, Verdict: catalog.Verdict{Kind: catalog.AuditsNotAsked}}); err != nil {
				t.Fatal(err)
			}
			b.add(100) // which is the head that the publisher sees
			a.steps.SetHook(func(step string) error {
				if step == "record intent" {
					a.steps.SetHook(nil)
					b.add(101)
					b.keepOne("facts.a")
					b.add(102)
				}
				return nil
			})
			_, err = a.command("publish", "p", "s1", "target", "facts.a")
			switch {
			case log && err != nil:
				t.Error(err)
			case log:
				a.want("found", a.statuses("p"), "s0 COMMITTED, s1 PUBLISHED")
			case err == nil || !strings.Contains(err.Error(), "have expired"):
				t.Errorf("it cannot know: %v", err)
			default:
				a.want("the intent stays", a.statuses("p"), "s0 COMMITTED, s1 PUBLISHING")
			}
			a.want("rows", a.facts(), "0 1 2 100 101 102")
		})
	}
}

func targetExpired(t *testing.T, log, moved bool, appended int, replayed, stagedLeft bool) {
	e := stagedEnv(t, t.TempDir(), log)
	want := "0 1 2"
	if replayed {
		e.add(100)
		want += " 100"
	}
	e.crashAtStep(map[bool]string{false: "move target", true: "after move target"}[moved])
	if _, err := e.command("publish", "p", "s1", "target", "facts.a"); err == nil {
		t.Fatal("no crash")
	}
	e.steps.SetHook(nil)
	for i := range appended {
		e.add(101 + i)
		want += fmt.Sprint(" ", 101+i)
	}
	staged := e.must(`SELECT max(snapshot_id) FROM iceberg_snapshots('facts.a') WHERE summary['wap.id'] = 's1'`)
	if stagedLeft { // as psyql's own expiry does
		e.keepOne("facts.a")
	} else {
		e.expireSnapshots("facts.a")
	}
	e.add(103) // the newest version but one is the expired one
	want += " 103"

	certain := log || moved && appended == 1 && !replayed // its child names it
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
	if err := e.chain("s2"); moved || log && stagedLeft {
		e.want("sessions", e.statuses("p"), "s0 COMMITTED, s1 COMMITTED, s2 COMMITTED")
	} else if err != nil {
		t.Error(err)
	}
	e.want("rows", e.facts(), want)
}

// add appends a row to the target.
func (e *env) add(id int) {
	e.t.Helper()
	e.must(fmt.Sprintf(`COPY (SELECT %d AS id) TO 'facts.a' (FORMAT iceberg)`, id))
}

// keepOne leaves the last snapshot of main, and what is staged.
func (e *env) keepOne(name string) {
	e.t.Helper()
	if _, err := e.cat.Expire(e.ctx, name, 1); err != nil {
		e.t.Error(err)
	}
}

// forgetful makes a table keep no more than one metadata file of before, as
// some do that many small commits are made to.
func (e *env) forgetful(name string) {
	e.t.Helper()
	e.transaction(name, func(tx *table.Transaction) error {
		return tx.SetProperties(map[string]string{table.MetadataPreviousVersionsMaxKey: "1", table.MetadataDeleteAfterCommitEnabledKey: "true"})
	})
}

// expireSnapshots leaves the last snapshot of main, and takes what is staged
// with the others, as other engines' expire_snapshots does.
func (e *env) expireSnapshots(name string) {
	e.t.Helper()
	e.transaction(name, func(tx *table.Transaction) error {
		return tx.ExpireSnapshots(table.WithOlderThan(0), table.WithRetainLast(1), table.WithPostCommit(false))
	})
	e.want("one snapshot is left", e.must(`SELECT count(*) FROM iceberg_snapshots('`+name+`')`), "1")
}

// transaction is a commit by iceberg-go's own means.
func (e *env) transaction(name string, change func(*table.Transaction) error) {
	e.t.Helper()
	tbl, err := e.cat.OpenTable(e.ctx, name)
	if err != nil {
		e.t.Fatal(err)
	}
	tx := tbl.NewTransaction()
	if err = change(tx); err == nil {
		_, err = tx.Commit(e.ctx)
	}
	if err != nil {
		e.t.Fatal(err)
	}
}
