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

// run decodes or steps over one entry.
func (s *scanner) run(d *dec, ops []op) {
	for i := range ops {
		o := &ops[i]
		if o.optional && !o.atBranch(d) {
			if d.err != nil {
				return
			}
			continue
		}
		switch o.kind {
		case opNumber:
			s.num[o.to], s.has[o.to] = d.number(), true
			if o.n == 32 && s.num[o.to] != int64(int32(s.num[o.to])) {
				d.fail(fmt.Errorf("%d does not fit 32 bits", s.num[o.to]))
			}
		case opInt32:
			v := d.number()
			if v != int64(int32(v)) {
				d.fail(fmt.Errorf("%d does not fit 32 bits", v))
			}
			s.cols[o.to].set32(s.row, int32(v))
		case opInt64:
			s.cols[o.to].set64(s.row, d.number())
		case opSkipNumber:
			d.skipLongs(1)
		case opSkipBytes:
			d.skipBytes()
		case opSkipFixed:
			d.fixed(o.n)
		case opSkipTuples:
			d.skipTuples(o.n)
		case opSkipPairs:
			d.skipPairs()
		case opPickPairs:
			s.pickPairs(d, o.picks)
		case opSkip:
			d.skip(o.typ, 0)
		default:
			o.call(d, s)
		}
		if d.err != nil {
			return
		}
	}
}

// number reads an int or long, of up to eight bytes at once: where they are
// all there, their groups of seven bits are pushed together in three steps.
func (d *dec) number() int64 {
	if d.err != nil || len(d.b)-d.pos < 8 {
		return d.long()
	}
	w := binary.LittleEndian.Uint64(d.b[d.pos:])
	if w&0x80 == 0 {
		d.pos++
		return int64(w>>1&0x3f) ^ -int64(w&1)
	}
	stops := ^w & stopBits
	if stops == 0 {
		return d.long()
	}
	w &= stops ^ (stops - 1) // up to the first byte without a high bit
	w = w&0x007f007f007f007f | w>>1&0x3f803f803f803f80
	w = w&0x00003fff00003fff | w>>2&0x0fffc0000fffc000
	w = w&0x000000000fffffff | w>>4&0x00fffffff0000000
	d.pos += bits.TrailingZeros64(stops)/8 + 1
	return int64(w>>1) ^ -int64(w&1)
}

// skipBytes steps over a length and as many bytes.
func (d *dec) skipBytes() {
	if b := d.b[d.pos:]; d.err == nil && len(b) >= 2 && b[0]&1 == 0 {
		n, head := int(b[0]>>1), 1
		if b[0] >= 0x80 {
			n, head = int(b[0]&0x7f)>>1|int(b[1])<<6, 2
		}
		if head == 1 || b[1] < 0x80 {
			if n <= len(b)-head {
				d.pos += head + n
				return
			}
		}
	}
	d.bytes()
}

// skipTuples steps over an array of records of n numbers.
func (d *dec) skipTuples(n int64) {
	for c := d.blockCount(); c > 0; c = d.blockCount() {
		d.skipLongs(c * n)
	}
}

// skipPairs steps over an array of pairs of number and bytes.
func (d *dec) skipPairs() {
	for c := d.blockCount(); c > 0 && d.err == nil; c = d.blockCount() {
		for c -= d.shortPairs(c); c > 0 && d.err == nil; c-- {
			d.long()
			d.bytes()
		}
	}
}

// shortPairs steps over up to n pairs for as long as their numbers and lengths
// are of one byte each, and returns how many these were.
func (d *dec) shortPairs(n int64) (done int64) {
	b, pos := d.b, d.pos
	for ; done < n && len(b)-pos >= 2; done++ {
		w := binary.LittleEndian.Uint16(b[pos:])
		next := pos + 2 + int(w>>9)
		if w&0x8180 != 0 || next > len(b) {
			break
		}
		pos = next
	}
	d.pos = pos
	return done
}

// pickPairs takes the wanted ones of an array of pairs of number and bytes.
func (s *scanner) pickPairs(d *dec, picks []pick) {
	for c := d.blockCount(); c > 0 && d.err == nil; c = d.blockCount() {
		for c > 0 && d.err == nil {
			if len(picks) == 1 && picks[0].key >= 0 && picks[0].key < 64 {
				if c -= d.pairsBefore(c, byte(picks[0].key<<1)); c == 0 {
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

// pairsBefore is shortPairs that stops before a key, given as its byte.
func (d *dec) pairsBefore(n int64, key byte) (done int64) {
	b, pos := d.b, d.pos
	for ; done < n && len(b)-pos >= 2; done++ {
		w := binary.LittleEndian.Uint16(b[pos:])
		next := pos + 2 + int(w>>9)
		if w&0x8180 != 0 || byte(w) == key || next > len(b) {
			break
		}
		pos = next
	}
	d.pos = pos
	return done
}
