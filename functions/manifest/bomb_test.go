package manifest

import (
	"bytes"
	stdflate "compress/flate"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"

	"psyberg/internal/testtables"
)

// packed compresses in one of Avro's codecs.
func packed(t *testing.T, codec string, raw []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	switch codec {
	case "deflate":
		w, err := stdflate.NewWriter(&out, 9)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(raw); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	case "snappy":
		return binary.BigEndian.AppendUint32(snappy.Encode(nil, raw), crc32.ChecksumIEEE(raw))
	case "zstandard", "zstandard without its size":
		e, err := zstd.NewWriter(&out)
		if err != nil {
			t.Fatal(err)
		}
		if codec == "zstandard" {
			return e.EncodeAll(raw, nil)
		}
		if _, err := e.Write(raw); err != nil {
			t.Fatal(err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	default:
		return raw
	}
	return out.Bytes()
}

// TestM2_Bombs: a small file whose block inflates to a thousand times as much
// is refused, in the memory that a file of its size may take, by whatever
// codec and inflater; one that is only packed well is read.
func TestM2_Bombs(t *testing.T) {
	var schema []byte
	for _, s := range seedsOf(t, isManifest) {
		c, err := open("seed", "seed", s)
		if err != nil {
			t.Fatal(err)
		}
		schema = c.meta.get("avro.schema")
	}
	defer SetInflater(OwnInflater)
	for _, codec := range []string{"deflate", "snappy", "zstandard", "zstandard without its size"} {
		for _, size := range []int{1 << 20, 200 << 20} {
			block := packed(t, codec, make([]byte, size))
			name, _, _ := strings.Cut(codec, " ")
			file := avroBlock(bytes.Replace(avroHeader(schema), []byte("\x02\x16avro.schema"), []byte("\x04\x14avro.codec"+string(rune(2*len(name)))+name+"\x16avro.schema"), 1), 5, block)
			for _, inf := range []Inflater{OwnInflater, KlauspostInflater, StandardInflater} {
				SetInflater(inf)
				var err error
				testtables.Bounded(t, len(file), func() {
					err = Scan(t.Context(), File{Path: "bomb"}, file, &Request{Columns: AllColumns()}, nil, func(arrow.RecordBatch) error { return nil })
				})
				if err == nil || strings.Contains(err.Error(), "far larger") != (size > 100<<20) {
					t.Errorf("%s, %d zero bytes in a file of %d: %v", codec, size, len(file), err)
				}
			}
		}
	}
}

// TestM2_Header: a file that says more of itself than any writer does is refused
// before there is room for it.
func TestM2_Header(t *testing.T) {
	t.Parallel()
	file := []byte("Obj\x01")
	const n = 1 << 20
	file = binary.AppendVarint(file, n)
	file = append(file, make([]byte, 2*n)...)
	testtables.Bounded(t, len(file), func() {
		if _, err := open("manifest", "m.avro", file); err == nil || !strings.Contains(err.Error(), "header of more than") {
			t.Errorf("%d entries: %v", n, err)
		}
	})
}
