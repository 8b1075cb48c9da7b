package format

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fixed is a result held in memory.
type fixed struct {
	columns []Column
	rows    [][]any
	err     error // after the last row, instead of io.EOF
}

func (f *fixed) Columns() []Column { return f.columns }

func (f *fixed) Next() ([]any, error) {
	if len(f.rows) == 0 {
		if f.err != nil {
			return nil, f.err
		}
		return nil, io.EOF
	}
	row := f.rows[0]
	f.rows = f.rows[1:]
	return row, nil
}

func mixed() *fixed {
	return &fixed{
		columns: []Column{
			{"snapshot_id", "BIGINT"}, {"name", "VARCHAR"}, {"amount", "DECIMAL(38,2)"}, {"at", "TIMESTAMP WITH TIME ZONE"},
			{"partition", "STRUCT(day DATE, hour INTEGER)"}, {"tags", "VARCHAR[]"}, {"counts", "MAP(INTEGER, BIGINT)"}, {"raw", "BLOB"}, {"uri", "JSON"},
		},
		rows: [][]any{
			{int64(9007199254740993), "plain", Number("12345678901234567890123456789012.30"), Text("2023-09-14 15:10:59+00"),
				Struct{[]string{"day", "hour"}, []any{Text("2023-09-14"), int32(5)}}, []any{"a", "b, c", nil},
				Map{[]any{int32(1), int32(2)}, []any{int64(10), nil}}, []byte{'a', 0, 0xff}, JSON(`{"hour": 5}`)},
			{int64(-1), "x|y\t\"q\" \\ 日本\nnew, line", nil, nil, nil, []any{}, Map{}, []byte{}, nil},
			{nil, "", Number("0.00"), Text("infinity"), Struct{[]string{"day", "hour"}, []any{nil, nil}}, nil, nil, nil, JSON("not json")},
		},
	}
}

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// TestGolden shows each format on one result.
func TestGolden(t *testing.T) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			w, err := New(name, Options{})
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			n, err := w.Write(&got, mixed())
			if err != nil || n != 3 {
				t.Fatalf("wrote %d rows: %v", n, err)
			}
			path := filepath.Join("testdata", "mixed."+name)
			if *rewrite {
				if err := os.WriteFile(path, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != string(want) {
				t.Errorf("got\n%swant\n%s", got.String(), want)
			}
		})
	}
}

func TestEmptyResult(t *testing.T) {
	for name, want := range map[string]string{
		"json": "[]\n", "jsonl": "", "csv": "a,b\n", "tsv": "a\tb\n", "list": "a|b\n", "vertical": "",
		"markdown": "| a | b |\n|---:|---|\n", "box": "┌───┬───┐\n│ a │ b │\n├───┼───┤\n└───┴───┘\n",
	} {
		w, _ := New(name, Options{})
		var got strings.Builder
		if _, err := w.Write(&got, &fixed{columns: []Column{{"a", "INTEGER"}, {"b", "VARCHAR"}}}); err != nil || got.String() != want {
			t.Errorf("%s: %q, %v, want %q", name, got.String(), err, want)
		}
	}
}

// TestErrorOfRows: rows before an error are written, and JSON stays open, so
// that what was cut short is not taken for a whole result.
func TestErrorOfRows(t *testing.T) {
	cause := errors.New("disk on fire")
	for _, name := range Names() {
		w, _ := New(name, Options{})
		var got strings.Builder
		n, err := w.Write(&got, &fixed{columns: []Column{{"a", "INTEGER"}}, rows: [][]any{{int32(7)}}, err: cause})
		if !errors.Is(err, cause) || n != 1 || !strings.Contains(got.String(), "7") {
			t.Errorf("%s: %d rows, %v, %q", name, n, err, got.String())
		}
		if name == "json" && json.Valid([]byte(got.String())) {
			t.Errorf("json of a result cut short reads as a whole one: %s", got.String())
		}
	}
}

type broken struct{ left int }

func (b *broken) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}

// endless is a result without an end.
type endless struct{ n int64 }

func (*endless) Columns() []Column { return []Column{{"n", "BIGINT"}} }
func (e *endless) Next() ([]any, error) {
	if e.n++; e.n > 10_000_000 {
		return nil, errors.New("read on after the writer had failed")
	}
	return []any{e.n}, nil
}

