package tables

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"

	"psyberg/functions/manifest"
	"psyberg/functions/meta"
)

// small are tables of a second, one of each kind.
func small() []Config {
	return []Config{
		T1(1000), T2(200), T3(1000), T4(2000, 1), T4(2000, 10),
		T2(200).With(Null), T2(200).With(Snappy), T2(200).With(Zstd),
	}
}

// made makes every small table once.
func made(t *testing.T, each func(t *testing.T, tab *Table)) {
	t.Parallel()
	for _, c := range small() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			tab, err := Ensure(t.Context(), t.TempDir(), c)
			if err != nil {
				t.Fatal(err)
			}
			each(t, tab)
		})
	}
}

// TestOurDecoderAgrees: the rows of all manifests, read by the product's
// decoder, are the answers that the generator worked out by itself.
func TestOurDecoderAgrees(t *testing.T) {
	made(t, func(t *testing.T, tab *Table) {
		list, err := os.ReadFile(tab.Lists[len(tab.Lists)-1])
		if err != nil {
			t.Fatal(err)
		}
		files, err := manifest.ReadList("list", list)
		if err != nil {
			t.Fatal(err)
		}
		if len(files) != tab.Config.Manifests() {
			t.Errorf("the list has %d manifests, want %d", len(files), tab.Config.Manifests())
		}
		newest := map[int64]bool{}
		for _, id := range tab.Snapshots[max(0, len(tab.Snapshots)-10):] {
			newest[id] = true
		}
		all, last := tally{}, tally{}
		entries := 0
		req := &manifest.Request{Columns: []manifest.Column{manifest.SnapshotID, manifest.FileSizeInBytes, manifest.FilePath, manifest.Partition}, Bounds: []int32{EventColumn}, Live: true,
			Partition: PartitionRequest(tab.Config)}
		paths := map[string]bool{}
		for _, f := range files {
			data, err := os.ReadFile(f.Path)
			if err != nil {
				t.Fatal(err)
			}
			if int64(len(data)) != f.Length {
				t.Errorf("%s: the list says %d bytes, it has %d", f.Path, f.Length, len(data))
			}
			n := int64(0)
			err = manifest.Scan(t.Context(), f, data, req, nil, func(b arrow.RecordBatch) error {
				n += b.NumRows()
				for i, p := range Rows(tab.Config, b) {
					d := file{hour: p.Hour, bytes: p.Bytes, min: p.First, max: p.Last}
					if tab.Config.Wide {
						for ; string(batchName(nil, d.hour, d.batch)) != p.Batch; d.batch++ {
						}
					}
					all.add(&d, tab.Config.Wide)
					if newest[b.Column(0).(*array.Int64).Value(i)] {
						last.add(&d, tab.Config.Wide)
					}
					paths[b.Column(2).(*array.String).Value(i)] = true
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if n != f.AddedFiles+f.ExistingFiles {
				t.Errorf("%s: the list says %d entries, it has %d", f.Path, f.AddedFiles+f.ExistingFiles, n)
			}
			entries += int(n)
		}
		if entries != tab.Config.Entries() || len(paths) != entries {
			t.Errorf("%d entries, %d paths, want %d of both", entries, len(paths), tab.Config.Entries())
		}
		if got := Digest(Q1, all.rows(nil)); got != tab.Answers[Q1] {
			t.Errorf("Q1 is %+v, the generator says %+v", got, tab.Answers[Q1])
		}
		day := func(p *Partition) bool { return string(appendDate(nil, p.Hour/24)) == tab.LastDay }
		if got := Digest(Q2, all.rows(day)); got != tab.Answers[Q2] {
			t.Errorf("Q2 is %+v, the generator says %+v", got, tab.Answers[Q2])
		}
		if got := Digest(Q3, last.rows(nil)); got != tab.Answers[Q3] {
			t.Errorf("Q3 is %+v, the generator says %+v", got, tab.Answers[Q3])
		}
	})
}

// TestEverySnapshotIsWhole: every snapshot's list names manifests that exist,
// with as many live files as the snapshot's summary says; read by iceberg-go.
func TestEverySnapshotIsWhole(t *testing.T) {
	made(t, func(t *testing.T, tab *Table) {
		loaded, err := table.NewFromLocation(t.Context(), table.Identifier{"b", "t"}, tab.Metadata, io.LoadFSFunc(nil, tab.Metadata), nil)
		if err != nil {
			t.Fatal(err)
		}
		snapshots := loaded.Metadata().Snapshots()
		if len(snapshots) != tab.Config.Snapshots() {
			t.Fatalf("%d snapshots, want %d", len(snapshots), tab.Config.Snapshots())
		}
		fs := io.LocalFS{}
		for _, s := range snapshots {
			manifests, err := s.Manifests(fs)
			if err != nil {
				t.Fatal(err)
			}
			files := int64(0)
			for _, m := range manifests {
				files += int64(m.AddedDataFiles()) + int64(m.ExistingDataFiles())
				if st, err := os.Stat(m.FilePath()); err != nil || st.Size() != m.Length() {
					t.Fatalf("snapshot %d: manifest %s: %v", s.SnapshotID, m.FilePath(), err)
				}
			}
			if want := s.Summary.Properties.GetInt("total-data-files", -1); files != int64(want) {
				t.Fatalf("snapshot %d (number %d): lists %d files, its summary says %d", s.SnapshotID, s.SequenceNumber, files, want)
			}
		}
		head := snapshots[len(snapshots)-1]
		manifests, err := head.Manifests(fs)
		if err != nil {
			t.Fatal(err)
		}
		m := manifests[len(manifests)-1]
		for e, err := range m.Entries(fs, true) {
			if err != nil {
				t.Fatal(err)
			}
			d := e.DataFile()
			if d.Count() < 1 || len(d.LowerBoundValues()[EventColumn]) != 8 || d.FileFormat() != iceberg.ParquetFile {
				t.Fatalf("entry %+v", d)
			}
		}
	})
}

// TestSameBytes: a table is a function of its config, and is found again.
func TestSameBytes(t *testing.T) {
	t.Parallel()
	c := T2(200)
	dir := t.TempDir()
	one, err := Ensure(t.Context(), dir, c)
	if err != nil {
		t.Fatal(err)
	}
	read := func(tab *Table) []byte {
		b, err := os.ReadFile(tab.Manifests[len(tab.Manifests)/2])
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	before := read(one)
	if err := os.Remove(filepath.Join(one.Dir, "table.json")); err != nil { // as a run that was stopped leaves it
		t.Fatal(err)
	}
	two, err := Ensure(t.Context(), dir, c)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(read(two)) || one.Metadata != two.Metadata {
		t.Error("made again, the table is another one")
	}
	st, err := os.Stat(two.Metadata)
	if err != nil {
		t.Fatal(err)
	}
	three, err := Ensure(t.Context(), dir, c)
	if err != nil {
		t.Fatal(err)
	}
	if st2, err := os.Stat(three.Metadata); err != nil || !st2.ModTime().Equal(st.ModTime()) {
		t.Error("the table was there, and was made again")
	}
}

// TestMetadata: the product's own reader takes metadata.json.
func TestMetadata(t *testing.T) {
	t.Parallel()
	tab, err := Ensure(t.Context(), t.TempDir(), T4(2000, 1))
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(tab.Metadata)
	if err != nil {
		t.Fatal(err)
	}
	m, err := meta.Parse(tab.Metadata, b)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Snapshots) != tab.Config.Snapshots() || int64(m.CurrentSnapshotID) != tab.Snapshots[len(tab.Snapshots)-1] {
		t.Errorf("%d snapshots, current %d", len(m.Snapshots), m.CurrentSnapshotID)
	}
}

// TestSizes: the tables are as large as they are said to be.
func TestSizes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		Config
		snapshots, manifests, entries int
	}{
		{T1(1), 50, 50, 400_000},
		{T2(1), 2_000, 1_000, 1_000_000},
		{T3(1), 50, 50, 400_000},
		{T4(1, 1), 10_000, 5_000, 10_000_000},
		{T4(1, 10), 10_000, 48_650, 91_000_900},
	} {
		if err := c.check(); err != nil {
			t.Error(err)
		}
		if c.Snapshots() != c.snapshots || c.Manifests() != c.manifests || c.Entries() != c.entries {
			t.Errorf("%s: %d snapshots, %d manifests, %d entries; want %d, %d, %d", c.Name, c.Snapshots(), c.Manifests(), c.Entries(), c.snapshots, c.manifests, c.entries)
		}
	}
}

// TestDates: appendDate against days that are known.
func TestDates(t *testing.T) {
	for day, want := range map[int64]string{0: "1970-01-01", 11016: "2000-02-29", 11017: "2000-03-01", 20301: "2025-08-01", 20453: "2025-12-31"} {
		if got := string(appendDate(nil, day)); got != want {
			t.Errorf("day %d is %s, want %s", day, got, want)
		}
	}
}
