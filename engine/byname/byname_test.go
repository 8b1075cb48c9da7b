package byname

import (
	"context"
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
		"from a . b, A.b":            `from iceberg_rows('a.b') AS "b", A.b`,
		"SELECT a.b FROM a.b x, a.b": `SELECT a.b FROM iceberg_rows('a.b') x, iceberg_rows('a.b') AS "b"`,
		"FROM a.b WHERE a.b = 1":     `FROM iceberg_rows('a.b') AS "b" WHERE a.b = 1`,
		"SELECT trim(x FROM a.b), extract(day FROM a.b)": "SELECT trim(x FROM a.b), extract(day FROM a.b)",
		"SELECT x IS NOT DISTINCT FROM a.b":              "SELECT x IS NOT DISTINCT FROM a.b",
		"DELETE FROM a.b":                                "DELETE FROM a.b",
		"INSERT INTO a.b FROM a.b":                       `INSERT INTO a.b FROM iceberg_rows('a.b') AS "b"`,
		"SELECT 'FROM a.b' -- FROM a.b":                  "SELECT 'FROM a.b' -- FROM a.b",
		"FROM a.b(3)":                                    "FROM a.b(3)",
		"FROM a.b.files":                                 `FROM iceberg_files('a.b') AS "files"`,
		"FROM a.b.tag_v1":                                `FROM iceberg_rows('a.b', ref := 'v1') AS "tag_v1"`,
		`FROM a.b."tag_o'x"`:                             `FROM iceberg_rows('a.b', ref := 'o''x') AS "tag_o'x"`,
		`FROM "x.y"."q""r"`:                              `FROM iceberg_rows('"x.y"."q""r"') AS "q""r"`,
		"FROM a.b.files.files":                           "FROM a.b.files.files",
		"FROM a.b.nothing":                               "FROM a.b.nothing",
		"FROM x JOIN a.b USING (i), LATERAL (FROM a.b)":  `FROM x JOIN iceberg_rows('a.b') AS "b" USING (i), LATERAL (FROM iceberg_rows('a.b') AS "b")`,
		"SUMMARIZE a.b":                                  "SUMMARIZE FROM iceberg_rows('a.b')",
		"EXPLAIN ANALYZE FROM a.b":                       `EXPLAIN ANALYZE FROM iceberg_rows('a.b') AS "b"`,
		"COPY a.b TO 'x'":                                "COPY (FROM iceberg_rows('a.b')) TO 'x'",
		"SELECT f(1, a.b), a.b FROM range(a.b)":          "SELECT f(1, a.b), a.b FROM range(a.b)",
		"FROM a.b VERSION AS OF 12 SELECT a.b":           `FROM iceberg_rows('a.b', snapshot_id := 12) AS "b" SELECT a.b`,
	} {
		s := New(sql)
		if _, err := s.Replace(context.Background(), -1, free, known("a.b", `x.y.q"r`)); err != nil {
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
			if o := s.Offset(i); o < 0 || o > len(sql) {
				t.Fatalf("%q: byte %d is %d", sql, i, o)
			}
		}
	})
}
