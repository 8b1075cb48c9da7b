package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/apache/iceberg-go"

	"psyberg/internal/testtables"
)

func TestMain(m *testing.M) {
	// No configuration of the user's own: iceberg-go looks for one there.
	if err := os.Setenv("GOICEBERG_HOME", os.TempDir()); err != nil {
		panic(err)
	}
	unsynced = true
	testtables.Main(m)
}

// kinds are the catalogs that one suite runs on: each opens with Open as often
// as wanted, as another process would.
var kinds = []struct {
	name string
	make func(t *testing.T) (cfg Config, existing string) // existing: a table that is there, "" for none
}{
	{"embedded", func(t *testing.T) (Config, string) {
		dir := t.TempDir()
		return Config{Dir: dir, Home: dir}, ""
	}},
	{"pyiceberg", func(t *testing.T) (Config, string) {
		return copied(t, "pyiceberg"), "life.signup_fact"
	}},
	{"spark", func(t *testing.T) (Config, string) {
		return copied(t, "spark"), "life.signup_fact"
	}},
	{"spark V0", func(t *testing.T) (Config, string) {
		cfg := copied(t, "spark")
		db, err := sql.Open("sqlite", strings.TrimPrefix(cfg.URI, "sqlite://"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.Exec("ALTER TABLE iceberg_tables DROP COLUMN iceberg_type")
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		return cfg, "life.signup_fact"
	}},
	{"postgres", func(t *testing.T) (Config, string) {
		dir := t.TempDir()
		return Config{URI: postgres(t), Warehouse: dir, Dir: dir, Home: dir}, ""
	}},
	{"rest", func(t *testing.T) (Config, string) {
		_, url := restOverEmbedded(t)
		dir := t.TempDir()
		return Config{URI: url, Dir: dir, Home: dir}, ""
	}},
}

// copied is a warehouse of another engine, its locations moved to a folder of
// the test's own.
func copied(t *testing.T, suite string) Config {
	dir := testtables.Copy(t, suite, "life")
	return Config{URI: "sqlite://" + filepath.Join(dir, "catalog.db"), Warehouse: dir, Dir: t.TempDir(), Home: t.TempDir()}
}

func restOverEmbedded(t *testing.T) (*restServer, string) {
	dir := t.TempDir()
	below, err := Open(context.Background(), Config{Dir: dir, Home: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = below.Close() })
	cat, err := below.sources[below.def].writer(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return serveREST(t, cat)
}

// onKind is a fixture over one kind, with its table ns.t made.
func onKind(t *testing.T, cfg Config) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: context.Background(), cfg: &cfg}
	f.c = f.open()
	f.make("2")
	return f
}

// TestConformance: every kind of catalog answers and commits alike.
func TestConformance(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			cfg, existing := k.make(t)
			f := onKind(t, cfg)
			t.Run("find", f.findsTables)
			t.Run("create and drop", f.createsAndDrops)
			t.Run("commit", f.commitsAndPublishes)
			t.Run("properties", f.setsProperties)
			t.Run("at once", f.commitsAtOnce)
			t.Run("expire", f.expires)
			if existing != "" {
				t.Run("a table of theirs", func(t *testing.T) { f.writesTo(t, existing) })
			}
		})
	}
}

