package predicate

import (
	"math"
	"strings"
	"testing"

	"psyberg/functions/meta"
)

func field(id int, name, typ string) *meta.Field {
	t, err := meta.ParseType(typ)
	if err != nil {
		panic(err)
	}
	return &meta.Field{ID: id, Name: name, Type: t}
}

var schema = &meta.Schema{Fields: []*meta.Field{
	field(1, "i", "int"), field(2, "l", "long"), field(3, "f", "float"), field(4, "d", "double"),
	field(5, "dec", "decimal(9, 2)"), field(6, "day", "date"), field(7, "ts", "timestamp"), field(8, "tz", "timestamptz"),
	field(9, "s", "string"), field(10, "flag", "boolean"), field(11, "u", "uuid"), field(12, "bin", "binary"),
	field(13, "tm", "time"), field(14, "key", "int"), field(15, "date", "date"), field(16, "odd \"name`", "int"),
	{ID: 17, Name: "place", Type: meta.Type{Kind: meta.KindStruct, Fields: []*meta.Field{field(18, "lat", "double"), field(19, "日本", "string")}}},
	{ID: 20, Name: "tags", Type: meta.Type{Kind: meta.KindList, Element: field(21, "element", "string")}},
	field(22, "dotted.name", "int"), field(23, "ns", "timestamp_ns"), field(24, "tzns", "timestamptz_ns"),
}}

