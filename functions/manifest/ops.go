package manifest

import (
	"fmt"
)

// A program is a list of ops: each is for one field of the writer's schema, or
// for several that follow each other and are done in the same way, in the order
// of the schema. What manifests consist of, numbers, texts, maps by field id,
// and each of them optional, has ways of its own; all else is a call.
//
// Every op has two ways. The fast one looks ahead at well-formed bytes only.
// Where something is odd, a number of many bytes, a block with its size, or the
// end of the data, it gives up without having done anything that matters, and
// the slow one does the whole op again: with dec, which also finds the words
// for what is wrong.
type op struct {
	fast    fastWay
	fields  []fieldOp
	codes   []skipCode   // of the fields, where all are only stepped over
	numbers []numberCode // of the fields, where all are numbers
	members []op         // of the partition, where fields are its members
	cols    []int32      // that members fill
	tail    []fieldOp    // the fields of the tail
	longs   *[2]int      // columns of the two numbers before the tail; nil for none
	counts  bool         // some counts of the tail are wanted
}

// fastWay does an op whose first byte is at p. It returns the place after it,
// -1 where something is odd; a place behind the end of the block says that it
// looked at bytes that are not there, and is as odd.
type fastWay func(s *scanner, o *op, p int) int

// fieldOp is what is to be done with one field.
type fieldOp struct {
	kind     opKind
	optional bool // a union of null and the type: its branch comes first
	there    byte // the branch's byte where there is a value
	writes   bool // a value that is absent must be noted: absent
	narrow   bool // a number that must fit 32 bits
	member   bool // of the partition
	to       int32
	n        int32 // opSkipFixed: bytes; opSkipTuples: numbers in an item
	shape    int32 // opSkipPairs, opPickPairs, opMap*: index of what is learned about its maps
	required Column
	typ      *node // opSkip*: the whole type, for dec
	call     step
	picks    []pick
}

type opKind uint8

const (
	opCall       opKind = iota
	opNumber            // into scanner.num, and has
	opInt32             // into a column of 32 bits
	opInt64             // likewise of 64
	opSkip              // any type: dec.skip
	opSkipNumber        // a varint
	opSkipBytes         // a length and as many bytes
	opSkipFixed         // n bytes
	opSkipTuples        // an array of records of n varints, or of varints
	opSkipPairs         // an array of records of varint and bytes
	opPickPairs         // the same, some keys of which are wanted
	opPickCounts        // an array of pairs of varints, some keys of which are wanted
	opText              // a string, into a column
	opFormat            // file_format, into a column
	opMap64             // an array of pairs of varints, into a column
	opMapBytes          // an array of pairs of varint and bytes, likewise
)

// fastWays are those of the kinds of fields.
var fastWays = [...]fastWay{
	opCall: noFastWay, opSkip: noFastWay,
	opNumber: fastNumbers, opInt32: fastNumbers, opInt64: fastNumbers,
	opSkipNumber: fastSkips, opSkipBytes: fastSkips, opSkipFixed: fastSkips, opSkipTuples: fastSkips, opSkipPairs: fastSkips,
	opPickPairs: fastPick, opPickCounts: fastCounts, opText: fastText, opFormat: fastFormat, opMap64: fastMap64, opMapBytes: fastMapBytes,
}

func noFastWay(*scanner, *op, int) int { return -1 }

// joins reports whether fields of a kind are done together with those of the
// same way.
func (k opKind) joins() (skips, numbers bool) {
	return k >= opSkipNumber && k <= opSkipPairs, k >= opNumber && k <= opInt64
}

// noColumn stands in fieldOp.required for a value that may be absent.
const noColumn = numColumns

// skipOp returns what steps over a value of type n.
func skipOp(n *node) fieldOp {
	o := fieldOp{kind: opSkip, typ: n, required: noColumn}
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
			o.kind, o.n = opSkipTuples, int32(longs)
		} else if t.items.isPair() {
			o.kind = opSkipPairs
		}
	}
	if o.kind != opSkip && branch >= 0 {
		o.optional, o.there = true, byte(branch<<1)
	}
	return o
}

// branchOf makes the value of a field optional where the schema says so.
func (o *fieldOp) branchOf(f *field) {
	if _, branch, ok := f.typ.optional(); ok && branch >= 0 {
		o.optional, o.there = true, byte(branch<<1)
	}
}

// joined makes ops of fields.
func joined(fields []fieldOp) []op {
	var out []op
	for _, f := range fields {
		o := op{fields: []fieldOp{f}, fast: fastWays[f.kind]}
		skips, numbers := f.kind.joins()
		switch {
		case skips:
			o.codes = []skipCode{f.code()}
		case numbers:
			o.numbers = []numberCode{f.number()}
		}
		if len(out) > 0 {
			last := &out[len(out)-1]
			s, n := last.fields[0].kind.joins()
			if s && skips || n && numbers {
				last.fields = append(last.fields, f)
				last.codes = append(last.codes, o.codes...)
				last.numbers = append(last.numbers, o.numbers...)
				continue
			}
		}
		out = append(out, o)
	}
	return out
}

// atBranch reads the branch of an optional value, and reports whether the value follows.
func (o *fieldOp) atBranch(d *dec) bool {
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

// slow does an op by dec.
func (s *scanner) slow(d *dec, o *op) {
	for i := range o.fields {
		f := &o.fields[i]
		if f.optional && !f.atBranch(d) {
			s.absent(f)
		} else if d.err == nil {
			s.slowValue(d, f)
		}
		if d.err != nil {
			return
		}
	}
}

// slowValue reads a value that is there.
func (s *scanner) slowValue(d *dec, o *fieldOp) {
	switch o.kind {
	case opNumber, opInt32, opInt64:
		s.take(d, o, d.long())
	case opSkipNumber:
		d.long()
	case opSkipBytes:
		d.bytes()
	case opSkipFixed:
		d.fixed(int64(o.n))
	case opSkipTuples:
		for c := d.blockCount(); c > 0 && d.err == nil; c = d.blockCount() {
			d.skipLongs(c * int64(o.n))
		}
	case opSkipPairs:
		for c := d.blockCount(); c > 0 && d.err == nil; c = d.blockCount() {
			for ; c > 0 && d.err == nil; c-- {
				d.long()
				d.bytes()
			}
		}
	case opSkip:
		d.skip(o.typ, 0)
	case opText:
		readText(d, s, &s.cols[o.to])
	default:
		o.call(d, s)
	}
}

// take puts a number where it belongs.
func (s *scanner) take(d *dec, o *fieldOp, v int64) {
	if d.err != nil {
		return
	}
	if o.narrow && v != int64(int32(v)) {
		d.fail(fmt.Errorf("%d does not fit 32 bits", v))
		return
	}
	switch o.kind {
	case opInt64:
		s.cols[o.to].set64(s.row, v)
	case opInt32:
		s.cols[o.to].set32(s.row, int32(v))
	default:
		s.num[o.to], s.has[o.to] = v, true
	}
}

// absent notes that the entry has no value of an op that writes one.
func (s *scanner) absent(o *fieldOp) {
	switch {
	case !o.writes:
	case o.kind == opNumber:
		s.has[o.to] = false
	default:
		if o.to >= 0 {
			s.cols[o.to].setNull(s.alloc, s.row)
		}
		for i := range o.picks {
			s.cols[o.picks[i].col].setNull(s.alloc, s.row)
		}
	}
}
