package catalog

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/iceberg-go"
	iceio "github.com/apache/iceberg-go/io"
)

// bucket is an object store as iceberg-go's IO modules are: flat names below a
// URL, kept in a folder. mute is one that cannot list.
type bucket struct {
	dir  string
	root string // bucket://name
}

func (b bucket) path(location string) string {
	return filepath.Join(b.dir, filepath.FromSlash(strings.TrimPrefix(location, b.root)))
}
func (b bucket) Open(location string) (iceio.File, error) { return os.Open(b.path(location)) }
func (b bucket) Remove(location string) error             { return os.Remove(b.path(location)) }
func (b bucket) Create(location string) (iceio.FileWriter, error) {
	p := b.path(location)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		return nil, err
	}
	return os.Create(p)
}

func (b bucket) WriteFile(location string, content []byte) error {
	w, err := b.Create(location)
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	return errors.Join(err, w.Close())
}

// listed is a bucket that lists.
type listed struct{ bucket }

func (b listed) WalkDir(root string, fn fs.WalkDirFunc) error {
	return filepath.WalkDir(b.path(root), func(p string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(b.dir, p)
		return fn(b.root+"/"+filepath.ToSlash(rel), d, err)
	})
}

var (
	_ iceio.WriteFileIO = bucket{}
	_ iceio.ListableIO  = listed{}
)

// inBucket is a fixture whose table lies in an object store of a scheme; dir is
// the folder behind its location.
func inBucket(t *testing.T, scheme string, list bool) (f *fixture, dir string) {
	t.Helper()
	store := t.TempDir()
	iceio.Register(scheme, func(_ context.Context, u *url.URL, _ map[string]string) (iceio.IO, error) {
		b := bucket{store, scheme + "://" + u.Host}
		if list {
			return listed{b}, nil
		}
		return b, nil
	})
	t.Cleanup(func() { iceio.Unregister(scheme) })
	f = &fixture{t: t, ctx: t.Context(), dir: t.TempDir()}
	f.cfg = &Config{URI: "sqlite:///" + filepath.Join(f.dir, "c.db"), Warehouse: scheme + "://b/wh", Dir: f.dir, Home: f.dir}
	f.c = f.open()
	f.make("2")
	location := f.state().m.Location
	if !strings.HasPrefix(location, scheme+"://b/wh/") {
		t.Fatalf("location %q", location)
	}
	return f, filepath.Join(store, strings.TrimPrefix(location, scheme+"://b"))
}

// TestSweepOfAnObjectStore: what nothing names is found by the store's listing,
// what something names stays, under any spelling of the store.
func TestSweepOfAnObjectStore(t *testing.T) {
	f, dir := inBucket(t, "bucket", true)
	location := f.state().m.Location
	put := func(name string, days int) {
		t.Helper()
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte("rows"), 0o644); err != nil {
			t.Fatal(err)
		}
		f.age(p, days)
	}
	data := func(name string) []iceberg.DataFile {
		t.Helper()
		put("data/cat=a/"+name, 9)
		b, err := iceberg.NewDataFileBuilder(f.spec, iceberg.EntryContentData, location+"/data/cat=a/"+name, iceberg.ParquetFile, map[int]any{1000: "a"}, nil, nil, 1, 4)
		if err != nil {
			t.Fatal(err)
		}
		return []iceberg.DataFile{b.Build()}
	}
	f.commit(Change{Mode: Append, Added: data("main.parquet")})
	f.commit(Change{Mode: Append, Added: data("staged.parquet"), WapID: "s1"})
	f.commit(Change{Mode: Append, Added: data("branch%20of.parquet"), Branch: "psyberg_s2", Step: "1"})
	put("data/cat=a/orphan.parquet", 9)
	put("metadata/snap-1.avro", 9)
	put("data/cat=a/young.parquet", 1)
	put("README.txt", 9)
	want := []string{location + "/data/cat=a/orphan.parquet", location + "/metadata/snap-1.avro"}
	for _, remove := range []bool{false, true} {
		left, err := f.c.Sweep(f.ctx, "ns.t", SweepRequest{Before: time.Now().Add(-SweepAge), Delete: remove})
		if err != nil || len(left) != 2 {
			t.Fatalf("delete %v: %v %v", remove, left, err)
		}
		for i, l := range left {
			_, stat := os.Stat(filepath.Join(dir, strings.TrimPrefix(l.Location, location)))
			if l.Location != want[i] || l.Deleted != remove || errors.Is(stat, fs.ErrNotExist) != remove {
				t.Errorf("delete %v: %+v, %v; want %s", remove, l, stat, want[i])
			}
		}
	}
	for _, stays := range []string{"main.parquet", "staged.parquet", "branch%20of.parquet", "young.parquet"} {
		if _, err := os.Stat(filepath.Join(dir, "data", "cat=a", stays)); err != nil {
			t.Error(err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "data", "cat=a", "main.parquet")); err != nil {
		t.Fatal(err)
	}
	put("data/cat=a/orphan.parquet", 9)
	if _, err := f.c.Sweep(f.ctx, "ns.t", SweepRequest{Before: time.Now(), Delete: true}); !errors.Is(err, ErrDoubt) {
		t.Errorf("a file that the table has is gone: %v", err)
	}
}

// TestSweepOfAStoreThatCannotList says so.
func TestSweepOfAStoreThatCannotList(t *testing.T) {
	f, _ := inBucket(t, "mute", false)
	_, err := f.c.Sweep(f.ctx, "ns.t", SweepRequest{Before: time.Now()})
	if err == nil || !strings.Contains(err.Error(), "ns.t") || !strings.Contains(err.Error(), "cannot be listed") {
		t.Error(err)
	}
}

// TestNoObjectStoreIsLinkedIn: the words say what can be done, and not what a
// programmer could import.
func TestNoObjectStoreIsLinkedIn(t *testing.T) {
	f := newFixture(t, "2")
	tbl, err := f.c.Load(f.ctx, "ns.t")
	if err != nil {
		t.Fatal(err)
	}
	for _, scheme := range []string{"s3", "gs", "abfs"} {
		location := scheme + "://bucket/wh/t"
		m := *tbl.Meta
		m.Location = location
		r := *tbl
		r.Meta = &m
		s := &sweep{t: &r, files: r.Files.(*files), places: newPlaces(r.Files.(*files))}
		_, open := s.files.Open(location + "/a")
		_, create := s.files.Create(location + "/a")
		for what, err := range map[string]error{"sweep": s.begin(f.ctx), "open": open, "create": create} {
			if err == nil || !strings.Contains(err.Error(), scheme+":/") || !strings.Contains(err.Error(), "psyql reads and writes local files") ||
				!strings.Contains(err.Error(), "--path-map") || strings.Contains(err.Error(), "import") {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
}