// The condition as it is understood, in SQL.
func TestParse(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`i = 5`, `("i" = CAST('5' AS INTEGER))`},
		{`5 < i`, `("i" > CAST('5' AS INTEGER))`},
		{`i == -5`, `("i" = CAST('-5' AS INTEGER))`},
		{`i >= - 5`, `("i" >= CAST('-5' AS INTEGER))`},
		{`I <> 1_000`, `("i" <> CAST('1000' AS INTEGER))`},
		{`"i" != 5 AND (key = 3)`, `(("i" <> CAST('5' AS INTEGER)) AND ("key" = CAST('3' AS INTEGER)))`},
		{`i < 2.5`, `("i" <= CAST('2' AS INTEGER))`},
		{`i < -2.5`, `("i" <= CAST('-3' AS INTEGER))`},
		{`i >= 2.5`, `("i" > CAST('2' AS INTEGER))`},
		{`i = 2.5`, `("i" IS NULL AND CAST(NULL AS BOOLEAN))`},
		{`i < 3000000000`, `("i" IS NOT NULL OR CAST(NULL AS BOOLEAN))`},
		{`l > 9223372036854775807`, `("l" > CAST('9223372036854775807' AS BIGINT))`},
		{`l > -9223372036854775809`, `("l" IS NOT NULL OR CAST(NULL AS BOOLEAN))`},
		{`l = '7'`, `("l" = CAST('7' AS BIGINT))`},
		{`l = '7'::BIGINT`, `("l" = CAST('7' AS BIGINT))`},
		{`dec <= 1.005`, `("dec" <= CAST('1.00' AS DECIMAL(9, 2)))`},
		{`dec = 1.5::DECIMAL(4,1)`, `("dec" = CAST('1.50' AS DECIMAL(9, 2)))`},
		{`d > 1e3`, `("d" > CAST('1000' AS DOUBLE))`},
		{`d = 'NaN'`, `("d" = CAST('NaN' AS DOUBLE))`},
		{`f = 0.1`, `("f" = CAST('0.1' AS FLOAT))`},
		{`day = '2023-09-14'`, `("day" = CAST('2023-09-14' AS DATE))`},
		{`date = DATE '2023-09-14'`, `("date" = CAST('2023-09-14' AS DATE))`},
		{`day < TIMESTAMP '2023-09-14 10:00:00'`, `("day" <= CAST('2023-09-14' AS DATE))`},
		{`ts >= '2023-09-14 10:00'`, `("ts" >= CAST('2023-09-14 10:00:00.000000' AS TIMESTAMP))`},
		{`ts = '2023-09-14'::DATE`, `("ts" = CAST('2023-09-14 00:00:00.000000' AS TIMESTAMP))`},
		{`tz < TIMESTAMPTZ '2023-09-14T10:00:00.5+02:00'`, `("tz" < CAST('2023-09-14 08:00:00.500000+00' AS TIMESTAMPTZ))`},
		{`tz < TIMESTAMP WITH TIME ZONE '2023-09-14 10:00:00Z'`, `("tz" < CAST('2023-09-14 10:00:00.000000+00' AS TIMESTAMPTZ))`},
		{`tz < CAST('2023-09-14' AS TIMESTAMPTZ)`, `("tz" < CAST('2023-09-14 00:00:00.000000+00' AS TIMESTAMPTZ))`},
		{`ns < '2023-09-14 10:00:00.123456789'`, `("ns" < CAST('2023-09-14 10:00:00.123456789' AS TIMESTAMP_NS))`},
		{`tzns < '2023-09-14 10:00:00.123456789+02'`, `("tzns" < CAST('2023-09-14 08:00:00.123456+00' AS TIMESTAMPTZ))`},
		{`tm = '10:00:00.5'`, `("tm" = CAST('10:00:00.500000' AS TIME))`},
		{`s = 'it''s \n'`, `("s" = 'it''s \n')`},
		{`s LIKE 'a%'`, `starts_with("s", 'a')`},
		{`s NOT LIKE 'a%'`, `(NOT starts_with("s", 'a'))`},
		{`s LIKE 'a'`, `("s" = 'a')`},
		{`flag`, `("flag" = TRUE)`},
		{`NOT flag OR flag = false`, `((NOT ("flag" = TRUE)) OR ("flag" = FALSE))`},
		{`u = 'F79c3e09-677c-4bbd-a479-3f349cb785e7'`, `("u" = CAST('f79c3e09-677c-4bbd-a479-3f349cb785e7' AS UUID))`},
		{`bin = X'00ff'`, `("bin" = from_hex('00ff'))`},
		{`bin = 'a\xFF'::BLOB`, `("bin" = from_hex('61ff'))`},
		{`i IN (1, 2.5, NULL, 3)`, `("i" IN (CAST('1' AS INTEGER), CAST('3' AS INTEGER), NULL))`},
		{`i NOT IN (1)`, `(NOT ("i" IN (CAST('1' AS INTEGER))))`},
		{`i IN (1.5)`, `("i" IS NULL AND CAST(NULL AS BOOLEAN))`},
		{`i NOT IN (1.5, NULL)`, `(NOT CAST(NULL AS BOOLEAN))`},
		{`i BETWEEN 1 AND 2 AND l = 3`, `((("i" >= CAST('1' AS INTEGER)) AND ("i" <= CAST('2' AS INTEGER))) AND ("l" = CAST('3' AS BIGINT)))`},
		{`i NOT BETWEEN 1 AND 2`, `(NOT (("i" >= CAST('1' AS INTEGER)) AND ("i" <= CAST('2' AS INTEGER))))`},
		{`i IS NULL`, `("i" IS NULL)`},
		{`tags is not null`, `(NOT ("tags" IS NULL))`},
		{`(i = 1) IS NOT TRUE`, `(("i" = CAST('1' AS INTEGER)) IS NOT TRUE)`},
		{`i = NULL`, `CAST(NULL AS BOOLEAN)`},
		{`TRUE`, `TRUE`},
		{"\"odd \"\"name`\" = 1", "(\"odd \"\"name`\" = CAST('1' AS INTEGER))"},
		{`place.lat > 1 AND "place"."日本" = 'x'`, `((("place")."lat" > CAST('1' AS DOUBLE)) AND (("place")."日本" = 'x'))`},
		{`dotted.name = 1`, `("dotted.name" = CAST('1' AS INTEGER))`},
	} {
		e, err := Parse(c.text, schema)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got := e.SQL(); got != c.want {
			t.Errorf("%s:\n got  %s\n want %s", c.text, got, c.want)
		}
	}
}

