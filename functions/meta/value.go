package meta

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
)

// Value is one value of a primitive type, or NULL: a bound, a partition value,
// a literal. The zero Value is NULL. Which field holds the value depends on
// Kind; a Value is never changed once made, so copies may share Bytes and Big.
type Value struct {
	// Kind is KindInvalid for NULL.
	Kind Kind
	// Scale is that of a decimal.
	Scale int
	// Int holds boolean (0, 1), int, long, date (days since 1970-01-01), time
	// (microseconds of the day), timestamp and timestamptz (microseconds since
	// 1970-01-01), the _ns kinds (nanoseconds).
	Int int64
	// Float holds float and double.
	Float float64
	// Bytes holds string (UTF-8), binary, fixed, uuid (16 bytes, big endian).
	Bytes []byte
	// Big holds a decimal's unscaled value.
	Big *big.Int
}

// Null is the NULL value.
var Null = Value{}

// IsNull reports whether v is NULL.
func (v Value) IsNull() bool { return v.Kind == KindInvalid }

// IsNaN reports whether v is a floating-point NaN.
func (v Value) IsNaN() bool {
	return (v.Kind == KindFloat || v.Kind == KindDouble) && math.IsNaN(v.Float)
}

// BoolValue returns a boolean.
func BoolValue(b bool) Value {
	if b {
		return Value{Kind: KindBoolean, Int: 1}
	}
	return Value{Kind: KindBoolean}
}

// IntValue returns a value of a kind that Value.Int holds.
func IntValue(k Kind, i int64) Value { return Value{Kind: k, Int: i} }

// DoubleValue returns a double.
func DoubleValue(f float64) Value { return Value{Kind: KindDouble, Float: f} }

// StringValue returns a string.
func StringValue(s string) Value { return Value{Kind: KindString, Bytes: []byte(s)} }

// BytesValue returns a value of a kind that Value.Bytes holds. It keeps b.
func BytesValue(k Kind, b []byte) Value { return Value{Kind: k, Bytes: b} }

// DecimalValue returns unscaled * 10^-scale. It keeps unscaled.
func DecimalValue(unscaled *big.Int, scale int) Value {
	return Value{Kind: KindDecimal, Big: unscaled, Scale: scale}
}

// DecodeBound decodes Iceberg's binary single-value serialization (spec,
// appendix D) of a lower or upper bound of a column whose type is t today. A
// bound written before the type was promoted has the old type's length: int
// for long, float for double, date for the timestamps; decimals have any. A
// nil bound is NULL. Other lengths are errors.
func DecodeBound(t Type, b []byte) (Value, error) {
	if b == nil {
		return Null, nil
	}
	v := Value{Kind: t.Kind}
	switch t.Kind {
	case KindBoolean:
		if len(b) == 1 {
			return BoolValue(b[0] != 0), nil
		}
	case KindInt, KindDate:
		if len(b) == 4 {
			v.Int = int64(int32(binary.LittleEndian.Uint32(b)))
			return v, nil
		}
	case KindLong, KindTime, KindTimestamp, KindTimestampTZ, KindTimestampNS, KindTimestampTZNS:
		return decodeLong(t, b)
	case KindFloat, KindDouble:
		switch len(b) {
		case 4:
			v.Float = float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
			return v, nil
		case 8:
			if t.Kind == KindDouble {
				v.Float = math.Float64frombits(binary.LittleEndian.Uint64(b))
				return v, nil
			}
		}
	case KindDecimal:
		if len(b) >= 1 && len(b) <= maxDecimalBytes {
			return DecimalValue(bigFromBytes(b), t.Scale), nil
		}
	case KindUUID:
		if len(b) == 16 {
			v.Bytes = b
			return v, nil
		}
	case KindString, KindBinary, KindFixed: // a fixed's bound may be truncated
		v.Bytes = b
		return v, nil
	case KindUnknown:
		return Null, nil
	default:
		return Null, fmt.Errorf("decode bound: values of type %s have none that are read", t)
	}
	return Null, fmt.Errorf("decode bound of type %s: %d bytes", t, len(b))
}

// A decimal(38) needs 16 bytes; some writers pad.
const maxDecimalBytes = 32

