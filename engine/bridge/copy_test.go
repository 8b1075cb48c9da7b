package bridge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"
)

var (
	i32, i64 = arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int64
	str      = arrow.BinaryTypes.String
	instant  = &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
)

// nestedNumber names functions apart: a database forgets none.
var nestedNumber atomic.Int64

func nullable(name string, t arrow.DataType) arrow.Field {
	return arrow.Field{Name: name, Type: t, Nullable: true}
}

// TestTypes: every Arrow type of doc.go becomes its DuckDB type, with its values.
func TestTypes(t *testing.T) {
	uuid := arrow.NewMetadata([]string{metaKey}, []string{"UUID"})
	js := arrow.NewMetadata([]string{metaKey}, []string{"JSON"})
	d := openDB(t)
	for i, tt := range []struct {
		name   string
		field  arrow.Field
		values string // JSON as Arrow reads it
		typ    string // typeof in DuckDB
		want   string // as DuckDB casts to VARCHAR
	}{
		{"bool", nullable("c", arrow.FixedWidthTypes.Boolean), `[true, null, false]`, "BOOLEAN", "true NULL false"},
		{"int8", nullable("c", arrow.PrimitiveTypes.Int8), `[-128, null, 127]`, "TINYINT", "-128 NULL 127"},
		{"int16", nullable("c", arrow.PrimitiveTypes.Int16), `[-32768, 32767]`, "SMALLINT", "-32768 32767"},
		{"int32", nullable("c", i32), `[-2147483648, null]`, "INTEGER", "-2147483648 NULL"},
		{"int64", nullable("c", i64), `[9223372036854775807, null, -9223372036854775808]`, "BIGINT", "9223372036854775807 NULL -9223372036854775808"},
		{"uint8", nullable("c", arrow.PrimitiveTypes.Uint8), `[255]`, "UTINYINT", "255"},
		{"uint16", nullable("c", arrow.PrimitiveTypes.Uint16), `[65535]`, "USMALLINT", "65535"},
		{"uint32", nullable("c", arrow.PrimitiveTypes.Uint32), `[4294967295]`, "UINTEGER", "4294967295"},
		{"uint64", nullable("c", arrow.PrimitiveTypes.Uint64), `[18446744073709551615]`, "UBIGINT", "18446744073709551615"},
		{"float32", nullable("c", arrow.PrimitiveTypes.Float32), `[0.1, null, -1.5]`, "FLOAT", "0.1 NULL -1.5"},
		{"float64", nullable("c", arrow.PrimitiveTypes.Float64), `[0.1, null, 1e300]`, "DOUBLE", "0.1 NULL 1e+300"},
		{"utf8", nullable("c", str), `["", null, "short", "a text of more than twelve bytes", "日本 é 😀"]`, "VARCHAR", " NULL short a text of more than twelve bytes 日本 é 😀"},
		{"json", arrow.Field{Name: "c", Type: str, Nullable: true, Metadata: js}, `["{\"a\": 1}", null]`, "JSON", `{"a": 1} NULL`},
		{"binary", nullable("c", arrow.BinaryTypes.Binary), `["AP8=", null, ""]`, "BLOB", `\x00\xFF NULL `},
		{"fixed binary", nullable("c", &arrow.FixedSizeBinaryType{ByteWidth: 2}), `["AP8=", null]`, "BLOB", `\x00\xFF NULL`},
		{"uuid", arrow.Field{Name: "c", Type: &arrow.FixedSizeBinaryType{ByteWidth: 16}, Nullable: true, Metadata: uuid},
			`["oO68mZwLTvi7bWu5vTgKEQ==", null, "AAAAAAAAAAAAAAAAAAAAAQ==", "/////////////////////w=="]`, "UUID",
			"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11 NULL 00000000-0000-0000-0000-000000000001 ffffffff-ffff-ffff-ffff-ffffffffffff"},
		{"date", nullable("c", arrow.FixedWidthTypes.Date32), `["1969-12-31", null, "2023-09-14"]`, "DATE", "1969-12-31 NULL 2023-09-14"},
		{"time us", nullable("c", arrow.FixedWidthTypes.Time64us), `["23:59:59.999999", null]`, "TIME", "23:59:59.999999 NULL"},
		{"time ns", nullable("c", arrow.FixedWidthTypes.Time64ns), `["23:59:59.999999999"]`, "TIME_NS", "23:59:59.999999999"},
		{"timestamp s", nullable("c", &arrow.TimestampType{Unit: arrow.Second}), `["2023-09-14 10:11:12"]`, "TIMESTAMP_S", "2023-09-14 10:11:12"},
		{"timestamp ms", nullable("c", &arrow.TimestampType{Unit: arrow.Millisecond}), `["2023-09-14 10:11:12.123"]`, "TIMESTAMP_MS", "2023-09-14 10:11:12.123"},
		{"timestamp us", nullable("c", &arrow.TimestampType{Unit: arrow.Microsecond}), `["1969-12-31 23:59:59.5", null]`, "TIMESTAMP", "1969-12-31 23:59:59.5 NULL"},
		{"timestamp ns", nullable("c", &arrow.TimestampType{Unit: arrow.Nanosecond}), `["2023-09-14 10:11:12.123456789"]`, "TIMESTAMP_NS", "2023-09-14 10:11:12.123456789"},
		{"timestamptz us", nullable("c", instant), `["2023-09-14 10:11:12.123456Z", null]`, "TIMESTAMP WITH TIME ZONE", "2023-09-14 10:11:12.123456+00 NULL"},
		{"timestamptz s", nullable("c", &arrow.TimestampType{Unit: arrow.Second, TimeZone: "UTC"}), `["1969-12-31 23:59:59Z"]`, "TIMESTAMP WITH TIME ZONE", "1969-12-31 23:59:59+00"},
		{"timestamptz ns cut to the past", nullable("c", &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}), `["1969-12-31 23:59:59.9999999Z"]`, "TIMESTAMP WITH TIME ZONE", "1969-12-31 23:59:59.999999+00"},
		{"decimal 4", nullable("c", &arrow.Decimal128Type{Precision: 4, Scale: 2}), `["-99.99", null]`, "DECIMAL(4,2)", "-99.99 NULL"},
		{"decimal 9", nullable("c", &arrow.Decimal128Type{Precision: 9, Scale: 0}), `["-999999999"]`, "DECIMAL(9,0)", "-999999999"},
		{"decimal 18", nullable("c", &arrow.Decimal128Type{Precision: 18, Scale: 3}), `["-123456789012345.678"]`, "DECIMAL(18,3)", "-123456789012345.678"},
		{"decimal 38", nullable("c", &arrow.Decimal128Type{Precision: 38, Scale: 10}), `["-1234567890123456789012345678.0123456789", null]`, "DECIMAL(38,10)", "-1234567890123456789012345678.0123456789 NULL"},
		{"interval", nullable("c", arrow.FixedWidthTypes.MonthDayNanoInterval), `[{"months": 14, "days": -3, "nanoseconds": 1000000}, null]`, "INTERVAL", "1 year 2 months -3 days 00:00:00.001 NULL"},
		{"null", nullable("c", arrow.Null), `[null, null]`, `"NULL"`, "NULL NULL"},
		{"dictionary", nullable("c", &arrow.DictionaryType{IndexType: i32, ValueType: str}), `["b", null, "a", "b"]`, "VARCHAR", "b NULL a b"},
		{"list", nullable("c", arrow.ListOf(i64)), `[[1, null], null, []]`, "BIGINT[]", "[1, NULL] NULL []"},
		{"struct", nullable("c", arrow.StructOf(nullable("a", i32), nullable("b", str))), `[{"a": 1, "b": "x"}, null, {"a": null, "b": null}]`,
			"STRUCT(a INTEGER, b VARCHAR)", "{'a': 1, 'b': x} NULL {'a': NULL, 'b': NULL}"},
		{"map", nullable("c", arrow.MapOf(i32, str)), `[[{"key": 1, "value": "x"}, {"key": 2, "value": null}], null, []]`, "MAP(INTEGER, VARCHAR)", "{1=x, 2=NULL} NULL {}"},
		{"map of struct of list of uuid",
			nullable("c", arrow.MapOf(str, arrow.StructOf(nullable("l", arrow.ListOfField(arrow.Field{Name: "e", Type: &arrow.FixedSizeBinaryType{ByteWidth: 16}, Nullable: true, Metadata: uuid})), nullable("t", instant)))),
			`[[{"key": "k", "value": {"l": ["AAAAAAAAAAAAAAAAAAAAAQ==", null], "t": "2023-09-14 10:00:00Z"}}, {"key": "l", "value": null}]]`,
			"MAP(VARCHAR, STRUCT(l UUID[], t TIMESTAMP WITH TIME ZONE))", "{k={'l': [00000000-0000-0000-0000-000000000001, NULL], 't': '2023-09-14 10:00:00+00'}, l=NULL}"},
		{"list of map of decimal", nullable("c", arrow.ListOf(arrow.MapOf(i32, &arrow.Decimal128Type{Precision: 20, Scale: 1}))),
			`[[[{"key": 1, "value": "1.5"}], null, []], []]`, "MAP(INTEGER, DECIMAL(20,1))[]", "[{1=1.5}, NULL, {}] []"},
		{"list of list of binary", nullable("c", arrow.ListOf(arrow.ListOf(arrow.BinaryTypes.Binary))), `[[["AP8="], null], null]`, "BLOB[][]", `[[\x00\xFF], NULL] NULL`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var values []json.RawMessage
			if err := json.Unmarshal([]byte(tt.values), &values); err != nil {
				t.Fatal(err)
			}
			var rows strings.Builder
			for i, v := range values {
				fmt.Fprintf(&rows, "%s{\"c\": %s}", strings.Repeat(",", min(i, 1)), v)
			}
			batch := fromJSON(t, arrow.NewSchema([]arrow.Field{tt.field}, nil), "["+rows.String()+"]")
			name := fmt.Sprintf("psyql_f%d", i)
			if err := d.Register(d.conn, batchFunction(strings.TrimPrefix(name, RawPrefix), 1, batch)); err != nil {
				t.Fatal(err)
			}
			if got := d.rows("SELECT typeof(c) FROM " + name + "() LIMIT 1")[0][0]; got != tt.typ {
				t.Errorf("type %v, want %s", got, tt.typ)
			}
			var got []string
			for _, r := range d.rows("SELECT coalesce(c::VARCHAR, 'NULL') FROM " + name + "()") {
				got = append(got, r[0].(string))
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("got  %s\nwant %s", s, tt.want)
			}
			// read back into Go, filtered and sorted in DuckDB on the way
			if n := len(d.rows("SELECT * FROM (SELECT c, row_number() OVER () AS n FROM " + name + "()) WHERE n > 0 ORDER BY n DESC")); n != len(values) {
				t.Errorf("%d rows read back of %d", n, len(values))
			}
		})
	}
}

