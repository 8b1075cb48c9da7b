package pattern

import (
	"encoding/binary"
	"math/bits"
)

var le = binary.LittleEndian

const stopBits = 0x8080808080808080

// portable is walk in Go.
func (p *Pattern) portable(b []byte, from, last, most int, places []int32) (n, to int) {
	for ; n < most; n++ {
		after := p.one(b, from, places[n*len(p.steps):])
		if after < 0 || after > last {
			break
		}
		from = after
	}
	return n, from
}

// one returns the place after the entry at at, -1 where it does not fit.
func (p *Pattern) one(b []byte, at int, places []int32) int {
	look, chunks := true, p.chunks
	for i := range p.steps {
		s := &p.steps[i]
		if places[i] = int32(at); look && at > len(b)-int(s.need) {
			return -1
		}
		for j := range chunks[:s.chunks] {
			if x := &chunks[j]; !x.same(b[at+int(x.at):]) {
				return -1
			}
		}
		chunks = chunks[s.chunks:]
		if at = s.after(b, at+int(s.n)); at < 0 || s.then == end {
			return at
		}
		look = s.then.looks()
	}
	return -1
}

// same reports whether b begins as x says.
func (x *common) same(b []byte) bool {
	odd := byte(0)
	for i, c := range b[:chunk] {
		odd |= (c ^ x.value[i]) & x.mask[i]
	}
	return odd == 0
}

// after returns the place after what follows the bytes of a step, -1 where it is odd.
func (s *step) after(b []byte, at int) int {
	switch s.then {
	case few:
		return nth(b, at, bits.TrailingZeros32(s.k)+1)
	case many:
		return numbers(b, at, int(s.k))
	case bytes:
		w := int(le.Uint16(b[at:]))
		switch {
		case w&0x81 == 0:
			return at + 1 + w>>1&0x3f
		case w&0x8081 == 0x80:
			return at + 2 + (w&0x7f>>1 | w>>8<<6)
		}
		return -1
	case list:
		n := int(b[at])
		if n&0x81 != 0 {
			return -1
		}
		at++
		if n == 0 {
			return at
		}
		if at = numbers(b, at, n>>1*int(s.k)); at < 0 || b[at] != 0 {
			return -1
		}
		return at + 1
	}
	return at
}

// nth returns the place after the k-th number from at on, which ends within eight
// bytes, or -1.
func nth(b []byte, at, k int) int {
	stops := ^le.Uint64(b[at:]) & stopBits
	for ; k > 1; k-- {
		stops &= stops - 1
	}
	if stops == 0 {
		return -1
	}
	return at + bits.TrailingZeros64(stops)>>3 + 1
}

// numbers returns the place after k numbers, -1 where there are not ahead bytes
// from each place on at which 64 of them are looked at.
func numbers(b []byte, at, k int) int {
	for {
		ends := uint64(0)
		for i, c := range b[at : at+64] {
			if c < 0x80 {
				ends |= 1 << i
			}
		}
		n := bits.OnesCount64(ends)
		if k <= n {
			for ; k > 1; k-- {
				ends &= ends - 1
			}
			return at + bits.TrailingZeros64(ends) + 1
		}
		k -= n
		if at += 64; at > len(b)-ahead {
			return -1
		}
	}
}