func decodeLong(t Type, b []byte) (Value, error) {
	v := Value{Kind: t.Kind}
	switch len(b) {
	case 8:
		v.Int = int64(binary.LittleEndian.Uint64(b))
		return v, nil
	case 4:
		short := int64(int32(binary.LittleEndian.Uint32(b)))
		switch t.Kind {
		case KindLong:
			v.Int = short
			return v, nil
		case KindTimestamp:
			v.Int = short * microsPerDay
			if v.Int/microsPerDay == short { // no overflow
				return v, nil
			}
		case KindTimestampNS:
			v.Int = short * nanosPerDay
			if v.Int/nanosPerDay == short {
				return v, nil
			}
		}
	}
	return Null, fmt.Errorf("decode bound of type %s: %d bytes", t, len(b))
}

const (
	microsPerHour = int64(3_600_000_000)
	microsPerDay  = 24 * microsPerHour
	nanosPerDay   = 1000 * microsPerDay
)

// bigFromBytes reads a big-endian two's complement number.
func bigFromBytes(b []byte) *big.Int {
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return n
}

// bigToBytes writes n as big-endian two's complement in as few bytes as can
// be, as Java's BigInteger.toByteArray does.
func bigToBytes(n *big.Int) []byte {
	if n.Sign() >= 0 {
		b := n.Bytes()
		if len(b) == 0 || b[0]&0x80 != 0 {
			b = append([]byte{0}, b...)
		}
		return b
	}
	// -2^(8k-1) fits k bytes: the bits of -n-1 decide.
	size := new(big.Int).Not(n).BitLen()/8 + 1
	return new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), uint(8*size))).FillBytes(make([]byte, size))
}

// Encode returns v's binary single-value serialization (spec, appendix D), nil
// for NULL.
func (v Value) Encode() []byte {
	switch v.Kind {
	case KindBoolean:
		return []byte{byte(v.Int)}
	case KindInt, KindDate:
		return binary.LittleEndian.AppendUint32(nil, uint32(int32(v.Int)))
	case KindLong, KindTime, KindTimestamp, KindTimestampTZ, KindTimestampNS, KindTimestampTZNS:
		return binary.LittleEndian.AppendUint64(nil, uint64(v.Int))
	case KindFloat:
		return binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(v.Float)))
	case KindDouble:
		return binary.LittleEndian.AppendUint64(nil, math.Float64bits(v.Float))
	case KindDecimal:
		return bigToBytes(v.Big)
	case KindString, KindBinary, KindFixed, KindUUID:
		return append([]byte{}, v.Bytes...)
	}
	return nil
}

// AppendKey appends text that is equal for two values of one type exactly if
// they are the same value (NaN is the same as NaN, -0.0 is not 0.0): the key
// of a map by partition tuple.
func (v Value) AppendKey(b []byte) []byte {
	if v.IsNull() {
		return append(b, 0)
	}
	if v.IsNaN() {
		v.Float = math.NaN()
	}
	data := v.Encode()
	b = append(b, 1)
	b = binary.AppendUvarint(b, uint64(len(data)))
	return append(b, data...)
}

// Compare orders a and b of one kind: below zero, zero, above zero. NULL comes
// before everything, NaN after everything (as DuckDB has it), -0.0 equals 0.0;
// strings and bytes by unsigned bytes, which is code point order. Decimals of
// different scale, and int with long or float with double, compare by value.
func Compare(a, b Value) int {
	switch {
	case a.IsNull() || b.IsNull():
		return cmp.Compare(boolInt(!a.IsNull()), boolInt(!b.IsNull()))
	case a.Kind == KindDecimal && b.Kind == KindDecimal:
		x, y := a.Big, b.Big
		if a.Scale < b.Scale {
			x = new(big.Int).Mul(x, pow10(b.Scale-a.Scale))
		} else if b.Scale < a.Scale {
			y = new(big.Int).Mul(y, pow10(a.Scale-b.Scale))
		}
		return x.Cmp(y)
	case a.Kind == KindFloat || a.Kind == KindDouble:
		if a.IsNaN() || b.IsNaN() {
			return cmp.Compare(boolInt(a.IsNaN()), boolInt(b.IsNaN()))
		}
		return cmp.Compare(a.Float, b.Float)
	case a.Bytes != nil || b.Bytes != nil:
		return bytes.Compare(a.Bytes, b.Bytes)
	}
	return cmp.Compare(a.Int, b.Int)
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }
