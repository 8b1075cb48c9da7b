package bridge

import (
	"math"
	"strconv"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/duckdb/duckdb-go/v2/mapping"
)

// Cells are rows whose cells can be read one by one, most of them as text
// straight from DuckDB's memory: what a million lines of csv need.
type Cells interface {
	Rows
	// AppendCell appends column i of the current row as DuckDB prints it. ok is
	// false, and nothing appended, for types and values that only Cell knows.
	AppendCell(b []byte, i int) (out []byte, null, ok bool)
	// AppendArrow appends column i of the current row to a builder of the Arrow
	// type that has the column's own values; false, and nothing appended, where
	// there is none such, or the value (infinity) has no place in it.
	AppendArrow(b array.Builder, i int) bool
	// Cell is column i of the current row, as Row has it.
	Cell(i int) (any, error)
}

// CellsOf returns rows as Cells, nil where they are none.
func CellsOf(rows Rows) Cells {
	for {
		if c, ok := rows.(Cells); ok {
			return c
		}
		w, ok := rows.(interface{ Unwrap() Rows })
		if !ok {
			return nil
		}
		rows = w.Unwrap()
	}
}

// Cell implements Cells.
func (s *stream) Cell(i int) (any, error) { return s.readers[i].value(s.at) }

// AppendCell implements Cells.
func (s *stream) AppendCell(b []byte, i int) (out []byte, null, ok bool) {
	r := s.readers[i]
	if r.null(s.at) {
		return b, true, true
	}
	b, ok = r.append(b, s.at)
	return b, false, ok
}

func (r *reader) null(i int) bool {
	return r.valid != nil && *(*uint64)(unsafe.Add(r.valid, i>>6<<3))>>(uint(i)&63)&1 == 0
}

// append appends the text of row i.
func (r *reader) append(b []byte, i int) ([]byte, bool) {
	switch r.t.id {
	case mapping.TypeBoolean:
		return strconv.AppendBool(b, at[bool](r, i)), true
	case mapping.TypeTinyInt:
		return strconv.AppendInt(b, int64(at[int8](r, i)), 10), true
	case mapping.TypeSmallInt:
		return strconv.AppendInt(b, int64(at[int16](r, i)), 10), true
	case mapping.TypeInteger:
		return strconv.AppendInt(b, int64(at[int32](r, i)), 10), true
	case mapping.TypeBigInt:
		return strconv.AppendInt(b, at[int64](r, i), 10), true
	case mapping.TypeUTinyInt:
		return strconv.AppendUint(b, uint64(at[uint8](r, i)), 10), true
	case mapping.TypeUSmallInt:
		return strconv.AppendUint(b, uint64(at[uint16](r, i)), 10), true
	case mapping.TypeUInteger:
		return strconv.AppendUint(b, uint64(at[uint32](r, i)), 10), true
	case mapping.TypeUBigInt:
		return strconv.AppendUint(b, at[uint64](r, i), 10), true
	case mapping.TypeFloat:
		return appendFloat(b, float64(at[float32](r, i)), 32)
	case mapping.TypeDouble:
		return appendFloat(b, at[float64](r, i), 64)
	case mapping.TypeVarchar:
		return append(b, r.bytes(i)...), true
	case mapping.TypeHugeInt:
		v, ok := small(at[[2]uint64](r, i))
		if !ok {
			return b, false
		}
		return strconv.AppendInt(b, v, 10), true
	case mapping.TypeDecimal:
		return r.appendDecimal(b, i)
	case mapping.TypeDate:
		return appendDate(b, int64(at[int32](r, i)))
	case mapping.TypeTimestamp:
		return appendTimestamp(b, at[int64](r, i))
	case mapping.TypeTimestampTZ:
		b, ok := appendTimestamp(b, at[int64](r, i))
		if ok {
			b = append(b, "+00"...)
		}
		return b, ok
	}
	return b, false
}

