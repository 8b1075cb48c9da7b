package engine

import (
	"context"
	"strings"
	"testing"

	"psyberg/engine/byname"
	"psyberg/engine/catalog"
)

// TestTablesByName: every way to write a name gives what the call gives.
func TestTablesByName(t *testing.T) {
	t.Parallel()
	s := startOn(t, "spark")
	rows := mustAsk(t, s, "SELECT count(*) FROM iceberg_rows('life.signup_fact')")
	snapshots := mustAsk(t, s, "SELECT count(*) FROM iceberg_snapshots('life.signup_fact')")
	first := mustAsk(t, s, "SELECT min(snapshot_id) FROM (SELECT snapshot_id FROM iceberg_snapshots('life.signup_fact') ORDER BY sequence_number LIMIT 1)")
	at := mustAsk(t, s, "SELECT count(*) FROM iceberg_rows('life.signup_fact', snapshot_id := "+first+")")
	if rows == "0" || snapshots != "12" || rows == at {
		t.Fatalf("the table is not what this test needs: %s rows, %s at first", rows, at)
	}
	for query, want := range map[string]string{
		"SELECT count(*) FROM life.signup_fact":                                                                   rows,
		"SELECT count(*) FROM local.life.signup_fact":                                                             rows,
		`SELECT count(*) FROM "life"."signup_fact" WHERE true`:                                                    rows,
		"SELECT count(signup_fact) FROM life.signup_fact":                                                         rows,
		"SELECT count(*) FROM life.signup_fact AS x WHERE x IS NOT NULL":                                          rows,
		"SELECT count(*) FROM life.signup_fact x WHERE x IS NOT NULL":                                             rows,
		"SELECT count(*) FROM life.signup_fact.snapshots":                                                         snapshots,
		"SELECT count(*) FROM local.life.signup_fact.snapshots":                                                   snapshots,
		"SELECT count(snapshots.snapshot_id) FROM life.signup_fact.snapshots":                                     snapshots,
		"SELECT sum(record_count) = " + rows + " FROM life.signup_fact.data_files":                                "true",
		"SELECT sum(record_count) = " + rows + " FROM life.signup_fact.partitions":                                "true",
		"SELECT count(*) FROM range(1) r, local.life.signup_fact.snapshots s, life.signup_fact.refs":              snapshots,
		"SELECT count(*) FROM (life.signup_fact.snapshots JOIN range(1) ON true)":                                 snapshots,
		"WITH q AS (FROM life.signup_fact) SELECT count(*) FROM q":                                                rows,
		"SELECT (SELECT count(*) FROM life.signup_fact)":                                                          rows,
		"SELECT count(*) FROM life.signup_fact VERSION AS OF " + first:                                            at,
		"SELECT count(*) FROM life.signup_fact FOR VERSION AS OF 'main' x":                                        rows,
		"SELECT count(*) FROM life.signup_fact AT (VERSION => " + first + ") AS x":                                at,
		"SELECT count(*) FROM life.signup_fact TIMESTAMP AS OF '2099-01-01'":                                      rows,
		"SELECT count(*) FROM life.signup_fact.snapshot_id_" + first:                                              at,
		"SELECT count(*) FROM life.signup_fact.branch_main":                                                       rows,
		"SELECT count(*) > 3 FROM (DESCRIBE life.signup_fact)":                                                    "true",
		"SELECT count(*) FROM (TABLE life.signup_fact)":                                                           rows,
		"SELECT count(*) FROM (PIVOT life.signup_fact.snapshots ON operation USING count(*))":                     snapshots,
		"SELECT count(*) FROM life.signup_fact.snapshots a JOIN life.signup_fact.snapshots b USING (snapshot_id)": snapshots,
		"SELECT count(*) FROM (SELECT 1 WHERE EXISTS (FROM life.signup_fact))":                                    "1",
		"SELECT count(life.signup_fact.customer_id) FROM life.signup_fact":                                        rows,
		"SELECT count(*) FROM local.life.signup_fact WHERE life.signup_fact.customer_id IS NOT NULL":              rows,
		"SELECT snapshot_id IS DISTINCT FROM life.x FROM (SELECT 1 AS snapshot_id, {'x': 1} AS life)":             "false",
	} {
		got, err := ask(s, query)
		if err != nil || got != want {
			t.Errorf("%s: %s, want %s (%v)", query, got, want, err)
		}
	}
	mustAsk(t, s, "CREATE VIEW mine AS FROM life.signup_fact")
	if got := mustAsk(t, s, "SELECT count(*) FROM mine"); got != rows {
		t.Errorf("through a view: %s rows, want %s", got, rows)
	}
	if got := mustAsk(t, s, "DESCRIBE life.signup_fact"); !strings.Contains(got, "BIGINT") {
		t.Errorf("DESCRIBE: %s", got)
	}
	if got := mustAsk(t, s, "SUMMARIZE life.signup_fact"); strings.Count(got, "\n") < 2 {
		t.Errorf("SUMMARIZE: %s", got)
	}
	out := t.TempDir() + "/rows.csv"
	if got := mustAsk(t, s, "COPY life.signup_fact TO '"+out+"'"); got != rows && got != "" {
		t.Errorf("COPY: %s", got)
	}
}

