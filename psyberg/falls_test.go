package psyberg

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"psyberg/internal/history"
)

// soak checks a property as often as the tests have time for: rounds times
// rapid's hundred cases, or as long as PSYBERG_SOAK says (make soak). It says how
// many cases it ran.
func soak(t *testing.T, rounds int, property func(*rapid.T)) {
	t.Helper()
	t.Parallel()
	var duration time.Duration
	if text := os.Getenv("PSYBERG_SOAK"); text != "" {
		var err error
		if duration, err = time.ParseDuration(text); err != nil {
			t.Fatalf("PSYBERG_SOAK: %v", err)
		}
	}
	var cases atomic.Int64
	counted := func(r *rapid.T) {
		cases.Add(1)
		property(r)
	}
	start := time.Now()
	for i := 0; i < rounds || time.Since(start) < duration; i++ {
		rapid.Check(t, counted)
		if t.Failed() {
			break
		}
	}
	t.Logf("%d cases", cases.Load())
}

// TestR3_NothingFallsBetweenTwoRuns: over any schedule of what can happen to a
// table and to a process (package history), the target built session by session
// equals the target built once from everything; after every commit all that the
// recorded snapshots hold before valid_to is in the target; ranges are as the
// rules say, and no narrower than the rows need; only the window's manifests
// are read; and where summaries answer, they answer as manifests do.
func TestR3_NothingFallsBetweenTwoRuns(t *testing.T) { soak(t, 20, builtOnce) }

func builtOnce(t *rapid.T) {
	h := history.Draw(t, history.Config{Tables: 3, Parts: 5})
	p := newSimProcess(h)
	for _, e := range h.Events {
		if e.Kind == history.Run {
			p.session(t, e.Run, false)
		} else if err := p.tables[e.Table].bring(e, &p.next); err != nil {
			t.Fatal(err)
		}
	}
	for range 60 { // at last every stream is complete; max_hours may have it take several
		if p.session(t, h.Last, true) == StatusNothingToDo {
			break
		}
	}
	if err := history.BuiltOnce(p.naive(), p.built()); err != nil {
		t.Fatal(err)
	}
}

// simProcess is a stateful process over its sources: the target has, for each
// hour, the rows of every source.
type simProcess struct {
	tables  []*simTable
	marks   []WatermarkRow
	target  map[Hour][]int
	excused map[int]bool // clipped since they were last loaded: the user asked for it
	next    int          // row ids
	runs    int
}

func newSimProcess(h history.History) *simProcess {
	p := &simProcess{target: map[Hour][]int{}, excused: map[int]bool{}}
	for _, s := range h.Sources {
		p.tables = append(p.tables, newSimTable(s))
	}
	return p
}

func (p *simProcess) naive() (out []*history.Table) {
	for _, s := range p.tables {
		out = append(out, s.naive)
	}
	return out
}

// built is what is recorded and built, for the naive model to judge.
func (p *simProcess) built() history.Built {
	b := history.Built{ValidTo: -1, Target: func(h int) []int { return p.target[Hour(h)] }, Excused: p.excused}
	for _, s := range p.tables {
		m := p.mark(s)
		if m == nil {
			b.Marks = append(b.Marks, 0)
			continue
		}
		b.Marks = append(b.Marks, s.version(*m.HWMSnapshot))
		if m.ValidTo != nil {
			b.ValidTo = int(HourOf(*m.ValidTo))
		}
	}
	return b
}

