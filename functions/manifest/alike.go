package manifest

import (
	"encoding/binary"

	"psyberg/functions/manifest/pattern"
)

// A manifest's entries are much alike: the same keys in their maps, the same
// branches of their unions, the same partition, and numbers as long as in the
// entry before. So an entry that was read op by op is looked at once more, for
// what entries like it have in common (study): that becomes a pattern, and as
// long as entries fit it, their fields are found without a look at each (stride).
// Every entry that does not fit is read op by op, as the first one was.

// alike is what is learned of entries that are like each other. It is for
// programs all of whose fields are in one of the ways of a pattern.
type alike struct {
	of      *program
	kin     []*kin        // what entries looked like, the latest first
	places  []int32       // of the entries that were found last
	lengths map[spot]int  // what was seen at spots: numbers of bytes, and of items
	varies  map[spot]bool // where it was not always the same
	again   retries
	moves   int  // how often the partition alone was another, of late
	loose   bool // it is nearly always another: its members are read as other fields are
	rigid   bool // they cannot be
	short   bool // the next entry does not fit the first of kin
	tried   bool // that being read fits none
	resting bool // nothing fits for long
	idle    int  // how often in a row nothing fitted
	gaveUp  int64
}

// kin is what entries of one sort have in common.
type kin struct {
	pattern pattern.Pattern
	takes   []take
	steady  []steadyNumber // what they have the same of, in num and has
	part    pattern.Place  // the partition, where it is wanted and not loose
	parts   []byte         // its bytes
}

// maxMoves is how often more than a run of entries is found the partition alone may
// be another one, before it is loose.
const maxMoves = 16

// maxKin is how many sorts of entries are known at a time: a manifest that was
// merged has those of each of its writers, existing and added ones.
const maxKin = 4

// spot is something in an entry that may be of any length: of a field the item
// of that number.
type spot struct{ field, item int }

// steadyNumber is a number of all entries that fit, or none.
type steadyNumber struct {
	col Column
	v   int64
	has bool
}

// take is what is wanted of entries that fit.
type take struct {
	kind  takeKind
	at    pattern.Place
	col   int
	more  int // takePair: the column of the second number
	n     int // takeText, takeBytes: so many bytes, where fixed; else their length is before them
	fixed bool
}

type takeKind uint8

const (
	takeText   takeKind = iota // a string
	take32                     // a number that has to fit 32 bits, into a column
	take64                     // a number, into a column
	takePair                   // two numbers that follow each other, into two
	takeBytes                  // bytes
	takeNull                   // nothing
	takeNumber                 // a number, into num; not where the entry's end takes no note of it
)

// maxStride is how many entries are found at a time.
const maxStride = 64

// maxIdle is how often in a row a pattern fits nothing before it is given up for
// a while.
const maxIdle = 32

// canStride reports whether fields are all in one of the ways of a pattern.
func (p *program) canStride(fields []fieldOp) bool {
	for i := range fields {
		switch f := &fields[i]; f.kind {
		case opCall, opSkip, opMap64, opMapBytes:
			if !f.member || !p.parted { // a partition that is wanted is compared, whatever its members are
				return false
			}
		}
	}
	return true
}

// stride reads entries that fit a pattern, at most so many, and returns how many
// rows they have become.
func (s *scanner) stride(p *program, most int) int {
	a, d := &s.alike, &s.dec
	first := 0
	if a.short {
		first = 1
	}
	a.short, a.tried = false, true
	if a.of != p || a.resting {
		return 0
	}
	if p.parted && !a.loose && s.before.of == nil {
		a.tried = false
		return 0
	}
	most = min(most, maxStride)
	for i := first; i < len(a.kin); i++ {
		k := a.kin[i]
		if !s.partitionOf(k) {
			continue
		}
		if n, to := k.pattern.Walk(d.ahead, d.pos, len(d.b), most, a.places); n > 0 {
			return s.fitted(p, i, n, to, most)
		}
	}
	for i := range a.kin {
		if n, to := s.turn(p, a.kin[i], most); n > 0 {
			return s.fitted(p, i, n, to, most)
		}
	}
	a.idle++
	return 0
}

// fitted makes rows of n entries that fit the i-th of kin, of which most were looked for.
func (s *scanner) fitted(p *program, i, n, to, most int) int {
	a := &s.alike
	k := a.kin[i]
	copy(a.kin[1:], a.kin[:i])
	a.kin[0] = k
	if n > 1 {
		a.idle = 0
	}
	if n > 8 && a.moves > 0 {
		a.moves--
	}
	a.short = n < most
	return s.took(p, k, n, to)
}

