package rows

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"github.com/RoaringBitmap/roaring/v2"
)

// Limits on what a deletion vector may make us hold.
const (
	maxVectorBytes   = 1 << 30
	maxVectorBitmaps = 1 << 20 // each covers 2^32 positions
)

var vectorMagic = [4]byte{0xD1, 0xD3, 0x39, 0x64}

// Vector is a decoded deletion vector: the positions of deleted rows.
type Vector struct {
	keys    []uint32
	bitmaps []*roaring.Bitmap
}

// Len returns the number of deleted positions.
func (v *Vector) Len() int64 {
	var n uint64
	for _, b := range v.bitmaps {
		n += b.GetCardinality()
	}
	return int64(n)
}

// Positions calls yield with runs of ascending positions, in a buffer that is
// used again, until yield returns false.
func (v *Vector) Positions(yield func([]int64) bool) {
	low := make([]uint32, 4096)
	out := make([]int64, 4096)
	for i, b := range v.bitmaps {
		high := int64(v.keys[i]) << 32
		it := b.ManyIterator()
		for n := it.NextMany(low); n > 0; n = it.NextMany(low) {
			for j := range n {
				out[j] = high | int64(low[j])
			}
			if !yield(out[:n]) {
				return
			}
		}
	}
}

// DecodeVector decodes a deletion-vector-v1 blob (Puffin spec): its length, big
// endian, of magic and vector; the magic D1 D3 39 64; the vector in Roaring's
// portable format for 64 bits; a CRC-32 of magic and vector, big endian.
func DecodeVector(blob []byte) (v *Vector, err error) {
	defer func() {
		// The roaring library is given foreign bytes: whatever it trips over is
		// a damaged file.
		if r := recover(); r != nil {
			v, err = nil, fmt.Errorf("damaged bitmap: %v", r)
		}
	}()
	if len(blob) < 4+4+8+4 {
		return nil, fmt.Errorf("%d bytes are too few for a deletion vector", len(blob))
	}
	if len(blob) > maxVectorBytes {
		return nil, fmt.Errorf("%d bytes are more than the %d that a deletion vector may have here", len(blob), maxVectorBytes)
	}
	if n := binary.BigEndian.Uint32(blob); int64(n) != int64(len(blob)-8) {
		return nil, fmt.Errorf("the blob announces %d bytes and has %d", n, len(blob)-8)
	}
	body, sum := blob[4:len(blob)-4], binary.BigEndian.Uint32(blob[len(blob)-4:])
	if [4]byte(body[:4]) != vectorMagic {
		return nil, fmt.Errorf("magic is %x, not %x", body[:4], vectorMagic)
	}
	if got := crc32.ChecksumIEEE(body); got != sum {
		return nil, fmt.Errorf("checksum is %08x, the blob says %08x", got, sum)
	}
	return decodeBitmaps(body[4:])
}

func decodeBitmaps(b []byte) (*Vector, error) {
	count := binary.LittleEndian.Uint64(b)
	if count > maxVectorBitmaps || count > uint64(len(b)/4) {
		return nil, fmt.Errorf("%d bitmaps in %d bytes", count, len(b))
	}
	v := &Vector{}
	r := &sliceReader{data: b[8:]}
	for i := range count {
		var key [4]byte
		if _, err := io.ReadFull(r, key[:]); err != nil {
			return nil, fmt.Errorf("bitmap %d of %d: %w", i, count, err)
		}
		k := binary.LittleEndian.Uint32(key[:])
		if k > math.MaxInt32-1 || i > 0 && k <= v.keys[i-1] {
			return nil, fmt.Errorf("bitmap %d of %d: key %d is out of order or range", i, count, k)
		}
		bm := roaring.New()
		if _, err := bm.ReadFrom(r); err != nil {
			return nil, fmt.Errorf("bitmap %d of %d: %w", i, count, err)
		}
		if err := bm.Validate(); err != nil && !bm.IsEmpty() {
			return nil, fmt.Errorf("bitmap %d of %d: %w", i, count, err)
		}
		v.keys, v.bitmaps = append(v.keys, k), append(v.bitmaps, bm)
	}
	if len(r.data) > 0 {
		return nil, fmt.Errorf("%d bytes after the last bitmap", len(r.data))
	}
	return v, nil
}

// sliceReader reads a slice and never more than is asked for.
type sliceReader struct{ data []byte }

func (r *sliceReader) Read(p []byte) (int, error) {
	if len(r.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.data)
	r.data = r.data[n:]
	return n, nil
}

var puffinMagic = [4]byte{'P', 'F', 'A', '1'}

// vectorOf cuts a blob out of a Puffin file and decodes it.
func vectorOf(file []byte, offset, length int64) (*Vector, error) {
	switch {
	case len(file) < 12:
		return nil, errors.New("the file is too short for a Puffin file")
	case [4]byte(file[:4]) != puffinMagic || [4]byte(file[len(file)-4:]) != puffinMagic:
		return nil, errors.New("the file does not begin and end as a Puffin file does (PFA1): it is something else, or cut short")
	case offset < 4 || length < 0 || offset > int64(len(file)) || length > int64(len(file))-offset:
		return nil, fmt.Errorf("the manifest's offset %d and length %d lie outside the file's %d bytes", offset, length, len(file))
	}
	return DecodeVector(file[offset : offset+length])
}
