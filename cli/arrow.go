package cli

import (
	"fmt"
	"math/big"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"psyberg/cli/format"
	"psyberg/engine/bridge"
)

// arrowType is the Arrow type that a column is written as. What neither Arrow
// nor Parquet have (INTERVAL, TIME WITH TIME ZONE, UUID, UNION, BIGNUM) is text,
// as DuckDB prints it.
func arrowType(t *bridge.Type) arrow.DataType {
	switch t.Kind {
	case bridge.KindBool:
		return arrow.FixedWidthTypes.Boolean
	case bridge.KindInt, bridge.KindUint:
		return integers[t.Name]
	case bridge.KindBigInt:
		if t.Name == "HUGEINT" {
			return &arrow.Decimal128Type{Precision: 38}
		}
	case bridge.KindFloat:
		if t.Name == "FLOAT" {
			return arrow.PrimitiveTypes.Float32
		}
		return arrow.PrimitiveTypes.Float64
	case bridge.KindDecimal:
		return &arrow.Decimal128Type{Precision: int32(t.Width), Scale: int32(t.Scale)}
	case bridge.KindBlob:
		return arrow.BinaryTypes.Binary
	case bridge.KindDate:
		return arrow.FixedWidthTypes.Date32
	case bridge.KindTime:
		return arrow.FixedWidthTypes.Time64us
	case bridge.KindTimestamp:
		if t.Name == "TIMESTAMP_NS" {
			return &arrow.TimestampType{Unit: arrow.Nanosecond}
		}
		return &arrow.TimestampType{Unit: arrow.Microsecond}
	case bridge.KindTimestampTZ:
		return &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
	case bridge.KindList:
		return arrow.ListOf(arrowType(t.Elem))
	case bridge.KindMap:
		return arrow.MapOf(arrowType(t.Key), arrowType(t.Elem))
	case bridge.KindStruct:
		fields := make([]arrow.Field, len(t.Fields))
		for i, f := range t.Fields {
			fields[i] = arrow.Field{Name: f.Name, Type: arrowType(f.Type), Nullable: true}
		}
		return arrow.StructOf(fields...)
	}
	return arrow.BinaryTypes.String
}

var integers = map[string]arrow.DataType{
	"TINYINT": arrow.PrimitiveTypes.Int8, "SMALLINT": arrow.PrimitiveTypes.Int16,
	"INTEGER": arrow.PrimitiveTypes.Int32, "BIGINT": arrow.PrimitiveTypes.Int64,
	"UTINYINT": arrow.PrimitiveTypes.Uint8, "USMALLINT": arrow.PrimitiveTypes.Uint16,
	"UINTEGER": arrow.PrimitiveTypes.Uint32, "UBIGINT": arrow.PrimitiveTypes.Uint64,
}

// appendArrow appends a value of the engine to the builder of its column.
func appendArrow(b array.Builder, v any, t *bridge.Type) error {
	if v == nil {
		b.AppendNull()
		return nil
	}
	if inf, ok := v.(bridge.Infinite); ok {
		return fmt.Errorf("a %s of %v has no place in a file of this format: cast the column to VARCHAR", t.Name, inf)
	}
	switch b := b.(type) {
	case *array.BooleanBuilder:
		b.Append(v.(bool))
	case *array.Int8Builder:
		b.Append(int8(v.(int64)))
	case *array.Int16Builder:
		b.Append(int16(v.(int64)))
	case *array.Int32Builder:
		b.Append(int32(v.(int64)))
	case *array.Int64Builder:
		b.Append(v.(int64))
	case *array.Uint8Builder:
		b.Append(uint8(v.(uint64)))
	case *array.Uint16Builder:
		b.Append(uint16(v.(uint64)))
	case *array.Uint32Builder:
		b.Append(uint32(v.(uint64)))
	case *array.Uint64Builder:
		b.Append(v.(uint64))
	case *array.Float32Builder:
		b.Append(float32(v.(float64)))
	case *array.Float64Builder:
		b.Append(v.(float64))
	case *array.BinaryBuilder:
		b.Append(v.([]byte))
	case *array.StringBuilder:
		b.Append(format.TextOf(valueOf(v, t)))
	case *array.Decimal128Builder:
		return appendDecimal(b, v)
	case *array.Date32Builder:
		b.Append(arrow.Date32FromTime(v.(time.Time)))
	case *array.Time64Builder:
		b.Append(arrow.Time64(v.(bridge.TimeOfDay) / 1000))
	case *array.TimestampBuilder:
		at, err := arrow.TimestampFromTime(v.(time.Time), b.Type().(*arrow.TimestampType).Unit)
		if err != nil {
			return err
		}
		b.Append(at)
	default:
		return appendNested(b, v, t)
	}
	return nil
}

func appendDecimal(b *array.Decimal128Builder, v any) error {
	n, ok := v.(*big.Int)
	if d, is := v.(bridge.Decimal); is {
		n, ok = d.Unscaled, true
	}
	if !ok || n.BitLen() > 127 {
		return fmt.Errorf("%v is no decimal of 128 bits", v)
	}
	num := decimal128.FromBigInt(n)
	if !num.FitsInPrecision(b.Type().(*arrow.Decimal128Type).Precision) {
		return fmt.Errorf("%v has more than 38 digits: cast the column to VARCHAR", v)
	}
	b.Append(num)
	return nil
}

func appendNested(b array.Builder, v any, t *bridge.Type) error {
	switch b := b.(type) {
	case *array.MapBuilder: // before the list that it is made of
		b.Append(true)
		for _, e := range v.(bridge.Map) {
			if err := appendArrow(b.KeyBuilder(), e.Key, t.Key); err != nil {
				return err
			}
			if err := appendArrow(b.ItemBuilder(), e.Value, t.Elem); err != nil {
				return err
			}
		}
	case *array.ListBuilder:
		b.Append(true)
		for _, e := range v.([]any) {
			if err := appendArrow(b.ValueBuilder(), e, t.Elem); err != nil {
				return err
			}
		}
	case *array.StructBuilder:
		b.Append(true)
		for i, f := range v.(bridge.Struct) {
			if err := appendArrow(b.FieldBuilder(i), f.Value, t.Fields[i].Type); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("values of %s cannot be written to this format: cast the column to VARCHAR", t)
	}
	return nil
}
