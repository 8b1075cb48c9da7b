package bridge_test

import (
	"context"
	"fmt"
	"testing"

	"psyberg/engine"
	"psyberg/engine/bridge"
)

// TestCellsPrintAsDuckDB: what AppendCell prints is DuckDB's own cast to
// VARCHAR, for edge values of every type that it knows. (Not tested: a decimal
// all of whose digits stand behind the point, 0.5 here and .5 there.)
func TestCellsPrintAsDuckDB(t *testing.T) {
	ctx := context.Background()
	s, err := engine.Open(ctx, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	columns := map[string]string{
		"BOOLEAN": "true, false, NULL",
		"TINYINT": "-128, 127, 0", "SMALLINT": "-32768, 32767", "INTEGER": "-2147483648, 2147483647",
		"BIGINT": "-9223372036854775808, 9223372036854775807, NULL", "UTINYINT": "0, 255", "USMALLINT": "65535",
		"UINTEGER": "4294967295", "UBIGINT": "18446744073709551615",
		"HUGEINT": "0, -1, 1, 9223372036854775807, -9223372036854775808, 9223372036854775808, -170141183460469231731687303715884105727",
		"DOUBLE": "0, -0.0::DOUBLE, 1, -1, 0.1, 0.25, 1e15, 999999999999999, 999999999999999.9, 1e16, 1e-3, 0.00099999999, 1e-4, 1e-5, 1.7976931348623157e308, 5e-324," +
			" 'nan'::DOUBLE, 'inf'::DOUBLE, '-inf'::DOUBLE, 123456.789, -2.5e-3, 3.141592653589793, 1e14, 123456789012345.6",
		"FLOAT":        "0, 0.1::FLOAT, 16777216, 1e10::FLOAT, 3.4e38::FLOAT, 1e-3::FLOAT, 0.3333333::FLOAT, -7.25",
		"VARCHAR":      "'', 'a', 'twelve bytes', 'thirteen bytes', 'ä€😀', 'a\"b,c', chr(10), NULL",
		"DECIMAL(4,2)": "0, 0.05, -0.05, 12.30, -99.99", "DECIMAL(9,0)": "-123456789, 0", "DECIMAL(18,17)": "0.00000000000000001, -0.99999999999999999, 9.5",
		"DECIMAL(18,3)": "-999999999999999.999, 1", "DECIMAL(38,10)": "0, -1.5, 9223372036854775807.1234567891, 922337203.6854775807, -922337203.6854775808",
		"DATE":                     "DATE '1970-01-01', DATE '1969-12-31', DATE '0001-01-01', DATE '0001-01-01' - 1, DATE '9999-12-31', DATE '9999-12-31' + 1, DATE '2000-02-29', DATE '1900-02-28', DATE '1600-03-01', 'infinity'::DATE, '-infinity'::DATE, DATE '44-03-15 (BC)'",
		"TIMESTAMP":                "TIMESTAMP '1970-01-01', TIMESTAMP '1969-12-31 23:59:59.999999', TIMESTAMP '2023-09-14 15:10:59.5', TIMESTAMP '2023-09-14 15:10:59.000001', 'infinity'::TIMESTAMP, '-infinity'::TIMESTAMP, TIMESTAMP '0001-01-01', TIMESTAMP '12023-01-01 01:02:03'",
		"TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ '2023-09-14 17:10:59+02', TIMESTAMPTZ '1969-12-31 23:59:59.9+00', 'infinity'::TIMESTAMPTZ",
	}
	for typ, values := range columns {
		known := 0
		compareCells(t, s, fmt.Sprintf("SELECT unnest([%s]::%s[]) AS v", values, typ), &known)
		if known == 0 {
			t.Errorf("%s: no value is known", typ)
		}
	}
	known := 0
	for _, q := range []string{
		"SELECT (random() * 2e6 - 1e6) * power(10, (random() * 8)::INT - 4) AS v FROM range(20000)",
		"SELECT ((random() * 2 - 1) * 1e18)::BIGINT AS v FROM range(5000)",
		"SELECT (DATE '0001-01-01' + (random() * 3652058)::INTEGER) AS v FROM range(20000)",
		"SELECT TIMESTAMP '0001-01-02' + to_microseconds((random() * 3.1e17)::BIGINT) AS v FROM range(20000)",
	} {
		compareCells(t, s, q, &known)
	}
	if known < 60_000 {
		t.Errorf("only %d of the random values are known", known)
	}
}

func compareCells(t *testing.T, s *engine.Session, query string, known *int) {
	t.Helper()
	rows, err := s.Query(context.Background(), "SELECT v, v::VARCHAR FROM (SELECT setseed(0.5)), ("+query+")")
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	cells := bridge.CellsOf(rows)
	for rows.Next() {
		text, null, ok := cells.AppendCell([]byte("x"), 0)
		want, err := cells.Cell(1)
		switch {
		case err != nil:
			t.Fatal(err)
		case !ok && string(text) != "x":
			t.Errorf("%s: %q was appended for a value that is not known", query, text)
		case null != (want == nil) && ok:
			t.Errorf("%s: NULL is %v, of %v", query, null, want)
		case ok && !null && string(text) != "x"+want.(string):
			t.Errorf("%s: %q, DuckDB prints %q", query, text[1:], want)
		case ok:
			*known++
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}
