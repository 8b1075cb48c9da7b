package write_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"psyberg/engine/bridge"
)

// python is the interpreter with PyIceberg; the test is skipped where nobody
// asked for it (make test-pyiceberg).
func python(t *testing.T) string {
	if os.Getenv("PSYBERG_PYICEBERG") != "1" {
		t.Skip("PSYBERG_PYICEBERG=1 compares with PyIceberg")
	}
	p := os.Getenv("PSYBERG_PYTHON")
	if p == "" {
		t.Fatal("PSYBERG_PYTHON names no interpreter: run make test-pyiceberg")
	}
	return p
}

// allTypes is every type that is written, with NULLs, extremes, NaN, long and
// odd text. (Not a NULL list of structs: PyIceberg's scan returns an empty one.)
const allTypes = `SELECT * FROM (VALUES
	(1, true, 1, 1, 1.5::FLOAT, 1.5::DOUBLE, 1.25, 123456.789, 12345678901234567890.0123456789::DECIMAL(38,10), DATE '2023-09-14', TIME '21:00:50.000001', TIMESTAMP '2023-09-14 21:00:50.000001',
		TIMESTAMPTZ '2023-09-14 21:00:50.000001+00', 'short', 'f79c3e09-677c-4bbd-a479-3f349cb785e7', '\x00\x01'::BLOB,
		{'a': 1, 'b': 'x'}, [1, NULL, 3], MAP {'k': 1, 'l': NULL}, [{'x': 1.5}, NULL]),
	(2, false, 2147483647, 9223372036854775807, 'inf'::FLOAT, '-inf'::DOUBLE, 9999999.99, -999999999999.999999, '-9999999999999999999999999999.9999999999'::DECIMAL(38,10), DATE '0001-01-01', TIME '00:00:00',
		TIMESTAMP '1969-12-31 23:59:59.999999', TIMESTAMPTZ '1900-01-01 00:00:00+00', 'a text of more than sixteen characters', '00000000-0000-0000-0000-000000000000',
		'\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF'::BLOB, {'a': NULL, 'b': 'y'}, [], MAP {}, []),
	(3, NULL, -2147483648, -9223372036854775808, 'nan'::FLOAT, '-0.0'::DOUBLE, -0.01, NULL, 0, DATE '9999-12-31', TIME '23:59:59.999999', TIMESTAMP '9999-12-31 23:59:59.999999',
		TIMESTAMPTZ '9999-12-31 23:59:59.999999+00', '日本語のとても長いテキスト、十六文字より長い', NULL, '\x61 binary of more than sixteen bytes'::BLOB, NULL, NULL, NULL, []),
	(4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, [])
) AS v(id, bo, i, l, f, d, dec9, dec18, dec38, da, ti, ts, tz, s, u, b, st, li, ma, ls)`

const allColumns = `id BIGINT NOT NULL, bo BOOLEAN, i INTEGER, l BIGINT, f FLOAT, d DOUBLE, dec9 DECIMAL(9,2), dec18 DECIMAL(18,6), dec38 DECIMAL(38,10), da DATE,
	ti TIME, ts TIMESTAMP, tz TIMESTAMPTZ, s VARCHAR, u UUID, b BLOB, st STRUCT(a INTEGER, b VARCHAR), li INTEGER[], ma MAP(VARCHAR, INTEGER), ls STRUCT(x DOUBLE)[]`