// What is not understood is refused, and the error names it.
func TestRefused(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{``, `it is empty`},
		{`i = `, `not understood`},
		{`i = 5 5`, `byte 7: not understood near "5"`},
		{`i = 5; drop table x`, `byte 6: ';' is not supported`},
		{`i = 5 -- x`, `byte 7: comments are not supported`},
		{`i = 5 /* x */`, `comments are not supported`},
		{`i = 1) or (1 = 1`, `byte 6: this parenthesis closes nothing`},
		{`(i = 1`, `a parenthesis is not closed`},
		{`s || 'x' = 'y'`, `byte 3: || is not supported`},
		{`i + 1 = 5`, `arithmetic is not supported: i + 1`},
		{`i = 1 + 1`, `not supported`},
		{`abs(i) = 5`, `byte 1: the function abs is not supported`},
		{`"abs"(i) = 5`, `the function "abs" is not supported`},
		{`i = l`, `a comparison of two columns is not supported: i, l`},
		{`1 = 1`, `a comparison of two literals is not supported: 1, 1`},
		{`i`, `column "i" of type int alone is no condition`},
		{`5`, `a literal alone is not supported: 5`},
		{`ts::DATE = DATE '2023-09-14'`, `a cast of a column is not supported`},
		{`CAST(ts AS DATE) = '2023-09-14'`, `a cast of anything but a literal is not supported`},
		{`ts > now() - INTERVAL '1 day'`, `the function now is not supported`},
		{`ts > INTERVAL '1 day'`, `INTERVAL is not supported`},
		{`s LIKE '%x'`, `pattern other than 'prefix%' is not supported`},
		{`s LIKE 'a_c%'`, `pattern other than 'prefix%' is not supported`},
		{`s ILIKE 'x%'`, `ILIKE is not supported`},
		{`s REGEXP 'x'`, `REGEXP is not supported: s regexp 'x'`},
		{`i LIKE '5%'`, `LIKE needs a text column`},
		{`s LIKE 'a%' ESCAPE 'b'`, `ESCAPE is not supported`},
		{`i IN (SELECT 1 FROM t)`, `not supported`},
		{`i IN (l)`, `a comparison of two columns`},
		{`EXISTS (SELECT 1 FROM t)`, `not supported`},
		{`CASE WHEN flag THEN flag END`, `CASE is not supported`},
		{`(i, l) = (1, 2)`, `a row of values is not supported`},
		{`i <=> 1`, `byte 5: not understood near "> 1"`},
		{`i = ?`, `'?' is not supported`},
		{`i = $1`, `'$' is not supported`},
		{`s = "x"`, `no column "x"`},
		{`flga = true`, `byte 1: no column "flga"; did you mean "flag"?`},
		{`i = 1 and place.lot = 1`, `byte 11: no column "place.lot"; did you mean "place.lat"?`},
		{`tags.element = 'x'`, `is inside a list or map`},
		{`place = 1`, `can only be tested with IS NULL`},
		{`i = 'x'`, `column "i": compare a column of type int with 'x': it is not a number`},
		{`i = TRUE`, `it is not a number`},
		{`s = 5`, `write it as text`},
		{`day = 5`, `it is not a time`},
		{`day = '2023-02-30'`, `it is not a time`},
		{`day = '2023-09-14 10:00:00'`, `a date has no time of day`},
		{`s = 'x`, `byte 5: the text that begins here has no closing quote`},
		{`s = E'\n'`, `E'...', is not supported`},
		{`i = 1.5::INTEGER`, `is not exactly a value of that type`},
		{`i = 1 COLLATE x`, `COLLATE is not supported`},
		{"s = 'a\x00'", `not valid UTF-8`},
		{strings.Repeat("(", 600) + "flag" + strings.Repeat(")", 600), `more than 500 parentheses`},
		{strings.Repeat("NOT ", 5000) + "flag", `more than 2000 conditions`},
	} {
		e, err := Parse(c.text, schema)
		if err == nil {
			t.Errorf("%s: understood as %s", c.text, e.SQL())
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s:\n got  %v\n want %s", c.text, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{`i = 5 AND NOT (s LIKE 'a%' OR d IN (1, 'NaN'))`, `tz < '2023-09-14 10:00:00+02'::TIMESTAMPTZ`,
		`CAST('5' AS DECIMAL(4,1)) <= dec`, `"odd ""name" IS NOT NULL`, `bin = X'ff'`, `i BETWEEN -1 AND 1e400`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := Parse(text, schema)
		if err != nil {
			return
		}
		// What was understood can be said again, and means the same.
		sql := e.SQL()
		for _, c := range []domain{{null: true, nan: true, value: true}, {null: true}, {value: true}} {
			e.root.outcomes(func(*column) domain { return c })
		}
		row := func(id int) meta.Value { return meta.Null }
		if got := e.Eval(row); got != True && got != False && got != Unknown {
			t.Fatalf("%s: %s is %d", text, sql, got)
		}
	})
}

