package bridge

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/duckdb/duckdb-go/v2"

	"psyberg/functions/surface"
)

// testDB is a database with functions registered on one connection.
type testDB struct {
	*Registry
	t    testing.TB
	conn *duckdb.Conn
}

func openDB(t testing.TB, fs ...surface.Function) *testDB {
	t.Helper()
	connector, err := duckdb.NewConnector("?autoinstall_known_extensions=false&autoload_known_extensions=false", nil)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	c, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	d := &testDB{Registry: NewRegistry(), t: t}
	if err := c.Raw(func(dc any) error { d.conn = dc.(*duckdb.Conn); return nil }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); db.Close() })
	if err := d.Register(d.conn, fs...); err != nil {
		t.Fatal(err)
	}
	d.rows("SET TimeZone = 'UTC'")
	for _, f := range fs {
		d.rows(MacroSQL(f))
	}
	return d
}

func (d *testDB) query(ctx context.Context, text string) ([][]any, error) {
	rows, err := d.Query(ctx, Native(d.conn), text)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out [][]any
	for rows.Next() {
		out = append(out, append([]any{}, rows.Row()...))
	}
	return out, rows.Err()
}

func (d *testDB) rows(text string) [][]any {
	d.t.Helper()
	out, err := d.query(context.Background(), text)
	if err != nil {
		d.t.Fatalf("%s: %v", text, err)
	}
	return out
}

func (d *testDB) fails(text, want string) {
	d.t.Helper()
	_, err := d.query(context.Background(), text)
	if err == nil || !strings.Contains(err.Error(), want) {
		d.t.Fatalf("%s: error %v, want one with %q", text, err, want)
	}
}

// batchScan yields batches, cut down to the columns asked for.
type batchScan struct {
	batches []arrow.RecordBatch
	columns []int
	threads int
	at      atomic.Int64
	wait    func(context.Context, int) error
}

func (s *batchScan) Threads() int { return max(1, s.threads) }
func (s *batchScan) Close()       {}
func (s *batchScan) Next(ctx context.Context) (arrow.RecordBatch, error) {
	i := int(s.at.Add(1)) - 1
	if s.wait != nil {
		if err := s.wait(ctx, i); err != nil {
			return nil, err
		}
	}
	if i >= len(s.batches) {
		return nil, io.EOF
	}
	b := s.batches[i]
	fields, cols := []arrow.Field{}, []arrow.Array{}
	for _, c := range s.columns {
		fields, cols = append(fields, b.Schema().Field(c)), append(cols, b.Column(c))
	}
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), cols, b.NumRows()), nil
}

// batchFunction is a function whose rows are batches.
func batchFunction(name string, threads int, batches ...arrow.RecordBatch) surface.Function {
	return surface.Function{Name: name, Bind: func(context.Context, surface.Args) (*surface.Relation, error) {
		return &surface.Relation{Schema: batches[0].Schema(), Rows: -1, Open: func(_ context.Context, columns []int) (surface.Scan, error) {
			return &batchScan{batches: batches, columns: columns, threads: threads}, nil
		}}, nil
	}}
}

// fromJSON makes a batch of n columns by Arrow's JSON form.
func fromJSON(t testing.TB, schema *arrow.Schema, rows string) arrow.RecordBatch {
	t.Helper()
	rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, strings.NewReader(rows))
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func column(t arrow.DataType) *arrow.Schema {
	return arrow.NewSchema([]arrow.Field{{Name: "c", Type: t, Nullable: true}}, nil)
}

func ints(n, from int) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{
		{Name: "i", Type: arrow.PrimitiveTypes.Int64}, {Name: "s", Type: arrow.BinaryTypes.String, Nullable: true},
	}, nil))
	for i := range n {
		b.Field(0).(*array.Int64Builder).Append(int64(from + i))
		if i%7 == 3 {
			b.Field(1).AppendNull()
		} else {
			b.Field(1).(*array.StringBuilder).Append(fmt.Sprintf("a rather long text %d", from+i))
		}
	}
	return b.NewRecordBatch()
}

