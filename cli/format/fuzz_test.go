package format

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

var awkward = []string{"", "plain", `"`, `\`, "a,b", "line\nbreak", "\x00\x1b[2J", "日本語", "\xff\xfe", "NULL", "\u2028", "\\.", " x "}

// FuzzJSON: whatever a value holds, JSON formats write JSON, and text comes back.
func FuzzJSON(f *testing.F) {
	for _, s := range awkward {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		w, _ := New("json", Options{})
		var out strings.Builder
		_, err := w.Write(&out, &fixed{columns: []Column{{name, "VARCHAR"}, {name, "JSON"}},
			rows: [][]any{{text, JSON(text)}, {Struct{[]string{name}, []any{text}}, Map{[]any{text}, []any{text}}}}})
		if err != nil {
			t.Fatal(err)
		}
		var got []map[string]any
		if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
			t.Fatalf("%v\n%s", err, out.String())
		}
		if len(got) != 2 || len(got[0]) != 2 {
			t.Fatalf("%d rows of %d columns\n%s", len(got), len(got[0]), out.String())
		}
		if utf8.ValidString(name) && utf8.ValidString(text) && got[0][name] != text {
			t.Fatalf("%q came back as %q", text, got[0][name])
		}
	})
}

// FuzzCSV: encoding/csv reads back what was written.
func FuzzCSV(f *testing.F) {
	for _, s := range awkward {
		f.Add(s, "x")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if strings.ContainsRune(a+b, '\r') {
			return // encoding/csv makes \r\n into \n
		}
		for _, row := range [][]any{{a, b}, {a}, {nil}, {nil, b}} {
			w, _ := New("csv", Options{})
			var out strings.Builder
			columns := []Column{{"a", "VARCHAR"}, {"b", "VARCHAR"}}[:len(row)]
			if _, err := w.Write(&out, &fixed{columns: columns, rows: [][]any{row}}); err != nil {
				t.Fatal(err)
			}
			got, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
			if err != nil || len(got) != 2 {
				t.Fatalf("%d lines, %v\n%s", len(got), err, out.String())
			}
			for i, v := range row {
				if s, _ := v.(string); got[1][i] != s {
					t.Fatalf("%q came back as %q", s, got[1][i])
				}
			}
		}
	})
}

// FuzzBox: no value breaks the frame of a box, or gets a control character to the terminal.
func FuzzBox(f *testing.F) {
	for _, s := range awkward {
		f.Add(s, 20)
	}
	f.Fuzz(func(t *testing.T, text string, maxWidth int) {
		w, _ := New("box", Options{MaxWidth: maxWidth})
		var out strings.Builder
		if _, err := w.Write(&out, &fixed{columns: []Column{{"a", "VARCHAR"}, {text, "VARCHAR"}}, rows: [][]any{{text, text}, {nil, "x"}}}); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if len(lines) != 6 {
			t.Fatalf("%d lines\n%s", len(lines), out.String())
		}
		for _, l := range lines {
			if utf8.ValidString(text) && width(l) != width(lines[0]) {
				t.Fatalf("%d cells, not %d: %s", width(l), width(lines[0]), l)
			}
			if strings.ContainsFunc(l, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }) {
				t.Fatalf("control character in %q", l)
			}
		}
	})
}
