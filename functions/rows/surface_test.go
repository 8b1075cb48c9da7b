package rows_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"psyberg/engine"
	"psyberg/engine/catalog"
	"psyberg/engine/lex"
	"psyberg/functions"
	"psyberg/functions/rows"
	"psyberg/functions/surface"
	"psyberg/internal/testtables"
)

// startOn opens a session on an archive, read-only.
func startOn(t testing.TB, suite string) *engine.Session {
	t.Helper()
	dir := testtables.Unpack(t, suite)
	s, err := engine.Start(context.Background(), engine.Config{Catalog: catalog.Config{
		URI:      "sqlite:///" + filepath.Join(dir, "catalog.db"),
		PathMaps: []string{"/warehouse/" + suite + "=" + dir},
		Dir:      t.TempDir(), Home: t.TempDir(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// ask returns the rows of a script's last statement, a line each, cells
// divided by bars.
func ask(s *engine.Session, text string) (string, error) {
	script, err := lex.Parse("test", text)
	if err != nil {
		return "", err
	}
	var lines []string
	err = s.Run(context.Background(), script, nil, func(_ lex.Statement, r engine.Rows) error {
		lines = nil
		for r.Next() {
			var cells []string
			for _, v := range r.Row() {
				cells = append(cells, fmt.Sprint(v))
			}
			lines = append(lines, strings.Join(cells, "|"))
		}
		return r.Err()
	})
	return strings.Join(lines, "\n"), err
}

func mustAsk(t testing.TB, s *engine.Session, format string, args ...any) string {
	t.Helper()
	stmt := fmt.Sprintf(format, args...)
	got, err := ask(s, stmt)
	if err != nil {
		t.Fatalf("%s: %v", stmt, err)
	}
	return got
}

// TestFunctionPlansWhatWasCompared: for every retained snapshot of every table
// iceberg_rows plans the very SQL whose rows the conformance tests compare.
func TestFunctionPlansWhatWasCompared(t *testing.T) {
	for _, suite := range []string{"spark", "pyiceberg"} {
		s := startOn(t, suite)
		q := functions.Rows(s.Catalogs())
		planned := 0
		for _, table := range rows.TablesOf(t, suite) {
			name := quoteLast(table)
			for id, want := range rows.PlanOf(t, suite, table) {
				got, err := q.SQL(context.Background(), surface.Args{Positional: []any{name}, Named: map[string]any{"snapshot_id": int64(id)}})
				if err != nil {
					got = err.Error()
				}
				if !strings.HasSuffix(got, want) {
					t.Errorf("%s %s at %d:\n%.1500s\nwant\n%.1500s", suite, table, id, got, want)
				}
				planned++
			}
		}
		if planned < 330 && !t.Failed() {
			t.Errorf("%s: only %d plans", suite, planned)
		}
	}
}

// quoteLast quotes the last level of a name where it is not plain, and says
// which catalog the name is in: the file's own name for it is conf too.
func quoteLast(name string) string {
	i := strings.LastIndexByte(name, '.')
	if strings.ContainsAny(name[i+1:], " -") {
		name = name[:i+1] + `"` + name[i+1:] + `"`
	}
	return "local." + name
}

// TestEveryTableThroughTheSession: every type that the tables have comes
// through to a client, as many rows as are counted.
func TestEveryTableThroughTheSession(t *testing.T) {
	unread := map[string]string{
		"conf.fmt_mixed":      "only Parquet is read",
		"conf.ops_eqdel":      "only Parquet is read",
		"conf.many_manifests": "No files found", // PyIceberg's has metadata only
	}
	for _, suite := range []string{"spark", "pyiceberg"} {
		s := startOn(t, suite)
		read := 0
		for _, table := range rows.TablesOf(t, suite) {
			call := "iceberg_rows('" + quoteLast(table) + "')"
			all, err := ask(s, "FROM "+call)
			if want, ok := unread[table]; ok && err != nil && strings.Contains(err.Error(), want) {
				continue
			}
			if err != nil {
				t.Errorf("%s %s: %v", suite, table, err)
				continue
			}
			n := 0
			if all != "" {
				n = strings.Count(all, "\n") + 1
			}
			// Texts may hold line ends.
			var counted int
			if _, err := fmt.Sscan(mustAsk(t, s, "SELECT count(*) FROM %s", call), &counted); err != nil || n < counted {
				t.Errorf("%s %s: %d rows, %d counted, %v", suite, table, n, counted, err)
			}
			read++
		}
		if read < 50 {
			t.Errorf("%s: only %d tables", suite, read)
		}
	}
}