func metrics(m map[int]ColumnMetrics) func(int) ColumnMetrics {
	return func(id int) ColumnMetrics {
		if c, ok := m[id]; ok {
			return c
		}
		return NoMetrics
	}
}

func TestFileMetrics(t *testing.T) {
	num := func(lo, hi int64, nulls int64) ColumnMetrics {
		return ColumnMetrics{Values: 10, Nulls: nulls, NaNs: -1,
			Lower: meta.IntValue(meta.KindInt, lo).Encode(), Upper: meta.IntValue(meta.KindInt, hi).Encode()}
	}
	text := func(lo, hi string) ColumnMetrics {
		return ColumnMetrics{Values: 10, Nulls: 0, NaNs: -1, Lower: []byte(lo), Upper: []byte(hi)}
	}
	nan := ColumnMetrics{Values: 10, Nulls: 0, NaNs: 3, Lower: meta.DoubleValue(1).Encode(), Upper: meta.DoubleValue(2).Encode()}
	nanBound := ColumnMetrics{Values: 10, Nulls: 0, NaNs: -1, Lower: meta.DoubleValue(math.NaN()).Encode(), Upper: meta.DoubleValue(math.NaN()).Encode()}
	allNull := ColumnMetrics{Values: 10, Nulls: 10, NaNs: 0}
	for _, c := range []struct {
		name, where string
		column      ColumnMetrics
		might, must bool
	}{
		{"below", `i > 20`, num(5, 20, 0), false, false},
		{"at the edge", `i >= 20`, num(5, 20, 0), true, false},
		{"all", `i >= 5`, num(5, 20, 0), true, true},
		{"all but nulls", `i >= 5`, num(5, 20, 1), true, false},
		{"not knowing the nulls", `i >= 5`, num(5, 20, -1), true, false},
		{"not of unknown is unknown", `NOT i >= 5`, num(5, 20, 1), false, false},
		{"one value", `i = 5`, num(5, 5, 0), true, true},
		{"one value in a list", `i IN (4, 5)`, num(5, 5, 0), true, true},
		{"outside a list", `i IN (1, 30)`, num(5, 20, 0), false, false},
		{"NOT IN with NULL is never true", `i NOT IN (30, NULL)`, num(5, 20, 0), false, false},
		{"NOT IN outside", `i NOT IN (30)`, num(5, 20, 0), true, true},
		{"all null", `l = 3`, ColumnMetrics{}, true, false},
		{"an int bound of a long", `l > 20`, num(5, 20, 0), false, false},
		{"null of no nulls", `i IS NULL`, num(5, 20, 0), false, false},
		{"not null of no nulls", `i IS NOT NULL`, num(5, 20, 0), true, true},
		{"null of all nulls", `i IS NULL`, allNull, true, true},
		{"compare all nulls", `i <> 3`, allNull, false, false},
		{"unknown metrics", `i = 3`, NoMetrics, true, false},
		{"truncated text bounds cover", `s = 'abcz'`, text("abc", "abd"), true, false},
		{"text outside", `s = 'abe'`, text("abc", "abd"), false, false},
		{"prefix outside", `s LIKE 'abe%'`, text("abc", "abd"), false, false},
		{"prefix inside", `s LIKE 'ab%'`, text("abc", "abd"), true, true},
		{"prefix longer than the bounds", `s LIKE 'abcde%'`, text("abc", "abd"), true, false},
		{"not prefix", `s NOT LIKE 'ab%'`, text("abc", "abd"), false, false},
		{"NaN is the greatest", `d > 5`, nan, true, false},
		{"NaN is not below", `d < 0`, nan, false, false},
		{"NaN equals NaN", `d = 'NaN'`, nan, true, false},
		{"a NaN bound says nothing", `d = 5`, nanBound, true, false},
		{"always true but for NULL", `i < 1e20`, num(5, 20, 0), true, true},
		{"never true", `i > 1e20`, num(5, 20, 0), false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, err := Parse(c.where, schema)
			if err != nil {
				t.Fatal(err)
			}
			file := File{Records: 10, Column: metrics(map[int]ColumnMetrics{e.Columns()[0]: c.column})}
			if might, must := e.MightMatchFile(file), e.MustMatchFile(file); might != c.might || must != c.must {
				t.Errorf("%s: might %v, must %v", c.where, might, must)
			}
		})
	}
}

