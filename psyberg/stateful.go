package psyberg

import (
	"fmt"
	"strings"
	"time"
)

// LoadType says which hours of the range a stateful process loads.
type LoadType string

// The load types.
const (
	LoadRange   LoadType = "range"   // the default: every hour, in order
	LoadChanged LoadType = "changed" // hours that changed files cover, and those from valid_to on
)

// SourceChange is one source of a stateful session.
type SourceChange struct {
	Source  SourceName
	Window  *Window
	Changes *ChangeSet
	VTTS    VTTS
	// Earliest is the source's earliest live event time, needed where
	// Window.Recovered: what the gap removed can no longer be seen. nil where
	// nothing is live.
	Earliest *Instant
}

// RangeOptions are the arguments of a stateful session.
type RangeOptions struct {
	ValidTo      *Instant      // as stored; nil on a first run
	Threshold    time.Duration // catchup_threshold, valid where HasThreshold
	HasThreshold bool
	Clip         bool // on_threshold := 'clip'
	LoadType     LoadType
	MaxHours     int // 0: no limit
}

// RangePlan is what a stateful session loads.
type RangePlan struct {
	Status      Status    // READY, NOTHING_TO_DO or BASELINE
	Range       HourRange // [lower, upper]; empty unless READY
	Hours       HourSet   // what is loaded: Range, or its part that load_type 'changed' leaves
	Clipped     HourSet   // changed hours beyond the threshold, left out
	NextValidTo *Instant  // what commit records; nil leaves it
	Upper       Hour      // least last complete hour over all sources
	LimitedBy   SourceName
	changed     []HourSet // by source, clipped
	sources     []SourceName
	validTo     *Instant
}

// PlanRange computes the hours of a stateful session (R1 to R6).
func PlanRange(sources []SourceChange, opt RangeOptions) (*RangePlan, error) {
	if len(sources) == 0 {
		return nil, fmt.Errorf("plan range: no sources")
	}
	if opt.MaxHours < 0 {
		return nil, fmt.Errorf("plan range: max_hours is %d, it must be positive", opt.MaxHours)
	}
	p := &RangePlan{validTo: opt.ValidTo, LimitedBy: sources[0].Source, Upper: sources[0].VTTS.LastCompleteHour()}
	baseline := true
	for _, s := range sources {
		if h := s.VTTS.LastCompleteHour(); h < p.Upper {
			p.Upper, p.LimitedBy = h, s.Source
		}
		baseline = baseline && s.Window.Baseline
		p.sources = append(p.sources, s.Source)
		p.changed = append(p.changed, s.hours())
	}
	if baseline && opt.ValidTo == nil {
		p.Status, p.NextValidTo = StatusBaseline, instantPtr(p.Upper.End())
		return p, nil
	}
	if err := p.threshold(opt); err != nil {
		return nil, err
	}
	lower, ok := p.lower()
	if !ok || lower > p.Upper {
		p.Status = StatusNothingToDo
		return p, nil
	}
	if opt.MaxHours > 0 {
		p.Upper = min(p.Upper, lower+Hour(opt.MaxHours)-1)
	}
	p.Status = StatusReady
	p.Range = HourRange{lower, p.Upper + 1}
	p.NextValidTo = instantPtr(p.Upper.End())
	p.Hours = NewHourSet(p.Range)
	if opt.LoadType == LoadChanged {
		p.Hours = p.changedHours().Within(p.Range)
	}
	return p, nil
}

// hours are the hours of s that changed: all from its earliest live one on
// where a gap hides what was removed.
func (s SourceChange) hours() HourSet {
	var set HourSet
	if s.Changes != nil {
		set = s.Changes.Hours
	}
	if s.Window.Recovered && s.Earliest != nil {
		from := HourOf(*s.Earliest)
		set = set.Union(NewHourSet(HourRange{from, max(from, s.VTTS.LastCompleteHour()) + 1}))
	}
	return set
}

