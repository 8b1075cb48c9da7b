package manifest

import (
	"fmt"
	"sync"

	"psyberg/functions/manifest/inflate"
)

// unpacker decompresses the blocks of a file into memory that is used again, two
// of them at a time where that takes less of it.
type unpacker struct {
	c       *container
	kept    *[2][]byte
	second  block // of two, decompressed and not asked for yet
	raw     []byte
	waiting bool
}

// buffers keeps memory for decompressed blocks between scans.
var buffers = sync.Pool{New: func() any { return new([2][]byte) }}

// maxKept is the largest buffer that is kept.
const maxKept = 16 << 20

func newUnpacker(c *container) *unpacker {
	return &unpacker{c: c, kept: buffers.Get().(*[2][]byte)}
}

// release gives the memory back.
func (u *unpacker) release() {
	if cap(u.kept[0])+cap(u.kept[1]) <= maxKept {
		buffers.Put(u.kept)
	}
	u.kept = nil
}

// next returns the next block that has entries, and these, as unpack does; they
// are good until it is called again. ok is false at the end of the file.
func (u *unpacker) next() (b block, raw []byte, ok bool, err error) {
	if u.waiting {
		u.waiting = false
		return u.second, u.raw, true, nil
	}
	if b, ok, err = u.filled(); err != nil || !ok {
		return b, nil, false, err
	}
	if at := u.c.pos; u.c.pairs(b) {
		second, ok, err := u.filled()
		if err == nil && ok && u.c.pairs(second) {
			if raw, ok := u.two(b, second); ok {
				return b, raw, true, nil
			}
		}
		u.c.pos = at
	}
	raw, u.kept[0], err = u.c.unpack(b, u.kept[0])
	return b, raw, err == nil, err
}

// filled returns the next block that has entries.
func (u *unpacker) filled() (b block, ok bool, err error) {
	for ok = true; ok && b.count == 0 && err == nil; {
		b, ok, err = u.c.next()
	}
	return b, ok, err
}

// maxPaired is the most bytes of a block of which another one beside it is
// decompressed: larger ones lie in nothing that is near the processor.
const maxPaired = 1 << 20

// pairs reports whether a block may be one of two.
func (c *container) pairs(b block) bool {
	return c.codec.name == "deflate" && len(b.packed) <= maxPaired && Inflater(inflater.Load()) == OwnInflater
}

// two decompresses two blocks and keeps the second for next. Where either is not
// as it should be, or expands as few do, it does nothing: who asks for one by one
// hears what it is, after the entries before it.
func (u *unpacker) two(a, b block) (raw []byte, ok bool) {
	if cap(u.kept[1]) < inflate.Apart {
		u.kept[1] = make([]byte, inflate.Apart)
	}
	most := min(mostOf(len(u.c.data)), 32*max(len(a.packed), len(b.packed))+64<<10)
	first, second, err, otherErr := inflate.AppendTwo(u.kept[0][:0], a.packed, u.kept[1][:inflate.Apart], b.packed, most)
	u.kept[0], u.kept[1] = first, second
	if err != nil || otherErr != nil || a.count > len(first) || b.count > len(second)-inflate.Apart ||
		cap(first)-len(first) < pad || cap(second)-len(second) < pad {
		return nil, false
	}
	u.second, u.raw, u.waiting = b, second[inflate.Apart:], true
	return first, true
}

// unpack returns the entries' bytes, in buf or in the file itself. pad more
// bytes can be read behind them.
func (c *container) unpack(b block, buf []byte) (raw, newBuf []byte, err error) {
	raw, newBuf, err = c.codec.decode(buf, b.packed, mostOf(len(c.data)))
	if err != nil {
		return nil, newBuf, c.damage(b.offset, fmt.Errorf("decompress %s: %w", c.codec.name, err))
	}
	if b.count > len(raw) {
		return nil, newBuf, c.damage(b.offset, fmt.Errorf("%d entries in %d bytes", b.count, len(raw)))
	}
	if cap(raw)-len(raw) < pad { // a sync marker follows where the file itself is read
		raw = append(make([]byte, 0, len(raw)+len(raw)/8+pad), raw...)
		newBuf = raw
	}
	return raw, newBuf, nil
}
