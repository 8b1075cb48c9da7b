package engine

import (
	"context"
	"strings"
	"testing"

	"psyberg/engine/lex"
)

// TestCheckRunsNothing: whatever a script does, nothing of it has happened after
// its check, and its right statements are accepted.
func TestCheckRunsNothing(t *testing.T) {
	ctx := context.Background()
	s, err := Open(ctx, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Exec(ctx, "CREATE TABLE kept AS SELECT 1 AS x"); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"INSERT INTO kept VALUES (2)", "DELETE FROM kept", "DROP TABLE kept", "ALTER TABLE kept ADD COLUMN y INT; SELECT y FROM kept",
		"CREATE TABLE made (y INT); INSERT INTO made VALUES (1); SELECT y FROM made", "CREATE OR REPLACE TEMP TABLE m2 AS (SELECT x AS z FROM kept); SELECT z FROM m2",
		"CREATE VIEW v AS SELECT error('runs') AS e; SELECT e FROM v", "SET VARIABLE a = (SELECT error('runs'))", "SELECT error('runs')",
		"BEGIN; UPDATE kept SET x = 5; COMMIT", "CREATE MACRO m(a) AS a + 1; SELECT m(1)", "PIVOT kept ON x USING count(*)",
		"CREATE TABLE n AS WITH q AS (SELECT 1 AS a) SELECT a FROM q; SELECT a + 1 FROM n", "ATTACH 'made.db'; DETACH made", "EXPLAIN SELECT 1",
		"CREATE SCHEMA sc; CREATE TABLE sc.t AS FROM kept; FROM sc.t SELECT x", "SELECT 1; -- end",
	} {
		script, err := lex.Parse("f.sql", text)
		if err != nil {
			t.Fatal(err)
		}
		if skipped, err := s.Check(ctx, script, nil); err != nil || len(skipped) > 0 {
			t.Errorf("%s: %v, skipped %v", text, err, skipped)
		}
		rows, err := s.Query(ctx, "SELECT string_agg(table_name, ',') || ' ' || (SELECT sum(x) FROM kept) FROM duckdb_tables()")
		if err != nil || !rows.Next() || rows.Row()[0] != "kept 1" {
			t.Fatalf("%s: it ran: %v %v", text, rows, err)
		}
		rows.Close()
	}
}

// TestCheckFindsWhatIsWrong: at its place, also behind tables that the script makes.
func TestCheckFindsWhatIsWrong(t *testing.T) {
	ctx := context.Background()
	s, err := Open(ctx, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for text, want := range map[string]string{
		"SELECT 1;\nSELEC 2": "f.sql:2:1: Parser Error",
		"CREATE TABLE t AS SELECT 1 AS a;\nSELECT b FROM t":              `f.sql:2:8: Binder Error: Referenced column "b"`,
		"CREATE TABLE a.t (x INT) USING iceberg;\nFROM a.t;\nSELECT nix": `f.sql:3:8: Binder Error: Referenced column "nix"`,
		"SELECT $v, nix": `f.sql:1:12: Binder Error: Referenced column "nix"`,
		"COPY (SELECT nix) TO 'a.t' (FORMAT iceberg)":                       `f.sql:1:14: Binder Error: Referenced column "nix"`,
		"COPY (SELECT 1) TO 'a.t' (FORMAT iceberg, NONSENSE 1)":             "f.sql:1:43: ",
		"COPY (SELECT 1 AS a) TO 'a.t' (FORMAT iceberg, WAP_ID 'a' || nix)": "f.sql:1:62: ",
	} {
		script, err := lex.Parse("f.sql", text)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Check(ctx, script, lex.Vars{"v": {Text: "a long text in place of two letters"}})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s:\n%v\nwant %s", text, err, want)
		}
	}
}
