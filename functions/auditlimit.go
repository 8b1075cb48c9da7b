package functions

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"time"

	"psyberg/functions/meta"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// auditLimit is one end of a range, given as a value of any type: what it
// looks like in SQL, and how bounds compare with it.
type auditLimit struct {
	sql, text string
	number    *big.Rat         // of a numeric column
	instant   *psyberg.Instant // of a time column, where the limit can be read as one
	bytes     []byte           // of a string column, with isText
	isText    bool
}

func (c auditColumn) isFloat() bool {
	return c.typ.Kind == meta.KindFloat || c.typ.Kind == meta.KindDouble
}

// newAuditLimit reads a limit for a column of type t; nil where v is nil.
// Numbers too long for an integer and decimals come as text.
func newAuditLimit(t meta.Type, v any) (*auditLimit, error) {
	if v == nil {
		return nil, nil
	}
	switch t.Kind {
	case meta.KindInt, meta.KindLong, meta.KindFloat, meta.KindDouble, meta.KindDecimal:
		return numberLimit(v)
	case meta.KindDate, meta.KindTimestamp, meta.KindTimestampTZ, meta.KindTimestampNS, meta.KindTimestampTZNS:
		return timeLimit(t, v)
	case meta.KindString:
		if s, ok := v.(string); ok {
			return &auditLimit{sql: surface.QuoteLiteral(s), text: surface.QuoteLiteral(s), bytes: []byte(s), isText: true}, nil
		}
	case meta.KindTime, meta.KindUUID, meta.KindBoolean:
		// Nothing is known of them without reading: DuckDB casts the text.
		switch v := v.(type) {
		case string:
			return &auditLimit{sql: surface.QuoteLiteral(v), text: v}, nil
		case bool:
			return &auditLimit{sql: strconv.FormatBool(v), text: strconv.FormatBool(v)}, nil
		}
	}
	return nil, fmt.Errorf("%v is no value that a column of type %s can be compared with", v, t)
}

func numberLimit(v any) (*auditLimit, error) {
	switch v := v.(type) {
	case int64:
		text := strconv.FormatInt(v, 10)
		return &auditLimit{sql: text, text: text, number: new(big.Rat).SetInt64(v)}, nil
	case float64:
		text := strconv.FormatFloat(v, 'g', -1, 64)
		l := &auditLimit{sql: "CAST(" + surface.QuoteLiteral(text) + " AS DOUBLE)", text: text}
		if math.IsNaN(v) {
			return nil, fmt.Errorf("NaN is no limit")
		}
		if !math.IsInf(v, 0) {
			l.number = new(big.Rat).SetFloat64(v)
		}
		return l, nil
	case string:
		r, ok := new(big.Rat).SetString(v)
		if !ok || len(v) > 100 || bytes.ContainsAny([]byte(v), "/_eEpPxX") {
			return nil, fmt.Errorf("%q is no number", v)
		}
		return &auditLimit{sql: v, text: v, number: r}, nil
	}
	return nil, fmt.Errorf("%v is no number", v)
}

// timeLimit takes a DATE, a TIMESTAMP or a TIMESTAMPTZ, or its text, which has
// UTC where it has no offset.
func timeLimit(t meta.Type, v any) (*auditLimit, error) {
	var at psyberg.Instant
	switch v := v.(type) {
	case time.Time:
		at = psyberg.InstantOf(v)
	case string:
		var err error
		if at, err = parseTime(v); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("%v is no time", v)
	}
	l := &auditLimit{text: at.String(), instant: &at}
	l.sql = instantSQL(at)
	if t.Kind == meta.KindDate && at.Time().Truncate(24*time.Hour).Equal(at.Time()) {
		l.text = at.Time().Format(time.DateOnly)
	}
	return l, nil
}

func parseTime(text string) (psyberg.Instant, error) {
	if at, err := psyberg.ParseInstant(text); err == nil {
		return at, nil
	}
	for _, layout := range []string{time.DateOnly, time.DateTime, "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02T15:04"} {
		if at, err := time.Parse(layout, text); err == nil {
			return psyberg.InstantOf(at), nil
		}
	}
	return 0, fmt.Errorf("%q is no date or time as ISO 8601 writes it", text)
}

// compare compares a bound with the limit: -1 where the bound is below. upper
// says that it is an upper one. ok is false where it cannot be told.
func (l *auditLimit) compare(bound meta.Value, upper bool) (c int, ok bool) {
	switch bound.Kind {
	case meta.KindFloat, meta.KindDouble:
		r := new(big.Rat).SetFloat64(bound.Float) // nil where it is not finite
		if r == nil || l.number == nil {
			return 0, false
		}
		return r.Cmp(l.number), true
	case meta.KindInt, meta.KindLong, meta.KindDecimal:
		r, ok := new(big.Rat).SetString(bound.String())
		if !ok || l.number == nil {
			return 0, false
		}
		return r.Cmp(l.number), true
	case meta.KindDate, meta.KindTimestamp, meta.KindTimestampTZ, meta.KindTimestampNS, meta.KindTimestampTZNS:
		if l.instant == nil {
			return 0, false
		}
		at := instantOf(bound, upper)
		if bound.Kind == meta.KindDate { // a date compares as its midnight
			at = instantOf(bound, false)
		}
		return cmpInstant(at, *l.instant), true
	case meta.KindString:
		return bytes.Compare(bound.Bytes, l.bytes), l.isText
	}
	return 0, false
}

func cmpInstant(a, b psyberg.Instant) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
