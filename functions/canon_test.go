package functions

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// canon turns one Arrow value into what the expected files hold (the READMEs
// of the archives, "Canonical encoding").
func canon(a arrow.Array, i int) any {
	if a.IsNull(i) {
		return nil
	}
	switch a := a.(type) {
	case *array.Boolean:
		return a.Value(i)
	case *array.Int32:
		return json.Number(strconv.FormatInt(int64(a.Value(i)), 10))
	case *array.Int64:
		return json.Number(strconv.FormatInt(a.Value(i), 10))
	case *array.Float32:
		return canonFloat(float64(a.Value(i)))
	case *array.Float64:
		return canonFloat(a.Value(i))
	case *array.String:
		return strings.Clone(a.Value(i)) // the batch is released
	case *array.Binary:
		return hex.EncodeToString(a.Value(i))
	case *array.FixedSizeBinary:
		v := hex.EncodeToString(a.Value(i))
		if len(v) == 32 {
			return v[:8] + "-" + v[8:12] + "-" + v[12:16] + "-" + v[16:20] + "-" + v[20:]
		}
		return v
	case *array.Decimal128:
		return a.Value(i).ToString(a.DataType().(*arrow.Decimal128Type).Scale)
	case *array.Date32:
		return a.Value(i).ToTime().Format("2006-01-02")
	case *array.Time64:
		return time.UnixMicro(int64(a.Value(i))).UTC().Format("15:04:05.000000")
	case *array.Timestamp:
		typ := a.DataType().(*arrow.TimestampType)
		s := a.Value(i).ToTime(typ.Unit).Format("2006-01-02T15:04:05.000000")
		if typ.TimeZone != "" {
			s += "Z"
		}
		return s
	case *array.Struct:
		out := map[string]any{}
		for f, field := range a.DataType().(*arrow.StructType).Fields() {
			out[field.Name] = canon(a.Field(f), i)
		}
		return out
	case *array.Map:
		out := map[string]any{}
		from, to := a.ValueOffsets(i)
		for j := from; j < to; j++ {
			out[fmt.Sprint(canon(a.Keys(), int(j)))] = canon(a.Items(), int(j))
		}
		return out
	case *array.List:
		out := []any{}
		from, to := a.ValueOffsets(i)
		for j := from; j < to; j++ {
			out = append(out, canon(a.ListValues(), int(j)))
		}
		return out
	}
	if a, ok := a.(*array.MonthDayNanoInterval); ok {
		v := a.Value(i)
		return fmt.Sprintf("%d months %d days %s", v.Months, v.Days, time.Duration(v.Nanoseconds))
	}
	panic(fmt.Sprintf("canon: %s", a.DataType()))
}

func canonFloat(v float64) any {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "Infinity"
	case math.IsInf(v, -1):
		return "-Infinity"
	}
	return json.Number("f" + strconv.FormatFloat(v, 'g', -1, 64))
}

// normal makes numbers that are written with a point or an exponent what
// canonFloat makes of them.
func normal(v any) any {
	switch v := v.(type) {
	case json.Number:
		if strings.ContainsAny(string(v), ".eE") {
			f, err := v.Float64()
			if err != nil {
				return v
			}
			return canonFloat(f)
		}
	case map[string]any:
		for k := range v {
			v[k] = normal(v[k])
		}
	case []any:
		for i := range v {
			v[i] = normal(v[i])
		}
	}
	return v
}

// line prints a row as one text with its keys in order.
func line(v any) string {
	var b strings.Builder
	writeLine(&b, v)
	return b.String()
}

func writeLine(b *strings.Builder, v any) {
	switch v := v.(type) {
	case map[string]any:
		b.WriteByte('{')
		for i, k := range sortedKeys(v) {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(b, "%q: ", k)
			writeLine(b, v[k])
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			writeLine(b, e)
		}
		b.WriteByte(']')
	case string:
		fmt.Fprintf(b, "%q", v)
	case json.Number:
		b.WriteString(string(v))
	case nil:
		b.WriteString("null")
	default:
		fmt.Fprint(b, v)
	}
}

// sameRows compares rows as a multiset on the columns that the expected rows
// have, and returns what differs, at most a few lines; "" when equal.
func sameRows(got, want []map[string]any) string {
	var keys map[string]any
	if len(want) > 0 {
		keys = want[0]
	}
	g, w := make([]string, len(got)), make([]string, len(want))
	for i, row := range got {
		part := map[string]any{}
		for k := range keys {
			if v, ok := row[k]; ok {
				part[k] = trimTo(v, keys[k])
			}
		}
		g[i] = line(part)
	}
	for i, row := range want {
		w[i] = line(normal(row))
	}
	if len(want) == 0 && len(got) > 0 {
		return fmt.Sprintf("%d rows, none expected: %.300s", len(got), line(got[0]))
	}
	sort.Strings(g)
	sort.Strings(w)
	var diff []string
	i, j := 0, 0
	for i < len(g) || j < len(w) {
		switch {
		case i < len(g) && j < len(w) && g[i] == w[j]:
			i, j = i+1, j+1
		case j == len(w) || i < len(g) && g[i] < w[j]:
			diff = append(diff, "+ got  "+g[i])
			i++
		default:
			diff = append(diff, "- want "+w[j])
			j++
		}
	}
	if len(diff) == 0 {
		return ""
	}
	n := len(diff)
	diff = diff[:min(2, n)]
	for i := range diff {
		if len(diff[i]) > 6000 {
			diff[i] = diff[i][:6000] + "..."
		}
	}
	return fmt.Sprintf("%d rows, %d expected, %d lines differ:\n%s", len(got), len(want), n, strings.Join(diff, "\n"))
}

// trimTo leaves out of a nested entry's data_file what the expected one lacks:
// PyIceberg's has no spec_id and no columns of v3.
func trimTo(v, like any) any {
	a, ok1 := v.(map[string]any)
	b, ok2 := like.(map[string]any)
	if !ok1 || !ok2 || b["file_path"] == nil {
		return v
	}
	out := map[string]any{}
	for k := range b {
		if x, ok := a[k]; ok {
			out[k] = x
		}
	}
	return out
}

func TestSameRowsSeesDifferences(t *testing.T) {
	row := func(kv ...any) map[string]any { return map[string]any{kv[0].(string): kv[1]} }
	one, two := json.Number("1"), json.Number("2")
	for _, tc := range []struct {
		name      string
		got, want []map[string]any
		same      bool
	}{
		{"equal", []map[string]any{row("a", one)}, []map[string]any{row("a", one)}, true},
		{"other order", []map[string]any{row("a", one), row("a", two)}, []map[string]any{row("a", two), row("a", one)}, true},
		{"a value", []map[string]any{row("a", one)}, []map[string]any{row("a", two)}, false},
		{"a row twice", []map[string]any{row("a", one), row("a", one)}, []map[string]any{row("a", one)}, false},
		{"a row missing", nil, []map[string]any{row("a", one)}, false},
		{"a row too many", []map[string]any{row("a", one)}, nil, false},
		{"a column missing", []map[string]any{row("b", one)}, []map[string]any{row("a", one)}, false},
		{"null is not missing", []map[string]any{row("b", nil)}, []map[string]any{row("a", nil)}, false},
		{"float spelling", []map[string]any{row("a", canonFloat(1e10))}, []map[string]any{row("a", json.Number("1.0E10"))}, true},
	} {
		if d := sameRows(tc.got, tc.want); (d == "") != tc.same {
			t.Errorf("%s: %q", tc.name, d)
		}
	}
}