// TestBadArraysAreErrors: what a decoder of foreign bytes may hand over by
// mistake never reaches DuckDB.
func TestBadArraysAreErrors(t *testing.T) {
	data := func(dt arrow.DataType, n int, buffers ...[]byte) arrow.Array {
		bs := []*memory.Buffer{nil}
		for _, b := range buffers {
			bs = append(bs, memory.NewBufferBytes(b))
		}
		return array.MakeFromData(array.NewData(dt, n, bs, nil, 0, 0))
	}
	offs := func(o ...int32) []byte { return arrow.Int32Traits.CastToBytes(o) }
	for name, tt := range map[string]struct {
		arr  arrow.Array
		want string
	}{
		"no UTF-8":           {data(str, 2, offs(0, 2, 4), []byte("ok\xff\xfe")), "not valid UTF-8"},
		"cut in a character": {data(str, 2, offs(0, 1, 2), []byte("é")), "not valid UTF-8"},
		"offsets decrease":   {data(arrow.BinaryTypes.Binary, 2, offs(0, 3, 1), []byte("abc")), "offsets decrease"},
	} {
		batch := array.NewRecordBatch(column(tt.arr.DataType()), []arrow.Array{tt.arr}, int64(tt.arr.Len()))
		d := openDB(t, batchFunction("f", 1, batch))
		_, err := d.query(t.Context(), "FROM f()")
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "column c") {
			t.Errorf("%s: %v, want %q with the column", name, err, tt.want)
		}
	}
}

