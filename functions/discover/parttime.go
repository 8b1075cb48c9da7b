package discover

import (
	"strconv"
	"strings"
	"time"

	"psyberg/functions/meta"
	"psyberg/psyberg"
)

// partitionTimes are the fields of a spec that say which time a partition
// covers: one transform of a time column, or an identity date, with an hour
// beside it or alone.
type partitionTimes struct {
	at   int // of the finest transform, or of the date; -1: none
	hour int // of an identity hour beside the date; -1: none
	kind meta.TransformKind
}

var noTimes = partitionTimes{at: -1, hour: -1}

func (p partitionTimes) known() bool { return p.at >= 0 }

// findPartitionTimes looks for time fields. Where an event-time column is
// named, a transform counts only if it is of that column: the day of another
// time may be narrower than the events (C6). Identity dates and hours count
// unless they are called landing dates, for then they are of another time too.
func findPartitionTimes(fields []meta.BoundField, event *eventColumn) partitionTimes {
	best := noTimes
	for i, f := range fields {
		if event != nil && f.SourceID != event.field.ID || !isTimeTransform(f) {
			continue
		}
		if best.at < 0 || fineness(f.Transform.Kind) > fineness(best.kind) {
			best = partitionTimes{at: i, hour: -1, kind: f.Transform.Kind}
		}
	}
	if best.known() {
		return best
	}
	for i, f := range fields {
		if f.Transform.Kind != meta.TransformIdentity || event != nil && strings.Contains(strings.ToLower(f.Name), "landing") {
			continue
		}
		switch {
		case best.at < 0 && isDateField(f):
			best.at, best.kind = i, meta.TransformIdentity
		case best.hour < 0 && isHourField(f):
			best.hour = i
		}
	}
	if !best.known() {
		return noTimes
	}
	if event != nil && fields[best.at].SourceID == event.field.ID {
		best.hour = -1 // a date column is its whole day, whatever hour stands beside it
	}
	return best
}

// isTimeTransform: year to hour, or an identity timestamp.
func isTimeTransform(f meta.BoundField) bool {
	switch f.Transform.Kind {
	case meta.TransformYear, meta.TransformMonth, meta.TransformDay, meta.TransformHour:
		return true
	case meta.TransformIdentity:
		return isTime(f.Result) && f.Result.Kind != meta.KindDate
	}
	return false
}

// fineness orders transforms; an identity timestamp is exact.
func fineness(k meta.TransformKind) int {
	switch k {
	case meta.TransformYear:
		return 1
	case meta.TransformMonth:
		return 2
	case meta.TransformDay:
		return 3
	case meta.TransformHour:
		return 4
	}
	return 5
}

// isDateField: a DATE, or a number or text called date or dateint, as in
// 20230914 or 2023-09-14.
func isDateField(f meta.BoundField) bool {
	switch f.Result.Kind {
	case meta.KindDate:
		return true
	case meta.KindInt, meta.KindLong, meta.KindString:
		return lastWord(f.Name) == "date" || lastWord(f.Name) == "dateint"
	}
	return false
}

// isHourField: a number or text called hour, 0 to 23.
func isHourField(f meta.BoundField) bool {
	switch f.Result.Kind {
	case meta.KindInt, meta.KindLong, meta.KindString:
		return lastWord(f.Name) == "hour"
	}
	return false
}

func lastWord(name string) string {
	name = strings.ToLower(name)
	return name[strings.LastIndexByte(name, '_')+1:]
}

// of returns the time that a partition covers; nil where a value is null, or
// is no date or hour after all.
func (p partitionTimes) of(values []meta.Value) *psyberg.TimeRange {
	if p.at < 0 || values[p.at].IsNull() {
		return nil
	}
	v := values[p.at]
	switch p.kind {
	case meta.TransformHour:
		return span(v.Int*microsPerHour, microsPerHour)
	case meta.TransformDay:
		return span(v.Int*microsPerDay, microsPerDay)
	case meta.TransformMonth, meta.TransformYear:
		return calendar(p.kind, v.Int)
	}
	if v.Kind != meta.KindDate && isTime(meta.Type{Kind: v.Kind}) {
		return &psyberg.TimeRange{Min: instantOf(v, false), Max: instantOf(v, true)}
	}
	day, ok := dayOf(v)
	if !ok {
		return nil
	}
	if p.hour < 0 {
		return span(day*microsPerDay, microsPerDay)
	}
	hour, ok := numberOf(values[p.hour])
	if !ok || hour < 0 || hour > 23 {
		return nil
	}
	return span(day*microsPerDay+hour*microsPerHour, microsPerHour)
}

func span(from, length int64) *psyberg.TimeRange {
	return &psyberg.TimeRange{Min: psyberg.Instant(from), Max: psyberg.Instant(from + length - 1)}
}

// calendar returns a month or a year since 1970.
func calendar(k meta.TransformKind, n int64) *psyberg.TimeRange {
	const most = 1 << 20 // beyond any year that a timestamp reaches
	if n < -most || n > most {
		return nil
	}
	from := time.Date(1970+int(n), 1, 1, 0, 0, 0, 0, time.UTC)
	to := from.AddDate(1, 0, 0)
	if k == meta.TransformMonth {
		from = time.Date(1970, 1+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
		to = from.AddDate(0, 1, 0)
	}
	return &psyberg.TimeRange{Min: psyberg.InstantOf(from), Max: psyberg.InstantOf(to) - 1}
}

// dayOf reads a DATE, 20230914, or either spelling as text, as days since
// 1970-01-01.
func dayOf(v meta.Value) (int64, bool) {
	if v.Kind == meta.KindDate {
		return v.Int, true
	}
	text := strconv.FormatInt(v.Int, 10)
	if v.Kind == meta.KindString {
		text = string(v.Bytes)
	}
	for _, layout := range []string{"20060102", "2006-01-02"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Unix() / 86400, true
		}
	}
	return 0, false
}

func numberOf(v meta.Value) (int64, bool) {
	switch v.Kind {
	case meta.KindInt, meta.KindLong:
		return v.Int, true
	case meta.KindString:
		n, err := strconv.ParseInt(string(v.Bytes), 10, 64)
		return n, err == nil
	}
	return 0, false
}
