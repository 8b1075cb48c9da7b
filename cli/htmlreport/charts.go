package htmlreport

import (
	"fmt"
	"strings"
	"time"

	"psyberg/cli/format"
)

// Sizes of the charts, in pixels of the view box.
const (
	chartWidth = 960.0
	labelWidth = 210.0
	laneHeight = 22.0
	axisHeight = 26.0
)

// box is a rectangle that says why it is there.
type box struct {
	X, Y, W, H float64
	Class      string
	Title      string
}

// lane is one line of a chart of lanes.
type lane struct {
	Y           float64
	Label, Note string
	Class       string
	Boxes       []box
}

// lanes is a chart with a line for each session.
type lanes struct {
	W, H, Left float64
	Ticks      []tick
	Lanes      []lane
}

func rect(x axis, s Span, y, h float64, class, title string) box {
	a, b := x.at(s.From), x.at(s.To)
	return box{X: a, Y: y, W: max(b-a, 3), H: h, Class: class, Title: title}
}

// timeline is the hours that each session had to load; what lay before what was
// covered stands out.
func (r *Report) timeline() lanes {
	var spans []Span
	for _, s := range r.Sessions {
		if span := s.Span(); !span.Empty() {
			spans = append(spans, span)
		}
		if !s.Covered.IsZero() {
			spans = append(spans, Span{s.Covered, s.Covered})
		}
	}
	x := newAxis(spans, labelWidth, chartWidth-24)
	c := lanes{W: chartWidth, H: axisHeight + laneHeight*float64(len(r.Sessions)) + 6, Left: labelWidth, Ticks: x.ticks(8)}
	for i, s := range r.Sessions {
		y := axisHeight + laneHeight*float64(i)
		l := lane{Y: y, Label: s.ID, Note: strings.ToLower(s.Status), Class: strings.ToLower(s.Status)}
		if span := s.Span(); !span.Empty() {
			l.Boxes = append(l.Boxes, rect(x, span, y+4, laneHeight-8, "load", s.why()))
			if late := s.Late(); !late.Empty() {
				l.Boxes = append(l.Boxes, rect(x, late, y+4, laneHeight-8, "late", fmt.Sprintf(
					"Session %s reprocesses %s (%s): data for these hours came after the process had covered them up to %s.",
					s.ID, spanText(late), hoursText(late.Hours()), stamp(s.Covered))))
			}
		}
		if !s.Covered.IsZero() {
			l.Boxes = append(l.Boxes, box{X: x.at(s.Covered) - 1, Y: y + 1, W: 2, H: laneHeight - 2, Class: "covered",
				Title: fmt.Sprintf("Before session %s the process had covered everything up to %s.", s.ID, stamp(s.Covered))})
		}
		c.Lanes = append(c.Lanes, l)
	}
	return c
}

// why is a session in words.
func (s *Session) why() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Session %s, %s, began %s. ", s.ID, s.Status, stamp(s.Began))
	if s.Pattern == 1 {
		fmt.Fprintf(&b, "Stateless: it loads %d changed partitions, with event times %s. ", s.Partitions, spanText(s.Event))
	} else {
		fmt.Fprintf(&b, "Stateful: it loads the hours %s. ", spanText(s.Load))
	}
	for _, src := range s.Sources {
		fmt.Fprintf(&b, "%s: %s, %s changed records", src.Table, src.Verdict, grouped(src.Records))
		if !src.Event.Empty() {
			fmt.Fprintf(&b, " for %s", spanText(src.Event))
		}
		b.WriteString(". ")
	}
	if s.Clipped != "" {
		fmt.Fprintf(&b, "Left out by the catch-up threshold: %s. ", s.Clipped)
	}
	if s.Target != "" {
		fmt.Fprintf(&b, "Target: %s.", s.Target)
	}
	return strings.TrimSpace(b.String())
}

// scatter is event time (up) against landing time (to the right).
type scatter struct {
	Source           string
	W, H, Left, Base float64
	X, Y             []tick
	Points           []box
	Line             string // landing = event, where the ranges meet
	Late, All        int
}

const scatterHeight = 260.0

