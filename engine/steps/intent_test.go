package steps_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestX2_IntentIsFinished: a publish that was killed anywhere, or a commit that
// never ran, is finished by the next init of the process, which says so: where
// the target's head is still the staged snapshot's parent (fast-forward), where
// somebody published there in between (replay), and where that came after the
// session's own move.
func TestX2_IntentIsFinished(t *testing.T) {
	t.Parallel()
	e := newEnv(t, t.TempDir())
	e.setup()
	last, foreign := 2, 0
	want := map[string]bool{"0": true}
	for _, where := range []string{"after record intent", "after move target", "after record published", "no commit", "after move watermarks"} {
		for _, other := range []string{"", "before", "after"} {
			if other != "" && where != "after record intent" && (where != "after move target" || other == "before") {
				continue // the target is as far as it was at another step
			}
			last++
			id := strings.ReplaceAll(where, " ", "_") + "-" + other
			at := "killed at " + where + ", another publish " + other
			e.must(fmt.Sprintf(`COPY (SELECT %d AS id) TO 'raw.a' (FORMAT iceberg)`, last))
			e.mustCommand("init", "p", id, "src_tables", "raw.a", "etl_pattern_id", "1")
			e.must(`SET VARIABLE files = (SELECT list(file_path) FROM psyberg_files(NULL, session_id := $session, session_table := $table, process_name := 'p'));
				COPY (SELECT id FROM iceberg_rows('raw.a', files := getvariable('files'))) TO 'facts.a' (FORMAT iceberg, WAP_ID $session)`, "session", id, "table", sessionTable)
			publishByAnother := func() {
				foreign++
				want[fmt.Sprint(1000+foreign)] = true
				e.must(fmt.Sprintf(`COPY (SELECT %d AS id) TO 'facts.a' (FORMAT iceberg)`, 1000+foreign))
			}
			if other == "before" { // the staged snapshot's parent is no longer the head
				publishByAnother()
			}
			e.crashAtStep(where)
			_, err := e.command("publish", "p", id, "target", "facts.a")
			if err == nil && where != "no commit" {
				_, err = e.command("commit", "p", id)
			}
			if where != "no commit" && (err == nil || !strings.Contains(err.Error(), errCrash.Error())) {
				t.Fatalf("%s: %v", at, err)
			}
			e.steps.SetHook(nil)
			if other == "after" {
				publishByAnother()
			}
			e.log.Reset()
			e.mustCommand("init", "p", id+"-next", "src_tables", "raw.a", "etl_pattern_id", "1")
			if log := e.log.String(); !strings.Contains(log, id) || !strings.Contains(log, "first") {
				t.Errorf("%s: init does not say that it finished %s: %s", at, id, log)
			}
			e.want(at, e.must(`SELECT DISTINCT status, published_snapshot_id IS NOT NULL FROM psyberg_session('p', $id, $table)`, "id", id, "table", sessionTable), "COMMITTED true")
			e.want(at+": the next", e.must(`SELECT DISTINCT status FROM psyberg_session('p', $id, $table)`, "id", id+"-next", "table", sessionTable), "NOTHING_TO_DO")
			want[fmt.Sprint(last)] = true
		}
	}
	for _, n := range []string{"1", "2"} {
		want[n] = true
	}
	got := e.must(`SELECT id FROM iceberg_rows('facts.a')`)
	for id := range strings.SplitSeq(got, "\n") {
		if !want[id] {
			t.Errorf("row %s is there twice, or should not be", id)
		}
		delete(want, id)
	}
	if len(want) > 0 {
		t.Errorf("rows are missing: %v", want)
	}
}

