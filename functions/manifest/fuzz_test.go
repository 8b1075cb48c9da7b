package manifest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"psyberg/internal/testtables"
)

// seeds are real files of one kind, one of every schema and codec that the two
// engines wrote, the smallest first; and each again without compression, so
// that a changed byte changes an entry and not a codec's stream.
func seedsOf(f testing.TB, take func(string) bool) [][]byte {
	f.Helper()
	least := map[string][]byte{}
	for _, suite := range []string{"pyiceberg", "spark"} {
		for _, path := range avroFiles(f, suite, take) {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			c, err := open("seed", path, data)
			if err != nil {
				continue // a codec that nobody knows
			}
			key := c.codec.name + string(c.meta.get("avro.schema"))
			if old := least[key]; old == nil || len(data) < len(old) {
				least[key] = data
			}
		}
	}
	var out [][]byte
	for _, data := range least {
		out = append(out, data, uncompressed(f, data))
	}
	slices.SortFunc(out, func(a, b []byte) int { return cmp.Or(cmp.Compare(len(a), len(b)), bytes.Compare(a, b)) })
	if len(out) < 10 {
		f.Fatalf("only %d seeds", len(out))
	}
	return out
}

// seeds are seedsOf, each also cut short and with bits flipped.
func seeds(f *testing.F, take func(string) bool) [][]byte {
	f.Helper()
	whole := seedsOf(f, take)
	out := whole
	for _, s := range whole {
		if len(s) < 1<<16 {
			out = append(out, testtables.Damaged(s, 8)...)
		}
	}
	return out
}

// uncompressed writes an Avro file again with the codec null.
func uncompressed(t testing.TB, data []byte) []byte {
	t.Helper()
	c, err := open("seed", "seed", data)
	if err != nil {
		t.Fatal(err)
	}
	out := avroHeader(c.meta.get("avro.schema"))
	for {
		b, ok, err := c.next()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return out
		}
		raw, _, err := c.unpack(b, nil)
		if err != nil {
			t.Fatal(err)
		}
		out = avroBlock(out, b.count, raw)
	}
}

var fuzzSync = []byte("0123456789abcdef")

func avroHeader(schema []byte) []byte {
	out := []byte("Obj\x01")
	out = binary.AppendVarint(out, 1)
	for _, s := range [][]byte{[]byte("avro.schema"), schema} {
		out = append(binary.AppendVarint(out, int64(len(s))), s...)
	}
	return append(append(out, 0), fuzzSync...)
}

func avroBlock(out []byte, count int, raw []byte) []byte {
	out = binary.AppendVarint(out, int64(count))
	out = append(binary.AppendVarint(out, int64(len(raw))), raw...)
	return append(out, fuzzSync...)
}

// limited is an allocator that says how much was held at most.
type limited struct {
	memory.GoAllocator
	held, most atomic.Int64
}

func (l *limited) count(n int) {
	held := l.held.Add(int64(n))
	for most := l.most.Load(); held > most && !l.most.CompareAndSwap(most, held); most = l.most.Load() {
	}
}

func (l *limited) Allocate(n int) []byte { l.count(n); return l.GoAllocator.Allocate(n) }
func (l *limited) Free(b []byte)         { l.count(-len(b)); l.GoAllocator.Free(b) }
func (l *limited) Reallocate(n int, b []byte) []byte {
	l.count(n - len(b))
	return l.GoAllocator.Reallocate(n, b)
}

// checkError fails where an error does not say where in the file it is.
func checkError(t *testing.T, data []byte, err error) {
	t.Helper()
	var d *DamageError
	if errors.As(err, &d) && (d.Offset < 0 || d.Offset > int64(len(data)) || d.Entry < -1 || d.Name != "fuzzed") {
		t.Fatalf("%v: no place in a file of %d bytes", err, len(data))
	}
}

