package manifest

import (
	"math/bits"
	"unicode/utf8"

	"psyberg/functions/manifest/pattern"
)

// The fast ways of ops that fill columns. Where they give up, what they did to
// the columns is undone by doing it again.

// branch reads the branch of an optional value; where there is no value, p is
// what the fast way returns.
func (s *scanner) branch(o *fieldOp, b []byte, p int) (after int, there bool) {
	if !o.optional {
		return p, true
	}
	switch c := b[p]; {
	case c == o.there && p < len(s.dec.b):
		return p + 1, true
	case c == 2-o.there && p < len(s.dec.b) && o.required == noColumn:
		s.absent(o)
		return p + 1, false
	}
	return -1, false
}

// expect is how much room to make in a column's memory that holds used and
// needs to hold more: what the rows that there is room for will take, going by
// those before this one. Blocks may promise any number of rows (M2), so it goes
// by how much of the file is left, too.
func (s *scanner) expect(used, need int) int {
	guess := 0
	if seen := s.seen() - s.from; s.row > 0 && seen > 0 {
		guess = int(float64(used) * min(float64(s.room)/float64(s.row), (float64(len(s.c.data))-s.from)/seen))
		guess += guess/16 + 64
	}
	return max(need+need/2, guess, min(2*need, 4096))
}

// seen is how many bytes of the file are read, the block's by share.
func (s *scanner) seen() float64 {
	return float64(s.at.offset) + float64(len(s.at.packed))*float64(s.dec.pos)/float64(max(len(s.dec.b), 1))
}

// items makes room for n more of a column's keys and values.
func (s *scanner) items(c *column, n int) {
	if c.items+n > len(c.keys.s) {
		c.keys.grow(s.alloc, s.expect(c.items, c.items+n))
	}
	if c.store == sMap64 {
		if c.items+n > len(c.v64.s) {
			c.v64.grow(s.alloc, len(c.keys.s))
		}
		return
	}
	if c.items+n+1 > len(c.voffs.s) {
		c.voffs.grow(s.alloc, len(c.keys.s)+1)
	}
}

// data makes room for n more bytes.
func (s *scanner) data(c *column, n int) {
	if c.bytes+n > len(c.data.s) {
		c.data.grow(s.alloc, s.expect(c.bytes, c.bytes+n))
	}
}

// setText sets a STRING or BINARY to b[from:to].
func (s *scanner) setText(c *column, b []byte, from, to int) { s.setTextOf(s.row, c, b, from, to) }

// setTextOf does so in a row.
func (s *scanner) setTextOf(row int, c *column, b []byte, from, to int) {
	at := int(c.offs.s[row])
	n := to - from
	c.bytes = at
	if at+n+16 > len(c.data.s) {
		s.data(c, n+16)
	}
	if dst := c.data.s[at:]; n <= 16 && len(dst) >= 16 && len(b)-from >= 16 {
		*(*[16]byte)(dst) = *(*[16]byte)(b[from:])
	} else {
		copy(dst, b[from:to])
	}
	c.bytes = at + n
	c.offs.s[row+1] = int32(c.bytes)
	c.done = row
}

// fastText reads a string.
func fastText(s *scanner, op *op, p int) int {
	b, end, o := s.dec.ahead, len(s.dec.b), &op.fields[0]
	p, there := s.branch(o, b, p)
	if !there {
		return p
	}
	if p < 0 || p > len(b)-2 {
		return -1
	}
	w := uint(le.Uint16(b[p:]))
	n := 0
	switch {
	case w&0x81 == 0:
		n, p = int(w>>1&0x3f), p+1
	case w&0x8081 == 0x80:
		n, p = int(w&0x7f>>1|w>>8<<6), p+2
	default:
		return -1
	}
	if n > end-p || !isText(b[p:p+n]) {
		return -1
	}
	s.setText(&s.cols[o.to], b, p, p+n)
	return p + n
}

// parquet is the format of nearly all files, as it is written.
var parquet = le.Uint64([]byte("\x0ePARQUET"))

// fastFormat reads a file's format.
func fastFormat(s *scanner, op *op, p int) int {
	b, o := s.dec.ahead, &op.fields[0]
	if o.optional || p < 0 || p > len(b)-8 || le.Uint64(b[p:]) != parquet {
		return -1
	}
	s.setText(&s.cols[o.to], b, p+1, p+8)
	return p + 8
}