// TestX2_TargetDropped: a session was left PUBLISHING and its target dropped.
// Nobody can tell whether the rows are in a table of another name, so every
// init stops, with words that help; a person gives the session up, and its rows
// are found again.
func TestX2_TargetDropped(t *testing.T) {
	t.Parallel()
	e := newEnv(t, t.TempDir())
	e.setup()
	e.mustCommand("init", "p", "s1", "src_tables", "raw.a", "etl_pattern_id", "1")
	e.must(`COPY (SELECT unnest([1, 2]) AS id) TO 'facts.a' (FORMAT iceberg, WAP_ID 's1')`)
	e.crashAtStep("move target")
	if _, err := e.command("publish", "p", "s1", "target", "facts.a"); err == nil {
		t.Fatal("no crash")
	}
	e.steps.SetHook(nil)
	e.must(`DROP TABLE facts.a USING iceberg`)
	call := `CALL psyberg_discard('facts.a', 's1', process_name := 'p', session_table := '` + sessionTable + `')`
	for _, step := range []struct {
		name, session string
		more          []string
	}{{"init", "s2", []string{"src_tables", "raw.a", "etl_pattern_id", "1"}}, {"publish", "s1", []string{"target", "facts.a"}}, {"commit", "s1", nil}} {
		_, err := e.command(step.name, "p", step.session, step.more...)
		for _, want := range []string{`session "s1"`, "facts.a", "is gone", "renamed", call} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %s", step.name, err, want)
			}
		}
	}
	e.want("nothing recorded", e.statuses("p"), "s0 COMMITTED, s1 PUBLISHING")
	if _, err := e.run(`CALL psyberg_discard('facts.a', 's1')`); err == nil {
		t.Error("a discard in a table that is not there")
	}
	if _, err := e.run(`CALL psyberg_discard('facts.a', 's1', process_name := 'q', session_table := '` + sessionTable + `')`); err == nil || !strings.Contains(err.Error(), `process "q"`) {
		t.Errorf("another's session: %v", err)
	}
	e.must(call)
	e.want("given up", e.statuses("p"), "s0 COMMITTED, s1 READY")
	e.must(call)
	e.must(`CREATE TABLE facts.a (id BIGINT) USING iceberg`)
	if err := e.chain("s2"); err != nil {
		t.Fatal(err)
	}
	e.want("rows", e.facts(), "1 2")
	e.want("sessions", e.statuses("p"), "s0 COMMITTED, s1 SUPERSEDED, s2 COMMITTED")
}

// TestValidToGoesDownTheChain: fact, dimension, report. Each reads what the one
// before says of itself (psyberg.valid-to, set at commit) and no more; late
// rows make it go back, all the way down, in order, also one hour at a time.
func TestValidToGoesDownTheChain(t *testing.T) {
	t.Parallel()
	for _, hours := range []string{"", "1"} {
		t.Run("max_hours "+hours, func(t *testing.T) {
			t.Parallel()
			c := newValidChain(t, hours)
			c.land(0, 1, 2, 3)
			c.source("2023-09-14T03:00:00Z")
			c.catchUp("2023-09-14T03:00:00Z")
			c.want("first", "0:1 1:1 2:1")
			c.land(1) // late: everything from hour 1 on is rebuilt
			first := c.run("fact", "raw.events|ts", "fact.hours")
			if hours == "1" && !strings.Contains(first, "2023-09-14T02:00:00Z") {
				t.Errorf("valid_to has not gone back: %s", first)
			}
			if hours == "1" { // a downstream step now sees the shorter reach
				if got := c.run("dim", "fact.hours|hour", "dim.hours"); !strings.Contains(got, "2023-09-14T02:00:00Z") {
					t.Errorf("dim goes further than fact: %s", got)
				}
			}
			c.catchUp("2023-09-14T03:00:00Z")
			c.want("late", "0:1 1:2 2:1")
			c.land(2, 3, 4)
			c.source("2023-09-14T05:00:00Z")
			c.catchUp("2023-09-14T05:00:00Z")
			c.want("on", "0:1 1:2 2:2 3:2 4:1")
		})
	}
}

// validChain is three processes in a row, each an hourly count of the one before.
type validChain struct {
	*env
	maxHours string
	session  int
	rows     int
}

func newValidChain(t *testing.T, maxHours string) *validChain {
	c := &validChain{env: newEnv(t, t.TempDir()), maxHours: maxHours}
	c.must(`CREATE TABLE raw.events (id BIGINT, ts TIMESTAMPTZ) USING iceberg PARTITIONED BY (hours(ts))`)
	for _, name := range []string{"fact", "dim", "report"} {
		c.must(`CREATE TABLE ` + name + `.hours (hour TIMESTAMPTZ, n BIGINT) USING iceberg PARTITIONED BY (hours(hour))`)
	}
	return c
}

func (c *validChain) land(hours ...int) {
	for _, h := range hours {
		c.rows++
		c.must(fmt.Sprintf(`COPY (SELECT %d AS id, TIMESTAMPTZ '2023-09-14 %02d:30:00+00' AS ts) TO 'raw.events' (FORMAT iceberg)`, c.rows, h))
	}
}

// source says until when the events are complete.
func (c *validChain) source(at string) {
	if err := c.cat.SetProperties(c.ctx, "raw.events", map[string]string{"psyberg.valid-to": at}); err != nil {
		c.t.Fatal(err)
	}
}

// run is one session of a process; it returns the target's property, or
// NOTHING_TO_DO.
func (c *validChain) run(process, source, target string) string {
	c.t.Helper()
	c.session++
	id := fmt.Sprintf("%s-%d", process, c.session)
	more := []string{"src_tables", source, "etl_pattern_id", "2"}
	if c.maxHours != "" {
		more = append(more, "max_hours", c.maxHours)
	}
	c.mustCommand("init", process, id, more...)
	status := c.must(`SELECT DISTINCT status FROM psyberg_session($p, $id, $table)`, "p", process, "id", id, "table", sessionTable)
	if status != "READY" {
		c.mustCommand("commit", process, id)
		return status
	}
	table, column, _ := strings.Cut(source, "|")
	count := "count(*)"
	if process != "fact" {
		count = "sum(n)"
	}
	c.must(`COPY (SELECT i.from_ts AS hour, (SELECT `+count+` FROM iceberg_rows($table) AS r WHERE r.`+column+` >= i.from_ts AND r.`+column+` < i.to_ts) AS n
		FROM psyberg_iterations(NULL, session_id := $id, session_table := $sessions) AS i) TO '`+target+`' (FORMAT iceberg, MODE 'overwrite_partitions', WAP_ID $id)`,
		"table", table, "id", id, "sessions", sessionTable)
	c.mustCommand("publish", process, id, "target", target)
	c.mustCommand("commit", process, id, "target", target)
	return c.validTo(target)
}

func (c *validChain) validTo(table string) string {
	return c.must(`SELECT value FROM iceberg_properties($t) WHERE key = 'psyberg.valid-to'`, "t", table)
}

// catchUp runs the three until none has anything to do; a process never claims
// more than the one before it.
func (c *validChain) catchUp(want string) {
	c.t.Helper()
	for range 20 {
		busy := false
		before := c.validTo("raw.events")
		for _, p := range [][3]string{{"fact", "raw.events|ts", "fact.hours"}, {"dim", "fact.hours|hour", "dim.hours"}, {"report", "dim.hours|hour", "report.hours"}} {
			at := c.run(p[0], p[1], p[2])
			busy = busy || at != "NOTHING_TO_DO"
			now := c.validTo(p[2])
			if now > before {
				c.t.Fatalf("%s is valid to %s, its source to %s", p[2], now, before)
			}
			before = now
		}
		if !busy {
			for _, table := range []string{"fact.hours", "dim.hours", "report.hours"} {
				if got := c.validTo(table); got != want {
					c.t.Errorf("%s is valid to %s, want %s", table, got, want)
				}
			}
			return
		}
	}
	c.t.Fatal("the chain never comes to rest")
}

// want compares all three tables: hour and count.
func (c *validChain) want(what, want string) {
	c.t.Helper()
	for _, table := range []string{"fact.hours", "dim.hours", "report.hours"} {
		got := c.must(`SELECT string_agg(hour(hour) || ':' || n, ' ' ORDER BY hour) FROM iceberg_rows($t)`, "t", table)
		c.env.want(what+" "+table, got, want)
	}
}
