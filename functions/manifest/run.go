package manifest

import (
	"encoding/binary"
	"math/bits"
)

// pad is how many bytes can be read behind the end of a block, whatever they
// are: so far a fast way may look ahead of a place in it without asking.
const pad = 16

var le = binary.LittleEndian

// run decodes or steps over one entry.
func (s *scanner) run(ops []op) {
	d := &s.dec
	pos := d.pos
	for i := range ops {
		o := &ops[i]
		p := o.fast(s, o, pos)
		if uint(p) > uint(len(d.b)) {
			d.pos = pos
			if s.slow(d, o); d.err != nil {
				return
			}
			p = d.pos
		}
		pos = p
	}
	d.pos = pos
}

// squeeze pushes the groups of seven bits of a varint together.
func squeeze(w uint64) uint64 {
	w = w&0x007f007f007f007f | w>>1&0x3f803f803f803f80
	w = w&0x00003fff00003fff | w>>2&0x0fffc0000fffc000
	return w&0x000000000fffffff | w>>4&0x00fffffff0000000
}

// squeezeShort does so with at most four groups.
func squeezeShort(w uint64) uint64 {
	v := uint32(w)
	return uint64(v&0x7f | v>>1&0x3f80 | v>>2&0x1fc000 | v>>3&0xfe00000)
}

// numberCode says in one word how a number is read: the lowest bits are its
// kind since opNumber, then codeOptional and codeNarrow; the second byte is the branch's, the rest fieldOp.to.
type numberCode uint32

const codeNarrow = 16

func (o *fieldOp) number() numberCode {
	c := numberCode(o.kind-opNumber) | numberCode(o.there)<<8 | numberCode(o.to)<<16
	for bit, is := range map[numberCode]bool{codeOptional: o.optional, codeNarrow: o.narrow} {
		if is {
			c |= bit
		}
	}
	return c
}

// repeat is what an op of numbers began with in the entry before: most entries
// of a manifest are of the same partition as the one before them.
type repeat struct {
	of     *op
	bits   uint64 // the bytes, at most eight
	mask   uint64
	length int
	values [maxRepeated]int64
}

// maxRepeated is how many numbers are compared with those of the entry before.
const maxRepeated = 4

// repeats is how many optional numbers that go into columns begin a list.
func repeats(numbers []numberCode) (n int) {
	for n < min(len(numbers), maxRepeated) && numbers[n]&codeOptional != 0 && numbers[n]&7 != 0 {
		n++
	}
	return n
}

// fastNumbers reads numbers, each to where it belongs.
func fastNumbers(s *scanner, o *op, p int) int {
	if o.repeats == 0 {
		return s.rest(o, 0, p)
	}
	b, r := s.dec.ahead, &s.before
	if p < 0 || p > len(b)-8 {
		return -1
	}
	if r.of != o || le.Uint64(b[p:])&r.mask != r.bits {
		from := p
		if p = s.numbers(o, 0, o.repeats, p); p < 0 {
			return -1
		}
		s.remember(o, from, p)
	} else {
		p += r.length
		for i, c := range o.numbers[:o.repeats] {
			if col := &s.cols[c>>16]; c&7 == numberCode(opInt64-opNumber) {
				col.v64.s[s.row] = r.values[i&(maxRepeated-1)]
			} else {
				col.v32.s[s.row] = int32(r.values[i&(maxRepeated-1)])
			}
		}
	}
	return s.rest(o, o.repeats, p)
}

// rest reads the numbers of an op from one to the last. Two that are there go
// into columns: the record count and the file's size.
func (s *scanner) rest(o *op, from, p int) int {
	b, row := s.dec.ahead, s.row
	if o.longs == nil || p < 0 || p > len(b)-16 {
		return s.numbers(o, from, len(o.numbers), p)
	}
	x := b[p : p+16 : p+16]
	w := le.Uint64(x)
	stops := ^w & stopBits
	if uint32(stops) == 0 {
		return s.numbers(o, from, len(o.numbers), p)
	}
	n := (bits.TrailingZeros64(stops)>>3 + 1) & 7
	first := squeezeShort(w & (stops ^ (stops - 1)))
	w = le.Uint64(x[n:])
	if stops = ^w & stopBits; stops == 0 {
		return s.numbers(o, from, len(o.numbers), p)
	}
	n += bits.TrailingZeros64(stops)>>3 + 1
	if w &= stops ^ (stops - 1); uint32(stops) != 0 {
		w = squeezeShort(w)
	} else {
		w = squeeze(w)
	}
	s.cols[o.longs[0]].v64.s[row] = int64(first>>1) ^ -int64(first&1)
	s.cols[o.longs[1]].v64.s[row] = int64(w>>1) ^ -int64(w&1)
	return p + n
}

