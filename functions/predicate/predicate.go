// Package predicate is the small language of the where := argument: a
// condition over a table's columns, by which manifests and files are left out
// that hold no row for which it is true.
//
// The language: comparisons (=, <>, !=, <, <=, >, >=) of a column with a
// literal, BETWEEN, IN, IS [NOT] NULL, IS [NOT] TRUE, IS [NOT] FALSE,
// LIKE 'prefix%', AND, OR, NOT, parentheses, a boolean column alone.
// Everything else is refused by its name. Literals are those of DuckDB:
// 1, -2.5, 'text', TRUE, NULL, DATE '2023-09-14', '...'::TIMESTAMPTZ,
// CAST('...' AS DATE); and X'ff', which is bytes here as in the SQL standard
// (DuckDB itself reads it as the text xff).
//
// P1: a file with a row for which the condition is true is never left out.
// P2: of a file that MustMatchFile says yes to, every row makes it true.
// P3: the meaning is DuckDB's: three-valued logic, NaN equal to NaN and
// greater than all else, text ordered by bytes.
package predicate

import (
	"slices"

	"psyberg/functions/manifest"
	"psyberg/functions/meta"
)

// Truth is the value of a condition for one row.
type Truth uint8

// The three values of SQL's logic. A row is chosen by True only.
const (
	True Truth = 1 << iota
	False
	Unknown
)

// truths is a set of Truth: what a condition may be over some rows.
type truths = Truth

// Expr is a condition bound to a schema. It is never changed, and may be used
// by several goroutines.
type Expr struct {
	root    node
	columns []int
}

// Columns returns the field ids of the columns that e looks at, ascending: the
// bounds and counts that pruning needs.
func (e *Expr) Columns() []int { return slices.Clone(e.columns) }

// SQL returns e as DuckDB's SQL over columns of the schema's names: identifiers
// quoted, literals cast to the column's own type.
func (e *Expr) SQL() string { return e.root.sql() }

// Eval returns e's value for a row. row returns the column of a field id.
func (e *Expr) Eval(row func(id int) meta.Value) Truth { return e.root.eval(row) }

// ColumnMetrics is what a manifest says of one column of one file.
type ColumnMetrics struct {
	Values, Nulls, NaNs int64  // negative: not known. Values counts NULL and NaN too
	Lower, Upper        []byte // as in the manifest; nil: not known
}

// NoMetrics is what is known of a column that was not counted.
var NoMetrics = ColumnMetrics{Values: -1, Nulls: -1, NaNs: -1}

// File is what is known of one file. The zero value is a file of which nothing
// is known but that it has no rows; set Records to -1 where they are not known.
type File struct {
	Fields    []meta.BoundField // of the file's own spec
	Partition []meta.Value      // its tuple, in spec order
	Records   int64             // rows, negative: not known
	// Column returns the metrics of a column by field id. Nil: none known.
	Column func(id int) ColumnMetrics
}

// MightMatchManifest reports whether a manifest may hold a file with a row
// that makes e true. fields are those of the manifest's spec; summaries that
// are not as many say nothing.
func (e *Expr) MightMatchManifest(fields []meta.BoundField, summaries []manifest.FieldSummary) bool {
	if len(fields) != len(summaries) {
		return true
	}
	return e.root.outcomes(func(c *column) domain {
		d := anything(c)
		for i, f := range fields {
			if f.SourceID == c.id {
				d.meet(summaryDomain(c, f.Transform, summaries[i]))
			}
		}
		return d
	})&True != 0
}

// MightMatchPartition reports whether a file of a partition may have a row
// that makes e true. tuple is in the order of fields.
func (e *Expr) MightMatchPartition(fields []meta.BoundField, tuple []meta.Value) bool {
	return e.MightMatchFile(File{Fields: fields, Partition: tuple, Records: -1})
}

// MightMatchFile reports whether a file may have a row that makes e true.
func (e *Expr) MightMatchFile(f File) bool {
	return f.Records != 0 && e.root.outcomes(f.domain)&True != 0
}

// MustMatchFile reports whether all rows of a file are known to make e true,
// so that deleting by e deletes the file. A file without rows qualifies.
func (e *Expr) MustMatchFile(f File) bool {
	return f.Records == 0 || e.root.outcomes(f.domain) == True
}

// domain returns what is known of a column's values in the file.
func (f File) domain(c *column) domain {
	d := anything(c)
	if len(f.Fields) == len(f.Partition) {
		for i, field := range f.Fields {
			if field.SourceID == c.id {
				d.meet(tupleDomain(c, field.Transform, f.Partition[i]))
			}
		}
	}
	if f.Column != nil {
		d.meet(metricsDomain(c, f.Records, f.Column(c.id)))
	}
	return d
}

// Parse parses text and binds it to schema. Errors name the place (bytes from
// 1), what was refused or which column is not there, with near matches.
func Parse(text string, schema *meta.Schema) (*Expr, error) {
	tree, err := parseText(text)
	if err != nil {
		return nil, err
	}
	return bind(tree, schema)
}
