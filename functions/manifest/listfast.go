package manifest

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"psyberg/psyberg"
)

// A table of ten thousand manifests has as many entries in each of its lists,
// and a commit adds one of them. listProgram reads what writers write in
// straight lines; where an entry has anything else, it gives up, and listSteps
// read the entry again, which also find the words for what is wrong.
type listProgram struct {
	ops []listOp
	// before and after are ops around added_snapshot_id, which is adder, numbers
	// that follow each other made one; in old v1 lists all are before.
	before, after []listOp
	adder         *listOp
}

// listOp is what is to be done with one field of a list, or of a partition
// summary.
type listOp struct {
	kind     listKind
	optional bool // a union of null and the type: its branch comes first
	there    byte // the branch's byte where there is a value
	id       int  // of the field; 0 where nobody needs it
	times    int  // so many numbers, one after the other
	typ      *node
	items    []listOp // of a summary
}

type listKind uint8

const (
	listAny     listKind = iota // dec.skip
	listNumber                  // a varint
	listBool                    // a byte
	listBytes                   // a length and as many bytes
	listRecords                 // an array of records
)

// newListProgram makes the program of a schema that listSteps accepts.
func newListProgram(schema *node) *listProgram {
	p := &listProgram{}
	seen := map[int]bool{}
	for _, f := range schema.fields {
		o := newListOp(f)
		if seen[o.id] {
			o.id = 0 // as listSteps: the first one counts
		}
		seen[o.id] = true
		p.ops = append(p.ops, o)
		switch {
		case o.id == 503:
			p.adder = &o
		case p.adder == nil:
			p.before = joinNumbers(p.before, o)
		default:
			p.after = joinNumbers(p.after, o)
		}
	}
	return p
}

// joinNumbers appends an op that steps over a field.
func joinNumbers(ops []listOp, o listOp) []listOp {
	if n := len(ops); n > 0 && o.kind == listNumber && !o.optional && ops[n-1].kind == listNumber && !ops[n-1].optional {
		ops[n-1].times++
		return ops
	}
	return append(ops, o)
}

func newListOp(f *field) listOp {
	o := listOp{id: max(0, f.known(listNames)), typ: f.typ, times: 1}
	t, branch, ok := f.typ.optional()
	if !ok {
		return o
	}
	switch t.kind {
	case kInt, kLong:
		o.kind = listNumber
	case kBool:
		o.kind = listBool
	case kBytes, kString:
		o.kind = listBytes
	case kArray:
		if t.items.kind == kRecord && !t.items.empty {
			o.kind = listRecords
			for _, g := range t.items.fields {
				o.items = append(o.items, newListOp(g))
			}
		}
	}
	if o.kind != listAny && branch >= 0 {
		o.optional, o.there = true, byte(branch<<1)
	}
	return o
}

// varint reads a zigzag varint at p of b; next is -1 where there is none.
func varint(b []byte, p int) (v int64, next int) {
	if uint(p) < uint(len(b)) && b[p] < 0x80 {
		return int64(b[p]>>1) ^ -int64(b[p]&1), p + 1
	}
	return varintLong(b, p)
}

func varintLong(b []byte, p int) (int64, int) {
	u := uint64(0)
	for shift := uint(0); shift < 63 && uint(p) < uint(len(b)); shift += 7 {
		c := b[p]
		p++
		u |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return int64(u>>1) ^ -int64(u&1), p
		}
	}
	return 0, -1 // ten bytes are odd, too
}

// span returns the bytes [from, to) that a length at p announces; to is -1
// where they are not there.
func span(b []byte, p int) (from, to int) {
	n := 0
	switch {
	case p < len(b) && b[p] < 0x80:
		n, from = int(b[p]>>1), p+1
		if b[p]&1 != 0 {
			return 0, -1
		}
	case p+1 < len(b) && b[p+1] < 0x80:
		n, from = int(b[p]&0x7f>>1)|int(b[p+1])<<6, p+2
		if b[p]&1 != 0 {
			return 0, -1
		}
	default:
		v, next := varint(b, p)
		if next < 0 || v < 0 || v > int64(len(b)) {
			return 0, -1
		}
		n, from = int(v), next
	}
	if n > len(b)-from {
		return 0, -1
	}
	return from, from + n
}

// skipNumbers steps over n varints, eight bytes at a time: a varint ends in
// the byte whose high bit is clear.
func skipNumbers(b []byte, p, n int) int {
	for len(b)-p >= 8 {
		stops := ^binary.LittleEndian.Uint64(b[p:]) & stopBits
		if c := bits.OnesCount64(stops); c < n {
			n -= c
			p += 8
			continue
		}
		for ; n > 1; n-- {
			stops &= stops - 1
		}
		return p + bits.TrailingZeros64(stops)/8 + 1
	}
	for ; n > 0 && p >= 0; n-- {
		_, p = varint(b, p)
	}
	return p
}

// value reads the branch of o at p, and returns the place after it, and
// whether a value follows. The place is -1 where it is no branch.
func (o *listOp) value(b []byte, p int) (next int, present bool) {
	if !o.optional {
		return p, true
	}
	if uint(p) >= uint(len(b)) || b[p]&^2 != 0 {
		return -1, false
	}
	return p + 1, b[p] == o.there
}