// threshold refuses or clips changed hours older than valid_to minus the
// threshold. An hour that was never processed is never clipped (R2).
func (p *RangePlan) threshold(opt RangeOptions) error {
	if !opt.HasThreshold || opt.ValidTo == nil {
		return nil
	}
	oldest := Instant(int64(*opt.ValidTo) - opt.Threshold.Microseconds())
	first := HourOf(oldest)
	if first.Start() < oldest {
		first++
	}
	first = min(first, HourOf(*opt.ValidTo))
	var late []string
	for i, set := range p.changed {
		from, ok := set.First()
		if !ok || from >= first {
			continue
		}
		old := set.Within(HourRange{from, first})
		late = append(late, fmt.Sprintf("%q: %s", p.sources[i], old))
		p.Clipped = p.Clipped.Union(old)
		p.changed[i] = set.Within(HourRange{first, set[len(set)-1].To})
	}
	if len(late) == 0 || opt.Clip {
		return nil
	}
	return &Error{Code: CodeCatchupThreshold, Op: "plan range",
		Cause: fmt.Sprintf("changed hours lie before %s, which is valid_to %s minus the catchup_threshold %s: %s",
			first.Start(), *opt.ValidTo, opt.Threshold, strings.Join(late, "; ")),
		Advice: "raise catchup_threshold to load them, or pass on_threshold := 'clip' to leave them out"}
}

func (p *RangePlan) lower() (Hour, bool) {
	var low Hour
	found := false
	if p.validTo != nil {
		low, found = HourOf(*p.validTo), true
	}
	for _, set := range p.changed {
		if h, ok := set.First(); ok && (!found || h < low) {
			low, found = h, true
		}
	}
	return low, found
}

// changedHours are the hours that changed files cover, and those from
// valid_to on, which were never processed.
func (p *RangePlan) changedHours() HourSet {
	var all HourSet
	for _, set := range p.changed {
		all = all.Union(set)
	}
	if p.validTo != nil {
		all = all.Union(NewHourSet(HourRange{HourOf(*p.validTo), p.Upper + 1}))
	} else {
		all = NewHourSet(p.Range) // a first run: no hour was ever processed
	}
	return all
}

// Iteration is one hour of a session, in order.
type Iteration struct {
	N       int // from 1
	Hour    Hour
	Sources []SourceName // whose changes cover the hour
	Late    bool         // the hour lies before what the process had covered
}

// Iterations returns the hours to load, in order, one each.
func (p *RangePlan) Iterations() []Iteration {
	var out []Iteration
	for i, h := range p.Hours.Hours() {
		it := Iteration{N: i + 1, Hour: h, Late: p.validTo != nil && h.Start() < *p.validTo}
		for j, set := range p.changed {
			if set.Has(h) {
				it.Sources = append(it.Sources, p.sources[j])
			}
		}
		out = append(out, it)
	}
	return out
}

// ChangedHours returns the hours that source i of PlanRange's changed, without
// those that the threshold has clipped.
func (p *RangePlan) ChangedHours(i int) HourSet { return p.changed[i] }

// Late is one partition of a source that changed behind what the process had
// covered.
type Late struct {
	Source    SourceName
	Partition Partition
	Events    TimeRange
	CoveredTo Instant
	Lateness  time.Duration // CoveredTo minus the least event time
	Files     int64
	Records   int64
}

// LateChanges lists what came late: by partition, the changed files whose
// least event time lies before coveredTo. A change set without files (level
// SUMMARY has no event times) has none.
func LateChanges(c *ChangeSet, coveredTo *Instant) []Late {
	if coveredTo == nil {
		return nil
	}
	var out []Late
	place := map[partitionID]int{}
	for _, f := range c.Files {
		if f.Times == nil || f.Times.Min >= *coveredTo {
			continue
		}
		i, ok := place[f.Partition.id()]
		if !ok {
			i = len(out)
			place[f.Partition.id()] = i
			out = append(out, Late{Source: c.Source, Partition: f.Partition, Events: *f.Times, CoveredTo: *coveredTo})
		}
		l := &out[i]
		l.Events = *cover(&l.Events, f.Times)
		l.Files++
		l.Records += f.Records
	}
	for i := range out {
		out[i].Lateness = out[i].CoveredTo.Time().Sub(out[i].Events.Min.Time())
	}
	return out
}

func instantPtr(i Instant) *Instant { return &i }
