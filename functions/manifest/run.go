package manifest

import (
	"encoding/binary"
	"math/bits"

	"psyberg/functions/manifest/pattern"
)

// pad is how many bytes can be read behind the end of a block, whatever they
// are: so far a fast way may look ahead of a place in it without asking.
const pad = 16

// ample is how many of them are better: then even the last entry of a block can be
// one that is like others.
const ample = 80

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

// squeezeShort does what pattern.Squeeze does with at most four groups.
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

// fastNumbers reads numbers, each to where it belongs. It calls nothing but
// where it ends: what it keeps in registers stays there.
func fastNumbers(s *scanner, o *op, p int) int {
	b, row := s.dec.ahead, s.row
	for i, c := range o.numbers {
		if p < 0 || p > len(b)-9 {
			return -1
		}
		if c&codeOptional != 0 {
			if b[p] != byte(c>>8) {
				return s.mostNumbers(o, i, p)
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
				return s.mostNumbers(o, i, p)
			}
			p += bits.TrailingZeros64(stops)>>3 + 1
			if w &= stops ^ (stops - 1); uint32(stops) != 0 {
				w = squeezeShort(w)
			} else {
				w = pattern.Squeeze(w)
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
func (s *scanner) mostNumbers(o *op, i, p int) int {
	b := s.dec.ahead
	for ; i < len(o.fields); i++ {
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
			w = pattern.Squeeze(w & (stops ^ (stops - 1)))
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
	v = pattern.Squeeze(w) | uint64(c&0x7f)<<56
	switch {
	case c < 0x80:
		return v, p + 9
	case last <= 1:
		return v | uint64(last)<<63, p + 10
	}
	return 0, -1
}