// isText reports whether b is UTF-8; mostly it is ASCII.
func isText(b []byte) bool {
	for len(b) >= 16 {
		if (le.Uint64(b)|le.Uint64(b[8:]))&stopBits != 0 {
			return utf8.Valid(b)
		}
		b = b[16:]
	}
	for len(b) >= 8 {
		if le.Uint64(b)&stopBits != 0 {
			return utf8.Valid(b)
		}
		b = b[8:]
	}
	return utf8.Valid(b)
}

// fastPick takes the wanted ones of an array of pairs of number and bytes.
func fastPick(s *scanner, op *op, p int) int { return s.pickPairs(&op.fields[0], p) }

func (s *scanner) pickPairs(o *fieldOp, p int) int {
	b, end := s.dec.ahead, len(s.dec.b)
	p, there := s.branch(o, b, p)
	if !there {
		return p
	}
	n, p := count(b, p)
	if p == 0 {
		return -1
	}
	if n > 0 {
		if p = s.pickOf(&s.shapes[o.shape], o.picks, n, p); p > end || p < 0 {
			return -1
		}
	}
	s.missing(o.picks)
	return p
}

// pickOf takes the wanted ones of n pairs, and steps over the 0 behind them.
func (s *scanner) pickOf(h *shape, picks []pick, n, from int) int {
	b := s.dec.ahead
	if len(h.first(n)) == 0 {
		return -1
	}
	if h.known {
		p, i := from, 0
		for _, k := range h.wanted {
			if k >= n {
				break
			}
			p = s.pickOne(h, picks, k, h.walk(b, p, i, k, picks))
			i = k + 1
		}
		if p = h.walk(b, p, i, n, picks); h.known || p < 0 {
			return afterEnd(b, p)
		}
	}
	p := from // other keys than before: each pair may be wanted
	for i := range n {
		p = s.pickOne(h, picks, i, p)
	}
	h.want()
	return afterEnd(b, p)
}

// pickOne takes the i-th pair, if it is wanted, or steps over it.
func (s *scanner) pickOne(h *shape, picks []pick, i, p int) int {
	b := s.dec.ahead
	if p < 0 || p > len(b)-4 || i < 0 || i >= len(h.heads) {
		return -1
	}
	w := le.Uint32(b[p:])
	from, to := h.at(i, h.heads[i], w, p, picks)
	if from < 0 || to > len(s.dec.b) {
		return -1
	}
	if pick := h.picks[i]; pick != 0 {
		s.setText(&s.cols[picks[pick-1].col], b, from, to)
	}
	return to
}

// missing notes the picked keys that a map has not.
func (s *scanner) missing(picks []pick) {
	for i := range picks {
		if c := &s.cols[picks[i].col]; c.done != s.row {
			c.setNull(s.alloc, s.row)
		}
	}
}

// beginMap reads the branch of an optional map that is wanted as a whole, and
// how many pairs it has, and makes room for them. heads is what was learned of
// these; where there are none, p is what the fast way returns.
func (s *scanner) beginMap(o *fieldOp, p int) (heads []uint32, after int) {
	b, c := s.dec.ahead, &s.cols[o.to]
	p, there := s.branch(o, b, p)
	if !there {
		return nil, p
	}
	n, p := count(b, p)
	if p == 0 {
		return nil, -1
	}
	if n == 0 {
		c.endItems(s.row)
		return nil, p
	}
	if heads = s.shapes[o.shape].first(n); len(heads) == 0 {
		return nil, -1
	}
	if c.items+n > len(c.keys.s) || c.items+n > len(c.v64.s) && c.items+n >= len(c.voffs.s) {
		s.items(c, n)
	}
	return heads, p
}

// endMap takes the keys from what was learned, and ends a map at p.
func (s *scanner) endMap(o *fieldOp, n, p int) int {
	h, c := &s.shapes[o.shape], &s.cols[o.to]
	keys := c.keys.s[c.items : c.items+n : c.items+n]
	copy(keys, h.keys)
	if p = afterEnd(s.dec.ahead, p); p < 0 || p > len(s.dec.b) || !h.sorted(n) && c.twice(keys) {
		return -1
	}
	c.items += n
	c.endItems(s.row)
	return p
}

