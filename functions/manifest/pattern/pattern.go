package pattern

import "math"

// Pattern is what entries have in common: bytes that have to be the same, then
// something of any length, bytes again, and so on. The zero value is an empty one,
// which is built from Reset to End.
type Pattern struct {
	steps  []step
	chunks []common // of all steps, in order
	next   next
}

// step is bytes to compare, and what follows them. Its layout is known to the assembly.
type step struct {
	n      uint32 // so many bytes further on is what follows
	chunks uint32 // so many are compared, one at least
	then   action
	k      uint32
	need   uint32 // bytes that have to be there from its beginning on, where that is looked at

	// What a list was like: how many bytes its items and the 0 behind them had, by
	// twice how many there were, 0 where that is not known; and the bits of those
	// which go on, by how many. That spares waiting for where the items end.
	sizes [2 * sizes]uint8
	goOn  [sizes]uint32
}

// common is the bits that have to be the same from a place behind a step's beginning on.
type common struct {
	value, mask [chunk]byte
	at          uint32
	_           [chunk - 4]byte
}

const sizes = 8

// next is how the next entry is found while this one is walked, which is why the
// walk in assembly is not as slow as one step after the other (walk_amd64.s). It is
// of no concern to what is found. Its layout is known to the assembly.
type next struct {
	mark   uint32 // so many bytes behind an entry's beginning are two that the next one has too; 0: it is not looked for
	after  uint32 // so many bytes behind this one it begins, at least, and at most 63 more
	lines  uint32 // so many lines more than one an entry has
	missed uint32 // so often it was elsewhere,
	seen   uint32 // of so many entries, without those whose walk has not ended
}

type action uint32

const (
	few     action = iota // numbers, of eight bytes at most; k is 1 << (how many - 1)
	bytes                 // a length of one or two bytes, and as many bytes
	list                  // an array of one block of fewer than 64 records of k numbers, or an empty one
	many                  // k numbers
	end                   // nothing more
	actions               // how many there are
)

// looks reports whether it is looked at whether there are bytes enough after a.
func (a action) looks() bool { return a == bytes || a == list || a == many }

// chunk is how many bytes are compared at a time.
const chunk = 32

// ahead is how many bytes list and many read at most before they look again, the
// number of a list's items apart.
const ahead = 65

// A pattern has at most so many steps, and chunks.
const (
	maxSteps  = 256
	maxChunks = 512
)

// Place is a byte of an entry: so many behind the beginning of a step.
type Place struct{ Step, Offset int32 }

// Reset makes p empty.
func (p *Pattern) Reset() {
	p.steps, p.chunks, p.next = append(p.steps[:0], step{}), p.chunks[:0], next{}
}

// Steps is how many places Walk says of an entry.
func (p *Pattern) Steps() int { return len(p.steps) }

// TooLong reports whether p has become longer than patterns are worth. Nothing fits it.
func (p *Pattern) TooLong() bool { return len(p.steps) > maxSteps || len(p.chunks) > maxChunks }

func (p *Pattern) last() *step { return &p.steps[len(p.steps)-1] }

// Here is the place of what comes next.
func (p *Pattern) Here() Place { return Place{int32(len(p.steps) - 1), int32(p.last().n)} }

// Same says that bytes as b come next, the same in the bits of mask.
func (p *Pattern) Same(b []byte, mask byte) {
	s := p.last()
	for _, c := range b {
		at := s.n
		s.n++
		if mask == 0 {
			continue
		}
		if s.chunks == 0 || at-p.chunks[len(p.chunks)-1].at >= chunk {
			p.compare(at)
		}
		x := &p.chunks[len(p.chunks)-1]
		x.value[at-x.at], x.mask[at-x.at] = c&mask, mask
	}
}

// compare has the last step compare bytes from a place on.
func (p *Pattern) compare(at uint32) {
	p.last().chunks++
	p.chunks = append(p.chunks, common{at: at})
}

// Skip says that n bytes come next that may be any.
func (p *Pattern) Skip(n int) { p.last().n += uint32(n) }

