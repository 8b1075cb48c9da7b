package cache

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/compute"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"psyberg/functions/manifest"
)

// Scan is manifest.Scan of the Source's manifest: same batches' rows, in the
// same order, same errors. It closes the Source. What was decoded anew is kept.
func (s *Source) Scan(ctx context.Context, alloc memory.Allocator, emit func(arrow.RecordBatch) error) error {
	defer s.Close()
	if s.mapped != nil {
		return manifest.ScanMapped(ctx, s.file, s.mapped, s.req, alloc, emit)
	}
	if s.plan == nil {
		return manifest.Scan(ctx, s.file, s.data, s.req, alloc, emit)
	}
	out := &sink{ctx: ctx, emit: emit, plan: s.plan}
	if s.data == nil {
		err := s.replay(ctx, alloc, out)
		if err == nil {
			s.remember()
			return nil
		}
		if out.failed != nil || ctx.Err() != nil {
			return err
		}
		// A file is damaged where nobody had looked: decode, from where we are.
		s.forget()
		if s.data, err = s.read(ctx); err != nil {
			return err
		}
	}
	if int64(len(s.data)) == s.file.Length {
		if err := s.fill(ctx, alloc, out); err == nil || out.failed != nil || ctx.Err() != nil {
			return err
		}
		// Perhaps what is wrong is in a column that nobody asked for.
	}
	return manifest.Scan(ctx, s.file, s.data, s.req, alloc, out.rest())
}

// forget removes the files that were found: one of them is damaged.
func (s *Source) forget() {
	s.cache.stats.damaged.Add(1)
	for i, g := range s.plan.groups {
		if e := s.found[i]; e != nil {
			e.drop()
		}
		s.cache.near.drop(placeOf(s.file, g))
	}
	s.Close()
}

// remember keeps in memory what was loaded from files to the end.
func (s *Source) remember() {
	for i, g := range s.plan.groups {
		if e := s.found[i]; e != nil && len(e.fresh) > 0 {
			s.cache.near.put(placeOf(s.file, g), e.index, e.fresh)
		}
	}
}

// sink hands batches on, and knows how far it got.
type sink struct {
	ctx     context.Context
	emit    func(arrow.RecordBatch) error
	plan    *plan
	emitted int64 // rows handed on
	skip    int64 // rows that come again, see rest
	failed  error // emit's
}

// rest is what emits what a second run yields after what a first has emitted.
func (o *sink) rest() func(arrow.RecordBatch) error {
	o.skip = o.emitted
	return o.hand
}

// hand emits a batch but for the rows to skip.
func (o *sink) hand(b arrow.RecordBatch) error {
	if n := min(o.skip, b.NumRows()); n > 0 {
		o.skip -= n
		if n == b.NumRows() {
			return nil
		}
		b = b.NewSlice(n, b.NumRows())
		defer b.Release()
	}
	o.emitted += b.NumRows()
	o.failed = o.emit(b)
	return o.failed
}

