package bridge

import (
	"fmt"
	"math/big"
	"strings"
)

// Decimal is Unscaled / 10^Scale.
type Decimal struct {
	Unscaled *big.Int
	Scale    int
}

// String prints d with exactly Scale digits after the point.
func (d Decimal) String() string {
	s := new(big.Int).Abs(d.Unscaled).String()
	if d.Scale > 0 {
		if len(s) <= d.Scale {
			s = strings.Repeat("0", d.Scale-len(s)+1) + s
		}
		s = s[:len(s)-d.Scale] + "." + s[len(s)-d.Scale:]
	}
	if d.Unscaled.Sign() < 0 {
		return "-" + s
	}
	return s
}

// Interval is a DuckDB INTERVAL: three parts that do not convert into each other.
type Interval struct {
	Months, Days int32
	Micros       int64
}

// String prints i as DuckDB does: "1 year 2 months 3 days 04:05:06.7".
func (i Interval) String() string {
	var parts []string
	add := func(n int32, unit string) {
		if n == 0 {
			return
		}
		if n != 1 && n != -1 {
			unit += "s"
		}
		parts = append(parts, fmt.Sprintf("%d %s", n, unit))
	}
	add(i.Months/12, "year")
	add(i.Months%12, "month")
	add(i.Days, "day")
	if i.Micros != 0 || len(parts) == 0 {
		sign, u := "", uint64(i.Micros)
		if i.Micros < 0 {
			sign, u = "-", -u
		}
		parts = append(parts, sign+clock(u*1000, u/3_600_000_000))
	}
	return strings.Join(parts, " ")
}

// TimeOfDay is nanoseconds since midnight; 24:00:00 is valid.
type TimeOfDay int64

// String prints t as hh:mm:ss with the digits of the second that are there.
func (t TimeOfDay) String() string { return clock(uint64(t), uint64(t)/3_600_000_000_000) }

func clock(nanos, hours uint64) string {
	// hours apart: an INTERVAL's nanoseconds overflow, its low part does not
	rest := nanos - hours*3_600_000_000_000
	s := fmt.Sprintf("%02d:%02d:%02d", hours, rest/60_000_000_000, rest/1_000_000_000%60)
	if f := rest % 1_000_000_000; f != 0 {
		s += strings.TrimRight(fmt.Sprintf(".%09d", f), "0")
	}
	return s
}

// TimeTZ is a time of day with its offset from UTC in seconds, east positive.
type TimeTZ struct {
	Time   TimeOfDay
	Offset int
}

// String prints t as DuckDB does: 12:00:00+02, 12:00:00+05:30.
func (t TimeTZ) String() string {
	sign, o := '+', t.Offset
	if o < 0 {
		sign, o = '-', -o
	}
	s := fmt.Sprintf("%s%c%02d", t.Time, sign, o/3600)
	if o%3600 != 0 {
		s += fmt.Sprintf(":%02d", o/60%60)
	}
	if o%60 != 0 {
		s += fmt.Sprintf(":%02d", o%60)
	}
	return s
}

// Infinite is the value of a DATE or TIMESTAMP that is before (-1) or after
// (+1) all others.
type Infinite int8

// String is "infinity" or "-infinity".
func (i Infinite) String() string {
	if i < 0 {
		return "-infinity"
	}
	return "infinity"
}

// FieldValue is one field of a Struct.
type FieldValue struct {
	Name  string
	Value any
}

// Struct is a STRUCT, fields in the type's order.
type Struct []FieldValue

// Get returns the field of that name.
func (s Struct) Get(name string) (any, bool) {
	for _, f := range s {
		if f.Name == name {
			return f.Value, true
		}
	}
	return nil, false
}

// Entry is one entry of a Map.
type Entry struct{ Key, Value any }

// Map is a MAP, entries in DuckDB's order.
type Map []Entry

// Get returns the value of a key that can be compared.
func (m Map) Get(key any) (any, bool) {
	for _, e := range m {
		if e.Key == key {
			return e.Value, true
		}
	}
	return nil, false
}
