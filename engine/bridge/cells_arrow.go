package bridge

import (
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/duckdb/duckdb-go/v2/mapping"
)

// AppendArrow implements Cells.
func (s *stream) AppendArrow(b array.Builder, i int) bool {
	r := s.readers[i]
	if r.null(s.at) {
		b.AppendNull()
		return true
	}
	return r.appendArrow(b, s.at)
}

// appendArrow appends row i; false where the builder is not of the vector's own
// type, or the value has no place in it.
func (r *reader) appendArrow(b array.Builder, i int) bool {
	switch b := b.(type) {
	case *array.BooleanBuilder:
		return put(r, mapping.TypeBoolean, i, b.Append)
	case *array.Int8Builder:
		return put(r, mapping.TypeTinyInt, i, b.Append)
	case *array.Int16Builder:
		return put(r, mapping.TypeSmallInt, i, b.Append)
	case *array.Int32Builder:
		return put(r, mapping.TypeInteger, i, b.Append)
	case *array.Int64Builder:
		return put(r, mapping.TypeBigInt, i, b.Append)
	case *array.Uint8Builder:
		return put(r, mapping.TypeUTinyInt, i, b.Append)
	case *array.Uint16Builder:
		return put(r, mapping.TypeUSmallInt, i, b.Append)
	case *array.Uint32Builder:
		return put(r, mapping.TypeUInteger, i, b.Append)
	case *array.Uint64Builder:
		return put(r, mapping.TypeUBigInt, i, b.Append)
	case *array.Float32Builder:
		return put(r, mapping.TypeFloat, i, b.Append)
	case *array.Float64Builder:
		return put(r, mapping.TypeDouble, i, b.Append)
	case *array.StringBuilder:
		if r.t.id != mapping.TypeVarchar {
			return false
		}
		b.BinaryBuilder.Append(r.bytes(i))
		return true
	case *array.Date32Builder:
		v := int32(0)
		if !put(r, mapping.TypeDate, i, func(d int32) { v = d }) || v == math.MaxInt32 || v == -math.MaxInt32 { // infinite
			return false
		}
		b.Append(arrow.Date32(v))
		return true
	case *array.TimestampBuilder:
		return r.appendArrowTimestamp(b, i)
	case *array.Decimal128Builder:
		return r.appendArrowDecimal(b, i)
	}
	return false
}

// put appends row i where the vector is of this type.
func put[T any](r *reader, id mapping.Type, i int, add func(T)) bool {
	if r.t.id != id {
		return false
	}
	add(at[T](r, i))
	return true
}

func (r *reader) appendArrowTimestamp(b *array.TimestampBuilder, i int) bool {
	if r.t.id != mapping.TypeTimestamp && r.t.id != mapping.TypeTimestampTZ { // both of microseconds
		return false
	}
	v := at[int64](r, i)
	if b.Type().(*arrow.TimestampType).Unit != arrow.Microsecond || v == math.MaxInt64 || v == -math.MaxInt64 { // infinite
		return false
	}
	b.Append(arrow.Timestamp(v))
	return true
}

func (r *reader) appendArrowDecimal(b *array.Decimal128Builder, i int) bool {
	if r.t.id != mapping.TypeDecimal {
		return false
	}
	switch r.t.internal {
	case mapping.TypeSmallInt:
		b.Append(decimal128.FromI64(int64(at[int16](r, i))))
	case mapping.TypeInteger:
		b.Append(decimal128.FromI64(int64(at[int32](r, i))))
	case mapping.TypeBigInt:
		b.Append(decimal128.FromI64(at[int64](r, i)))
	default:
		w := at[[2]uint64](r, i)
		b.Append(decimal128.New(int64(w[1]), w[0]))
	}
	return true
}
