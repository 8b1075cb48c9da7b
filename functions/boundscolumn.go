package functions

import (
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"psyberg/functions/manifest"
	"psyberg/functions/meta"
)

// boundsColumn is the column bounds of files and entries.
func boundsColumn(leaves []metricsLeaf) fileColumn {
	t := boundsType(leaves)
	c := fileColumn{field: nullable("bounds", t), needs: []manifest.Column{manifest.FileContent}, bounds: leafIDs(leaves)}
	c.build = func(in *entryBatch) (arrow.Array, error) {
		members := make([]arrow.Array, len(leaves))
		for i, l := range leaves {
			members[i] = in.rangeColumn(l, t.Field(i).Type)
		}
		return structOf(t, int(in.NumRows()), members), nil
	}
	return c
}

// rangeColumn is one STRUCT(min, max, nulls, nans, files_without_bounds) of
// type t a row: rangeOf and appendRange of all rows, column by column.
func (b *entryBatch) rangeColumn(l metricsLeaf, t arrow.DataType) arrow.Array {
	c, rows := b.columnsOf(l.id), int(b.NumRows())
	minType, maxType := t.(*arrow.StructType).Field(0).Type, t.(*arrow.StructType).Field(1).Type
	lower, hasLower := boundColumn(l, minType, c.lower, false)
	upper, hasUpper := boundColumn(l, maxType, c.upper, true)
	without := withoutBounds(b.entry(manifest.FileContent).(*array.Int32).Int32Values(), c, hasLower, hasUpper)
	return structOf(t, rows, []arrow.Array{lower, upper, knownCounts(c.nulls), knownCounts(c.nans), without})
}

// withoutBounds is 1 where a data file's values may lie outside its bounds, 0
// where they do not, NULL for delete files.
func withoutBounds(contents []int32, c metricsColumns, hasLower, hasUpper func(row int) bool) arrow.Array {
	rows := len(contents)
	if hasLower == nil && hasUpper == nil && !slices.ContainsFunc(contents, func(k int32) bool { return k != int32(manifest.ContentData) }) {
		d := array.NewData(typeLong, rows, []*memory.Buffer{nil, memory.NewBufferBytes(make([]byte, arrow.Int64Traits.BytesRequired(rows)))}, nil, 0, 0)
		defer d.Release()
		return array.NewInt64Data(d)
	}
	without := array.NewInt64Builder(memory.DefaultAllocator)
	defer without.Release()
	without.Reserve(rows)
	all := func(has func(int) bool, row int) bool { return has == nil || has(row) }
	for row, k := range contents {
		switch {
		case k != int32(manifest.ContentData):
			without.UnsafeAppendBoolToBitmap(false)
		case all(hasLower, row) && all(hasUpper, row) || !c.rangeAt(row).needsBounds():
			without.UnsafeAppend(0)
		default:
			without.UnsafeAppend(1)
		}
	}
	return without.NewArray()
}

// rangeAt is what a row says of the column, but for its bounds.
func (c metricsColumns) rangeAt(row int) columnRange {
	return columnRange{values: countAt(c.values, row), nulls: countAt(c.nulls, row), nan: countAt(c.nans, row)}
}

// boundColumn decodes a column of bounds into type t; has reports whether a
// row's bound was decoded, which it is also where t cannot hold it; nil: all were.
func boundColumn(l metricsLeaf, t arrow.DataType, raw *array.Binary, upper bool) (a arrow.Array, has func(row int) bool) {
	if a := boundsInPlace(l.typ.Kind, t, raw); a != nil {
		return a, nil
	}
	b := array.NewBuilder(memory.DefaultAllocator, t)
	defer b.Release()
	b.Reserve(raw.Len())
	decoded := make([]bool, raw.Len())
	for row := range decoded {
		v, ok := shownBound(l.typ, boundAt(raw, row), upper)
		decoded[row] = ok && !v.IsNull()
		if !ok || v.Append(b) != nil {
			if b.Len() == row {
				b.AppendNull()
			}
		}
	}
	return b.NewArray(), func(row int) bool { return decoded[row] }
}

// inPlace are the kinds whose bounds are Arrow's own values, byte for byte,
// where they have that many bytes.
var inPlace = map[meta.Kind]int{
	meta.KindInt: 4, meta.KindDate: 4, meta.KindFloat: 4,
	meta.KindLong: 8, meta.KindTime: 8, meta.KindTimestamp: 8, meta.KindTimestampTZ: 8, meta.KindTimestampNS: 8, meta.KindDouble: 8,
}

// boundsInPlace takes the bytes of bounds for an array of type t; nil where
// they are not that: all of the kind's width, and none missing.
func boundsInPlace(k meta.Kind, t arrow.DataType, raw *array.Binary) arrow.Array {
	width, ok := inPlace[k]
	fixed, isFixed := t.(arrow.FixedWidthDataType)
	if !ok || !isFixed || fixed.Bytes() != width || raw.Len() == 0 || raw.NullN() > 0 {
		return nil
	}
	offsets := raw.ValueOffsets()
	for i := range raw.Len() {
		if int(offsets[i+1]-offsets[i]) != width {
			return nil
		}
	}
	from := int(offsets[0])
	if from%width != 0 {
		return nil
	}
	d := array.NewData(t, raw.Len(), []*memory.Buffer{nil, raw.Data().Buffers()[2]}, nil, 0, from/width)
	defer d.Release()
	return array.MakeFromData(d)
}

// knownCounts is a column of counts whose numbers below zero are NULL.
func knownCounts(a *array.Int64) arrow.Array {
	for row, n := range a.Int64Values() {
		if n < 0 && a.IsValid(row) {
			return withoutNegative(a)
		}
	}
	a.Retain()
	return a
}

func withoutNegative(a *array.Int64) arrow.Array {
	b := array.NewInt64Builder(memory.DefaultAllocator)
	defer b.Release()
	b.Reserve(a.Len())
	for row := range a.Len() {
		if n := countAt(a, row); n >= 0 {
			b.UnsafeAppend(n)
		} else {
			b.UnsafeAppendBoolToBitmap(false)
		}
	}
	return b.NewArray()
}
