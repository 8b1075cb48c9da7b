package lex

import (
	"errors"
	"strings"
	"testing"
)

func TestStatementsAndPositions(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string // "line:col text"
	}{
		{"empty", "  \n -- nothing\n;;/* x */;", nil},
		{"one without semicolon", "SELECT 1", []string{"1:1 SELECT 1"}},
		{"comments around", "-- a; b\n  SELECT 1 -- c\n; /* ; /* nested; */ ; */ SELECT 2", []string{"2:3 SELECT 1", "3:27 SELECT 2"}},
		{"columns are characters", "SELECT 'äö'; SELECT 2", []string{"1:1 SELECT 'äö'", "1:14 SELECT 2"}},
		{"quotes", `SELECT ';''', ";""", E'\';', x'00', b'01';SELECT 2`, []string{`1:1 SELECT ';''', ";""", E'\';', x'00', b'01'`, "1:43 SELECT 2"}},
		{"a backslash is no escape without E", `SELECT '\';SELECT 2`, []string{`1:1 SELECT '\'`, "1:12 SELECT 2"}},
		{"dollar quotes", "SELECT $$;'$$, $a$;$$;$a$; SELECT 2", []string{"1:1 SELECT $$;'$$, $a$;$$;$a$", "1:28 SELECT 2"}},
		{"a dollar inside a word", "SELECT a$b; SELECT c$;SELECT 3", []string{"1:1 SELECT a$b", "1:13 SELECT c$", "1:23 SELECT 3"}},
		{"comment signs in operators", "SELECT 1 - -1; SELECT 4 / 2 * 3", []string{"1:1 SELECT 1 - -1", "1:16 SELECT 4 / 2 * 3"}},
		{"windows lines", "SELECT 1;\r\nSELECT 2;\r\n", []string{"1:1 SELECT 1", "2:1 SELECT 2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Parse("f.sql", tt.text)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, st := range s.Statements {
				got = append(got, strings.TrimPrefix(st.Position().String(), "f.sql:")+" "+st.Text())
			}
			if strings.Join(got, "|") != strings.Join(tt.want, "|") {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestUnclosed(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"SELECT 1;\n  SELECT 'abc", "f.sql:2:10: the text ' is not closed"},
		{`SELECT "abc`, `f.sql:1:8: the identifier " is not closed`},
		{"/* /* */", "f.sql:1:1: the comment /* is not closed"},
		{"SELECT $a$ b", "f.sql:1:8: the text $a$ is not closed"},
		{`SELECT E'\'`, "f.sql:1:8: the text ' is not closed"},
	} {
		_, err := Parse("f.sql", tt.text)
		if err == nil || err.Error() != tt.want {
			t.Errorf("%q: %v, want %s", tt.text, err, tt.want)
		}
	}
}

var testVars = Vars{"x": {Text: "o'ne"}, "t": {Text: `a"b`}, "n": {Null: true}, "b": {Text: "B"}, "empty": {}}

func TestRender(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"three spellings", `SELECT $x, :'x', :"t"`, `SELECT 'o''ne', 'o''ne', "a""b"`},
		{"null", `SELECT $n, :'n'`, `SELECT NULL, NULL`},
		{"empty text", `SELECT $empty`, `SELECT ''`},
		{"cast", `SELECT $x::VARCHAR, x::INT`, `SELECT 'o''ne'::VARCHAR, x::INT`},
		{"not in texts and comments", `SELECT '$x', "$x", $$ $x $$ -- $x :'x'`, `SELECT '$x', "$x", $$ $x $$`},
		{"slices", `SELECT l[1:n], l[:2], l[1:], l[-1:x]`, `SELECT l[1:n], l[:2], l[1:], l[-1:x]`},
		{"prefix aliases", `SELECT x: 1, y:'b', z :$x`, `SELECT x: 1, y:'b', z : 'o''ne'`},
		{"struct literals", `SELECT {'a':'b', "k":'b', f(1):'b'}, {'a': :'b'}`, `SELECT {'a':'b', "k":'b', f(1):'b'}, {'a': 'B'}`},
		{"prepared parameters", `SELECT $1, ?, $2::INT`, `SELECT $1, ?, $2::INT`},
		{"identifiers joined by a point", `FROM :"t".:"b"`, `FROM "a""b"."B"`},
		{"argument names", `FROM f('a', where := 'x', LIMIT=>1, b := 2)`, `FROM f('a', "where" := 'x', "LIMIT"=>1, b := 2)`},
		{"an argument name behind a comment", "FROM f(/* */ where -- w\n := 'x')", "FROM f(/* */ \"where\" -- w\n := 'x')"},
		{"where that is no name", `SELECT 1 WHERE a >= 1 AND (x) IN (1, 2)`, `SELECT 1 WHERE a >= 1 AND (x) IN (1, 2)`},
		{"not a variable: bad name", `SELECT :'a b', :'1'`, `SELECT :'a b', :'1'`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Parse("f.sql", tt.text)
			if err != nil {
				t.Fatal(err)
			}
			r, err := s.Statements[0].Render(testVars)
			if err != nil {
				t.Fatal(err)
			}
			if r.SQL != tt.want {
				t.Errorf("got  %s\nwant %s", r.SQL, tt.want)
			}
		})
	}
}

