package predicate

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	_ "github.com/duckdb/duckdb-go/v2"
	"pgregory.net/rapid"

	"psyberg/functions/manifest"
	"psyberg/functions/meta"
)

// testColumn is a column of random rows: values that occur in them, literals
// that conditions compare it with, transforms that partition by it.
type testColumn struct {
	*meta.Field
	values     []meta.Value
	literals   []string
	transforms []string
}

func ints(k meta.Kind, vs ...int64) []meta.Value {
	out := []meta.Value{meta.Null}
	for _, v := range vs {
		out = append(out, meta.IntValue(k, v))
	}
	return out
}

func floats(k meta.Kind, vs ...float64) []meta.Value {
	out := []meta.Value{meta.Null, {Kind: k, Float: math.NaN()}, {Kind: k, Float: math.Inf(1)}, {Kind: k, Float: math.Inf(-1)}}
	for _, v := range vs {
		out = append(out, meta.Value{Kind: k, Float: v})
	}
	return out
}

const hourMicros = 3_600_000_000

var testColumns = func() []testColumn {
	texts := []meta.Value{meta.Null}
	for _, s := range []string{"", "a", "ab", "abc", "abcd", "abd", "日本", "日本語", "\U0010FFFF\U0010FFFF\U0010FFFFx", "Z"} {
		texts = append(texts, meta.StringValue(s))
	}
	blobs := []meta.Value{meta.Null}
	for _, s := range []string{"", "a", "\xff\xff\xff", "ab\x00"} {
		blobs = append(blobs, meta.BytesValue(meta.KindBinary, []byte(s)))
	}
	decimals := []meta.Value{meta.Null}
	for _, n := range []int64{0, 1, -1, 150, 12345, -999999999, 999999999} {
		decimals = append(decimals, meta.DecimalValue(big.NewInt(n), 2))
	}
	times := []int64{0, -1, 1, hourMicros, -hourMicros, 19614*24*hourMicros + 9*hourMicros + 5, 19614 * 24 * hourMicros, -400 * 24 * hourMicros}
	instants := []string{"'1970-01-01 00:00:00'", "'2023-09-14 09:00:00'", "'1969-12-31 23:00:00'", "'1968-01-01'", "'2023-09-14'"}
	integers := []string{"0", "1", "-1", "2.5", "-2.5", "100", "2147483647", "-2147483648", "3000000000", "1e30", "-1e30"}
	return []testColumn{
		{schema.Fields[0], ints(meta.KindInt, 0, 1, -1, 5, 10, 11, -10, -11, 100, math.MaxInt32, math.MinInt32), integers, []string{"identity", "bucket[4]", "truncate[10]", "void"}},
		{schema.Fields[1], ints(meta.KindLong, 0, 1, -1, 99, 3000000000, math.MaxInt64, math.MinInt64), integers, []string{"identity", "bucket[4]", "truncate[7]"}},
		{schema.Fields[2], floats(meta.KindFloat, 0, math.Copysign(0, -1), 0.5, float64(float32(0.1)), -3), []string{"0", "0.5", "'NaN'", "'inf'", "-3", "7"}, []string{"identity"}},
		{schema.Fields[3], floats(meta.KindDouble, 0, math.Copysign(0, -1), 0.1, 1e300, -2.5), []string{"0", "0.1", "'NaN'", "'-inf'", "-2.5", "1e300"}, []string{"identity"}},
		{schema.Fields[4], decimals, []string{"0", "0.01", "1.5", "1.505", "123.45", "-10000000", "1e9"}, []string{"identity", "bucket[4]", "truncate[50]"}},
		{schema.Fields[5], ints(meta.KindDate, 0, -1, 1, 31, 365, -365, 19614, 19615), []string{"'1970-01-01'", "'1969-12-31'", "DATE '2023-09-14'", "'2023-01-01'"}, []string{"identity", "year", "month", "day", "bucket[4]"}},
		{schema.Fields[6], ints(meta.KindTimestamp, times...), instants, []string{"identity", "year", "month", "day", "hour", "bucket[4]"}},
		{schema.Fields[7], ints(meta.KindTimestampTZ, times...), append([]string{"TIMESTAMPTZ '2023-09-14 11:00:00+02'"}, instants...), []string{"year", "month", "day", "hour"}},
		{schema.Fields[8], texts, []string{"''", "'a'", "'abc'", "'abcx'", "'日本'", "'日本語x'", "'Z'", "'it''s'"}, []string{"identity", "bucket[4]", "truncate[2]", "truncate[3]"}},
		{schema.Fields[9], []meta.Value{meta.Null, meta.BoolValue(true), meta.BoolValue(false)}, []string{"TRUE", "FALSE"}, []string{"identity"}},
		{schema.Fields[11], blobs, []string{"X''", "X'61'", "X'ffff'", "X'ffffff00'"}, []string{"identity", "bucket[4]", "truncate[2]"}},
	}
}()

