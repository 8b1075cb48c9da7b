package tables

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	stdflate "compress/flate"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
)

// javaBlock is Avro Java's sync interval: a block is written once it has this
// many bytes.
const javaBlock = 64000

// Avro's primitive types, appended.

func long(b []byte, v int64) []byte { return binary.AppendVarint(b, v) }

func text[T string | []byte](b []byte, s T) []byte {
	return append(long(b, int64(len(s))), s...)
}

// some is the second branch of a union with null, none its first.
func some(b []byte) []byte { return append(b, 2) }
func none(b []byte) []byte { return append(b, 0) }

// headerEntry is one of a header.
type headerEntry struct{ key, value string }

// header appends an object container file's header.
func header(b []byte, entries []headerEntry, sync [16]byte) []byte {
	b = append(b, "Obj\x01"...)
	b = long(b, int64(len(entries)))
	for _, e := range entries {
		b = text(text(b, e.key), e.value)
	}
	b = append(b, 0)
	return append(b, sync[:]...)
}

// compressor appends blocks in one codec. It is for one goroutine.
type compressor struct {
	codec string
	std   *stdflate.Writer
	fast  *flate.Writer
	zstd  *zstd.Encoder
	out   bytes.Buffer
	tmp   []byte
}

func newCompressor(codec string, level int) (*compressor, error) {
	c := &compressor{codec: codec}
	var err error
	switch codec {
	case Null, Snappy:
	case Deflate:
		// The standard library's compressor makes blocks most like zlib's; the
		// other one is for tables that take minutes even so.
		if level >= 6 {
			c.std, err = stdflate.NewWriter(&c.out, level)
		} else {
			c.fast, err = flate.NewWriter(&c.out, level)
		}
	case Zstd:
		c.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault))
	default:
		err = fmt.Errorf("codec %q is none of null, deflate, snappy, zstandard", codec)
	}
	return c, err
}

// block appends a block of count records with its sync marker.
func (c *compressor) block(b []byte, count int, raw []byte, sync [16]byte) ([]byte, error) {
	body := raw
	switch {
	case c.std != nil:
		c.out.Reset()
		c.std.Reset(&c.out)
		if _, err := c.std.Write(raw); err != nil {
			return nil, err
		}
		if err := c.std.Close(); err != nil {
			return nil, err
		}
		body = c.out.Bytes()
	case c.fast != nil:
		c.out.Reset()
		c.fast.Reset(&c.out)
		if _, err := c.fast.Write(raw); err != nil {
			return nil, err
		}
		if err := c.fast.Close(); err != nil {
			return nil, err
		}
		body = c.out.Bytes()
	case c.zstd != nil:
		c.tmp = c.zstd.EncodeAll(raw, c.tmp[:0])
		body = c.tmp
	case c.codec == Snappy:
		c.tmp = snappy.Encode(c.tmp[:cap(c.tmp)], raw)
		c.tmp = binary.BigEndian.AppendUint32(c.tmp, crc32.ChecksumIEEE(raw))
		body = c.tmp
	}
	b = long(long(b, int64(count)), int64(len(body)))
	b = append(b, body...)
	return append(b, sync[:]...), nil
}

// container collects records into blocks of a layout.
type container struct {
	comp   *compressor
	layout Layout
	sync   [16]byte
	out    []byte // the file so far
	raw    []byte // the open block
	count  int
}

// end is called after a record was appended to raw.
func (f *container) end() error {
	f.count++
	if f.layout == PyIceberg || len(f.raw) >= javaBlock {
		return f.flush()
	}
	return nil
}

func (f *container) flush() error {
	if f.count == 0 {
		return nil
	}
	var err error
	f.out, err = f.comp.block(f.out, f.count, f.raw, f.sync)
	f.raw, f.count = f.raw[:0], 0
	return err
}
