package manifest

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// A program is a list of ops, each for one field of the writer's schema in its
// order. What manifests consist of, numbers, texts, maps by field id, and each
// of them optional, has ops of its own; all else is a call.
//
// Ops look ahead at well-formed bytes only. Where something is odd, a number of
// many bytes, a block with its size, or the end of the data, they leave it to
// dec, which also finds the words for what is wrong.
type op struct {
	kind     opKind
	optional bool // a union of null and the type: its branch comes first
	there    byte // the branch's byte where there is a value
	to       int  // opNumber: the column; opInt32, opInt64: the index of its column
	required Column
	n        int64 // opSkipFixed: bytes; opSkipTuples: numbers in an item
	typ      *node // opSkip*: the whole type, for dec
	call     step
	picks    []pick
}

type opKind uint8

const (
	opCall       opKind = iota
	opNumber            // into scanner.num, and has
	opInt32             // into a column; partition values
	opInt64             // likewise
	opSkip              // any type: dec.skip
	opSkipNumber        // a varint
	opSkipBytes         // a length and as many bytes
	opSkipFixed         // n bytes
	opSkipTuples        // an array of records of n varints, or of varints
	opSkipPairs         // an array of records of varint and bytes
	opPickPairs         // the same, some keys of which are wanted
)

// noColumn stands in op.required for a value that may be absent.
const noColumn = numColumns

// skipOp returns the op that steps over a value of type n.
func skipOp(n *node) op {
	o := op{kind: opSkip, typ: n, required: noColumn}
	t, branch, ok := n.optional()
	if !ok {
		return o
	}
	switch t.kind {
	case kInt, kLong:
		o.kind = opSkipNumber
	case kBytes, kString:
		o.kind = opSkipBytes
	case kBool:
		o.kind, o.n = opSkipFixed, 1
	case kFloat:
		o.kind, o.n = opSkipFixed, 4
	case kDouble:
		o.kind, o.n = opSkipFixed, 8
	case kArray:
		if longs := t.items.longs(); longs > 0 && !t.items.empty {
			o.kind, o.n = opSkipTuples, int64(longs)
		} else if t.items.isPair() {
			o.kind = opSkipPairs
		}
	}
	if o.kind != opSkip && branch >= 0 {
		o.optional, o.there = true, byte(branch<<1)
	}
	return o
}

// atBranch reads the branch of an optional value, and reports whether the value follows.
func (o *op) atBranch(d *dec) bool {
	if d.pos >= len(d.b) {
		d.fail(errShort)
		return false
	}
	c := d.b[d.pos]
	switch {
	case c == o.there:
		d.pos++
		return true
	case c == 2-o.there:
		d.pos++
		if o.required != noColumn {
			d.fail(fmt.Errorf("%v is missing", o.required))
		}
	case o.typ != nil:
		d.skip(o.typ, 0)
	default:
		d.fail(fmt.Errorf("branch byte %d of a union of 2", c))
	}
	return false
}

// run decodes or steps over one entry. It keeps the place in a variable of its
// own, and gives it to dec and takes it back where an op needs dec.
func (s *scanner) run(d *dec, ops []op) {
	b, pos := d.b, d.pos
	for i := range ops {
		o := &ops[i]
		if o.optional {
			if uint(pos) < uint(len(b)) && b[pos] == o.there {
				pos++
			} else {
				d.pos = pos
				there := o.atBranch(d)
				if pos = d.pos; d.err != nil {
					return
				}
				if !there {
					continue
				}
			}
		}
		next := -1
		switch o.kind {
		case opNumber, opInt32, opInt64:
			var v int64
			if v, next = varint(b, pos); next < 0 {
				d.pos = pos
				v = d.long()
				next = d.pos
			}
			s.take(d, o, v)
			if d.err != nil {
				return
			}
		case opSkipNumber:
			_, next = varint(b, pos)
		case opSkipBytes:
			next = afterBytes(b, pos)
		case opSkipTuples:
			next = afterTuples(b, pos, int(o.n))
		case opSkipPairs:
			next = afterPairs(b, pos)
		}
		if next < 0 {
			d.pos = pos
			s.slow(d, o)
			if next = d.pos; d.err != nil {
				return
			}
		}
		pos = next
	}
	d.pos = pos
}

// take puts a number where it belongs.
func (s *scanner) take(d *dec, o *op, v int64) {
	switch o.kind {
	case opInt64:
		s.cols[o.to].set64(s.row, v)
		return
	case opInt32:
		s.cols[o.to].set32(s.row, int32(v))
	default:
		s.num[o.to], s.has[o.to] = v, true
		if o.n != 32 {
			return
		}
	}
	if v != int64(int32(v)) {
		d.fail(fmt.Errorf("%d does not fit 32 bits", v))
	}
}

