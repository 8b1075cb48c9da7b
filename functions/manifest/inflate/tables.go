package inflate

import (
	"math/bits"
	"sync"
)

// Sizes of RFC 1951, section 3.2.
const (
	maxLit  = 286
	maxDist = 30
	maxCode = 15 // bits
)

// A code is looked up by its first bits in a main table; what is longer goes
// on in a subtable. The table sizes are what any code of 288 and 32 symbols
// can need (as zlib's enough.c counts them).
const (
	litBits  = 11
	distBits = 8
	preBits  = 7
	litSize  = 2342
	distSize = 402
	litMask  = 1<<litBits - 1
	distMask = 1<<distBits - 1
)

// An entry of a table:
//
//	bits 0-5    how many bits it takes, a length's or distance's extra ones among them
//	bits 8-11   of these, the code's own; in a link, how many bits choose in the subtable
//	bits 12-15  what it is
//	bits 16-31  the literal; the least length or distance; where the subtable is
const (
	fLit = 1 << 15 // a literal
	fExc = 1 << 13 // neither literal nor length or distance
	fSub = 1 << 12 // with fExc: a link; else the value is 0 for the end of the block, 1 for no code
)

const invalid = fExc | 1<<16

// In the table of the code of lengths the value is the length, shifted by
// usedShift, or with fRun the symbol.
const (
	fRun     = 1 << 15       // a run: one of the symbols 16 to 18
	fUsed    = 1 << fUsedBit // a length that is not zero
	fUsedBit = 14
)

// tables are the codes of one block.
type tables struct {
	lit  [litSize]uint32
	dist [distSize]uint32
}

// symbols hold entries without their code's length.
var litSyms, distSyms, preSyms = func() (lit, dist, pre [usedMask + 1]uint32) {
	for i := range 256 {
		lit[i] = fLit | uint32(i)<<16
	}
	lit[256] = fExc
	base := uint32(3)
	for i := 257; i < 285; i++ {
		extra := uint32(max(0, (i-261)/4))
		lit[i] = base<<16 | extra
		base += 1 << extra
	}
	lit[285] = 258 << 16
	lit[286], lit[287] = invalid, invalid
	base = 1
	for i := range 30 {
		extra := uint32(max(0, i/2-1))
		dist[i] = base<<16 | extra
		base += 1 << extra
	}
	dist[30], dist[31] = invalid, invalid
	for i := range uint32(19) {
		switch {
		case i == 0:
		case i < 16:
			pre[i] = i<<(16+usedShift) | fUsed
		default:
			pre[i] = i<<16 | fRun
		}
	}
	return lit, dist, pre
}()

// entry adds the bits of a code to a symbol.
func entry(sym, n uint32) uint32 { return sym + n<<8 + n }

// A used symbol of a code: its number, and above it the length of its code.
const (
	usedShift = 9
	usedMask  = 1<<usedShift - 1
)

// scratch is memory for the making of tables.
type scratch struct {
	pre    [1 << preBits]uint32 // the table of the code of lengths
	used   [usedMask + 1]uint16 // symbols of both codes of a block, as read
	count  [16]uint32           // how many there are of each length
	sorted [usedMask + 1]uint32 // the entries of one code in the order of their codes, without its bits
}

// build makes the table of the code of these used symbols, in the order of their
// numbers, whose main table has top bits; it reports whether there can be such a
// code. As compress/flate has it, a code must be complete, but for one of no symbol, or of one symbol and
// one bit: then what has no meaning is refused where it occurs.
//
// count is how many of them there are of each length.
func (s *scratch) build(table []uint32, top uint32, used []uint16, count *[16]uint32, syms *[usedMask + 1]uint32) bool {
	var first [17]uint32 // of each length, in sorted
	left := int32(1)
	for i := 1; i <= maxCode; i++ {
		left = left<<1 - int32(count[i])
		if left < 0 {
			return false
		}
		first[i+1] = first[i] + count[i]
	}
	if left > 0 {
		return uint32(len(used)) == count[1] && len(used) <= 1 && incomplete(table[:1<<top], used, syms)
	}
	for _, u := range used {
		n := u >> usedShift & 15
		i := first[n]
		first[n] = i + 1
		s.sorted[i&usedMask] = syms[u&usedMask]
	}
	fill(table, top, count, s.sorted[:len(used)])
	return true
}

