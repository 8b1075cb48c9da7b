package functions

import (
	"context"
	"fmt"
	"strings"

	"psyberg/functions/discover"
	"psyberg/psyberg"
)

// hourRows answers about one hour: whether it is loaded, what bounds the
// range, which changed files cover it, and what does not count.
func (q *whyQuery) hourRows(ctx context.Context, found *discover.Result) ([]whyRow, error) {
	h := *q.hour
	yes, reason := q.hourAnswer(found, h)
	out := []whyRow{{included: yes, cause: "answer", reason: reason}}
	out = append(out, q.lowerRows(found)...)
	out = append(out, q.upperRows(found)...)
	span := psyberg.TimeRange{Min: h.Start(), Max: h.End() - 1}
	for _, s := range found.Sources {
		for _, f := range s.Changes.Files {
			if overlap(f.Times, &span) {
				out = append(out, fileRow(s, f, yes))
			}
		}
		covers := func(f psyberg.File) bool {
			// Without its times a file may cover any hour: it is shown.
			return f.Content != psyberg.Data || f.Events == nil && !f.NoEvents || overlap(f.Events, &span)
		}
		others, err := q.touching(ctx, s, covers)
		if err != nil {
			return nil, err
		}
		out = append(out, others...)
		if !yes && s.Name.EventColumn != "" {
			row, err := q.processed(ctx, s, func(f psyberg.File) bool { return overlap(f.Events, &span) })
			if err != nil {
				return nil, err
			}
			out = append(out, row...)
		}
	}
	return out, nil
}

func overlap(a, b *psyberg.TimeRange) bool {
	return a != nil && b != nil && a.Min <= b.Max && b.Min <= a.Max
}

// hourAnswer says whether the hour is loaded, and why in one sentence.
func (q *whyQuery) hourAnswer(found *discover.Result, h psyberg.Hour) (bool, string) {
	p := found.Plan
	var changedBy []string
	for i, s := range found.Sources {
		if p.ChangedHours(i).Has(h) {
			changedBy = append(changedBy, s.Name.String())
		}
	}
	complete, slowest := least(found)
	switch {
	case p.Status == psyberg.StatusBaseline:
		return false, "It is not loaded: this first run starts at 'latest', so that nothing is loaded and the heads are recorded."
	case p.Hours.Has(h):
		switch {
		case len(changedBy) > 0:
			return true, fmt.Sprintf("It is loaded: files of %s that cover it changed, and it lies in the session's range %s.", strings.Join(changedBy, ", "), rangeOfHours(p.Range))
		case found.ValidTo == nil || h.Start() >= *found.ValidTo:
			return true, fmt.Sprintf("It is loaded: it was never processed, and lies in the session's range %s.", rangeOfHours(p.Range))
		}
		return true, fmt.Sprintf("It is loaded although no changed file covers it: every hour of the range %s is, since a state carries over from hour to hour.", rangeOfHours(p.Range))
	case p.Clipped.Has(h):
		text := "It is not loaded: it changed, but lies further before valid_to than catchup_threshold allows, and is clipped"
		if q.clips {
			text += "; without on_threshold := 'clip' init stops with PSY_CATCHUP_THRESHOLD"
		}
		return false, text + "."
	case h > complete && slowest != nil:
		return false, fmt.Sprintf("It is not loaded: it is not complete yet. The slowest source, %s, is valid to %s (%s), so the last complete hour is %s.",
			slowest.Name, slowest.VTTS.At, slowest.VTTS.Source, complete)
	case p.Status == psyberg.StatusNothingToDo:
		return false, "It is not loaded: " + planText(found)
	case h >= p.Range.To:
		return false, fmt.Sprintf("It is not loaded by this session, which is limited to the range %s (max_hours): it is the next one's.", rangeOfHours(p.Range))
	case h >= p.Range.From:
		return false, fmt.Sprintf("It is not loaded: it lies in the range %s, but load_type 'changed' leaves out hours that no changed file covers.", rangeOfHours(p.Range))
	}
	return false, fmt.Sprintf("It is not loaded: it lies before the range %s, since no file that changed has event times in it%s.", rangeOfHours(p.Range), processedText(found))
}

func processedText(found *discover.Result) string {
	if found.ValidTo == nil {
		return ""
	}
	return fmt.Sprintf(", and all before valid_to %s was processed before", *found.ValidTo)
}

func rangeOfHours(r psyberg.HourRange) string {
	if r.Empty() {
		return "(empty)"
	}
	return fmt.Sprintf("%s to %s", r.From, r.Last())
}

