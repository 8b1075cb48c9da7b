package rows

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"psyberg/functions/meta"
	"psyberg/internal/testtables"
)

// realFiles are the n smallest files of an ending, of both engines.
func realFiles(f *testing.F, ending string, n int) [][]byte {
	f.Helper()
	var out [][]byte
	for _, suite := range []string{"spark", "pyiceberg"} {
		err := filepath.WalkDir(testtables.Unpack(f, suite), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || !strings.HasSuffix(path, ending) {
				return err
			}
			data, err := os.ReadFile(path)
			out = append(out, data)
			return err
		})
		if err != nil {
			f.Fatal(err)
		}
	}
	slices.SortFunc(out, func(a, b []byte) int { return cmp.Or(cmp.Compare(len(a), len(b)), bytes.Compare(a, b)) })
	if len(out) < n {
		f.Fatalf("only %d files end in %s", len(out), ending)
	}
	return out[:n]
}

// FuzzFooter: no footer makes the reader of shapes panic or hold more than it
// has, and every shape that it yields can be planned.
func FuzzFooter(f *testing.F) {
	for _, data := range realFiles(f, ".parquet", 60) {
		footer, err := footerOf(data, int64(len(data)))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(footer)
	}
	table := meta.Type{Kind: meta.KindStruct, Fields: []*meta.Field{
		{ID: 1, Name: "a", Type: meta.Type{Kind: meta.KindLong}},
		{ID: 2, Name: "b", Type: meta.Type{Kind: meta.KindList, Element: &meta.Field{ID: 3, Name: "element", Type: meta.Type{Kind: meta.KindStruct,
			Fields: []*meta.Field{{ID: 4, Name: "x", Type: meta.Type{Kind: meta.KindInt}}}}}}},
		{ID: 5, Name: "c", Type: meta.Type{Kind: meta.KindMap, Key: &meta.Field{ID: 6, Name: "key", Type: meta.Type{Kind: meta.KindString}},
			Value: &meta.Field{ID: 7, Name: "value", Type: meta.Type{Kind: meta.KindDouble}}}},
	}}
	f.Fuzz(func(t *testing.T, footer []byte) {
		root, err := parseFooter(footer)
		if err != nil {
			return
		}
		if n := countNodes(root); n > 2*len(footer)+1 {
			t.Fatalf("%d columns in %d bytes", n, len(footer))
		}
		if !hasIDs(root.children) {
			assignByPosition(root.children)
		}
		for _, field := range table.Fields {
			n := root.child(field.ID)
			if n == nil {
				continue
			}
			n.as(field.Type)
			var key strings.Builder
			if n.signature(&key, field.Type, "fuzzed") != nil {
				continue // another kind of column
			}
			if _, err := n.readType(field.Type); err != nil {
				t.Fatal(err)
			}
			if _, err := (&converter{cast: true}).convert("d.x", n, field); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func countNodes(n *node) int {
	count := 1
	for _, c := range n.children {
		count += countNodes(c)
	}
	return count
}

// FuzzFooterOf: the end of no file is taken for a footer that lies outside it.
func FuzzFooterOf(f *testing.F) {
	f.Add([]byte("xxPAR1"), int64(6))
	f.Add([]byte("\x00\x01\x00\x00\x00PAR1"), int64(9))
	f.Add([]byte("\xff\xff\xff\xffPAR1"), int64(1)<<40)
	f.Add([]byte("\x01\x00\x00\x00PARE"), int64(8))
	f.Fuzz(func(t *testing.T, tail []byte, size int64) {
		if size = max(size, int64(len(tail))); size < 0 {
			return
		}
		footer, err := footerOf(tail, size)
		var short *shortTail
		if errors.As(err, &short) && (short.need <= int64(len(tail)) || short.need > size) {
			t.Fatalf("%d bytes are asked for of %d, %d were there", short.need, size, len(tail))
		}
		if err == nil && len(footer) > len(tail)-8 {
			t.Fatalf("a footer of %d bytes in %d", len(footer), len(tail))
		}
	})
}

// FuzzNameMapping: no table property makes the mapping or its use panic.
func FuzzNameMapping(f *testing.F) {
	for _, s := range []string{`[]`, `null`, `[{"field-id": 1, "names": ["id", "record_id"]}]`,
		`[{"field-id": 3, "names": ["m"], "fields": [{"field-id": 4, "names": ["key"]}, {"field-id": 5, "names": ["value"], "fields": [{"names": ["x"]}]}]}]`, `[{"names": 3}]`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parseNameMapping(map[string]string{nameMappingProperty: text})
		if err != nil {
			return
		}
		columns := []*node{{id: 9, name: "id"}, {id: -1, name: "m", kind: mapNode, children: []*node{{name: "k"}, {name: "v", kind: rowNode, children: []*node{{name: "x", id: 9}}}}}}
		m.assign(columns, rowNode)
		if columns[0].id == 9 && !strings.Contains(text, "9") {
			t.Fatal("a column kept an id that the mapping does not have")
		}
	})
}

// FuzzPuffin: no file, and no place in it that a manifest names, makes the
// reader of deletion vectors panic.
func FuzzPuffin(f *testing.F) {
	for _, data := range realFiles(f, "-deletes.puffin", 8) {
		f.Add(data, int64(4), int64(len(data)))
		f.Add(data, int64(4), int64(binary.BigEndian.Uint32(data[4:]))+8)
		for _, bad := range testtables.Damaged(data, 20) {
			f.Add(bad, int64(4), int64(binary.BigEndian.Uint32(data[4:]))+8)
		}
	}
	f.Fuzz(func(t *testing.T, file []byte, offset, length int64) {
		var v *Vector
		var err error
		testtables.Bounded(t, len(file), func() { v, err = vectorOf(file, offset, length) })
		if err == nil && (v.Len() < 0 || offset+length > int64(len(file))) {
			t.Fatalf("%d positions at %d+%d of %d bytes", v.Len(), offset, length, len(file))
		}
	})
}

// FuzzDecodeVector: no blob makes the decoder panic or hold more than it has.
func FuzzDecodeVector(f *testing.F) {
	for _, p := range [][]int64{{}, {1, 2, 3}, {1 << 40, 1 << 41}} {
		b := encodeVector(f, p...)
		f.Add(b[8 : len(b)-4])
	}
	f.Fuzz(func(t *testing.T, bitmaps []byte) {
		if len(bitmaps) > 1<<16 {
			return
		}
		body := append(slices.Clone(vectorMagic[:]), bitmaps...)
		blob := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
		blob = append(append(blob, body...), binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(body))...)
		v, err := DecodeVector(blob)
		if err != nil {
			return
		}
		last, n := int64(-1), 0
		v.Positions(func(p []int64) bool {
			for _, x := range p {
				if x <= last {
					t.Fatalf("position %d after %d", x, last)
				}
				last = x
			}
			n += len(p)
			return n < 1<<20
		})
	})
}
