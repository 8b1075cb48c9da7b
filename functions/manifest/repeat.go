package manifest

// Most entries of a manifest are of the same partition as the one before them.
// So the bytes of a partition are compared with those of the one before. Where
// they are the same, nothing is written: the rows that repeat a partition are
// filled at once when another one comes (settle).

// maxRepeated is how many bytes of a partition are compared.
const maxRepeated = 64

// repeat is the partition that was read last.
type repeat struct {
	of     *op
	length int    // in bytes, which are
	head   uint64 // the first eight, or fewer
	mask   uint64 // and which of these are of it
	all    [maxRepeated]byte
	row    int // where its values are
	next   int // the rows from this one to that being read repeat it, and are not filled yet
}

// fastPartition reads the partition.
func fastPartition(s *scanner, o *op, p int) int {
	b, r := s.dec.ahead, &s.before
	if r.of == o && p >= 0 && p <= len(b)-8 && le.Uint64(b[p:])&r.mask == r.head {
		to := p + r.length
		if to <= len(s.dec.b) && (r.length <= 8 || string(b[p+8:to]) == string(r.all[8:r.length])) {
			return to
		}
	}
	return s.another(o, p)
}

// another reads a partition that is not the one before.
func (s *scanner) another(o *op, p int) int {
	s.settle()
	d, r := &s.dec, &s.before
	r.of, r.next = nil, s.row+1
	from := p
	for i := range o.members {
		m := &o.members[i]
		q := m.fast(s, m, p)
		if uint(q) > uint(len(d.b)) {
			d.pos = p
			if s.slow(d, m); d.err != nil {
				return -1
			}
			q = d.pos
		}
		p = q
	}
	n := p - from
	if n > maxRepeated || from < 0 || from > len(d.ahead)-8 {
		return p
	}
	r.of, r.row, r.length = o, s.row, n
	copy(r.all[:], d.b[from:p])
	r.mask = ^uint64(0)
	if n < 8 {
		r.mask = 1<<(8*n) - 1
	}
	r.head = le.Uint64(d.ahead[from:]) & r.mask
	return p
}

// settle fills the rows that repeat a partition.
func (s *scanner) settle() {
	r := &s.before
	if r.of != nil && r.next < s.row {
		for _, i := range r.of.cols {
			s.repeat(&s.cols[i], r.row, r.next, s.row)
		}
	}
	r.next = s.row
}

// forget settles, and has the next partition be another one: the batch ends, or
// the row that has its values is given up.
func (s *scanner) forget() {
	s.settle()
	s.before.of = nil
}

// repeat sets the rows of a column from one to another to the value of row.
func (s *scanner) repeat(c *column, row, from, to int) {
	if c.valid.buf != nil && c.valid.s[row>>3]&(1<<(row&7)) == 0 {
		for i := from; i < to; i++ {
			c.setNull(s.alloc, i)
		}
		return
	}
	switch c.store {
	case sBool:
		v := c.data.s[row>>3]&(1<<(row&7)) != 0
		for i := from; i < to; i++ {
			c.setBit(i, v)
		}
	case s32:
		fill(c.v32.s[from:to], c.v32.s[row])
	case s64:
		fill(c.v64.s[from:to], c.v64.s[row])
	case sFixed:
		v := c.data.s[row*c.width : (row+1)*c.width]
		for i := from; i < to; i++ {
			c.setFixed(i, v)
		}
	case sBytes:
		s.repeatText(c, row, from, to)
	}
}

func fill[T number](rows []T, v T) {
	for i := range rows {
		rows[i] = v
	}
}

func (s *scanner) repeatText(c *column, row, from, to int) {
	at, n := c.offs.s[row], c.offs.s[row+1]-c.offs.s[row]
	c.bytes = int(c.offs.s[from])
	if more := (to - from) * int(n); c.bytes+more > len(c.data.s) {
		s.data(c, more)
	}
	first := c.bytes
	end := first + (to-from)*int(n)
	for done := copy(c.data.s[first:end], c.data.s[at:at+n]); done < end-first; { // twice as many each time
		done += copy(c.data.s[first+done:end], c.data.s[first:first+done])
	}
	offs := c.offs.s[from+1 : to+1]
	for i := range offs {
		first += int(n)
		offs[i] = int32(first)
	}
	c.bytes, c.done = end, to-1
}
