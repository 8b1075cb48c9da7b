package manifest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// scanWindow is Scan through a window of so many bytes, which fetches more when
// there are fewer than low.
func scanWindow(t testing.TB, f File, src io.Reader, size int64, bytes, low int, req *Request) (rows []map[string]any, err error) {
	t.Helper()
	alloc := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer alloc.AssertSize(t, 0)
	w := &window{src: src, size: size, buf: make([]byte, bytes+ample), low: low}
	c, err := w.open("manifest", f.Path)
	if err != nil {
		return nil, err
	}
	err = c.scan(context.Background(), f, req, alloc, func(rec arrow.RecordBatch) error {
		if rec.NumRows() == 0 || req.BatchRows > 0 && rec.NumRows() > int64(req.BatchRows) {
			t.Errorf("a batch of %d rows", rec.NumRows())
		}
		rows = append(rows, rowsOf(rec)...)
		return nil
	})
	return rows, err
}

// sameScan fails where a manifest has other rows through windows, or is damaged
// in one way and not in the other.
func sameScan(t testing.TB, f File, data []byte, req *Request) {
	t.Helper()
	want, wantErr := scanAll(t, f, data, req)
	for _, w := range []struct{ bytes, low int }{{1, 1}, {300, 100}, {5000, 1000}, {64 << 10, 16 << 10}} {
		got, err := scanWindow(t, f, iotest.HalfReader(bytes.NewReader(data)), int64(len(data)), w.bytes, w.low, req)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%s through %d bytes: %v, in one piece: %v", f.Path, w.bytes, err, wantErr)
		}
		if err == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("%s through %d bytes: %d rows, in one piece %d", f.Path, w.bytes, len(got), len(want))
		}
		var d *DamageError
		if errors.As(err, &d) && (d.Offset < 0 || d.Offset > int64(len(data))) {
			t.Fatalf("%v: no place in a file of %d bytes", err, len(data))
		}
	}
}

// TestScanFrom: manifests of both engines, whole and damaged, have the rows that
// they have in one piece, through windows of any length.
func TestScanFrom(t *testing.T) {
	t.Parallel()
	damaged := 0
	for _, suite := range []string{"pyiceberg", "spark"} {
		for i, p := range avroFiles(t, suite, isManifest) {
			data, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := open("manifest", p, data); err != nil || i%9 != 0 {
				continue
			}
			first := int64(100)
			f, req := File{Path: p, AddedSnapshotID: 7, FirstRowID: &first}, everything(t, p, data)
			sameScan(t, f, data, req)
			for _, n := range []int{len(data) - 1, len(data) - syncLen, len(data) - syncLen - 1, len(data) / 2, 40} {
				sameScan(t, f, data[:n:n], req)
			}
			for at := 7; at < len(data); at += 1 + len(data)/9 {
				bad := bytes.Clone(data)
				bad[at] ^= 1 << (at % 8)
				sameScan(t, f, bad, req)
				damaged++
			}
		}
	}
	if damaged < 100 {
		t.Errorf("%d damaged files", damaged)
	}
}

// manyBlocks is a manifest of so many blocks of the same entries.
func manyBlocks(t *testing.T, n int, codec string) (data []byte, rows int) {
	t.Helper()
	schema, entries, count := firstEntry(t)
	data = avroHeader(schema)
	if codec == "deflate" {
		data, entries = deflateHeader(schema), packed(t, codec, entries)
	}
	for range n {
		data = avroBlock(data, count, entries)
	}
	return data, n * count
}

// TestScanFrom_Window: a long file takes no more memory than a window, and its
// blocks are decompressed two at a time.
func TestScanFrom_Window(t *testing.T) {
	t.Parallel()
	for _, codec := range []string{"null", "deflate"} {
		data, want := manyBlocks(t, 10000, codec)
		if len(data) < 3*windowBytes {
			t.Fatalf("%s: a file of %d bytes", codec, len(data))
		}
		w := newWindow(bytes.NewReader(data), int64(len(data)))
		c, err := w.open("manifest", "m")
		if err != nil {
			t.Fatal(err)
		}
		u := newUnpacker(c)
		rows, second, offset := 0, 0, -1
		for {
			b, _, ok, err := u.next()
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			if u.waiting {
				second++
			}
			if b.offset <= offset || data[b.offset] != data[c.more.head] {
				t.Fatalf("%s: a block at %d behind one at %d", codec, b.offset, offset)
			}
			rows, offset = rows+b.count, b.offset
		}
		u.release()
		if rows != want || len(w.buf) != windowBytes+ample {
			t.Errorf("%s: %d rows in %d bytes of memory, want %d in %d", codec, rows, len(w.buf), want, windowBytes+ample)
		}
		if codec == "deflate" && second < 4900 {
			t.Errorf("%d pairs of blocks", second)
		}
		w.release()
	}
}

// TestScanFrom_Errors: a reader's error is its caller's; a file that is shorter
// than its store says, or than the manifest list does, is cut short.
func TestScanFrom_Errors(t *testing.T) {
	t.Parallel()
	data, want := manyBlocks(t, 5000, "null")
	gone := errors.New("the disk is gone")
	scan := func(src io.Reader, size, length int64) (rows int, err error) {
		err = ScanFrom(t.Context(), File{Path: "m", Length: length}, src, size, &Request{Columns: []Column{FilePath}}, nil, func(b arrow.RecordBatch) error {
			rows += int(b.NumRows())
			return nil
		})
		return rows, err
	}
	n := int64(len(data))
	if rows, err := scan(bytes.NewReader(data), n, n); err != nil || rows != want {
		t.Errorf("%d rows, %v", rows, err)
	}
	for _, at := range []int{0, 10, windowBytes, len(data) / 2, len(data) - 1} {
		_, err := scan(io.MultiReader(bytes.NewReader(data[:at]), iotest.ErrReader(gone)), n, n)
		if !errors.Is(err, gone) || !strings.Contains(err.Error(), `read manifest "m"`) {
			t.Errorf("after %d bytes: %v", at, err)
		}
		_, err = scan(bytes.NewReader(data[:at]), n, n)
		var d *DamageError
		if !errors.As(err, &d) || d.Offset > int64(at) || at > 0 && !errors.Is(err, errShort) {
			t.Errorf("cut at %d: %v", at, err)
		}
	}
	if _, err := scan(bytes.NewReader(data), n, n+1); !errors.Is(err, errShort) || !strings.Contains(err.Error(), "manifest list says") {
		t.Errorf("the manifest list says one byte more: %v", err)
	}
	// Cut where a block ends, as nothing but its length says.
	fewer, _ := manyBlocks(t, 4000, "null")
	var d *DamageError
	if _, err := scan(bytes.NewReader(fewer), n, n); !errors.As(err, &d) || d.Offset != int64(len(fewer)) || !errors.Is(err, errShort) {
		t.Errorf("cut behind a block: %v, want byte %d", err, len(fewer))
	}
}