// incomplete makes the table of one code of one bit, or of none.
func incomplete(table []uint32, used []uint16, syms *[usedMask + 1]uint32) bool {
	for i := range table {
		table[i] = invalid
	}
	for _, u := range used {
		for i := 0; i < len(table); i += 2 {
			table[i] = entry(syms[u&usedMask], 1)
		}
	}
	return true
}

// reversed are the numbers of litBits bits with their bits in reverse.
var reversed = func() (r [1 << litBits]uint16) {
	for i := range r {
		r[i] = bits.Reverse16(uint16(i)) >> (16 - litBits)
	}
	return r
}()

// fill writes the entries of a complete code, in the order of their codes.
// Deflate packs a code with its first bit lowest: codes are kept in reverse,
// and the table for codes of n bits, written twice over, is the one for n+1.
func fill(table []uint32, top uint32, count *[16]uint32, sorted []uint32) {
	code, size := uint32(0), uint32(1) // code is of n bits, not reversed
	n := uint32(0)
	rest := sorted
	for n < top {
		n++
		if len(rest) < len(sorted) {
			copy(table[size:2*size], table[:size])
		}
		size = 1 << n
		code <<= 1
		c := int(count[n&15])
		if c == 0 {
			continue
		}
		put(table, rest[:c], code<<(litBits-n), 1<<(litBits-n), n<<8+n)
		code += uint32(c)
		rest = rest[c:]
	}
	if len(rest) > 0 {
		fillLong(table, top, code, count, rest)
	}
}

// put writes entries of codes of one length, which in litBits bits and not reversed
// start at first and are step apart. It stays a function of its own for its few
// variables to stay in registers.
//
//go:noinline
func put(table, syms []uint32, first, step, add uint32) {
	for _, sym := range syms {
		table[reversed[first&litMask]] = sym + add
		first += step
	}
}

// fillLong writes the entries of codes of more than top bits, the first of which
// begins with the top bits of code: each such prefix has a subtable, as wide as
// its longest code.
func fillLong(table []uint32, top, code uint32, count *[16]uint32, rest []uint32) {
	end, start := uint32(1)<<top, uint32(0)
	prefix := ^uint32(0)
	n, c := top, uint32(0)
	for _, sym := range rest {
		for c == 0 {
			n++
			code <<= 1
			c = count[n&15]
		}
		if code>>(n-top) != prefix {
			prefix = code >> (n - top)
			start = end
			width := n - top
			for room := int32(1)<<width - int32(c); room > 0 && width < maxCode-top; {
				width++
				room = room<<1 - int32(count[(top+width)&15])
			}
			end = start + 1<<width
			table[bits.Reverse32(prefix)>>(32-top)] = start<<16 | fExc | fSub | width<<8 | top
		}
		e := entry(sym, n-top)
		low := bits.Reverse32(code << (32 - n + top))
		for j := start + low; j < end; j += 1 << (n - top) {
			table[j] = e
		}
		code++
		c--
	}
}

// fixed returns the tables of blocks with fixed codes.
var fixed = sync.OnceValue(func() *tables {
	t := new(tables)
	var s scratch
	used := s.used[:288]
	for i := range used {
		n := 8
		switch {
		case i < 144:
		case i < 256:
			n = 9
		case i < 280:
			n = 7
		}
		used[i] = uint16(i | n<<usedShift)
	}
	s.build(t.lit[:], litBits, used, &[16]uint32{7: 24, 8: 152, 9: 112}, &litSyms)
	for i := range 32 {
		used[i] = uint16(i | 5<<usedShift)
	}
	s.build(t.dist[:], distBits, used[:32], &[16]uint32{5: 32}, &distSyms)
	return t
})

