package manifest

import "math/bits"

// Of the maps of counts a question wants one column's. Where in the map it is
// need not be known, nor where every other pair is: eight bytes at a time are
// compared with the key.

// maxPicked is how many keys of a map of counts are looked for, each in a pass
// of its own.
const maxPicked = 4

// shortKeys reports whether fastCounts can look for keys: few, each of one or
// two bytes, and each once, for find knows only the first of two.
func shortKeys(picks []pick) bool {
	for i, p := range picks {
		if p.key < 0 || p.key >= 1<<13 || i > 0 && p.key == picks[i-1].key {
			return false
		}
	}
	return len(picks) > 0 && len(picks) <= maxPicked
}

// fastCounts takes the wanted ones of an array of pairs of numbers.
func fastCounts(s *scanner, o *op, p int) int { return s.pickCounts(&o.fields[0], p) }

func (s *scanner) pickCounts(o *fieldOp, p int) int {
	b := s.dec.ahead
	if p < 0 || p > len(b)-pad {
		return -1
	}
	if w := le.Uint64(b[p:]); w&0x80ffff == 0x0202 && o.optional && o.there == 2 && len(o.picks) == 1 {
		if after := s.pickOnly(&o.picks[0], b, p+2, w>>16); after > 0 {
			return after
		}
	}
	p, there := s.branch(o, b, p)
	if !there {
		return p
	}
	n, p := count(b, p)
	if p == 0 {
		return -1
	}
	after := p
	for i := range o.picks {
		pick := &o.picks[i]
		c := &s.cols[pick.col]
		value, at := int64(0), -1
		if n > 0 {
			if value, at, after = findCount(b, p, 2*n+1, uint64(pick.key)); after < 0 {
				return -1
			}
		}
		if at < 0 {
			c.setNull(s.alloc, s.row)
			continue
		}
		c.v64.s[s.row] = value
		c.done = s.row
	}
	return after
}

// pickOnly reads the pair at p of a map that has no other, the key of one byte.
// w are its first bytes. It is 0 for what findCount has to see to.
func (s *scanner) pickOnly(pick *pick, b []byte, p int, w uint64) (after int) {
	key, c := w&0xff, &s.cols[pick.col]
	w = w>>8&(1<<32-1) | 0x80<<32 // what follows ends no number
	stops := ^w & stopBits
	p += bits.TrailingZeros64(stops)>>3 + 2
	if uint32(stops) == 0 || p < 0 || p >= len(b) || b[p] != 0 {
		return 0
	}
	if key != uint64(pick.key)<<1 {
		c.setNull(s.alloc, s.row)
		return p + 1
	}
	v := squeezeShort(w & (stops ^ (stops - 1)))
	c.v64.s[s.row] = int64(v>>1) ^ -int64(v&1)
	c.done = s.row
	return p + 1
}

// findCount looks for a key's value among left numbers, keys and values by
// turns and the 0 that ends the array; the byte before p ends a number. at is
// where the value is, -1 where the key is not there; after is -1 for odd bytes,
// which numbers of five bytes or more are, and those that end in needless
// zeros, for they could be the key.
func findCount(b []byte, p, left int, key uint64) (value int64, at, after int) {
	low, high, long := key<<1, uint64(0), uint64(0)
	if key >= 1<<6 {
		low, high, long = low&0x7f|0x80, low>>7, ^uint64(0)
	}
	low, high = low*eachByte, high*eachByte
	odd := uint64(0)
	at, all := -1, left
	for {
		if p < 3 || p > len(b)-9 {
			return 0, -1, -1
		}
		near := b[p-3 : p+9 : p+9] // what the compiler knows of it spares checks
		w, before := le.Uint64(near[3:]), le.Uint64(near[2:])
		ends := ^w & stopBits
		zero := ^(w&^stopBits + ^uint64(stopBits) | w)
		bad := (w&le.Uint64(near[1:])&le.Uint64(near) | zero) & before & stopBits
		x := w ^ low | (le.Uint64(near[4:])^high)&long
		found := ^(x&^stopBits + ^uint64(stopBits) | x | before) & stopBits
		sums := ends >> 7 * eachByte // in each byte: how many numbers end up to it
		last := int(sums>>56) >= left
		if last {
			q := bits.TrailingZeros64(((sums|stopBits)-uint64(left)*eachByte)&stopBits) &^ 7
			until := ^uint64(0) >> (56 - q)
			bad &= until
			found &= until >> 8 // not the 0 that ends the array
			after = p + q>>3 + 1
		}
		odd |= bad
		for ; found != 0; found &= found - 1 {
			bit := bits.TrailingZeros64(found)
			if (all-left+bits.OnesCount64(ends&(1<<bit-1)))&1 == 0 {
				at = p + bit>>3 + 1 + int(long&1)
			}
		}
		if last {
			break
		}
		left -= int(sums >> 56)
		p += 8
	}
	if odd != 0 || after < 1 || b[after-1] != 0 {
		return 0, -1, -1
	}
	if at >= 0 {
		if at > len(b)-8 {
			return 0, -1, -1
		}
		w := le.Uint64(b[at:])
		stops := ^w & stopBits
		u := squeezeShort(w & (stops ^ (stops - 1)))
		value = int64(u>>1) ^ -int64(u&1)
	}
	return value, at, after
}