// checkScan scans data for all there is. What is held has to stay in
// proportion to the file: a manifest of a few bytes that announces a billion
// entries gets no room for them.
func checkScan(t *testing.T, data []byte) {
	t.Helper()
	c, err := open("manifest", "fuzzed", data)
	if err != nil {
		checkError(t, data, err)
		return
	}
	parts, err := PartitionType("fuzzed", data)
	if err != nil {
		checkError(t, data, err)
		parts = nil
	}
	req := &Request{Columns: AllColumns(), Partition: parts, Bounds: []int32{1, 2}, Counts: []int32{1}, BatchRows: 100}
	alloc := &limited{}
	first := int64(7)
	file := File{Path: "fuzzed", AddedSnapshotID: 7, Sequence: 3, FirstRowID: &first}
	err = Scan(context.Background(), file, data, req, alloc, func(rec arrow.RecordBatch) error {
		if rec.NumRows() == 0 || rec.NumRows() > 100 {
			t.Fatalf("a batch of %d rows", rec.NumRows())
		}
		for _, row := range rowsOf(rec) { // reads every value
			if row["file_path"] == nil || row["status"] == nil {
				t.Fatalf("a row without path or status: %v", row)
			}
		}
		return nil
	})
	checkError(t, data, err)
	if held := alloc.held.Load(); held != 0 {
		t.Fatalf("%d bytes are not given back", held)
	}
	if most := alloc.most.Load(); c.codec.name == "null" && most > 4<<20+64*int64(len(data)) {
		t.Fatalf("%d bytes were held for a file of %d", most, len(data))
	}
}

// scanDropped scans data for all there is and looks at nothing.
func scanDropped(data []byte) {
	parts, err := PartitionType("fuzzed", data)
	if err != nil {
		parts = nil
	}
	req := &Request{Columns: AllColumns(), Partition: parts, Bounds: []int32{1, 2}, Counts: []int32{1}}
	_ = Scan(context.Background(), File{Path: "fuzzed"}, data, req, nil, func(arrow.RecordBatch) error { return nil }) // checkScan looks at the error
}

// FuzzScan: no file makes Scan panic, hold more than its size allows, or fail
// without saying where.
func FuzzScan(f *testing.F) {
	for _, s := range seeds(f, isManifest) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		testtables.Bounded(t, len(data), func() { scanDropped(data) })
		if len(data) < 1<<17 {
			checkScan(t, data)
		}
		if d, err := Describe("m.avro", data); err == nil && (d.Length != int64(len(data)) || d.Content > ContentDeletes) {
			t.Errorf("described as %+v", d)
		}
	})
}

// FuzzScanEntries: likewise, the file well-formed but for its entries.
func FuzzScanEntries(f *testing.F) {
	var schemas [][]byte
	for _, s := range seedsOf(f, isManifest) {
		c, err := open("seed", "seed", s)
		if err != nil {
			f.Fatal(err)
		}
		if c.codec.name != "null" || slices.ContainsFunc(schemas, func(b []byte) bool { return bytes.Equal(b, c.meta.get("avro.schema")) }) {
			continue
		}
		schemas = append(schemas, c.meta.get("avro.schema"))
		if b, ok, err := c.next(); ok && err == nil {
			f.Add(uint8(len(schemas)-1), uint16(b.count), b.packed)
			for _, bad := range testtables.Damaged(b.packed, 6) {
				f.Add(uint8(len(schemas)-1), uint16(b.count), bad)
			}
		}
	}
	f.Fuzz(func(t *testing.T, schema uint8, count uint16, raw []byte) {
		if len(raw) < 1<<17 {
			data := avroBlock(avroHeader(schemas[int(schema)%len(schemas)]), int(count), raw)
			testtables.Bounded(t, len(data), func() { scanDropped(data) })
			checkScan(t, data)
		}
	})
}

// FuzzReadList: no file makes ReadList panic, or fail without saying where.
func FuzzReadList(f *testing.F) {
	for _, s := range seeds(f, isList) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) >= 1<<17 {
			return
		}
		var files []File
		var err error
		testtables.Bounded(t, len(data), func() { files, err = ReadList("fuzzed", data) })
		checkError(t, data, err)
		for _, m := range files {
			if m.Path == "" || m.Content < 0 || m.Content > 1 {
				t.Fatalf("a manifest without a path, or of content %d", m.Content)
			}
		}
		_, _ = listBothWays(t, "fuzzed", data, nil) // it compares
	})
}