// slow does an op by dec.
func (s *scanner) slow(d *dec, o *op) {
	switch o.kind {
	case opSkipNumber:
		d.long()
	case opSkipBytes:
		d.bytes()
	case opSkipFixed:
		d.fixed(o.n)
	case opSkipTuples:
		for c := d.blockCount(); c > 0; c = d.blockCount() {
			d.skipLongs(c * o.n)
		}
	case opSkipPairs:
		for c := d.blockCount(); c > 0 && d.err == nil; c = d.blockCount() {
			for ; c > 0 && d.err == nil; c-- {
				d.long()
				d.bytes()
			}
		}
	case opPickPairs:
		s.pickPairs(d, o.picks)
	case opSkip:
		d.skip(o.typ, 0)
	default:
		o.call(d, s)
	}
}

// varint reads an int or long of up to eight bytes, where eight are there: its
// groups of seven bits are pushed together in three steps.
func varint(b []byte, pos int) (v int64, next int) {
	if len(b)-pos < 8 {
		return 0, -1
	}
	w := binary.LittleEndian.Uint64(b[pos:])
	if w&0x80 == 0 {
		return int64(w>>1&0x3f) ^ -int64(w&1), pos + 1
	}
	stops := ^w & stopBits
	if stops == 0 {
		return 0, -1
	}
	w &= stops ^ (stops - 1) // up to the first byte without a high bit
	w = w&0x007f007f007f007f | w>>1&0x3f803f803f803f80
	w = w&0x00003fff00003fff | w>>2&0x0fffc0000fffc000
	w = w&0x000000000fffffff | w>>4&0x00fffffff0000000
	return int64(w>>1) ^ -int64(w&1), pos + bits.TrailingZeros64(stops)/8 + 1
}

// afterBytes steps over a length of one or two bytes and as many bytes.
func afterBytes(b []byte, pos int) int {
	if len(b)-pos < 2 || b[pos]&1 != 0 {
		return -1
	}
	next := pos + 1 + int(b[pos]>>1)
	if b[pos] >= 0x80 {
		if b[pos+1] >= 0x80 {
			return -1
		}
		next = pos + 2 + int(b[pos]&0x7f)>>1 + int(b[pos+1])<<6
	}
	if next > len(b) {
		return -1
	}
	return next
}

// shortCount reads the head of a block of fewer than 64 items, without its size.
func shortCount(b []byte, pos int) (n int, ok bool) {
	if uint(pos) >= uint(len(b)) || b[pos]&0x81 != 0 {
		return 0, false
	}
	return int(b[pos] >> 1), true
}

// afterTuples steps over an array of one block or none, of records of n
// numbers. The 0 that ends the array, a byte of its own, is stepped over as one
// number more.
func afterTuples(b []byte, pos, n int) int {
	c, ok := shortCount(b, pos)
	if !ok || c == 0 {
		return afterNone(ok, pos)
	}
	pos++
	for left := c*n + 1; len(b)-pos >= 8; {
		stops := ^binary.LittleEndian.Uint64(b[pos:]) & stopBits
		if here := bits.OnesCount64(stops); here < left {
			left -= here
			pos += 8
			continue
		}
		for ; left > 1; left-- {
			stops &= stops - 1
		}
		if pos += bits.TrailingZeros64(stops) / 8; b[pos] != 0 || b[pos-1] >= 0x80 {
			return -1
		}
		return pos + 1
	}
	return -1
}

// afterNone is the place after an array without blocks.
func afterNone(ok bool, pos int) int {
	if !ok {
		return -1
	}
	return pos + 1
}

// afterPairs steps over an array of one block or none, of pairs of number and
// bytes, whose numbers and lengths are of one byte each.
func afterPairs(b []byte, pos int) int {
	c, ok := shortCount(b, pos)
	if !ok || c == 0 {
		return afterNone(ok, pos)
	}
	if pos, n := shortPairs(b, pos+1, c, 0xff); n == c && pos < len(b) && b[pos] == 0 {
		return pos + 1
	}
	return -1
}

// shortPairs steps over up to n pairs of number and bytes, for as long as the
// numbers and the lengths are of one byte each and the number's byte is not
// until, and returns how many these were.
func shortPairs(b []byte, pos, n int, until byte) (next, done int) {
	for ; done < n && len(b)-pos >= 2; done++ {
		w := binary.LittleEndian.Uint16(b[pos:])
		after := pos + 2 + int(w>>9)
		if w&0x8180 != 0 || byte(w) == until || after > len(b) {
			break
		}
		pos = after
	}
	return pos, done
}

// pickPairs takes the wanted ones of an array of pairs of number and bytes.
func (s *scanner) pickPairs(d *dec, picks []pick) {
	single := len(picks) == 1 && picks[0].key >= 0 && picks[0].key < 64
	for c := d.blockCount(); c > 0 && d.err == nil; c = d.blockCount() {
		for c > 0 && d.err == nil {
			if single {
				next, n := shortPairs(d.b, d.pos, int(c), byte(picks[0].key<<1))
				d.pos = next
				if c -= int64(n); c == 0 {
					break
				}
			}
			key, val := d.int(), d.bytes()
			c--
			if d.err != nil {
				return
			}
			if i := find(picks, key); i >= 0 {
				s.cols[picks[i].col].setBytes(s.alloc, s.row, val)
			}
		}
	}
}