// TestDuckDBsOwnNamesWin: a table of DuckDB's own hides one of a catalog, and
// only that one.
func TestDuckDBsOwnNamesWin(t *testing.T) {
	t.Parallel()
	s := startOn(t, "spark")
	mustAsk(t, s, "CREATE SCHEMA life")
	mustAsk(t, s, "CREATE TABLE life.signup_fact AS SELECT 42 AS x")
	if got := mustAsk(t, s, "SELECT x FROM life.signup_fact"); got != "42" {
		t.Errorf("own table: %s", got)
	}
	got := mustAsk(t, s, "SELECT (SELECT x FROM life.signup_fact), count(*) > 1 FROM life.raw_signups")
	if got != "42|true" {
		t.Errorf("own table beside one of the catalog: %s", got)
	}
}

// TestMissingName: errors stand where the statement has them, and suggest.
func TestMissingName(t *testing.T) {
	t.Parallel()
	s := startOn(t, "spark")
	for stmt, want := range map[string]struct {
		text string
		at   int
	}{
		"FROM life.signup_fct":                                      {"life.signup_fact", 5},
		"FROM life.signup_fact WHERE accont_id = 1":                 {"accont_id", 28},
		"SELECT nope FROM life.signup_fact":                         {"nope", 7},
		"FROM life.signup_fact s JOIN life.nothing_like_it USING x": {"", -2},
		"SELECT 1 FROM signup_fact":                                 {"!\nDid you mean life.signup_fact", 14},
		"CREATE TABLE signup_facts (i INT); FROM sign_up_fact":      {"!\nDid you mean life.signup_fact, signup_facts?", 40},
		"FROM pg_clas":            {"Did you mean \"pg_class\"?", 5},
		"FROM life.signup_fact.*": {"The rows of a table are FROM life.signup_fact,", 22},
		"FROM life.signup-fact":   {`in quotes: life."signup-fact"`, 16},
		"SELECT 'ä' FROM iceberg_files('life.signup_fact', bound := ['x'])":                     {"no argument bound\nDid you mean bounds?", 51},
		"FROM life.signup_fact, iceberg_files('life.signup_fact', bounds := [('x')], zzz => 1)": {"no argument zzz\nIts named arguments are all_snapshots", 76},
		"FROM iceberg_files('life.signup_fact', 1, 2, 3, 4, 5, 6, 7, 8)":                        {"Candidate macros", 5},
		"INSERT INTO life.signup_fact VALUES (1)":                                               {"does not write to", 12},
		"DELETE FROM life.signup_fact":                                                          {"does not write to", 12},
	} {
		_, err := ask(s, stmt)
		if err == nil || !strings.Contains(err.Error(), want.text) {
			t.Errorf("%s: %v, want %q in it", stmt, err, want.text)
			continue
		}
		if at := errorOffset(err); want.at != -2 && at != want.at {
			t.Errorf("%s: at byte %d, want %d (%v)", stmt, at, want.at, err)
		}
	}
}