type testRow []meta.Value // by testColumns

func (r testRow) get(id int) meta.Value {
	for i, c := range testColumns {
		if c.ID == id {
			return r[i]
		}
	}
	return meta.Null
}

func randomRow() *rapid.Generator[testRow] {
	return rapid.Custom(func(t *rapid.T) testRow {
		row := make(testRow, len(testColumns))
		for i, c := range testColumns {
			row[i] = rapid.SampledFrom(c.values).Draw(t, c.Name)
		}
		return row
	})
}

// randomCondition writes a condition of all that the language has.
func randomCondition(t *rapid.T, depth int) string {
	shape := rapid.IntRange(0, 9).Draw(t, "shape")
	if depth > 0 && shape < 5 {
		left := randomCondition(t, depth-1)
		switch shape {
		case 0, 1:
			return "(" + left + " AND " + randomCondition(t, depth-1) + ")"
		case 2, 3:
			return "(" + left + " OR " + randomCondition(t, depth-1) + ")"
		}
		return fmt.Sprintf(rapid.SampledFrom([]string{"NOT (%s)", "(%s) IS TRUE", "(%s) IS NOT TRUE", "(%s) IS FALSE", "(%s) IS NOT FALSE"}).Draw(t, "around"), left)
	}
	c := rapid.SampledFrom(testColumns).Draw(t, "column")
	lit := func() string { return rapid.SampledFrom(c.literals).Draw(t, "literal") }
	switch shape {
	case 5:
		return c.Name + rapid.SampledFrom([]string{" IS NULL", " IS NOT NULL"}).Draw(t, "null")
	case 6:
		return fmt.Sprintf("%s %sIN (%s, %s%s)", c.Name, rapid.SampledFrom([]string{"", "NOT "}).Draw(t, "not"), lit(), lit(),
			rapid.SampledFrom([]string{"", ", NULL"}).Draw(t, "and null"))
	case 7:
		return fmt.Sprintf("%s %sBETWEEN %s AND %s", c.Name, rapid.SampledFrom([]string{"", "NOT "}).Draw(t, "not"), lit(), lit())
	case 8:
		return "s " + rapid.SampledFrom([]string{"", "NOT "}).Draw(t, "not") + "LIKE " + rapid.SampledFrom([]string{"'a%'", "'ab%'", "'abc%'", "'日%'", "'%'", "'abc'"}).Draw(t, "pattern")
	}
	return c.Name + " " + rapid.SampledFrom([]string{"=", "<>", "<", "<=", ">", ">="}).Draw(t, "operator") + " " + lit()
}

// drawCondition draws a condition and what is understood of it.
func drawCondition(t *rapid.T) (string, *Expr) {
	text := randomCondition(t, 3)
	e, err := Parse(text, schema)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return text, e
}

