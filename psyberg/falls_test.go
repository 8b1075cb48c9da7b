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
// table (simEvents) and of crashes, the target built session by session equals
// the target built once from everything; after every commit all that the
// recorded snapshots hold before valid_to is in the target; ranges are as the
// rules say, and no narrower than the rows need; only the window's manifests
// are read; and where summaries answer, they answer as manifests do.
func TestR3_NothingFallsBetweenTwoRuns(t *testing.T) { soak(t, 15, builtOnce) }

const simHours = 16

func builtOnce(t *rapid.T) {
	p := newSimProcess(t)
	for range rapid.IntRange(1, 40).Draw(t, "steps") {
		if rapid.IntRange(0, 3).Draw(t, "run") == 0 {
			p.session(t, rapid.Bool().Draw(t, "crash"), false)
			continue
		}
		p.tables[rapid.IntRange(0, len(p.tables)-1).Draw(t, "table")].change(t, &p.next)
	}
	for range 60 { // at last every stream is complete; max_hours may have it take several
		if p.session(t, false, true) == StatusNothingToDo {
			break
		}
	}
	for h := Hour(0); h < simHours; h++ {
		var want [][]int
		for _, s := range p.tables {
			want = append(want, s.rowsAt(s.head, h))
		}
		if got := p.target[h]; !p.excused[h] && !reflect.DeepEqual(got, want) {
			t.Fatalf("hour %d: the target has %v, built once it is %v", h, got, want)
		}
	}
}

// simProcess is a stateful process over its sources: the target has, for each
// hour, the rows of every source.
type simProcess struct {
	tables  []*simTable
	marks   []WatermarkRow
	target  map[Hour][][]int
	excused map[Hour]bool // clipped since they were last loaded: the user asked for it
	next    int           // row ids
	runs    int
}

func newSimProcess(t *rapid.T) *simProcess {
	p := &simProcess{target: map[Hour][][]int{}, excused: map[Hour]bool{}}
	for i, x := range rapid.SliceOfN(rapid.Bool(), 1, 3).Draw(t, "sources that expire") {
		p.tables = append(p.tables, newSimTable(t, fmt.Sprint("t", i), x, false))
	}
	return p
}

// session runs init, the load and commit; with crash it ends before the commit
// (what it staged is seen by nobody).
func (p *simProcess) session(t *rapid.T, crash, final bool) Status {
	p.runs++
	opt := RangeOptions{LoadType: rapid.SampledFrom([]LoadType{LoadRange, LoadChanged}).Draw(t, "load"),
		MaxHours: rapid.SampledFrom([]int{0, 0, 1, 3}).Draw(t, "max")}
	if !final && rapid.IntRange(0, 3).Draw(t, "threshold given") == 0 {
		opt.HasThreshold, opt.Threshold = true, time.Duration(rapid.IntRange(0, 6).Draw(t, "threshold"))*time.Hour
		opt.Clip = rapid.Bool().Draw(t, "clip")
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
	if crash {
		return plan.Status
	}
	for _, it := range plan.Iterations() {
		rows := make([][]int, len(p.tables))
		for i, s := range p.tables {
			rows[i] = s.rowsAt(s.head, it.Hour)
		}
		p.target[it.Hour] = rows
		delete(p.excused, it.Hour)
	}
	p.commit(t, sources, plan)
	p.check(t)
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
		for _, h := range changed.Hours() {
			if !plan.Clipped.Has(h) && (!found || h < lower) {
				lower, found = h, true
			}
		}
		for h := Hour(0); m != nil && h < simHours; h++ {
			if reflect.DeepEqual(s.rowsAt(at, h), s.rowsAt(s.head, h)) || plan.Clipped.Has(h) {
				continue
			}
			if plan.Status == StatusReady && h <= plan.Upper && !plan.Hours.Has(h) {
				t.Fatalf("the rows of hour %d of %s changed, and only %s is loaded", h, s.name, plan.Hours)
			}
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
			p.excused[h] = true
		}
	}
	var err error
	if p.marks, _, err = MoveWatermarks(rows, p.marks, 0); err != nil {
		t.Fatal(err)
	}
}

// check: all that the recorded snapshots hold before valid_to is in the target.
func (p *simProcess) check(t *rapid.T) {
	var validTo *Instant
	for _, m := range p.marks {
		if m.ValidTo != nil {
			validTo = m.ValidTo
		}
	}
	if validTo == nil {
		return
	}
	for h := Hour(0); h < min(HourOf(*validTo), simHours); h++ {
		for i, s := range p.tables {
			m := p.mark(s)
			if m == nil {
				t.Fatalf("source %s has no watermark, the process is valid to %s", s.name, *validTo)
			}
			want := s.rowsAt(*m.HWMSnapshot, h)
			if p.excused[h] || len(p.target[h]) == 0 && len(want) == 0 {
				continue
			}
			if len(p.target[h]) == 0 || !reflect.DeepEqual(p.target[h][i], want) {
				t.Fatalf("hour %d of %s before valid_to %s: the target has %v, the recorded snapshot %v", h, s.name, *validTo, p.target[h], want)
			}
		}
	}
}