// Numbers says that k numbers come next, which are varints; short where they have
// eight bytes at most, together: longer ones do not fit then. k is at least 1.
func (p *Pattern) Numbers(k int, short bool) {
	if short && k <= 8 {
		p.then(few, 1<<(k-1))
		return
	}
	p.then(many, uint32(k))
}

// Bytes says that the length of bytes comes next, fewer than 8192, and the bytes.
func (p *Pattern) Bytes() { p.then(bytes, 0) }

// List says that an array of records of k numbers comes next: one block of fewer
// than 64 of them and the 0 that ends it, or the 0 alone.
func (p *Pattern) List(k int) { p.then(list, uint32(k)) }

func (p *Pattern) then(a action, k uint32) {
	if p.last().chunks == 0 {
		p.compare(0) // that is true of any bytes
	}
	s := p.last()
	s.then, s.k = a, k
	p.steps = append(p.steps, step{})
}

// End says that the entry ends here.
func (p *Pattern) End() {
	p.then(end, 0)
	p.steps = p.steps[:len(p.steps)-1]
	rest, c := uint32(0), len(p.chunks)
	for i := len(p.steps) - 1; i >= 0; i-- {
		s := &p.steps[i]
		switch s.then {
		case few:
			rest = s.n + 8 + rest
		case bytes:
			rest = s.n + 2
		case list, many:
			rest = s.n + 1 + ahead
		case end:
			rest = s.n
		}
		rest = max(rest, p.chunks[c-1].at+chunk)
		s.need = rest
		c -= int(s.chunks)
	}
	p.next.mark = p.mark()
}

// mark is a place at which entries that follow each other are likely to have the
// same two bytes, and what is before it not: in the first number of several bytes,
// which is the snapshot's id, or in the first text, which is a path.
func (p *Pattern) mark() uint32 {
	s := &p.steps[0]
	for i := range p.chunks[:s.chunks] {
		x := &p.chunks[i]
		for j := range chunk - 1 {
			if x.mask[j] == 0x80 && x.value[j] == 0x80 && x.mask[j+1] == 0x80 && x.value[j+1] == 0x80 {
				return x.at + uint32(j)
			}
		}
	}
	return s.n + 4
}

// Change has other bytes be the same from a place on; there are as many of them
// before the next thing of any length, and all of their bits have to be the same.
func (p *Pattern) Change(at Place, b []byte) {
	first := 0
	for _, s := range p.steps[:at.Step] {
		first += int(s.chunks)
	}
	all := p.chunks[first : first+int(p.steps[at.Step].chunks)]
	for i, c := range b {
		place := uint32(at.Offset) + uint32(i)
		for len(all) > 1 && place >= all[1].at {
			all = all[1:]
		}
		all[0].value[place-all[0].at] = c
	}
}

// Find returns where a place of the entry at from is, if that entry fits p up to
// there; -1 where what comes before it is odd. Nothing is compared.
func (p *Pattern) Find(b []byte, from int, at Place) int {
	if len(p.chunks) == 0 || int(at.Step) >= len(p.steps) {
		return -1
	}
	look := true
	for i := range p.steps[:at.Step] {
		s := &p.steps[i]
		if look && from > len(b)-int(s.need) {
			return -1
		}
		if from = s.after(b, from+int(s.n)); from < 0 {
			return -1
		}
		look = s.then.looks()
	}
	if from += int(at.Offset); from > len(b) {
		return -1
	}
	return from
}

// Walk finds the entries that fit from a place of b on, one after the other, at
// most so many, the last of which ends at last or before. places gets of each the
// places at which its steps begin; it has room for most*Steps(). n is how many
// entries fit, and to the place behind them. In more bytes than places can say
// nothing fits.
func (p *Pattern) Walk(b []byte, from, last, most int, places []int32) (n, to int) {
	if from < 0 || from > last || last > len(b) || len(b) == 0 || len(b) > math.MaxInt32 || p.TooLong() || len(places) < most*len(p.steps) || most < 1 || len(p.chunks) == 0 {
		return 0, from
	}
	return p.walk(b, from, last, most, places)
}
