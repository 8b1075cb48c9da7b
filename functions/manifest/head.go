package manifest

import "math/bits"

// fastHead reads the status, perhaps the content, and steps over the rest of
// the head.
func fastHead(s *scanner, o *op, p int) int {
	b := s.dec.ahead
	if p = s.firstFields(p); p < 0 {
		return -1
	}
	s.has[Status], s.has[FileContent] = true, o.fields[4].kind == opNumber
	if p > len(b)-2 {
		return -1
	}
	if w := uint(le.Uint16(b[p:])); w&0x8081 == 0x80 {
		p += 2 + int(w&0x7f>>1|w>>2&0x1fc0)
	} else if w&0x81 == 0 {
		p += 1 + int(w>>1&0x3f)
	} else {
		return -1
	}
	if p > len(b)-8 {
		return -1
	}
	if w := le.Uint64(b[p:]); w == parquet {
		return p + 8
	} else if w&0x81 == 0 {
		return p + 1 + int(w>>1&0x3f)
	}
	return -1
}

// firstFields reads the head up to the content.
func (s *scanner) firstFields(p int) int {
	b := s.dec.ahead
	if p < 0 || p > len(b)-pad {
		return -1
	}
	w := le.Uint64(b[p:])
	if w&0xfdf9 != 0 {
		return -1 // the status is none of 0, 1, 2, or the branch of the snapshot's id is odd
	}
	s.num[Status] = int64(w >> 1 & 3)
	p += 2
	if w&0x200 != 0 {
		stops := ^le.Uint64(b[p:]) & stopBits
		switch {
		case stops != 0:
			p += bits.TrailingZeros64(stops)>>3 + 1
		case b[p+8] < 0x80:
			p += 9
		case b[p+9] <= 1:
			p += 10
		default:
			return -1
		}
	}
	if p = afterSequences(b, p); p < 0 || p >= len(b) || b[p] >= 0x80 {
		return -1 // no content is as great
	}
	s.num[FileContent] = int64(b[p]>>1) ^ -int64(b[p]&1)
	return p + 1
}

// afterSequences steps over two optional numbers.
func afterSequences(b []byte, p int) int {
	for range 2 {
		if p < 0 || p > len(b)-pad {
			return -1
		}
		c := b[p]
		p++
		if c == 0 {
			continue
		}
		if c != 2 {
			return -1
		}
		if b[p] < 0x80 {
			p++
		} else if p = afterNumber(b, p); p < 0 {
			return -1
		}
	}
	return p
}
