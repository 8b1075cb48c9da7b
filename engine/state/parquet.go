package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"psyberg/psyberg"
)

// write makes one Parquet file of rows that are in Go already: no SQL text is
// made of them. Killed in it: an orphaned file.
func (s *Store) write(ctx context.Context, name string, def tableDef, process string, rows []row) (iceberg.DataFile, error) {
	t, err := s.cat.OpenTable(ctx, name)
	if err != nil {
		return nil, err
	}
	spec := t.Spec()
	f, err := partitionFieldOf(t.Schema(), spec)
	if err != nil {
		return nil, err
	}
	schema, err := arrowSchema(t.Schema(), def)
	if err != nil {
		return nil, err
	}
	def.columns = slices.DeleteFunc(slices.Clone(def.columns), func(c column) bool { _, there := schema.FieldsByName(c.name); return !there })
	rec, err := record(schema, def, rows)
	if err != nil {
		return nil, err
	}
	defer rec.Release()
	data, err := encodeParquet(rec)
	if err != nil {
		return nil, err
	}
	b, err := dataFile(spec, f, process, data, int64(len(rows)))
	if err != nil {
		return nil, err
	}
	location, w, err := s.cat.CreateDataFile(ctx, name, "", ".parquet")
	if err != nil {
		return nil, err
	}
	_, err = w.Write(data)
	if err = errors.Join(err, w.Close()); err != nil {
		return nil, errors.Join(fmt.Errorf("write data file %q: %w", location, err), s.cat.RemoveFile(context.WithoutCancel(ctx), name, location))
	}
	return b(location)
}

// partitionFieldOf checks that a table which somebody else made is partitioned
// as ours are.
func partitionFieldOf(schema *iceberg.Schema, spec iceberg.PartitionSpec) (iceberg.PartitionField, error) {
	if spec.NumFields() == 1 {
		f := spec.Field(0)
		col, ok := schema.FindFieldByName(partitionField)
		if _, identity := f.Transform.(iceberg.IdentityTransform); ok && identity && f.SourceID() == col.ID {
			return f, nil
		}
	}
	return iceberg.PartitionField{}, fmt.Errorf("it is partitioned by %s: it must be by identity %s alone", spec.String(), partitionField)
}

// arrowSchema are our columns as the table has them, with field ids.
func arrowSchema(schema *iceberg.Schema, def tableDef) (*arrow.Schema, error) {
	all, err := table.SchemaToArrowSchema(schema, nil, true, false)
	if err != nil {
		return nil, err
	}
	var fields []arrow.Field
	for _, c := range def.columns {
		found, ok := schema.FindFieldByName(c.name)
		if !ok && c.name == foundColumn {
			continue
		}
		if !ok {
			return nil, fmt.Errorf("it has no column %s: add it as %s", c.name, c.kind.iceberg(0))
		}
		f, _ := all.FieldsByName(c.name)
		if want := c.kind.arrow(); len(f) != 1 || !sameType(f[0].Type, want) {
			return nil, fmt.Errorf("its column %s is %s, not %s", c.name, found.Type, c.kind.iceberg(0))
		}
		fields = append(fields, f[0])
	}
	return arrow.NewSchema(fields, nil), nil
}

func sameType(a, b arrow.DataType) bool {
	if l, ok := a.(*arrow.ListType); ok {
		m, ok := b.(*arrow.ListType)
		return ok && arrow.TypeEqual(l.Elem(), m.Elem())
	}
	return arrow.TypeEqual(a, b)
}

func (k kind) arrow() arrow.DataType {
	return [...]arrow.DataType{
		arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Int32, arrow.FixedWidthTypes.Timestamp_us,
		arrow.FixedWidthTypes.Date32, arrow.ListOf(arrow.PrimitiveTypes.Int64), arrow.ListOf(arrow.BinaryTypes.String),
		arrow.FixedWidthTypes.Boolean,
	}[k]
}

func record(schema *arrow.Schema, def tableDef, rows []row) (arrow.RecordBatch, error) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for _, r := range rows {
		for i, c := range def.columns {
			if err := appendValue(b.Field(i), r[c.name]); err != nil {
				return nil, fmt.Errorf("column %s: %w", c.name, err)
			}
		}
	}
	return b.NewRecordBatch(), nil
}

