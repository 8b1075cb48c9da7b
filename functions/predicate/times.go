package predicate

import (
	"time"

	"psyberg/functions/meta"
)

// hoursAt returns the hours from 1970-01-01T00:00 to the start of a year,
// month, day or hour that is counted from there.
func hoursAt(k meta.TransformKind, unit int64) int64 {
	switch k {
	case meta.TransformHour:
		return unit
	case meta.TransformDay:
		return unit * 24
	case meta.TransformMonth:
		return floorDiv(time.Date(1970, time.Month(1+unit), 1, 0, 0, 0, 0, time.UTC).Unix(), 3600)
	}
	return floorDiv(time.Date(1970+int(unit), 1, 1, 0, 0, 0, 0, time.UTC).Unix(), 3600)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}
