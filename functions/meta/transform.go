package meta

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ParseTransform reads a transform's text: identity, bucket[16], truncate[4],
// year, month, day, hour, void. Any other text, also one with a damaged
// argument, is TransformUnknown: readers must ignore it (spec, "Partition
// Transforms").
func ParseTransform(text string) Transform {
	t := Transform{Text: text}
	name := strings.ToLower(strings.TrimSpace(text))
	simple := map[string]TransformKind{
		"identity": TransformIdentity, "void": TransformVoid,
		"year": TransformYear, "month": TransformMonth, "day": TransformDay, "hour": TransformHour,
		// v1 tables of old writers:
		"years": TransformYear, "months": TransformMonth, "days": TransformDay, "hours": TransformHour,
		"date": TransformDay, "date_hour": TransformHour,
	}
	if k, ok := simple[name]; ok {
		t.Kind = k
		return t
	}
	for prefix, k := range map[string]TransformKind{"bucket": TransformBucket, "truncate": TransformTruncate} {
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		args, ok := arguments(name[len(prefix):], '[', ']')
		if !ok || len(args) != 1 {
			continue
		}
		if n, err := strconv.ParseInt(args[0], 10, 32); err == nil && n > 0 {
			t.Kind, t.Arg = k, int(n)
		}
	}
	return t
}

// String prints t as the metadata spells it.
func (t Transform) String() string {
	if t.Text != "" {
		return t.Text
	}
	switch t.Kind {
	case TransformIdentity:
		return "identity"
	case TransformBucket:
		return fmt.Sprintf("bucket[%d]", t.Arg)
	case TransformTruncate:
		return fmt.Sprintf("truncate[%d]", t.Arg)
	case TransformYear:
		return "year"
	case TransformMonth:
		return "month"
	case TransformDay:
		return "day"
	case TransformHour:
		return "hour"
	case TransformVoid:
		return "void"
	}
	return "unknown"
}

// ResultType returns the type of t's values for a source column of the given
// type: int for bucket, year, month and hour, date for day, the source's own
// for identity, truncate and void; string for an unknown transform, as Java
// has it.
func (t Transform) ResultType(source Type) Type {
	switch t.Kind {
	case TransformBucket, TransformYear, TransformMonth, TransformHour:
		return Type{Kind: KindInt}
	case TransformDay:
		return Type{Kind: KindDate}
	case TransformIdentity, TransformTruncate, TransformVoid:
		return source
	}
	return Type{Kind: KindString}
}

// PreservesOrder reports whether a <= b gives t(a) <= t(b). The least integers
// are an exception: truncated, they wrap round to the greatest.
func (t Transform) PreservesOrder() bool {
	switch t.Kind {
	case TransformIdentity, TransformTruncate, TransformYear, TransformMonth, TransformDay, TransformHour:
		return true
	}
	return false
}

// Apply returns t's value for a value of the source column. NULL gives NULL,
// void always does. A transform that the spec does not define for the value's
// type, or an unknown one, is an error.
func (t Transform) Apply(v Value) (Value, error) {
	if v.IsNull() || t.Kind == TransformVoid {
		return Null, nil
	}
	switch t.Kind {
	case TransformIdentity:
		return v, nil
	case TransformBucket:
		if h, ok := bucketHash(v); ok && t.Arg > 0 {
			return IntValue(KindInt, int64(h&0x7fffffff)%int64(t.Arg)), nil
		}
	case TransformTruncate:
		if out, ok := truncateValue(v, t.Arg); ok && t.Arg > 0 {
			return out, nil
		}
	case TransformYear, TransformMonth, TransformDay, TransformHour:
		if out, ok := timeOrdinal(t.Kind, v); ok {
			return out, nil
		}
	}
	return Null, fmt.Errorf("partition transform %s is not defined for a value of type %s", t, v.Kind)
}