// turn has a pattern have the partition of the next entry, if that is all that is
// other in it, and returns how many entries fit then. The row has that partition.
func (s *scanner) turn(p *program, k *kin, most int) (n, to int) {
	a, d, r := &s.alike, &s.dec, &s.before
	if !p.parted || r.of == nil || len(k.parts) == 0 || a.moves >= maxMoves && !a.rigid {
		return 0, 0
	}
	at := k.pattern.Find(d.ahead, d.pos, k.part)
	after := at + len(k.parts)
	if at < 0 || after > len(d.b) || string(d.ahead[at:after]) == string(k.parts) {
		return 0, 0
	}
	k.pattern.Change(k.part, d.ahead[at:after])
	if n, to = k.pattern.Walk(d.ahead, d.pos, len(d.b), most, a.places); n > 0 {
		pos, of := d.pos, r.of
		read := s.another(of, at)
		d.pos = pos
		if d.err == nil && read == after && r.of == of {
			a.moves++
			copy(k.parts, d.ahead[at:after])
			return n, to
		}
		d.err, r.of = nil, nil // bytes as many, of which the partition is not all, or more
		for _, c := range of.cols {
			s.cols[c].drop(s.row)
		}
		r.next = s.row
	}
	k.pattern.Change(k.part, k.parts)
	return 0, 0
}

// took makes rows of n entries that fit, and returns of how many: those from the
// first one on that has something that is not in order are left.
func (s *scanner) took(p *program, k *kin, n, to int) int {
	steps := k.pattern.Steps()
	if p.parted && len(k.parts) == 0 {
		s.forget() // these rows have partitions of their own
		defer func() { s.before.next = s.row }()
	}
	for i := range k.takes {
		t := &k.takes[i]
		if t.kind == takeNumber { // by endStride
			break
		}
		if fit := s.collect(t, n, steps); fit < n {
			if n, to = fit, int(s.alike.places[fit*steps]); n == 0 {
				return 0
			}
		}
	}
	s.dec.pos = to
	if p.plain {
		s.row += n
		return n
	}
	for i := range n {
		s.endStride(p, k, s.alike.places[i*steps:])
	}
	return n
}

// endStride ends an entry that fits, its steps at places, as endEntry does: that
// fails for none whose status and content were read before.
func (s *scanner) endStride(p *program, k *kin, places []int32) {
	b := s.dec.ahead
	s.has[FirstRowID] = false
	for _, x := range k.steady {
		s.num[x.col], s.has[x.col] = x.v, x.has
	}
	for i := range k.takes {
		if t := &k.takes[i]; t.kind == takeNumber {
			v, _ := binary.Varint(b[places[t.at.Step]+t.at.Offset:])
			s.num[t.col], s.has[t.col] = v, true
		}
	}
	_ = s.endEntry(p)
}

// partitionOf has a pattern have the partition of the row before; it is false
// where that has another length.
func (s *scanner) partitionOf(k *kin) bool {
	now := s.before.all[:s.before.length]
	if len(k.parts) == 0 || string(now) == string(k.parts) {
		return true
	}
	if len(now) != len(k.parts) {
		return false
	}
	copy(k.parts, now)
	k.pattern.Change(k.part, now)
	return true
}

// collect takes something of n entries into the rows from s.row on. It returns of
// how many entries; fewer where the next one's is not in order.
func (s *scanner) collect(t *take, n, steps int) int {
	b, c := s.dec.ahead, &s.cols[t.col]
	places := s.alike.places[t.at.Step:]
	from, row := int(t.at.Offset), s.row
	switch t.kind {
	case takePair:
		pattern.Pairs(b, places, steps, from, c.v64.s[row:row+n], s.cols[t.more].v64.s[row:row+n])
	case take64:
		for i := range n {
			c.v64.s[row+i], _ = binary.Varint(b[int(places[i*steps])+from:])
		}
		c.done = row + n - 1
	case take32:
		for i := range n {
			v, _ := binary.Varint(b[int(places[i*steps])+from:])
			if v != int64(int32(v)) {
				return i
			}
			c.v32.s[row+i] = int32(v)
		}
	case takeNull:
		for i := range n {
			c.setNull(s.alloc, row+i)
		}
	case takeBytes, takeText:
		return s.takeTexts(t, n, steps)
	}
	return n
}

// takeTexts takes bytes of n entries, as collect does.
func (s *scanner) takeTexts(t *take, n, steps int) int {
	b, c := s.dec.ahead, &s.cols[t.col]
	places := s.alike.places[t.at.Step:]
	if t.kind == takeBytes && t.fixed && t.n <= 8 {
		return s.takeShort(t, places, n, steps)
	}
	i := 0
	for ; i < n; i++ {
		from, size := int(places[i*steps])+int(t.at.Offset), t.n
		if !t.fixed {
			size, from = count(b, from)
		}
		if t.kind == takeText && !isText(b[from:from+size]) {
			break
		}
		s.setTextOf(s.row+i, c, b, from, from+size)
	}
	c.done, c.bytes = s.row+i-1, int(c.offs.s[s.row+i])
	return i
}

// takeShort takes at most eight bytes of each of n entries.
func (s *scanner) takeShort(t *take, places []int32, n, steps int) int {
	b, c := s.dec.ahead, &s.cols[t.col]
	c.bytes = int(c.offs.s[s.row])
	s.data(c, n*t.n+8)
	data, from := c.data.s, int(t.at.Offset)
	to, size := c.bytes, t.n
	for i, offs := 0, c.offs.s[s.row+1:s.row+1+n]; i < len(offs); i++ {
		le.PutUint64(data[to:], le.Uint64(b[int(places[i*steps])+from:]))
		to += size
		offs[i] = int32(to)
	}
	c.bytes, c.done = to, s.row+n-1
	return n
}
