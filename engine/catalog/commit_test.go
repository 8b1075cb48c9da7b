package catalog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/apache/iceberg-go"
)

// fixture is a table ns.t (id long, cat string) partitioned by cat.
type fixture struct {
	t    *testing.T
	ctx  context.Context
	c    *Catalogs
	dir  string
	cfg  *Config // of open; nil: the embedded catalog in dir
	spec iceberg.PartitionSpec
}

func newFixture(t *testing.T, version string) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: context.Background(), dir: t.TempDir()}
	f.c = f.open()
	f.make(version)
	return f
}

// make makes ns.t.
func (f *fixture) make(version string) {
	f.t.Helper()
	schema := iceberg.NewSchema(0, iceberg.NestedField{ID: 1, Name: "id", Type: iceberg.PrimitiveTypes.Int64},
		iceberg.NestedField{ID: 2, Name: "cat", Type: iceberg.PrimitiveTypes.String})
	f.spec = iceberg.NewPartitionSpecID(0, iceberg.PartitionField{SourceIDs: []int{2}, FieldID: 1000, Name: "cat", Transform: iceberg.IdentityTransform{}})
	made, err := f.c.CreateTable(f.ctx, "ns.t", NewTable{Schema: schema, Spec: &f.spec,
		Properties: map[string]string{"format-version": version, partitionLimit: "10"}})
	if err != nil || !made {
		f.t.Fatalf("create table: %v %v", made, err)
	}
}

// open opens the fixture's catalog once more, as another process would.
func (f *fixture) open() *Catalogs {
	f.t.Helper()
	cfg := Config{Dir: f.dir, Home: f.dir}
	if f.cfg != nil {
		cfg = *f.cfg
	}
	c, err := Open(f.ctx, cfg)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		if err := c.Close(); err != nil {
			f.t.Error(err)
		}
	})
	return c
}

// file is a data file of n rows in a partition; nothing of it is on disk.
func (f *fixture) file(name, cat string, n int64) iceberg.DataFile {
	f.t.Helper()
	b, err := iceberg.NewDataFileBuilder(f.spec, iceberg.EntryContentData, "/data/"+name, iceberg.ParquetFile,
		map[int]any{1000: cat}, nil, nil, n, 100*n)
	if err != nil {
		f.t.Fatal(err)
	}
	return b.Build()
}

func (f *fixture) files(all ...string) []iceberg.DataFile {
	var out []iceberg.DataFile
	for _, a := range all { // "a1" is file a1 with 1 row in partition a
		out = append(out, f.file(a, a[:1], int64(a[1]-'0')))
	}
	return out
}

func paths(names ...string) []string {
	for i, n := range names {
		names[i] = "/data/" + n
	}
	return names
}

func (f *fixture) commit(ch Change) Result {
	f.t.Helper()
	r, err := f.c.Commit(f.ctx, "ns.t", ch)
	if err != nil {
		f.t.Fatalf("commit %+v: %v", ch, err)
	}
	return r
}

