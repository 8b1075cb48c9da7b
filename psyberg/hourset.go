package psyberg

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// HourSet is a set of hours: ranges in order, none empty, none touching. The
// zero value is the empty set.
type HourSet []HourRange

// HoursOf returns the hours that times cover.
func HoursOf(times ...TimeRange) HourSet {
	ranges := make([]HourRange, 0, len(times))
	for _, t := range times {
		ranges = append(ranges, HourRange{HourOf(t.Min), HourOf(t.Max) + 1})
	}
	return NewHourSet(ranges...)
}

// NewHourSet returns the union of ranges, which may be empty, overlap, and
// stand in any order.
func NewHourSet(ranges ...HourRange) HourSet {
	sorted := slices.DeleteFunc(slices.Clone(ranges), HourRange.Empty)
	slices.SortFunc(sorted, func(a, b HourRange) int { return cmp.Compare(a.From, b.From) })
	var s HourSet
	for _, r := range sorted {
		if n := len(s); n > 0 && r.From <= s[n-1].To {
			s[n-1].To = max(s[n-1].To, r.To)
			continue
		}
		s = append(s, r)
	}
	return s
}

// Union returns the hours of both.
func (s HourSet) Union(o HourSet) HourSet { return NewHourSet(append(slices.Clone(s), o...)...) }

// Within returns the hours of s that lie in r.
func (s HourSet) Within(r HourRange) HourSet {
	var out []HourRange
	for _, x := range s {
		out = append(out, HourRange{max(x.From, r.From), min(x.To, r.To)})
	}
	return NewHourSet(out...)
}

// Has reports whether h is in s.
func (s HourSet) Has(h Hour) bool {
	i, _ := slices.BinarySearchFunc(s, h, func(r HourRange, h Hour) int { return cmp.Compare(r.To, h+1) })
	return i < len(s) && s[i].From <= h
}

// First returns the least hour; ok is false for the empty set.
func (s HourSet) First() (h Hour, ok bool) {
	if len(s) == 0 {
		return 0, false
	}
	return s[0].From, true
}

// Len returns the number of hours.
func (s HourSet) Len() int {
	n := 0
	for _, r := range s {
		n += r.Len()
	}
	return n
}

// Hours returns every hour in order.
func (s HourSet) Hours() []Hour {
	out := make([]Hour, 0, s.Len())
	for _, r := range s {
		for h := r.From; h < r.To; h++ {
			out = append(out, h)
		}
	}
	return out
}

// String prints ranges inclusive: 2023-09-14-02..2023-09-14-06, 2023-09-14-09.
func (s HourSet) String() string {
	text := ""
	for i, r := range s {
		if i > 0 {
			text += ", "
		}
		text += r.From.String()
		if r.Len() > 1 {
			text += ".." + r.Last().String()
		}
	}
	return text
}

// ParseHourSet reads what HourSet.String prints; "" is the empty set.
func ParseHourSet(text string) (HourSet, error) {
	if text == "" {
		return nil, nil
	}
	var ranges []HourRange
	for part := range strings.SplitSeq(text, ", ") {
		first, last, two := strings.Cut(part, "..")
		if !two {
			last = first
		}
		from, err := parseHour(first)
		if err != nil {
			return nil, err
		}
		to, err := parseHour(last)
		if err != nil {
			return nil, err
		}
		if to < from {
			return nil, fmt.Errorf("read hours %q: %q runs backwards", text, part)
		}
		ranges = append(ranges, HourRange{from, to + 1})
	}
	return NewHourSet(ranges...), nil
}

// parseHour reads what Hour.String prints, also beyond the years 0 to 9999.
func parseHour(text string) (Hour, error) {
	fail := fmt.Errorf("read hour %q: it is not like 2023-09-14-09", text)
	var part [4]int // hour, day, month, year
	rest := text
	for i := range part {
		at := strings.LastIndexByte(rest, '-')
		if i == 3 {
			at = -1 // the year's own sign stays
		}
		n, err := strconv.Atoi(rest[at+1:])
		if err != nil || i < 3 && at < 0 {
			return 0, fail
		}
		part[i], rest = n, rest[:max(at, 0)]
	}
	if y := part[3]; y < -290_000 || y > 290_000 { // an Instant holds no more
		return 0, fail
	}
	h := HourOf(InstantOf(time.Date(part[3], time.Month(part[2]), part[1], part[0], 0, 0, 0, time.UTC)))
	if h.String() != text {
		return 0, fail
	}
	return h, nil
}