// scatters is a chart for each source that has landings.
func (r *Report) scatters() []scatter {
	var out []scatter
	for _, src := range r.Sources {
		var landed, events []Span
		name, _, _ := strings.Cut(src.Table, "@")
		for _, l := range r.Landings {
			if l.Source == name && !l.Landed.IsZero() && !l.Event.From.IsZero() {
				landed = append(landed, Span{l.Landed, l.Landed})
				events = append(events, l.Event)
			}
		}
		if len(events) == 0 {
			continue
		}
		x := newAxis(landed, 90, chartWidth-20)
		y := newAxis(events, scatterHeight-30, 12)
		s := scatter{Source: src.Table, W: chartWidth, H: scatterHeight, Left: 84, Base: scatterHeight - 26, X: x.ticks(8), Y: y.ticks(6)}
		if x.lo.Before(y.hi) && y.lo.Before(x.hi) { // both scales have times in common
			from, to := later(x.lo, y.lo), earlier(x.hi, y.hi)
			s.Line = fmt.Sprintf("M%.1f %.1fL%.1f %.1f", x.at(from), y.at(from), x.at(to), y.at(to))
		}
		for _, l := range r.Landings {
			if l.Source != name || l.Landed.IsZero() || l.Event.From.IsZero() {
				continue
			}
			s.All++
			top, bottom := y.at(l.Event.To), y.at(l.Event.From)
			p := box{X: x.at(l.Landed) - 3, Y: top - 2, W: 6, H: max(bottom-top+4, 4), Class: "landed", Title: fmt.Sprintf(
				"%s, partition %s: %s records with event times %s to %s landed by %s; session %s took them.",
				src.Table, orEmpty(l.Partition), grouped(l.Records), stamp(l.Event.From), stamp(l.Event.To), stamp(l.Landed), l.Session)}
			if l.Late {
				s.Late++
				p.Class = "late"
				p.Title += fmt.Sprintf(" Late: the process had covered up to %s, %s after the earliest of them.", stamp(l.Covered),
					durationText(l.Covered.Sub(l.Event.From)))
			}
			s.Points = append(s.Points, p)
		}
		out = append(out, s)
	}
	return out
}

func orEmpty(s string) string {
	if s == "" {
		return "(unpartitioned)"
	}
	return s
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// pairs is a bar for what was read and one for the fixed look-back, by session.
func pairs(all []Saving) lanes {
	worst := 1.0
	for _, s := range all {
		worst = max(worst, s.ReadHours, s.FixedHours)
	}
	const room = chartWidth - labelWidth - 150
	height := laneHeight * 1.4
	c := lanes{W: chartWidth, H: height*float64(len(all)) + 6, Left: labelWidth}
	for i, s := range all {
		y := height * float64(i)
		l := lane{Y: y + 3, Label: s.Session.ID, Note: fmt.Sprintf("%s of %s", hoursText(s.ReadHours), hoursText(s.FixedHours))}
		read := fmt.Sprintf("Session %s read %s, %s: %s.", s.Session.ID, hoursText(s.ReadHours), format.Bytes(s.ReadBytes), spanText(s.Read))
		if s.NothingToLoad {
			read = fmt.Sprintf("Session %s had nothing to read.", s.Session.ID)
		}
		l.Boxes = []box{
			{X: labelWidth, Y: y + 4, W: max(s.ReadHours/worst*room, 1), H: height/2 - 4, Class: "load", Title: read},
			{X: labelWidth, Y: y + height/2 + 1, W: max(s.FixedHours/worst*room, 1), H: height/2 - 4, Class: "fixed", Title: fmt.Sprintf(
				"A fixed look-back would have read %s, %s: %s.", hoursText(s.FixedHours), format.Bytes(s.FixedBytes), spanText(s.Fixed))},
		}
		c.Lanes = append(c.Lanes, l)
	}
	return c
}

// freshness is until when each source was complete when each session began.
type freshness struct {
	W, H, Left, Base float64
	Y                []tick
	Sources          []freshSource
	Sessions         []tick
}

type freshSource struct {
	Name, Class string
	Path        string
	Points      []box
}

func (r *Report) fresh() *freshness {
	var spans []Span
	for _, s := range r.Sessions {
		for _, src := range s.Sources {
			if !src.VTTS.IsZero() {
				spans = append(spans, Span{src.VTTS, src.VTTS})
			}
		}
	}
	if len(spans) == 0 {
		return nil
	}
	y := newAxis(spans, scatterHeight-30, 12)
	f := &freshness{W: chartWidth, H: scatterHeight, Left: 84, Base: scatterHeight - 26, Y: y.ticks(6)}
	step := (chartWidth - 130) / float64(max(1, len(r.Sessions)-1))
	for i, s := range r.Sessions {
		if len(r.Sessions) <= 12 || i%(len(r.Sessions)/8) == 0 {
			f.Sessions = append(f.Sessions, tick{100 + step*float64(i), s.ID})
		}
	}
	for n, src := range r.Sources {
		aside := 3 * (float64(n) - float64(len(r.Sources)-1)/2) // lines that agree stay apart
		line := freshSource{Name: src.Table, Class: fmt.Sprintf("s%d", n%6)}
		for i, s := range r.Sessions {
			for _, at := range s.Sources {
				if at.Table != src.Table || at.VTTS.IsZero() {
					continue
				}
				px, py := 100+step*float64(i)+aside, y.at(at.VTTS)+aside
				if line.Path == "" {
					line.Path = fmt.Sprintf("M%.1f %.1f", px, py)
				} else {
					line.Path += fmt.Sprintf("H%.1fV%.1f", px, py)
				}
				line.Points = append(line.Points, box{X: px, Y: py, Title: fmt.Sprintf(
					"When session %s began (%s), %s was complete up to %s, says %s.", s.ID, stamp(s.Began), src.Table, stamp(at.VTTS), orUnknown(at.VTTSSource))})
			}
		}
		if line.Path != "" {
			f.Sources = append(f.Sources, line)
		}
	}
	return f
}

func orUnknown(s string) string {
	if s == "" {
		return "the session"
	}
	return s
}
