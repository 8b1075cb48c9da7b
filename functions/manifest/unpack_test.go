package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"psyberg/internal/testtables"
)

// deflateHeader is a header of Avro's with the codec deflate.
func deflateHeader(schema []byte) []byte {
	return bytes.Replace(avroHeader(schema), []byte("\x02\x16avro.schema"), []byte("\x04\x14avro.codec\x0edeflate\x16avro.schema"), 1)
}

// firstEntry is a manifest's schema, and the bytes of its first block.
func firstEntry(t *testing.T) (schema, entries []byte, count int) {
	t.Helper()
	path := avroFiles(t, "spark", isManifest)[0]
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := open("manifest", path, data)
	if err != nil {
		t.Fatal(err)
	}
	b, ok, err := c.next()
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	raw, _, err := c.unpack(b, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c.meta.get("avro.schema"), bytes.Clone(raw), b.count
}

// TestUnpackTwo: of blocks that are decompressed two at a time, one that is
// damaged is named by its place, after the rows of all before it; blocks
// without entries lie anywhere between.
func TestUnpackTwo(t *testing.T) {
	t.Parallel()
	schema, entries, count := firstEntry(t)
	good := packed(t, "deflate", entries)
	bad := bytes.Clone(good)
	bad[0] |= 7 // of a kind that there is not
	short := packed(t, "deflate", entries[:len(entries)-1])
	for blocks := range 6 {
		for at := -1; at < blocks; at++ {
			for what, broken := range map[string][]byte{"not deflate": bad, "an entry cut short": short} {
				file, place := deflateHeader(schema), 0
				for i := range blocks {
					if i%3 == 1 {
						file = avroBlock(file, 0, packed(t, "deflate", nil))
					}
					block := good
					if i == at {
						block, place = broken, len(file)
					}
					file = avroBlock(file, count, block)
				}
				t.Run(fmt.Sprintf("%d blocks, at %d %s", blocks, at, what), func(t *testing.T) {
					rows := 0
					err := Scan(t.Context(), File{Path: "m"}, file, &Request{Columns: []Column{FilePath}, BatchRows: 1}, nil, func(b arrow.RecordBatch) error {
						rows += int(b.NumRows())
						return nil
					})
					var d *DamageError
					switch {
					case at < 0 && (err != nil || rows != blocks*count):
						t.Errorf("%d rows, %v", rows, err)
					case at >= 0 && (!errors.As(err, &d) || d.Offset != int64(place)):
						t.Errorf("%v, want the block at %d", err, place)
					case at >= 0 && (rows < at*count-1 || rows >= (at+1)*count):
						t.Errorf("%d rows before a damaged block behind %d", rows, at*count)
					}
				})
			}
		}
	}
}

// TestM2_TwoBombs: two blocks that expand a thousand times are decompressed
// one by one, in the memory of one.
func TestM2_TwoBombs(t *testing.T) {
	schema, _, _ := firstEntry(t)
	bomb := packed(t, "deflate", make([]byte, 8<<20))
	file := avroBlock(avroBlock(deflateHeader(schema), 5, bomb), 5, bomb)
	testtables.Bounded(t, len(file), func() {
		err := Scan(t.Context(), File{Path: "bomb"}, file, &Request{Columns: AllColumns()}, nil, func(arrow.RecordBatch) error { return nil })
		if err == nil {
			t.Error("zeros are no entries")
		}
	})
}