// preOrder is the order in which the lengths of the code of lengths come.
var preOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readTables reads the codes at the head of a block and makes their tables.
func (d *decoder) readTables() error {
	if !d.need(14) {
		return ErrShort
	}
	lits, dists, pres := int(d.bits&31)+257, int(d.bits>>5&31)+1, int(d.bits>>10&15)+4
	d.drop(14)
	if lits > maxLit || dists > maxDist {
		return ErrCorrupt
	}
	if err := d.readPre(pres); err != nil {
		return err
	}
	used, err := d.readLens(lits + dists)
	if err != nil {
		return err
	}
	// The distances are the last; before them the last but few are the lengths, and
	// the end of the block, without which no block is ever read to its end.
	n := len(used)
	var count [16]uint32
	for n > 0 && int(used[n-1]&usedMask) >= lits {
		used[n-1] -= uint16(lits)
		count[used[n-1]>>usedShift&15]++
		n--
	}
	for i, c := range count {
		d.count[i] -= c
	}
	end := n - 1
	for end >= 0 && used[end]&usedMask > 256 {
		end--
	}
	if end < 0 || used[end]&usedMask != 256 {
		return ErrCorrupt
	}
	t := &d.own
	if !d.build(t.lit[:], litBits, used[:n], &d.count, &litSyms) || !d.build(t.dist[:], distBits, used[n:], &count, &distSyms) {
		return ErrCorrupt
	}
	return nil
}

// readPre reads the code of lengths, of n symbols, and makes its table.
func (d *decoder) readPre(n int) error {
	var lens [19]uint8
	for i, at := range preOrder[:n] {
		if i == 0 || i == 16 {
			d.fill() // 16 times 3 bits at least, where there are so many
		}
		lens[at] = uint8(d.bits & 7)
		d.bits >>= 3
		d.nbits -= 3
		if int64(d.nbits) < 0 {
			return ErrShort
		}
	}
	var count [16]uint32
	k := 0
	for i, n := range lens {
		d.used[k&usedMask] = uint16(i) | uint16(n)<<usedShift
		k += int(n+7) >> 3
		count[n&15]++
	}
	if !d.build(d.pre[:], preBits, d.used[:k], &count, &preSyms) {
		return ErrCorrupt
	}
	return nil
}

// runs are, for the symbols 16 to 18 of the code of lengths, the least length of
// a run and how many bits add to it.
var runs = [4]struct{ least, extra uint8 }{{3, 2}, {3, 3}, {11, 7}, {}}

// readLens reads n lengths of codes, in runs, and returns the symbols that have one.
func (d *decoder) readLens(n int) ([]uint16, error) {
	bits, nbits := d.bits, d.nbits
	used, count := &d.used, &d.count
	*count = [16]uint32{}
	last := uint16(0) // length, shifted
	k := 0
	for i := 0; i < n; {
		if !d.plain && len(d.src)-d.in >= 8 {
			d.bits, d.nbits = bits, nbits
			i, k, last = d.plainLens(i, n, k, last)
			bits, nbits = d.bits, d.nbits
			if i == n {
				break
			}
		}
		if nbits < preBits+7 {
			d.bits, d.nbits = bits, nbits
			d.fill()
			bits, nbits = d.bits, d.nbits
		}
		e := d.pre[bits&(1<<preBits-1)]
		if e&(fRun|fExc) == 0 {
			bits >>= e & 63
			nbits -= uint64(e & 63)
			if int64(nbits) < 0 {
				return nil, ErrShort
			}
			last = uint16(e >> 16)
			used[k&usedMask] = uint16(i) | last
			k += int(e >> 14 & 1)
			count[last>>usedShift&15]++
			i++
			continue
		}
		if e&fExc != 0 {
			return nil, ErrCorrupt
		}
		sym, took := e>>16, uint64(e&63)
		r := runs[sym&3]
		run := int(r.least) + int(bits>>took&(1<<(r.extra&7)-1))
		took += uint64(r.extra)
		if took > nbits {
			return nil, ErrShort
		}
		if run > n-i || i == 0 && sym == 16 {
			return nil, ErrCorrupt
		}
		bits >>= took & 63
		nbits -= took
		if sym != 16 {
			last = 0
		} else if last != 0 {
			for j := range run {
				used[(k+j)&usedMask] = uint16(i+j) | last
			}
			k += run
			count[last>>usedShift&15] += uint32(run)
		}
		i += run
	}
	d.bits, d.nbits = bits, nbits
	return used[:k], nil
}