// metricsOf are a column's metrics as a writer makes them, some left out:
// texts and binaries cut after two characters, NaN in no bound.
func metricsOf(t *rapid.T, c testColumn, i int, rows []testRow) ColumnMetrics {
	m := ColumnMetrics{Values: int64(len(rows))}
	var lower, upper meta.Value
	for _, r := range rows {
		v := r[i]
		switch {
		case v.IsNull():
			m.Nulls++
			continue
		case v.IsNaN():
			m.NaNs++
			continue
		}
		if lower.IsNull() || meta.Compare(v, lower) < 0 {
			lower = v
		}
		if upper.IsNull() || meta.Compare(v, upper) > 0 {
			upper = v
		}
	}
	m.Lower, m.Upper = lower.Encode(), upper.Encode()
	if k := c.Type.Kind; (k == meta.KindString || k == meta.KindBinary) && rapid.Bool().Draw(t, "truncated") {
		m.Lower, m.Upper = cut(m.Lower, k), cutUp(m.Upper, k)
	}
	if !floating(c.Type.Kind) {
		m.NaNs = -1
	}
	switch rapid.IntRange(0, 9).Draw(t, "left out") {
	case 0:
		m.Lower = nil
	case 1:
		m.Upper = nil
	case 2:
		m.Nulls = -1
	case 3:
		m.NaNs = -1
	case 4:
		m.Values = -1
	case 5:
		return NoMetrics
	}
	return m
}

// cut is the first two characters.
func cut(b []byte, k meta.Kind) []byte {
	if k == meta.KindBinary {
		return b[:min(2, len(b))]
	}
	end := 0
	for range 2 {
		_, n := utf8.DecodeRune(b[end:])
		end += n
	}
	return b[:end]
}

// cutUp is cut, and the last character that can be made one more: nil where
// none can.
func cutUp(b []byte, k meta.Kind) []byte {
	short := bytes.Clone(cut(b, k))
	if len(short) == len(b) {
		return b
	}
	if k == meta.KindBinary {
		next, _ := afterPrefix(short)
		return next
	}
	runes := []rune(string(short))
	for i := len(runes) - 1; i >= 0; i-- {
		if runes[i] < utf8.MaxRune {
			return []byte(string(append(runes[:i:i], runes[i]+1)))
		}
	}
	return nil
}

// TestP1P2_PruningNeverLosesARow: rows are put into files by a random spec, and
// files into one manifest, with what writers say of them. A file or manifest
// with a row for which the condition is true is never left out; a file whose
// every row is said to match has no other row.
func TestP1P2_PruningNeverLosesARow(t *testing.T) {
	pruned, whole := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(randomRow(), 1, 12).Draw(t, "rows")
		var fields []meta.BoundField
		var sources []int
		for range rapid.IntRange(0, 2).Draw(t, "fields") {
			i := rapid.IntRange(0, len(testColumns)-1).Draw(t, "source")
			c := testColumns[i]
			tr := meta.ParseTransform(rapid.SampledFrom(c.transforms).Draw(t, "transform"))
			fields = append(fields, meta.BoundField{PartitionField: meta.PartitionField{SourceID: c.ID, Transform: tr}, Source: c.Type, Result: tr.ResultType(c.Type)})
			sources = append(sources, i)
		}
		files := map[string][]testRow{}
		tuples := map[string][]meta.Value{}
		for _, r := range rows {
			var tuple []meta.Value
			for n, f := range fields {
				v, err := f.Transform.Apply(r[sources[n]])
				if err != nil {
					t.Fatal(err)
				}
				tuple = append(tuple, v)
			}
			key := meta.TupleKey(0, tuple)
			files[key], tuples[key] = append(files[key], r), tuple
		}
		text, e := drawCondition(t)
		any := false
		for key, rows := range files {
			described := map[int]ColumnMetrics{}
			for i, c := range testColumns {
				described[c.ID] = metricsOf(t, c, i, rows)
			}
			file := File{Fields: fields, Partition: tuples[key], Records: int64(len(rows)), Column: func(id int) ColumnMetrics { return described[id] }}
			matching := 0
			for _, r := range rows {
				if e.Eval(r.get) == True {
					matching++
				}
			}
			any = any || matching > 0
			might, must := e.MightMatchFile(file), e.MustMatchFile(file)
			if matching > 0 && (!might || !e.MightMatchPartition(fields, tuples[key])) {
				t.Fatalf("%s: a file with %d matching rows is left out", text, matching)
			}
			if must && matching < len(rows) {
				t.Fatalf("%s: %d of %d rows match, all are said to", text, matching, len(rows))
			}
			if !might {
				pruned++
			}
			if must {
				whole++
			}
		}
		if might := e.MightMatchManifest(fields, summariesOf(t, fields, tuples)); any && !might {
			t.Fatalf("%s: a manifest with matching rows is left out", text)
		}
	})
	if pruned < 20 || whole < 5 {
		t.Errorf("only %d files pruned, %d matched whole: the conditions decide nothing", pruned, whole)
	}
}