// take emits the rows of a batch that the request wants. status is nil where
// none is deleted.
func (o *sink) take(cols []arrow.Array, rows int64, status *array.Int32) error {
	b := array.NewRecordBatch(o.plan.schema, cols, rows)
	defer func() { b.Release() }()
	if status != nil && o.plan.request.Live {
		live, err := withoutDeleted(o.ctx, b, status)
		if err != nil {
			return err
		}
		b.Release()
		b = live
	}
	most := int64(o.plan.request.BatchRows)
	if most <= 0 {
		most = manifest.DefaultBatchRows
	}
	for from := int64(0); from < b.NumRows(); from += most {
		if err := o.ctx.Err(); err != nil {
			return err
		}
		if b.NumRows() <= most {
			return o.hand(b)
		}
		part := b.NewSlice(from, min(from+most, b.NumRows()))
		err := o.hand(part)
		part.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

const statusDeleted = 2

func countDeleted(status *array.Int32) (n int64) {
	for _, v := range status.Int32Values() {
		if v == statusDeleted {
			n++
		}
	}
	return n
}

// withoutDeleted returns the rows whose status is not 2.
func withoutDeleted(ctx context.Context, b arrow.RecordBatch, status *array.Int32) (arrow.RecordBatch, error) {
	n := countDeleted(status)
	switch {
	case n == 0:
		b.Retain()
		return b, nil
	case b.NumCols() == 0 || n == b.NumRows():
		return emptyOf(b.Schema(), b.NumRows()-n), nil
	}
	mask := array.NewBooleanBuilder(memory.DefaultAllocator)
	defer mask.Release()
	mask.Reserve(status.Len())
	for _, v := range status.Int32Values() {
		mask.UnsafeAppend(v != statusDeleted)
	}
	keep := mask.NewBooleanArray()
	defer keep.Release()
	return compute.FilterRecordBatch(ctx, b, keep, compute.DefaultFilterOptions())
}

// emptyOf is a batch of so many rows where there are no columns, else of none.
func emptyOf(schema *arrow.Schema, rows int64) arrow.RecordBatch {
	cols := make([]arrow.Array, schema.NumFields())
	for i, f := range schema.Fields() {
		b := array.NewBuilder(memory.DefaultAllocator, f.Type)
		cols[i] = b.NewArray()
		b.Release()
	}
	defer releaseArrays(cols)
	if len(cols) > 0 {
		rows = 0
	}
	return array.NewRecordBatch(schema, cols, rows)
}

func releaseArrays(cols []arrow.Array) {
	for _, c := range cols {
		if c != nil {
			c.Release()
		}
	}
}

// replay emits what was found.
func (s *Source) replay(ctx context.Context, alloc memory.Allocator, out *sink) error {
	first := s.found[0]
	for i, b := range first.index.batches {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.batch(alloc, out, i, b.rows); err != nil {
			return err
		}
	}
	return nil
}

func (s *Source) batch(alloc memory.Allocator, out *sink, i int, rows int64) error {
	cols := make([]arrow.Array, len(s.plan.picks))
	defer func() { releaseArrays(cols) }()
	for j, p := range s.plan.picks {
		var err error
		if cols[j], err = s.found[p.group].load(alloc, i, p.column); err != nil {
			return err
		}
	}
	var status *array.Int32
	if s.dropsDeleted(s.found[0].index) {
		a, err := s.found[0].load(alloc, i, statusAt)
		if err != nil {
			return err
		}
		defer a.Release()
		status = a.(*array.Int32)
	}
	return out.take(cols, rows, status)
}

// fill decodes the manifest, all of the groups that are missing, hands on what
// was asked for, and stores the groups when the whole manifest was decoded.
func (s *Source) fill(ctx context.Context, alloc memory.Allocator, out *sink) error {
	out.skip = out.emitted
	var missing []*group
	var kept []*filling
	defer func() {
		for _, f := range kept {
			f.release()
		}
	}()
	for i, g := range s.plan.groups {
		if len(s.found) <= i || s.found[i] == nil {
			missing, kept = append(missing, g), append(kept, &filling{group: g})
		}
	}
	err := manifest.Scan(ctx, s.file, s.data, s.plan.filling(missing), alloc, func(in arrow.RecordBatch) error {
		status := named(in, manifest.Status.String()).(*array.Int32)
		deleted := countDeleted(status)
		for _, f := range kept {
			f.add(project(in, f.group.schema), deleted, s.cache.most)
		}
		part := project(in, s.plan.schema)
		defer part.Release()
		if deleted == 0 {
			status = nil
		}
		return out.take(part.Columns(), part.NumRows(), status)
	})
	if err != nil {
		return err
	}
	for _, f := range kept {
		if !f.tooBig {
			s.cache.keep(folderOf(s.file), key(s.file, f.group), f)
		}
	}
	return nil
}

func named(in arrow.RecordBatch, name string) arrow.Array {
	return in.Column(in.Schema().FieldIndices(name)[0])
}

// project returns the columns of a schema, found by name.
func project(in arrow.RecordBatch, schema *arrow.Schema) arrow.RecordBatch {
	cols := make([]arrow.Array, schema.NumFields())
	for i, f := range schema.Fields() {
		cols[i] = named(in, f.Name)
	}
	return array.NewRecordBatch(schema, cols, in.NumRows())
}