// twoLongs are the columns that two numbers go into, if there are no more, and
// both are of 64 bits and never absent.
func twoLongs(numbers []numberCode) *[2]int {
	if len(numbers) != 2 || numbers[0]&0xff != numberCode(opInt64-opNumber) || numbers[1]&0xff != numberCode(opInt64-opNumber) {
		return nil
	}
	return &[2]int{int(numbers[0] >> 16), int(numbers[1] >> 16)}
}

// remember keeps the numbers that an op began with, if they are short and none
// is absent.
func (s *scanner) remember(o *op, from, to int) {
	b, r := s.dec.ahead, &s.before
	r.of = nil
	if to-from > 8 {
		return
	}
	p := from
	for i, c := range o.numbers[:o.repeats] {
		if p < 0 || p >= len(b) || b[p] != byte(c>>8) {
			return
		}
		p = afterNumber(b, p+1)
		if col := &s.cols[c>>16]; c&7 == numberCode(opInt64-opNumber) {
			r.values[i] = col.v64.s[s.row]
		} else {
			r.values[i] = int64(col.v32.s[s.row])
		}
	}
	if p != to {
		return
	}
	r.of, r.length, r.mask = o, to-from, ^uint64(0)>>(64-8*(to-from))
	r.bits = le.Uint64(b[from:]) & r.mask
}

// numbers reads those of an op from one to another. It calls nothing but where
// it ends: what it keeps in registers stays there.
func (s *scanner) numbers(o *op, from, to, p int) int {
	b, row := s.dec.ahead, s.row
	for i, c := range o.numbers[from:to] {
		if p < 0 || p > len(b)-9 {
			return -1
		}
		if c&codeOptional != 0 {
			if b[p] != byte(c>>8) {
				return s.mostNumbers(o, from+i, to, p)
			}
			p++
		}
		w := le.Uint64(b[p:])
		if w&0x80 == 0 {
			w &= 0x7f
			p++
		} else {
			stops := ^w & stopBits
			if stops == 0 {
				if c&codeOptional != 0 {
					p--
				}
				return s.mostNumbers(o, from+i, to, p)
			}
			p += bits.TrailingZeros64(stops)>>3 + 1
			if w &= stops ^ (stops - 1); uint32(stops) != 0 {
				w = squeezeShort(w)
			} else {
				w = squeeze(w)
			}
		}
		v := int64(w>>1) ^ -int64(w&1)
		if c&codeNarrow != 0 && v != int64(int32(v)) {
			return -1
		}
		switch to := c >> 16; c & 7 {
		case numberCode(opInt64 - opNumber):
			s.cols[to].v64.s[row] = v
		case numberCode(opInt32 - opNumber):
			s.cols[to].v32.s[row] = int32(v)
		default:
			s.num[to], s.has[to] = v, true
		}
	}
	return p
}

// mostNumbers goes on with the i-th number, which is absent or long.
func (s *scanner) mostNumbers(o *op, i, to, p int) int {
	b := s.dec.ahead
	for ; i < to; i++ {
		f := &o.fields[i]
		if p < 0 || p > len(b)-pad {
			return -1
		}
		if f.optional {
			x := b[p] ^ f.there
			p++
			if x == 2 && f.required == noColumn {
				s.absent(f)
				continue
			}
			if x != 0 {
				return -1
			}
		}
		w := le.Uint64(b[p:])
		if stops := ^w & stopBits; stops != 0 {
			p += bits.TrailingZeros64(stops)>>3 + 1
			w = squeeze(w & (stops ^ (stops - 1)))
		} else if w, p = longNumber(b, p, w); p < 0 {
			return -1
		}
		v := int64(w>>1) ^ -int64(w&1)
		if f.narrow && v != int64(int32(v)) {
			return -1
		}
		switch f.kind {
		case opInt64:
			s.cols[f.to].v64.s[s.row] = v
		case opInt32:
			s.cols[f.to].v32.s[s.row] = int32(v)
		default:
			s.num[f.to], s.has[f.to] = v, true
		}
	}
	return p
}

// longNumber reads the bits of a number of nine or ten bytes, w the first eight.
func longNumber(b []byte, p int, w uint64) (v uint64, after int) {
	c, last := b[p+8], b[p+9]
	v = squeeze(w) | uint64(c&0x7f)<<56
	switch {
	case c < 0x80:
		return v, p + 9
	case last <= 1:
		return v | uint64(last)<<63, p + 10
	}
	return 0, -1
}
