package cache

import (
	"encoding/binary"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"psyberg/functions/manifest"
	"psyberg/internal/testtables"
)

// smallest is the smallest manifest that has entries, and a partition.
func smallest(t testing.TB) sample {
	t.Helper()
	all := slices.DeleteFunc(samples(t), func(s sample) bool {
		parts, err := manifest.PartitionType(s.Path, s.data)
		return err != nil || len(parts) == 0 || s.AddedFiles < 2
	})
	return slices.MinFunc(all, func(a, b sample) int { return len(a.data) - len(b.data) })
}

// wide asks for all groups: core, partition, maps, one column.
func wide(t testing.TB, s sample) *manifest.Request {
	t.Helper()
	parts, err := manifest.PartitionType(s.Path, s.data)
	if err != nil {
		t.Fatal(err)
	}
	return &manifest.Request{Columns: manifest.AllColumns(), Partition: parts, Bounds: []int32{1}, Counts: []int32{1}}
}

// TestC2_EveryByte: whichever byte of whichever file is another, the answer is
// right, and the cache is whole again after it.
func TestC2_EveryByte(t *testing.T) {
	t.Parallel()
	s := smallest(t)
	req := &manifest.Request{Columns: []manifest.Column{manifest.FilePath, manifest.RecordCount}, Bounds: []int32{1}, Counts: []int32{1}}
	rows, n, failed := direct(t, s, req)
	c := open(t, 0)
	through(t, c, s, req, true)
	noticed, unread := 0, 0
	for _, path := range cached(t, c) {
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := range whole {
			bad := slices.Clone(whole)
			bad[i] ^= 1 << (i % 8)
			// In place, as a disk does it.
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			before := c.Stats()
			gr, gn, ge := through(t, c, s, req, true)
			same(t, path, gr, gn, ge, rows, n, failed)
			if c.Stats().Damaged > before.Damaged {
				noticed++
			} else {
				unread++ // padding, and what only Arrow's own readers look at
			}
		}
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if noticed < 500 {
		t.Errorf("%d changed bytes noticed, %d not", noticed, unread)
	}
	if _, _, failed := through(t, c, s, req, false); failed != "" {
		t.Error(failed)
	}
	t.Logf("%d changed bytes noticed, %d in bytes that are not read", noticed, unread)
}

// TestC2_Cut: likewise of files that were cut short, emptied, or made longer.
func TestC2_Cut(t *testing.T) {
	t.Parallel()
	s := smallest(t)
	req := wide(t, s)
	rows, n, failed := direct(t, s, req)
	c := open(t, 0)
	through(t, c, s, req, true)
	for _, path := range cached(t, c) {
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for size := 0; size < len(whole); size += 101 {
			if err := os.WriteFile(path, whole[:size], 0o600); err != nil {
				t.Fatal(err)
			}
			gr, gn, ge := through(t, c, s, req, true)
			same(t, path, gr, gn, ge, rows, n, failed)
		}
		if err := os.WriteFile(path, append(slices.Clone(whole), 0), 0o600); err != nil {
			t.Fatal(err)
		}
		gr, gn, ge := through(t, c, s, req, true)
		same(t, path, gr, gn, ge, rows, n, failed)
	}
}

// TestC2_CutWhileOpen: a file that is cut short after it was opened is decoded
// again, where mapped memory would end the process.
func TestC2_CutWhileOpen(t *testing.T) {
	t.Parallel()
	s := smallest(t)
	req := wide(t, s)
	rows, n, failed := direct(t, s, req)
	c := open(t, 0)
	through(t, c, s, req, true)
	src, err := c.Fetch(t.Context(), s.File, req, s.reader(true))
	if err != nil || src.data != nil {
		t.Fatalf("not found, %v", err)
	}
	for _, path := range cached(t, c) {
		if err := os.Truncate(path, 0); err != nil {
			t.Fatal(err)
		}
	}
	gr, gn, ge := answer(t, func(emit func(arrow.RecordBatch) error) error { return src.Scan(t.Context(), nil, emit) }, 0)
	same(t, "cut while open", gr, gn, ge, rows, n, failed)
	if _, _, failed := through(t, c, s, req, false); failed != "" {
		t.Errorf("after it: %s", failed)
	}
}

// TestC2_OtherManifest: a good file of another manifest, in the place of this
// one's, is none.
func TestC2_OtherManifest(t *testing.T) {
	t.Parallel()
	c := open(t, 0)
	all := samples(t)
	req := &manifest.Request{Columns: []manifest.Column{manifest.FilePath}}
	through(t, c, all[0], req, true)
	theirs := cached(t, c)[0]
	through(t, c, all[1], req, true)
	for _, path := range cached(t, c) {
		if path == theirs {
			continue
		}
		data, err := os.ReadFile(theirs)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rows, n, failed := direct(t, all[1], req)
	gr, gn, ge := through(t, c, all[1], req, true)
	same(t, "of another manifest", gr, gn, ge, rows, n, failed)
}

// TestC4_Eviction: the folder stays below its limit, what was used last stays,
// and what crashed writers left goes.
func TestC4_Eviction(t *testing.T) {
	t.Parallel()
	const limit = 400 << 10
	c := open(t, limit)
	all := samples(t)[:200]
	req := &manifest.Request{Columns: []manifest.Column{manifest.FilePath}}
	first := all[0]
	through(t, c, first, req, true)
	left := filepath.Join(filepath.Dir(cached(t, c)[0]), tempPrefix+"1")
	fresh := filepath.Join(filepath.Dir(cached(t, c)[0]), tempPrefix+"2")
	foreign := filepath.Join(c.folder, "notes.arrow")
	for _, path := range []string{left, fresh, foreign} {
		if err := os.WriteFile(path, make([]byte, 100), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(left, old, old); err != nil {
		t.Fatal(err)
	}
	clock := time.Now().Add(-24 * time.Hour)
	for _, s := range all[1:] {
		through(t, c, s, req, true)
		// Everything was used a day ago, one after the other, but the first: it
		// is used all the time.
		clock = clock.Add(time.Second)
		for _, g := range newPlan(req).groups {
			folder, name := fileOf(key(s.File, g))
			_ = os.Chtimes(filepath.Join(c.folder, folder, name), clock, clock) // it may be gone
		}
		if _, _, failed := through(t, c, first, req, false); failed != "" {
			t.Fatalf("what is used all the time has gone: %s", failed)
		}
		total := int64(0)
		for _, path := range cached(t, c) {
			if st, err := os.Stat(path); err == nil {
				total += st.Size()
			}
		}
		if total > limit+limit/16+64<<10 {
			t.Fatalf("%d bytes of %d", total, limit)
		}
	}
	if c.Stats().Evicted == 0 {
		t.Error("nothing had to go: the test is too small")
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("what a crashed writer left is still there")
	}
	for _, path := range []string{fresh, foreign} {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("not the cache's to remove: %v", err)
		}
	}
}

// TestC5_ReadOnly: where nothing can be written, all is as without a cache.
func TestC5_ReadOnly(t *testing.T) {
	t.Parallel()
	c := open(t, 0)
	s := samples(t)[0]
	req := &manifest.Request{Columns: []manifest.Column{manifest.FilePath}}
	rows, n, failed := direct(t, s, req)
	// A file where the folder should be: also for root nothing can be written.
	if err := os.RemoveAll(c.folder); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.folder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		gr, gn, ge := through(t, c, s, req, true)
		same(t, "no folder", gr, gn, ge, rows, n, failed)
	}
	if _, err := Open(c.folder, 0); err == nil || !strings.Contains(err.Error(), "--cache-dir") {
		t.Errorf("opening it: %v", err)
	}
	if _, err := Open(t.TempDir(), -1); err == nil {
		t.Error("a limit below 0 is taken")
	}
}

// folderOfOther names the folder that TestC3_OtherProcess fills, in a process
// of its own.
const folderOfOther = "PSYBERG_TEST_CACHE"

// TestC3_OtherProcess is the other process of TestC3_TwoProcesses.
func TestC3_OtherProcess(t *testing.T) {
	folder := os.Getenv(folderOfOther)
	if folder == "" {
		t.Skip("it is run by TestC3_TwoProcesses")
	}
	c, err := Open(folder, 256<<10)
	if err != nil {
		t.Fatal(err)
	}
	work(t, c)
}

// work asks for everything, several times, in a cache that is too small.
func work(t *testing.T, c *Cache) {
	t.Helper()
	for range 3 {
		for _, s := range samples(t)[:60] {
			for _, req := range requests(t, s)[:3] {
				rows, n, failed := direct(t, s, req)
				gr, gn, ge := through(t, c, s, req, true)
				same(t, s.Path, gr, gn, ge, rows, n, failed)
			}
		}
	}
	if st := c.Stats(); st.Hits == 0 || st.Written == 0 || st.Damaged > 0 {
		t.Errorf("%+v", st)
	}
}

// TestC3_TwoProcesses: two processes fill, read and evict one folder at the
// same time; all answers are right, and nobody sees half a file.
func TestC3_TwoProcesses(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "cache")
	done := make(chan error, 1)
	var out []byte
	go func() {
		other := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestC3_OtherProcess$", "-test.v")
		other.Env = append(os.Environ(), folderOfOther+"="+folder)
		var err error
		out, err = other.CombinedOutput()
		done <- err
	}()
	c, err := Open(folder, 256<<10)
	if err != nil {
		t.Fatal(err)
	}
	work(t, c)
	if err := <-done; err != nil || !strings.Contains(string(out), "--- PASS: TestC3_OtherProcess") {
		t.Errorf("the other process: %v\n%s", err, out)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*", tempPrefix+"*"))
	if err != nil || len(files) > 0 {
		t.Errorf("left over: %v, %v", files, err)
	}
}

// FuzzReadIndex: no file makes the reader panic, or take more than its size
// allows; also one whose checksums are all good, which no accident makes.
func FuzzReadIndex(f *testing.F) {
	s := upTo(f, 1)[0]
	c := open(f, 0)
	req := wide(f, s)
	through(f, c, s, req, true)
	p := newPlan(req)
	var groups []*group
	for _, g := range p.groups {
		folder, name := fileOf(key(s.File, g))
		data, err := os.ReadFile(filepath.Join(c.folder, folder, name))
		if err != nil {
			f.Fatal(err)
		}
		for _, bad := range testtables.Damaged(data, 40) {
			f.Add(uint8(len(groups)), bad)
		}
		f.Add(uint8(len(groups)), data)
		groups = append(groups, g)
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		g := groups[int(which)%len(groups)]
		testtables.Bounded(t, len(data), func() { readAll(g, key(s.File, g), data) })
		again := repaired(data, key(s.File, g), g)
		testtables.Bounded(t, len(again), func() { readAll(g, key(s.File, g), again) })
	})
}

// readAll reads every column of a file that may be any bytes, once.
func readAll(g *group, k string, data []byte) {
	x, err := readIndex(data, k, g)
	if err != nil {
		return
	}
	e := &entry{group: g, data: data, index: x}
	for i := range x.batches {
		for col := range g.schema.NumFields() {
			a, err := e.read(i, col)
			if err != nil {
				continue
			}
			for row := range min(a.Len(), 100) {
				_ = text(a, row)
			}
			a.Release()
		}
	}
}

// repaired gives an index, and every buffer that lies in the file, the
// checksum that it should have.
func repaired(data []byte, k string, g *group) []byte {
	out := slices.Clone(data)
	end := footerAt(out)
	if end < trailerSize {
		return out
	}
	copy(out[end-len(trailerMagic):], trailerMagic)
	trailer := out[end-trailerSize:]
	size := int(binary.LittleEndian.Uint32(trailer))
	start := end - trailerSize - size
	if start < 0 || start > end {
		return out
	}
	seal := func() {
		binary.LittleEndian.PutUint32(trailer[4:], crc32.Checksum(out[start:start+size], castagnoli))
	}
	seal()
	if x, err := readIndex(out, k, g); err == nil {
		for _, b := range x.batches {
			for i, f := range b.buffers {
				b.buffers[i].sum = crc32.Checksum(out[f.offset:f.offset+f.length], castagnoli)
			}
		}
		copy(out[start:], x.encode())
		seal()
	}
	return out
}
