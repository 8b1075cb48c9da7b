package pattern

import "math"

// Pattern is what entries have in common: bytes that have to be the same, then
// something of any length, bytes again, and so on. The zero value is an empty one,
// which is built from Reset to End.
type Pattern struct {
	steps []step
}

// step is bytes to compare, and what follows them. Its layout is known to the assembly.
type step struct {
	value, mask [chunk]byte // of the bytes, the bits that have to be the same
	n           uint32      // so many bytes further on is what follows
	then        action
	k           uint32
	need        uint32 // bytes that have to be there from its beginning on, where that is looked at

	// sizes are how many bytes a list of so many items had, its 0 included; 0 where
	// that is not known. They are a guess, which spares waiting for where it ends.
	sizes [sizes]uint8
}

const sizes = 8

type action uint32

const (
	next  action = iota // nothing: more bytes
	few                 // numbers, of eight bytes at most; k is 1 << (how many - 1)
	bytes               // a length of one or two bytes, and as many bytes
	list                // an array of one block of fewer than 64 records of k numbers, or an empty one
	many                // k numbers
	end
	actions // how many there are
)

// looks reports whether it is looked at whether there are bytes enough after a.
func (a action) looks() bool { return a == bytes || a == list || a == many }

// chunk is how many bytes are compared at a time.
const chunk = 32

// ahead is how many bytes list and many read at most before they look again, the
// number of a list's items apart.
const ahead = 65

// maxSteps is how many steps a pattern has at most.
const maxSteps = 256

// Place is a byte of an entry: so many behind the beginning of a step.
type Place struct{ Step, Offset int32 }

// Reset makes p empty.
func (p *Pattern) Reset() { p.steps = append(p.steps[:0], step{}) }

// Steps is how many places Walk says of an entry.
func (p *Pattern) Steps() int { return len(p.steps) }

// TooLong reports whether p has become longer than patterns are worth. Nothing fits it.
func (p *Pattern) TooLong() bool { return len(p.steps) > maxSteps }

func (p *Pattern) last() *step { return &p.steps[len(p.steps)-1] }

// Here is the place of what comes next.
func (p *Pattern) Here() Place { return Place{int32(len(p.steps) - 1), int32(p.last().n)} }

// Same says that bytes as b come next, the same in the bits of mask.
func (p *Pattern) Same(b []byte, mask byte) {
	for _, c := range b {
		if p.last().n == chunk {
			p.then(next, 0)
		}
		s := p.last()
		s.value[s.n], s.mask[s.n] = c&mask, mask
		s.n++
	}
}

// Skip says that n bytes come next that may be any.
func (p *Pattern) Skip(n int) {
	if n < chunk { // another step costs more than to compare them
		for range n {
			p.Same([]byte{0}, 0)
		}
		return
	}
	p.last().n += uint32(n)
	p.then(next, 0)
}

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
	s := p.last()
	s.then, s.k = a, k
	p.steps = append(p.steps, step{})
}

// End says that the entry ends here.
func (p *Pattern) End() {
	p.last().then = end
	rest := uint32(0)
	for i := len(p.steps) - 1; i >= 0; i-- {
		s := &p.steps[i]
		switch s.then {
		case next:
			rest += s.n
		case few:
			rest += s.n + 8
		case bytes:
			rest = s.n + 2
		case list, many:
			rest = s.n + 1 + ahead
		}
		rest = max(rest, chunk)
		s.need = rest
	}
}

// Change has other bytes be the same from a place on; there are as many of them
// before the next thing of any length, and all of their bits have to be the same.
func (p *Pattern) Change(at Place, b []byte) {
	for i, c := range b {
		i += int(at.Offset)
		p.steps[int(at.Step)+i/chunk].value[i%chunk] = c
	}
}

// Walk finds the entries that fit from a place of b on, one after the other, at
// most so many, the last of which ends at last or before. places gets of each the
// places at which its steps begin; it has room for most*Steps(). n is how many
// entries fit, and to the place behind them. In more bytes than places can say
// nothing fits.
func (p *Pattern) Walk(b []byte, from, last, most int, places []int32) (n, to int) {
	if from < 0 || from > last || last > len(b) || len(b) == 0 || len(b) > math.MaxInt32 || p.TooLong() || len(places) < most*len(p.steps) || most < 1 || len(p.steps) == 0 {
		return 0, from
	}
	return p.walk(b, from, last, most, places)
}
