package suite

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"sync"
	"testing"

	"psyberg/benchmarks/tables"
	"psyberg/engine/catalog"
	"psyberg/functions"
	"psyberg/functions/discover"
	"psyberg/functions/surface"
)

// counting are tables that remember which files were read.
type counting struct {
	surface.Tables
	mu   sync.Mutex
	read map[string]int
}

func (c *counting) Load(ctx context.Context, name string) (*surface.Table, error) {
	t, err := c.Tables.Load(ctx, name)
	if err != nil {
		return nil, err
	}
	counted := *t
	counted.Files = countedFiles{t.Files, c}
	return &counted, nil
}

type countedFiles struct {
	surface.Files
	of *counting
}

func (f countedFiles) Read(ctx context.Context, location string, size int64) ([]byte, error) {
	f.of.mu.Lock()
	f.of.read[filepath.Base(location)]++
	f.of.mu.Unlock()
	return f.Files.Read(ctx, location, size)
}

// TestQ3OpensTheWindowsManifests: what the last ten snapshots added is read out
// of the last one's list and the manifests that they added, each once, however
// much older data there is.
func TestQ3OpensTheWindowsManifests(t *testing.T) {
	t.Parallel()
	for _, c := range []tables.Config{tables.T4(1000, 1), tables.T4(1000, 10), tables.T2(100)} {
		table, err := tables.Ensure(t.Context(), t.TempDir(), c)
		if err != nil {
			t.Fatal(err)
		}
		catalogs, err := catalog.Open(t.Context(), catalog.Config{Dir: t.TempDir(), Home: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		defer catalogs.Close()
		counted := &counting{Tables: catalogs, read: map[string]int{}}
		rows := int64(0)
		for _, f := range functions.Psyberg(discover.Deps{Tables: counted}) {
			if f.Name == "psyberg_new_partitions" {
				rows = countRows(t, f, table)
			}
		}
		if rows == 0 {
			t.Fatalf("%s: no partitions", c.Name)
		}
		n := len(table.Snapshots)
		want := map[string]bool{}
		want[filepath.Base(table.Lists[n-1])] = true
		for _, m := range table.Manifests[len(table.Manifests)-10:] { // the newest ten, one a snapshot
			want[filepath.Base(m)] = true
		}
		if len(want) != 11 || len(counted.read) != len(want) {
			t.Errorf("%s, %d manifests: %d files read, want %d: %v", c.Name, c.Manifests(), len(counted.read), len(want), counted.read)
		}
		for name, times := range counted.read {
			if !want[name] || times != 1 {
				t.Errorf("%s: %s is read %d times", c.Name, name, times)
			}
		}
	}
}

func countRows(t *testing.T, f *surface.Function, table *tables.Table) (rows int64) {
	t.Helper()
	n := len(table.Snapshots)
	rel, err := f.Bind(t.Context(), surface.Args{Positional: []any{table.Metadata + "|event_ts"},
		Named: map[string]any{"from_snapshot_id": table.Snapshots[n-11], "to_snapshot_id": table.Snapshots[n-1]}})
	if err != nil {
		t.Fatal(err)
	}
	scan, err := rel.Open(t.Context(), []int{0})
	if err != nil {
		t.Fatal(err)
	}
	defer scan.Close()
	for {
		batch, err := scan.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		rows += batch.NumRows()
		batch.Release()
	}
}
