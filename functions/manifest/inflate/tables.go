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

// tables are the codes of one block.
type tables struct {
	lit  [litSize]uint32
	dist [distSize]uint32
}

// symbols hold entries without their code's length.
var litSyms, distSyms, preSyms = func() (lit [288]uint32, dist [32]uint32, pre [19]uint32) {
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
	for i := range pre {
		pre[i] = uint32(i) << 16
	}
	return lit, dist, pre
}()

// entry adds the bits of a code to a symbol.
func entry(sym, n uint32) uint32 { return sym + n<<8 + n }

// build makes the table of the code with these lengths, whose main table has
// top bits; it reports whether there can be such a code. As compress/flate has it, a code must be complete, but for one of no symbol, or of one symbol and
// one bit: then what has no meaning is refused where it occurs.
func build(table []uint32, top uint32, lens []uint8, syms []uint32) bool {
	var count [16]uint32
	for _, l := range lens {
		count[l&15]++
	}
	used := uint32(len(lens)) - count[0]
	count[0] = 0
	var first [17]uint32 // of each length, in sorted
	longest := uint32(0)
	left := int32(1)
	for i := 1; i <= maxCode; i++ {
		left = left<<1 - int32(count[i])
		if left < 0 {
			return false
		}
		first[i+1] = first[i] + count[i]
		if count[i] > 0 {
			longest = uint32(i)
		}
	}
	if left > 0 {
		return used <= 1 && longest <= 1 && incomplete(table[:1<<top], lens, syms)
	}
	var sorted [288]uint16
	for s, l := range lens {
		if l != 0 {
			i := first[l&15]
			if i < uint32(len(sorted)) {
				sorted[i] = uint16(s)
			}
			first[l&15] = i + 1
		}
	}
	fill(table, top, &count, sorted[:used], syms)
	return true
}

// incomplete makes the table of one code of one bit, or of none.
func incomplete(table []uint32, lens []uint8, syms []uint32) bool {
	for i := range table {
		table[i] = invalid
	}
	for s, l := range lens {
		if l == 1 {
			for i := 0; i < len(table); i += 2 {
				table[i] = entry(syms[s], 1)
			}
		}
	}
	return true
}

// fill writes the entries of a complete code, in the order of their codes.
// Deflate packs a code with its first bit lowest: codes are kept in reverse,
// and the table for codes of n bits, written twice over, is the one for n+1.
func fill(table []uint32, top uint32, count *[16]uint32, sorted []uint16, syms []uint32) {
	code, n, size := uint32(0), uint32(0), uint32(1)
	i := 0
	for n < top {
		n++
		if i > 0 {
			copy(table[size:2*size], table[:size])
		}
		size = 1 << n
		for c := count[n]; c > 0; c-- {
			table[code] = entry(syms[sorted[i]], n)
			i++
			code = next(code, n)
		}
	}
	if i == len(sorted) {
		return
	}
	// The codes left are longer: each prefix of top bits has a subtable, as
	// wide as its longest code.
	end, start := size, uint32(0)
	prefix := ^uint32(0)
	c := uint32(0)
	for ; i < len(sorted); i++ {
		for c == 0 {
			n++
			c = count[n&15]
		}
		if code&(size-1) != prefix {
			prefix = code & (size - 1)
			start = end
			width := n - top
			for room := int32(1)<<width - int32(c); room > 0 && width < maxCode-top; {
				width++
				room = room<<1 - int32(count[(top+width)&15])
			}
			end = start + 1<<width
			table[prefix] = start<<16 | fExc | fSub | width<<8 | top
		}
		e := entry(syms[sorted[i]], n-top)
		for j := start + code>>top; j < end; j += 1 << (n - top) {
			table[j] = e
		}
		code = next(code, n)
		c--
	}
}

// next returns the code of n bits that follows, both reversed; 0 after the last.
func next(code, n uint32) uint32 {
	zeros := ^code & (1<<n - 1)
	if zeros == 0 {
		return code // the last code of all
	}
	bit := uint32(1) << (bits.Len32(zeros) - 1)
	return code&(bit-1) | bit
}

// fixed returns the tables of blocks with fixed codes.
var fixed = sync.OnceValue(func() *tables {
	t := new(tables)
	var lens [288]uint8
	for i := range lens {
		switch {
		case i < 144:
			lens[i] = 8
		case i < 256:
			lens[i] = 9
		case i < 280:
			lens[i] = 7
		default:
			lens[i] = 8
		}
	}
	build(t.lit[:], litBits, lens[:], litSyms[:])
	for i := range 32 {
		lens[i] = 5
	}
	build(t.dist[:], distBits, lens[:32], distSyms[:])
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
	var pre [19]uint8
	for i := range pres {
		if d.nbits < 3 && !d.need(3) {
			return ErrShort
		}
		pre[preOrder[i]] = uint8(d.bits & 7)
		d.drop(3)
	}
	if !build(d.pre[:], preBits, pre[:], preSyms[:]) {
		return ErrCorrupt
	}
	if err := d.readLens(lits + dists); err != nil {
		return err
	}
	// Without a code for its end no block is ever read to its end.
	t := &d.own
	if d.lens[256] == 0 || !build(t.lit[:], litBits, d.lens[:lits], litSyms[:]) {
		return ErrCorrupt
	}
	if !build(t.dist[:], distBits, d.lens[lits:lits+dists], distSyms[:]) {
		return ErrCorrupt
	}
	return nil
}

// runs are, for the symbols 16 to 18 of the code of lengths, the least length of
// a run and how many bits add to it.
var runs = [4]struct{ least, extra uint8 }{{3, 2}, {3, 3}, {11, 7}, {}}

// readLens reads n lengths of codes, in runs.
func (d *decoder) readLens(n int) error {
	lens := &d.lens
	bits, nbits := d.bits, d.nbits
	for i := 0; i < n; {
		if nbits < preBits+7 {
			d.bits, d.nbits = bits, nbits
			d.fill()
			bits, nbits = d.bits, d.nbits
		}
		e := uint64(d.pre[bits&(1<<preBits-1)])
		used, sym := e&63, e>>16
		if e&fExc != 0 {
			return ErrCorrupt
		}
		if sym < 16 {
			if used > nbits {
				return ErrShort
			}
			bits >>= used
			nbits -= used
			lens[i] = uint8(sym)
			i++
			continue
		}
		r := runs[sym&3]
		run := int(r.least) + int(bits>>used&(1<<(r.extra&7)-1))
		used += uint64(r.extra)
		val := uint8(0)
		if sym == 16 {
			if i == 0 {
				return ErrCorrupt
			}
			val = lens[i-1]
		}
		if used > nbits {
			return ErrShort
		}
		if run > n-i {
			return ErrCorrupt
		}
		bits >>= used & 63
		nbits -= used
		for j := range lens[i : i+run] {
			lens[i+j] = val
		}
		i += run
	}
	d.bits, d.nbits = bits, nbits
	return nil
}
