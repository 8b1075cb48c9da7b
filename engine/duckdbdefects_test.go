package engine

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"psyberg/engine/bridge"
)

// duckdbDefects is what DuckDB 1.5.5, or its Go driver, does that psyql has a
// way around, or a known limit from. Each shows it: false is that it is gone,
// and the way around with it may go, as may its line in the README.
var duckdbDefects = []struct {
	name, around string
	there        func(t *testing.T, s *Session) (bool, string)
}{
	{"object stores need an extension that is not linked in", "README, known limits", needsHTTPFS},
	{"one syntax error rejects a whole script", "lex.Parse splits", scriptRejected},
	{"a parser's error has text before its JSON", "bridge/error.go", textBeforeJSON},
	{"names of four parts are no tables", "engine/byname: Deep", fourParts},
	{"a statement of letters that are not ASCII is none, without an error", "Session: no statement in the text", lettersIgnored},
	{"read_parquet finds members of a struct by name, not by field id", "functions/rows: needFooters", membersByName},
	{"there is no STRUCT without members", "functions/filecolumns.go", emptyStruct},
	{"there is no type of nanoseconds with a zone", "functions/rows/types.go, engine/write", noZonedNanos},
	{"table functions take no subquery", "getvariable() in scripts", noSubquery},
}

// TestDuckDBDefects fails where one is mended.
func TestDuckDBDefects(t *testing.T) {
	for _, d := range duckdbDefects {
		t.Run(d.name, func(t *testing.T) {
			there, saw := d.there(t, openSession(t, Options{}))
			if !there {
				t.Errorf("DuckDB is mended (%s): look whether %s can go", saw, d.around)
			}
			t.Log(saw)
		})
	}
	t.Logf("%d defects", len(duckdbDefects))
}

// fails asks for something, and whether it failed with words.
func fails(s *Session, stmt string, words ...string) (bool, string) {
	got, err := ask(s, stmt)
	if err == nil {
		return false, got
	}
	for _, w := range words {
		if !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(w)) {
			return false, err.Error()
		}
	}
	return true, err.Error()
}

func needsHTTPFS(_ *testing.T, s *Session) (bool, string) {
	return fails(s, "FROM read_parquet('s3://bucket/a.parquet')", "httpfs")
}

func scriptRejected(t *testing.T, s *Session) (bool, string) {
	if n, err := bridge.Statements(s.main.native, "SELECT 1; SELECT 2"); n != 2 || err != nil {
		t.Fatalf("%d statements, %v", n, err)
	}
	n, err := bridge.Statements(s.main.native, "SELECT 1; SELEC 2; SELECT 3")
	return err != nil, fmt.Sprint(n, " statements, ", err)
}

func textBeforeJSON(t *testing.T, _ *Session) (bool, string) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("SET errors_as_json = true"); err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec("SELEC 2")
	if err == nil || !strings.Contains(err.Error(), "{") {
		t.Fatalf("no JSON: %v", err)
	}
	return !strings.HasPrefix(err.Error(), "{"), err.Error()
}

func fourParts(_ *testing.T, s *Session) (bool, string) {
	return fails(s, "FROM a.b.c.d", "parser error")
}

func lettersIgnored(t *testing.T, s *Session) (bool, string) {
	if _, err := ask(s, "é"); err == nil {
		t.Fatal("psyql takes it for a statement")
	}
	n, err := bridge.Statements(s.main.native, "SELECT 1; é")
	return n == 1 && err == nil, fmt.Sprint(n, " statements, ", err)
}

func membersByName(t *testing.T, s *Session) (bool, string) {
	file := filepath.Join(t.TempDir(), "f.parquet")
	mustAsk(t, s, "COPY (SELECT 5 AS c, {'old': 7} AS s) TO '"+file+"' (FORMAT parquet, FIELD_IDS {c: 1, s: {__duckdb_field_id: 2, old: 3}})")
	got, err := ask(s, "SELECT renamed, s FROM read_parquet('"+file+"', schema = MAP {1: {name: 'renamed', type: 'INTEGER', default_value: NULL}, 2: {name: 's', type: 'STRUCT(\"new\" INTEGER)', default_value: NULL}})")
	return err != nil || !strings.Contains(got, "7"), fmt.Sprint(got, " ", err)
}

func emptyStruct(_ *testing.T, s *Session) (bool, string) {
	return fails(s, "SELECT NULL::STRUCT()")
}

func noZonedNanos(_ *testing.T, s *Session) (bool, string) {
	return fails(s, "SELECT now()::TIMESTAMPTZ_NS", "does not exist")
}

func noSubquery(_ *testing.T, s *Session) (bool, string) {
	return fails(s, "FROM read_parquet((SELECT 'a.parquet'))", "subquer")
}