func (f *fixture) findsTables(t *testing.T) {
	tbl, err := f.c.Load(f.ctx, "ns.t")
	if err != nil || tbl.Name != "ns.t" || tbl.Meta.FormatVersion != 2 {
		t.Fatalf("load: %+v %v", tbl, err)
	}
	for name, want := range map[string]string{"ns.tt": "ns.t", "nz.t": "ns"} {
		if _, err := f.c.Load(f.ctx, name); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	all, err := f.c.List(f.ctx, "", []string{"ns"})
	if err != nil || len(all) != 1 || all[0].Name != "t" {
		t.Errorf("list: %+v %v", all, err)
	}
	nss, err := f.c.Namespaces(f.ctx, "")
	if err != nil || !slices.ContainsFunc(nss, func(n []string) bool { return slices.Equal(n, []string{"ns"}) }) {
		t.Errorf("namespaces: %v %v", nss, err)
	}
}

func (f *fixture) createsAndDrops(t *testing.T) {
	def := NewTable{Schema: iceberg.NewSchema(0, iceberg.NestedField{ID: 1, Name: "id", Type: iceberg.PrimitiveTypes.Int64})}
	for i, want := range []bool{true, false} {
		def.IfNotExists = !want
		made, err := f.c.CreateTable(f.ctx, "deep.er.x", def)
		if err != nil || made != want {
			t.Fatalf("create %d: %v %v", i, made, err)
		}
	}
	def.IfNotExists = false
	if _, err := f.c.CreateTable(f.ctx, "deep.er.x", def); !errors.Is(err, ErrExists) {
		t.Errorf("create again: %v", err)
	}
	// Another one sees it.
	if _, err := f.open().Load(f.ctx, "deep.er.x"); err != nil {
		t.Error(err)
	}
	if err := f.c.DropTable(f.ctx, "deep.er.x"); err != nil {
		t.Error(err)
	}
	if err := f.c.DropTable(f.ctx, "deep.er.x"); !errors.Is(err, ErrNotFound) {
		t.Errorf("drop again: %v", err)
	}
}

func (f *fixture) commitsAndPublishes(t *testing.T) {
	f.commit(Change{Mode: Append, Added: f.files("a1", "b1")})
	f.commit(Change{Mode: ReplacePartitions, Added: f.files("a2")})
	f.want("main", "a2 b1")
	one := f.commit(Change{Mode: Append, Added: f.files("c1"), WapID: "s"})
	if two := f.commit(Change{Mode: Append, Added: f.files("c2"), WapID: "s"}); !two.Existed || two.Snapshot != one.Snapshot {
		t.Errorf("staged again: %+v", two)
	}
	f.commit(Change{Mode: Overwrite, Added: f.files("d1"), Removed: paths("b1")})
	f.want("main", "a2 d1")
	for range 2 { // the second finds it published
		if _, err := f.publish("s", one.Snapshot); err != nil {
			t.Fatal(err)
		}
	}
	f.want("main", "a2 c1 d1")
	f.commit(Change{Mode: Append, Added: f.files("e1"), Branch: "psyberg_x", Step: "1"})
	f.commit(Change{Mode: Append, Added: f.files("e1"), Branch: "psyberg_x", Step: "1"})
	f.want("psyberg_x", "a2 c1 d1 e1")
	if _, err := f.c.Discard(f.ctx, "ns.t", "x"); err != nil {
		t.Error(err)
	}
	f.want("psyberg_x", "")
	f.commit(Change{Mode: Delete, Removed: paths("d1")})
	f.want("main", "a2 c1")
	if _, err := f.c.Commit(f.ctx, "ns.t", Change{Mode: Delete, Removed: paths("d1")}); !errors.Is(err, ErrConflict) {
		t.Errorf("delete of what is gone: %v", err)
	}
}

func (f *fixture) setsProperties(t *testing.T) {
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		c := f.open()
		wg.Go(func() { errs[i] = c.SetProperties(f.ctx, "ns.t", map[string]string{fmt.Sprint("p", i): "v"}) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if err := f.c.SetProperties(f.ctx, "ns.t", map[string]string{"psyberg.valid-to": "2023-09-14T22:00:00Z"}, "p0"); err != nil {
		t.Fatal(err)
	}
	got := f.state().m.Properties
	if got["psyberg.valid-to"] != "2023-09-14T22:00:00Z" || got["p0"] != "" || got["p1"]+got["p2"]+got["p3"] != "vvv" {
		t.Errorf("properties: %v", got)
	}
	before := f.state().loc
	if err := f.c.SetProperties(f.ctx, "ns.t", map[string]string{"p1": "v"}, "p0"); err != nil || f.state().loc != before {
		t.Errorf("what is set already was committed: %v", err)
	}
}

func (f *fixture) commitsAtOnce(t *testing.T) {
	const n = 5
	before := strings.Fields(f.live("main"))
	var wg sync.WaitGroup
	errs := make([]error, 2*n)
	for i := range n {
		appending, staging := f.open(), f.open()
		added, staged := []iceberg.DataFile{f.file(fmt.Sprint("f", i), "a", 1)}, []iceberg.DataFile{f.file(fmt.Sprint("w", i), "a", 1)}
		wg.Go(func() { _, errs[i] = appending.Commit(f.ctx, "ns.t", Change{Mode: Append, Added: added}) })
		wg.Go(func() {
			_, errs[n+i] = staging.Commit(f.ctx, "ns.t", Change{Mode: Append, Added: staged, WapID: "once"})
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	want := append(before, "f0", "f1", "f2", "f3", "f4")
	slices.Sort(want)
	f.want("main", strings.Join(want, " "))
	if all := stagedWap(f.state(), "once"); len(all) != 1 {
		t.Errorf("%d snapshots of one wap.id", len(all))
	}
}

func (f *fixture) expires(t *testing.T) {
	live := f.live("main")
	old := f.state().head("main")
	if _, err := f.c.Expire(f.ctx, "ns.t", 0); err == nil {
		t.Error("an expiry that keeps nothing")
	}
	f.commit(Change{Mode: Append, Added: f.files("z1"), Branch: "keep"})
	r, err := f.c.Expire(f.ctx, "ns.t", 1)
	if err != nil || slices.Contains(r.Snapshots, old.ID) || len(stagedWap(f.state(), "once")) != 1 {
		t.Fatalf("expire: %+v %v", r, err)
	}
	f.commit(Change{Mode: Append, Added: f.files("y1")})
	f.commit(Change{Mode: Overwrite, Added: f.files("y2"), Removed: paths("y1")})
	if _, err := f.c.Discard(f.ctx, "ns.t", "keep"); err == nil {
		t.Error("psyberg_keep is not the branch keep")
	}
	f.want("main", strings.TrimSpace(live+" y2"))
	n := len(f.state().m.Snapshots)
	lists := f.lists()
	r, err = f.c.Expire(f.ctx, "ns.t", 2)
	if err != nil {
		t.Fatal(err)
	}
	// The branch keep holds the head that was.
	if len(r.Snapshots) != 0 || len(f.state().m.Snapshots) != n {
		t.Errorf("expired what a branch has: %+v", r)
	}
	r, err = f.c.Expire(f.ctx, "ns.t", 1)
	if err != nil || len(r.Snapshots) != 1 || r.Files == 0 {
		t.Errorf("expire all but the head: %+v %v", r, err)
	}
	if now := f.lists(); len(now) != len(lists)-1 {
		t.Errorf("manifest lists on disk: %d, were %d", len(now), len(lists))
	}
	f.want("main", strings.TrimSpace(live+" y2"))
	if again, err := f.c.Expire(f.ctx, "ns.t", 1); err != nil || len(again.Snapshots) != 0 {
		t.Errorf("expire again: %+v %v", again, err)
	}
}

// lists are the manifest lists on disk.
func (f *fixture) lists() []string {
	f.t.Helper()
	dir, _ := localPath(f.state().loc)
	out, err := filepath.Glob(filepath.Join(filepath.Dir(dir), "snap-*.avro"))
	if err != nil {
		f.t.Fatal(err)
	}
	return out
}

// writesTo commits to a table that another engine has made.
func (f *fixture) writesTo(t *testing.T, name string) {
	before, err := f.c.Load(f.ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	tbl, err := f.c.OpenTable(f.ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	live, err := f.c.Live(f.ctx, name, nil)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := live.Entries()
	if err != nil || len(entries) == 0 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	like := entries[0].File
	b, err := iceberg.NewDataFileBuilder(tbl.Spec(), iceberg.EntryContentData, like.FilePath()+".more", iceberg.ParquetFile, like.Partition(), nil, nil, 3, 100)
	if err != nil {
		t.Fatal(err)
	}
	r, err := f.c.Commit(f.ctx, name, Change{Mode: Append, Added: []iceberg.DataFile{b.Build()}})
	if err != nil {
		t.Fatal(err)
	}
	after, err := f.open().Load(f.ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	if after.Meta.CurrentSnapshotID != r.Snapshot || len(after.Meta.Snapshots) != len(before.Meta.Snapshots)+1 {
		t.Errorf("after the append: head %d, %d snapshots", after.Meta.CurrentSnapshotID, len(after.Meta.Snapshots))
	}
	if r.Summary["added-records"] != "3" || r.Summary["changed-partition-count"] != "1" {
		t.Errorf("summary: %v", r.Summary)
	}
	now, err := f.c.Live(f.ctx, name, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(now.Locations()); got != len(entries)+1 {
		t.Errorf("%d live files, were %d", got, len(entries))
	}
	if _, err := f.c.Commit(f.ctx, name, Change{Mode: Delete, Removed: []string{like.FilePath()}}); err != nil {
		t.Error(err)
	}
}

// TestRESTOutcomes: what a server answers decides whether a commit is tried
// again, found to be done, or left in the open.
func TestRESTOutcomes(t *testing.T) {
	s, url := restOverEmbedded(t)
	dir := t.TempDir()
	f := onKind(t, Config{URI: url, Dir: dir, Home: dir})
	fails := func(at bool, status int) {
		once := true
		s.commits = func(before bool) int {
			if before == at && once {
				once = false
				return status
			}
			return 0
		}
	}
	fails(true, 409)
	f.commit(Change{Mode: Append, Added: f.files("a1")})
	fails(false, 500) // it landed: looked up and found
	f.commit(Change{Mode: Append, Added: f.files("a2")})
	fails(false, 504)
	f.commit(Change{Mode: Append, Added: f.files("a3"), WapID: "s"})
	f.want("main", "a1 a2")
	fails(true, 500) // it did not, but who knows whether it still will
	_, err := f.c.Commit(f.ctx, "ns.t", Change{Mode: Append, Added: f.files("a4"), WapID: "s4"})
	if !errors.Is(err, ErrUnknown) {
		t.Errorf("server error before the commit: %v", err)
	}
	r := f.commit(Change{Mode: Append, Added: f.files("a4"), WapID: "s4"})
	if r.Existed {
		t.Error("the commit that the server lost is there")
	}
	fails(true, 400)
	if _, err := f.c.Commit(f.ctx, "ns.t", Change{Mode: Append, Added: f.files("a5")}); err == nil || errors.Is(err, ErrUnknown) {
		t.Errorf("a bad request: %v", err)
	}
	f.want("main", "a1 a2")
}
