package surface

import (
	"fmt"
	"time"
)

// Args are the decoded arguments of one call. A value is nil (NULL or not
// given), bool, int64, float64, string, []byte, time.Time (UTC; dates at
// midnight), Interval, Decimal text as string, []any (LIST), map[string]any
// (STRUCT) or []KeyValue (MAP).
type Args struct {
	Positional []any
	Named      map[string]any // by lower-case name; NULLs are left out
}

// Interval is a DuckDB INTERVAL.
type Interval struct {
	Months, Days int32
	Micros       int64
}

// KeyValue is one entry of a MAP argument.
type KeyValue struct{ Key, Value any }

// Text returns a VARCHAR argument; ok is false where it is NULL or absent.
func (a Args) Text(name string) (s string, ok bool, err error) {
	return get[string](a, name, "a VARCHAR")
}

// Int returns an integer argument.
func (a Args) Int(name string) (int64, bool, error) { return get[int64](a, name, "an integer") }

// Bool returns a BOOLEAN argument.
func (a Args) Bool(name string) (v, ok bool, err error) { return get[bool](a, name, "a BOOLEAN") }

// Time returns a TIMESTAMPTZ argument.
func (a Args) Time(name string) (time.Time, bool, error) {
	return get[time.Time](a, name, "a TIMESTAMPTZ")
}

// Interval returns an INTERVAL argument.
func (a Args) Interval(name string) (Interval, bool, error) {
	return get[Interval](a, name, "an INTERVAL")
}

// Texts returns a LIST(VARCHAR) argument. A NULL element is an error.
func (a Args) Texts(name string) ([]string, bool, error) {
	l, ok, err := get[[]any](a, name, "a list of VARCHAR")
	if err != nil || !ok {
		return nil, ok, err
	}
	out := make([]string, len(l))
	for i, v := range l {
		s, isText := v.(string)
		if !isText {
			return nil, false, fmt.Errorf("argument %s: element %d is %T, not a VARCHAR", name, i+1, v)
		}
		out[i] = s
	}
	return out, true, nil
}

// PositionalText returns positional argument i, which must not be NULL.
func (a Args) PositionalText(i int, name string) (string, error) {
	if i < len(a.Positional) {
		if s, ok := a.Positional[i].(string); ok {
			return s, nil
		}
	}
	return "", fmt.Errorf("argument %d (%s) is NULL: a VARCHAR is needed", i+1, name)
}

func get[T any](a Args, name, want string) (zero T, ok bool, err error) {
	v, there := a.Named[name]
	if !there || v == nil {
		return zero, false, nil
	}
	t, is := v.(T)
	if !is {
		return zero, false, fmt.Errorf("argument %s is %T, not %s", name, v, want)
	}
	return t, true, nil
}
