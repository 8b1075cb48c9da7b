package cache

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"psyberg/functions/manifest"
	"psyberg/internal/testtables"
)

func TestMain(m *testing.M) { testtables.Main(m) }

// sample is a manifest of the archives, as its list describes it.
type sample struct {
	manifest.File
	data []byte
}

// samples are the manifests of both archives, each as one list has it.
func samples(t testing.TB) []sample {
	t.Helper()
	out := upTo(t, math.MaxInt)
	if len(out) < 100 {
		t.Fatalf("only %d manifests", len(out))
	}
	return out
}

// upTo are the first n of them, and perhaps a few more.
func upTo(t testing.TB, n int) []sample {
	t.Helper()
	var out []sample
	seen := map[string]bool{}
	for _, suite := range []string{"spark", "pyiceberg"} {
		root := testtables.Unpack(t, suite)
		err := filepath.WalkDir(root, func(p string, d os.DirEntry, err error) error {
			if len(out) >= n {
				return filepath.SkipAll
			}
			if err != nil || d.IsDir() || !strings.HasSuffix(p, ".avro") || !strings.HasPrefix(filepath.Base(p), "snap-") {
				return err
			}
			list, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			files, err := manifest.ReadList(p, list)
			if err != nil {
				return nil //nolint:nilerr // of a damaged table
			}
			for _, f := range files {
				_, rel, ok := strings.Cut(f.Path, "/warehouse/"+suite+"/")
				if !ok || seen[f.Path] {
					continue
				}
				seen[f.Path] = true
				data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(rel)))
				if err == nil {
					out = append(out, sample{f, data})
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// requests are questions of all kinds about one manifest.
func requests(t testing.TB, s sample) []*manifest.Request {
	parts, err := manifest.PartitionType(s.Path, s.data)
	if err != nil {
		parts = nil
	}
	narrow := []manifest.Column{manifest.RecordCount, manifest.FilePath}
	return []*manifest.Request{
		{Columns: narrow},
		{Columns: narrow, Live: true},
		{Live: true},
		{Columns: manifest.AllColumns(), Partition: parts, Bounds: []int32{1, 2, 3}, Counts: []int32{3, 1}, Live: true},
		{Columns: []manifest.Column{manifest.Partition, manifest.Status}, Partition: parts, BatchRows: 1},
		{Bounds: []int32{2}, Live: true, BatchRows: 3},
		{Columns: append(slices.Clone(narrow), manifest.FilePath)}, // refused
	}
}

// answer is what a scan yields: rows as text, and the error.
func answer(t testing.TB, scan func(func(arrow.RecordBatch) error) error, most int) (rows []string, count int64, failed string) {
	t.Helper()
	err := scan(func(b arrow.RecordBatch) error {
		if b.NumRows() == 0 || most > 0 && b.NumRows() > int64(most) {
			t.Fatalf("a batch of %d rows", b.NumRows())
		}
		count += b.NumRows()
		for i := range int(b.NumRows()) {
			row := ""
			for c, col := range b.Columns() {
				row += b.ColumnName(c) + "=" + text(col, i) + " "
			}
			rows = append(rows, row)
		}
		return nil
	})
	if err != nil {
		failed = err.Error()
	}
	return rows, count, failed
}

// text is one value. That a partition's empty bytes are there is told apart
// from NULL, which Arrow's JSON of a struct does not always do.
func text(a arrow.Array, i int) string {
	s, ok := a.(*array.Struct)
	if !ok {
		return a.ValueStr(i)
	}
	out := "{"
	for f := range s.NumField() {
		out += text(s.Field(f), i) + ", "
	}
	return out + "}"
}

var errNotRead = errors.New("the manifest is read, though the cache has it")

func (s sample) reader(may bool) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) {
		if !may {
			return nil, errNotRead
		}
		return s.data, nil
	}
}

// through scans by way of the cache.
func through(t testing.TB, c *Cache, s sample, req *manifest.Request, mayRead bool) ([]string, int64, string) {
	t.Helper()
	return answer(t, func(emit func(arrow.RecordBatch) error) error {
		src, err := c.Fetch(t.Context(), s.File, req, s.reader(mayRead))
		if err != nil {
			return err
		}
		defer c.Flush()
		return src.Scan(t.Context(), nil, emit)
	}, req.BatchRows)
}

func direct(t testing.TB, s sample, req *manifest.Request) ([]string, int64, string) {
	t.Helper()
	return answer(t, func(emit func(arrow.RecordBatch) error) error {
		return manifest.Scan(t.Context(), s.File, s.data, req, nil, emit)
	}, req.BatchRows)
}

// open opens a cache that keeps nothing in memory: what the files are is what
// most tests ask.
func open(t testing.TB, limit int64) *Cache {
	t.Helper()
	c := openBoth(t, limit)
	c.near = newShelf(0)
	return c
}

func openBoth(t testing.TB, limit int64) *Cache {
	t.Helper()
	c, err := Open(filepath.Join(t.TempDir(), "cache"), limit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// next is another process's cache in the same folder.
func next(t testing.TB, c *Cache) *Cache {
	t.Helper()
	out, err := Open(c.folder, c.limit)
	if err != nil {
		t.Fatal(err)
	}
	out.near = newShelf(0)
	return out
}

// same fails where two scans differ.
func same(t testing.TB, what string, gotRows []string, got int64, gotErr string, wantRows []string, want int64, wantErr string) {
	t.Helper()
	if got != want || gotErr != wantErr {
		t.Fatalf("%s: %d rows and error %q, want %d and %q", what, got, gotErr, want, wantErr)
	}
	for i := range wantRows {
		if gotRows[i] != wantRows[i] {
			t.Fatalf("%s: row %d is\n%s\nwant\n%s", what, i, gotRows[i], wantRows[i])
		}
	}
}

// TestC1_SameAnswer: every manifest of both archives, cold and warm, every
// kind of request in both orders of asking, is what manifest.Scan says of it;
// and a warm one needs no manifest.
func TestC1_SameAnswer(t *testing.T) {
	t.Parallel()
	c := open(t, 0)
	other := open(t, 0)
	warm := 0
	for _, s := range samples(t) {
		reqs := requests(t, s)
		for i, req := range reqs {
			rows, n, failed := direct(t, s, req)
			gr, gn, ge := through(t, c, s, req, true)
			same(t, s.Path+" cold", gr, gn, ge, rows, n, failed)
			if failed != "" {
				continue
			}
			warm++
			gr, gn, ge = through(t, c, s, req, false)
			same(t, s.Path+" warm", gr, gn, ge, rows, n, failed)
			back := reqs[len(reqs)-1-i]
			rows, n, failed = direct(t, s, back)
			gr, gn, ge = through(t, other, s, back, true)
			same(t, s.Path+" cold, widest first", gr, gn, ge, rows, n, failed)
		}
	}
	if warm < 500 {
		t.Errorf("only %d requests were warm", warm)
	}
	t.Log(c.Stats())
}

// TestC1_WhatEntriesInherit: the same file, listed otherwise, is another
// answer: what it inherits is part of its name.
func TestC1_WhatEntriesInherit(t *testing.T) {
	t.Parallel()
	c := open(t, 0)
	s := samples(t)[0]
	req := &manifest.Request{Columns: []manifest.Column{manifest.SequenceNumber, manifest.SnapshotID, manifest.SpecID, manifest.FirstRowID}}
	number := int64(1000)
	for _, change := range []func(*manifest.File){
		func(*manifest.File) {},
		func(f *manifest.File) { f.Sequence = 77 },
		func(f *manifest.File) { f.AddedSnapshotID = 78 },
		func(f *manifest.File) { f.SpecID = 79 },
		func(f *manifest.File) { f.FirstRowID = &number },
		func(f *manifest.File) { f.Content = manifest.ContentDeletes },
	} {
		other := s
		change(&other.File)
		rows, n, failed := direct(t, other, req)
		gr, gn, ge := through(t, c, other, req, true)
		same(t, "cold", gr, gn, ge, rows, n, failed)
		gr, gn, ge = through(t, c, other, req, false)
		same(t, "warm", gr, gn, ge, rows, n, failed)
	}
	if got := c.Stats().Misses; got != 6 {
		t.Errorf("%d misses, want one for each", got)
	}
}

// TestPartlyThere: a question about one more column decodes that one, and no
// longer needs the manifest for those it had.
func TestPartlyThere(t *testing.T) {
	t.Parallel()
	c := open(t, 0)
	s := samples(t)[0]
	narrow := &manifest.Request{Columns: []manifest.Column{manifest.FilePath}}
	through(t, c, s, narrow, true)
	if n := c.Stats().Written; n != 2 {
		t.Errorf("%d files for core and texts", n)
	}
	more := &manifest.Request{Columns: []manifest.Column{manifest.FilePath}, Bounds: []int32{1}}
	through(t, c, s, more, true)
	if n := c.Stats().Written; n != 3 {
		t.Errorf("%d files for core, texts and one column", n)
	}
	for _, req := range []*manifest.Request{narrow, more, {Counts: []int32{1}}, {Columns: []manifest.Column{manifest.RecordCount}}} {
		if _, _, failed := through(t, c, s, req, false); failed != "" {
			t.Error(failed)
		}
	}
}

// TestOtherReaders: the files are Arrow IPC files.
func TestOtherReaders(t *testing.T) {
	t.Parallel()
	c := open(t, 0)
	s := samples(t)[0]
	_, n, _ := through(t, c, s, &manifest.Request{Columns: manifest.AllColumns(), Bounds: []int32{1}}, true)
	files := cached(t, c)
	if len(files) != 6 { // core, numbers, texts, partition, maps, column 1
		t.Errorf("%d files", len(files))
	}
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		r, err := ipc.NewFileReader(f)
		if err != nil {
			t.Fatal(err)
		}
		rows := int64(0)
		for i := range r.NumRecords() {
			b, err := r.RecordBatch(i)
			if err != nil {
				t.Fatal(err)
			}
			rows += b.NumRows()
		}
		if rows != n {
			t.Errorf("%d rows in Arrow's eyes, want %d", rows, n)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// cached are the files of a cache.
func cached(t testing.TB, c *Cache) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(c.folder, "*", "*"+suffix))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestOff: a nil cache reads and decodes, and a list without lengths cannot be
// kept.
func TestOff(t *testing.T) {
	t.Parallel()
	s := samples(t)[0]
	req := &manifest.Request{Columns: []manifest.Column{manifest.FilePath}}
	rows, n, failed := direct(t, s, req)
	for range 2 {
		gr, gn, ge := through(t, nil, s, req, true)
		same(t, "off", gr, gn, ge, rows, n, failed)
	}
	c := open(t, 0)
	unknown := s
	unknown.Length = 0
	through(t, c, unknown, req, true)
	longer := s
	longer.Length++ // cut short, says the list
	_, _, failed = through(t, c, longer, req, true)
	if !strings.Contains(failed, "PSY_DAMAGED") {
		t.Errorf("a file that was cut: error %q", failed)
	}
	if n := len(cached(t, c)); n != 0 {
		t.Errorf("%d files were kept", n)
	}
}

// TestEmit: emit's error ends a scan, warm or cold, and is returned as it is.
func TestEmit(t *testing.T) {
	t.Parallel()
	c := open(t, 0)
	s := samples(t)[0]
	stop := errors.New("enough")
	for _, when := range []string{"cold", "cold again: nothing was kept", "warm"} {
		if when == "warm" {
			through(t, c, s, &manifest.Request{}, true)
		}
		src, err := c.Fetch(t.Context(), s.File, &manifest.Request{}, s.reader(true))
		if err != nil {
			t.Fatal(err)
		}
		calls := 0
		err = src.Scan(t.Context(), nil, func(arrow.RecordBatch) error { calls++; return stop })
		if !errors.Is(err, stop) || calls != 1 {
			t.Errorf("%s: %v after %d calls", when, err, calls)
		}
		if when != "warm" && len(cached(t, c)) > 0 {
			t.Errorf("%s: kept what was not decoded to its end", when)
		}
	}
}
