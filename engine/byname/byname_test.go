package byname

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

func known(names ...string) Find {
	return func(_ context.Context, parts []string) (bool, error) {
		for _, n := range names {
			if strings.Join(parts, ".") == n {
				return true, nil
			}
		}
		return false, nil
	}
}

func TestReplace(t *testing.T) {
	free := func(string) bool { return false }
	for sql, want := range map[string]string{
		"FROM a.b":                   `FROM iceberg_rows('a.b') AS "b"`,
		"from a . b, A.b":            `from iceberg_rows('a.b') AS "a.b", A.b`,
		"SELECT a.b FROM a.b x, a.b": `SELECT a.b FROM iceberg_rows('a.b') x, iceberg_rows('a.b') AS "b"`,
		"FROM a.b WHERE a.b = 1":     `FROM iceberg_rows('a.b') AS "b" WHERE a.b = 1`,
		"SELECT trim(x FROM a.b), extract(day FROM a.b)":         "SELECT trim(x FROM a.b), extract(day FROM a.b)",
		"SELECT x IS NOT DISTINCT FROM a.b":                      "SELECT x IS NOT DISTINCT FROM a.b",
		"DELETE FROM a.b":                                        "DELETE FROM a.b",
		"INSERT INTO a.b FROM a.b":                               `INSERT INTO a.b FROM iceberg_rows('a.b') AS "b"`,
		"SELECT 'FROM a.b' -- FROM a.b":                          "SELECT 'FROM a.b' -- FROM a.b",
		"FROM a.b(3)":                                            "FROM a.b(3)",
		"FROM a.b.files":                                         `FROM iceberg_files('a.b') AS "files"`,
		"FROM a.b.tag_v1":                                        `FROM iceberg_rows('a.b', ref := 'v1') AS "tag_v1"`,
		`FROM a.b."tag_o'x"`:                                     `FROM iceberg_rows('a.b', ref := 'o''x') AS "tag_o'x"`,
		`FROM "x.y"."q""r"`:                                      `FROM iceberg_rows('"x.y"."q""r"') AS "q""r"`,
		"FROM a.b.files.files":                                   "FROM a.b.files.files",
		"FROM a.b.nothing":                                       "FROM a.b.nothing",
		"FROM x JOIN a.b USING (i), LATERAL (FROM a.b)":          `FROM x JOIN iceberg_rows('a.b') AS "b" USING (i), LATERAL (FROM iceberg_rows('a.b') AS "b")`,
		"SUMMARIZE a.b":                                          "SUMMARIZE FROM iceberg_rows('a.b')",
		"EXPLAIN ANALYZE FROM a.b":                               `EXPLAIN ANALYZE FROM iceberg_rows('a.b') AS "b"`,
		"COPY a.b TO 'x'":                                        "COPY (FROM iceberg_rows('a.b')) TO 'x'",
		"SELECT f(1, a.b), a.b FROM range(a.b)":                  "SELECT f(1, a.b), a.b FROM range(a.b)",
		"SELECT a.b.x, A.B.x.y, b.x, a.c.x FROM a.b":             `SELECT "b".x, "b".x.y, b.x, a.c.x FROM iceberg_rows('a.b') AS "b"`,
		"SELECT a.b.x, a.b.f(1) FROM a.b t":                      `SELECT a.b.x, a.b.f(1) FROM iceberg_rows('a.b') t`,
		"SELECT a.b.x, c.b.y FROM a.b JOIN c.b ON a.b.x = c.b.x": `SELECT "a.b".x, "c.b".y FROM iceberg_rows('a.b') AS "a.b" JOIN iceberg_rows('c.b') AS "c.b" ON "a.b".x = "c.b".x`,
		"SELECT (SELECT max(b.x) FROM a.b), b.x FROM c.b":        `SELECT (SELECT max(b.x) FROM iceberg_rows('a.b') AS "b"), b.x FROM iceberg_rows('c.b') AS "b"`,
		"FROM a.b UNION FROM c.b WHERE c.b.x = 1":                `FROM iceberg_rows('a.b') AS "b" UNION FROM iceberg_rows('c.b') AS "b" WHERE "b".x = 1`,
		"FROM a.b VERSION AS OF 12 SELECT a.b":                   `FROM iceberg_rows('a.b', snapshot_id := 12) AS "b" SELECT a.b`,
	} {
		s := New(sql)
		if _, err := s.Replace(context.Background(), -1, free, known("a.b", "c.b", `x.y.q"r`)); err != nil {
			t.Fatal(err)
		}
		if got := s.SQL(); got != want {
			t.Errorf("%s\n got %s\nwant %s", sql, got, want)
		}
	}
}

