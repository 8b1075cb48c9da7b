package state

import (
	"fmt"

	"github.com/apache/iceberg-go"

	"psyberg/psyberg"
)

// kind is what a column holds. In Go a value is nil (NULL), int64, string,
// psyberg.Instant, psyberg.Hour's day as date, []int64, []string or bool.
type kind int

const (
	text kind = iota
	long
	whole // INT
	instant
	day
	longs
	texts
	truth
)

// date is days since 1970-01-01.
type date int64

// column is one column of a table of ours.
type column struct {
	name string
	kind kind
	doc  string
}

// tableDef is one of our tables.
type tableDef struct {
	what    string // for errors
	comment string
	columns []column
	final   []string // statuses with which a row never changes again
	// bySession: a change is of one session, and reads and writes the files
	// with rows of it alone.
	bySession bool
}

// telling is how many of the first columns a table must have to be one of this
// kind; those after them may be missing in one that an older version made. Six
// tell a session table from a watermark table.
const telling = 6

const partitionField = "process_name"

// partition is a row's process: every table's first column is its name.
func (d tableDef) schema() *iceberg.Schema {
	fields := make([]iceberg.NestedField, len(d.columns))
	next := len(d.columns) + 1
	for i, c := range d.columns {
		t := c.kind.iceberg(next)
		if c.kind == longs || c.kind == texts {
			next++
		}
		fields[i] = iceberg.NestedField{ID: i + 1, Name: c.name, Type: t, Required: i == 0, Doc: c.doc}
	}
	return iceberg.NewSchema(0, fields...)
}

func (d tableDef) spec() *iceberg.PartitionSpec {
	s := iceberg.NewPartitionSpecID(0, iceberg.PartitionField{SourceIDs: []int{1}, FieldID: 1000, Name: partitionField,
		Transform: iceberg.IdentityTransform{}})
	return &s
}

func (k kind) iceberg(elementID int) iceberg.Type {
	switch k {
	case long:
		return iceberg.PrimitiveTypes.Int64
	case whole:
		return iceberg.PrimitiveTypes.Int32
	case instant:
		return iceberg.PrimitiveTypes.TimestampTz
	case day:
		return iceberg.PrimitiveTypes.Date
	case truth:
		return iceberg.PrimitiveTypes.Bool
	case longs:
		return &iceberg.ListType{ElementID: elementID, Element: iceberg.PrimitiveTypes.Int64}
	case texts:
		return &iceberg.ListType{ElementID: elementID, Element: iceberg.PrimitiveTypes.String}
	}
	return iceberg.PrimitiveTypes.String
}

// duckdb is the type that a column is read as.
func (k kind) duckdb() string {
	return [...]string{"VARCHAR", "BIGINT", "INTEGER", "TIMESTAMPTZ", "DATE", "BIGINT[]", "VARCHAR[]", "BOOLEAN"}[k]
}

// row is one row by column name; what is not there is NULL.
type row map[string]any

// put sets a value unless p is nil.
func put[T any](r row, name string, p *T, as func(T) any) {
	if p != nil {
		r[name] = as(*p)
	}
}

func (r row) text(name string) string {
	s, _ := r[name].(string)
	return s
}

func (r row) long(name string) int64 {
	n, _ := r[name].(int64)
	return n
}

func (r row) instant(name string) *psyberg.Instant {
	if t, ok := r[name].(psyberg.Instant); ok {
		return &t
	}
	return nil
}

func (r row) snapshot(name string) *psyberg.SnapshotID {
	if n, ok := r[name].(int64); ok {
		id := psyberg.SnapshotID(n)
		return &id
	}
	return nil
}

func (r row) sequence(name string) *psyberg.SequenceNumber {
	if n, ok := r[name].(int64); ok {
		s := psyberg.SequenceNumber(n)
		return &s
	}
	return nil
}

// putRange writes a half-open range of hours as its first and last hour, each
// a date and an hour of the day.
func (r row) putRange(prefix, suffix string, h *psyberg.HourRange) {
	if h == nil || h.Empty() {
		return
	}
	r.putHour(prefix+"from_"+suffix, h.From)
	r.putHour(prefix+"to_"+suffix, h.Last())
}

func (r row) putHour(name string, h psyberg.Hour) {
	n := int64(h)
	d := n / 24
	if n%24 < 0 {
		d--
	}
	r[name+"date"], r[name+"hour"] = date(d), n-24*d
}

// hours reads what putRange has written; another program may have written it.
func (r row) hours(prefix, suffix string) (*psyberg.HourRange, error) {
	from, ok := r.hour(prefix + "from_" + suffix)
	to, ok2 := r.hour(prefix + "to_" + suffix)
	switch {
	case !ok || !ok2:
		return nil, nil
	case to < from:
		return nil, fmt.Errorf("column %sto_%shour: the range ends at %s, before it begins at %s", prefix, suffix, to, from)
	}
	return &psyberg.HourRange{From: from, To: to + 1}, nil
}

func (r row) hour(name string) (psyberg.Hour, bool) {
	d, ok := r[name+"date"].(date)
	h, ok2 := r[name+"hour"].(int64)
	return psyberg.Hour(int64(d)*24 + h), ok && ok2
}

// hourSet reads a set of hours as HourSet.String prints it.
func (r row) hourSet(name string) (psyberg.HourSet, error) {
	set, err := psyberg.ParseHourSet(r.text(name))
	if err != nil {
		return nil, fmt.Errorf("column %s: %w", name, err)
	}
	return set, nil
}

func longOf[T ~int64](v T) any        { return int64(v) }
func instantOf(v psyberg.Instant) any { return v }

// textOf is NULL for "".
func textOf[T ~string](s T) any {
	if s == "" {
		return nil
	}
	return string(s)
}

// refText and parseRef: the branch main is named in the tables.
func refText(ref string) any {
	if ref == "" {
		return mainRef
	}
	return ref
}

func parseRef(ref string) string {
	if ref == mainRef {
		return ""
	}
	return ref
}

const mainRef = "main"
