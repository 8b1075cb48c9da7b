package engine

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"psyberg/engine/catalog"
	"psyberg/engine/lex"
	"psyberg/internal/testtables"
)

// life is a session on a copy of the life namespace that a test may write to.
type life struct {
	*Session
	t   testing.TB
	dir string
}

func openLife(t testing.TB, suite string) *life {
	t.Helper()
	dir := testtables.Copy(t, suite, "life")
	return &life{reopen(t, dir), t, dir}
}

func reopen(t testing.TB, dir string) *Session {
	t.Helper()
	s, err := Start(context.Background(), Config{Version: "test", Log: slog.New(slog.DiscardHandler), Catalog: catalog.Config{
		URI: "sqlite:///" + filepath.Join(dir, "catalog.db"), Dir: dir, Home: dir,
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// ask runs a statement; $name stands for vars, given as name, value, ...
func (l *life) ask(stmt string, vars ...string) string {
	l.t.Helper()
	got, err := l.try(stmt, vars...)
	if err != nil {
		l.t.Fatalf("%s %v: %v", stmt, vars, err)
	}
	return got
}

func (l *life) try(stmt string, vars ...string) (string, error) {
	script, err := lex.Parse("life.sql", stmt)
	if err != nil {
		return "", err
	}
	bound := lex.Vars{}
	for i := 0; i+1 < len(vars); i += 2 {
		bound[vars[i]] = lex.Value{Text: vars[i+1]}
	}
	var got string
	err = l.Run(context.Background(), script, bound, func(_ lex.Statement, rows Rows) (err error) {
		got, err = text(rows)
		return err
	})
	return got, err
}

// want compares the rows of a statement.
func (l *life) want(want, stmt string, vars ...string) {
	l.t.Helper()
	if got := l.ask(stmt, vars...); got != want {
		l.t.Errorf("%s %v:\ngot  %s\nwant %s", stmt, vars, got, want)
	}
}

// arrived sets the branch "arrived" of a source: how far the test's time has
// come. The n-th snapshot counts from 1, in the order of their sequence numbers.
func (l *life) arrived(table string, n int) {
	l.t.Helper()
	id := l.ask(fmt.Sprintf("SELECT snapshot_id FROM iceberg_snapshots($t) ORDER BY sequence_number LIMIT 1 OFFSET %d", n-1), "t", table)
	db, err := sql.Open("sqlite", filepath.Join(l.dir, "catalog.db"))
	if err != nil {
		l.t.Fatal(err)
	}
	defer db.Close()
	ns, name, _ := strings.Cut(table, ".")
	var location string
	if err := db.QueryRow("SELECT metadata_location FROM iceberg_tables WHERE table_namespace = ? AND table_name = ?", ns, name).Scan(&location); err != nil {
		l.t.Fatal(err)
	}
	b, err := os.ReadFile(strings.TrimPrefix(location, "file:"))
	if err != nil {
		l.t.Fatal(err)
	}
	var meta map[string]any
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if err := dec.Decode(&meta); err != nil {
		l.t.Fatal(err)
	}
	meta["refs"].(map[string]any)["arrived"] = map[string]any{"snapshot-id": json.Number(id), "type": "branch"}
	if b, err = json.Marshal(meta); err != nil {
		l.t.Fatal(err)
	}
	moved := filepath.Join(filepath.Dir(location), fmt.Sprintf("%05d-00000000-0000-4000-8000-000000000000.metadata.json", 100+n))
	if err := os.WriteFile(strings.TrimPrefix(moved, "file:"), b, 0o644); err != nil {
		l.t.Fatal(err)
	}
	if _, err := db.Exec("UPDATE iceberg_tables SET metadata_location = ? WHERE metadata_location = ?", moved, location); err != nil {
		l.t.Fatal(err)
	}
}

const (
	initSQL = `SELECT source_table, verdict, status, changed_files, changed_records FROM psyberg_init(process_name := $p, src_tables := $src, psyberg_session_id := $s,
		psyberg_hwm_table := 'etl.high_water_mark', psyberg_session_table := 'etl.psyberg_session_f', etl_pattern_id := $pattern)`
	publishSQL = "SELECT method, status, done_before FROM psyberg_publish($target, $s, $p, $s, 'etl.psyberg_session_f')"
	commitSQL  = "CALL psyberg_commit($p, $s, 'etl.psyberg_session_f', 'etl.high_water_mark')"
)

// TestLifeStateless: signups batch by batch; the batch of hour 6 has events of
// hours 3 and 4. Every row of the source is in the target once.
func TestLifeStateless(t *testing.T) {
	t.Parallel()
	l := openLife(t, "spark")
	const src = "life.signup_fact@arrived|event_ts"
	load := func(session string) {
		t.Helper()
		l.ask(`SET VARIABLE files = (SELECT list(file_path ORDER BY file_path) FROM psyberg_files($src, process_name := 'signups', session_id := $s,
			session_table := 'etl.psyberg_session_f') WHERE change = 'ADDED' AND content = 'DATA')`, "src", src, "s", session)
		l.ask(`COPY (FROM iceberg_rows('life.signup_fact@arrived', files := getvariable('files'))) TO 'life.signups'
			(FORMAT iceberg, WAP_ID $s, CREATE_TABLE true, PARTITION_BY 'landing_date, hour')`, "s", session)
	}
	same := func() {
		t.Helper()
		l.want("0", `SELECT count(*) FROM ((FROM iceberg_rows('life.signup_fact@arrived') EXCEPT ALL FROM iceberg_rows('life.signups'))
			UNION ALL (FROM iceberg_rows('life.signups') EXCEPT ALL FROM iceberg_rows('life.signup_fact@arrived')))`)
	}
	vars := func(session string) []string {
		return []string{"src", src, "p", "signups", "pattern", "1", "target", "life.signups", "s", session}
	}

	l.arrived("life.signup_fact", 10)
	l.want("life.signup_fact|FIRST_RUN|READY|10|32", initSQL, vars("s1")...)
	load("s1")
	l.want("fast-forward|PUBLISHED|false", publishSQL, vars("s1")...)
	l.ask(commitSQL, vars("s1")...)
	same()

	l.arrived("life.signup_fact", 12)
	l.want("life.signup_fact|OK|READY|2|9", initSQL, vars("s2")...)
	l.want("life.signup_fact|OK|READY|2|9", initSQL, vars("s2")...) // again: as recorded
	load("s2")
	load("s2") // a second COPY finds the staged snapshot
	l.want("32", "SELECT count(*) FROM iceberg_rows('life.signups')")
	l.want("41", "SELECT count(*) FROM iceberg_rows('life.signups', wap_id := 's2')")
	l.want("fast-forward|PUBLISHED|false", publishSQL, vars("s2")...)
	l.want("already-published|PUBLISHED|true", publishSQL, vars("s2")...)
	l.ask(commitSQL, vars("s2")...)
	l.ask(commitSQL, vars("s2")...)
	same()

	l.want("life.signup_fact|UP_TO_DATE|NOTHING_TO_DO|0|0", initSQL, vars("s3")...)
	l.ask(commitSQL, vars("s3")...)
	l.want("true", `SELECT hwm_snapshot_id = (SELECT snapshot_id FROM iceberg_refs('life.signup_fact') WHERE name = 'arrived')
		FROM iceberg_rows('etl.high_water_mark')`)
}