func TestArguments(t *testing.T) {
	var got surface.Args
	f := surface.Function{
		Name:       "args",
		Positional: []surface.Arg{{Name: "t", Type: arrow.BinaryTypes.String}, {Name: "n", Type: arrow.PrimitiveTypes.Int64, Optional: true}},
		Named: []surface.Arg{
			{Name: "where", Type: arrow.BinaryTypes.String},
			{Name: "as_of", Type: &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}},
			{Name: "day", Type: arrow.FixedWidthTypes.Date32},
			{Name: "list", Type: arrow.ListOf(arrow.BinaryTypes.String)},
			{Name: "st", Type: arrow.StructOf(arrow.Field{Name: "a", Type: arrow.PrimitiveTypes.Int32}, arrow.Field{Name: "b", Type: arrow.ListOf(arrow.PrimitiveTypes.Float64)})},
			{Name: "map", Type: arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64)},
			{Name: "span", Type: arrow.FixedWidthTypes.MonthDayNanoInterval},
			{Name: "dec", Type: &arrow.Decimal128Type{Precision: 10, Scale: 2}},
			{Name: "blob", Type: arrow.BinaryTypes.Binary},
			{Name: "yes", Type: arrow.FixedWidthTypes.Boolean},
			{Name: "any", Type: surface.AnyType},
		},
		Bind: func(_ context.Context, a surface.Args) (*surface.Relation, error) {
			got = a
			b := ints(1, 0)
			return &surface.Relation{Schema: b.Schema(), Rows: 1, Open: func(_ context.Context, c []int) (surface.Scan, error) {
				return &batchScan{batches: []arrow.RecordBatch{b}, columns: c}, nil
			}}, nil
		},
	}
	d := openDB(t, f)
	tests := []struct{ call, want string }{
		{`'x'`, `[x <nil>] map[]`},
		{`'x', NULL`, `[x <nil>] map[]`},
		{`NULL, 7`, `[<nil> 7] map[]`},
		{`'x', "where" := NULL`, `[x <nil>] map[]`},
		{`'x', "where" := 'a = 1', yes := true`, `[x <nil>] map[where:a = 1 yes:true]`},
		{`'x', as_of := '2023-09-14 10:00:00+02'`, `[x <nil>] map[as_of:2023-09-14 08:00:00 +0000 UTC]`},
		{`'x', as_of := TIMESTAMPTZ '1969-12-31 23:59:59.5+00'`, `[x <nil>] map[as_of:1969-12-31 23:59:59.5 +0000 UTC]`},
		{`'x', day := DATE '1969-12-31'`, `[x <nil>] map[day:1969-12-31 00:00:00 +0000 UTC]`},
		{`'x', list := ['a', NULL]`, `[x <nil>] map[list:[a <nil>]]`},
		{`'x', list := []`, `[x <nil>] map[list:[]]`},
		{`'x', st := {'a': 1, 'b': [1.5, NULL]}`, `[x <nil>] map[st:map[a:1 b:[1.5 <nil>]]]`},
		{`'x', map := MAP {'k': 1, 'l': NULL}`, `[x <nil>] map[map:[{k 1} {l <nil>}]]`},
		{`'x', span := INTERVAL '1 month 2 days 3 seconds'`, `[x <nil>] map[span:{1 2 3000000}]`},
		{`'x', "dec" := 12.5`, `[x <nil>] map[dec:12.50]`},
		{`'x', blob := '\x00\xFF'::BLOB`, `[x <nil>] map[blob:[0 255]]`},
		{`'x', blob := ''::BLOB`, `[x <nil>] map[blob:[]]`},
		{`'x', "any" := 5`, `[x <nil>] map[any:5]`},
		{`'x', "any" := 'five'`, `[x <nil>] map[any:five]`},
		{`'x', "any" := [{'a': 1.5}]`, `[x <nil>] map[any:[map[a:1.5]]]`},
		{`'x', "any" := 170141183460469231731687303715884105727`, `[x <nil>] map[any:170141183460469231731687303715884105727]`},
		{`'x', "any" := 5::HUGEINT`, `[x <nil>] map[any:5]`},
		{`'x', "any" := (-5)::HUGEINT`, `[x <nil>] map[any:-5]`},
		{`'x', "any" := 1.5::FLOAT`, `[x <nil>] map[any:1.5]`},
		{`'x', "any" := 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::UUID`, `[x <nil>] map[any:a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11]`},
		{`'x', "any" := '{"a": 1}'::JSON`, `[x <nil>] map[any:{"a": 1}]`},
		{`'x', "any" := TIMESTAMP_NS '2023-01-01 00:00:00.123456789'`, `[x <nil>] map[any:2023-01-01 00:00:00.123456789 +0000 UTC]`},
	}
	for _, tt := range tests {
		for _, name := range []string{"args", "psyql_args"} {
			call := tt.call
			if name == "psyql_args" && !strings.Contains(strings.SplitN(call, ":=", 2)[0], ",") {
				call = strings.Replace(call, "'x'", "'x', NULL", 1)
			} else if name == "psyql_args" && !strings.HasPrefix(call, "NULL") && strings.Contains(call, ":=") {
				call = strings.Replace(call, "'x'", "'x', NULL", 1)
			}
			d.rows("FROM " + name + "(" + call + ")")
			if s := fmt.Sprint(got.Positional, " ", got.Named); s != strings.Replace(tt.want, "] map", "] map", 1) && s != tt.want {
				t.Errorf("%s(%s): %s, want %s", name, call, s, tt.want)
			}
		}
	}
	d.rows("SET VARIABLE v = ['p']; FROM args('x', list := getvariable('v'))")
	if fmt.Sprint(got.Named) != "map[list:[p]]" {
		t.Errorf("getvariable: %v", got.Named)
	}
	d.rows("PREPARE p AS FROM args($1, yes := $2); EXECUTE p('q', false)")
	if fmt.Sprint(got) != "{[q <nil>] map[yes:false]}" {
		t.Errorf("prepared: %v", got)
	}
	d.fails("FROM args('x', as_of := 'infinity')", "args: argument as_of: an infinite TIMESTAMP")
	d.fails("FROM args('x', day := 'tomorrow')", "invalid date")
}