// planText says what the session does, in a sentence.
func planText(found *discover.Result) string {
	p := found.Plan
	switch p.Status {
	case psyberg.StatusReady:
		return fmt.Sprintf("%s of the range %s: this is what is loaded.", plural(int64(p.Hours.Len()), "hour"), rangeOfHours(p.Range))
	case psyberg.StatusBaseline:
		return "nothing is loaded: this first run starts at 'latest', and records the heads."
	}
	complete, slowest := least(found)
	if slowest == nil {
		return "there is nothing to do."
	}
	return fmt.Sprintf("there is nothing to do: up to the last complete hour %s (of %s) no hour has changed%s.", complete, slowest.Name, processedText(found))
}

// least returns the least last complete hour of all sources, and whose it is;
// nil where no VTTS is known.
func least(found *discover.Result) (psyberg.Hour, *discover.Source) {
	var low psyberg.Hour
	var slowest *discover.Source
	for _, s := range found.Sources {
		if h := s.VTTS.LastCompleteHour(); s.VTTS.Source != "" && (slowest == nil || h < low) {
			low, slowest = h, s
		}
	}
	return low, slowest
}

// lowerRows say what the range begins with.
func (q *whyQuery) lowerRows(found *discover.Result) []whyRow {
	p := found.Plan
	if p.Range.Empty() {
		return nil
	}
	low := p.Range.From
	row := whyRow{included: q.hour == nil || *q.hour >= low, cause: "lower bound"}
	var out []whyRow
	if found.ValidTo != nil && psyberg.HourOf(*found.ValidTo) == low {
		r := row
		r.reason = fmt.Sprintf("The range begins with hour %s, since valid_to is %s: what was never processed is processed from there on.", low, *found.ValidTo)
		out = append(out, r)
	}
	for i, s := range found.Sources {
		if first, ok := p.ChangedHours(i).First(); !ok || first != low {
			continue
		}
		r := row
		r.src = s
		r.reason = fmt.Sprintf("The range begins with hour %s, since files that came and went within the window had event times in it.", low)
		if s.Window.Recovered && s.Earliest != nil && psyberg.HourOf(*s.Earliest) == low {
			r.reason = fmt.Sprintf("The range begins with hour %s, the earliest live one: the source was recovered after a gap, and what was removed in it can no longer be seen.", low)
		}
		for _, f := range s.Changes.Files {
			if f.Times != nil && psyberg.HourOf(f.Times.Min) == low {
				named := fileRow(s, f, r.included)
				named.cause = r.cause
				named.reason = fmt.Sprintf("The range begins with hour %s, since a file has event times from %s on: it was %s.", low, f.Times.Min, changedText(s, f))
				r = named
				break
			}
		}
		out = append(out, r)
	}
	return out
}

// upperRows say until when each source is complete.
func (q *whyQuery) upperRows(found *discover.Result) []whyRow {
	complete, _ := least(found)
	var out []whyRow
	for _, s := range found.Sources {
		if s.VTTS.Source == "" {
			continue
		}
		last := s.VTTS.LastCompleteHour()
		r := whyRow{src: s, included: q.hour == nil || *q.hour <= last, cause: "upper bound"}
		r.reason = fmt.Sprintf("The source is valid to %s (%s): its last complete hour is %s.", s.VTTS.At, s.VTTS.Source, last)
		if last == complete {
			r.reason += " No source is slower: the range ends with this hour at the latest."
		}
		out = append(out, r)
	}
	return out
}

// fileRow is about one file of a change set.
func fileRow(s *discover.Source, f psyberg.FileChange, included bool) whyRow {
	r := whyRow{src: s, included: included, cause: "file", partition: &f.Partition.Path, file: f.Path, times: f.Times}
	r.snap, _ = s.History.Get(f.Snapshot)
	what := map[psyberg.Content]string{psyberg.Data: "A data file", psyberg.PositionDeletes: "A file of position deletes", psyberg.EqualityDeletes: "A file of equality deletes"}[f.Content]
	r.reason = fmt.Sprintf("%s with %s was %s.", what, plural(f.Records, "row"), changedText(s, f))
	if f.Times != nil {
		r.reason = fmt.Sprintf("%s with %s and event times from %s to %s was %s.", what, plural(f.Records, "row"), f.Times.Min, f.Times.Max, changedText(s, f))
	}
	return r
}

// changedText says how a file changed, and by which snapshot.
func changedText(s *discover.Source, f psyberg.FileChange) string {
	how := "added"
	if f.Change == psyberg.ChangeRemoved {
		how = "removed"
	}
	by := fmt.Sprintf("snapshot %d, which has expired", f.Snapshot)
	if snap, ok := s.History.Get(f.Snapshot); ok {
		by = snapshotText(snap)
	}
	for _, w := range s.Window.Withdrawn {
		if w.ID == f.Snapshot {
			return how + " by the rollback of " + by
		}
	}
	return how + " by " + by
}
