package write

import (
	"fmt"
	"strconv"
	"strings"

	"psyberg/functions/meta"
)

// transformSQL is a partition or sort transform of a value as SQL: an
// expression that is equal for two rows exactly where Iceberg's transform is.
// Sorting by it sorts by the transform. value is the source column's, already
// of the table's type; it is computed once, but may be repeated in the text.
func transformSQL(t meta.Transform, source meta.Type, value string) (string, error) {
	switch t.Kind {
	case meta.TransformIdentity:
		return value, nil
	case meta.TransformVoid:
		return "NULL::INTEGER", nil
	case meta.TransformBucket:
		hash, err := hashSQL(source, value)
		if err != nil {
			return "", err
		}
		return bucketSQL(hash, t.Arg), nil
	case meta.TransformTruncate:
		return truncateSQL(t.Arg, source, value)
	case meta.TransformYear, meta.TransformMonth, meta.TransformDay, meta.TransformHour:
		return timeSQL(t.Kind, source, value)
	}
	return "", fmt.Errorf("transform %s is not known: rows cannot be written by it", t)
}

func bucketSQL(hash string, n int) string {
	return "((" + hash + " & 2147483647) % " + strconv.Itoa(n) + ")"
}

func undefined(t string, source meta.Type) error {
	return fmt.Errorf("transform %s is not defined for type %s", t, source)
}

func truncateSQL(width int, source meta.Type, value string) (string, error) {
	w := strconv.Itoa(width)
	// The quotient stands for the product: it cannot overflow.
	floor := func(n string) string {
		return "(" + n + " // " + w + " - (" + n + " % " + w + " < 0)::INTEGER)"
	}
	switch source.Kind {
	case meta.KindInt, meta.KindLong:
		return floor("(" + value + ")::BIGINT"), nil
	case meta.KindDecimal:
		return floor(unscaledSQL(source, value)), nil
	case meta.KindString:
		return "left(" + value + ", " + w + ")", nil
	case meta.KindBinary:
		return "left(hex(" + value + "), " + strconv.Itoa(2*width) + ")", nil
	}
	return "", undefined("truncate", source)
}

// unscaledSQL is a decimal's unscaled value. The text is taken because a
// product with 10^scale may need more digits than a DECIMAL has.
func unscaledSQL(t meta.Type, value string) string {
	integer := "HUGEINT" // many times slower
	if t.Precision <= 18 {
		integer = "BIGINT"
	}
	return "replace((" + value + ")::DECIMAL(" + strconv.Itoa(t.Precision) + ", " + strconv.Itoa(t.Scale) + ")::VARCHAR, '.', '')::" + integer
}

// microsSQL is a time as the integer that Iceberg has for it: microseconds
// (days for a date). Not through the session's time zone.
func microsSQL(source meta.Type, value string) (string, bool) {
	switch source.Kind {
	case meta.KindDate:
		return "(" + value + " - DATE '1970-01-01')::BIGINT", true
	case meta.KindTime, meta.KindTimestamp, meta.KindTimestampTZ:
		return "epoch_us(" + value + ")", true
	case meta.KindTimestampNS:
		return floorDivSQL("epoch_ns("+value+")", 1000), true
	}
	return "", false
}

// floorDivSQL divides rounding towards the past; DuckDB's // rounds to zero.
func floorDivSQL(n string, by int64) string {
	b := strconv.FormatInt(by, 10)
	return "((" + n + " - ((" + n + " % " + b + ") + " + b + ") % " + b + ") // " + b + ")"
}

func timeSQL(k meta.TransformKind, source meta.Type, value string) (string, error) {
	n, ok := microsSQL(source, value)
	if !ok || source.Kind == meta.KindTime || source.Kind == meta.KindDate && k == meta.TransformHour {
		return "", undefined(meta.Transform{Kind: k}.String(), source)
	}
	perDay := int64(86_400_000_000)
	if source.Kind == meta.KindDate {
		perDay = 1
	}
	switch k {
	case meta.TransformHour:
		return floorDivSQL(n, perDay/24), nil
	case meta.TransformDay:
		return floorDivSQL(n, perDay), nil
	}
	day := "(DATE '1970-01-01' + " + floorDivSQL(n, perDay) + "::INTEGER)"
	if k == meta.TransformYear {
		return "(year(" + day + ") - 1970)", nil
	}
	return "((year(" + day + ") - 1970) * 12 + month(" + day + ") - 1)", nil
}

