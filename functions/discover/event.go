package discover

import (
	"fmt"
	"strings"

	"psyberg/functions/meta"
	"psyberg/psyberg"
)

// eventColumn is a source's event-time column.
type eventColumn struct {
	field *meta.Field
	path  string // dotted, as the current schema spells it
}

// findEventColumn finds the column that src_tables names. A name in double
// quotes is taken without them where no column has them.
func findEventColumn(source psyberg.SourceName, m *meta.Metadata) (*eventColumn, error) {
	name := source.EventColumn
	if name == "" {
		return nil, nil
	}
	schema := m.CurrentSchema()
	f, ok := schema.FieldByName(name)
	if n := len(name); !ok && n > 2 && name[0] == '"' && name[n-1] == '"' {
		f, ok = schema.FieldByName(strings.ReplaceAll(name[1:n-1], `""`, `"`))
	}
	if !ok {
		return nil, fmt.Errorf("find event-time column of source %q: no column %q%s", source.String(), name, meta.Suggest(name, schema.Names()))
	}
	if !isTime(f.Type) {
		return nil, fmt.Errorf("find event-time column of source %q: column %q is of type %s; name a timestamp or a date%s",
			source.String(), name, f.Type, timeColumns(schema))
	}
	path, _ := schema.NameOf(f.ID)
	return &eventColumn{f, path}, nil
}

// isTime reports whether a column of type t can be an event time.
func isTime(t meta.Type) bool {
	switch t.Kind {
	case meta.KindDate, meta.KindTimestamp, meta.KindTimestampTZ, meta.KindTimestampNS, meta.KindTimestampTZNS:
		return true
	}
	return false
}

func timeColumns(s *meta.Schema) string {
	var names []string
	for path, f := range s.Walk() {
		if isTime(f.Type) {
			names = append(names, fmt.Sprintf("%q", path))
		}
	}
	if len(names) == 0 {
		return " (the table has none; without a column, its time partitions or commit times count)"
	}
	return ": " + strings.Join(names, ", ")
}

// read sets the event times of a data file from its bounds. A file whose
// values are all NULL, or that has no rows, has none.
func (c *eventColumn) read(b *batch, row int, f *psyberg.File) {
	id := c.field.ID
	lower, okLower := c.bound(b.bytes("lower", id, row))
	upper, okUpper := c.bound(b.bytes("upper", id, row))
	if okLower && okUpper {
		f.Events = &psyberg.TimeRange{Min: instantOf(lower, false), Max: instantOf(upper, true)}
		return
	}
	values, hasValues := b.int64(fmt.Sprintf("value_count_%d", id), row)
	nulls, hasNulls := b.int64(fmt.Sprintf("null_count_%d", id), row)
	f.NoEvents = f.Records == 0 || hasValues && hasNulls && nulls >= values
}

// bound decodes a bound of today's type or of one it was promoted from; one
// that does not decode is as if missing (C6).
func (c *eventColumn) bound(raw []byte) (meta.Value, bool) {
	if raw == nil {
		return meta.Null, false
	}
	v, err := meta.DecodeBound(c.field.Type, raw)
	return v, err == nil && !v.IsNull()
}

const (
	microsPerDay  = 86_400_000_000
	microsPerHour = 3_600_000_000
)

// instantOf returns an event time in microseconds, UTC (a timestamp without
// zone is taken as UTC, a date as its whole day). Nanoseconds are cut towards
// the past for a lower bound and rounded up for an upper one, so that the
// range covers.
func instantOf(v meta.Value, upper bool) psyberg.Instant {
	switch v.Kind {
	case meta.KindDate:
		if upper {
			return psyberg.Instant((v.Int+1)*microsPerDay - 1)
		}
		return psyberg.Instant(v.Int * microsPerDay)
	case meta.KindTimestampNS, meta.KindTimestampTZNS:
		micros, rest := v.Int/1000, v.Int%1000
		switch {
		case rest < 0 && !upper:
			micros--
		case rest > 0 && upper:
			micros++
		}
		return psyberg.Instant(micros)
	}
	return psyberg.Instant(v.Int)
}
