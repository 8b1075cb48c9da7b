package predicate

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"psyberg/functions/meta"
)

// literal is a constant as it was written.
type literal struct {
	class literalClass
	text  string // without quotes; hexadecimal digits of X'..'
	kind  meta.Kind
	bytes []byte
}

type literalClass uint8

const (
	textLiteral   literalClass = iota // 'abc': whatever the column is
	numberLiteral                     // 1, -2.5, 1e3
	typedLiteral                      // DATE '..', '..'::TIMESTAMPTZ: kind
	bytesLiteral                      // X'ff'
	boolLiteral
	nullLiteral
)

func (l literal) String() string {
	switch l.class {
	case textLiteral:
		return quoteText(l.text)
	case typedLiteral:
		return strings.ToUpper(l.kind.String()) + " " + quoteText(l.text)
	case bytesLiteral:
		return "X'" + hex.EncodeToString(l.bytes) + "'"
	}
	return l.text
}

// place says where a literal lies among a column's values.
type place int8

const (
	exact place = iota // it is the value
	above              // it lies between the value and the next one
	least              // below all values
	most               // above all values
)

// coerce makes a value of the column's type of l. A literal between two values
// (2.5 for an int) is the lower one, with place above.
func coerce(t meta.Type, l literal) (meta.Value, place, error) {
	refuse := func(why string) (meta.Value, place, error) {
		return meta.Null, exact, fmt.Errorf("compare a column of type %s with %s: %s", t, l, why)
	}
	var v meta.Value
	at := exact
	var err error
	switch t.Kind {
	case meta.KindBoolean:
		v, err = coerceBool(l)
	case meta.KindInt, meta.KindLong, meta.KindDecimal:
		v, at, err = coerceNumber(t, l)
	case meta.KindFloat, meta.KindDouble:
		v, err = coerceFloat(t, l)
	case meta.KindDate, meta.KindTimestamp, meta.KindTimestampTZ, meta.KindTimestampNS, meta.KindTimestampTZNS:
		v, at, err = coerceInstant(t, l)
	case meta.KindTime:
		v, err = coerceTime(l)
	case meta.KindString:
		if l.class != textLiteral {
			return refuse("write it as text, in single quotes")
		}
		v = meta.StringValue(l.text)
	case meta.KindUUID:
		v, err = coerceUUID(l)
	case meta.KindBinary, meta.KindFixed:
		v, err = coerceBytes(t, l)
	default:
		return refuse("such columns can only be tested with IS NULL")
	}
	if err != nil {
		return refuse(err.Error())
	}
	return v, at, nil
}

func coerceBool(l literal) (meta.Value, error) {
	if l.class == boolLiteral || l.class == textLiteral || l.class == typedLiteral && l.kind == meta.KindBoolean {
		switch strings.ToLower(strings.TrimSpace(l.text)) {
		case "true", "t":
			return meta.BoolValue(true), nil
		case "false", "f":
			return meta.BoolValue(false), nil
		}
	}
	return meta.Null, fmt.Errorf("write TRUE or FALSE")
}

var numberText = regexp.MustCompile(`^\s*([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,4}))?\s*$`)

// parseNumber returns unscaled and scale of a decimal text, scale >= 0.
func parseNumber(s string) (*big.Int, int, bool) {
	m := numberText.FindStringSubmatch(s)
	if m == nil || m[2]+m[3] == "" || len(s) > 400 {
		return nil, 0, false
	}
	n, _ := new(big.Int).SetString(m[1]+m[2]+m[3], 10)
	exponent, _ := strconv.Atoi("0" + strings.TrimLeft(m[4], "+-"))
	if strings.HasPrefix(m[4], "-") {
		exponent = -exponent
	}
	if exponent > 400 || exponent < -400 {
		return nil, 0, false
	}
	scale := len(m[3]) - exponent
	if scale < 0 {
		n.Mul(n, pow10(-scale))
		scale = 0
	}
	return n, scale, true
}

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// coerceNumber reads a number for an int, long or decimal column: the greatest
// value of the type that is not above it.
func coerceNumber(t meta.Type, l literal) (meta.Value, place, error) {
	n, scale, ok := parseNumber(l.text)
	if !ok || l.class != numberLiteral && l.class != textLiteral {
		return meta.Null, exact, fmt.Errorf("it is not a number")
	}
	limit := new(big.Int).Lsh(big.NewInt(1), 63)
	switch t.Kind {
	case meta.KindInt:
		limit = new(big.Int).Lsh(big.NewInt(1), 31)
	case meta.KindDecimal:
		limit = pow10(t.Precision)
	}
	at := exact
	if up := t.Scale - scale; up >= 0 {
		n = n.Mul(n, pow10(up))
	} else {
		rest := new(big.Int)
		n, rest = new(big.Int).DivMod(n, pow10(-up), rest) // Euclidean: rounds down
		if rest.Sign() != 0 {
			at = above
		}
	}
	least_ := new(big.Int).Neg(limit)
	if t.Kind == meta.KindDecimal {
		least_.Add(least_, big.NewInt(1))
	}
	switch {
	case n.Cmp(limit) >= 0:
		return meta.Null, most, nil
	case n.Cmp(least_) < 0:
		return meta.Null, least, nil
	case t.Kind == meta.KindDecimal:
		return meta.DecimalValue(n, t.Scale), at, nil
	}
	return meta.IntValue(t.Kind, n.Int64()), at, nil
}

