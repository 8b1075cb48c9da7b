package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"psyberg/engine/bridge"
	"psyberg/engine/lex"
)

// splitting compares how engine/lex and DuckDB's own parser take a script apart:
// of a script that DuckDB parses, each of our statements is one that DuckDB
// parses alone, and together they are as many as DuckDB finds. It reports
// whether DuckDB parses it.
func splitting(t *testing.T, s *Session, script string) bool {
	t.Helper()
	script += "\n" // at the very end of a text DuckDB takes a Unicode space for a name
	want, err := bridge.Statements(s.main.native, script)
	if err != nil {
		return false
	}
	ours, err := lex.Parse("s", script)
	if err != nil {
		t.Fatalf("%q: DuckDB finds %d statements, we say %v", script, want, err)
	}
	n := 0
	for _, stmt := range ours.Statements {
		r, err := stmt.Render(everything(stmt))
		if err != nil {
			t.Fatalf("%q: %v", script, err)
		}
		// As it was written; and as it is sent, where no variable was replaced.
		texts := []string{stmt.Text()}
		if len(stmt.Variables()) == 0 {
			texts = append(texts, r.SQL)
		}
		for i, text := range texts {
			one, err := bridge.Statements(s.main.native, text)
			if err != nil || one == 0 && !silentlyNone(text) {
				t.Fatalf("%q: our statement %d %q: DuckDB finds %d: %v", script, stmt.Number, text, one, err)
			}
			if i == 0 {
				n += one
			}
		}
	}
	if n != want {
		var texts []string
		for _, stmt := range ours.Statements {
			texts = append(texts, stmt.Text())
		}
		t.Fatalf("%q: DuckDB finds %d statements, we %d: %q", script, want, n, texts)
	}
	return true
}

func everything(stmt lex.Statement) lex.Vars {
	vars := lex.Vars{}
	for _, v := range stmt.Variables() {
		vars[v] = lex.Value{Text: v}
	}
	return vars
}

