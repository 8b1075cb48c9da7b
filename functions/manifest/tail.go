package manifest

import (
	"math/bits"

	"psyberg/functions/manifest/pattern"
)

// tailEnds is what scans learn of tails of one op: another one may end elsewhere.
type tailEnds struct {
	of     *op
	words  [firstBounds]int // that a map of counts has at least
	lists  [8]uint8         // of so many split offsets: the bytes behind their number, if they are few
	bytes  uint32           // those behind the split offsets, of the entry before: most have the same
	mask   uint32
	length int
}

// fastTail reads the record count and the file's size, where both are wanted,
// and steps over the tail, but for counts and bounds that are wanted.
func fastTail(s *scanner, o *op, p int) int {
	b := s.dec.ahead
	if s.ends.of != o {
		s.ends = tailEnds{of: o}
	}
	if o.longs != nil {
		if p < 0 || p > len(b)-16 {
			return -1
		}
		x := b[p : p+16 : p+16]
		w := le.Uint64(x)
		stops := ^w & stopBits
		if uint32(stops) == 0 {
			return -1
		}
		n := (bits.TrailingZeros32(uint32(stops))>>3 + 1) & 7
		first := squeezeShort(w & (stops ^ (stops - 1)))
		w = le.Uint64(x[n:])
		if stops = ^w & stopBits; stops == 0 {
			return -1
		}
		n += bits.TrailingZeros64(stops)>>3 + 1
		if w &= stops ^ (stops - 1); uint32(stops) != 0 {
			w = squeezeShort(w)
		} else {
			w = pattern.Squeeze(w)
		}
		s.cols[o.longs[0]].v64.s[s.row] = int64(first>>1) ^ -int64(first&1)
		s.cols[o.longs[1]].v64.s[s.row] = int64(w>>1) ^ -int64(w&1)
		p += n
	}
	if p < 0 || p > len(b)-8 {
		return -1
	}
	w := le.Uint64(b[p:])
	one, stops := w&0x80ffff == 0x0202, ^uint32(w>>24)&(stopBits>>32)
	if q := bits.TrailingZeros32(stops); one && stops != 0 && w>>24>>(q+1)&0xff == 0 { // one pair: the key, the value, 0
		p += 5 + q>>3
	} else {
		p = s.afterCounts(0, p)
	}
	return s.tailEnd(o, s.maps(o, p))
}

// firstBounds is where in the tail the bounds begin.
const firstBounds = 4

// maps steps over the maps but the column sizes, but for what is wanted of them.
func (s *scanner) maps(o *op, p int) int {
	for i := 1; i < firstBounds; i++ {
		if o.counts {
			p = s.pickCounts(&o.tail[i], p)
		} else {
			p = s.afterCounts(i, p)
		}
		if p < 0 {
			return -1
		}
	}
	for i := firstBounds; i < firstBounds+2; i++ {
		if p = s.afterBounds(&o.tail[i], p); p < 0 {
			return -1
		}
	}
	return p
}

// afterCounts steps over the i-th map of counts.
func (s *scanner) afterCounts(i, p int) int {
	b := s.dec.ahead
	if p < 0 || p > len(b)-8 {
		return -1
	}
	w := le.Uint64(b[p:])
	switch {
	case w&0xff == 0:
		return p + 1
	case w&0xffff == 2: // there, and empty
		return p + 2
	case w&0x81ff == 2: // fewer than 64
		return afterNumbers(b, p+2, int(w>>9&0x3f)*2+1, &s.ends.words[i])
	}
	return -1
}

// afterBounds steps over a map of bounds, but for those that are wanted.
func (s *scanner) afterBounds(f *fieldOp, p int) int {
	b := s.dec.ahead
	switch {
	case p < 0 || p >= len(b):
	case f.kind == opPickPairs:
		return s.pickPairs(f, p)
	case b[p] == 0:
		return p + 1
	case b[p] == 2:
		return s.shapes[f.shape].afterPairs(b, p+1)
	}
	return -1
}

// tailEnd steps over what lies behind the bounds. Mostly there is no key, and
// so many split offsets take as many bytes as they took before: then the last of
// these bytes is 0 and one by itself, and as many numbers end in them as have to.
func (s *scanner) tailEnd(o *op, p int) int {
	b, e := s.dec.ahead, &s.ends
	if p < 0 || p > len(b)-24 {
		return s.slowTail(o, p)
	}
	x := b[p : p+24 : p+24]
	if le.Uint32(x)&0xf1ffff != 0x0200 {
		return s.slowTail(o, p)
	}
	n := x[2] >> 1 & 7
	size := e.lists[n]
	if size == 0 || size > maxList || x[2+size] != 0 || x[1+size] >= 0x80 {
		return s.slowTail(o, p)
	}
	in := &inList[size]
	if bits.OnesCount64(^le.Uint64(x[3:])&in[0]|^le.Uint64(x[11:])&in[1]>>1) != int(n)+1 {
		return s.slowTail(o, p)
	}
	if p += 3 + int(size); e.length > 0 && p <= len(b)-4 && le.Uint32(b[p:])&e.mask == e.bytes {
		return p + e.length
	}
	return s.lastFields(o, p)
}

