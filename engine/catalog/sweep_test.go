package catalog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"psyberg/internal/testtables"
)

// folder is where the table's files are.
func (f *fixture) folder() string {
	f.t.Helper()
	p, _ := localPath(f.state().m.Location)
	return p
}

// put writes a file below the table's folder, as old as days says.
func (f *fixture) put(name, text string, days int) string {
	f.t.Helper()
	p := filepath.Join(f.folder(), filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		f.t.Fatal(err)
	}
	f.age(p, days)
	return p
}

func (f *fixture) age(p string, days int) {
	f.t.Helper()
	at := time.Now().Add(-time.Duration(days) * 24 * time.Hour)
	if err := os.Chtimes(p, at, at); err != nil {
		f.t.Fatal(err)
	}
}

// ageAll makes everything below the folder as old as days says.
func (f *fixture) ageAll(days int) {
	f.t.Helper()
	err := filepath.WalkDir(f.folder(), func(p string, d os.DirEntry, err error) error {
		if err == nil {
			f.age(p, days)
		}
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// real is a data file that is on disk, in partition cat; as is how a manifest names it.
func (f *fixture) real(name, cat string, as func(string) string) iceberg.DataFile {
	f.t.Helper()
	p := f.put("data/cat="+cat+"/"+name, "rows", 9)
	if as != nil {
		p = as(p)
	}
	b, err := iceberg.NewDataFileBuilder(f.spec, iceberg.EntryContentData, p, iceberg.ParquetFile, map[int]any{1000: cat}, nil, nil, 1, 4)
	if err != nil {
		f.t.Fatal(err)
	}
	return b.Build()
}

// sweep returns the names below the folder of what it finds.
func (f *fixture) sweep(req SweepRequest) (string, error) {
	if req.Before.IsZero() {
		req.Before = time.Now().Add(-SweepAge)
	}
	found, err := f.c.Sweep(f.ctx, "ns.t", req)
	var out []string
	for _, l := range found {
		rel, err := filepath.Rel(f.folder(), l.Location)
		if err != nil || l.Deleted != req.Delete {
			f.t.Errorf("%+v: %v", l, err)
		}
		out = append(out, filepath.ToSlash(rel))
	}
	return strings.Join(out, " "), err
}

// files lists what is below the folder, without what a commit makes under a
// random name.
func (f *fixture) onDisk() string {
	var out []string
	_ = filepath.WalkDir(f.folder(), func(p string, d os.DirEntry, _ error) error {
		if !d.IsDir() && !strings.HasSuffix(p, ".avro") && !strings.Contains(p, ".metadata.json") {
			rel, _ := filepath.Rel(f.folder(), p)
			out = append(out, filepath.ToSlash(rel))
		}
		return nil
	})
	return strings.Join(out, " ")
}

// TestSweepTakesOnlyWhatNothingNames: what main, a staged snapshot, a branch,
// a tag, statistics, an earlier metadata.json name stays; so does what is
// young, of another kind or hidden. The rest is listed, and deleted only then.
func TestSweepTakesOnlyWhatNothingNames(t *testing.T) {
	eachVersion(t, func(t *testing.T, f *fixture) {
		add := func(n string) []iceberg.DataFile { return []iceberg.DataFile{f.real(n, "a", nil)} }
		f.commit(Change{Mode: Append, Added: add("main.parquet")})
		f.commit(Change{Mode: Append, Added: add("staged.parquet"), WapID: "s1"})
		f.commit(Change{Mode: Append, Added: add("branch.parquet"), Branch: "psyberg_s2", Step: "1"})
		f.commit(Change{Mode: Append, Added: add("percent%2Bplus.parquet")})
		f.commit(Change{Mode: ReplacePartitions, Added: add("new.parquet")}) // main.parquet is of an older snapshot
		f.commit(Change{Mode: Append, Added: add("discarded.parquet"), WapID: "s3"})
		if _, err := f.c.Discard(f.ctx, "ns.t", "s3"); err != nil { // named by an earlier metadata.json
			t.Fatal(err)
		}
		f.put("metadata/1.stats", "", 9)
		f.setStatistics("metadata/1.stats")
		f.ageAll(9)
		f.put("data/cat=a/orphan.parquet", "", 4)
		f.put("data/cat=a/old%20orphan.parquet", "", 4)
		f.put("data/.psyberg-123/part-0.parquet", "", 4)
		f.put("metadata/snap-1.avro", "", 4)
		f.put("metadata/2.puffin", "", 4)
		f.put("metadata/00099-x.metadata.json", f.metadataText(), 4)
		f.put("data/cat=a/young.parquet", "", 2)
		f.put("data/.psyberg-456/part-0.parquet", "", 0)
		f.put("data/_temporary/0/part.parquet", "", 9)
		f.put("data/.part.parquet.crc", "", 9)
		f.put("data/_SUCCESS", "", 9)
		f.put("README.txt", "", 9)
		f.put("cache/a.avro", "", 9)
		empty := filepath.Join(f.folder(), "data", ".psyberg-789")
		if err := os.Mkdir(empty, 0o755); err != nil {
			t.Fatal(err)
		}
		f.age(empty, 4)

		before, disk := f.picture(), f.onDisk()
		keep := []string{filepath.Join(f.folder(), "cache")}
		want := "data/.psyberg-123/part-0.parquet data/.psyberg-789 data/cat=a/old%20orphan.parquet data/cat=a/orphan.parquet " +
			"metadata/00099-x.metadata.json metadata/2.puffin metadata/snap-1.avro"
		got, err := f.sweep(SweepRequest{Keep: keep})
		if err != nil || got != want {
			t.Fatalf("listed: %s, want %s; %v", got, want, err)
		}
		if f.onDisk() != disk {
			t.Errorf("a dry run changed %s into %s", disk, f.onDisk())
		}
		if got, err = f.sweep(SweepRequest{Keep: keep, Delete: true}); err != nil || got != want {
			t.Fatalf("deleted: %s, want %s; %v", got, want, err)
		}
		if got, err = f.sweep(SweepRequest{Keep: keep, Delete: true}); err != nil || got != "" {
			t.Errorf("again: %s; %v", got, err)
		}
		left := "README.txt cache/a.avro data/.part.parquet.crc data/.psyberg-456/part-0.parquet data/_SUCCESS data/_temporary/0/part.parquet " +
			"data/cat=a/branch.parquet data/cat=a/discarded.parquet data/cat=a/main.parquet data/cat=a/new.parquet data/cat=a/percent%2Bplus.parquet " +
			"data/cat=a/staged.parquet data/cat=a/young.parquet metadata/1.stats"
		if got := strings.ReplaceAll(f.onDisk(), "cache/a.avro ", ""); got != strings.ReplaceAll(left, "cache/a.avro ", "") {
			t.Errorf("left: %s", got)
		}
		if _, err := os.Stat(filepath.Join(f.folder(), "cache", "a.avro")); err != nil {
			t.Error(err)
		}
		for _, gone := range []string{"data/.psyberg-123", "data/.psyberg-789"} {
			if _, err := os.Stat(filepath.Join(f.folder(), gone)); !os.IsNotExist(err) {
				t.Errorf("%s is still there", gone)
			}
		}
		if f.picture() != before {
			t.Errorf("the table was %s and is %s", before, f.picture())
		}
	})
}

func (f *fixture) metadataText() string {
	f.t.Helper()
	b, err := f.state().files.Read(f.ctx, f.state().loc, -1)
	if err != nil {
		f.t.Fatal(err)
	}
	return string(b)
}

// setStatistics registers a statistics file of the head.
func (f *fixture) setStatistics(name string) {
	f.t.Helper()
	st := f.state()
	_, _, err := st.cat.CommitTable(f.ctx, st.id.levels(), st.requirements(), []table.Update{table.NewSetStatisticsUpdate(table.StatisticsFile{
		SnapshotID: int64(st.head("main").ID), StatisticsPath: filepath.Join(f.folder(), name)})})
	if err != nil {
		f.t.Fatal(err)
	}
}

// TestSweepDoubts: it refuses, and deletes nothing, where it could be wrong.
func TestSweepDoubts(t *testing.T) {
	f := newFixture(t, "2")
	orphan := f.put("data/orphan.parquet", "", 9)
	refused := func(words ...string) {
		t.Helper()
		got, err := f.sweep(SweepRequest{Delete: true})
		if !errors.Is(err, ErrDoubt) {
			t.Fatalf("%s, %v", got, err)
		}
		for _, w := range words {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%v: no %q", err, w)
			}
		}
		if _, err := os.Stat(orphan); err != nil {
			t.Error(err)
		}
	}
	// A file the table has is gone.
	real := f.real("a.parquet", "a", nil)
	f.commit(Change{Mode: Append, Added: []iceberg.DataFile{real}})
	if err := os.Rename(real.FilePath(), real.FilePath()+".away"); err != nil {
		t.Fatal(err)
	}
	refused("a.parquet", "was not found below")
	if err := os.Rename(real.FilePath()+".away", real.FilePath()); err != nil {
		t.Fatal(err)
	}
	// Another table lies in the folder.
	other := f.put("inner/metadata/v1.metadata.json", strings.Replace(f.metadataText(), f.state().m.UUID, "11111111-2222-3333-4444-555555555555", 1), 0)
	refused("inner", "another table (11111111-2222-3333-4444-555555555555)")
	if err := os.WriteFile(other, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	refused("inner", "cannot be read")
	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	// One path under two stores.
	f.commit(Change{Mode: Append, Added: []iceberg.DataFile{f.real("b.parquet", "b", func(p string) string { return "s3://bucket" + p })}})
	refused("s3://bucket", "one store")
	f.commit(Change{Mode: Append, Added: f.files("a1")})
}

// TestSweepOfHalfWrittenMetadata: a writer that was killed while it wrote a
// metadata.json left the beginning of one, beside the others.
func TestSweepOfHalfWrittenMetadata(t *testing.T) {
	f := newFixture(t, "2")
	text := f.metadataText()
	uuid := f.state().m.UUID
	for name, c := range map[string]struct {
		text string
		ok   bool
	}{
		"empty":         {"", true},
		"begun":         {text[:len(text)/2], true},
		"all but one":   {strings.TrimSpace(text)[:len(strings.TrimSpace(text))-1], true},
		"another's":     {strings.Replace(text, uuid, "11111111-2222-3333-4444-555555555555", 1)[:len(text)-9], false},
		"damaged":       {"{]" + text, false},
		"not an object": {"[]", false},
	} {
		half := f.put("metadata/00009-x.metadata.json", c.text, 9)
		got, err := f.sweep(SweepRequest{Delete: true})
		_, stat := os.Stat(half)
		if c.ok && (err != nil || !errors.Is(stat, fs.ErrNotExist)) || !c.ok && (!errors.Is(err, ErrDoubt) || stat != nil) {
			t.Errorf("%s: %v, %v; %v", name, got, err, stat)
		}
		if err := os.RemoveAll(half); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSweepKnowsEverySpelling: the same file, written as other writers write it.
func TestSweepKnowsEverySpelling(t *testing.T) {
	f := newFixture(t, "2")
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(f.folder(), link); err != nil {
		t.Fatal(err)
	}
	for i, as := range []func(string) string{
		func(p string) string { return "file:" + p },
		func(p string) string { return "file://" + p },
		func(p string) string { return "file://localhost" + p },
		func(p string) string { return strings.Replace(p, "/data/", "//data/./", 1) },
		func(p string) string { return strings.Replace(p, "/data/", "/data/../data/", 1) },
		func(p string) string { return link + strings.TrimPrefix(p, f.folder()) },
		func(p string) string { return strings.ReplaceAll(p, "=", "%3D") }, // as iceberg-go and Hive decode it
	} {
		f.commit(Change{Mode: Append, Added: []iceberg.DataFile{f.real(fmt.Sprintf("f%d.parquet", i), "a", as)}})
		f.ageAll(9)
		if got, err := f.sweep(SweepRequest{Delete: true}); got != "" || err != nil {
			t.Errorf("spelling %d: %s %v", i, got, err)
		}
	}
}

// TestSweepRefusesWhatItCannotTell: names that are no table, and roots.
func TestSweepRefusesWhatItCannotTell(t *testing.T) {
	f := newFixture(t, "2")
	for name, want := range map[string]string{f.state().loc: "bare metadata.json", "ns.t@main": "leave out '@main'", "ns.nothing": "not found"} {
		_, err := f.c.Sweep(f.ctx, name, SweepRequest{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	mapped, err := Open(f.ctx, Config{Dir: f.dir, Home: f.dir, PathMaps: []string{"/x=/y"}})
	if err != nil {
		t.Fatal(err)
	}
	defer mapped.Close()
	if _, err := mapped.Sweep(f.ctx, "ns.t", SweepRequest{}); err != nil {
		t.Errorf("a dry run under a path map: %v", err)
	}
	if _, err := mapped.Sweep(f.ctx, "ns.t", SweepRequest{Delete: true}); !errors.Is(err, ErrReadOnly) {
		t.Errorf("a delete under a path map: %v", err)
	}
	tbl, err := f.c.Load(f.ctx, "ns.t")
	if err != nil {
		t.Fatal(err)
	}
	for _, root := range []string{"/", "file:///", "s3://bucket", "s3://bucket/"} {
		m := *tbl.Meta
		m.Location = root
		r := *tbl
		r.Meta = &m
		s := &sweep{t: &r, files: r.Files.(*files), places: newPlaces(r.Files.(*files))}
		if err := s.begin(f.ctx); !errors.Is(err, ErrDoubt) {
			t.Errorf("location %s: %v", root, err)
		}
	}
}

// TestSweepMeetsACommit: a file that is committed after the listing stays.
func TestSweepMeetsACommit(t *testing.T) {
	f := newFixture(t, "2")
	late := f.real("late.parquet", "a", nil)
	tbl, err := f.c.sweepable(f.ctx, "ns.t", true)
	if err != nil {
		t.Fatal(err)
	}
	s := &sweep{t: tbl, req: SweepRequest{Before: time.Now()}, files: tbl.Files.(*files), places: newPlaces(tbl.Files.(*files))}
	if err := s.begin(f.ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.judge(f.ctx); err != nil || len(s.left) != 1 {
		t.Fatalf("%v %v", s.left, err)
	}
	f.commit(Change{Mode: Append, Added: []iceberg.DataFile{late}})
	if s.t, err = f.c.sweepable(f.ctx, "ns.t", true); err != nil {
		t.Fatal(err)
	}
	if err := s.judge(f.ctx); err != nil || len(s.left) != 0 {
		t.Errorf("%v %v", s.left, err)
	}
}

// TestSweepOfOtherEngines: below the tables that Spark and PyIceberg wrote
// nothing is found but what they left themselves, though nothing is too young.
func TestSweepOfOtherEngines(t *testing.T) {
	for suite, left := range map[string]map[string]int{
		"spark": {},
		"pyiceberg": {
			"conf.expired": 3, "conf.merge_append": 4, // PyIceberg deletes nothing when it expires or merges
			// Versions that their maker's commits put aside.
			"conf.codec_uncompressed": 2, "conf.gz_metadata": 1, "conf.v3_geo_crs": 1, "conf.v3_ns_empty": 1, "conf.v3_types_empty": 1, "conf.v3_upgraded": 1,
			"conf.many_manifests": -1, // its data files were never made
		},
	} {
		t.Run(suite, func(t *testing.T) {
			dir := testtables.Unpack(t, suite)
			c, err := Open(t.Context(), Config{URI: "sqlite:///" + filepath.Join(dir, "catalog.db"), PathMaps: []string{"/warehouse/" + suite + "=" + dir},
				Dir: t.TempDir(), Home: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			all, err := c.List(t.Context(), "", nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range all {
				name := quoteName(append(slices.Clone(l.Namespace), l.Name))
				found, err := c.Sweep(t.Context(), name, SweepRequest{Before: time.Now().Add(time.Hour)})
				if got := len(found) - b2i(errors.Is(err, ErrDoubt)); got != left[name] || err != nil && got >= 0 {
					t.Errorf("%s: %v %v, want %d", name, found, err, left[name])
				}
			}
			if len(all) < 50 {
				t.Errorf("only %d tables", len(all))
			}
		})
	}
}
