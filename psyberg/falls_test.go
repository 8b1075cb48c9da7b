package psyberg

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// TestR3_NothingFallsBetweenTwoRuns: over any schedule of appends, late rows,
// overwrites, deletes, compactions, expiries, rollbacks, idle streams and
// crashes, the target built session by session equals the target built once
// from everything; and after every commit all that the recorded snapshots hold
// before valid_to is in the target.
func TestR3_NothingFallsBetweenTwoRuns(t *testing.T) {
	for range 10 { // rapid's hundred schedules are few
		rapid.Check(t, builtOnce)
	}
}

func builtOnce(t *rapid.T) {
	p := newSimProcess(rapid.SliceOfN(rapid.Bool(), 1, 3).Draw(t, "sources that expire"))
	for range rapid.IntRange(1, 40).Draw(t, "steps") {
		if rapid.IntRange(0, 3).Draw(t, "run") == 0 {
			p.session(t, rapid.Bool().Draw(t, "crash"))
			continue
		}
		p.tables[rapid.IntRange(0, len(p.tables)-1).Draw(t, "table")].change(t, &p.next)
	}
	for _, s := range p.tables { // at last every stream is complete
		s.complete = 13
	}
	for range 40 { // max_hours may have it take several
		if p.session(t, false) == StatusNothingToDo {
			break
		}
	}
	for h := Hour(0); h < 13; h++ {
		var want [][]int
		for _, s := range p.tables {
			want = append(want, s.rowsAt(s.head, h))
		}
		if got := p.target[h]; !reflect.DeepEqual(got, want) {
			t.Fatalf("hour %d: the target has %v, built once it is %v", h, got, want)
		}
	}
}

// simProcess is a stateful process over its sources: the target has, for each
// hour, the rows of every source.
type simProcess struct {
	tables []*simTable
	marks  []WatermarkRow
	target map[Hour][][]int
	next   int // row ids
	runs   int
}

func newSimProcess(expires []bool) *simProcess {
	p := &simProcess{target: map[Hour][][]int{}}
	for i, x := range expires {
		p.tables = append(p.tables, newSimTable(fmt.Sprint("t", i), x))
	}
	return p
}

// session runs init, the load and commit; with crash it ends before the commit
// (what it staged is seen by nobody).
func (p *simProcess) session(t *rapid.T, crash bool) Status {
	p.runs++
	opt := RangeOptions{LoadType: rapid.SampledFrom([]LoadType{LoadRange, LoadChanged}).Draw(t, "load"),
		MaxHours: rapid.SampledFrom([]int{0, 0, 1, 3}).Draw(t, "max")}
	var names []SourceName
	var sources []SourceChange
	for _, s := range p.tables {
		names = append(names, SourceName{Table: s.name})
		sources = append(sources, p.discover(t, s))
	}
	opt.ValidTo = ProcessValidTo(p.marks, names)
	plan, err := PlanRange(sources, opt)
	if err != nil {
		t.Fatal(err)
	}
	if crash {
		return plan.Status
	}
	for _, it := range plan.Iterations() {
		rows := make([][]int, len(p.tables))
		for i, s := range p.tables {
			rows[i] = s.rowsAt(s.head, it.Hour)
		}
		p.target[it.Hour] = rows
	}
	p.commit(t, sources, plan)
	p.check(t)
	return plan.Status
}

func (p *simProcess) mark(s *simTable) *Watermark {
	for _, m := range p.marks {
		if m.Source.Table == s.name {
			return m.Watermark()
		}
	}
	return nil
}

// discover finds what is new in a table; what needs a decision is recovered,
// as the error advises.
func (p *simProcess) discover(t *rapid.T, s *simTable) SourceChange {
	src := SourceName{Table: s.name}
	h := NewHistory("u", 2, s.snaps)
	var opt WindowOptions
	var w *Window
	for {
		var err error
		w, err = ComputeWindow(src, h, PinOf(s.head), p.mark(s), opt)
		if err == nil {
			break
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
	c, err := BuildChanges(h, w, s.changes(w), ChangeOptions{Basis: BasisColumn})
	if err != nil {
		t.Fatal(err)
	}
	v, err := ResolveVTTS(VTTSInput{Source: src, Argument: VTTSOf(s.complete.Start()), History: h, Head: PinOf(s.head)})
	if err != nil {
		t.Fatal(err)
	}
	return SourceChange{Source: src, Window: w, Changes: c, VTTS: v, Earliest: instantPtr(Hour(0).Start())}
}

func (p *simProcess) commit(t *rapid.T, sources []SourceChange, plan *RangePlan) {
	var rows []SessionRow
	for i, s := range sources {
		r := SessionRow{Process: "p", Session: fmt.Sprint("s", p.runs), Source: s.Source, Pattern: Stateful, Verdict: s.Window.Verdict,
			EndSnapshot: idPtr(s.Window.End.ID), ChangedPartitions: int64(len(s.Changes.Partitions)), ChangedFiles: s.Changes.ChangedFiles,
			NextValidTo: plan.NextValidTo, TableUUID: "u"}
		if end, ok := NewHistory("u", 2, p.tables[i].snaps).Get(s.Window.End.ID); ok {
			r.EndSequence, r.NextHWM = &end.Sequence, &end.CommittedAt
		}
		if m := p.mark(p.tables[i]); m != nil {
			r.HWMSnapshot = &m.SnapshotID
		}
		rows = append(rows, r)
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
	for h := Hour(0); h < HourOf(*validTo); h++ {
		for i, s := range p.tables {
			m := p.mark(s)
			if m == nil {
				t.Fatalf("source %s has no watermark, the process is valid to %s", s.name, *validTo)
			}
			want := s.rowsAt(m.SnapshotID, h)
			if len(p.target[h]) == 0 && len(want) == 0 {
				continue
			}
			if len(p.target[h]) == 0 || !reflect.DeepEqual(p.target[h][i], want) {
				t.Fatalf("hour %d of %s before valid_to %s: the target has %v, the recorded snapshot %v", h, s.name, *validTo, p.target[h], want)
			}
		}
	}
}