// fastMap64 reads a whole map of numbers.
func fastMap64(s *scanner, op *op, p int) int {
	o := &op.fields[0]
	heads, p := s.beginMap(o, p)
	if len(heads) == 0 {
		return p
	}
	c := &s.cols[o.to]
	p = s.shapes[o.shape].numbers(heads, s.dec.ahead, p, c.v64.s[c.items:c.items+len(heads)])
	return s.endMap(o, len(heads), p)
}

// numbers reads the pairs of a map of numbers, the key of at most two bytes,
// the value of at most six.
func (h *shape) numbers(heads []uint32, b []byte, p int, values []int64) int {
	if len(values) < len(heads) {
		return -1
	}
	for i, e := range heads {
		if p < 0 || p > len(b)-8 {
			return -1
		}
		w := le.Uint64(b[p:])
		stops := ^uint32(w>>8) & (stopBits >> 32)
		if w&0xff != uint64(e) || stops == 0 {
			if p, values[i] = h.number(i, b, p); p < 0 {
				return -1
			}
			continue
		}
		p += bits.TrailingZeros32(stops)>>3 + 2
		v := uint32(w>>8) & (stops ^ (stops - 1))
		v = v&0x7f007f | v>>1&0x3f803f80
		v = v&0x3fff | v>>2&0xfffc000
		values[i] = int64(v>>1) ^ -int64(v&1)
	}
	return p
}

// number reads the i-th pair, whose key is another than was expected, or whose
// value has more than four bytes.
func (h *shape) number(i int, b []byte, p int) (after int, value int64) {
	if p < 0 || p > len(b)-pad || i >= len(h.heads) {
		return -1, 0
	}
	n := 1
	if w := le.Uint32(b[p:]); w&0xff != h.heads[i] {
		if n = h.key(i, w); n < 1 || n > 2 {
			return -1, 0
		}
	}
	w := le.Uint64(b[p+n:])
	stops := ^w & stopBits & (1<<48 - 1)
	if stops == 0 {
		return -1, 0
	}
	w = pattern.Squeeze(w & (stops ^ (stops - 1)))
	return p + n + bits.TrailingZeros64(stops)>>3 + 1, int64(w>>1) ^ -int64(w&1)
}

// fastMapBytes reads a whole map of bytes.
func fastMapBytes(s *scanner, op *op, p int) int {
	o := &op.fields[0]
	heads, p := s.beginMap(o, p)
	if len(heads) == 0 {
		return p
	}
	c := &s.cols[o.to]
	bytes := int(c.voffs.s[c.items])
	if p, bytes = s.values(c, &s.shapes[o.shape], heads, s.dec.ahead, p, bytes); p < 0 {
		return -1
	}
	if p = s.endMap(o, len(heads), p); p > 0 {
		c.bytes = bytes
	}
	return p
}

// values reads the pairs of a map of bytes: the values go behind the first
// bytes of the column's data. It returns the places after them, in b and there.
func (s *scanner) values(c *column, h *shape, heads []uint32, b []byte, p, bytes int) (after, all int) {
	ends := c.voffs.s[c.items+1:]
	if len(ends) < len(heads) {
		return -1, 0
	}
	data := c.data.s
	for i, e := range heads {
		if p < 0 || p > len(b)-4 {
			return -1, 0
		}
		w := le.Uint32(b[p:])
		from, to := p+2, p+2+int(e>>9)
		if w&0xffff != e {
			if from, to = h.at(i, e, w, p, nil); from < 0 {
				return -1, 0
			}
		}
		p = to
		if to-from <= 16 && from <= len(b)-16 && bytes >= 0 && bytes <= len(data)-16 {
			le.PutUint64(data[bytes:], le.Uint64(b[from:]))
			le.PutUint64(data[bytes+8:], le.Uint64(b[from+8:]))
		} else {
			if to > len(b) {
				return -1, 0
			}
			c.bytes = bytes
			s.data(c, to-from+16)
			data = c.data.s
			copy(data[bytes:], b[from:to])
		}
		bytes += to - from
		ends[i] = int32(bytes)
	}
	return p, bytes
}