// TestFollowsAreDuckDBsWords: what may stand behind a table and is no alias.
func TestFollowsAreDuckDBsWords(t *testing.T) {
	t.Parallel()
	s := startOn(t, "spark")
	all := mustAsk(t, s, "SELECT keyword_name, keyword_category IN ('reserved', 'type_function') FROM duckdb_keywords()")
	for line := range strings.Lines(all) {
		word, follows, _ := strings.Cut(strings.TrimSpace(line), "|")
		if got := byname.Follows(word); got != (follows == "true") {
			t.Errorf("%s: follows %v, want %s", word, got, follows)
		}
	}
}

// TestNamesCostNothing: a statement that DuckDB knows never asks a catalog.
func TestNamesCostNothing(t *testing.T) {
	t.Parallel()
	s, err := Start(context.Background(), Config{Catalog: catalog.Config{URI: "postgresql://nobody@127.0.0.1:1/none", Dir: t.TempDir(), Home: t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := mustAsk(t, s, "SELECT 1"); got != "1" {
		t.Error(got)
	}
	if _, err := ask(s, "FROM life.signup_fact"); err == nil || !strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("a catalog that is away: %v", err)
	}
}

// TestWritesSayWhatToDo: SQL's own statements cannot write to Iceberg tables, and
// say what can.
func TestWritesSayWhatToDo(t *testing.T) {
	t.Parallel()
	s := startOn(t, "spark")
	for query, want := range map[string]string{
		"INSERT INTO life.signup_fact VALUES (1)":              "COPY (query) TO 'life.signup_fact' (FORMAT iceberg)",
		"INSERT INTO life.signup_fact FROM life.plan_fact":     "COPY (query) TO 'life.signup_fact' (FORMAT iceberg)",
		"UPDATE life.signup_fact SET country = 'x'":            "MODE 'overwrite'",
		"DELETE FROM local.life.signup_fact WHERE true":        "COPY (query) TO 'local.life.signup_fact'",
		"TRUNCATE life.signup_fact":                            "MODE 'overwrite'",
		"DROP TABLE life.signup_fact":                          "DROP TABLE life.signup_fact USING iceberg",
		" drop table IF EXISTS life.signup_fact":               "DROP TABLE life.signup_fact USING iceberg",
		"ALTER TABLE IF EXISTS life.signup_fact RENAME x TO y": "psyql does not change schemas",
		"ALTER TABLE life.signup_fact ADD COLUMN x INT":        "psyql does not change schemas",
		"CREATE TABLE life.fresh AS SELECT 1 AS x":             "CREATE TABLE life.fresh (...) USING iceberg",
		"CREATE VIEW life.fresh AS FROM life.signup_fact":      "a view is DuckDB's own",
		"FROM life.signup_fact.snapshotz":                      "Did you mean life.signup_fact.snapshots?",
		"SELECT 1 FROM range(1) r, life.signup_fact.nix":       "has no metadata table nix",
		"FROM life.signup_fct":                                 "Did you mean life.signup_fact?",
		"SELECT s.nix FROM life.signup_fact s":                 "nix",
		"SELECT life.signup_fact.nix FROM life.signup_fact":    "nix",
		"INSERT INTO nothing.here VALUES (1)":                  "nothing",
	} {
		_, err := ask(s, query)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: no %q in %v", query, want, err)
		}
		if own := strings.Contains(query, "nothing.here"); own && err != nil && strings.Contains(err.Error(), "COPY") {
			t.Errorf("%s: a hint for what is no table of ours: %v", query, err)
		}
	}
	for _, query := range []string{"DROP TABLE IF EXISTS life.nix", "DROP TABLE IF EXISTS main.signup_fact", "DROP TABLE IF EXISTS signup_fact"} {
		if _, err := ask(s, query); err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}
}
