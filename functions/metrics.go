package functions

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"psyberg/functions/manifest"
	"psyberg/functions/meta"
)

// metricsLeaf is one column of readable_metrics.
type metricsLeaf struct {
	name string
	id   int32
	typ  meta.Type
}

// metricsLeaves are the columns of a schema that can have metrics, nested ones
// by their dotted names, in order of name, as Spark has them. Of names that
// differ by case only the later ones get their field id as a suffix: DuckDB's
// struct members are not case sensitive.
func metricsLeaves(s *meta.Schema) []metricsLeaf {
	var out []metricsLeaf
	walkFields(s.Fields, func(f placedField) {
		if f.Type.Primitive() {
			out = append(out, metricsLeaf{f.path, int32(f.ID), f.Type})
		}
	})
	slices.SortFunc(out, func(a, b metricsLeaf) int { return cmp.Compare(a.name, b.name) })
	taken := map[string]bool{}
	for i := range out {
		if taken[strings.ToLower(out[i].name)] {
			out[i].name += "_r" + strconv.Itoa(int(out[i].id))
		}
		taken[strings.ToLower(out[i].name)] = true
	}
	return out
}

// boundType is the type in which a column's bounds are shown.
func boundType(t meta.Type) arrow.Field {
	f := meta.ArrowField(&meta.Field{Type: t})
	f.Metadata = duckdbOnly(f.Metadata)
	switch t.Kind {
	case meta.KindUnknown: // never has a bound; Arrow's null is no column type
		f.Type = typeInt
	case meta.KindFixed: // its bounds may be truncated
		f.Type = typeBlob
	case meta.KindTimestampTZNS: // DuckDB's TIMESTAMPTZ has microseconds
		f.Type = typeInstant
	}
	return f
}

// duckdbOnly leaves out all metadata but the hint for the bridge: a bound is
// not the column, so it does not carry its field id.
func duckdbOnly(m arrow.Metadata) arrow.Metadata {
	if v, ok := m.GetValue("duckdb"); ok {
		return arrow.NewMetadata([]string{"duckdb"}, []string{v})
	}
	return arrow.Metadata{}
}

func boundField(name string, t meta.Type) arrow.Field {
	f := boundType(t)
	f.Name, f.Nullable = name, true
	return f
}

// readableMetrics is the column readable_metrics: per column what the six maps
// say, decoded. A bound that does not decode is NULL here; the maps have it.
func readableMetrics(s *meta.Schema) (fileColumn, bool) {
	leaves := metricsLeaves(s)
	if len(leaves) == 0 {
		return fileColumn{}, false
	}
	fields := make([]arrow.Field, len(leaves))
	byID := make(map[int32]int, len(leaves))
	for i, l := range leaves {
		byID[l.id] = i
		fields[i] = nullable(l.name, arrow.StructOf(
			nullable("column_size", typeLong), nullable("value_count", typeLong),
			nullable("null_value_count", typeLong), nullable("nan_value_count", typeLong),
			boundField("lower_bound", l.typ), boundField("upper_bound", l.typ)))
	}
	t := arrow.StructOf(fields...)
	counts := []manifest.Column{manifest.ColumnSizes, manifest.ValueCounts, manifest.NullValueCounts, manifest.NaNValueCounts}
	bounds := []manifest.Column{manifest.LowerBounds, manifest.UpperBounds}
	return fileColumn{
		field: nullable("readable_metrics", t),
		needs: slices.Concat(counts, bounds),
		build: func(in *entryBatch) (arrow.Array, error) {
			b := array.NewBuilder(memory.DefaultAllocator, t).(*array.StructBuilder)
			defer b.Release()
			for row := range int(in.NumRows()) {
				b.Append(true)
				for i := range leaves {
					b.FieldBuilder(i).(*array.StructBuilder).Append(true)
				}
				for k, c := range counts {
					appendCounts(b, in.entry(c).(*array.Map), row, k, byID)
				}
				for k, c := range bounds {
					appendBounds(b, in.entry(c).(*array.Map), row, len(counts)+k, byID, leaves, c == manifest.UpperBounds)
				}
				// What no map mentioned is NULL.
				for i := range leaves {
					leaf := b.FieldBuilder(i).(*array.StructBuilder)
					for k := range leaf.NumField() {
						if m := leaf.FieldBuilder(k); m.Len() <= row {
							m.AppendNull()
						}
					}
				}
			}
			return b.NewArray(), nil
		},
	}, true
}

// appendCounts appends one row of a map of counts to member k of the leaves
// it names. A field id named twice counts once.
func appendCounts(b *array.StructBuilder, m *array.Map, row, k int, byID map[int32]int) {
	if m.IsNull(row) {
		return
	}
	keys, items := m.Keys().(*array.Int32), m.Items().(*array.Int64)
	from, to := m.ValueOffsets(row)
	for j := int(from); j < int(to); j++ {
		if i, ok := byID[keys.Value(j)]; ok {
			leaf := b.FieldBuilder(i).(*array.StructBuilder).FieldBuilder(k).(*array.Int64Builder)
			if leaf.Len() <= row {
				leaf.Append(items.Value(j))
			}
		}
	}
}