func TestPartition(t *testing.T) {
	ts := func(text string) meta.Value {
		n, ok := parseInstant(text)
		if !ok {
			t.Fatal(text)
		}
		return meta.IntValue(meta.KindTimestamp, n.Int64()/1000)
	}
	hour := func(text string) meta.Value {
		v, err := meta.ParseTransform("hour").Apply(ts(text))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	bucket, _ := meta.ParseTransform("bucket[16]").Apply(meta.StringValue("iceberg"))
	for _, c := range []struct {
		where, transform string
		source           int
		value            meta.Value
		might, must      bool
	}{
		{`i = 3`, "identity", 1, meta.IntValue(meta.KindInt, 3), true, true},
		{`i = 3`, "identity", 1, meta.IntValue(meta.KindInt, 4), false, false},
		{`i IS NULL`, "identity", 1, meta.Null, true, true},
		{`i <> 3`, "identity", 1, meta.Null, false, false},
		{`i = 3`, "void", 1, meta.Null, true, false},
		{`i = 3`, "zorder", 1, meta.Null, true, false},
		{`ts >= '2023-09-14 09:00'`, "hour", 7, hour("2023-09-14 09:30"), true, true},
		{`ts > '2023-09-14 09:00'`, "hour", 7, hour("2023-09-14 09:30"), true, false},
		{`ts >= '2023-09-14 10:00'`, "hour", 7, hour("2023-09-14 09:30"), false, false},
		{`ts < '2023-09-14 10:00'`, "hour", 7, hour("2023-09-14 09:30"), true, true},
		{`ts = '1969-12-31 23:30'`, "hour", 7, meta.IntValue(meta.KindInt, 0), true, false}, // a writer of long ago
		{`day < '2024-01-01'`, "year", 6, meta.IntValue(meta.KindInt, 53), true, true},
		{`day < '2023-01-01'`, "year", 6, meta.IntValue(meta.KindInt, 53), false, false},
		{`day >= '2023-09-01'`, "month", 6, meta.IntValue(meta.KindInt, 53*12+8), true, true},
		{`s = 'iceberg'`, "bucket[16]", 9, bucket, true, false},
		{`s = 'iceberg'`, "bucket[16]", 9, meta.IntValue(meta.KindInt, bucket.Int+1), false, false},
		{`s <> 'iceberg'`, "bucket[16]", 9, meta.IntValue(meta.KindInt, bucket.Int+1), true, true},
		{`s > 'iceberg'`, "bucket[16]", 9, bucket, true, false},
		{`s = 'abcd'`, "truncate[3]", 9, meta.StringValue("abc"), true, false},
		{`s LIKE 'abc%'`, "truncate[3]", 9, meta.StringValue("abc"), true, true},
		{`s = 'abd'`, "truncate[3]", 9, meta.StringValue("abc"), false, false},
		{`s = 'ab'`, "truncate[3]", 9, meta.StringValue("ab"), true, true},
		{`s = 'aba'`, "truncate[3]", 9, meta.StringValue("ab"), false, false},
		{`i < 20`, "truncate[10]", 1, meta.IntValue(meta.KindInt, 10), true, true},
		{`i < 19`, "truncate[10]", 1, meta.IntValue(meta.KindInt, 10), true, false},
		{`i < 10`, "truncate[10]", 1, meta.IntValue(meta.KindInt, 10), false, false},
		{`i < 0`, "truncate[10]", 1, meta.IntValue(meta.KindInt, math.MaxInt32-3), true, false}, // wrapped round
		{`d > 5`, "identity", 4, meta.DoubleValue(math.NaN()), true, true},
	} {
		e, err := Parse(c.where, schema)
		if err != nil {
			t.Fatal(err)
		}
		fields := []meta.BoundField{{PartitionField: meta.PartitionField{SourceID: c.source, Transform: meta.ParseTransform(c.transform)}}}
		tuple := []meta.Value{c.value}
		must := e.MustMatchFile(File{Fields: fields, Partition: tuple, Records: 1})
		if might := e.MightMatchPartition(fields, tuple); might != c.might || must != c.must {
			t.Errorf("%s in partition %s=%s: might %v, must %v", c.where, c.transform, c.value, might, must)
		}
	}
}