// appendFloat appends the shortest digits that read back as f, as DuckDB spells
// them: 1.0, 0.25. Very large and very small ones are left to others.
func appendFloat(b []byte, f float64, bits int) ([]byte, bool) {
	abs := math.Abs(f)
	if f != 0 && !(abs >= 1e-3 && abs < 1e15) { // also NaN
		return b, false
	}
	if n := int64(f); float64(n) == f && (n != 0 || !math.Signbit(f)) {
		return append(strconv.AppendInt(b, n, 10), ".0"...), true
	}
	if f == 0 {
		return append(b, "-0.0"...), true
	}
	return strconv.AppendFloat(b, f, 'f', -1, bits), true
}

// small is a 128-bit integer, low word first, that fits into 64 bits.
func small(w [2]uint64) (int64, bool) {
	v := int64(w[0])
	return v, int64(w[1]) == v>>63
}

// appendDecimal appends a decimal whose digits fit into 64 bits.
func (r *reader) appendDecimal(b []byte, i int) ([]byte, bool) {
	var v int64
	switch r.t.internal {
	case mapping.TypeSmallInt:
		v = int64(at[int16](r, i))
	case mapping.TypeInteger:
		v = int64(at[int32](r, i))
	case mapping.TypeBigInt:
		v = at[int64](r, i)
	default:
		var ok bool
		if v, ok = small(at[[2]uint64](r, i)); !ok {
			return b, false
		}
	}
	scale := int(r.t.Scale)
	if v == math.MinInt64 || scale > 18 {
		return b, false
	}
	if v < 0 {
		b, v = append(b, '-'), -v
	}
	if scale == 0 {
		return strconv.AppendInt(b, v, 10), true
	}
	unit := int64(1)
	for range scale {
		unit *= 10
	}
	b = append(strconv.AppendInt(b, v/unit, 10), '.')
	return appendPadded(b, v%unit, scale), true
}

// appendPadded appends n with at least that many digits.
func appendPadded(b []byte, n int64, digits int) []byte {
	from := len(b)
	for range digits {
		b = append(b, '0')
	}
	for at := len(b) - 1; at >= from; at-- {
		b[at] = byte('0' + n%10)
		n /= 10
	}
	return b
}

// Days since 1970-01-01 of the years that have four digits.
const (
	firstDay = -719162 // 0001-01-01
	lastDay  = 2932896 // 9999-12-31
)

// appendDate appends a date of a year with four digits.
func appendDate(b []byte, days int64) ([]byte, bool) {
	if days < firstDay || days > lastDay {
		return b, false
	}
	y, m, d := civil(days)
	b = append(appendPadded(b, y, 4), '-')
	b = append(appendPadded(b, m, 2), '-')
	return appendPadded(b, d, 2), true
}

// civil is the date of a day since 1970-01-01, in the Gregorian calendar: years
// are counted from March on, so that the leap day is a year's last.
func civil(days int64) (year, month, day int64) {
	z := days + 719468 // since 0000-03-01
	era := z / 146097  // of 400 years; z is above 0 here
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day = doy - (153*mp+2)/5 + 1
	month = mp + 3
	if month > 12 {
		month -= 12
	}
	year = yoe + era*400
	if month <= 2 {
		year++
	}
	return year, month, day
}

// appendTimestamp appends microseconds since 1970 as date and time of day, with
// as many digits of a second as are not zero.
func appendTimestamp(b []byte, micros int64) ([]byte, bool) {
	const day = 86400 * 1e6
	days, rest := micros/day, micros%day
	if rest < 0 {
		days, rest = days-1, rest+day
	}
	b, ok := appendDate(b, days) // infinity has no such year
	if !ok {
		return b, false
	}
	seconds, fraction := rest/1e6, rest%1e6
	b = append(b, ' ')
	b = append(appendPadded(b, seconds/3600, 2), ':')
	b = append(appendPadded(b, seconds/60%60, 2), ':')
	b = appendPadded(b, seconds%60, 2)
	if fraction == 0 {
		return b, true
	}
	digits := 6
	for fraction%10 == 0 {
		fraction, digits = fraction/10, digits-1
	}
	return appendPadded(append(b, '.'), fraction, digits), true
}