func coerceFloat(t meta.Type, l literal) (meta.Value, error) {
	if l.class != numberLiteral && l.class != textLiteral {
		return meta.Null, fmt.Errorf("it is not a number")
	}
	text := strings.ToLower(strings.TrimSpace(l.text))
	bits := 64
	if t.Kind == meta.KindFloat {
		bits = 32
	}
	if strings.ContainsAny(text, "_xp") { // Go's spellings, not SQL's
		return meta.Null, fmt.Errorf("it is not a number")
	}
	f, err := strconv.ParseFloat(text, bits)
	if err != nil {
		return meta.Null, fmt.Errorf("it is not a number of that type")
	}
	return meta.Value{Kind: t.Kind, Float: f}, nil
}

var instantText = regexp.MustCompile(`^\s*([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})` +
	`(?:[ T]([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?\s*(?i:(Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?))?)?\s*$`)

// parseInstant returns nanoseconds since 1970-01-01T00:00:00, in UTC where
// there is an offset. Years are 0001 to 9999.
func parseInstant(s string) (*big.Int, bool) {
	m := instantText.FindStringSubmatch(s)
	if m == nil {
		return nil, false
	}
	num := func(i int) int { n, _ := strconv.Atoi("0" + m[i]); return n }
	year, month, day, hour, minute, second := num(1), num(2), num(3), num(4), num(5), num(6)
	at := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	if year == 0 || at.Month() != time.Month(month) || at.Day() != day || hour > 23 || minute > 59 || second > 59 {
		return nil, false
	}
	seconds := at.Unix()
	if zone := m[8]; len(zone) > 1 && zone[0] != 'u' && zone[0] != 'U' {
		digits := strings.Replace(zone[1:], ":", "", 1) + "00"
		h, _ := strconv.Atoi(digits[:2])
		mi, _ := strconv.Atoi(digits[2:4])
		offset := int64(h*3600 + mi*60)
		if h > 15 || mi > 59 {
			return nil, false
		}
		if zone[0] == '-' {
			offset = -offset
		}
		seconds -= offset
	}
	nanos, _ := strconv.Atoi((m[7] + "000000000")[:9])
	n := new(big.Int).Mul(big.NewInt(seconds), big.NewInt(1_000_000_000))
	return n.Add(n, big.NewInt(int64(nanos))), true
}

// coerceInstant reads a date or time for a date or timestamp column. Without an
// offset it is UTC. Text for a date column has no time of day; a typed
// timestamp may.
func coerceInstant(t meta.Type, l literal) (meta.Value, place, error) {
	const say = "write 'YYYY-MM-DD', 'YYYY-MM-DD HH:MM:SS' or with an offset such as +00"
	ok := l.class == textLiteral || l.class == typedLiteral &&
		(l.kind == meta.KindDate || l.kind == meta.KindTimestamp || l.kind == meta.KindTimestampTZ)
	nanos, parsed := parseInstant(l.text)
	if !ok || !parsed {
		return meta.Null, exact, fmt.Errorf("it is not a time; %s", say)
	}
	unit := map[meta.Kind]int64{meta.KindDate: 86400 * 1_000_000_000, meta.KindTimestamp: 1000, meta.KindTimestampTZ: 1000,
		meta.KindTimestampNS: 1, meta.KindTimestampTZNS: 1}[t.Kind]
	n, rest := new(big.Int).DivMod(nanos, big.NewInt(unit), new(big.Int))
	isDate := l.class == textLiteral && t.Kind == meta.KindDate || l.kind == meta.KindDate && l.class == typedLiteral
	if isDate && new(big.Int).Mod(nanos, big.NewInt(86400*1_000_000_000)).Sign() != 0 {
		return meta.Null, exact, fmt.Errorf("a date has no time of day; write TIMESTAMP '...'")
	}
	at := exact
	if rest.Sign() != 0 {
		at = above
	}
	switch {
	case n.IsInt64():
		return meta.IntValue(t.Kind, n.Int64()), at, nil
	case n.Sign() < 0:
		return meta.Null, least, nil
	}
	return meta.Null, most, nil
}

