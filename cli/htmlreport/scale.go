package htmlreport

import (
	"fmt"
	"strings"
	"time"
)

// axis maps times to pixels.
type axis struct {
	lo, hi time.Time
	a, b   float64 // pixels of lo and hi
}

func newAxis(spans []Span, a, b float64) axis {
	x := axis{a: a, b: b}
	for _, s := range spans {
		for _, t := range []time.Time{s.From, s.To} {
			if t.IsZero() {
				continue
			}
			if x.lo.IsZero() || t.Before(x.lo) {
				x.lo = t
			}
			if x.hi.IsZero() || t.After(x.hi) {
				x.hi = t
			}
		}
	}
	if !x.lo.Before(x.hi) {
		x.hi = x.lo.Add(time.Hour)
	}
	return x
}

func (x axis) at(t time.Time) float64 {
	f := t.Sub(x.lo).Seconds() / x.hi.Sub(x.lo).Seconds()
	return x.a + min(max(f, 0), 1)*(x.b-x.a)
}

// tick is a mark of an axis.
type tick struct {
	At    float64
	Label string
}

// steps are the distances that ticks may have.
var steps = []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute,
	5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour,
	3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 48 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour, 30 * 24 * time.Hour,
	91 * 24 * time.Hour, 365 * 24 * time.Hour}

// ticks are at most n marks at round times.
func (x axis) ticks(n int) []tick {
	if x.lo.IsZero() {
		return nil // of nothing
	}
	step := steps[len(steps)-1]
	for _, s := range steps {
		if x.hi.Sub(x.lo)/s <= time.Duration(n) {
			step = s
			break
		}
	}
	layout := "2006-01-02"
	switch {
	case step < time.Minute:
		layout = "15:04:05"
	case step < 24*time.Hour:
		layout = "15:04"
	}
	var out []tick
	day := ""
	for t := x.lo.Truncate(step); !t.After(x.hi); t = t.Add(step) {
		if t.Before(x.lo) {
			continue
		}
		label := t.Format(layout)
		if d := t.Format("01-02"); step < 24*time.Hour && d != day {
			day, label = d, d+" "+label
		}
		out = append(out, tick{x.at(t), label})
	}
	return out
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return t.Format("2006-01-02 15:04:05")
}

// spanText is a range as people say it.
func spanText(s Span) string {
	if s.Empty() {
		return "nothing"
	}
	return s.From.Format("2006-01-02 15:04") + " to " + s.To.Format("2006-01-02 15:04")
}

func grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func hoursText(h float64) string {
	if h == float64(int64(h)) {
		return grouped(int64(h)) + " h"
	}
	return fmt.Sprintf("%.1f h", h)
}

// durationText is a duration in days and hours.
func durationText(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	var parts []string
	if days := d / (24 * time.Hour); days > 0 {
		parts = append(parts, fmt.Sprintf("%d d", days))
		d -= days * 24 * time.Hour
	}
	if d >= time.Hour {
		parts = append(parts, fmt.Sprintf("%d h", d/time.Hour))
		d %= time.Hour
	}
	if len(parts) < 2 && d >= time.Minute || len(parts) == 0 {
		parts = append(parts, fmt.Sprintf("%d min", d/time.Minute))
	}
	return sign + strings.Join(parts, " ")
}