// session runs init, the load and commit; one that crashes ends before the
// commit (what it staged is seen by nobody).
func (p *simProcess) session(t *rapid.T, run history.Session, final bool) Status {
	p.runs++
	opt := RangeOptions{LoadType: LoadRange, MaxHours: run.MaxHours}
	if run.Changed {
		opt.LoadType = LoadChanged
	}
	if run.Threshold >= 0 {
		opt.HasThreshold, opt.Threshold, opt.Clip = true, time.Duration(run.Threshold)*time.Hour, run.Clip
	}
	var names []SourceName
	var sources []SourceChange
	for _, s := range p.tables {
		names = append(names, SourceName{Table: s.name})
		sources = append(sources, p.discover(t, s, final))
	}
	opt.ValidTo = ProcessValidTo(p.marks, names)
	plan, err := PlanRange(sources, opt)
	var stop *Error
	if errors.As(err, &stop) && stop.Code == CodeCatchupThreshold && opt.HasThreshold && !opt.Clip {
		return StatusSuperseded // nothing is recorded
	}
	if err != nil {
		t.Fatal(err)
	}
	p.checkRange(t, sources, opt, plan)
	if run.Crash >= 0 {
		return plan.Status
	}
	for _, it := range plan.Iterations() {
		var rows []int
		for _, s := range p.tables {
			rows = append(rows, s.naive.RowsAt(s.version(s.head), int(it.Hour))...)
		}
		slices.Sort(rows)
		p.target[it.Hour] = rows
		delete(p.excused, int(it.Hour))
	}
	p.commit(t, sources, plan)
	if err := history.Recorded(p.naive(), p.built()); err != nil {
		t.Fatal(err)
	}
	return plan.Status
}

func (p *simProcess) mark(s *simTable) *WatermarkRow {
	for i, m := range p.marks {
		if m.Source.Table == s.name {
			return &p.marks[i]
		}
	}
	return nil
}

// discover finds what is new in a table; what needs a decision is recovered,
// as the error advises.
func (p *simProcess) discover(t *rapid.T, s *simTable, final bool) SourceChange {
	src, h := SourceName{Table: s.name}, s.history()
	var mark *Watermark
	var maxEvent *Instant
	if m := p.mark(s); m != nil {
		mark, maxEvent = m.Watermark(), m.MaxEventTS
	}
	w := simWindow(t, src, h, s.head, mark, WindowOptions{})
	entries, read, own := s.entries(w)
	if read > own {
		t.Fatalf("%d manifests were read, the window has %d", read, own)
	}
	c, err := BuildChanges(h, w, append(entries, s.withdrawnEntries(w)...), ChangeOptions{Basis: BasisColumn, OnMissing: MissingPartition})
	if err != nil {
		t.Fatal(err)
	}
	levelsAgree(t, s, h, w, entries)
	if c.Events != nil && (maxEvent == nil || c.Events.Max > *maxEvent) {
		maxEvent = &c.Events.Max
	}
	v, err := s.vtts(maxEvent, final)
	if err != nil {
		t.Fatal(err)
	}
	return SourceChange{Source: src, Window: w, Changes: c, VTTS: v, Earliest: instantPtr(Hour(0).Start())}
}

func simWindow(t *rapid.T, src SourceName, h *History, head SnapshotID, mark *Watermark, opt WindowOptions) *Window {
	for {
		w, err := ComputeWindow(src, h, PinOf(head), mark, opt)
		if err == nil {
			return w
		}
		e := (*Error)(nil)
		switch {
		case errors.As(err, &e) && e.Code == CodeExpiredGap && !opt.RecoverGap:
			opt.RecoverGap = true
		case errors.As(err, &e) && e.Code == CodeRolledBack && !opt.RecoverRollback:
			opt.RecoverRollback = true
		default:
			t.Fatal(err)
		}
	}
}

