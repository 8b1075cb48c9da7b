package manifest

import (
	"cmp"
	"encoding/binary"
	"slices"

	"psyberg/functions/manifest/pattern"
)

// student reads an entry that was read before, and says what others like it have
// in common. What it does not know a way for it gives up.
type student struct {
	dec
	a     *alike
	k     *kin
	field int // being read
	said  int // the pattern has so many bytes
}

// maxStudied is how many bytes of an entry are looked at.
const maxStudied = 1 << 14

// study learns from the entry just read, whose first byte is at from, if what was
// learned does not fit it.
func (s *scanner) study(p *program, from int) {
	a := &s.alike
	if !s.mayStudy(p, from) {
		return
	}
	if a.of != p {
		*a = alike{of: p, places: a.places, again: a.again, lengths: map[spot]int{}, varies: map[spot]bool{}}
	}
	k := &kin{}
	if len(a.kin) == maxKin {
		k = a.kin[maxKin-1]
		a.kin = a.kin[:maxKin-1]
	}
	k.takes, k.steady, k.parts = k.takes[:0], k.steady[:0], k.parts[:0]
	k.pattern.Reset()
	st := &student{dec: dec{b: s.dec.b[from:s.dec.pos]}, a: a, k: k}
	for i := 0; i < len(p.fields) && st.err == nil; i++ {
		st.field = i
		if f := &p.fields[i]; f.member && p.parted && !a.loose {
			for i+1 < len(p.fields) && p.fields[i+1].member {
				i++
			}
			st.partition(&s.before)
		} else if f.isLong() && i+1 < len(p.fields) && p.fields[i+1].isLong() && st.pair(f, &p.fields[i+1]) {
			i++
		} else if !f.optional || st.branch(f) {
			st.value(f, p.plain)
		}
	}
	k.pattern.End()
	if st.err != nil || st.pos != len(st.b) || st.said != st.pos || k.pattern.TooLong() {
		if a.loose {
			a.loose, a.rigid = false, true
		}
		return
	}
	slices.SortStableFunc(k.takes, func(x, y take) int { return cmp.Compare(x.kind, y.kind) })
	a.kin = slices.Insert(a.kin, 0, k)
	if n := maxStride * k.pattern.Steps(); n > len(a.places) {
		a.places = make([]int32, n)
	}
}

// mayStudy reports whether to learn from an entry: one that is live, whose
// partition is known, and that is not so near to the end of what can be read that
// those like it do not fit.
func (s *scanner) mayStudy(p *program, from int) bool {
	a, d := &s.alike, &s.dec
	if !a.tried || s.lay.live && s.num[Status] == deleted || p.parted && s.before.of == nil || d.pos-from > maxStudied || d.pos > len(d.ahead)-ample {
		return false
	}
	if a.idle > maxIdle {
		if !a.resting {
			a.resting, a.gaveUp = true, s.entry
		}
		if s.entry-a.gaveUp < untilRetry {
			return false
		}
		a.resting, a.idle = false, 0
	}
	if a.of != p {
		return a.again.may(s.entry)
	}
	if s.becomesLoose(a) {
		return true
	}
	for _, k := range a.kin {
		if !s.partitionOf(k) {
			continue
		}
		if n, to := k.pattern.Walk(d.ahead, from, d.pos, 1, a.places); n == 1 && to == d.pos {
			return false // only its partition was another one
		}
	}
	return a.again.may(s.entry)
}

// becomesLoose reports whether the partition has been another one so often that
// its members are to be learned as other fields are.
func (s *scanner) becomesLoose(a *alike) bool {
	if a.loose || a.rigid || len(a.kin) == 0 || string(s.before.all[:s.before.length]) == string(a.kin[0].parts) {
		return false
	}
	if a.moves++; a.moves < maxMoves || !a.again.may(s.entry) {
		return false
	}
	a.moves, a.loose, a.kin = 0, true, nil
	return true
}

// same has the bytes that were read since the last time be the same, in the bits of mask.
func (st *student) same(mask byte) {
	if st.err == nil {
		st.k.pattern.Same(st.b[st.said:st.pos], mask)
	}
	st.said = st.pos
}