// live lists the live data files of a ref, by name.
func (f *fixture) live(ref string) string {
	f.t.Helper()
	st := f.state()
	head := st.head(ref)
	if head == nil {
		return ""
	}
	all, err := st.manifests(head)
	if err != nil {
		f.t.Fatal(err)
	}
	var out []string
	for _, mf := range all {
		for e, err := range mf.Entries(reader{st.files}, true) {
			if err != nil {
				f.t.Fatal(err)
			}
			out = append(out, strings.TrimPrefix(e.DataFile().FilePath(), "/data/"))
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func (f *fixture) state() *state {
	f.t.Helper()
	id, err := f.c.target(f.ctx, "ns.t")
	if err != nil {
		f.t.Fatal(err)
	}
	st, err := f.c.loadState(f.ctx, id)
	if err != nil {
		f.t.Fatal(err)
	}
	return st
}

func (f *fixture) want(ref, files string) {
	f.t.Helper()
	if got := f.live(ref); got != files {
		f.t.Errorf("live files of %s: %q, want %q", ref, got, files)
	}
}

func eachVersion(t *testing.T, test func(*testing.T, *fixture)) {
	for _, v := range []string{"1", "2", "3"} {
		t.Run("v"+v, func(t *testing.T) { test(t, newFixture(t, v)) })
	}
}

func TestCommitModes(t *testing.T) {
	eachVersion(t, func(t *testing.T, f *fixture) {
		f.commit(Change{Mode: Append, Added: f.files("a1", "b2", "c3")})
		f.want("main", "a1 b2 c3")
		f.commit(Change{Mode: Append, Added: f.files("a2")})
		f.want("main", "a1 a2 b2 c3")
		f.commit(Change{Mode: ReplacePartitions, Added: f.files("a9", "d1")})
		f.want("main", "a9 b2 c3 d1")
		f.commit(Change{Mode: Overwrite, Added: f.files("b5"), Removed: paths("b2")})
		f.want("main", "a9 b5 c3 d1")
		r := f.commit(Change{Mode: Delete, Removed: paths("c3")})
		f.want("main", "a9 b5 d1")
		want := map[string]string{"changed-partition-count": "1", "deleted-data-files": "1", "deleted-records": "3",
			"removed-files-size": "300", "partition-summaries-included": "true",
			"partitions.cat=c": "deleted-data-files=1,deleted-records=3,removed-files-size=300",
			"total-data-files": "3", "total-records": "15", "total-files-size": "1500", "total-delete-files": "0",
			"total-position-deletes": "0", "total-equality-deletes": "0",
			"manifests-created": "1", "manifests-kept": "2", "manifests-replaced": "1"}
		if !maps.Equal(r.Summary, want) {
			t.Errorf("summary of the delete: %v\nwant %v", r.Summary, want)
		}
		_, err := f.c.Commit(f.ctx, "ns.t", Change{Mode: Delete, Removed: paths("c3")})
		if !errors.Is(err, ErrConflict) {
			t.Errorf("delete of a file that is gone: %v", err)
		}
		if r := f.commit(Change{Mode: ReplacePartitions}); r.HasSnapshot {
			t.Error("a replace of nothing made a snapshot")
		}
	})
}

func TestCommitIsFoundAgain(t *testing.T) {
	eachVersion(t, func(t *testing.T, f *fixture) {
		one := f.commit(Change{Mode: Append, Added: f.files("a1"), WapID: "s1"})
		two := f.commit(Change{Mode: Append, Added: f.files("a2"), WapID: "s1"})
		if !two.Existed || two.Snapshot != one.Snapshot {
			t.Errorf("second staging: %+v, first %+v", two, one)
		}
		f.want("main", "")
		for _, step := range []string{"h1", "h2", "h1"} {
			f.commit(Change{Mode: Append, Added: f.files("b" + step[1:]), Branch: "psyberg_s2", Step: step})
		}
		f.want("psyberg_s2", "b1 b2")
		f.want("main", "")
	})
}

func TestParallelAppendsAllLand(t *testing.T) {
	f := newFixture(t, "2")
	const n = 8
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		c := f.open() // each its own connections, as another process
		added := []iceberg.DataFile{f.file(fmt.Sprint("f", i), "a", 1)}
		wg.Go(func() { _, errs[i] = c.Commit(f.ctx, "ns.t", Change{Mode: Append, Added: added}) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	f.want("main", "f0 f1 f2 f3 f4 f5 f6 f7")
	head := f.state().head("main")
	if head.Summary.Get("total-data-files") != "8" || head.Summary.Get("total-records") != "8" {
		t.Errorf("totals: %v", head.Summary.Map())
	}
}

func TestLoadAndList(t *testing.T) {
	f := newFixture(t, "2")
	tbl, err := f.c.Load(f.ctx, "local.ns.t@main")
	if err != nil {
		t.Fatal(err)
	}
	if tbl.Name != "ns.t" || tbl.Ref != "main" || tbl.Catalog != "local" || tbl.Meta.FormatVersion != 2 {
		t.Errorf("loaded %+v", tbl)
	}
	bare, err := f.c.Load(f.ctx, tbl.Location)
	if err != nil || bare.Meta.UUID != tbl.Meta.UUID || bare.Catalog != "" {
		t.Errorf("bare metadata.json: %+v %v", bare, err)
	}
	for name, want := range map[string]string{"ns.tt": `did you mean "ns.t"`, "nz.t": `did you mean "ns"`} {
		if _, err := f.c.Load(f.ctx, name); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	all, err := f.c.List(f.ctx, "", nil)
	if err != nil || len(all) != 1 || all[0].Name != "t" || all[0].MetadataLocation != tbl.Location {
		t.Errorf("list: %+v %v", all, err)
	}
	if _, err := f.c.List(f.ctx, "", []string{"nope"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("list of an unknown namespace: %v", err)
	}
	if _, err := f.c.Commit(f.ctx, tbl.Location, Change{Mode: Append}); !errors.Is(err, ErrReadOnly) {
		t.Errorf("commit to a metadata.json: %v", err)
	}
}
