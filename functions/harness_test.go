package functions

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	_ "modernc.org/sqlite"

	"psyberg/functions/meta"
	"psyberg/functions/surface"
	"psyberg/internal/testtables"
)

func TestMain(m *testing.M) { testtables.Main(m) }

// warehouse is one archive of tables as surface.Tables: locations come from
// its catalog.db, files below /warehouse from the folder it is unpacked in.
type warehouse struct {
	suite     string
	dir       string // of the suite: what /warehouse/<suite> maps to
	locations map[string]string
	names     []string

	mu     sync.Mutex
	opened map[string]int // file name -> times read
	parsed map[string]*meta.Metadata
}

func openWarehouse(t testing.TB, suite string) *warehouse {
	t.Helper()
	w := &warehouse{suite: suite, dir: testtables.Unpack(t, suite), locations: map[string]string{}, opened: map[string]int{}, parsed: map[string]*meta.Metadata{}}
	db, err := sql.Open("sqlite", filepath.Join(w.dir, "catalog.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`SELECT table_namespace, table_name, metadata_location FROM iceberg_tables ORDER BY 1, 2`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var ns, name, location string
		if err := rows.Scan(&ns, &name, &location); err != nil {
			t.Fatal(err)
		}
		full := ns + "." + quoteLevel(name)
		w.names = append(w.names, full)
		w.locations[full] = location
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *warehouse) Load(ctx context.Context, name string) (*surface.Table, error) {
	base, ref, _ := strings.Cut(name, "@")
	location, ok := w.locations[base]
	if !ok {
		return nil, fmt.Errorf("load table %q: no such table%s", name, meta.Suggest(base, w.names))
	}
	w.mu.Lock()
	m := w.parsed[base]
	w.mu.Unlock()
	if m == nil {
		data, err := w.Read(ctx, location, -1)
		if err != nil {
			return nil, err
		}
		if m, err = meta.Parse(location, data); err != nil {
			return nil, fmt.Errorf("load table %q: %w", name, err)
		}
		w.mu.Lock()
		w.parsed[base] = m
		w.mu.Unlock()
	}
	return &surface.Table{Name: base, Ref: ref, Catalog: "test", Location: location, Meta: m, Files: w}, nil
}

func (w *warehouse) List(_ context.Context, _ string, namespace []string) ([]surface.ListedTable, error) {
	var out []surface.ListedTable
	for _, n := range w.names {
		levels, err := splitLevels(n)
		if err != nil {
			return nil, err
		}
		ns := levels[:len(levels)-1]
		if len(namespace) <= len(ns) && quoteLevels(ns[:len(namespace)]...) == quoteLevels(namespace...) {
			out = append(out, surface.ListedTable{Catalog: "test", Namespace: ns, Name: levels[len(levels)-1], MetadataLocation: w.locations[n]})
		}
	}
	return out, nil
}

func (w *warehouse) Read(_ context.Context, location string, _ int64) ([]byte, error) {
	path, err := w.Local(location)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.opened[filepath.Base(path)]++
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
	path := strings.TrimPrefix(location, "file:")
	path = "/" + strings.TrimLeft(path, "/")
	rest, ok := strings.CutPrefix(path, "/warehouse/"+w.suite+"/")
	if !ok {
		return "", fmt.Errorf("location %q is not below /warehouse/%s", location, w.suite)
	}
	return filepath.Join(w.dir, filepath.FromSlash(rest)), nil
}

// manifestsRead forgets what was read before and returns how many Avro files
// other than manifest lists fn read.
func (w *warehouse) manifestsRead(fn func()) (n int) {
	w.mu.Lock()
	clear(w.opened)
	w.mu.Unlock()
	fn()
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, times := range w.opened {
		if strings.HasSuffix(name, ".avro") && !strings.HasPrefix(name, "snap-") {
			n += times
		}
	}
	return n
}

// find returns a function of the list.
func find(t testing.TB, tables surface.Tables, name string) *surface.Function {
	t.Helper()
	for _, f := range All(tables) {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no function %s", name)
	return nil
}

// named builds arguments: the table, then name and value pairs.
func named(table string, pairs ...any) surface.Args {
	a := surface.Args{Positional: []any{table}, Named: map[string]any{}}
	for i := 0; i < len(pairs); i += 2 {
		a.Named[pairs[i].(string)] = pairs[i+1]
	}
	return a
}

// call runs a function and returns its rows, decoded as canon does.
func call(t testing.TB, tables surface.Tables, function string, args surface.Args) []map[string]any {
	t.Helper()
	rows, err := tryCall(find(t, tables, function), args)
	if err != nil {
		t.Fatalf("%s%v: %v", function, args.Positional, err)
	}
	return rows
}

func tryCall(f *surface.Function, args surface.Args, only ...string) ([]map[string]any, error) {
	ctx := context.Background()
	rel, err := f.Bind(ctx, args)
	if err != nil {
		return nil, err
	}
	var columns []int
	for i, field := range rel.Schema.Fields() {
		for _, name := range only {
			if field.Name == name {
				columns = append(columns, i)
			}
		}
		if len(only) == 0 {
			columns = append(columns, i)
		}
	}
	scan, err := rel.Open(ctx, columns)
	if err != nil {
		return nil, err
	}
	defer scan.Close()
	var rows []map[string]any
	for {
		batch, err := scan.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		for i := range int(batch.NumRows()) {
			row := map[string]any{}
			for c := range columns {
				field := rel.Schema.Field(columns[c])
				if !batch.Schema().Field(c).Equal(field) {
					return nil, fmt.Errorf("column %d of the batch is %v, the relation says %v", c, batch.Schema().Field(c), field)
				}
				row[field.Name] = canon(batch.Column(c), i)
			}
			rows = append(rows, row)
		}
		batch.Release()
	}
	if rel.Rows >= 0 && rel.Rows != int64(len(rows)) {
		return nil, fmt.Errorf("%d rows were announced, %d came", rel.Rows, len(rows))
	}
	return rows, nil
}

// jsonLines reads a file of one JSON object a line, gzipped or not; none
// where the file is absent.
func jsonLines(t testing.TB, path string) []map[string]any {
	t.Helper()
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		if data, err = os.ReadFile(path + ".gz"); os.IsNotExist(err) {
			return nil
		}
		if err == nil {
			var z *gzip.Reader
			if z, err = gzip.NewReader(bytes.NewReader(data)); err == nil {
				data, err = io.ReadAll(z)
			}
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]any
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		d.UseNumber()
		var row map[string]any
		if err := d.Decode(&row); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		out = append(out, row)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func jsonList(t testing.TB, path string) []map[string]any {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var out []map[string]any
	if err := d.Decode(&out); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return out
}

// namedOnly builds arguments of a function without a table.
func namedOnly(pairs ...any) surface.Args {
	a := named("", pairs...)
	a.Positional = nil
	return a
}

// contains reports whether an error says text.
func contains(err error, text string) bool { return err != nil && strings.Contains(err.Error(), text) }