// any passes over the bytes that were read since the last time, for which the
// pattern has an action.
func (st *student) any() { st.said = st.pos }

// changes reports whether an item of the field has not always been as n says.
func (st *student) changes(item, n int) bool {
	at := spot{st.field, item}
	old, ok := st.a.lengths[at]
	st.a.lengths[at] = n
	if ok && old != n {
		st.a.varies[at] = true
	}
	return st.a.varies[at]
}

func (st *student) take(t take) { st.k.takes = append(st.k.takes, t) }

// partition has the partition be as that which was read last.
func (st *student) partition(r *repeat) {
	k := st.k
	k.part = k.pattern.Here()
	k.parts = append(k.parts, st.fixed(int64(r.length))...)
	st.same(0xff)
}

// branch reads the branch of an optional field, and reports whether there is a value.
func (st *student) branch(f *fieldOp) bool {
	c := st.byte()
	if c != f.there && c != 2-f.there {
		st.fail(errShort)
	}
	st.same(0xff)
	if c == f.there {
		return true
	}
	switch {
	case !f.writes:
	case f.kind == opNumber:
		st.k.steady = append(st.k.steady, steadyNumber{col: Column(f.to)})
	default:
		if f.to >= 0 {
			st.take(take{kind: takeNull, col: int(f.to)})
		}
		for _, p := range f.picks {
			st.take(take{kind: takeNull, col: p.col})
		}
	}
	return false
}

// value reads a value that is there.
func (st *student) value(f *fieldOp, plain bool) {
	p := &st.k.pattern
	switch f.kind {
	case opNumber:
		if c := Column(f.to); c == Status || c == FileContent {
			st.k.steady = append(st.k.steady, steadyNumber{c, st.long(), true})
			st.same(0xff)
		} else if at := st.number(0); !plain {
			st.take(take{kind: takeNumber, at: at, col: int(f.to)})
		}
	case opInt32:
		st.take(take{kind: take32, at: st.number(0), col: int(f.to)})
	case opInt64:
		st.take(take{kind: take64, at: st.number(0), col: int(f.to)})
	case opSkipNumber:
		st.number(0)
	case opText:
		t := st.sized(0, takeText)
		t.col = int(f.to)
		st.take(t)
	case opSkipBytes:
		st.sized(0, takeBytes)
	case opFormat:
		at := p.Here()
		at.Offset++
		if c := st.fixed(8); st.err == nil && le.Uint64(c) != parquet {
			st.fail(errShort)
		}
		st.same(0xff)
		st.take(take{kind: takeBytes, at: at, col: int(f.to), n: 7, fixed: true})
	case opSkipFixed:
		st.fixed(int64(f.n))
		st.same(0)
	case opSkipTuples:
		st.tuples(int(f.n))
	case opSkipPairs, opPickPairs:
		st.records(f.picks, func(item int) take { return st.sized(item, takeBytes) })
	case opPickCounts:
		st.records(f.picks, func(item int) take { return take{kind: take64, at: st.number(item)} })
	default:
		st.fail(errShort)
	}
}

// number reads a number, which may be any other: of as many bytes, or of at most
// eight where there were others before.
func (st *student) number(item int) pattern.Place {
	at, place := st.pos, st.k.pattern.Here()
	if st.long(); st.changes(item, st.pos-at) && st.pos-at <= 8 {
		st.k.pattern.Numbers(1, true)
		st.any()
		return place
	}
	st.ends()
	return place
}

// ends has a number that was read be any other of as many bytes. Of ten, the last
// one may not be any.
func (st *student) ends() {
	if st.pos-st.said == binary.MaxVarintLen64 {
		st.pos--
		st.same(0x80)
		st.pos++
		st.same(0xff)
		return
	}
	st.same(0x80)
}

