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

// eachDamaged calls f for each file of a cache. What damage writes is written in
// place, as a disk does it; mend makes all as it was.
func eachDamaged(t *testing.T, c *Cache, f func(path string, whole []byte, damage func([]byte), mend func())) {
	t.Helper()
	good := map[string][]byte{}
	for _, path := range cached(t, c) {
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		good[path] = whole
	}
	write := func(path string, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	restore := func() {
		for _, path := range cached(t, c) {
			if good[path] == nil {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			}
		}
		for path, whole := range good {
			write(path, whole)
		}
	}
	for path, whole := range good {
		f(path, whole, func(bad []byte) { write(path, bad) }, restore)
	}
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
	eachDamaged(t, c, func(path string, whole []byte, damage func([]byte), mend func()) {
		defer mend()
		bad := slices.Clone(whole)
		for i := range whole {
			bad[i] ^= 1 << (i % 8)
			damage(bad)
			bad[i] = whole[i]
			other := next(t, c)
			gr, gn, ge := through(t, other, s, req, true)
			same(t, path, gr, gn, ge, rows, n, failed)
			if other.Stats().Damaged > 0 {
				noticed++
				mend()
			} else {
				unread++ // padding, and what only Arrow's own readers look at
			}
			other.Close()
		}
	})
	if noticed < 500 {
		t.Errorf("%d changed bytes noticed, %d not", noticed, unread)
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
	eachDamaged(t, c, func(path string, whole []byte, damage func([]byte), mend func()) {
		sizes := []int{len(whole) + 1}
		for size := 0; size < len(whole); size += 101 {
			sizes = append(sizes, size)
		}
		for _, size := range sizes {
			damage(append(slices.Clone(whole), 0)[:size])
			other := next(t, c)
			for _, how := range []string{"damaged", "mended"} {
				gr, gn, ge := through(t, other, s, req, how == "damaged")
				same(t, path+" "+how, gr, gn, ge, rows, n, failed)
			}
			other.Close()
			mend()
		}
	})
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
	c.Flush()
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
	theirs := cached(t, c)
	through(t, c, all[1], req, true)
	for _, path := range cached(t, c) {
		// A good file that says, where its directory has the hash of the other
		// one's key, that the columns are of this one: a hash that two keys share.
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		end := footerAt(data) - trailerSize
		if slices.Contains(theirs, path) || int(binary.LittleEndian.Uint32(data[end:])) != 1 {
			continue
		}
		directory := data[end-directorySize : end]
		for _, g := range newPlan(req).groups {
			if h := hashOf(key(all[1].File, g)); string(directory[:len(h)]) == string(h[:]) {
				h = hashOf(key(all[0].File, g))
				copy(directory, h[:])
			}
		}
		binary.LittleEndian.PutUint32(data[end+4:], crc32.Checksum(directory, castagnoli))
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range theirs {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	c = next(t, c)
	if folderOf(all[0].File) != folderOf(all[1].File) {
		t.Fatal("of two tables")
	}
	rows, n, failed := direct(t, all[0], req)
	gr, gn, ge := through(t, c, all[0], req, true)
	same(t, "of another manifest", gr, gn, ge, rows, n, failed)
	if st := c.Stats(); st.Misses != 1 {
		t.Errorf("%+v", st)
	}
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
			_ = os.Chtimes(fileOf(c, s.File, g), clock, clock) // it may be gone
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

// fileOf is the file that has a group of a manifest, "" where none has.
func fileOf(c *Cache, f manifest.File, g *group) string {
	e := c.folderNamed(folderOf(f)).find(key(f, g), g)
	if e == nil {
		return ""
	}
	defer e.free()
	folder := c.folderNamed(folderOf(f))
	folder.mu.Lock()
	defer folder.mu.Unlock()
	return folder.at[hashOf(key(f, g))].pack.path
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

// tooSmall is a limit, in bytes, that what work asks for goes beyond many times.
const tooSmall = 48 << 10

// TestC3_OtherProcess is the other process of TestC3_TwoProcesses.
func TestC3_OtherProcess(t *testing.T) {
	folder := os.Getenv(folderOfOther)
	if folder == "" {
		t.Skip("it is run by TestC3_TwoProcesses")
	}
	c, err := Open(folder, tooSmall)
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
	if st := c.Stats(); st.Hits == 0 || st.Written == 0 || st.Evicted == 0 || st.Damaged > 0 {
		t.Errorf("%+v", st)
	}
	t.Logf("%+v", c.Stats())
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
	c, err := Open(folder, tooSmall)
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
		data, err := os.ReadFile(fileOf(c, s.File, g))
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
	directory, err := readDirectory(data)
	if err != nil {
		return
	}
	x, err := readIndex(data, directory[hashOf(k)], k, g)
	if err != nil {
		return
	}
	e := &entry{group: g, data: data, index: x}
	for i := range x.batches {
		for col := range g.schema.NumFields() {
			a, err := e.read(nil, i, col)
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
	start := end - trailerSize - int(binary.LittleEndian.Uint32(trailer))*directorySize
	if start < 0 || start > end {
		return out
	}
	directory := out[start : end-trailerSize]
	seal := func() {
		for at := 0; at < len(directory); at += directorySize {
			d := directory[at+len(hash{}):]
			from, size := binary.LittleEndian.Uint64(d), uint64(binary.LittleEndian.Uint32(d[8:]))
			if from <= uint64(start) && size <= uint64(start)-from {
				binary.LittleEndian.PutUint32(d[12:], crc32.Checksum(out[from:from+size], castagnoli))
			}
		}
		binary.LittleEndian.PutUint32(trailer[4:], crc32.Checksum(directory, castagnoli))
	}
	seal()
	places, err := readDirectory(out)
	if err != nil {
		return out
	}
	at := places[hashOf(k)]
	if x, err := readIndex(out, at, k, g); err == nil {
		for _, b := range x.batches {
			for i, f := range b.buffers {
				b.buffers[i].sum = crc32.Checksum(out[f.offset:f.offset+f.length], castagnoli)
			}
		}
		copy(out[at.offset:], x.encode())
		seal()
	}
	return out
}
