package write_test

import (
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"psyberg/engine/bridge"
	"psyberg/engine/write"
	"psyberg/functions/meta"
)

// TestTransformsInSQLAreIcebergs compares the SQL of every transform with
// functions/meta's, which is checked against Iceberg's own numbers.
func TestTransformsInSQLAreIcebergs(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	times := `unnest([TIMESTAMP '1969-12-31 23:59:59.999999', '1970-01-01 00:00:00', '2023-09-14 21:00:50.000001', '0001-01-01 00:00:00',
		'9999-12-31 23:59:59.999999', '1900-02-28 12:00:00', NULL]::%s[])`
	cases := []struct{ kind, duck, values, transforms string }{
		{"int", "INTEGER", "unnest([0, 1, -1, 34, 2147483647, -2147483640, NULL, -10, -11])", "bucket[16] bucket[1000] truncate[10] truncate[3] identity void"},
		{"int", "INTEGER", "unnest([-2147483648, 2147483647, 5])", "bucket[16] identity"},
		{"long", "BIGINT", "unnest([0, 1, -1, 34, 9223372036854775807, -9223372036854775800, NULL, 4294967295, 281474976710655])", "bucket[16] bucket[7] truncate[10]"},
		{"long", "BIGINT", "unnest([-9223372036854775808, 5, NULL])", "bucket[16]"},
		{"decimal(9, 2)", "DECIMAL(9,2)", "unnest([14.20, 10.65, -0.01, -1.28, -1.29, 1.27, 1.28, 327.67, 327.68, -327.68, 0, 9999999.99, NULL])", "bucket[16] truncate[50]"},
		{"decimal(38, 10)", "DECIMAL(38,10)", "unnest(['1234567890123456789012345678.0123456789', '-9999999999999999999999999999.9999999999', '0.0000000001', '-0.0000000001', NULL])", "bucket[16] bucket[100003] truncate[3]"},
		{"date", "DATE", "unnest([DATE '2017-11-16', '1970-01-01', '1969-12-31', '0001-01-01', '9999-12-31', NULL])", "bucket[16] year month day"},
		{"time", "TIME", "unnest([TIME '22:31:08', '00:00:00', '23:59:59.999999', NULL])", "bucket[16]"},
		{"timestamp", "TIMESTAMP", fmt.Sprintf(times, "TIMESTAMP"), "bucket[16] year month day hour"},
		{"timestamptz", "TIMESTAMPTZ", fmt.Sprintf(times, "TIMESTAMPTZ"), "bucket[16] year month day hour"},
		{"timestamp_ns", "TIMESTAMP_NS", "unnest([TIMESTAMP_NS '1969-12-31 23:59:59.999999999', '2023-09-14 21:00:50.000000001', NULL])", "bucket[16] year month day hour"},
		{"string", "VARCHAR", "unnest(['iceberg', '', 'a', 'ab', 'abc', 'abcd', 'abcde', 'ü€😀 x', '日本語テキスト', repeat('xyz', 100), NULL])", "bucket[16] bucket[1000003] truncate[3] truncate[1]"},
		{"uuid", "UUID", "unnest(['f79c3e09-677c-4bbd-a479-3f349cb785e7', '00000000-0000-0000-0000-000000000000', NULL])", "bucket[16]"},
		{"binary", "BLOB", `unnest(['\x00\x01\x02\x03', '\xFF', '', '\x80\x81\x82\x83\x84', NULL])`, "bucket[16] truncate[2]"},
	}
	for _, c := range cases {
		typ, err := meta.ParseType(c.kind)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range strings.Fields(c.transforms) {
			tr := meta.ParseTransform(text)
			sql, err := write.TransformSQL(tr, typ, `"v"`)
			if err != nil {
				t.Fatal(err)
			}
			r, err := f.s.Query(f.ctx, "SELECT v, "+sql+" FROM (SELECT "+c.values+"::"+c.duck+" AS v)")
			if err != nil {
				t.Fatalf("%s of %s: %v", text, c.kind, err)
			}
			n := 0
			for r.Next() {
				v := valueOf(t, typ, r.Row()[0])
				want, err := tr.Apply(v)
				if err != nil {
					t.Fatal(err)
				}
				if tr.Kind == meta.TransformTruncate { // numbers come as quotients
					want = quotient(want, int64(tr.Arg))
				}
				if got, want := plain(r.Row()[1]), plainValue(want); got != want {
					t.Errorf("%s of %s %v: %s, want %s", text, c.kind, r.Row()[0], got, want)
				}
				n++
			}
			if r.Err() != nil || n < 3 {
				t.Errorf("%s of %s: %d rows, %v", text, c.kind, n, r.Err())
			}
			r.Close()
		}
	}
	for _, c := range []struct{ transform, kind string }{
		{"hour", "date"}, {"year", "string"}, {"truncate[2]", "double"}, {"bucket[2]", "boolean"}, {"day", "time"}, {"zorder", "int"},
	} {
		typ, _ := meta.ParseType(c.kind)
		if sql, err := write.TransformSQL(meta.ParseTransform(c.transform), typ, "v"); err == nil {
			t.Errorf("%s of %s is not refused: %s", c.transform, c.kind, sql)
		}
	}
}

func valueOf(t *testing.T, typ meta.Type, v any) meta.Value {
	switch v := v.(type) {
	case nil:
		return meta.Null
	case int64:
		return meta.IntValue(typ.Kind, v)
	case string:
		return meta.StringValue(v)
	case []byte:
		return meta.BytesValue(typ.Kind, append([]byte{}, v...))
	case [16]byte:
		return meta.BytesValue(typ.Kind, v[:])
	case time.Time:
		switch typ.Kind {
		case meta.KindDate:
			return meta.IntValue(typ.Kind, v.Unix()/86400-b2i(v.Unix()%86400 < 0))
		case meta.KindTimestampNS:
			return meta.IntValue(typ.Kind, v.UnixNano())
		}
		return meta.IntValue(typ.Kind, v.UnixMicro())
	case bridge.TimeOfDay:
		p, err := time.Parse("15:04:05.999999", v.String())
		if err != nil {
			t.Fatal(err)
		}
		return meta.IntValue(typ.Kind, p.Sub(p.Truncate(24*time.Hour)).Microseconds())
	case bridge.Decimal:
		n, ok := new(big.Int).SetString(strings.ReplaceAll(v.String(), ".", ""), 10)
		if !ok {
			t.Fatalf("decimal %v", v)
		}
		return meta.DecimalValue(n, typ.Scale)
	}
	t.Fatalf("value %T", v)
	return meta.Null
}

func quotient(v meta.Value, w int64) meta.Value {
	switch v.Kind {
	case meta.KindInt, meta.KindLong:
		v.Int /= w
	case meta.KindDecimal:
		v.Big = new(big.Int).Quo(v.Big, big.NewInt(w))
	}
	return v
}

func b2i(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// plain is a result of the SQL, in the units that it computes in.
func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case []byte:
		return strings.ToUpper(hex.EncodeToString(v))
	}
	return fmt.Sprint(v)
}

func plainValue(v meta.Value) string {
	switch v.Kind {
	case meta.KindInvalid:
		return "NULL"
	case meta.KindString:
		return string(v.Bytes)
	case meta.KindBinary:
		return strings.ToUpper(hex.EncodeToString(v.Bytes))
	case meta.KindDecimal:
		return v.Big.String()
	}
	return fmt.Sprint(v.Int)
}