func appendValue(b array.Builder, v any) error {
	switch v := v.(type) {
	case nil:
		b.AppendNull()
		return nil
	case string:
		if !utf8.ValidString(v) {
			return fmt.Errorf("the text %q is not UTF-8", v)
		}
		b.(*array.StringBuilder).Append(v)
	case bool:
		b.(*array.BooleanBuilder).Append(v)
	case int64:
		if n, ok := b.(*array.Int32Builder); ok {
			n.Append(int32(v)) // hours and patterns
			return nil
		}
		b.(*array.Int64Builder).Append(v)
	case date:
		b.(*array.Date32Builder).Append(arrow.Date32(v))
	case psyberg.Instant:
		b.(*array.TimestampBuilder).Append(arrow.Timestamp(v))
	case []int64:
		l := b.(*array.ListBuilder)
		l.Append(true)
		l.ValueBuilder().(*array.Int64Builder).AppendValues(v, nil)
	case []string:
		l := b.(*array.ListBuilder)
		l.Append(true)
		l.ValueBuilder().(*array.StringBuilder).AppendValues(v, nil)
	default:
		return fmt.Errorf("a value of type %T", v)
	}
	return nil
}

func encodeParquet(rec arrow.RecordBatch) ([]byte, error) {
	var buf bytes.Buffer
	props := parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Zstd), parquet.WithStats(true),
		parquet.WithVersion(parquet.V2_LATEST))
	w, err := pqarrow.NewFileWriter(rec.Schema(), &buf, props, pqarrow.NewArrowWriterProperties())
	if err != nil {
		return nil, err
	}
	if err := errors.Join(w.Write(rec), w.Close()); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// dataFile reads the metrics of a Parquet file; the result makes the manifest
// entry once the location is known.
func dataFile(spec iceberg.PartitionSpec, f iceberg.PartitionField, process string, data []byte, n int64) (func(string) (iceberg.DataFile, error), error) {
	r, err := file.NewParquetReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	sizes, values, nulls := map[int]int64{}, map[int]int64{}, map[int]int64{}
	lower, upper := map[int][]byte{}, map[int][]byte{}
	var offsets []int64
	md := r.MetaData()
	for g := range md.NumRowGroups() {
		rg := md.RowGroup(g)
		for i := range rg.NumColumns() {
			c, err := rg.ColumnChunk(i)
			if err != nil {
				return nil, err
			}
			if i == 0 {
				at := c.DataPageOffset()
				if c.HasDictionaryPage() && c.DictionaryPageOffset() > 0 {
					at = min(at, c.DictionaryPageOffset())
				}
				offsets = append(offsets, at)
			}
			node := md.Schema.Column(i).SchemaNode()
			id := int(node.FieldID())
			sizes[id] += c.TotalCompressedSize()
			values[id] += c.NumValues()
			st, err := c.Statistics()
			if err != nil || st == nil {
				continue
			}
			if st.HasNullCount() {
				nulls[id] += st.NullCount()
			}
			// One row group: rows that one process holds in memory.
			if st.HasMinMax() && md.Schema.Column(i).MaxRepetitionLevel() == 0 && md.NumRowGroups() == 1 {
				lo, hi, ok := bounds(st.Type(), st.EncodeMin(), st.EncodeMax())
				if ok {
					lower[id], upper[id] = lo, hi
				}
			}
		}
	}
	return func(location string) (iceberg.DataFile, error) {
		b, err := iceberg.NewDataFileBuilder(spec, iceberg.EntryContentData, location, iceberg.ParquetFile,
			map[int]any{f.FieldID: process}, nil, nil, n, int64(len(data)))
		if err != nil {
			return nil, err
		}
		return b.ColumnSizes(sizes).ValueCounts(values).NullValueCounts(nulls).LowerBoundValues(lower).UpperBoundValues(upper).
			SplitOffsets(offsets).Build(), nil
	}, nil
}

// bounds turns Parquet's minimum and maximum into Iceberg's: little endian
// numbers are the same; texts are cut at 64 characters, the upper one rounded
// up, and left out where it cannot be.
func bounds(t parquet.Type, low, high []byte) (lo, hi []byte, ok bool) {
	if t != parquet.Types.ByteArray {
		return low, high, true
	}
	const most = 64 // session ids differ after their first 16: scheduled__2023-09-14T05:00:00
	cut := func(b []byte) ([]byte, bool) {
		n := 0
		for i := range string(b) {
			if n == most {
				return b[:i], true
			}
			n++
		}
		return b, false
	}
	lo, _ = cut(low)
	hi, short := cut(high)
	if !short {
		return lo, hi, true
	}
	runes := []rune(string(hi))
	for i := len(runes) - 1; i >= 0; i-- {
		next := runes[i] + 1
		if next == 0xD800 {
			next = 0xE000 // skip surrogates
		}
		if next <= utf8.MaxRune {
			return lo, []byte(string(append(runes[:i:i], next))), true
		}
	}
	return nil, nil, false
}
