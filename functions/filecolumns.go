package functions

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"psyberg/functions/manifest"
	"psyberg/functions/meta"
)

// fileColumn is one column of a relation whose rows are manifest entries: its
// field, the entry columns it is made of, and how.
type fileColumn struct {
	field  arrow.Field
	needs  []manifest.Column
	bounds []int32 // field ids whose lower and upper bound, and counts, it needs
	// build returns a new array, of field's type, with a row per row of in.
	build func(in *entryBatch) (arrow.Array, error)
}

// entryBatch is a decoded batch with its columns by name.
type entryBatch struct {
	arrow.RecordBatch
	at     map[string]int
	ranges map[int32]metricsColumns // by field id, when first asked for
}

func newEntryBatch(in arrow.RecordBatch) *entryBatch {
	b := &entryBatch{in, make(map[string]int, in.NumCols()), map[int32]metricsColumns{}}
	for i, f := range in.Schema().Fields() {
		b.at[f.Name] = i
	}
	return b
}

func (b *entryBatch) entry(c manifest.Column) arrow.Array { return b.Column(b.at[c.String()]) }

// has reports whether a column was asked for.
func (b *entryBatch) has(c manifest.Column) bool {
	_, ok := b.at[c.String()]
	return ok
}

func (b *entryBatch) named(prefix string, id int32) arrow.Array {
	return b.Column(b.at[fmt.Sprint(prefix, id)])
}

// partitionRequest is the unified partition struct of a table as manifests are
// asked for it, and as the surface has it.
func partitionRequest(unified []meta.UnifiedField) (fields []manifest.PartitionField, surfaceType *arrow.StructType) {
	out := make([]arrow.Field, len(unified))
	for i, u := range unified {
		f := meta.ArrowField(&meta.Field{ID: u.ID, Name: u.Name, Type: u.Type})
		if u.Type.Kind == meta.KindUnknown { // never a value; Arrow's null is no column type
			f.Type = typeInt
		}
		out[i] = f
		fields = append(fields, manifest.PartitionField{ID: u.ID, Name: u.Name, Type: f.Type})
	}
	return fields, arrow.StructOf(out...)
}

// dataFileColumns are the columns of a data file, in the order of Spark's
// files table. Without any partition field, there is no column partition:
// DuckDB has no STRUCT without members.
func dataFileColumns(unified []meta.UnifiedField) []fileColumn {
	fields, surfaceType := partitionRequest(unified)
	types := map[string]arrow.DataType{}
	for _, f := range manifest.Schema(&manifest.Request{Columns: manifest.AllColumns(), Partition: fields}).Fields() {
		types[f.Name] = f.Type
	}
	var out []fileColumn
	for _, c := range []manifest.Column{
		manifest.FileContent, manifest.FilePath, manifest.FileFormat, manifest.SpecID, manifest.Partition,
		manifest.RecordCount, manifest.FileSizeInBytes, manifest.ColumnSizes, manifest.ValueCounts,
		manifest.NullValueCounts, manifest.NaNValueCounts, manifest.LowerBounds, manifest.UpperBounds,
		manifest.KeyMetadata, manifest.SplitOffsets, manifest.EqualityIDs, manifest.SortOrderID,
		manifest.FirstRowID, manifest.ReferencedDataFile, manifest.ContentOffset, manifest.ContentSizeInBytes,
	} {
		t := types[c.String()]
		if c == manifest.Partition {
			if len(unified) == 0 {
				continue
			}
			t = surfaceType
		}
		out = append(out, entryColumn(c, t))
	}
	return out
}

// entryColumn passes a column of the manifest on.
func entryColumn(c manifest.Column, t arrow.DataType) fileColumn {
	return fileColumn{
		field: nullable(c.String(), t),
		needs: []manifest.Column{c},
		build: func(in *entryBatch) (arrow.Array, error) { return retype(in.entry(c), t), nil },
	}
}

// structColumn puts columns together as the members of one STRUCT that is
// never NULL.
func structColumn(name string, members []fileColumn) fileColumn {
	out := fileColumn{}
	fields := make([]arrow.Field, len(members))
	for i, m := range members {
		fields[i] = m.field
		out.needs = append(out.needs, m.needs...)
	}
	t := arrow.StructOf(fields...)
	out.field = nullable(name, t)
	out.build = func(in *entryBatch) (arrow.Array, error) {
		arrays := make([]arrow.Array, 0, len(members))
		for _, m := range members {
			a, err := m.build(in)
			if err != nil {
				releaseArrays(arrays)
				return nil, err
			}
			arrays = append(arrays, a)
		}
		return structOf(t, int(in.NumRows()), arrays), nil
	}
	return out
}

// structOf makes a STRUCT that is never NULL of its members, which it releases.
func structOf(t arrow.DataType, rows int, members []arrow.Array) arrow.Array {
	defer releaseArrays(members)
	children := make([]arrow.ArrayData, len(members))
	for i, a := range members {
		children[i] = a.Data()
	}
	d := array.NewData(t, rows, []*memory.Buffer{nil}, children, 0, 0)
	defer d.Release()
	return array.MakeFromData(d)
}

func releaseArrays(arrays []arrow.Array) {
	for _, a := range arrays {
		a.Release()
	}
}

// retype gives an array a type of the same layout, where names or metadata of
// nested fields differ.
func retype(a arrow.Array, t arrow.DataType) arrow.Array {
	if arrow.TypeEqual(a.DataType(), t, arrow.CheckMetadata()) {
		a.Retain()
		return a
	}
	d := retypeData(a.Data(), t)
	defer d.Release()
	return array.MakeFromData(d)
}

func retypeData(d arrow.ArrayData, t arrow.DataType) *array.Data {
	nested, ok := t.(arrow.NestedType)
	if !ok {
		return array.NewData(t, d.Len(), d.Buffers(), d.Children(), d.NullN(), d.Offset())
	}
	children := make([]arrow.ArrayData, len(d.Children()))
	for i, f := range nested.Fields() {
		c := retypeData(d.Children()[i], f.Type)
		defer c.Release()
		children[i] = c
	}
	return array.NewData(t, d.Len(), d.Buffers(), children, d.NullN(), d.Offset())
}