// maxList is how many bytes of a list are looked at.
const maxList = 16

// inList are the stop bits of the first bytes of sixteen.
var inList = func() (in [maxList + 1][2]uint64) {
	for size := range in {
		for i := range size {
			in[size][i>>3] |= 0x80 << (i & 7 * 8)
		}
	}
	return in
}()

// slowTail does what tailEnd does, whatever there is.
func (s *scanner) slowTail(o *op, p int) int {
	b := s.dec.ahead
	if p < 0 || p > len(b)-4 {
		return -1
	}
	switch w := le.Uint32(b[p:]); {
	case w&0xff == 0:
		p++
	case w&0x81ff == 2: // a short value
		p += 2 + int(w>>9&0x3f)
	default:
		return -1
	}
	after := afterOptionalTuples(b, p, 1, 1)
	if size := after - p - 2; size > 0 && size <= maxList && b[p+1] < 16 {
		s.ends.lists[b[p+1]>>1] = uint8(size)
	}
	return s.lastFields(o, after)
}

// lastFields steps over what lies behind the split offsets.
func (s *scanner) lastFields(o *op, from int) int {
	b := s.dec.ahead
	p := afterOptionalTuples(b, from, 1, 1)
	if p < 0 || p > len(b)-4 {
		return -1
	}
	w := le.Uint32(b[p:])
	if w&0xff == 0 {
		p, w = p+1, w>>8
	} else if w&0x80ff == 2 {
		p, w = p+2, w>>16
	} else {
		return -1
	}
	if len(o.tail) > tailLen {
		if w&0xff != 0 {
			return -1
		}
		p++
	}
	if n := p - from; n <= 4 && from <= len(b)-4 {
		e := &s.ends
		e.length, e.mask = n, ^uint32(0)>>(32-8*n)
		e.bytes = le.Uint32(b[from:]) & e.mask
	}
	return p
}

// afterNumbers steps over so many numbers, the last of which ends an array and
// is 0. words is how many words lay before the last number when this was done
// before, or fewer: these need not be looked at one by one.
func afterNumbers(b []byte, p, left int, words *int) int {
	from := p
	if n := *words; n > 0 {
		if all := ends(b, p, n); all > 0 && all < left {
			p += 8 * n
			left -= all
		}
	}
	for {
		if p < 1 || p > len(b)-8 {
			return -1
		}
		sums := ^le.Uint64(b[p:]) & stopBits >> 7 * eachByte // in each byte: how many numbers end up to it
		if here := int(sums >> 56); here < left {
			left -= here
			p += 8
			continue
		}
		p += bits.TrailingZeros64(((sums|stopBits)-uint64(left)*eachByte)&stopBits) >> 3
		break
	}
	if p < 1 || p > len(b)-1 || b[p] != 0 || b[p-1] >= 0x80 {
		return -1
	}
	*words = min((p-from)>>3-1, maxWords)
	return p + 1
}

// maxWords is how many words ends counts.
const maxWords = 31

// ends is how many numbers end in so many words, -1 where these are not there.
func ends(b []byte, p, words int) int {
	more, left := uint64(0), words
	for ; left >= 4; left -= 4 {
		if p < 0 || p > len(b)-32 {
			return -1
		}
		x := b[p : p+32 : p+32]
		more += le.Uint64(x)&stopBits>>7 + le.Uint64(x[8:])&stopBits>>7 + le.Uint64(x[16:])&stopBits>>7 + le.Uint64(x[24:])&stopBits>>7
		p += 32
	}
	for ; left > 0; left-- {
		if p < 0 || p > len(b)-8 {
			return -1
		}
		more += le.Uint64(b[p:]) & stopBits >> 7
		p += 8
	}
	return 8*words - int(more*eachByte>>56)
}

// afterOptionalTuples steps over several optional arrays of one block or none, of
// records of k numbers.
func afterOptionalTuples(b []byte, p, times, k int) int {
	for ; times > 0; times-- {
		if p < 0 || p > len(b)-8 {
			return -1
		}
		switch b[p] {
		case 0:
			p++
		case 2:
			p = afterTuples(b, p+1, k)
		default:
			return -1
		}
	}
	return p
}