func TestAClosedPipeEndsAnEndlessResult(t *testing.T) {
	for _, name := range Names() {
		w, _ := New(name, Options{})
		if _, err := w.Write(&broken{1 << 16}, &endless{}); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func numbers(n int) *fixed {
	f := &fixed{columns: []Column{{"n", "INTEGER"}}}
	for i := range n {
		f.rows = append(f.rows, []any{int32(i + 1)})
	}
	return f
}

func TestBoxShowsTheEndsOfALongResult(t *testing.T) {
	w, _ := New("box", Options{MaxRows: 3})
	for n, want := range map[int]string{
		3:    "1 2 3 ",
		4:    "1 2 · 4 4 rows, 3 shown ",
		5000: "1 2 · 5000 5000 rows, 3 shown ",
	} {
		var out strings.Builder
		if got, err := w.Write(&out, numbers(n)); err != nil || got != int64(n) {
			t.Fatal(got, err)
		}
		var cells string
		for _, line := range strings.Split(out.String(), "\n")[3:] {
			if strings.HasPrefix(line, "│") || strings.HasSuffix(line, "shown") {
				cells += strings.Trim(line, "│ ") + " "
			}
		}
		if cells != want {
			t.Errorf("%d rows: %q, want %q", n, cells, want)
		}
	}
}

func TestBoxShowsEveryRowWithoutALimit(t *testing.T) {
	w, _ := New("box", Options{})
	var out strings.Builder
	if _, err := w.Write(&out, numbers(3*sampleRows)); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out.String(), "\n"); got != 3*sampleRows+4 {
		t.Errorf("%d lines", got)
	}
}

func TestBoxFitsATerminal(t *testing.T) {
	f := &fixed{columns: []Column{{"id", "INTEGER"}, {"text", "VARCHAR"}}, rows: [][]any{{int32(1), strings.Repeat("ab", 100)}}}
	w, _ := New("box", Options{MaxWidth: 40})
	var out strings.Builder
	if _, err := w.Write(&out, f); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		if width(line) != 40 {
			t.Errorf("%d cells: %s", width(line), line)
		}
	}
}

// TestTerminalStaysTame: what a value holds can neither colour nor move the cursor.
func TestTerminalStaysTame(t *testing.T) {
	for _, name := range []string{"box", "vertical"} {
		w, _ := New(name, Options{})
		var out strings.Builder
		_, err := w.Write(&out, &fixed{columns: []Column{{"a\x1b[2J", "VARCHAR"}}, rows: [][]any{{"\x1b[31mred\x07\u202e"}}})
		if err != nil || strings.ContainsAny(out.String(), "\x1b\x07\u202e") {
			t.Errorf("%s: %q %v", name, out.String(), err)
		}
	}
}

func TestJSONKeepsColumnsOfOneName(t *testing.T) {
	f := &fixed{columns: []Column{{"a", "INTEGER"}, {"a", "INTEGER"}, {"a_2", "INTEGER"}}, rows: [][]any{{int32(1), int32(2), int32(3)}}}
	w, _ := New("jsonl", Options{})
	var out strings.Builder
	if _, err := w.Write(&out, f); err != nil {
		t.Fatal(err)
	}
	var got map[string]int
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil || len(got) != 3 {
		t.Errorf("%s: %v %v", out.String(), got, err)
	}
}

func TestTextOf(t *testing.T) {
	for _, tc := range []struct {
		v    any
		want string
	}{
		{nil, "NULL"}, {true, "true"}, {1.0, "1.0"}, {float32(0.1), "0.1"}, {1e16, "1e+16"}, {math.NaN(), "nan"}, {math.Inf(-1), "-inf"},
		{uint64(math.MaxUint64), "18446744073709551615"}, {new(big.Int).Lsh(big.NewInt(1), 100), "1267650600228229401496703205376"},
		{[]any{"a", "it's", "", nil, "null"}, `[a, 'it\'s', '', NULL, 'null']`},
		{Struct{[]string{"a b"}, []any{[]any{int8(1)}}}, `{'a b': [1]}`},
		{Map{[]any{"k"}, []any{Text("2020-01-01")}}, `{k=2020-01-01}`},
	} {
		if got := TextOf(tc.v); got != tc.want {
			t.Errorf("TextOf(%#v) = %q, want %q", tc.v, got, tc.want)
		}
	}
}

func TestUnknownFormat(t *testing.T) {
	if _, err := New("xml", Options{}); err == nil || !strings.Contains(fmt.Sprint(err), "jsonl") {
		t.Errorf("%v", err)
	}
}

func TestWidth(t *testing.T) {
	for s, want := range map[string]int{"": 0, "abc": 3, "日本": 4, "e\u0301": 1, "😀": 2, "│": 1} {
		if got := width(s); got != want {
			t.Errorf("width(%q) = %d, want %d", s, got, want)
		}
	}
	if got := fit("日本語", 4); got != "日…" {
		t.Errorf("fit: %q", got)
	}
}