func openPlain(t testing.TB) *Session {
	s, err := Open(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// oddScripts are valid, and hard to split.
var oddScripts = []string{
	"SELECT 1; SELECT 2;", ";;SELECT 1;;", "SELECT ';'; SELECT ';;'", "SELECT 'it''s;'; SELECT 1",
	`SELECT E'\';'; SELECT e'a\\'; SELECT 2`, `SELECT '\'; SELECT 2`, `SELECT ";" FROM (SELECT 1 AS ";"); SELECT """;" FROM (SELECT 1 AS """;")`,
	"SELECT $$;$$; SELECT $a$;$$;$a$; SELECT $$'$$", "SELECT $ä$;$ä$", "SELECT $a1$ $a$ ; $a1$; SELECT 2", "SELECT a$b$c FROM (SELECT 1 AS a$b$c); SELECT 2",
	"SELECT x'00'; SELECT X'ab'", "SELECT b'01;'", "SELECT 1 /* ; /* ; */ ; */; SELECT 2", "SELECT 1 -- ; '\n; SELECT 2 -- '", "SELECT 1 --\r; SELECT 2",
	"SELECT 4 /2; SELECT 4 - -1; SELECT 1--;\n; SELECT 2", "/* only a comment; */ SELECT 1 /* and one behind; */;", "-- nothing\n;", "",
	"PIVOT (SELECT 1 AS a, 2 AS b) ON a USING sum(b); SELECT 1", "PIVOT (SELECT 1 AS a, 2 AS b) ON a IN (1, 2) USING sum(b)",
	"FROM (PIVOT (SELECT 1 AS a, 2 AS b) ON a IN (1) USING sum(b)); UNPIVOT (SELECT 1 AS a, 2 AS b) ON a, b INTO NAME n VALUE v",
	"CREATE MACRO m(a) AS a + 1; CREATE MACRO t(a) AS TABLE SELECT a; SELECT m(1)", "CREATE FUNCTION f(a, b := 5) AS a * b; SELECT f(1, b := 2)",
	"SELECT [1, 2, 3][1:2]; SELECT ([1, 2, 3])[-1:]; SELECT [1, 2][:]; SELECT 'abc'[1:2]", "SELECT {'a': 1, 'b': ';'}; SELECT {a: 1}.a; SELECT MAP {'k': 'v'}['k']",
	"SELECT x: 1, y: ';'; FROM t: (SELECT 1)", "SELECT list_transform([1], x -> x + 1); SELECT list_transform([1], lambda x: x + 1)", "SELECT [x + 1 FOR x IN [1, 2] IF x > 1]",
	"SELECT 1::VARCHAR || ';'; SELECT '1'::INT", "SELECT 1_000, 0xFF, 1e3, 1.5e-3, .5, 5.; SELECT 1", "SELECT 1 WHERE 1 <> 2 AND 2 != 3 AND NOT 1 = 2",
	"SELECT ? + ?; SELECT ?", "SELECT $1 + $2; SELECT $1", "SELECT $name; SELECT $name + $other", "PREPARE p AS SELECT $1; EXECUTE p(1); DEALLOCATE p", "SELECT 'a'\n'b;'",
	"SELECT * EXCLUDE (a) REPLACE (1 AS b) FROM (SELECT 1 AS a, 2 AS b); SELECT COLUMNS('a;') FROM (SELECT 1 AS \"a;\")", "SELECT 5 // 2, 5 % 2, 2 ** 3, ~1, 1 << 2, @(-1)",
	"SELECT {'a': 1} ->> '$.a;'; SELECT '{\"a\": 1}'::JSON -> 'a'", "COPY (SELECT 1) TO 'a;b.csv' (DELIMITER ';'); SELECT 1", "BEGIN; COMMIT; ROLLBACK", "EXPLAIN SELECT 1; DESCRIBE SELECT 1; SUMMARIZE SELECT 1",
	"SET VARIABLE a = ';'; SELECT getvariable('a'); RESET VARIABLE a", "ATTACH ':memory:' AS m; USE m; DETACH m", "CALL pragma_version(); PRAGMA version", "SELECT 'ä;'; SELECT '😀;' AS \"ü;\"",
	"SELECT 1;\r\nSELECT 2;\r\n", "\ufeffSELECT 1", "SELECT\u00a01;\u00a0SELECT 2;\u00a0", "SELECT 1\v;\fSELECT 2", "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3) FROM t; SELECT 1",
	"INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING; UPDATE t SET a = ';' WHERE b = 1; DELETE FROM t", "MERGE INTO a USING b ON a.x = b.x WHEN MATCHED THEN DELETE; SELECT 1",
	"CREATE TYPE mood AS ENUM ('a;', 'b'); CREATE SEQUENCE s; CREATE TABLE t (a INT CHECK (a > 0), b STRUCT(x INT), c MAP(INT, INT), d INT[3])", "COMMENT ON TABLE t IS ';'", "SELECT TRY_CAST('x' AS INT), x'AB', TIMESTAMP '2020-01-01', INTERVAL 1 DAY",
	"SELECT a.\"b;c\" FROM a; FROM 'file;name.csv'; FROM read_csv('x;y.csv', delim = ';')", "SELECT 1 AS \"$x\", '$x', $$ $x $$; SELECT 'x' LIKE '%;' ESCAPE '\\'", "SELECT row(1, 2), (1, 2); VALUES (1), (2)",
}

// TestSplittingAgreesWithDuckDB: on scripts that are hard, alone, joined and
// with others before and behind.
func TestSplittingAgreesWithDuckDB(t *testing.T) {
	s := openPlain(t)
	for _, script := range oddScripts {
		if !splitting(t, s, script) {
			t.Errorf("%q: DuckDB does not parse it", script)
		}
		splitting(t, s, "SELECT ';' AS before;"+script+"\n;SELECT $$;$$ AS behind")
	}
	splitting(t, s, strings.Join(oddScripts, "\n;\n"))
}

// TestSplittingOfRandomScripts: pieces put together at random; those that DuckDB
// parses have to be split as it does.
func TestSplittingOfRandomScripts(t *testing.T) {
	s := openPlain(t)
	pieces := []string{"SELECT 1", "SELECT 'a;b'", ";", "; ", ";;", "\n", " -- c;\n", "/* a; /* b */ ; */", "$$;$$", "$t$ ';' $t$", "E'\\';'", "''", "\"a;\"", "AS x", ", ", "(SELECT 2)", "+",
		"x'00'", "[1:2]", "::TEXT", "{'a': 1}", "$1", "?", "FROM range(3)", "AS \"q\"\"r\"", "--\r", "-1", "/", "*", "'''", "\"", "$", "$a", "e'", "\\", ":", "\u00a0", "b", "1.5e3", "a$b", "||"}
	r := rand.New(rand.NewPCG(1, 2))
	valid := 0
	for range 20_000 {
		var b strings.Builder
		if r.IntN(2) == 0 {
			b.WriteString("SELECT 1 ")
		}
		for range 1 + r.IntN(7) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		if splitting(t, s, b.String()) {
			valid++
		}
	}
	if valid < 1_000 {
		t.Errorf("only %d of the scripts are valid", valid)
	}
}

// TestVariablesReachDuckDBAsTheyAre: any text, as a literal and as an identifier,
// comes back from DuckDB as it was given: nothing of it is read as SQL.
func TestVariablesReachDuckDBAsTheyAre(t *testing.T) {
	ctx, s := context.Background(), openPlain(t)
	r := rand.New(rand.NewPCG(3, 4))
	parts := []string{"'", `"`, ";", "--", "/*", "*/", "$$", "$x", ":'x'", `\`, "\n", "\r", "\t", "ä", "😀", "E'", "a", "1", " ", "%s", "{", "}", "?", "NULL", "'; DROP TABLE t; --", "\u00a0", "''", `""`, "\x01"}
	script, err := lex.Parse("f.sql", `SELECT $x, :'x', [$x][1:1], {'k':$x}.k, 'a'||$x AS y, 1 AS :"x", /* $x */ $x::VARCHAR, CASE WHEN $x = :'x' THEN 1 ELSE 0 END`)
	if err != nil {
		t.Fatal(err)
	}
	for range 3000 {
		var b strings.Builder
		for range 1 + r.IntN(6) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		x := b.String()
		err := s.Run(ctx, script, lex.Vars{"x": {Text: x}}, func(_ lex.Statement, rows Rows) error {
			if !rows.Next() {
				return rows.Err()
			}
			got := rows.Row()
			want := []any{x, x, []any{x}, x, "a" + x, int64(1), x, int64(1)}
			if fmt.Sprint(got...) != fmt.Sprint(want...) || rows.Columns()[5].Name != x {
				t.Errorf("%q came back as %q, named %q", x, got, rows.Columns()[5].Name)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%q: %v", x, err)
		}
	}
}

// silentlyNone: a statement of letters alone that are not ASCII is none to
// DuckDB, without an error; psyql says that there is no statement in the text.
func silentlyNone(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < utf8.RuneSelf && !unicode.IsSpace(r) })
}

// FuzzSplitting lets DuckDB's parser judge what engine/lex makes of any text.
func FuzzSplitting(f *testing.F) {
	for _, script := range oddScripts {
		f.Add(script)
	}
	s := openPlain(f)
	f.Fuzz(func(t *testing.T, script string) {
		if strings.IndexByte(script, 0) >= 0 || !utf8.ValidString(script) {
			t.Skip("no text")
		}
		splitting(t, s, script)
	})
}