// randomType draws a type whose JSON looks the same in Arrow and in DuckDB.
func randomType(t *rapid.T, depth int) arrow.DataType {
	kinds := []string{"int", "long", "text", "bool"}
	if depth > 0 {
		kinds = append(kinds, "list", "struct", "map")
	}
	switch rapid.SampledFrom(kinds).Draw(t, "kind") {
	case "int":
		return i32
	case "long":
		return i64
	case "bool":
		return arrow.FixedWidthTypes.Boolean
	case "list":
		return arrow.ListOf(randomType(t, depth-1))
	case "map":
		return arrow.MapOf(str, randomType(t, depth-1))
	case "struct":
		var fields []arrow.Field
		for i := range rapid.IntRange(1, 3).Draw(t, "fields") {
			fields = append(fields, nullable(fmt.Sprintf("f%d", i), randomType(t, depth-1)))
		}
		return arrow.StructOf(fields...)
	}
	return str
}

// randomValue appends a value of b's type and returns it as JSON would have it.
func randomValue(t *rapid.T, b array.Builder, size int) any {
	if rapid.IntRange(0, 4).Draw(t, "null") == 0 {
		b.AppendNull()
		return nil
	}
	switch b := b.(type) {
	case *array.Int32Builder:
		v := rapid.Int32().Draw(t, "int")
		b.Append(v)
		return json.Number(fmt.Sprint(v))
	case *array.Int64Builder:
		v := rapid.Int64().Draw(t, "long")
		b.Append(v)
		return json.Number(fmt.Sprint(v))
	case *array.BooleanBuilder:
		v := rapid.Bool().Draw(t, "bool")
		b.Append(v)
		return v
	case *array.StringBuilder:
		v := rapid.StringMatching(`[a-zé日😀]{0,15}`).Draw(t, "text")
		b.Append(v)
		return v
	case *array.MapBuilder:
		b.Append(true)
		out := map[string]any{}
		for i := range rapid.IntRange(0, size).Draw(t, "entries") {
			k := fmt.Sprintf("k%d", i)
			b.KeyBuilder().(*array.StringBuilder).Append(k)
			out[k] = randomValue(t, b.ItemBuilder(), size)
		}
		return out
	case *array.ListBuilder:
		b.Append(true)
		out := []any{}
		for range rapid.IntRange(0, size).Draw(t, "elements") {
			out = append(out, randomValue(t, b.ValueBuilder(), size))
		}
		return out
	case *array.StructBuilder:
		b.Append(true)
		out := map[string]any{}
		for i, f := range b.Type().(*arrow.StructType).Fields() {
			out[f.Name] = randomValue(t, b.FieldBuilder(i), size)
		}
		return out
	}
	panic(fmt.Sprintf("no values for %T", b))
}