// Human returns a partition value of t as Iceberg prints it (toHumanString):
// hour 2023-09-14-09, day 2023-09-14, month 2023-09, year 2023, else as
// Value.String does.
func (t Transform) Human(v Value) string {
	if v.IsNull() || t.Kind == TransformVoid {
		return "null"
	}
	switch t.Kind {
	case TransformYear:
		return humanYear(v.Int)
	case TransformMonth:
		return humanMonth(v.Int)
	case TransformDay:
		return humanDay(v.Int)
	case TransformHour:
		return humanHour(v.Int)
	}
	return v.String()
}

// timeOrdinal counts years, months, days or hours from 1970-01-01T00:00,
// rounding towards the past.
func timeOrdinal(k TransformKind, v Value) (Value, bool) {
	var hours int64
	switch v.Kind {
	case KindDate:
		if k == TransformHour {
			return Null, false
		}
		hours = v.Int * 24
	case KindTimestamp, KindTimestampTZ:
		hours = floorDiv(v.Int, microsPerHour)
	case KindTimestampNS, KindTimestampTZNS:
		hours = floorDiv(v.Int, 1000*microsPerHour)
	default:
		return Null, false
	}
	days := floorDiv(hours, 24)
	switch k {
	case TransformHour:
		return IntValue(KindInt, hours), true
	case TransformDay:
		return IntValue(KindDate, days), true
	}
	y, m, _ := civil(days)
	if k == TransformYear {
		return IntValue(KindInt, y-1970), true
	}
	return IntValue(KindInt, (y-1970)*12+int64(m)-1), true
}

func truncateValue(v Value, width int) (Value, bool) {
	if width <= 0 {
		return Null, false
	}
	switch v.Kind {
	case KindInt:
		v.Int = int64(int32(v.Int - floorMod(v.Int, int64(width)))) // wraps as Java's int does
	case KindLong:
		v.Int -= floorMod(v.Int, int64(width))
	case KindDecimal:
		w := big.NewInt(int64(width))
		v.Big = new(big.Int).Sub(v.Big, new(big.Int).Mod(v.Big, w)) // Mod is Euclidean
	case KindString:
		v.Bytes = truncateRunes(v.Bytes, width)
	case KindBinary:
		v.Bytes = v.Bytes[:min(width, len(v.Bytes))]
	default:
		return Null, false
	}
	return v, true
}

// truncateRunes keeps the first n code points.
func truncateRunes(b []byte, n int) []byte {
	at := 0
	for ; n > 0 && at < len(b); n-- {
		_, size := utf8.DecodeRune(b[at:])
		at += size
	}
	return b[:at]
}

// bucketHash is the spec's 32-bit hash (appendix B).
func bucketHash(v Value) (uint32, bool) {
	var long int64
	switch v.Kind {
	case KindInt, KindLong, KindDate, KindTime, KindTimestamp, KindTimestampTZ:
		long = v.Int
	case KindTimestampNS, KindTimestampTZNS:
		long = floorDiv(v.Int, 1000)
	case KindDecimal:
		return murmur3(bigToBytes(v.Big)), true
	case KindString, KindUUID, KindFixed, KindBinary:
		return murmur3(v.Bytes), true
	default:
		return 0, false
	}
	return murmur3(binary.LittleEndian.AppendUint64(nil, uint64(long))), true
}

// murmur3 is Murmur3 x86 32-bit, seed 0.
func murmur3(data []byte) uint32 {
	const c1, c2 = 0xcc9e2d51, 0x1b873593
	mix := func(k uint32) uint32 { return bits.RotateLeft32(k*c1, 15) * c2 }
	var h uint32
	rest := data
	for ; len(rest) >= 4; rest = rest[4:] {
		h = bits.RotateLeft32(h^mix(binary.LittleEndian.Uint32(rest)), 13)*5 + 0xe6546b64
	}
	var tail uint32
	for i := len(rest) - 1; i >= 0; i-- {
		tail = tail<<8 | uint32(rest[i])
	}
	h ^= mix(tail)
	h ^= uint32(len(data))
	h = (h ^ h>>16) * 0x85ebca6b
	h = (h ^ h>>13) * 0xc2b2ae35
	return h ^ h>>16
}
