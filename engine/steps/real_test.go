package steps_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"psyberg/internal/history"
	"psyberg/psyberg"
)

// TestR3_RealTables is TestR3_NothingFallsBetweenTwoRuns of package psyberg on
// real tables: histories of the same generator (package history), brought about
// by the statements and the programs that a user has, sessions run as the
// commands run them, crashes at their steps; held against the same naive model,
// after every session and in the end.
func TestR3_RealTables(t *testing.T) {
	t.Parallel()
	// TestMain has rapid try one history at a time.
	realTables(t, func(r *rapid.T, happened *happenings) {
		h := history.Draw(r, history.Config{Tables: 2, Parts: 4})
		real := newRealHistory(t, r, h, happened)
		defer real.close()
		for _, e := range h.Events {
			if e.Kind == history.Run {
				real.session(e.Run, false)
			} else {
				real.bring(e)
			}
		}
		for range 20 { // every source is complete at last; max_hours may have it take several
			if real.session(h.Last, true) == "NOTHING_TO_DO" {
				break
			}
		}
		real.check(history.BuiltOnce)
	})
}

// TestC5_RealTables is TestC5_StatelessHoldsEachRowOnce of package psyberg on
// real tables.
func TestC5_RealTables(t *testing.T) {
	t.Parallel()
	realTables(t, func(r *rapid.T, happened *happenings) {
		h := history.Draw(r, history.Config{Tables: 1, Parts: 4, AppendOnly: true})
		choice := rapid.SampledFrom([]string{"error", "skip", "added"}).Draw(r, "on_overwrite")
		real := newRealHistory(t, r, h, happened)
		defer real.close()
		for _, e := range append(h.Events, history.Event{Kind: history.Run, Run: history.Session{Crash: -1}}) {
			if e.Kind != history.Run {
				real.bring(e)
			} else if !real.load(e.Run, choice) {
				return // on_overwrite := 'error' stops for good, and says so
			}
		}
		if err := real.loads(choice).Once(real.tables[0].naive); err != nil {
			real.t.Fatalf("%v", err)
		}
	})
}

// TestMain has rapid try one history of real tables at a time: each takes
// seconds. Where one fails, rapid shrinks it for half a minute.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("rapid.checks", "1"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// realTables tries a history, or as many as PSYBERG_SOAK leaves time for, and
// says what they were about.
func realTables(t *testing.T, property func(*rapid.T, *happenings)) {
	t.Helper()
	happened := &happenings{events: map[string]int{}}
	deadline := time.Now().Add(soak(t))
	for first := true; first || time.Now().Before(deadline) && !t.Failed(); first = false {
		rapid.Check(t, func(r *rapid.T) { property(r, happened) })
	}
	t.Logf("%s", happened)
}

// happenings counts what was brought about. An event that the table was not in
// a state for (nothing staged that could be published) is no happening.
type happenings struct {
	sync.Mutex
	histories, sessions int
	events              map[string]int
	leftOut             int // nothing to compact by iceberg-go, whose plan it is
}

func (h *happenings) String() string {
	var each []string
	for _, name := range slices.Sorted(maps.Keys(h.events)) {
		each = append(each, fmt.Sprintf("%s %d", name, h.events[name]))
	}
	return fmt.Sprintf("%d cases: %d sessions; events: %s; left out: %d", h.histories, h.sessions, strings.Join(each, ", "), h.leftOut)
}

// realTB has what an env says of a history go to rapid, which shrinks it.
type realTB struct {
	testing.TB
	r *rapid.T
}

func (t realTB) Fatal(args ...any)            { t.r.Fatal(args...) }
func (t realTB) Fatalf(f string, args ...any) { t.r.Fatalf(f, args...) }
func (t realTB) Error(args ...any)            { t.r.Error(args...) }
func (t realTB) Errorf(f string, args ...any) { t.r.Errorf(f, args...) }
func (t realTB) Cleanup(f func())             { t.r.Cleanup(f) }

// realHistory is one history of real tables. Their rows lie in partitions of
// column p, which is their hour divided by four, on 2023-09-14.
type realHistory struct {
	*env
	dir      string
	tables   []*realTable
	happened *happenings
	ids      int             // row ids given
	runs     int             // sessions begun
	settled  map[string]bool // sessions whose clipped hours are counted
	excused  map[int]bool
}

func newRealHistory(t *testing.T, r *rapid.T, h history.History, happened *happenings) *realHistory {
	dir, err := os.MkdirTemp(t.TempDir(), "history")
	if err != nil {
		t.Fatal(err)
	}
	x := &realHistory{env: newEnv(realTB{t, r}, dir), dir: dir, happened: happened, settled: map[string]bool{}, excused: map[int]bool{}}
	x.must(`CREATE TABLE facts.all (id BIGINT, ts TIMESTAMPTZ) USING iceberg PARTITIONED BY (hours(ts))`)
	for _, s := range h.Sources {
		x.tables = append(x.tables, x.newTable(s))
	}
	happened.histories++
	return x
}

// close lets a long soak keep no more than one warehouse. It runs before
// rapid's clean-up closes the session, which needs no files.
func (x *realHistory) close() { _ = os.RemoveAll(x.dir) }

func (x *realHistory) naive() (out []*history.Table) {
	for _, t := range x.tables {
		out = append(out, t.naive)
	}
	return out
}

// check holds the target against the naive model.
func (x *realHistory) check(holds func([]*history.Table, history.Built) error) {
	x.t.Helper()
	target := map[int][]int{}
	for line := range strings.Lines(x.must(`SELECT hour(ts), id FROM iceberg_rows('facts.all') ORDER BY ALL`)) {
		var h, id int
		if _, err := fmt.Sscan(line, &h, &id); err != nil {
			x.t.Fatalf("%q: %v", line, err)
		}
		target[h] = append(target[h], id)
	}
	b := history.Built{ValidTo: -1, Target: func(h int) []int { return target[h] }, Excused: x.excused}
	stored, err := x.store.Watermarks(x.ctx, hwmTable, "p")
	if err != nil {
		x.t.Fatal(err)
	}
	for _, t := range x.tables {
		mark := 0
		for _, w := range stored {
			if w.Source.Table == t.name {
				mark = t.version(w.HWMSnapshot)
				if w.ValidTo != nil {
					b.ValidTo = hourOf(*w.ValidTo)
				}
			}
		}
		b.Marks = append(b.Marks, mark)
	}
	if err := holds(x.naive(), b); err != nil {
		x.t.Fatalf("%v", err)
	}
}

// firstHour is 2023-09-14, midnight.
var firstHour = psyberg.HourOf(psyberg.InstantOf(time.Date(2023, 9, 14, 0, 0, 0, 0, time.UTC)))

func hourOf(at psyberg.Instant) int { return int(psyberg.HourOf(at) - firstHour) }

func hourText(h int) string { return time.Date(2023, 9, 14, h, 0, 0, 0, time.UTC).Format(time.RFC3339) }

// numbers are the integers of a query's only column.
func (x *realHistory) numbers(query string, vars ...string) (out []int) {
	x.t.Helper()
	for _, text := range strings.Fields(x.must(query, vars...)) {
		n, err := strconv.Atoi(text)
		if err != nil {
			x.t.Fatalf("%s: %v", query, err)
		}
		out = append(out, n)
	}
	return out
}
