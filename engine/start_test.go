package engine

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"psyberg/engine/catalog"
	"psyberg/internal/testtables"
)

func TestMain(m *testing.M) { testtables.Main(m) }

// startOn opens the archive of a suite where it was unpacked, read-only.
func startOn(t testing.TB, suite string) *Session {
	t.Helper()
	dir := testtables.Unpack(t, suite)
	s, err := Start(context.Background(), Config{Catalog: catalog.Config{
		URI:      "sqlite:///" + filepath.Join(dir, "catalog.db"),
		PathMaps: []string{"/warehouse/" + suite + "=" + dir},
		Dir:      t.TempDir(), Home: t.TempDir(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// TestStart: the functions on the tables of both engines, through SQL.
func TestStart(t *testing.T) {
	t.Parallel()
	for suite, want := range map[string]string{
		"spark":     "12|12",
		"pyiceberg": "5|5",
	} {
		s := startOn(t, suite)
		got := mustAsk(t, s, "SELECT count(*), count(snapshot_id) FROM iceberg_snapshots('life.signup_fact')")
		if got != want {
			t.Errorf("%s: %s snapshots, want %s", suite, got, want)
		}
		_, err := ask(s, "FROM iceberg_snapshots('life.signup_fct')")
		if err == nil || !strings.Contains(err.Error(), "signup_fact") {
			t.Errorf("%s: unknown table: %v", suite, err)
		}
		if s.Catalogs() == nil {
			t.Error("no catalogs")
		}
	}
}