func appendBounds(b *array.StructBuilder, m *array.Map, row, k int, byID map[int32]int, leaves []metricsLeaf, upper bool) {
	if m.IsNull(row) {
		return
	}
	keys, items := m.Keys().(*array.Int32), m.Items().(*array.Binary)
	from, to := m.ValueOffsets(row)
	for j := int(from); j < int(to); j++ {
		i, ok := byID[keys.Value(j)]
		if !ok || items.IsNull(j) {
			continue
		}
		leaf := b.FieldBuilder(i).(*array.StructBuilder).FieldBuilder(k)
		if leaf.Len() > row {
			continue
		}
		if v, ok := shownBound(leaves[i].typ, items.Value(j), upper); !ok || v.Append(leaf) != nil {
			if leaf.Len() <= row {
				leaf.AppendNull()
			}
		}
	}
}

// shownBound decodes a bound as a value of boundType; ok is false where it is
// none. Nanoseconds of a TIMESTAMPTZ are rounded away from the range's middle:
// the bounds still cover.
func shownBound(t meta.Type, raw []byte, upper bool) (v meta.Value, ok bool) {
	v, err := meta.DecodeBound(t, raw)
	if err != nil || t.Kind == meta.KindString && !utf8.Valid(raw) {
		return meta.Null, false
	}
	if v.Kind == meta.KindTimestampTZNS {
		v = meta.IntValue(meta.KindTimestampTZ, int64(instantOf(v, upper)))
	}
	return v, true
}

// leafIDs returns the field ids of leaves.
func leafIDs(leaves []metricsLeaf) []int32 {
	ids := make([]int32, len(leaves))
	for i, l := range leaves {
		ids[i] = l.id
	}
	return ids
}

// boundsArg reads the argument bounds: names of columns whose range is wanted.
func boundsArg(s *meta.Schema, names []string) ([]metricsLeaf, error) {
	var out []metricsLeaf
	taken := map[string]bool{}
	for _, n := range names {
		f, ok := s.FieldByName(n)
		if !ok {
			return nil, fmt.Errorf("read bounds of column %q: no such column%s", n, meta.Suggest(n, s.Names()))
		}
		if !f.Type.Primitive() {
			return nil, fmt.Errorf("read bounds of column %q: a %s has none; name one of its members", n, f.Type.Kind)
		}
		for _, o := range out {
			if o.id == int32(f.ID) {
				return nil, fmt.Errorf("read bounds of column %q: it is named twice", n)
			}
		}
		name, _ := s.NameOf(f.ID)
		if taken[strings.ToLower(name)] { // as in metricsLeaves
			name += "_r" + strconv.Itoa(f.ID)
		}
		taken[strings.ToLower(name)] = true
		out = append(out, metricsLeaf{name, int32(f.ID), f.Type})
	}
	return out, nil
}

// boundsType is STRUCT(col STRUCT(min, max, nulls, nans, files_without_bounds)).
func boundsType(leaves []metricsLeaf) *arrow.StructType {
	fields := make([]arrow.Field, len(leaves))
	for i, l := range leaves {
		fields[i] = nullable(l.name, arrow.StructOf(boundField("min", l.typ), boundField("max", l.typ),
			nullable("nulls", typeLong), nullable("nans", typeLong), nullable("files_without_bounds", typeLong)))
	}
	return arrow.StructOf(fields...)
}

// columnRange is what one file says of one column.
type columnRange struct {
	min, max           meta.Value // NULL: not there
	values, nulls, nan int64      // -1: not there
}

// unbounded reports whether the file may hold values of the column that its
// bounds do not cover.
func (r columnRange) unbounded() bool {
	return (r.min.IsNull() || r.max.IsNull()) && r.needsBounds()
}

// needsBounds reports whether the file may hold values of the column. One
// whose values are all NULL or NaN has no bounds and needs none.
func (r columnRange) needsBounds() bool {
	return r.values < 0 || r.nulls < 0 || r.values > r.nulls+max(0, r.nan)
}

// appendRange appends one STRUCT(min, max, nulls, nans, files_without_bounds);
// numbers below zero are NULL.
func appendRange(b *array.StructBuilder, r columnRange, without int64) {
	b.Append(true)
	for k, v := range []meta.Value{r.min, r.max} {
		if err := v.Append(b.FieldBuilder(k)); err != nil {
			b.FieldBuilder(k).AppendNull()
		}
	}
	for k, n := range []int64{r.nulls, r.nan, without} {
		if m := b.FieldBuilder(2 + k).(*array.Int64Builder); n < 0 {
			m.AppendNull()
		} else {
			m.Append(n)
		}
	}
}
