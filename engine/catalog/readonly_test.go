package catalog

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"psyberg/psyberg"

	"github.com/apache/iceberg-go"
)

func TestWhatCannotBeWritten(t *testing.T) {
	f := newFixture(t, "2")
	f.commit(Change{Mode: Append, Added: f.files("a1")})
	tbl, err := f.c.Load(f.ctx, "ns.t")
	if err != nil {
		t.Fatal(err)
	}
	local, _ := localPath(tbl.Location)
	for _, name := range []string{tbl.Location, local, "file:" + local} {
		bare, err := f.c.Load(f.ctx, name)
		if err != nil || bare.Catalog != "" || bare.Meta.UUID != tbl.Meta.UUID {
			t.Errorf("%s: %+v %v", name, bare, err)
		}
		if _, err := f.c.Live(f.ctx, name, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if p, err := f.c.Preflight(f.ctx, name, "w"); err != nil || p.Method != psyberg.MethodRefused || p.Head == nil {
			t.Errorf("preflight of %s: %+v %v", name, p, err)
		}
		for what, err := range map[string]error{
			"commit":     second(f.c.Commit(f.ctx, name, Change{Mode: Append})),
			"properties": f.c.SetProperties(f.ctx, name, map[string]string{"a": "b"}),
			"expire":     second(f.c.Expire(f.ctx, name, 1)),
			"drop":       f.c.DropTable(f.ctx, name),
			"create":     second(f.c.CreateTable(f.ctx, name, NewTable{})),
		} {
			if !errors.Is(err, ErrReadOnly) {
				t.Errorf("%s of %s: %v", what, name, err)
			}
		}
	}
	// A path map makes everything read-only.
	mapped, err := Open(f.ctx, Config{Dir: f.dir, Home: f.dir, PathMaps: []string{f.dir + "/nowhere=" + f.dir}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = mapped.Close() }()
	if _, err := mapped.Load(f.ctx, "ns.t"); err != nil {
		t.Error(err)
	}
	if _, err := mapped.Commit(f.ctx, "ns.t", Change{Mode: Append, Added: f.files("a2")}); !errors.Is(err, ErrReadOnly) {
		t.Errorf("commit with a path map: %v", err)
	}
	if p, err := mapped.Preflight(f.ctx, "ns.t", "w"); err != nil || p.Method != psyberg.MethodRefused || p.Head == nil {
		t.Errorf("preflight with a path map: %+v %v", p, err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestEmbeddedCatalogIsMadeAtTheFirstWrite(t *testing.T) {
	dir := t.TempDir()
	c, err := Open(context.Background(), Config{Dir: dir, Home: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	all, err := c.List(context.Background(), "", nil)
	if err != nil || len(all) != 0 {
		t.Errorf("list of nothing: %v %v", all, err)
	}
	if _, err := c.Load(context.Background(), "ns.t"); !errors.Is(err, ErrNotFound) {
		t.Errorf("load from nothing: %v", err)
	}
	if err := c.DropTable(context.Background(), "ns.t"); !errors.Is(err, ErrNotFound) {
		t.Errorf("drop from nothing: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("reading made %v", left)
	}
	_, err = c.CreateTable(context.Background(), "ns.t", NewTable{Schema: iceberg.NewSchema(0, iceberg.NestedField{ID: 1, Name: "id", Type: iceberg.PrimitiveTypes.Int64})})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "psyberg-warehouse", "catalog.db")); err != nil {
		t.Error(err)
	}
}

// TestLinksDoNotLeaveThePathMap: under a path map a file is what lies below its
// TO; '..' and symbolic links lead nowhere else. TO itself may be a link.
func TestLinksDoNotLeaveThePathMap(t *testing.T) {
	outside, to := t.TempDir(), t.TempDir()
	for path, text := range map[string]string{filepath.Join(outside, "secret"): "s", filepath.Join(to, "own"): "o"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(t.TempDir(), "warehouse")
	for from, at := range map[string]string{to: link, filepath.Join(outside, "secret"): filepath.Join(to, "file"), outside: filepath.Join(to, "folder"), filepath.Join(to, "own"): filepath.Join(to, "inner"),
		filepath.Join(outside, "not yet"): filepath.Join(to, "dangling")} {
		if err := os.Symlink(from, at); err != nil {
			t.Fatal(err)
		}
	}
	for _, target := range []string{to, link} {
		f := newFiles([]pathMap{{"/w", target}}, nil)
		for location, ok := range map[string]bool{"/w/own": true, "file:///w/own": true, "/w/inner": true, "/w/file": false, "/w/folder/secret": false,
			"/w/../" + filepath.Base(outside) + "/secret": false, "/w/folder/../own": false} {
			b, err := f.Read(t.Context(), location, -1)
			if (err == nil) != ok {
				t.Errorf("%s below %s: %q %v", location, target, b, err)
			}
			if p, err := f.Local(location); err == nil && !ok && exists(p) { // what DuckDB would open
				t.Errorf("%s below %s: DuckDB opens %s", location, target, p)
			}
		}
		// What will be made.
		for location, ok := range map[string]bool{"/w/new": true, "/w/a/b/new": true, "/w/folder/new": false, "/w/folder/a/new": false, "/w/dangling": false, "/w/dangling/new": false} {
			if p, err := f.Local(location); (err == nil) != ok {
				t.Errorf("%s below %s would be made at %q: %v", location, target, p, err)
			}
		}
	}
}