// summariesOf are the partition summaries of a manifest with these tuples.
func summariesOf(t *rapid.T, fields []meta.BoundField, tuples map[string][]meta.Value) []manifest.FieldSummary {
	out := make([]manifest.FieldSummary, len(fields))
	for n := range fields {
		var lower, upper meta.Value
		nan := false
		for _, tuple := range tuples {
			switch v := tuple[n]; {
			case v.IsNull():
				out[n].ContainsNull = true
			case v.IsNaN():
				nan = true
			default:
				if lower.IsNull() || meta.Compare(v, lower) < 0 {
					lower = v
				}
				if upper.IsNull() || meta.Compare(v, upper) > 0 {
					upper = v
				}
			}
		}
		out[n].Lower, out[n].Upper = lower.Encode(), upper.Encode()
		if rapid.Bool().Draw(t, "says NaN") {
			out[n].ContainsNaN = &nan
		}
	}
	return out
}

var hexLiterals = regexp.MustCompile(`X'([0-9a-f]*)'`)

// TestP3_MeansWhatDuckDBMeans: over random rows the text of a condition, and
// the SQL that is made of it, give in DuckDB what Eval gives.
func TestP3_MeansWhatDuckDBMeans(t *testing.T) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	rows := rapid.SliceOfN(randomRow(), 150, 150).Example(1)
	var names, tuples []string
	for _, c := range testColumns {
		names = append(names, quoteName(c.Name))
	}
	for i, r := range rows {
		cells := []string{fmt.Sprint(i)}
		for j, c := range testColumns {
			if cells = append(cells, "NULL"); !r[j].IsNull() {
				cells[j+1] = literalSQL(c.Type, r[j])
			}
		}
		tuples = append(tuples, "("+strings.Join(cells, ", ")+")")
	}
	for _, q := range []string{"SET TimeZone = 'UTC'",
		"CREATE TABLE t AS FROM (VALUES " + strings.Join(tuples, ", ") + ") AS v(n, " + strings.Join(names, ", ") + ")"} {
		if _, err := conn.ExecContext(context.Background(), q); err != nil {
			t.Fatal(err)
		}
	}
	answers := func(t *rapid.T, condition string) string {
		var got string
		q := "SELECT string_agg(CASE WHEN (" + condition + ") THEN 't' WHEN NOT (" + condition + ") THEN 'f' ELSE 'u' END, '' ORDER BY n) FROM t"
		if err := conn.QueryRowContext(context.Background(), q).Scan(&got); err != nil {
			t.Fatalf("%s: %v", condition, err)
		}
		return got
	}
	rapid.Check(t, func(t *rapid.T) {
		text, e := drawCondition(t)
		var want strings.Builder
		for _, r := range rows {
			want.WriteByte(map[Truth]byte{True: 't', False: 'f', Unknown: 'u'}[e.Eval(r.get)])
		}
		// DuckDB reads X'ff' as a text.
		asDuckDB := hexLiterals.ReplaceAllString(text, "from_hex('$1')")
		for _, condition := range []string{e.SQL(), asDuckDB} {
			if got := answers(t, condition); got != want.String() {
				for i := range got {
					if got[i] != want.String()[i] {
						t.Fatalf("%s\nof row %v is %c in DuckDB, %c by Eval (%s)", condition, rows[i], got[i], want.String()[i], text)
					}
				}
			}
		}
	})
}