func TestProjectionThreadsAndOffsets(t *testing.T) {
	var batches []arrow.RecordBatch
	total := 0
	for _, n := range []int{0, 1, 2047, 2048, 2049, 5000, 0, 10000} {
		whole := ints(n+5, total-5)
		batches = append(batches, whole.NewSlice(5, int64(n+5)))
		total += n
	}
	for _, threads := range []int{1, 4} {
		d := openDB(t, batchFunction("f", threads, batches...))
		want := fmt.Sprint([][]any{{int64(total), int64(total * (total - 1) / 2)}})
		if got := fmt.Sprint(d.rows("SELECT count(*), sum(i)::BIGINT FROM f()")); got != want {
			t.Errorf("%d threads: %s, want %s", threads, got, want)
		}
		if got := d.rows("SELECT count(*) FROM f()")[0][0]; got != int64(total) {
			t.Errorf("%d threads: count(*) %v", threads, got)
		}
		bad := d.rows("SELECT count(*) FROM f() WHERE s IS NOT NULL AND s <> 'a rather long text ' || i")
		if bad[0][0] != int64(0) {
			t.Errorf("%d threads: %v texts on the wrong row", threads, bad)
		}
		if n := len(d.rows("SELECT s FROM f() LIMIT 3")); n != 3 {
			t.Errorf("LIMIT 3: %d rows", n)
		}
	}
}

func TestPanicsAndErrorsBecomeSQLErrors(t *testing.T) {
	at := ""
	f := surface.Function{Name: "bad", Bind: func(context.Context, surface.Args) (*surface.Relation, error) {
		if at == "bind" {
			panic("in bind")
		}
		if at == "error" {
			return nil, errors.New("[PSY_X] no such table")
		}
		return &surface.Relation{Schema: column(arrow.PrimitiveTypes.Int64), Rows: -1, Open: func(context.Context, []int) (surface.Scan, error) {
			if at == "open" {
				panic("in open")
			}
			return &batchScan{wait: func(context.Context, int) error {
				switch at {
				case "next":
					var m map[string]int
					m["x"] = 1 //nolint:staticcheck // SA5000: the panic is what is tested
				case "nexterror":
					return errors.New("cut short")
				}
				return nil
			}}, nil
		}}, nil
	}}
	d := openDB(t, f)
	for _, tt := range []struct{ at, want string }{
		{"bind", "bad: panic in bind: in bind"}, {"open", "bad: panic in open: in open"},
		{"next", "bad: panic in next: assignment to entry in nil map"}, {"error", "bad: [PSY_X] no such table"}, {"nexterror", "bad: cut short"},
	} {
		at = tt.at
		d.fails("FROM bad()", tt.want)
	}
	at = ""
	if n := len(d.rows("FROM bad()")); n != 0 {
		t.Errorf("after the errors: %d rows", n)
	}
}

// cancels are statements that run for hours unless a cancel reaches them.
var cancels = []string{
	"SELECT count(*) FROM slow()",                              // in our own scan
	"SELECT count(*) FROM range(10000000000) t(i) WHERE i%3=1", // in DuckDB
	"FROM range(100000000000)",                                 // while rows are read
}

func openSlow(t testing.TB) *testDB {
	f := batchFunction("slow", 2, ints(10, 0))
	f.Bind = func(context.Context, surface.Args) (*surface.Relation, error) {
		return &surface.Relation{Schema: ints(1, 0).Schema(), Rows: -1, Open: func(_ context.Context, c []int) (surface.Scan, error) {
			return &batchScan{columns: c, threads: 2, wait: func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() }}, nil
		}}, nil
	}
	return openDB(t, f)
}

// cancelled starts text, cancels it, and returns how long it took to end.
func cancelled(d *testDB, text string) (time.Duration, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var at time.Time
	time.AfterFunc(50*time.Millisecond, func() { at = time.Now(); cancel() })
	_, err := d.query(ctx, text)
	return time.Since(at), err
}

// TestCancel: they end, and the connection works on. How soon is
// BenchmarkCancel's to say: at most 100 ms.
func TestCancel(t *testing.T) {
	d := openSlow(t)
	for _, text := range cancels {
		if _, err := cancelled(d, text); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", text, err)
		}
		if got := d.rows("SELECT 42"); got[0][0] != int64(42) {
			t.Errorf("after cancel: %v", got)
		}
	}
}

// BenchmarkCancel reports the slowest end after a cancel, in ms; the limit is 100.
func BenchmarkCancel(b *testing.B) {
	d := openSlow(b)
	for _, text := range cancels {
		b.Run(text, func(b *testing.B) {
			var most time.Duration
			for range b.N {
				took, err := cancelled(d, text)
				if !errors.Is(err, context.Canceled) {
					b.Fatal(err)
				}
				most = max(most, took)
			}
			b.ReportMetric(float64(most.Microseconds())/1000, "ms-to-end")
		})
	}
}
