package manifest

import "math/bits"

// heads is what scans learn of heads.
type heads struct {
	of       *op
	first    template // from the status to the content
	status   int64
	content  int64
	pathHead uint32 // the two bytes before the path; changing where that is of no use
	path     int    // bytes of these and the path
	misses   int    // how often it was another
}

// begin forgets what was learned of another op.
func (h *heads) begin(o *op) {
	*h = heads{of: o, first: h.first, pathHead: changing}
	h.first.forget()
}

// fastHead reads the status, perhaps the content, and steps over the rest of
// the head.
func fastHead(s *scanner, o *op, p int) int {
	b, h := s.dec.ahead, &s.heads
	if h.of != o {
		h.begin(o)
	}
	if p < 0 || p > len(b)-8 {
		return -1
	}
	if le.Uint64(b[p:])&h.first.mask == h.first.value && h.first.rest(b, p+8) {
		s.num[Status], s.num[FileContent] = h.status, h.content
		p += h.first.length
	} else if p = s.firstFields(o, p); p < 0 {
		return -1
	}
	s.has[Status], s.has[FileContent] = true, o.fields[4].kind == opNumber
	if p > len(b)-4 {
		return -1
	}
	if w := le.Uint32(b[p:]); w&0xffff == h.pathHead {
		p += h.path
	} else if w&0x8081 == 0x80 {
		n := 2 + int(w&0x7f>>1|w>>2&0x1fc0)
		p += n
		if h.misses++; h.misses <= maxPaths {
			h.pathHead, h.path = w&0xffff, n
		} else {
			h.pathHead = changing
		}
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

// maxPaths is how many lengths of paths are learned in a manifest.
const maxPaths = 500

// firstFields reads the head up to the content, which is not as was learned.
func (s *scanner) firstFields(o *op, p int) int {
	b, from := s.dec.ahead, p
	if p > len(b)-pad {
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
	p++
	if h := &s.heads; p <= len(s.dec.b) && h.first.may(s.entry) {
		l := &learner{dec: dec{b: s.dec.b[from:p]}}
		l.head()
		h.status, h.content = s.num[Status], s.num[FileContent]
		h.first.learn(l)
	}
	return p
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

// head reads the head up to the content.
func (l *learner) head() {
	l.long()
	for range 3 {
		there := l.long() > 0
		if l.say(0xff); there {
			l.number()
		}
	}
	l.long()
	l.say(0xff)
}