var timeText = regexp.MustCompile(`^\s*([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?\s*$`)

func coerceTime(l literal) (meta.Value, error) {
	m := timeText.FindStringSubmatch(l.text)
	if m == nil || l.class != textLiteral && (l.class != typedLiteral || l.kind != meta.KindTime) {
		return meta.Null, fmt.Errorf("write 'HH:MM:SS'")
	}
	num := func(s string) int64 { n, _ := strconv.ParseInt("0"+s, 10, 64); return n }
	h, mi, s := num(m[1]), num(m[2]), num(m[3])
	if h > 23 || mi > 59 || s > 59 {
		return meta.Null, fmt.Errorf("there is no such time of day")
	}
	return meta.IntValue(meta.KindTime, ((h*60+mi)*60+s)*1_000_000+num((m[4] + "000000")[:6])), nil
}

func coerceUUID(l literal) (meta.Value, error) {
	b, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(l.text), "-", ""))
	if err != nil || len(b) != 16 || l.class != textLiteral && (l.class != typedLiteral || l.kind != meta.KindUUID) {
		return meta.Null, fmt.Errorf("it is not a UUID")
	}
	return meta.BytesValue(meta.KindUUID, b), nil
}

// coerceBytes reads X'ff', or text as DuckDB casts it to BLOB: ASCII, other
// bytes as \xFF.
func coerceBytes(t meta.Type, l literal) (meta.Value, error) {
	if l.class == bytesLiteral {
		return meta.BytesValue(t.Kind, l.bytes), nil
	}
	if l.class != textLiteral && (l.class != typedLiteral || l.kind != meta.KindBinary) {
		return meta.Null, fmt.Errorf(`write X'ff' or '\xFF'`)
	}
	out := []byte{}
	for s := l.text; s != ""; {
		if s[0] == '\\' {
			if len(s) < 4 || s[1] != 'x' {
				return meta.Null, fmt.Errorf(`a backslash begins \xFF`)
			}
			b, err := hex.DecodeString(s[2:4])
			if err != nil {
				return meta.Null, fmt.Errorf(`a backslash begins \xFF`)
			}
			out, s = append(out, b[0]), s[4:]
			continue
		}
		if s[0] >= 0x80 {
			return meta.Null, fmt.Errorf(`write bytes that are not ASCII as \xFF`)
		}
		out, s = append(out, s[0]), s[1:]
	}
	return meta.BytesValue(t.Kind, out), nil
}

// literalSQL writes v as a DuckDB literal of the column's own type.
func literalSQL(t meta.Type, v meta.Value) string {
	cast := func(text, typ string) string { return "CAST(" + quoteText(text) + " AS " + typ + ")" }
	switch t.Kind {
	case meta.KindBoolean:
		return constant(truthOf(v.Int != 0)).sql()
	case meta.KindInt:
		return cast(v.String(), "INTEGER")
	case meta.KindLong:
		return cast(v.String(), "BIGINT")
	case meta.KindFloat:
		return cast(floatText(v.Float, 32), "FLOAT")
	case meta.KindDouble:
		return cast(floatText(v.Float, 64), "DOUBLE")
	case meta.KindDecimal:
		return cast(meta.Transform{}.JSON(v), fmt.Sprintf("DECIMAL(%d, %d)", t.Precision, t.Scale))
	case meta.KindDate:
		return cast(v.String(), "DATE")
	case meta.KindTime:
		return cast((time.Time{}).Add(time.Duration(v.Int)*time.Microsecond).Format("15:04:05.000000"), "TIME")
	case meta.KindTimestamp:
		return cast(time.UnixMicro(v.Int).UTC().Format("2006-01-02 15:04:05.000000"), "TIMESTAMP")
	case meta.KindTimestampTZ:
		return cast(time.UnixMicro(v.Int).UTC().Format("2006-01-02 15:04:05.000000")+"+00", "TIMESTAMPTZ")
	case meta.KindTimestampTZNS: // DuckDB has such columns in microseconds
		return cast(time.Unix(0, v.Int).UTC().Format("2006-01-02 15:04:05.000000")+"+00", "TIMESTAMPTZ")
	case meta.KindTimestampNS:
		return cast(time.Unix(0, v.Int).UTC().Format("2006-01-02 15:04:05.000000000"), "TIMESTAMP_NS")
	case meta.KindUUID:
		return cast(v.String(), "UUID")
	case meta.KindString:
		return quoteText(string(v.Bytes))
	}
	return "from_hex('" + hex.EncodeToString(v.Bytes) + "')"
}

func floatText(f float64, bits int) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 0):
		return strings.Replace(strconv.FormatFloat(f, 'g', -1, bits), "Inf", "Infinity", 1)
	}
	return strconv.FormatFloat(f, 'g', -1, bits)
}

func quoteText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func quoteName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
