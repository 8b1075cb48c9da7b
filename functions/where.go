package functions

import (
	"context"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/compute"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"psyberg/functions/manifest"
	"psyberg/functions/meta"
	"psyberg/functions/predicate"
	"psyberg/functions/surface"
)

var whereArgument = surface.Arg{Name: "where", Type: typeText,
	Doc: "a condition over the table's columns, in SQL: leaves out manifests and files that hold no row for which it is true"}

// fileFilter is the argument where, bound to a table: manifests are left out
// by the partition summaries of the list, files by their partition and, data
// files, by their bounds and counts. Nothing that could hold a row for which
// the condition is true is left out (predicate P1).
//
// A delete file stays wherever its partition could match: its own bounds are
// not about the rows that it deletes. A nil filter keeps everything.
type fileFilter struct {
	expr   *predicate.Expr
	tuples *tupleReader
	ids    []int32 // columns of expr
}

// whereArg reads the argument where; nil where it is not given.
func whereArg(p *pinned, args surface.Args) (*fileFilter, error) {
	text, given, err := args.Text(whereArgument.Name)
	if err != nil || !given {
		return nil, err
	}
	expr, err := inSchemas(p, p.Schema, func(s *meta.Schema) (*predicate.Expr, error) { return predicate.Parse(text, s) })
	if err != nil {
		return nil, fmt.Errorf("read argument where of table %q: %w", p.Name, err)
	}
	f := &fileFilter{expr: expr, tuples: newTupleReader(p.Meta)}
	for _, id := range expr.Columns() {
		f.ids = append(f.ids, int32(id))
	}
	return f, nil
}

// inSchemas reads an argument that names columns in the first schema that has
// them: first, then the table's current one, then the pinned snapshot's own.
// The error is that of the first.
func inSchemas[T any](p *pinned, first *meta.Schema, read func(*meta.Schema) (T, error)) (T, error) {
	out, err := read(first)
	for _, s := range []*meta.Schema{p.Meta.CurrentSchema(), p.Meta.SchemaOf(p.Snapshot)} {
		if err == nil || s == first {
			continue
		}
		if other, otherErr := read(s); otherErr == nil {
			return other, nil
		}
	}
	return out, err
}

// manifest reports whether a manifest can hold a file that is wanted.
func (f *fileFilter) manifest(m manifest.File) bool {
	if f == nil {
		return true
	}
	spec, ok := f.tuples.specs[m.SpecID]
	return !ok || f.expr.MightMatchManifest(spec.fields, m.Partitions)
}

// request adds the columns that keep looks at.
func (f *fileFilter) request(r *manifest.Request) {
	if f == nil {
		return
	}
	for _, c := range []manifest.Column{manifest.FileContent, manifest.SpecID, manifest.Partition, manifest.RecordCount} {
		if !slices.Contains(r.Columns, c) {
			r.Columns = append(r.Columns, c)
		}
	}
	r.Partition, _ = partitionRequest(f.tuples.unified)
	requestRanges(r, f.ids)
}

// requestRanges adds bounds and counts of columns by field id, each once.
func requestRanges(r *manifest.Request, ids []int32) {
	for _, id := range ids {
		if !slices.Contains(r.Bounds, id) {
			r.Bounds = append(r.Bounds, id)
		}
	}
	r.Counts = r.Bounds
}

// keep returns the wanted rows of a batch, for the caller to release; nil
// where there is none.
func (f *fileFilter) keep(ctx context.Context, in arrow.RecordBatch) (arrow.RecordBatch, error) {
	if f == nil {
		in.Retain()
		return in, nil
	}
	b := newEntryBatch(in)
	mask := array.NewBooleanBuilder(memory.DefaultAllocator)
	defer mask.Release()
	kept := 0
	for row := range int(in.NumRows()) {
		ok, err := f.file(b, row)
		if err != nil {
			return nil, err
		}
		if mask.Append(ok); ok {
			kept++
		}
	}
	switch kept {
	case 0:
		return nil, nil
	case int(in.NumRows()):
		in.Retain()
		return in, nil
	}
	a := mask.NewBooleanArray()
	defer a.Release()
	return compute.FilterRecordBatch(ctx, in, a, compute.DefaultFilterOptions())
}

// file reports whether one file is wanted.
func (f *fileFilter) file(b *entryBatch, row int) (bool, error) {
	fields, values, err := f.tuples.tuple(b, row)
	if err != nil {
		return false, err
	}
	if b.entry(manifest.FileContent).(*array.Int32).Value(row) != int32(manifest.ContentData) {
		return f.expr.MightMatchPartition(fields, values), nil
	}
	return f.expr.MightMatchFile(predicate.File{
		Fields: fields, Partition: values,
		Records: b.entry(manifest.RecordCount).(*array.Int64).Value(row),
		Column: func(id int) predicate.ColumnMetrics {
			return b.metrics(int32(id), row)
		},
	}), nil
}

// metricsColumns are what a batch has of a column that the request named in
// Bounds and Counts.
type metricsColumns struct {
	lower, upper        *array.Binary
	values, nulls, nans *array.Int64
}

// columnsOf finds those of a column.
func (b *entryBatch) columnsOf(id int32) metricsColumns {
	c, ok := b.ranges[id]
	if !ok {
		c = metricsColumns{b.named("lower_", id).(*array.Binary), b.named("upper_", id).(*array.Binary),
			b.named("value_count_", id).(*array.Int64), b.named("null_count_", id).(*array.Int64), b.named("nan_count_", id).(*array.Int64)}
		b.ranges[id] = c
	}
	return c
}

// metrics are what a row says of such a column. The bounds are those of the
// batch, not copies.
func (b *entryBatch) metrics(id int32, row int) predicate.ColumnMetrics {
	c := b.columnsOf(id)
	return predicate.ColumnMetrics{
		Values: countAt(c.values, row), Nulls: countAt(c.nulls, row), NaNs: countAt(c.nans, row),
		Lower: boundAt(c.lower, row), Upper: boundAt(c.upper, row),
	}
}

func countAt(a *array.Int64, row int) int64 {
	if a.IsNull(row) {
		return -1
	}
	return a.Value(row)
}

func boundAt(a *array.Binary, row int) []byte {
	if a.IsNull(row) {
		return nil
	}
	if v := a.Value(row); v != nil {
		return v
	}
	return []byte{} // the empty text, which is not "no bound"
}

// rangeOf reads the range of a column in one row of a batch whose request
// named the column in Bounds and Counts. It keeps nothing of the batch.
func (b *entryBatch) rangeOf(l metricsLeaf, row int) columnRange {
	m := b.metrics(l.id, row)
	r := columnRange{values: m.Values, nulls: m.Nulls, nan: m.NaNs}
	switch l.typ.Kind {
	case meta.KindString, meta.KindBinary, meta.KindFixed, meta.KindUUID:
		m.Lower, m.Upper = slices.Clone(m.Lower), slices.Clone(m.Upper)
	}
	if v, ok := shownBound(l.typ, m.Lower, false); ok {
		r.min = v
	}
	if v, ok := shownBound(l.typ, m.Upper, true); ok {
		r.max = v
	}
	return r
}
