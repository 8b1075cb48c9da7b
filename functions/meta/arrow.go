package meta

import (
	"fmt"
	"math/big"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
)

// Append appends v to a builder of ArrowType of v's type (or of a type that
// v's is promoted to). NULL is appended to any builder. A builder of another
// type is an error.
func (v Value) Append(b array.Builder) error {
	if v.IsNull() {
		b.AppendNull()
		return nil
	}
	switch b := b.(type) {
	case *array.BooleanBuilder:
		if v.Kind == KindBoolean {
			b.Append(v.Int != 0)
			return nil
		}
	case *array.StringBuilder:
		if v.Kind == KindString {
			b.BinaryBuilder.Append(v.Bytes)
			return nil
		}
	case *array.BinaryBuilder:
		if v.Bytes != nil {
			b.Append(v.Bytes)
			return nil
		}
	case *array.FixedSizeBinaryBuilder:
		if width := b.Type().(*arrow.FixedSizeBinaryType).ByteWidth; v.Bytes != nil && len(v.Bytes) == width {
			b.Append(v.Bytes)
			return nil
		}
	case *array.Decimal128Builder:
		if v.Kind == KindDecimal {
			return appendDecimal(b, v)
		}
	default:
		if v.appendNumber(b) {
			return nil
		}
	}
	return fmt.Errorf("append a value of type %s to Arrow %s", v.Kind, b.Type())
}

// appendNumber reports whether b takes v.
func (v Value) appendNumber(b array.Builder) bool {
	floating := v.Kind == KindFloat || v.Kind == KindDouble
	if floating || v.Kind == KindDecimal || v.Bytes != nil {
		switch b := b.(type) {
		case *array.Float32Builder:
			b.Append(float32(v.Float))
		case *array.Float64Builder:
			b.Append(v.Float)
		default:
			return false
		}
		return floating
	}
	switch b := b.(type) {
	case *array.Int32Builder:
		b.Append(int32(v.Int))
	case *array.Int64Builder:
		b.Append(v.Int)
	case *array.Date32Builder:
		b.Append(arrow.Date32(v.Int))
	case *array.Time64Builder:
		b.Append(arrow.Time64(v.Int))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(v.Int))
	default:
		return false
	}
	return true
}

func appendDecimal(b *array.Decimal128Builder, v Value) error {
	t := b.Type().(*arrow.Decimal128Type)
	n := v.Big
	if up := int(t.Scale) - v.Scale; up > 0 {
		n = new(big.Int).Mul(n, pow10(up))
	} else if up < 0 {
		return fmt.Errorf("append %s to Arrow %s: digits would be lost", v, t)
	}
	if n.BitLen() > 127 {
		return fmt.Errorf("append %s to Arrow %s: too large", v, t)
	}
	b.Append(decimal128.FromBigInt(n))
	return nil
}

// ValueAt returns element i of an Arrow array as a value of type t. The array
// may be of a type that t was promoted from (int for long, float for double,
// date for a timestamp), as partition values in old manifests are.
func ValueAt(t Type, a arrow.Array, i int) (Value, error) {
	if a.IsNull(i) {
		return Null, nil
	}
	v := Value{Kind: t.Kind}
	switch a := a.(type) {
	case *array.Boolean:
		return BoolValue(a.Value(i)), nil
	case *array.Int32:
		v.Int = int64(a.Value(i))
	case *array.Int64:
		v.Int = a.Value(i)
	case *array.Date32:
		v.Int = int64(a.Value(i))
		if t.Kind == KindTimestamp {
			v.Int *= microsPerDay
		} else if t.Kind == KindTimestampNS {
			v.Int *= nanosPerDay
		}
	case *array.Time64:
		v.Int = int64(a.Value(i))
	case *array.Timestamp:
		v.Int = int64(a.Value(i))
	case *array.Float32:
		v.Float = float64(a.Value(i))
	case *array.Float64:
		v.Float = a.Value(i)
	case *array.Decimal128:
		return DecimalValue(a.Value(i).BigInt(), int(a.DataType().(*arrow.Decimal128Type).Scale)), nil
	case *array.String:
		v.Bytes = []byte(a.Value(i))
	case *array.Binary:
		v.Bytes = append([]byte{}, a.Value(i)...)
	case *array.FixedSizeBinary:
		v.Bytes = append([]byte{}, a.Value(i)...)
	default:
		return Null, fmt.Errorf("read a value of type %s from Arrow %s", t, a.DataType())
	}
	if v.Kind == KindInvalid || v.Kind == KindUnknown {
		v.Kind = kindOfArrow(a.DataType())
	}
	return v, nil
}

// kindOfArrow is the type that a value has whose column no schema knows any
// more: the one that the manifest gave it.
func kindOfArrow(t arrow.DataType) Kind {
	switch t.ID() {
	case arrow.INT32:
		return KindInt
	case arrow.INT64:
		return KindLong
	case arrow.DATE32:
		return KindDate
	case arrow.TIME64:
		return KindTime
	case arrow.TIMESTAMP:
		if t.(*arrow.TimestampType).TimeZone != "" {
			return KindTimestampTZ
		}
		return KindTimestamp
	case arrow.FLOAT32:
		return KindFloat
	case arrow.FLOAT64:
		return KindDouble
	case arrow.STRING:
		return KindString
	case arrow.FIXED_SIZE_BINARY:
		return KindFixed
	}
	return KindBinary
}