func TestRenderErrors(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"SELECT 1;\nSELECT a,\n  $nope", "f.sql:3:3: variable nope is not set: pass -v nope=VALUE"},
		{`SELECT :'nope'`, "f.sql:1:8: variable nope is not set: pass -v nope=VALUE"},
		{`SELECT :"n"`, "f.sql:1:8: variable n is empty: an identifier has at least one character"},
	} {
		s, err := Parse("f.sql", tt.text)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Statements[len(s.Statements)-1].Render(testVars)
		if err == nil || err.Error() != tt.want {
			t.Errorf("%q: %v, want %s", tt.text, err, tt.want)
		}
	}
}

func TestPositionsSurviveSubstitution(t *testing.T) {
	text := "SELECT 1;\nSELECT $x, bad1, :\"t\", f(where := 1), bad2"
	s, err := Parse("f.sql", text)
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Statements[1].Render(testVars)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"SELECT", "bad1", "bad2"} {
		e := r.At(strings.Index(r.SQL, word), errors.New("no"))
		want := s.At(strings.LastIndex(text, word), errors.New("no"))
		if e.Error() != want.Error() {
			t.Errorf("%s: %v, want %v", word, e, want)
		}
	}
	inside := r.At(strings.Index(r.SQL, "ne'"), errors.New("no"))
	if inside.Line != 2 || inside.Col < 8 || inside.Col > 10 {
		t.Errorf("inside a variable: %v", inside)
	}
}

func TestCaret(t *testing.T) {
	src := &Source{"f.sql", "a\n\tSELECT ö bad\r\nb"}
	if got, want := src.Caret(strings.Index(src.Text, "bad")), "\tSELECT ö bad\n\t         ^"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	wide := &Source{"f.sql", "SELECT '日本', 'e\u0301' bad"} // 日 takes two columns, the accent none
	if got, want := wide.Caret(strings.Index(wide.Text, "bad")), wide.Text+"\n"+strings.Repeat(" ", 19)+"^"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	long := &Source{"f.sql", strings.Repeat("x", 500) + "bad" + strings.Repeat("y", 500)}
	lines := strings.Split(long.Caret(500), "\n")
	if i := len([]rune(lines[1])) - 1; string([]rune(lines[0])[i:i+3]) != "bad" {
		t.Errorf("caret not under bad:\n%s\n%s", lines[0], lines[1])
	}
}

func TestParams(t *testing.T) {
	s, err := Parse("f.sql", `-- A script.
-- @param name
-- what it is
-- @param hours = 12
-- @param note = ' it''s '
-- @param none = NULL
-- @param void =
SELECT $name, $hours, $note, $none, $void; -- @param not_here
`)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Params) != 5 || s.Params[0].Doc != "what it is" {
		t.Fatalf("%+v", s.Params)
	}
	if _, err := s.Bind(nil); err == nil || err.Error() != "f.sql:2:1: parameter name is not set: pass -v name=VALUE" {
		t.Errorf("without name: %v", err)
	}
	vars, err := s.Bind(Vars{"name": {Text: "n"}, "hours": {Text: "3"}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Statements[0].Render(vars)
	if err != nil || r.SQL != `SELECT 'n', '3', ' it''s ', NULL, ''` {
		t.Errorf("%v %v", r, err)
	}
	for _, bad := range []string{"-- @param 1x", "-- @param a b", "-- @param a\n-- @param a", "-- @param a = 'x", "-- @param a = 'x' y", "-- @paramx"} {
		if _, err := Parse("f.sql", bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestComplete(t *testing.T) {
	for text, want := range map[string]bool{
		"SELECT 1;": true, "SELECT 1; -- done": true, "SELECT 1": false, "SELECT ';": false, "": false, "SELECT $$;": false, "/* ; ": false, ";": true,
	} {
		if Complete(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}

// FuzzTokens: tokens cover the text without gaps, statements are their texts,
// and rendering without variables changes nothing but argument names.
func FuzzTokens(f *testing.F) {
	for _, s := range []string{
		"SELECT $x, :'x', :\"x\"; -- c\n/* /* */ */", "$a$ $b$ $a$", "E'\\''", "{'a':'b'}", "1.5e-3 0xFF 1_0 1..2", "f(where := 1)", "'", "\"", "$", ":", "$$", "-- @param a = 1\nSELECT $a", "ä$1\x00\xff;",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at := 0
		for _, tok := range Tokens(text) {
			if tok.Start != at || tok.End <= at {
				t.Fatalf("gap at %d: %+v", at, tok)
			}
			at = tok.End
		}
		if at != len(text) {
			t.Fatalf("tokens end at %d of %d", at, len(text))
		}
		s, err := Parse("f", text)
		if err != nil {
			if e := (*Error)(nil); !errors.As(err, &e) || e.Line < 1 || e.Col < 1 {
				t.Fatalf("error without a place: %v", err)
			}
			return
		}
		for _, st := range s.Statements {
			vars := Vars{}
			for _, v := range st.Variables() {
				vars[v] = Value{Text: "v'\"" + v}
			}
			r, err := st.Render(vars)
			if err != nil {
				t.Fatalf("%q: %v", st.Text(), err)
			}
			for off := range len(r.SQL) + 1 {
				if src := r.Offset(off); src < st.Start || src > st.End {
					t.Fatalf("offset %d of %q comes from %d, outside [%d, %d]", off, r.SQL, src, st.Start, st.End)
				}
			}
			again, err := Parse("g", r.SQL)
			if err != nil || len(again.Statements) != 1 || len(again.Statements[0].Variables()) != 0 {
				t.Fatalf("%q rendered as %q, which is no longer one statement without variables: %v", st.Text(), r.SQL, err)
			}
		}
	})
}
