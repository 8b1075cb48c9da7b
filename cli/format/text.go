package format

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// TextOf returns a value as DuckDB's cast to VARCHAR prints it; NULL is "NULL".
func TextOf(v any) string {
	switch v := v.(type) { // most values: no builder
	case string:
		return v
	case Text:
		return string(v)
	case []any, Struct, Map, JSON:
	default:
		return scalarText(v)
	}
	var b strings.Builder
	appendText(&b, v, false)
	return b.String()
}

func appendText(b *strings.Builder, v any, nested bool) {
	switch v := v.(type) {
	case string:
		if nested {
			b.WriteString(quoteNested(v))
		} else {
			b.WriteString(v)
		}
	case Text:
		b.WriteString(string(v))
	case JSON:
		if nested {
			b.WriteString(quoteNested(string(v)))
		} else {
			b.WriteString(string(v))
		}
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			appendText(b, e, true)
		}
		b.WriteByte(']')
	case Struct:
		b.WriteByte('{')
		for i, e := range v.Values {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString("'" + escapeNested(v.Names[i]) + "': ")
			appendText(b, e, true)
		}
		b.WriteByte('}')
	case Map:
		b.WriteByte('{')
		for i, k := range v.Keys {
			if i > 0 {
				b.WriteString(", ")
			}
			appendText(b, k, true)
			b.WriteByte('=')
			appendText(b, v.Values[i], true)
		}
		b.WriteByte('}')
	default:
		b.WriteString(scalarText(v))
	}
}

func scalarText(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case uint64:
		return strconv.FormatUint(v, 10)
	case float32:
		return floatText(float64(v), 32)
	case float64:
		return floatText(v, 64)
	case []byte:
		return blobText(v)
	case *big.Int:
		return v.String()
	case Number:
		return string(v)
	default:
		return fmt.Sprint(v)
	}
}

// floatText prints the shortest digits that read back as the same number,
// spelled as DuckDB does: 1.0, 1e+16, nan.
func floatText(f float64, bits int) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	e := strconv.FormatFloat(f, 'e', -1, bits)
	exponent, err := strconv.Atoi(e[strings.IndexByte(e, 'e')+1:])
	if err != nil || exponent < -4 || exponent >= 16 {
		return e
	}
	s := strconv.FormatFloat(f, 'f', -1, bits)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// blobText prints bytes as DuckDB does: printable ASCII as it is, other bytes as \xAB.
func blobText(data []byte) string {
	var b strings.Builder
	for _, c := range data {
		if c >= ' ' && c <= '~' && c != '\\' && c != '\'' && c != '"' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\x%02X`, c)
		}
	}
	return b.String()
}

// quoteNested puts quotes around a string inside a nested value where it could
// be taken for something else without them.
func quoteNested(s string) string {
	if s != "" && !strings.EqualFold(s, "null") && strings.TrimSpace(s) == s && !strings.ContainsAny(s, `[](){}"',:=\`) {
		return s
	}
	return "'" + escapeNested(s) + "'"
}

var nestedEscapes = strings.NewReplacer(`\`, `\\`, `'`, `\'`)

func escapeNested(s string) string {
	if !strings.ContainsAny(s, `\'`) {
		return s
	}
	return nestedEscapes.Replace(s)
}

// DateText prints the date of t: 2023-09-14, or 0044-03-15 (BC).
func DateText(t time.Time) string {
	year, month, day := t.Date()
	if year <= 0 {
		return fmt.Sprintf("%04d-%02d-%02d (BC)", 1-year, month, day)
	}
	return fmt.Sprintf("%04d-%02d-%02d", year, month, day)
}

// TimeText prints the time of day of t, with as many digits of a second as are not zero.
func TimeText(t time.Time) string { return t.Format("15:04:05.999999999") }

// TimestampText prints date and time of t, without a zone.
func TimestampText(t time.Time) string {
	date := DateText(t)
	if bc, ok := strings.CutSuffix(date, " (BC)"); ok {
		return bc + " (BC) " + TimeText(t)
	}
	return date + " " + TimeText(t)
}

// TimestampTZText prints an instant in UTC, the session's time zone.
func TimestampTZText(t time.Time) string { return TimestampText(t.UTC()) + "+00" }
