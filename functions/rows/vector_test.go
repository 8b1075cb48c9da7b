package rows

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/apache/arrow-go/v18/arrow/array"

	"psyberg/functions/surface"
)

// encodeVector writes a blob as the Puffin spec says.
func encodeVector(t testing.TB, positions ...int64) []byte {
	t.Helper()
	maps := map[uint32]*roaring.Bitmap{}
	var keys []uint32
	for _, p := range positions {
		k := uint32(p >> 32)
		if maps[k] == nil {
			maps[k] = roaring.New()
			keys = append(keys, k)
		}
		maps[k].Add(uint32(p))
	}
	slices.Sort(keys)
	var body bytes.Buffer
	body.Write(vectorMagic[:])
	_ = binary.Write(&body, binary.LittleEndian, uint64(len(keys)))
	for _, k := range keys {
		_ = binary.Write(&body, binary.LittleEndian, k)
		if _, err := maps[k].WriteTo(&body); err != nil {
			t.Fatal(err)
		}
	}
	out := binary.BigEndian.AppendUint32(nil, uint32(body.Len()))
	out = append(out, body.Bytes()...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(body.Bytes()))
}

func TestDecodeVector(t *testing.T) {
	many := make([]int64, 0, 70_000)
	for i := range int64(70_000) {
		many = append(many, 3*i)
	}
	for _, want := range [][]int64{
		{}, {0}, {1, 5, 65535, 65536, 1 << 31, 1<<32 - 1}, {7, 1 << 32, 5<<32 + 9, 1 << 60}, many,
	} {
		v, err := DecodeVector(encodeVector(t, want...))
		if err != nil {
			t.Fatalf("%d positions: %v", len(want), err)
		}
		var got []int64
		v.Positions(func(p []int64) bool { got = append(got, p...); return true })
		if !slices.Equal(got, want) || v.Len() != int64(len(want)) {
			t.Errorf("%d positions: got %d (%d)", len(want), len(got), v.Len())
		}
	}
}

func TestDecodeVectorDamaged(t *testing.T) {
	good := encodeVector(t, 1, 2, 3, 1<<33)
	change := func(i int, b byte) []byte { c := bytes.Clone(good); c[i] ^= b; return c }
	for _, tc := range []struct {
		blob []byte
		want string
	}{
		{nil, "too few"},
		{good[:len(good)-1], "announces"},
		{change(3, 1), "announces"},
		{change(4, 1), "magic"},
		{change(20, 1), "checksum"},
		{change(len(good)-1, 1), "checksum"},
	} {
		if _, err := DecodeVector(tc.blob); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%x: %v, want %s", tc.blob, err, tc.want)
		}
	}
	file := append(append([]byte("PFA1"), good...), "PFA1"...)
	for _, tc := range []struct{ offset, length int64 }{{0, 10}, {4, int64(len(file))}, {4, -1}, {1 << 62, 1 << 62}, {4, 3}} {
		if _, err := vectorOf(file, tc.offset, tc.length); err == nil {
			t.Errorf("offset %d length %d: no error", tc.offset, tc.length)
		}
	}
	if _, err := vectorOf(file[:len(file)-2], 4, int64(len(good))); err == nil || !strings.Contains(err.Error(), "cut short") {
		t.Errorf("a file cut short: %v", err)
	}
}

type memFiles map[string][]byte

func (m memFiles) Read(_ context.Context, location string, _ int64) ([]byte, error) {
	b, ok := m[location]
	if !ok {
		return nil, fmt.Errorf("no file %s", location)
	}
	return b, nil
}
func (m memFiles) Local(location string) (string, error) { return location, nil }

type memTables struct{ files memFiles }

func (m memTables) Load(context.Context, string) (*surface.Table, error) {
	return &surface.Table{Files: m.files}, nil
}

func (m memTables) List(context.Context, string, []string) ([]surface.ListedTable, error) {
	return nil, nil
}

func TestVectorFunction(t *testing.T) {
	a, b := encodeVector(t, 1, 2), encodeVector(t)
	big := make([]int64, vectorBatch+5)
	for i := range big {
		big[i] = int64(2 * i)
	}
	c := encodeVector(t, big...)
	file := slices.Concat([]byte("PFA1"), a, b, c, []byte("PFA1"))
	f := VectorFunction(memTables{memFiles{"p.puffin": file}})
	at := func(offset, length int, name string) any {
		return map[string]any{"path": "p.puffin", "offset": int64(offset), "length": int64(length), "file": name}
	}
	rel, err := f.Bind(context.Background(), surface.Args{Positional: []any{"t", []any{
		at(4, len(a), "a"), at(4+len(a), len(b), "b"), at(4+len(a)+len(b), len(c), "c"),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	scan, err := rel.Open(context.Background(), []int{1, 0})
	if err != nil {
		t.Fatal(err)
	}
	defer scan.Close()
	got := map[string][]int64{}
	for {
		batch, err := scan.Next(context.Background())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range int(batch.NumRows()) {
			name := batch.Column(1).(*array.String).Value(i)
			got[name] = append(got[name], batch.Column(0).(*array.Int64).Value(i))
		}
		batch.Release()
	}
	if !slices.Equal(got["a"], []int64{1, 2}) || !slices.Equal(got["c"], big) || len(got) != 2 {
		t.Errorf("a %v, c %d positions, %d files", got["a"], len(got["c"]), len(got))
	}
	for _, bad := range []any{nil, "x", []any{nil}, []any{map[string]any{"path": "p"}}} {
		if _, err := f.Bind(context.Background(), surface.Args{Positional: []any{"t", bad}}); err == nil {
			t.Errorf("%v: no error", bad)
		}
	}
}