// levelsAgree: where summaries answer, manifests give the same answer (C2).
func levelsAgree(t *rapid.T, s *simTable, h *History, w *Window, entries []Entry) {
	cheap, ok := SummarizeChanges(h, w, s.resolve)
	if !ok {
		return
	}
	full, err := BuildChanges(h, w, entries, ChangeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(cheap.Partitions, full.Partitions) || cheap.ChangedFiles != full.ChangedFiles || cheap.ChangedRecords != full.ChangedRecords {
		t.Fatalf("summaries of %s say %+v, manifests %+v", s.name, cheap, full)
	}
}

// checkRange holds the plan against the rules, worked out from the files of
// the model's own memory, and against the rows.
func (p *simProcess) checkRange(t *rapid.T, sources []SourceChange, opt RangeOptions, plan *RangePlan) {
	var lower Hour
	found := false
	upper := Hour(1 << 30)
	var all HourSet
	if opt.ValidTo != nil {
		lower, found = HourOf(*opt.ValidTo), true
	}
	for i, s := range p.tables {
		upper = min(upper, sources[i].VTTS.LastCompleteHour())
		m := p.mark(s)
		var at SnapshotID
		if m != nil {
			at = *m.HWMSnapshot
		}
		changed := s.changedHours(at, m != nil)
		if sources[i].Window.Recovered { // every hour from the earliest live one: the anchor's
			changed = changed.Union(NewHourSet(HourRange{0, max(0, sources[i].VTTS.LastCompleteHour()) + 1}))
		}
		all = all.Union(changed)
		for _, h := range changed.Hours() {
			if !plan.Clipped.Has(h) && (!found || h < lower) {
				lower, found = h, true
			}
		}
	}
	if plan.Status == StatusReady {
		err := history.Needed(p.naive(), p.built().Marks, int(plan.Upper), func(h int) bool { return plan.Hours.Has(Hour(h)) },
			func(h int) bool { return plan.Clipped.Has(Hour(h)) })
		if err != nil {
			t.Fatalf("%v; the plan is %s", err, plan.Hours)
		}
	}
	for _, h := range plan.Clipped.Hours() {
		if !opt.Clip || opt.ValidTo == nil || h.Start() >= *opt.ValidTo-Instant(opt.Threshold.Microseconds()) {
			t.Fatalf("hour %d is clipped by a threshold of %s before %v", h, opt.Threshold, opt.ValidTo)
		}
	}
	switch {
	case !found || lower > upper:
		if plan.Status != StatusNothingToDo {
			t.Fatalf("from %d to %d there is nothing to do, the plan is %s %v", lower, upper, plan.Status, plan.Range)
		}
		return
	case opt.MaxHours > 0:
		upper = min(upper, lower+Hour(opt.MaxHours)-1)
	}
	if plan.Status != StatusReady || plan.Range != (HourRange{lower, upper + 1}) {
		t.Fatalf("the rules say hours %d to %d, the plan is %s %v", lower, upper, plan.Status, plan.Range)
	}
	for h := lower; h <= upper; h++ { // all of them, or what changed and what was never processed
		fresh := opt.ValidTo == nil || h >= HourOf(*opt.ValidTo)
		if loads := fresh || opt.LoadType == LoadRange || all.Has(h) && !plan.Clipped.Has(h); loads != plan.Hours.Has(h) {
			t.Fatalf("hours %s changed, hour %d is loaded %v, want %v", all, h, plan.Hours.Has(h), loads)
		}
	}
}

func (p *simProcess) commit(t *rapid.T, sources []SourceChange, plan *RangePlan) {
	var rows []SessionRow
	for i, s := range sources {
		r := SessionRow{Process: "p", Session: fmt.Sprint("s", p.runs), Source: s.Source, Pattern: Stateful, Verdict: s.Window.Verdict,
			EndSnapshot: idPtr(s.Window.End.ID), ChangedPartitions: int64(len(s.Changes.Partitions)), ChangedFiles: s.Changes.ChangedFiles,
			NextValidTo: plan.NextValidTo, TableUUID: "u"}
		if s.Changes.Events != nil {
			r.MaxEventTS = &s.Changes.Events.Max
		}
		if end, ok := p.tables[i].history().Get(s.Window.End.ID); ok {
			r.EndSequence, r.NextHWM = &end.Sequence, &end.CommittedAt
		}
		if m := p.mark(p.tables[i]); m != nil {
			r.HWMSnapshot = m.HWMSnapshot
			if m.MaxEventTS != nil && (r.MaxEventTS == nil || *m.MaxEventTS > *r.MaxEventTS) {
				r.MaxEventTS = m.MaxEventTS
			}
		}
		rows = append(rows, r)
	}
	moved := !slices.ContainsFunc(rows, SessionRow.WatermarkStays)
	if moved {
		for _, h := range plan.Clipped.Hours() {
			p.excused[int(h)] = true
		}
	}
	var err error
	if p.marks, _, err = MoveWatermarks(rows, p.marks, 0); err != nil {
		t.Fatal(err)
	}
}
