package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"psyberg/cli/format"
	"psyberg/engine"
	"psyberg/engine/lex"
)

// everyType is a row of values at the edges, and one of NULLs.
const everyType = `SELECT * FROM (VALUES
 (true, (-128)::TINYINT, (-32768)::SMALLINT, (-2147483648)::INTEGER, (-9223372036854775808)::BIGINT, 255::UTINYINT, 65535::USMALLINT,
  4294967295::UINTEGER, 18446744073709551615::UBIGINT, 170141183460469231731687303715884105::HUGEINT, 0.1::FLOAT, 1e300::DOUBLE,
  12.34::DECIMAL(4,2), 1234.5::DECIMAL(9,1), (-123456789012.345)::DECIMAL(18,3), 12345678901234567890123456789.0::DECIMAL(38,1),
  'twelve ' || chr(10) || '"\ 日本' || chr(8232) || chr(127), DATE '1969-12-31', TIMESTAMP '1969-12-31 23:59:59.999999', TIMESTAMPTZ '2023-09-14 15:10:59.5+02',
  TIMESTAMP_S '2023-09-14 15:10:59', TIMESTAMP_NS '2023-09-14 15:10:59.123456789', TIME '23:59:59.5', INTERVAL '1 month 2 days', '\x00\xff'::BLOB,
  'b'::ENUM ('a', 'b'), '{"a": 9007199254740993}'::JSON, uuid '6e2c1e84-3b5f-4f0e-8a43-0a1b2c3d4e5f', [1, NULL], {'a': 1, 'b': ['x']}, MAP {1: 'one'}, 'é'),
 (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
  NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
 (false, 0, 0, 0, 9007199254740993, 0, 0, 0, 0, 0, (-0.0)::FLOAT, 0.25, 0, 0, 0, 0, '', DATE '9999-12-31', TIMESTAMP '0001-01-01', TIMESTAMPTZ '1970-01-01 00:00:00+00',
  TIMESTAMP_S '1970-01-01', TIMESTAMP_NS '1970-01-01', TIME '00:00:00', INTERVAL '0 days', ''::BLOB, 'a', '[]', uuid '00000000-0000-0000-0000-000000000000', [], {'a': NULL, 'b': NULL}, MAP {}, 'x')) t`

// byValue hides that rows can be read cell by cell.
type byValue struct{ format.Rows }

// TestCellsWriteWhatValuesWrite: csv, json and Arrow are the same bytes whether a
// row is read cell by cell or value by value.
func TestCellsWriteWhatValuesWrite(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	session, err := engine.Open(ctx, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	queries := []string{everyType, "SELECT unnest(['nan', 'inf', '-inf', '1e-5', '1', NULL]::DOUBLE[]) AS d, unnest(['infinity', '-infinity', '1970-01-01']::DATE[]) AS day, unnest(['infinity', '-infinity']::TIMESTAMPTZ[]) AS ts"}
	for _, query := range queries {
		write := func(w format.Writer, cells bool) string {
			script, err := lex.Parse("test", query)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			err = session.Run(ctx, script, nil, func(_ lex.Statement, rows engine.Rows) error {
				s := newShown(rows)
				if s.cells == nil {
					t.Fatal("the engine's rows have no cells: the test shows nothing")
				}
				var from format.Rows = s
				if _, isFile := w.(*export); isFile && !cells {
					s.cells = nil
				} else if !cells {
					from = byValue{s}
				}
				_, err := w.Write(&out, from)
				return err
			})
			if err != nil && !strings.Contains(err.Error(), "has no place in a file") {
				t.Fatal(err)
			}
			return out.String()
		}
		for _, name := range format.Names() {
			w, err := format.New(name, format.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if cells, values := write(w, true), write(w, false); cells != values || cells == "" {
				t.Errorf("%s: by cell\n%s\nby value\n%s", name, cells, values)
			}
		}
		if cells, values := write(&export{format: "arrow"}, true), write(&export{format: "arrow"}, false); cells != values || cells == "" {
			t.Errorf("arrow: %d bytes by cell, %d by value, which differ", len(cells), len(values))
		}
	}
}

// TestIdsAreExact: no format takes a 64-bit id through a float.
func TestIdsAreExact(t *testing.T) {
	t.Parallel()
	const id = 9223372036854775783
	for _, name := range append(format.Names(), "arrow") {
		path := filepath.Join(t.TempDir(), "out")
		code, _, errs := runInside("--format", name, "-o", path, "-q", "-c", "SELECT 9223372036854775783 AS id, [9223372036854775783] AS ids, MAP {9223372036854775783: 1} AS m")
		if code != 0 {
			t.Fatalf("%s: exit %d, %s", name, code, errs)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		data := string(b)
		if name != "arrow" {
			if n := strings.Count(data, "9223372036854775783"); n != 3 {
				t.Errorf("%s: the id stands there %d times: %s", name, n, data)
			}
			continue
		}
		r, err := ipc.NewFileReader(strings.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		batch, err := r.RecordBatch(0)
		if err != nil {
			t.Fatal(err)
		}
		if got := batch.Column(0).(*array.Int64).Value(0); got != id {
			t.Errorf("arrow: %d", got)
		}
	}
}
