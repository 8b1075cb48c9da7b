package manifest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"strings"
	"testing"

	"github.com/klauspost/compress/snappy"
)

// TestInflaters: every deflate block of both engines' files comes out the same
// of all inflaters, and is refused by all when it is cut short.
func TestInflaters(t *testing.T) {
	defer SetInflater(OwnInflater)
	blocks := 0
	for _, suite := range []string{"pyiceberg", "spark"} {
		for i, p := range avroFiles(t, suite, func(string) bool { return true }) {
			data, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			c, err := open("file", p, data)
			if err != nil || c.codec.name != "deflate" || i%4 != 0 {
				continue
			}
			for b, ok, err := c.next(); ok && err == nil; b, ok, err = c.next() {
				blocks++
				sameInflated(t, p, b.packed)
				if _, _, err := unflate(nil, b.packed[:len(b.packed)/2], maxBlock); !errors.Is(err, errShort) {
					t.Errorf("%s: a block cut short: %v", p, err)
				}
			}
		}
	}
	if blocks < 1000 {
		t.Errorf("only %d blocks", blocks)
	}
}

func sameInflated(t *testing.T, name string, packed []byte) {
	t.Helper()
	var first []byte
	for _, inf := range []Inflater{StandardInflater, KlauspostInflater, OwnInflater} {
		SetInflater(inf)
		raw, _, err := unflate(nil, packed, maxBlock)
		if err != nil {
			t.Fatalf("%s: inflater %d: %v", name, inf, err)
		}
		if first == nil {
			first = raw
		}
		if !bytes.Equal(raw, first) {
			t.Fatalf("%s: inflater %d: other bytes than the standard library's", name, inf)
		}
	}
}

// TestUnsnappy: what the blocks of manifests hold comes out as klauspost's decoder
// has it, with room behind it; what is damaged is refused in words that say how.
func TestUnsnappy(t *testing.T) {
	t.Parallel()
	var raw, buf []byte
	for _, s := range seedsOf(t, isManifest) {
		raw = append(raw, s...)
		block := packed(t, "snappy", raw)
		want, err := snappy.Decode(nil, block[:len(block)-4])
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		if got, buf, err = unsnappy(buf, block, maxBlock); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes: %v", len(raw), err)
		}
		if cap(got) < len(got)+ample {
			t.Errorf("%d bytes: room for %d more", len(raw), cap(got)-len(got))
		}
	}
	summed := func(body []byte) []byte { return binary.BigEndian.AppendUint32(body, crc32.ChecksumIEEE(nil)) }
	block := packed(t, "snappy", raw)
	wrong := bytes.Clone(block)
	wrong[len(wrong)-1] ^= 1
	for name, c := range map[string]struct {
		src  []byte
		most int
		want string
	}{
		"no checksum":      {block[:3], maxBlock, errShort.Error()},
		"another checksum": {wrong, maxBlock, "checksum is wrong"},
		"cut off":          {append(bytes.Clone(block[:len(block)/2]), block[len(block)-4:]...), maxBlock, "snappy: corrupt input"},
		"no length":        {summed(nil), maxBlock, "snappy: corrupt input"},
		"over the limit":   {block, len(raw) - 1, errTooBig.Error()},
		"not so much":      {summed(binary.AppendUvarint(nil, 1<<20)), maxBlock, errTooBig.Error()},
	} {
		if got, _, err := unsnappy(buf, c.src, c.most); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %d bytes, %v; want %q", name, len(got), err, c.want)
		}
	}
}

// TestIsPlain: a manifest is plain whose header says so, and is all there.
func TestIsPlain(t *testing.T) {
	t.Parallel()
	schema, entries, count := firstEntry(t)
	plain := avroBlock(avroHeader(schema), count, entries)
	for what, c := range map[string]struct {
		head []byte
		want bool
	}{
		"no codec":       {plain, true},
		"the header":     {avroHeader(schema), true},
		"half of it":     {plain[:len(schema)/2], false},
		"deflate":        {deflateHeader(schema), false},
		"another codec":  {bytes.Replace(deflateHeader(schema), []byte("deflate"), []byte("unknown"), 1), false},
		"no Avro at all": {[]byte("PAR1"), false},
		"nothing":        {nil, false},
	} {
		if got := IsPlain(c.head); got != c.want {
			t.Errorf("%s: %v", what, got)
		}
	}
}
