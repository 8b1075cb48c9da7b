package rows

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"sort"
	"strings"
	"time"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"psyberg/functions/meta"
)

// canon encodes a value as DuckDB's driver returns it in the archives' own
// encoding (their READMEs), as a value that json.Marshal prints in one way.
func canon(t meta.Type, v any) any {
	if v == nil {
		return nil
	}
	switch t.Kind {
	case meta.KindFloat, meta.KindDouble:
		f, ok := v.(float64)
		if !ok {
			f = float64(v.(float32))
		}
		return canonFloat(f)
	case meta.KindDecimal:
		d := v.(duckdb.Decimal)
		return decimalText(d.Value, int(d.Scale))
	case meta.KindDate:
		return v.(time.Time).UTC().Format("2006-01-02")
	case meta.KindTime:
		return v.(time.Time).UTC().Format("15:04:05.000000")
	case meta.KindTimestamp:
		return v.(time.Time).UTC().Format("2006-01-02T15:04:05.000000")
	case meta.KindTimestampTZ:
		return v.(time.Time).UTC().Format("2006-01-02T15:04:05.000000Z")
	case meta.KindBinary, meta.KindFixed:
		return hex.EncodeToString(v.([]byte))
	case meta.KindUUID:
		var u duckdb.UUID
		if err := u.Scan(v); err != nil {
			return err.Error()
		}
		return u.String()
	case meta.KindVariant:
		return map[string]any{"variant": v}
	case meta.KindStruct:
		out := map[string]any{}
		for _, f := range t.Fields {
			out[f.Name] = canon(f.Type, v.(map[string]any)[f.Name])
		}
		return out
	case meta.KindList:
		out := []any{}
		for _, e := range v.([]any) {
			out = append(out, canon(t.Element.Type, e))
		}
		return out
	case meta.KindMap:
		return canonMap(t, v)
	}
	return v
}

func canonMap(t meta.Type, v any) any {
	out := map[string]any{}
	add := func(k, e any) {
		text, isText := canon(t.Key.Type, k).(string)
		if !isText {
			text = fmt.Sprint(canon(t.Key.Type, k))
		}
		out[text] = canon(t.Value.Type, e)
	}
	switch m := v.(type) {
	case duckdb.Map:
		for k, e := range m {
			add(k, e)
		}
	case duckdb.OrderedMap:
		for i, k := range m.Keys() {
			add(k, m.Values()[i])
		}
	default:
		panic(fmt.Sprintf("a map is %T", v))
	}
	return out
}

func canonFloat(f float64) any {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return f
}

func decimalText(unscaled *big.Int, scale int) string {
	s := new(big.Int).Abs(unscaled).String()
	if n := scale + 1 - len(s); n > 0 {
		s = strings.Repeat("0", n) + s
	}
	if scale > 0 {
		s = s[:len(s)-scale] + "." + s[len(s)-scale:]
	}
	if unscaled.Sign() < 0 {
		s = "-" + s
	}
	return s
}

// plainNumbers makes the numbers of an expected row comparable: whole ones
// exact, others as float64 print; maps with keys that are no text, written as
// pairs, become objects.
func plainNumbers(v any, t *meta.Type) any {
	switch v := v.(type) {
	case json.Number:
		if t != nil && (t.Kind == meta.KindFloat || t.Kind == meta.KindDouble) {
			f, _ := v.Float64()
			return f
		}
	case []any:
		if t != nil && t.Kind == meta.KindMap {
			out := map[string]any{}
			for _, p := range v {
				out[fmt.Sprint(p.([]any)[0])] = plainNumbers(p.([]any)[1], &t.Value.Type)
			}
			return out
		}
		for i := range v {
			var e *meta.Type
			if t != nil && t.Kind == meta.KindList {
				e = &t.Element.Type
			}
			v[i] = plainNumbers(v[i], e)
		}
	case map[string]any:
		for k := range v {
			var e *meta.Type
			if t != nil && t.Kind == meta.KindMap {
				e = &t.Value.Type
			}
			if t != nil && t.Kind == meta.KindStruct {
				for _, f := range t.Fields {
					if f.Name == k {
						e = &f.Type
					}
				}
			}
			v[k] = plainNumbers(v[k], e)
		}
	}
	return v
}

// diff says what two multisets of rows do not share, "" where they are equal.
func diff(got, want []string) string {
	count := map[string]int{}
	for _, r := range got {
		count[r]++
	}
	for _, r := range want {
		count[r]--
	}
	var lines []string
	for r, n := range count {
		for ; n > 0; n-- {
			lines = append(lines, "  too many: "+r)
		}
		for ; n < 0; n++ {
			lines = append(lines, "  missing:  "+r)
		}
	}
	sort.Strings(lines)
	if len(lines) > 6 {
		lines = append(lines[:3], lines[len(lines)-3:]...)
	}
	return strings.Join(lines, "\n")
}
