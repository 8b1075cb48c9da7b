package htmlreport

import (
	"slices"
	"time"
)

// Saving compares one session with a fixed look-back: a process without
// Psyberg, which cannot know what changed, loads every time the last LookBack
// hours before what it had covered, and the hours that are new.
type Saving struct {
	Session       *Session
	Read, Fixed   Span
	ReadHours     float64
	FixedHours    float64
	ReadBytes     int64 // of the files that these hours touch
	FixedBytes    int64
	NothingToLoad bool
}

// Savings compares every session that had something covered before, and whose
// end is known: a first run has nothing to look back to.
func (r *Report) Savings() []Saving {
	var out []Saving
	for _, s := range r.Sessions {
		end := s.end()
		if s.Covered.IsZero() || end.IsZero() || s.Status == "SUPERSEDED" {
			continue
		}
		v := Saving{Session: s, Read: s.Span(), Fixed: Span{s.Covered.Add(-r.LookBack), end}}
		v.NothingToLoad = v.Read.Empty()
		v.ReadHours, v.FixedHours = v.Read.Hours(), v.Fixed.Hours()
		v.FixedBytes = r.bytesIn(v.Fixed)
		if s.Pattern == 1 { // changed files only
			v.ReadBytes = s.Bytes
			v.ReadHours = r.hoursTouched(s)
		} else {
			v.ReadBytes = r.bytesIn(v.Read)
		}
		out = append(out, v)
	}
	return out
}

// end is until when a session covers.
func (s *Session) end() time.Time {
	end := s.Next
	if span := s.Span(); !span.Empty() && span.To.After(end) {
		end = span.To
	}
	if end.Before(s.Covered) {
		end = s.Covered
	}
	return end
}

// bytesIn are the bytes of the sources' live files that have hours of span.
func (r *Report) bytesIn(span Span) int64 {
	var n int64
	for _, src := range r.Sources {
		for _, f := range src.Hours {
			if !span.Empty() && f.Span.From.Before(span.To) && span.From.Before(f.Span.To) {
				n += f.Bytes
			}
		}
	}
	return n
}

// hoursTouched is how many hours the changed partitions of a stateless session have.
func (r *Report) hoursTouched(s *Session) float64 {
	var hours []int64
	for _, l := range r.Landings {
		if l.Session != s.ID || l.Event.From.IsZero() || l.Event.To.Sub(l.Event.From) > 366*24*time.Hour {
			continue
		}
		for h := l.Event.From.Truncate(time.Hour); !h.After(l.Event.To); h = h.Add(time.Hour) {
			hours = append(hours, h.Unix())
		}
	}
	slices.Sort(hours)
	return float64(len(slices.Compact(hours)))
}

// worstLateness is how far back the latest data lay, in whole hours.
func (r *Report) worstLateness() time.Duration {
	var worst time.Duration
	for _, s := range r.Sessions {
		if late := s.Late(); !late.Empty() {
			worst = max(worst, s.Covered.Sub(late.From))
		}
	}
	for _, l := range r.Landings {
		if l.Late && !l.Covered.IsZero() && !l.Event.From.IsZero() {
			worst = max(worst, l.Covered.Sub(l.Event.From))
		}
	}
	return (worst + time.Hour - 1).Truncate(time.Hour)
}

// Total adds savings up.
func Total(all []Saving) (t Saving) {
	for _, s := range all {
		t.ReadHours += s.ReadHours
		t.FixedHours += s.FixedHours
		t.ReadBytes += s.ReadBytes
		t.FixedBytes += s.FixedBytes
	}
	return t
}