// pair reads two numbers for columns, if they are of eight bytes together.
func (st *student) pair(f, g *fieldOp) bool {
	at, place := st.pos, st.k.pattern.Here()
	st.long()
	first := st.pos
	st.long()
	if st.err != nil || st.pos-at > 8 {
		st.pos = at
		return false
	}
	st.take(take{kind: takePair, at: place, col: int(f.to), more: int(g.to)})
	if vary := st.changes(0, first-at); st.changes(1, st.pos-first) || vary {
		st.k.pattern.Numbers(2, true)
		st.any()
	} else {
		st.same(0x80)
	}
	return true
}

// sized reads bytes and the length before them, and returns what takes them.
func (st *student) sized(item int, kind takeKind) take {
	p := &st.k.pattern
	at, n := st.pos, st.long()
	if st.pos-at > 2 || n < 0 {
		st.fail(errShort)
		return take{}
	}
	t := take{kind: kind, at: p.Here()}
	if st.changes(item, int(n)) {
		p.Bytes()
		st.fixed(n)
		st.any()
		return t
	}
	st.same(0xff)
	t.at, t.n, t.fixed = p.Here(), int(n), true
	st.fixed(n)
	p.Skip(int(n))
	st.any()
	return t
}

// items reads how many items an array of one block or none has, which then follow.
func (st *student) items() (n int) {
	c := st.long()
	if c < 0 || c > maxStudied {
		st.fail(errShort)
		return 0
	}
	return int(c)
}

// over reads the end of an array of n items.
func (st *student) over(n int) {
	if n > 0 && st.long() != 0 {
		st.fail(errShort)
	}
	st.same(0xff)
}

// tuples reads an array of records of k numbers.
func (st *student) tuples(k int) {
	const all = -1 // the item that is all numbers
	p := &st.k.pattern
	at := st.pos
	n := st.items()
	if st.changes(0, n) {
		if n >= 64 || st.pos-at > 1 {
			st.fail(errShort)
		}
		for range n * k {
			st.long()
		}
		if n > 0 && st.long() != 0 {
			st.fail(errShort)
		}
		p.List(k)
		st.any()
		return
	}
	st.same(0xff)
	first := st.pos
	vary := st.a.varies[spot{st.field, all}]
	for i := range n * k {
		at := st.pos
		st.long()
		vary = st.changes(1+i, st.pos-at) || vary
	}
	if vary && n > 0 {
		st.a.varies[spot{st.field, all}] = true
		p.Numbers(n*k, st.pos-first <= 8)
		st.any()
	} else {
		st.pos = first
		for range n * k {
			st.long()
			st.ends()
		}
	}
	st.over(n)
}

// records reads an array of records of a key and a value, some of which are wanted.
func (st *student) records(picks []pick, value func(item int) take) {
	n := st.items()
	found := make([]bool, len(picks))
	for i := range n {
		key := st.long()
		st.same(0xff)
		st.picked(picks, key, value(1+i), found)
	}
	st.over(n)
	for i, is := range found {
		if !is {
			st.take(take{kind: takeNull, col: picks[i].col})
		}
	}
}

// picked notes that what t says is that of a key; a key that is there twice is odd.
func (st *student) picked(picks []pick, key int64, t take, found []bool) {
	if key != int64(int32(key)) {
		st.fail(errShort)
		return
	}
	i := find(picks, int32(key))
	if i < 0 {
		return
	}
	if found[i] {
		st.fail(errShort)
	}
	found[i] = true
	t.col = picks[i].col
	st.take(t)
}

// retries counts how often something is learned that may not fit for long.
type retries struct {
	tries int
	at    int64 // the entry that it was learned from, or last tried
}

const (
	// maxTries is how often a pattern is learned that does not fit often.
	maxTries = 16
	// enoughHits is how many entries it has to fit before it is learned anew, to count as one that fits.
	enoughHits = 8
	// untilRetry is after how many entries one is learned again that did not fit.
	untilRetry = 300
)

// may reports whether to learn from an entry which what was learned does not fit.
func (r *retries) may(entry int64) bool {
	switch since := entry - r.at; {
	case since > untilRetry:
		r.tries = maxTries - 4
	case r.tries >= maxTries:
		return false
	case since > enoughHits:
		r.tries = 0
	}
	r.at = entry
	r.tries++
	return true
}