// TestPyIcebergAgrees: PyIceberg reads the same rows, and computes the same
// metrics and partitions of every file, for every type and transform.
func TestPyIcebergAgrees(t *testing.T) {
	py := python(t)
	f := newFixture(t)
	expected := map[string][]string{}
	n := 0
	table := func(columns, clauses, query string) {
		t.Helper()
		n++
		name := "py.t" + strconv.Itoa(n)
		f.run("CREATE TABLE " + name + " (" + columns + ") USING iceberg " + clauses)
		f.run("COPY (" + query + ") TO '" + name + "' (FORMAT iceberg)")
		expected[name] = f.asText(name)
	}
	table(allColumns, "", allTypes)
	table(allColumns, "TBLPROPERTIES ('format-version' = '1')", allTypes)
	table(allColumns, "PARTITIONED BY (bucket(3, id)) TBLPROPERTIES ('format-version' = '3')", allTypes)
	for _, m := range []string{"none", "counts", "full", "truncate(3)"} {
		table(allColumns, "TBLPROPERTIES ('write.metadata.metrics.default' = '"+m+"', 'write.metadata.metrics.column.s' = 'truncate(5)', 'write.metadata.metrics.column.i' = 'counts')", allTypes)
	}
	for _, by := range []string{"i", "l", "bo", "dec9", "dec38", "da", "ts", "tz", "s", "b", "bucket(5, i)", "bucket(5, l)", "bucket(5, dec9)", "bucket(5, dec38)",
		"bucket(5, da)", "bucket(5, ti)", "bucket(5, ts)", "bucket(5, tz)", "bucket(5, s)", "bucket(5, u)", "bucket(5, b)", "truncate(10, i)", "truncate(10, l)",
		"truncate(10, dec9)", "truncate(3, s)", "truncate(3, b)", "years(da), months(ts), days(tz)", "hours(ts), hours(tz)", "years(ts), years(tz), months(da)", "months(tz), days(da), days(ts)", "void(s), bo"} {
		where := ""
		if strings.Contains(by, "truncate(10, i") || strings.Contains(by, "truncate(10, l") {
			where = " WHERE id <> 3" // Iceberg wraps around, Python's integers do not
		}
		table(allColumns, "PARTITIONED BY ("+by+")", allTypes+where)
	}
	table(`id BIGINT, "a b" INT, "日付" DATE, "1x" VARCHAR`, `PARTITIONED BY ("a b", months("日付"), "1x")`,
		`SELECT 1 AS id, 2 AS "a b", DATE '2023-09-14' AS "日付", 'q' AS "1x" UNION ALL SELECT 2, NULL, DATE '1969-12-31', ''`)
	// Several row groups, some without a value, and text too long for Parquet's own bounds.
	table("id BIGINT, s VARCHAR, d DOUBLE, x VARCHAR", "TBLPROPERTIES ('write.parquet.row-group-limit' = '2048')",
		"SELECT i AS id, CASE WHEN i < 3000 THEN 'v' || i END AS s, CASE WHEN i % 2 = 0 THEN i / 3 END AS d, repeat('ü', 10) || i AS x FROM range(10000) r(i)")
	f.run("CREATE TABLE py.appended (id BIGINT, cat VARCHAR) USING iceberg PARTITIONED BY (cat)")
	f.run("COPY (SELECT 1 AS id, 'a' AS cat) TO 'py.appended' (FORMAT iceberg)")

	b, err := json.Marshal(expected)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "expected.json")
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(py, "testdata/pyiceberg_check.py", filepath.Join(f.dir, "psyberg-warehouse", "catalog.db"), file)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
	// What PyIceberg wrote is read and written to in turn.
	for name, want := range map[string]string{"py.appended": "1a 2b 3c", "py.made": "1a 3c"} {
		f.want("COPY (SELECT 3 AS id, 'c' AS cat) TO '"+name+"' (FORMAT iceberg)", "1")
		f.wantRows(name, "", "SELECT string_agg(id || cat, ' ' ORDER BY id) FROM $t", want)
	}
}

// asText reads a table as the Python side prints it.
func (f *fixture) asText(name string) []string {
	f.t.Helper()
	live, err := f.c.Live(f.ctx, name, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	req, err := live.Scan()
	if err != nil {
		f.t.Fatal(err)
	}
	r, err := f.s.Query(f.ctx, f.scan(req))
	if err != nil {
		f.t.Fatal(err)
	}
	defer r.Close()
	var out []string
	for r.Next() {
		parts := make([]string, len(r.Row()))
		for i, v := range r.Row() {
			parts[i] = pyText(r.Columns()[i].Type, v)
		}
		out = append(out, strings.Join(parts, "|"))
	}
	if r.Err() != nil {
		f.t.Fatal(r.Err())
	}
	return out
}

func pyText(t *bridge.Type, v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Sprint(v)
		}
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []byte:
		return hex.EncodeToString(v)
	case [16]byte:
		return fmt.Sprintf("%x-%x-%x-%x-%x", v[:4], v[4:6], v[6:8], v[8:10], v[10:])
	case time.Time:
		if t.Kind == bridge.KindDate {
			return v.Format("2006-01-02")
		}
		return v.Format("2006-01-02 15:04:05.000000")
	case bridge.TimeOfDay:
		p, _ := time.Parse("15:04:05.999999", v.String())
		return p.Format("15:04:05.000000")
	case bridge.Struct:
		parts := make([]string, len(v))
		for i, m := range v {
			parts[i] = m.Name + ": " + pyText(t.Fields[i].Type, m.Value)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = pyText(t.Elem, e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case bridge.Map:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = pyText(t.Key, e.Key) + ": " + pyText(t.Elem, e.Value)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return fmt.Sprint(v)
}