// TestNestedCopies: random nested columns with NULLs, in batches that are
// slices of larger ones, come out of DuckDB as they went in.
func TestNestedCopies(t *testing.T) {
	d := openDB(t)
	rapid.Check(t, func(rt *rapid.T) {
		schema := column(randomType(rt, 3))
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		var want []any
		n := rapid.IntRange(1, 30).Draw(rt, "rows")
		for range n {
			want = append(want, randomValue(rt, b.Field(0), 3))
		}
		from := rapid.IntRange(0, n-1).Draw(rt, "from")
		cut := rapid.IntRange(from, n).Draw(rt, "cut")
		whole := b.NewRecordBatch()
		name := fmt.Sprintf("nested_%d", nestedNumber.Add(1))
		f := batchFunction(name, 1, whole.NewSlice(int64(from), int64(cut)), whole.NewSlice(int64(cut), int64(n)))
		if err := d.Register(d.conn, f); err != nil {
			rt.Fatal(err)
		}
		got := d.rows("SELECT to_json(c)::VARCHAR FROM psyql_" + name + "()")
		if len(got) != n-from {
			rt.Fatalf("%d rows, want %d", len(got), n-from)
		}
		for i, r := range got {
			var v any
			if r[0] != nil {
				dec := json.NewDecoder(bytes.NewReader([]byte(r[0].(string))))
				dec.UseNumber()
				if err := dec.Decode(&v); err != nil {
					rt.Fatal(err)
				}
			}
			if !reflect.DeepEqual(v, want[from+i]) {
				rt.Fatalf("%s row %d:\n%v\nwant\n%v", schema.Field(0).Type, i, v, want[from+i])
			}
		}
	})
}
