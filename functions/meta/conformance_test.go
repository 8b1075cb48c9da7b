package meta

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// sparkTable is a table of the Spark suite with what Spark reported of it.
type sparkTable struct {
	name     string
	meta     *Metadata
	expected func(file string) []map[string]any
}

func sparkTables(t *testing.T) []sparkTable {
	t.Helper()
	files := archive(t, "spark", func(name string) bool {
		return isMetadata(name) || strings.Contains(name, "expected/")
	})
	lines := func(name string) []map[string]any {
		var out []map[string]any
		sc := bufio.NewScanner(bytes.NewReader(files[name]))
		sc.Buffer(nil, 1<<26)
		for sc.Scan() {
			var row map[string]any
			d := json.NewDecoder(bytes.NewReader(sc.Bytes()))
			d.UseNumber()
			if err := d.Decode(&row); err != nil {
				t.Fatal(name, err)
			}
			out = append(out, row)
		}
		return out
	}
	prefix := "spark/"
	if files["expected/_tables.jsonl"] != nil {
		prefix = ""
	}
	var out []sparkTable
	for _, row := range lines(prefix + "expected/_tables.jsonl") {
		location := strings.TrimPrefix(row["metadata_location"].(string), "file:/warehouse/spark/")
		data, ok := files[prefix+location]
		if !ok {
			t.Fatalf("%s: no %s", row["table"], location)
		}
		m, err := Parse(location, data)
		if err != nil {
			t.Error(err)
			continue
		}
		name := row["table"].(string)
		out = append(out, sparkTable{name, m, func(file string) []map[string]any {
			return lines(prefix + "expected/" + name + "/" + file + ".jsonl")
		}})
	}
	return out
}