// skipAll steps over fields, the first of which is at p.
func skipAll(ops []listOp, b []byte, p int) int {
	for i := range ops {
		o := &ops[i]
		if uint(p) >= uint(len(b)) {
			return -1
		}
		if o.optional {
			c := b[p]
			if c&^2 != 0 {
				return -1
			}
			p++
			if c != o.there {
				continue
			}
		}
		switch o.kind {
		case listNumber:
			p = skipNumbers(b, p, o.times)
		case listBool:
			if p >= len(b) || b[p] > 1 {
				return -1
			}
			p++
		case listBytes:
			_, p = span(b, p)
		case listRecords:
			p = o.records(b, p, nil)
		default:
			d := dec{b: b, pos: p}
			if d.skip(o.typ, 0); d.err != nil {
				return -1
			}
			p = d.pos
		}
		if p < 0 {
			return -1
		}
	}
	return p
}

// skip steps over the field at p.
func (o *listOp) skip(b []byte, p int) int { return skipAll([]listOp{*o}, b, p) }

// records steps over an array, or, where to is not nil, reads its items.
func (o *listOp) records(b []byte, p int, to *listMemory) int {
	for {
		n, next := varint(b, p)
		p = next
		switch {
		case p < 0 || n < 0 || n > int64(len(b)-p): // blocks with their sizes are odd
			return -1
		case n == 0:
			return p
		}
		for ; n > 0 && p >= 0; n-- {
			if to == nil {
				p = skipAll(o.items, b, p)
			} else {
				p = to.item(o.items, b, p)
			}
		}
		if p < 0 {
			return -1
		}
	}
}

// stepOver returns the place after the entry at p, and who added its manifest.
func (l *listProgram) stepOver(b []byte, p int) (next int, added psyberg.SnapshotID) {
	added = Unknown
	if p = skipAll(l.before, b, p); p < 0 || l.adder == nil {
		return p, added
	}
	p, present := l.adder.value(b, p)
	if p < 0 {
		return -1, added
	}
	if present {
		v := int64(0)
		if v, p = varint(b, p); p < 0 {
			return -1, added
		}
		added = psyberg.SnapshotID(v)
	}
	return skipAll(l.after, b, p), added
}

// yes and no are what FieldSummary.ContainsNaN points to.
var yes, no = true, false

// item reads a partition summary.
func (m *listMemory) item(ops []listOp, b []byte, p int) int {
	var s FieldSummary
	for i := range ops {
		if p = m.summary(&ops[i], b, p, &s); p < 0 {
			return -1
		}
	}
	m.items = append(m.items, s)
	return p
}

// summary reads one field of a partition summary.
func (m *listMemory) summary(o *listOp, b []byte, p int, s *FieldSummary) int {
	at, present := o.value(b, p)
	if at < 0 || !present {
		return at
	}
	switch {
	case o.kind == listBool && (o.id == 509 || o.id == 518):
		if uint(at) >= uint(len(b)) || b[at] > 1 {
			return -1
		}
		switch v := b[at] == 1; {
		case o.id == 509:
			s.ContainsNull = v
		case v:
			s.ContainsNaN = &yes
		default:
			s.ContainsNaN = &no
		}
		return at + 1
	case o.kind == listBytes && (o.id == 510 || o.id == 511):
		from, to := span(b, at)
		if to < 0 {
			return -1
		}
		if o.id == 510 {
			s.Lower = m.keep(b[from:to])
		} else {
			s.Upper = m.keep(b[from:to])
		}
		return to
	}
	return o.skip(b, p)
}

// read reads the entry at p, but for its path, which paths adds. It returns the
// place after it, -1 where something is odd or wrong: f and m are as good as
// new then, but for what f itself holds.
func (l *listProgram) read(b []byte, p int, f *File, m *listMemory) int {
	m.items = m.items[:0]
	text := len(m.text)
	for i := range l.ops {
		if p = l.ops[i].read(b, p, f, m); p < 0 {
			m.text = m.text[:text]
			return -1
		}
	}
	if path := m.text[text:]; len(path) == 0 || !utf8.Valid(path) || f.Content != ContentData && f.Content != ContentDeletes || f.Length < 0 {
		m.text = m.text[:text]
		return -1
	}
	m.ends = append(m.ends, len(m.text))
	return p
}

func (o *listOp) read(b []byte, p int, f *File, m *listMemory) int {
	at, present := o.value(b, p)
	if at < 0 || !present {
		return at
	}
	switch o.kind {
	case listNumber:
		v, next := varint(b, at)
		if next < 0 || !f.set(o.id, v) {
			return -1
		}
		return next
	case listBytes:
		from, to := span(b, at)
		switch {
		case to < 0:
			return -1
		case o.id == 500:
			m.text = append(m.text, b[from:to]...)
		case o.id == 519:
			f.KeyMetadata = copied(b[from:to])
		}
		return to
	case listRecords:
		if o.id == 507 {
			if at = o.records(b, at, m); at >= 0 {
				f.Partitions = m.kept()
			}
			return at
		}
	}
	return o.skip(b, p)
}

// set sets the number of a field; false where it cannot have that value.
func (f *File) set(id int, v int64) bool {
	switch id {
	case 501:
		f.Length = v
	case 502:
		f.SpecID = int32(v)
		return v == int64(int32(v))
	case 503:
		f.AddedSnapshotID = psyberg.SnapshotID(v)
	case 504:
		f.AddedFiles = v
	case 505:
		f.ExistingFiles = v
	case 506:
		f.DeletedFiles = v
	case 512:
		f.AddedRows = v
	case 513:
		f.ExistingRows = v
	case 514:
		f.DeletedRows = v
	case 515:
		f.Sequence = psyberg.SequenceNumber(v)
	case 516:
		f.MinSequence = psyberg.SequenceNumber(v)
	case 517:
		f.Content = Content(v)
		return v == int64(int32(v))
	case 520:
		id := v // on the heap only here
		f.FirstRowID = &id
	}
	return true
}
