package manifest

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// dec reads Avro's binary encoding. After the first error every read returns
// zero and moves no further, so that callers check err once an entry.
type dec struct {
	b     []byte
	pos   int
	err   error
	ahead []byte // b and pad more bytes, where run reads it
}

func (d *dec) fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

// byte reads one byte.
func (d *dec) byte() byte {
	if d.err == nil && d.pos < len(d.b) {
		c := d.b[d.pos]
		d.pos++
		return c
	}
	d.fail(errShort)
	return 0
}

// long reads an int or long: a zigzag varint.
func (d *dec) long() int64 {
	if d.pos < len(d.b) && d.b[d.pos] < 0x80 && d.err == nil {
		u := d.b[d.pos]
		d.pos++
		return int64(u>>1) ^ -int64(u&1)
	}
	return d.longSlow()
}

func (d *dec) longSlow() int64 {
	if d.err != nil {
		return 0
	}
	v, n := binary.Varint(d.b[d.pos:])
	switch {
	case n == 0:
		d.fail(errShort)
		return 0
	case n < 0:
		d.fail(errVarint)
		return 0
	}
	d.pos += n
	return v
}

// int reads a long that must fit 32 bits.
func (d *dec) int() int32 {
	v := d.long()
	if v != int64(int32(v)) {
		d.fail(fmt.Errorf("%d does not fit 32 bits", v))
		return 0
	}
	return int32(v)
}

// bool reads a boolean; anything but 0 and 1 is damage.
func (d *dec) bool() bool {
	c := d.byte()
	if c > 1 {
		d.fail(fmt.Errorf("boolean of value %d", c))
	}
	return c == 1
}

// bytes reads a length and that many bytes, which alias the input.
func (d *dec) bytes() []byte { return d.fixed(d.long()) }

// fixed reads n bytes, which alias the input.
func (d *dec) fixed(n int64) []byte {
	if d.err != nil {
		return nil
	}
	if n < 0 || n > int64(len(d.b)-d.pos) {
		d.fail(fmt.Errorf("%w: a value of %d bytes where %d are left", errShort, n, len(d.b)-d.pos))
		return nil
	}
	s := d.b[d.pos : d.pos+int(n) : d.pos+int(n)]
	d.pos += int(n)
	return s
}

// blockCount reads the head of a block of array or map items. 0 is the end.
// The count is never more than the bytes left (M2): callers use it only for
// items that take a byte at least.
func (d *dec) blockCount() int64 {
	n := d.long()
	if n < 0 { // the block's size in bytes follows, for those who can skip it
		n = -n
		if size := d.long(); size < 0 || size > int64(len(d.b)-d.pos) {
			d.fail(errShort)
		}
	}
	if d.err != nil {
		return 0
	}
	if n < 0 || n > int64(len(d.b)-d.pos) {
		d.fail(fmt.Errorf("%w: %d items in %d bytes", errShort, n, len(d.b)-d.pos))
		return 0
	}
	return n
}

const stopBits = 0x8080808080808080

// skipLongs steps over n varints, eight bytes at a time: a varint ends in the
// byte whose high bit is clear.
func (d *dec) skipLongs(n int64) {
	if d.err != nil {
		return
	}
	b, pos := d.b, d.pos
	for n > 0 {
		if len(b)-pos < 8 {
			d.pos = pos
			for ; n > 0 && d.err == nil; n-- {
				d.long()
			}
			return
		}
		stops := ^binary.LittleEndian.Uint64(b[pos:]) & stopBits
		if c := int64(bits.OnesCount64(stops)); c < n {
			n -= c
			pos += 8
			continue
		}
		for ; n > 1; n-- {
			stops &= stops - 1
		}
		pos += bits.TrailingZeros64(stops)/8 + 1
		break
	}
	d.pos = pos
}

// uint32 reads four bytes, a float's bits.
func (d *dec) uint32() uint32 {
	if b := d.fixed(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// uint64 reads eight bytes, a double's bits.
func (d *dec) uint64() uint64 {
	if b := d.fixed(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}