// jsonValue reads a value as the suite's README encodes it.
func jsonValue(t *testing.T, typ Type, v any) Value {
	t.Helper()
	number := func() int64 {
		n, err := v.(json.Number).Int64()
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	instant := func(layout string) int64 {
		at, err := time.Parse(layout, v.(string))
		if err != nil {
			t.Fatal(err)
		}
		return at.UnixMicro()
	}
	if v == nil {
		return Null
	}
	switch typ.Kind {
	case KindBoolean:
		return BoolValue(v.(bool))
	case KindInt, KindLong:
		return IntValue(typ.Kind, number())
	case KindDate:
		return IntValue(KindDate, floorDiv(instant("2006-01-02"), microsPerDay))
	case KindTimestamp:
		return IntValue(KindTimestamp, instant("2006-01-02T15:04:05.999999"))
	case KindTimestampTZ:
		return IntValue(KindTimestampTZ, instant("2006-01-02T15:04:05.999999Z"))
	case KindFloat, KindDouble:
		f, err := strconv.ParseFloat(strings.Replace(jsonText(v), "Infinity", "Inf", 1), 64)
		if err != nil {
			t.Fatal(err)
		}
		return Value{Kind: typ.Kind, Float: f}
	case KindDecimal:
		digits := strings.Replace(v.(string), ".", "", 1)
		n, ok := new(big.Int).SetString(digits, 10)
		if !ok {
			t.Fatal(v)
		}
		return DecimalValue(n, typ.Scale)
	case KindString:
		return StringValue(v.(string))
	case KindBinary, KindFixed:
		b, err := hex.DecodeString(v.(string))
		if err != nil {
			t.Fatal(err)
		}
		return BytesValue(typ.Kind, b)
	}
	t.Fatalf("no rule for %s", typ)
	return Null
}

func jsonText(v any) string {
	if n, ok := v.(json.Number); ok {
		return n.String()
	}
	return v.(string)
}

// The columns of Spark's partition struct are ours, less those whose source
// column was dropped, which Iceberg Java leaves out.
func TestUnifiedPartitionAsSpark(t *testing.T) {
	seen := 0
	for _, table := range sparkTables(t) {
		entries := table.expected("all_entries")
		if len(entries) == 0 {
			continue
		}
		var want []string
		if p, ok := entries[0]["data_file"].(map[string]any)["partition"].(map[string]any); ok {
			for name := range p {
				want = append(want, name)
			}
		}
		var got []string
		for _, f := range UnifiedPartition(table.meta) {
			if !f.SourceDropped {
				got = append(got, f.Name)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, Spark has %q", table.name, got, want)
		}
		seen += len(want)
	}
	if seen < 50 {
		t.Errorf("only %d columns seen", seen)
	}
}

// Every file's partition tuple, as Spark shows it, gives the path that
// PartitionSpec.partitionToPath gave.
func TestPartitionPathAsJava(t *testing.T) {
	compared := 0
	for _, table := range sparkTables(t) {
		unified := UnifiedPartition(table.meta)
		tuples := map[string]map[string]any{}
		for _, e := range table.expected("all_entries") {
			file := e["data_file"].(map[string]any)
			tuples[file["file_path"].(string)], _ = file["partition"].(map[string]any)
		}
		for _, line := range table.expected("at") {
			if line["table"] != "changes" {
				continue
			}
			row := line["row"].(map[string]any)
			tuple, ok := tuples[row["file_path"].(string)]
			if !ok || strings.HasSuffix(row["file_path"].(string), ".puffin") { // many deletion vectors share one path
				continue
			}
			id, _ := row["spec_id"].(json.Number).Int64()
			spec, ok := table.meta.Spec(int(id))
			if !ok {
				continue // expired with clean_expired_metadata
			}
			fields := table.meta.Bind(spec)
			values := make([]Value, len(fields))
			missing := false
			for i, f := range fields {
				u := unified[slices.IndexFunc(unified, func(u UnifiedField) bool { return u.ID == f.ID })]
				missing = missing || u.SourceDropped
				values[i] = jsonValue(t, u.Type, tuple[u.Name])
			}
			if missing {
				continue // Spark does not show the value
			}
			if got, want := PartitionPath(fields, values), row["partition_path"]; got != want {
				t.Errorf("%s: got %s\nwant %s", table.name, got, want)
			}
			compared++
		}
	}
	if compared < 500 {
		t.Errorf("only %d paths compared", compared)
	}
	t.Logf("%d paths", compared)
}

// Where all rows of a file have one value, which its bounds then show, that
// value transformed is the file's partition value.
func TestTransformsAsSpark(t *testing.T) {
	seen := map[string]int{}
	for _, table := range sparkTables(t) {
		unified := UnifiedPartition(table.meta)
		for _, e := range table.expected("all_entries") {
			file := e["data_file"].(map[string]any)
			tuple, _ := file["partition"].(map[string]any)
			id, _ := file["spec_id"].(json.Number).Int64()
			spec, _ := table.meta.Spec(int(id))
			if spec == nil || file["content"].(json.Number) != "0" {
				continue
			}
			for _, f := range table.meta.Bind(spec) {
				u := unified[slices.IndexFunc(unified, func(u UnifiedField) bool { return u.ID == f.ID })]
				source := strconv.Itoa(f.SourceID)
				lower, ok1 := member(file["lower_bounds"], source)
				upper, ok2 := member(file["upper_bounds"], source)
				nulls, _ := member(file["null_value_counts"], source)
				long := len(jsonText(lowerOr(lower))) >= 32 // may be truncated
				if !ok1 || !ok2 || lower != upper || nulls != json.Number("0") || f.SourceDropped || long ||
					f.Transform.Kind == TransformVoid {
					continue
				}
				raw, err := hex.DecodeString(lower.(string))
				if err != nil {
					t.Fatal(err)
				}
				bound, err := DecodeBound(f.Source, raw)
				if err != nil {
					t.Fatal(table.name, err)
				}
				got, err := f.Transform.Apply(bound)
				if err != nil {
					t.Fatal(table.name, err)
				}
				want := jsonValue(t, f.Result, tuple[u.Name])
				if Compare(got, want) != 0 {
					t.Errorf("%s: %s(%s) = %s, Spark has %s", table.name, f.Transform, bound, got, want)
				}
				seen[strings.TrimRight(f.Transform.String(), "[]0123456789")]++
			}
		}
	}
	t.Log(seen)
	for _, name := range []string{"identity", "bucket", "truncate", "year", "month", "day", "hour"} {
		if seen[name] < 3 {
			t.Errorf("transform %s seen %d times", name, seen[name])
		}
	}
}

func member(m any, key string) (any, bool) {
	object, _ := m.(map[string]any)
	v, ok := object[key]
	return v, ok
}

func lowerOr(v any) any {
	if v == nil {
		return ""
	}
	return v
}

// The values that the spec gives for its hash (appendix B).
func TestBucketHash(t *testing.T) {
	decimal := func(n int64, scale int) Value { return DecimalValue(big.NewInt(n), scale) }
	uuid, _ := hex.DecodeString("f79c3e09677c4bbda4793f349cb785e7")
	for _, c := range []struct {
		v    Value
		want int32
	}{
		{IntValue(KindInt, 34), 2017239379},
		{IntValue(KindLong, 34), 2017239379},
		{decimal(1420, 2), -500754589},
		{IntValue(KindDate, 17486), -653330422},
		{IntValue(KindTime, 81068000000), -662762989},
		{IntValue(KindTimestamp, 1510871468000000), -2047944441},
		{IntValue(KindTimestamp, 1510871468000001), -1207196810},
		{IntValue(KindTimestampTZ, 1510871468000000), -2047944441},
		{IntValue(KindTimestampNS, 1510871468000000000), -2047944441},
		{IntValue(KindTimestampTZNS, 1510871468000001999), -1207196810},
		{StringValue("iceberg"), 1210000089},
		{BytesValue(KindUUID, uuid), 1488055340},
		{BytesValue(KindFixed, []byte{0, 1, 2, 3}), -188683207},
		{BytesValue(KindBinary, []byte{0, 1, 2, 3}), -188683207},
	} {
		if h, ok := bucketHash(c.v); !ok || int32(h) != c.want {
			t.Errorf("hash of %s %s is %d, want %d", c.v.Kind, c.v, int32(h), c.want)
		}
	}
	if _, ok := bucketHash(DoubleValue(1)); ok {
		t.Error("a double has no bucket")
	}
}

func TestHumanText(t *testing.T) {
	day := microsPerDay
	for _, c := range []struct {
		transform string
		v         Value
		want      string
	}{
		{"identity", Null, "null"},
		{"void", IntValue(KindInt, 3), "null"},
		{"year", IntValue(KindInt, -1), "1969"},
		{"month", IntValue(KindInt, -1), "1969-12"},
		{"day", IntValue(KindDate, -1), "1969-12-31"},
		{"hour", IntValue(KindInt, -1), "1969-12-31-23"},
		{"hour", IntValue(KindInt, 470745), "2023-09-14-09"},
		{"identity", BoolValue(true), "true"},
		{"identity", IntValue(KindDate, 19614), "2023-09-14"},
		{"identity", IntValue(KindTime, 0), "00:00"},
		{"identity", IntValue(KindTime, 61_000_000), "00:01:01"},
		{"identity", IntValue(KindTime, 61_500_000), "00:01:01.500"},
		{"identity", IntValue(KindTime, day-1), "23:59:59.999999"},
		{"identity", IntValue(KindTimestamp, 0), "1970-01-01T00:00:00"},
		{"identity", IntValue(KindTimestamp, -1), "1969-12-31T23:59:59.999999"},
		{"identity", IntValue(KindTimestampTZ, 953_700), "1970-01-01T00:00:00.9537+00:00"},
		{"identity", IntValue(KindTimestampTZNS, 1), "1970-01-01T00:00:00.000000001+00:00"},
		{"identity", IntValue(KindTimestamp, 253402300800_000_000), "+10000-01-01T00:00:00"},
		{"identity", DecimalValue(big.NewInt(-5), 2), "-0.05"},
		{"identity", DecimalValue(big.NewInt(5), 7), "5E-7"},
		{"identity", DecimalValue(big.NewInt(-123), 10), "-1.23E-8"},
		{"identity", DecimalValue(big.NewInt(0), 10), "0E-10"},
		{"identity", DecimalValue(big.NewInt(1234), 0), "1234"},
		{"identity", DoubleValue(1), "1.0"},
		{"identity", DoubleValue(1e7), "1.0E7"},
		{"identity", DoubleValue(1e-300), "1.0E-300"},
		{"identity", DoubleValue(math.SmallestNonzeroFloat64), "4.9E-324"},
		{"identity", Value{Kind: KindFloat, Float: math.SmallestNonzeroFloat32}, "1.4E-45"},
		{"identity", DoubleValue(0.001), "0.001"},
		{"identity", DoubleValue(math.Copysign(0, -1)), "-0.0"},
		{"identity", DoubleValue(math.Inf(-1)), "-Infinity"},
		{"identity", Value{Kind: KindFloat, Float: float64(float32(0.1))}, "0.1"},
		{"identity", BytesValue(KindBinary, []byte{0xfb}), "+w=="},
		{"identity", BytesValue(KindUUID, slices.Repeat([]byte{0xab}, 16)), "abababab-abab-abab-abab-abababababab"},
	} {
		if got := ParseTransform(c.transform).Human(c.v); got != c.want {
			t.Errorf("%s of %v: got %s, want %s", c.transform, c.v, got, c.want)
		}
	}
}

func TestPartitionURI(t *testing.T) {
	field := func(name, transform string) BoundField {
		return BoundField{PartitionField: PartitionField{Name: name, Transform: ParseTransform(transform)}}
	}
	fields := []BoundField{field("landing_date", "identity"), field("hour", "identity"), field("batch_id", "identity"),
		field("h", "hour"), field("b", "identity"), field("d", "identity"), field("x\"y<", "identity"), field("n", "identity"), field("f", "identity")}
	values := []Value{IntValue(KindDate, 19614), IntValue(KindInt, 9), StringValue("1692810122580_70666"),
		IntValue(KindInt, 470745), BytesValue(KindBinary, []byte{0xfb}), DecimalValue(big.NewInt(-123), 10), StringValue("null"), Null, DoubleValue(math.NaN())}
	want := `{"landing_date":"2023-09-14","hour":9,"batch_id":"1692810122580_70666","h":"2023-09-14-09","b":"` +
		base64.StdEncoding.EncodeToString([]byte{0xfb}) + `","d":-0.0000000123,"x\"y<":"null","n":null,"f":"NaN"}`
	if got := PartitionURI(fields, values); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := PartitionURI(nil, nil); got != "{}" {
		t.Errorf("unpartitioned: %s", got)
	}
	if got := PartitionPath(nil, nil); got != "" {
		t.Errorf("unpartitioned path: %q", got)
	}
}