// TestOffset: a byte behind a replacement is that of the statement.
func TestOffset(t *testing.T) {
	sql := "FROM a.b JOIN a.b.files f ON bad"
	s := New(sql)
	if _, err := s.Replace(context.Background(), 5, func(string) bool { return false }, known("a.b")); err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"FROM", "JOIN", "f ON", "bad"} {
		if got, want := s.Offset(strings.Index(s.SQL(), word)), strings.Index(sql, word); got != want {
			t.Errorf("%s: byte %d, want %d", word, got, want)
		}
	}
	if got := s.Offset(strings.Index(s.SQL(), "'a.b'")); got != 5 {
		t.Errorf("inside a replacement: %d", got)
	}
}

// FuzzReplace: no text makes it panic, and what is no name stays as it is.
func FuzzReplace(f *testing.F) {
	for _, s := range []string{"FROM a.b", "FROM a.b AT (VERSION => 1)", "((FROM a.", "FROM a.b FOR VERSION AS OF", "pivot a.b on", "\"a\".b.", "FROM a.b AT (("} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		s := New(sql)
		changed, err := s.Replace(context.Background(), 0, func(string) bool { return false }, known("a.b"))
		if err != nil {
			t.Fatal(err)
		}
		if out := s.SQL(); !changed && out != sql {
			t.Errorf("%q became %q", sql, out)
		}
		for i := range s.SQL() {
			Garbled(sql, i)
			if o := s.Offset(i); o < 0 || o > len(sql) {
				t.Fatalf("%q: byte %d is %d", sql, i, o)
			}
		}
	})
}

func TestGarbled(t *testing.T) {
	for sql, want := range map[string]string{ // ^ is where the parser gives up
		"^selct 1":                      "Did you mean SELECT?",
		"^form a.b":                     "Did you mean FROM?",
		"^xyzzy 1":                      "",
		"FROM a.b.^*":                   "The rows of a table are FROM a.b, what",
		"SELECT x.* FROM a.b.^* x":      "The rows of a table are FROM a.b, what",
		"FROM a.b.^":                    "The rows of a table are FROM a.b, what",
		"FROM a.b^..snapshots":          "The rows of a table are FROM a.b, what",
		"FROM a.b.files.^*":             "All columns of a table are FROM a.b.files",
		"FROM a.^*":                     "A table's name has two parts",
		"FROM c JOIN a.x^-y USING (z)":  `A name with other characters than letters, digits and _ stands in quotes: a."x-y"`,
		"FROM a.b, a^.2x":               `A name with other characters than letters, digits and _ stands in quotes: a."2x"`,
		"FROM a.日本^-x":                  `A name with other characters than letters, digits and _ stands in quotes: a."日本-x"`,
		"FROM a.b^@dev":                 "A branch or tag is named FROM a.b.branch_dev, or a.b.tag_dev",
		"SELECT 1 +^":                   "",
		"SELECT 1 FROM a.b WHERE^":      "",
		"SELECT a.b ^c-d":               "",
		"FROM (SELECT 1^":               "",
		"^":                             "",
		"FROM a.\"b\"-c^":               "",
		"SELECT count(*) FROM a.b x ^y": "",
	} {
		at := strings.Index(sql, "^")
		if got := Garbled(sql[:at]+sql[at+1:], at); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s: %q, want %q", sql, got, want)
		}
	}
}

func TestWritten(t *testing.T) {
	for sql, want := range map[string]string{
		"INSERT INTO a.b VALUES (1)":                "insert a.b 12",
		"insert or replace into \"a.x\".b from y.z": `insert "a.x".b 23`,
		"UPDATE a.b SET x = 1":                      "update a.b 7",
		"DELETE FROM a.b":                           "delete a.b 12",
		"MERGE INTO a.b USING c":                    "merge a.b 11",
		"TRUNCATE TABLE a.b":                        "truncate a.b 15",
		"DROP TABLE IF EXISTS a.b":                  "drop a.b 21",
		"ALTER TABLE a.b ADD COLUMN x INT":          "alter a.b 12",
		"CREATE OR REPLACE TEMP VIEW a.b AS FROM c": "create view a.b 28",
		"CREATE TABLE IF NOT EXISTS c.a.b (x INT)":  "create table c.a.b 27",
		"INSERT INTO b VALUES (1)":                  "",
		"SELECT 1 FROM a.b":                         "",
		"":                                          "",
	} {
		got := ""
		if w, ok := Written(sql); ok {
			got = fmt.Sprintf("%s %s %d", w.Verb, Name(w.Parts), w.At)
			if !strings.Contains(w.Hint(), Name(w.Parts[:1])) {
				t.Errorf("%s: hint %q", sql, w.Hint())
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", sql, got, want)
		}
	}
}
