package discover

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	_ "modernc.org/sqlite"

	"psyberg/functions/meta"
	"psyberg/functions/surface"
	"psyberg/internal/testtables"
	"psyberg/psyberg"
)

func TestMain(m *testing.M) { testtables.Main(m) }

// warehouse is one archive of tables as surface.Tables, which counts what is
// read: locations come from its catalog.db, files below /warehouse from the
// folder it is unpacked in.
type warehouse struct {
	suite, dir string
	locations  map[string]string
	names      []string

	mu   sync.Mutex
	read []string // locations, as they were asked for
}

func openWarehouse(t testing.TB, suite string) *warehouse {
	t.Helper()
	w := &warehouse{suite: suite, dir: testtables.Unpack(t, suite), locations: map[string]string{}}
	db, err := sql.Open("sqlite", filepath.Join(w.dir, "catalog.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`SELECT table_namespace, table_name, metadata_location FROM iceberg_tables`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var ns, name, location string
		if err := rows.Scan(&ns, &name, &location); err != nil {
			t.Fatal(err)
		}
		w.locations[ns+"."+name] = location
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	w.names = slices.Sorted(maps.Keys(w.locations))
	return w
}

func (w *warehouse) Load(ctx context.Context, name string) (*surface.Table, error) {
	base, ref, _ := strings.Cut(strings.TrimPrefix(name, "local."), "@")
	location, ok := w.locations[base]
	if !ok {
		return nil, fmt.Errorf("load table %q: no such table%s", name, meta.Suggest(base, w.names))
	}
	data, err := w.Read(ctx, location, -1)
	if err != nil {
		return nil, err
	}
	m, err := meta.Parse(location, data)
	if err != nil {
		return nil, fmt.Errorf("load table %q: %w", name, err)
	}
	return &surface.Table{Name: base, Ref: ref, Catalog: "local", Location: location, Meta: m, Files: w}, nil
}

func (w *warehouse) List(context.Context, string, []string) ([]surface.ListedTable, error) {
	return nil, nil
}

func (w *warehouse) Read(_ context.Context, location string, _ int64) ([]byte, error) {
	path, err := w.Local(location)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.read = append(w.read, location)
	w.mu.Unlock()
	data, err := os.ReadFile(path)
	if err == nil && bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(z)
	}
	return data, err
}

func (w *warehouse) Local(location string) (string, error) {
	path := "/" + strings.TrimLeft(strings.TrimPrefix(location, "file:"), "/")
	rest, ok := strings.CutPrefix(path, "/warehouse/"+w.suite+"/")
	if !ok {
		return "", fmt.Errorf("location %q is not below /warehouse/%s", location, w.suite)
	}
	return filepath.Join(w.dir, filepath.FromSlash(rest)), nil
}

// manifests returns the manifests and manifest lists read since the last call.
func (w *warehouse) manifests() (manifests, lists []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.read {
		switch name := l[strings.LastIndexByte(l, '/')+1:]; {
		case !strings.HasSuffix(name, ".avro"):
		case strings.HasPrefix(name, "snap-"):
			lists = append(lists, l)
		default:
			manifests = append(manifests, l)
		}
	}
	w.read = nil
	return manifests, lists
}

// usable are the tables of the suite that load; others are there to be refused.
func (w *warehouse) usable(t testing.TB) map[string]*surface.Table {
	t.Helper()
	out := map[string]*surface.Table{}
	for _, name := range w.names {
		if table, err := w.Load(context.Background(), name); err == nil {
			out[name] = table
		}
	}
	if len(out) < 50 {
		t.Fatalf("only %d tables of %s load", len(out), w.suite)
	}
	return out
}

// loaded are tables that were loaded before: for tests that ask the same one
// hundreds of times, and change none.
type loaded map[string]*surface.Table

func (l loaded) Load(_ context.Context, name string) (*surface.Table, error) { return l[name], nil }

func (l loaded) List(context.Context, string, []string) ([]surface.ListedTable, error) {
	return nil, nil
}

// fakeState is a session table and a watermark table in memory.
type fakeState struct {
	sessions   []psyberg.SessionRow
	watermarks []psyberg.WatermarkRow
}

func (s *fakeState) Sessions(_ context.Context, _, process string) ([]psyberg.SessionRow, error) {
	var out []psyberg.SessionRow
	for _, r := range s.sessions {
		if process == "" || r.Process == process {
			out = append(out, r)
		}
	}
	return out, nil
}

func (s *fakeState) Watermarks(_ context.Context, _, process string) ([]psyberg.WatermarkRow, error) {
	var out []psyberg.WatermarkRow
	for _, r := range s.watermarks {
		if process == "" || r.Process == process {
			out = append(out, r)
		}
	}
	return out, nil
}

// sources parses src_tables.
func sources(t testing.TB, text string) []psyberg.SourceName {
	t.Helper()
	s, err := psyberg.ParseSources(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func run(t testing.TB, d Deps, req Request) *Result {
	t.Helper()
	res, err := Run(context.Background(), d, req)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func id(s *psyberg.Snapshot) *psyberg.SnapshotID { return &s.ID }
