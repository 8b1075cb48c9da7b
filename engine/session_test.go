package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"psyberg/engine/bridge"
	"psyberg/engine/lex"
	"psyberg/functions/surface"
)

func openSession(t testing.TB, opts Options) *Session {
	t.Helper()
	s, err := Open(context.Background(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// ask returns the rows of a statement, a line each.
func ask(s *Session, stmt string) (string, error) {
	rows, err := s.Query(context.Background(), stmt)
	if err != nil {
		return "", err
	}
	return text(rows)
}

func text(rows Rows) (string, error) {
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var cells []string
		for _, v := range rows.Row() {
			cells = append(cells, fmt.Sprint(v))
		}
		lines = append(lines, strings.Join(cells, "|"))
	}
	return strings.Join(lines, "\n"), rows.Err()
}

func mustAsk(t testing.TB, s *Session, stmt string) string {
	t.Helper()
	got, err := ask(s, stmt)
	if err != nil {
		t.Fatalf("%s: %v", stmt, err)
	}
	return got
}

var texts = arrow.NewSchema([]arrow.Field{{Name: "line", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)

// lineScan hands out lines, waiting before each where wait is set.
type lineScan struct {
	lines   []string
	columns int
	wait    func(context.Context) error
}

func (*lineScan) Threads() int { return 1 }
func (*lineScan) Close()       {}
func (s *lineScan) Next(ctx context.Context) (arrow.RecordBatch, error) {
	if s.wait != nil {
		if err := s.wait(ctx); err != nil {
			return nil, err
		}
	}
	if len(s.lines) == 0 {
		return nil, io.EOF
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, texts)
	defer b.Release()
	for _, l := range s.lines {
		b.Field(0).(*array.StringBuilder).Append(l)
	}
	n := int64(len(s.lines))
	s.lines = nil
	if s.columns == 0 {
		return array.NewRecordBatch(arrow.NewSchema(nil, nil), nil, n), nil
	}
	return b.NewRecordBatch(), nil
}

// lines is a function whose rows f computes when the scan is opened.
func lines(name string, f func(context.Context, surface.Args) ([]string, error)) *surface.Function {
	return &surface.Function{
		Name:       name,
		Positional: []surface.Arg{{Name: "a", Type: arrow.BinaryTypes.String}, {Name: "b", Type: arrow.BinaryTypes.String, Optional: true}},
		Named:      []surface.Arg{{Name: "where", Type: arrow.BinaryTypes.String}, {Name: "files", Type: arrow.ListOf(arrow.BinaryTypes.String)}},
		Bind: func(_ context.Context, args surface.Args) (*surface.Relation, error) {
			return &surface.Relation{Schema: texts, Rows: -1, Open: func(ctx context.Context, columns []int) (surface.Scan, error) {
				out, err := f(ctx, args)
				return &lineScan{lines: out, columns: len(columns)}, err
			}}, nil
		},
	}
}

func echo(_ context.Context, args surface.Args) ([]string, error) {
	return []string{fmt.Sprint(args.Positional, args.Named)}, nil
}

// reads writes a SELECT over its argument, as iceberg_rows does.
func reads(name string) *surface.Query {
	return &surface.Query{
		Name:       name,
		Positional: []surface.Arg{{Name: "n", Type: arrow.PrimitiveTypes.Int64}},
		Named:      []surface.Arg{{Name: "where", Type: arrow.BinaryTypes.String}, {Name: "files", Type: arrow.ListOf(arrow.BinaryTypes.String)}},
		SQL: func(_ context.Context, args surface.Args) (string, error) {
			n, _ := args.Positional[0].(int64)
			where, ok, err := args.Text("where")
			if err != nil {
				return "", err
			}
			files, _, err := args.Texts("files")
			if err != nil {
				return "", err
			}
			if n < 0 {
				return "", fmt.Errorf("read rows: %d is no number of rows: pass one from 0 on [PSY_X]", n)
			}
			if n == 99 {
				panic("ninety-nine")
			}
			q := fmt.Sprintf("SELECT i, %s AS files FROM range(%d) t(i)", QuoteLiteral(strings.Join(files, "+")), n)
			if ok {
				q += " WHERE (" + where + ")"
			}
			return q, nil
		},
	}
}

func surfaceSession(t testing.TB) *Session {
	return openSession(t, Options{
		Functions: []*surface.Function{lines("echo", echo)},
		Queries:   []*surface.Query{reads("numbers")},
	})
}

func TestSurface(t *testing.T) {
	t.Parallel()
	s := surfaceSession(t)
	mustAsk(t, s, "SET VARIABLE v = ['p', 'q']")
	for _, tt := range []struct{ stmt, want string }{
		{"FROM echo('x')", "[x <nil>] map[]"},
		{"CALL echo('x')", "[x <nil>] map[]"},
		{"CALL echo('x', 'y', files := ['f'])", "[x y] map[files:[f]]"},
		{"FROM echo('x', b := 'y')", "[x y] map[]"},
		{"FROM echo(NULL, \"where\" := 'a''b')", "[<nil> <nil>] map[where:a'b]"},
		{"FROM echo('x', \"where\" => 'i > 1')", "[x <nil>] map[where:i > 1]"},
		{"FROM echo('x', files := getvariable('v'))", "[x <nil>] map[files:[p q]]"},
		{"SELECT count(*) FROM echo('x')", "1"},
		{"SELECT upper(line) FROM echo('x') UNION ALL SELECT line FROM echo('y')", "[X <NIL>] MAP[]\n[y <nil>] map[]"},
		{"FROM numbers(2)", "0|\n1|"},
		{"FROM numbers(4, \"where\" := 'i % 2 = 1')", "1|\n3|"},
		{"FROM numbers(1, files := getvariable('v'))", "0|p+q"},
		{"FROM numbers(1, files := NULL)", "0|"},
		{"SELECT sum(a.i + b.i) FROM numbers(3) a, numbers(3, \"where\" := 'i = 2') b", "9"},
		{"SELECT count(*) FROM numbers(5) WHERE i > 2", "2"},
		{"PIVOT (FROM numbers(2)) ON i USING count(*)", "|1|1"},
		{"SELECT TIMESTAMPTZ '2023-09-14 10:00:00+02'::VARCHAR", "2023-09-14 08:00:00+00"},
		{"SELECT current_setting('TimeZone')", "UTC"},
	} {
		got, err := ask(s, tt.stmt)
		if err != nil || got != tt.want {
			t.Errorf("%s: %q, %v; want %q", tt.stmt, got, err, tt.want)
		}
	}
	mustAsk(t, s, "PREPARE p AS SELECT count(*) FROM numbers($1)")
	if got := mustAsk(t, s, "EXECUTE p(7)"); got != "7" {
		t.Errorf("prepared: %s", got)
	}
	mustAsk(t, s, "CREATE VIEW w AS FROM numbers(3)")
	if got := mustAsk(t, s, "SELECT count(*) FROM w"); got != "3" {
		t.Errorf("view: %s", got)
	}
}

// TestBindsOnce: a call is bound, and a SELECT written, once for a statement:
// the snapshot is pinned there (house rule 1), and that it costs once.
func TestBindsOnce(t *testing.T) {
	t.Parallel()
	var binds, plans int
	f, q := lines("echo", echo), reads("numbers")
	bind, plan := f.Bind, q.SQL
	f.Bind = func(ctx context.Context, a surface.Args) (*surface.Relation, error) { binds++; return bind(ctx, a) }
	q.SQL = func(ctx context.Context, a surface.Args) (string, error) { plans++; return plan(ctx, a) }
	s := openSession(t, Options{Functions: []*surface.Function{f}, Queries: []*surface.Query{q}})
	for _, stmt := range []string{
		"FROM %s", "SELECT count(*) FROM %s", "EXPLAIN FROM %s", "SET VARIABLE v = (SELECT count(*) FROM %s)", "CREATE TABLE t AS FROM %s", "INSERT INTO t FROM %s",
	} {
		for _, call := range []string{"echo('x')", "numbers(3, files := ['a'])"} {
			binds, plans = 0, 0
			stmt := strings.Replace(fmt.Sprintf(stmt, call), " t ", " "+call[:4]+" ", 1)
			mustAsk(t, s, stmt)
			if binds+plans != 1 {
				t.Errorf("%s: bound %d times, planned %d times", stmt, binds, plans)
			}
		}
	}
}

func TestQueryErrors(t *testing.T) {
	t.Parallel()
	s := surfaceSession(t)
	for _, tt := range []struct{ stmt, want string }{
		{"FROM numbers(-1)", "numbers: read rows: -1 is no number of rows: pass one from 0 on [PSY_X]"},
		{"FROM numbers(99)", "numbers: panic in plan: ninety-nine"},
		{"FROM numbers(3, \"where\" := 'nope = 1')", `Referenced column "nope" not found`},
		{"FROM numbers('x')", "Could not convert string 'x' to INT64"},
		{"FROM numbers(3, wher := '1')", "wher"},
		{"FROM nosuch(1)", "nosuch"},
		{"SELECT $1", "1 parameters"},
		{"", "no statement"},
	} {
		_, err := ask(s, tt.stmt)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.stmt, err, tt.want)
		}
		if got := mustAsk(t, s, "SELECT 1"); got != "1" {
			t.Fatalf("after the error: %s", got)
		}
	}
}

// TestScript: variables, argument names that DuckDB's parser refuses, results in order.
func TestScript(t *testing.T) {
	t.Parallel()
	s := surfaceSession(t)
	script, err := lex.Parse("s.sql", `
-- @param n
-- @param p = 'i = 2'
SET VARIABLE files = [$n, 'b'];
FROM numbers($n, where := $p, files := getvariable('files'));
SELECT :'n' AS :"n", x[1:2] FROM (SELECT [1, 2, 3] AS x);
FROM echo($n, where => 'it''s');`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	err = s.Run(context.Background(), script, lex.Vars{"n": {Text: "3"}}, func(stmt lex.Statement, rows Rows) error {
		names := ""
		for _, c := range rows.Columns() {
			names += c.Name + " "
		}
		body, err := text(rows)
		got = append(got, fmt.Sprintf("%d %s: %s", stmt.Number, names, body))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "1 : \n2 i files : 2|3+b\n3 3 x[1:2] : 3|[1 2]\n4 line : [3 <nil>] map[where:it's]"
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}

// TestErrorsSayWhere: a script's error has the file, line and column of what is wrong.
func TestErrorsSayWhere(t *testing.T) {
	t.Parallel()
	s := openSession(t, Options{
		Functions: []*surface.Function{lines("echo", echo)},
		Queries:   []*surface.Query{reads("numbers")},
		Handlers:  []Handler{moo{}},
	})
	for _, tt := range []struct{ script, want string }{
		{"SELECT 1;\n  SELEKT 2;", `s.sql:2:3: `},
		{"SELECT 1;\nSELECT 'á',\n  nope FROM range(3);", `s.sql:3:3: `},
		{"SELECT 1;\n SELECT $x", `s.sql:2:9: variable x is not set`},
		{"SELECT $v, nope", `s.sql:1:12: `},
		{"SELECT 1; SELECT 'x", `s.sql:1:18: the text ' is not closed`},
		{"\n FROM numbers(-1)", `s.sql:2:`},
		{"SELECT 1;\nSELECT i, CAST('x' || i AS INTEGER) FROM range(3) t(i)", `s.sql:2:11: `},
		{"-- @param y\nSELECT $y", `s.sql:1:1: parameter y is not set`},
		{"SELECT 1;\n moo and more", `s.sql:2:6: moo: no more`},
	} {
		script, err := lex.Parse("s.sql", tt.script)
		if err == nil {
			err = s.Run(context.Background(), script, lex.Vars{"v": {Text: strings.Repeat("long ", 20)}}, nil)
		}
		var e *lex.Error
		if !errors.As(err, &e) || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%q: %v, want %s", tt.script, err, tt.want)
		}
	}
}

// moo is a handler of statements that begin with moo.
type moo struct{}

type mooError struct{ at int }

func (mooError) Error() string { return "moo: no more" }
func (e mooError) Offset() int { return e.at }

func (moo) Handle(ctx context.Context, r bridge.Runner, stmt string) (bool, Rows, error) {
	rest, ok := strings.CutPrefix(stmt, "moo")
	if !ok {
		return false, nil, nil
	}
	if i := strings.Index(rest, "and"); i >= 0 {
		return true, nil, mooError{3 + i}
	}
	rows, err := r.Direct(ctx, "SELECT 'mooed', getvariable('v')")
	if rest == "" {
		return true, rows, err
	}
	return true, nil, errors.Join(err, rows.Close())
}

func TestHandler(t *testing.T) {
	t.Parallel()
	s := openSession(t, Options{Handlers: []Handler{moo{}}})
	mustAsk(t, s, "SET VARIABLE v = 5")
	if got := mustAsk(t, s, "moo"); got != "mooed|5" {
		t.Error(got)
	}
	if got := mustAsk(t, s, "moo!"); got != "" {
		t.Error(got)
	}
	if got := mustAsk(t, s, "SELECT 1"); got != "1" {
		t.Error(got)
	}
}

// TestInner: a function asks the session while the statement that called it
// runs, with the functions and macros there, also several at a time.
func TestInner(t *testing.T) {
	t.Parallel()
	var s *Session
	outer := lines("outer", func(ctx context.Context, args surface.Args) ([]string, error) {
		rows, err := s.Inner(ctx, "SELECT line, (SELECT count(*) FROM numbers(3)), current_setting('TimeZone') FROM echo("+QuoteLiteral(args.Positional[0].(string))+")")
		if err != nil {
			return nil, err
		}
		got, err := text(rows)
		return strings.Split(got, "\n"), err
	})
	s = openSession(t, Options{
		Functions:  []*surface.Function{lines("echo", echo), outer},
		Queries:    []*surface.Query{reads("numbers")},
		Statements: []string{"CREATE OR REPLACE TEMP MACRO twice(x) AS x * 2"},
	})
	want := "[in <nil>] map[]|3|UTC"
	for range 3 {
		if got := mustAsk(t, s, "FROM outer('in')"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	got := mustAsk(t, s, "SELECT count(*) FROM (FROM outer('a') UNION ALL FROM outer('b') UNION ALL FROM outer('c'))")
	if got != "3" {
		t.Errorf("three at a time: %s", got)
	}
	rows, err := s.Inner(context.Background(), "SELECT twice(21)")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := text(rows); got != "42" || err != nil {
		t.Errorf("macro on an inner connection: %s, %v", got, err)
	}
	if _, err := s.Inner(context.Background(), "SELECT nope"); err == nil {
		t.Error("an error of an inner query is lost")
	}
}

// cancelled are statements that end with a cancel alone: in DuckDB, in a function,
// in a query that a function asks, between two rows.
var cancelled = []string{
	"FROM waiting('x')",
	"FROM asking('x')",
	"SELECT count(*) FROM range(10000000000000) t(i) WHERE i % 3 = 1",
	"FROM range(100000000000000)",
}

// cancelSession knows the functions of cancelled. begun gets a value when one of
// them is called.
func cancelSession(t testing.TB) (s *Session, begun chan struct{}) {
	begun = make(chan struct{}, 1)
	waiting := lines("waiting", func(ctx context.Context, _ surface.Args) ([]string, error) {
		begun <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	})
	asking := lines("asking", func(ctx context.Context, _ surface.Args) ([]string, error) {
		rows, err := s.Inner(ctx, "FROM range(100000000000000)")
		if err != nil {
			return nil, err
		}
		rows.Next()
		begun <- struct{}{}
		_, err = text(rows)
		return nil, err
	})
	s, err := Open(context.Background(), Options{Functions: []*surface.Function{waiting, asking}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, begun
}

// cancelIn runs a statement and cancels it: once its function is called, after its
// first row, or, where it has neither, a moment after it began. It returns when
// that was.
func cancelIn(t testing.TB, s *Session, begun chan struct{}, stmt string) (at time.Time) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	called, over := strings.Contains(stmt, "('x')"), make(chan struct{})
	defer func() { <-over }()
	go func() {
		defer close(over)
		if called {
			<-begun
		} else {
			time.Sleep(5 * time.Millisecond) // nothing hangs on how long: the statement runs for days
		}
		at = time.Now()
		cancel()
	}()
	rows, err := s.Query(ctx, stmt)
	if err == nil {
		err = drain(rows)
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%s: %v", stmt, err)
	}
	return at
}

// TestCancelEndsAStatement that would not end for days, wherever it is, and leaves
// the session as it was. BenchmarkCancel says how soon.
func TestCancelEndsAStatement(t *testing.T) {
	s, begun := cancelSession(t)
	for _, stmt := range cancelled {
		cancelIn(t, s, begun, stmt)
		if got := mustAsk(t, s, "SELECT 42"); got != "42" {
			t.Errorf("after the cancel: %s", got)
		}
	}
}

// BenchmarkCancel is the time from a cancel to the statement's end; a person
// waits 100 ms at most.
func BenchmarkCancel(b *testing.B) {
	s, begun := cancelSession(b)
	for _, stmt := range cancelled {
		b.Run(stmt[:12], func(b *testing.B) {
			total, worst := time.Duration(0), time.Duration(0)
			for range b.N {
				at := cancelIn(b, s, begun, stmt)
				d := time.Since(at)
				total, worst = total+d, max(worst, d)
			}
			b.ReportMetric(float64(total.Microseconds())/float64(b.N)/1000, "ms/cancel")
			b.ReportMetric(float64(worst.Microseconds())/1000, "ms-worst")
		})
	}
}

// TestStreams: memory does not grow with the rows.
func TestStreams(t *testing.T) {
	s := openSession(t, Options{Settings: map[string]string{"memory_limit": "256MB"}})
	rows, err := s.Query(context.Background(), "SELECT i, 'a text of row ' || i FROM range(3000000) t(i)")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var high uint64
	n := 0
	for ; rows.Next(); n++ {
		if r := rows.Row(); r[0] != int64(n) {
			t.Fatalf("row %d: %v", n, r)
		}
		if n%500000 == 499999 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			high = max(high, m.HeapAlloc)
		}
	}
	if rows.Err() != nil || n != 3000000 {
		t.Fatalf("%d rows, %v", n, rows.Err())
	}
	if high > 100<<20 {
		t.Errorf("%d MB of Go heap while 3 million rows went by", high>>20)
	}
}

func TestOneResultAtATime(t *testing.T) {
	t.Parallel()
	s := openSession(t, Options{})
	rows, err := s.Query(context.Background(), "FROM range(100000)")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Query(context.Background(), "SELECT 1"); err == nil || !strings.Contains(err.Error(), "still open") {
		t.Errorf("second statement beside an open result: %v", err)
	}
	rows.Close()
	rows.Close()
	if got := mustAsk(t, s, "SELECT 1"); got != "1" {
		t.Error(got)
	}
	if n, err := s.Exec(context.Background(), "CREATE TABLE t AS FROM range(5) t(i); "); err != nil {
		t.Error(n, err)
	}
	if n, err := s.Exec(context.Background(), "UPDATE t SET i = 7 WHERE i > 2"); n != 2 || err != nil {
		t.Errorf("%d rows changed, %v", n, err)
	}
	if _, err := s.Query(context.Background(), "FROM range(100000)"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("close with an open result: %v", err)
	}
	if _, err := s.Inner(context.Background(), "SELECT 1"); err == nil {
		t.Error("a closed session answers")
	}
}

// TestReservedIsWhatDuckDBRefuses: lex quotes exactly the argument names that
// this DuckDB takes only in quotes.
func TestReservedIsWhatDuckDBRefuses(t *testing.T) {
	t.Parallel()
	s := openSession(t, Options{})
	words := strings.Split(mustAsk(t, s, "SELECT keyword_name FROM duckdb_keywords()"), "\n")
	for _, w := range words {
		_, err := ask(s, "FROM nosuch("+w+" := 1)")
		refused := err != nil && strings.Contains(err.Error(), "syntax error")
		if refused != lex.Reserved(w) {
			t.Errorf("%s: DuckDB refuses it: %v (%v), lex quotes it: %v", w, refused, err, lex.Reserved(w))
		}
	}
	if len(words) < 400 {
		t.Errorf("only %d keywords", len(words))
	}
}