// hashSQL is the spec's 32-bit hash (appendix B, Murmur3 x86) of a value.
func hashSQL(source meta.Type, value string) (string, error) {
	switch source.Kind {
	case meta.KindInt, meta.KindLong:
		return hashLongSQL("(" + value + ")::BIGINT"), nil
	case meta.KindDate, meta.KindTime, meta.KindTimestamp, meta.KindTimestampTZ, meta.KindTimestampNS:
		n, _ := microsSQL(source, value)
		return hashLongSQL(n), nil
	}
	if x := hexSQL(source, value); x != "" {
		return hashHexSQL(x), nil
	}
	return "", undefined("bucket", source)
}

// hexSQL is what is hashed of a value, as hex digits; "" where that is no bytes.
func hexSQL(source meta.Type, value string) string {
	switch source.Kind {
	case meta.KindString:
		return "hex(encode(" + value + "))"
	case meta.KindBinary, meta.KindFixed:
		return "hex(" + value + ")"
	case meta.KindUUID:
		return "upper(replace((" + value + ")::VARCHAR, '-', ''))"
	case meta.KindDecimal:
		return decimalHexSQL(unscaledSQL(source, value))
	}
	return ""
}

// decimalHexSQL is the shortest two's complement of an integer, big endian:
// DuckDB's hex() leaves leading zeros out, and gives 32 digits where it is
// negative.
func decimalHexSQL(n string) string {
	h := "hex(" + n + ")"
	return "CASE WHEN " + n + " < 0 THEN regexp_replace(" + h + `, '^(?:FF)+([89A-F])', '\1')` +
		" ELSE regexp_replace(CASE WHEN length(" + h + ") % 2 = 1 THEN '0' || " + h + " ELSE " + h + " END, '^([89A-F])', '00\\1') END"
}

const mask32 = "4294967295"

// mul32 multiplies modulo 2^32: the product of two such numbers fits UBIGINT.
func mul32(a string, b uint32) string {
	return "(((" + a + ")::UBIGINT * " + strconv.FormatUint(uint64(b), 10) + "::UBIGINT) & " + mask32 + "::UBIGINT)::BIGINT"
}

// rotate32 rotates 32 bits to the left without repeating x: x * 2^r modulo
// 2^32-1 is the rotation, except that 2^32-1 would become 0; shifting by one
// before and after mends it, and leaves 0 alone.
func rotate32(x string, r int) string {
	return "(((" + x + ") * " + strconv.Itoa(1<<r) + " - 1) % " + mask32 + " + 1)"
}

func mixSQL(k string) string { return mul32(rotate32(mul32(k, 0xcc9e2d51), 15), 0x1b873593) }

func stepSQL(h, k string) string {
	return "((" + rotate32("xor("+h+", "+mixSQL(k)+")", 13) + " * 5 + 3864292196) & " + mask32 + ")"
}

func finishSQL(h string) string {
	h = "xor(" + h + ", (" + h + ") >> 16)"
	h = mul32(h, 0x85ebca6b)
	h = "xor(" + h + ", (" + h + ") >> 13)"
	h = mul32(h, 0xc2b2ae35)
	return "xor(" + h + ", (" + h + ") >> 16)"
}

func hashLongSQL(n string) string {
	h := stepSQL("0", "("+n+" & "+mask32+")")
	h = stepSQL(h, "(("+n+" >> 32) & "+mask32+")")
	return finishSQL("xor(" + h + ", 8)")
}

// hashHexSQL hashes bytes, given as upper-case hex digits: x is repeated, so a
// column's name is best. Some 5 microseconds a row for short texts.
func hashHexSQL(x string) string {
	le := func(at string, bytes int) string { // little endian number
		parts := make([]string, 0, bytes)
		for i := bytes - 1; i >= 0; i-- {
			parts = append(parts, fmt.Sprintf("substr(%s, %s + %d, 2)", x, at, 2*i+1))
		}
		return "('0x0' || " + strings.Join(parts, " || ") + ")::BIGINT" // '0x0' is a number, '0x' is none
	}
	blocks := "list_transform(range(0, length(" + x + ") // 8 * 8, 8), lambda i: " + le("i", 4) + ")"
	h := "list_reduce(" + blocks + ", lambda h, k: " + stepSQL("h", "k") + ", 0::BIGINT)"
	tail := le("(length("+x+") // 8 * 8)", 3)
	return finishSQL("xor(xor(" + h + ", " + mixSQL(tail) + "), length(" + x + ") // 2)")
}
