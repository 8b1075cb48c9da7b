package manifest

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
)

// step decodes one field of an entry, where no other op does.
type step func(*dec, *scanner)

// program is how the entries of one schema are read for one request.
type program struct {
	ops     []op
	v1      bool      // the schema has no sequence numbers
	shapes  int       // maps of which a shape is learned
	plain   bool      // nothing is left to be done at an entry's end, unless its status is deleted or odd
	numbers []Column  // asked for, and filled at the entry's end: what is inherited, or checked
	absent  []int     // columns that the file has no field for
	fields  []fieldOp // of all ops, where canStride
	parted  bool      // members of the partition are wanted
}

// direct reports whether a column of one number needs nothing but to be read.
func (l *layout) direct(c Column) bool {
	switch c {
	case RecordCount:
		return l.at[c] >= 0 && !l.reads[FirstRowID]
	case FileSizeInBytes, SortOrderID, ContentOffset, ContentSizeInBytes:
		return l.at[c] >= 0
	}
	return false
}

// maxShapes bounds the maps that a schema can make us learn.
const maxShapes = 100

// dataFileID is the field data_file of manifest_entry.
const dataFileID = 2

// entryNames are the ids of fields whose writer left them out.
var entryNames = func() map[string]int {
	m := map[string]int{"data_file": dataFileID}
	for _, c := range columns {
		if c.id >= 0 {
			m[c.name] = c.id
		}
	}
	return m
}()

// compiler makes a program.
type compiler struct {
	lay      *layout
	prefixed bool
	prog     *program
	seen     map[int]bool
	ops      []fieldOp
	filled   map[int]bool // columns that an op or the entry's end fills
}

// compile makes the program for a schema. prefixed: fixed partition values
// have a length before them.
func compile(schema *node, lay *layout, prefixed bool) (*program, error) {
	c := &compiler{lay: lay, prefixed: prefixed, prog: &program{}, seen: map[int]bool{}, filled: map[int]bool{}}
	for _, f := range schema.fields {
		id := f.known(entryNames)
		if id != dataFileID || c.seen[id] {
			if err := c.add(id, f, false); err != nil {
				return nil, err
			}
			continue
		}
		c.seen[id] = true
		if f.typ.kind != kRecord {
			return nil, fmt.Errorf("field %s (%d): %v in the file, record expected", f.name, f.id, f.typ.kind)
		}
		for _, g := range f.typ.fields {
			if err := c.add(g.known(entryNames), g, true); err != nil {
				return nil, err
			}
		}
	}
	for _, id := range []int{columns[Status].id, dataFileID, columns[FilePath].id, columns[FileFormat].id, columns[RecordCount].id, columns[FileSizeInBytes].id} {
		if !c.seen[id] {
			return nil, fmt.Errorf("no field with id %d: not a manifest", id)
		}
	}
	c.prog.v1 = !c.seen[columns[SequenceNumber].id] && !c.seen[columns[FileSequenceNumber].id]
	c.prog.ops = opsOf(c.ops)
	for i := range c.prog.ops {
		c.prog.parted = c.prog.parted || len(c.prog.ops[i].cols) > 0
	}
	if c.prog.canStride(c.ops) {
		c.prog.fields = c.ops
	}
	for _, n := range lay.numbers {
		if !lay.direct(n) {
			c.prog.numbers = append(c.prog.numbers, n)
			c.filled[lay.at[n]] = true
		}
	}
	c.prog.plain = len(c.prog.numbers) == 0 && !lay.reads[FirstRowID] && !lay.reads[FileContent]
	for i := range lay.types {
		if !c.filled[i] {
			c.prog.absent = append(c.prog.absent, i)
		}
	}
	return c.prog, nil
}

// fill notes the columns that an op fills.
func (c *compiler) fill(o *fieldOp) {
	o.writes = true
	if o.kind != opNumber && o.to >= 0 {
		c.filled[int(o.to)] = true
	}
	for _, p := range o.picks {
		c.filled[p.col] = true
	}
}

// inEntry are the fields of manifest_entry itself; all others are data_file's.
var inEntry = []int{columns[Status].id, columns[SnapshotID].id, columns[SequenceNumber].id, columns[FileSequenceNumber].id}

func (c *compiler) add(id int, f *field, inData bool) error {
	ops := []fieldOp{skipOp(f.typ)}
	if id >= 0 && id != dataFileID && slices.Contains(inEntry, id) != inData && !c.seen[id] {
		known, err := c.field(id, f)
		if err != nil {
			return err
		}
		c.seen[id] = true
		if known != nil {
			ops = known
		}
	}
	for _, o := range ops {
		if o.kind == opSkipPairs && c.prog.shapes > maxShapes {
			o.kind, o.optional = opSkip, false
		}
		switch o.kind {
		case opSkipPairs, opPickPairs, opMapBytes, opMap64:
			o.shape = int32(c.prog.shapes)
			c.prog.shapes++
		}
		c.ops = append(c.ops, o)
	}
	return nil
}

// field returns the ops of a known field, nil for one that is not wanted.
func (c *compiler) field(id int, f *field) ([]fieldOp, error) {
	if id == columns[Partition].id {
		return c.partition(f) // also where it is not wanted: stepping over it is not simple
	}
	i := slices.IndexFunc(columns[:], func(x columnInfo) bool { return x.id == id })
	if i < 0 || !c.lay.reads[i] {
		return nil, nil
	}
	col := Column(i)
	t, _, ok := f.typ.optional()
	if !ok {
		return nil, f.notOptional()
	}
	o := fieldOp{required: noColumn, to: int32(c.lay.at[col])}
	o.branchOf(f)
	if columns[i].required {
		o.required = col
	}
	var err error
	switch columns[i].typ.ID() {
	case arrow.MAP:
		err = c.mapField(&o, col, f, t)
	case arrow.LIST:
		o.call, err = listField(col, f, t, o.to)
	case arrow.STRING, arrow.BINARY:
		err = bytesField(&o, col, f, t)
	default:
		err = f.want(id, t, kInt, kLong)
		o.narrow = columns[i].typ.ID() == arrow.INT32
		switch {
		case !c.lay.direct(col):
			o.kind, o.to = opNumber, int32(col)
		case o.narrow:
			o.kind = opInt32
		default:
			o.kind = opInt64
		}
	}
	c.fill(&o)
	return []fieldOp{o}, err
}

func bytesField(o *fieldOp, col Column, f *field, t *node) error {
	i := o.to
	switch {
	case col == FileFormat:
		o.kind = opFormat
		o.call = func(d *dec, s *scanner) { readUpper(d, s, &s.cols[i]) }
	case columns[col].typ.ID() == arrow.BINARY:
		o.call = func(d *dec, s *scanner) {
			if v := d.bytes(); d.err == nil {
				s.cols[i].setBytes(s.alloc, s.row, v)
			}
		}
	default:
		o.kind = opText
	}
	return f.want(columns[col].id, t, kString, kBytes)
}

// readUpper: writers spell formats in both cases.
func readUpper(d *dec, s *scanner, c *column) {
	v := d.bytes()
	for _, b := range v {
		if b >= 'a' && b <= 'z' {
			v = bytes.ToUpper(v)
			break
		}
	}
	if len(v) > 64 || bytes.ContainsFunc(v, func(r rune) bool { return r < ' ' || r > '~' }) {
		d.fail(fmt.Errorf("file_format is %.64q", v))
		return
	}
	c.setBytes(s.alloc, s.row, v)
}

func (c *compiler) mapField(o *fieldOp, col Column, f *field, t *node) error {
	p, err := f.pairs(t)
	if err != nil {
		return err
	}
	if wantBytes := col == LowerBounds || col == UpperBounds; p.bytes != wantBytes {
		return fmt.Errorf("field %s (%d): values of another type than expected", f.name, f.id)
	}
	o.picks = c.lay.picks[col]
	slices.SortStableFunc(o.picks, func(a, b pick) int { return cmp.Compare(a.key, b.key) })
	o.call = p.mapStep(int(o.to), o.picks)
	switch {
	case !p.plain || o.to >= 0 && len(o.picks) > 0:
	case o.to < 0 && p.bytes:
		o.kind = opPickPairs
	case o.to < 0 && shortKeys(o.picks):
		o.kind = opPickCounts
	case o.to >= 0 && p.bytes:
		o.kind = opMapBytes
	case o.to >= 0:
		o.kind = opMap64
	}
	return nil
}

func listField(col Column, f *field, t *node, to int32) (step, error) {
	if t.kind != kArray || t.items.kind != kInt && t.items.kind != kLong {
		return nil, fmt.Errorf("field %s (%d): %v in the file, array of numbers expected", f.name, f.id, t.kind)
	}
	return func(d *dec, s *scanner) {
		c := &s.cols[to]
		for n := d.blockCount(); n > 0 && d.err == nil; n = d.blockCount() {
			if c.store == sList32 {
				c.v32.need(s.alloc, c.items+int(n))
			} else {
				c.v64.need(s.alloc, c.items+int(n))
			}
			for ; n > 0 && d.err == nil; n-- {
				if c.store == sList32 {
					c.v32.s[c.items] = d.int()
				} else {
					c.v64.s[c.items] = d.long()
				}
				c.items++
			}
		}
		c.endItems(s.row)
	}, nil
}

// partition returns the ops of the partition struct: its members in the
// writer's order, each into its column where it is wanted.
func (c *compiler) partition(f *field) ([]fieldOp, error) {
	if f.typ.kind != kRecord {
		return nil, fmt.Errorf("field %s (%d): %v in the file, record expected", f.name, f.id, f.typ.kind)
	}
	ops := []fieldOp{}
	done := map[int]bool{}
	for _, m := range f.typ.fields {
		o, err := c.member(m, done)
		if err != nil {
			return nil, err
		}
		o.member = true
		ops = append(ops, o)
	}
	return ops, nil
}

func (c *compiler) member(m *field, done map[int]bool) (fieldOp, error) {
	t, _, ok := m.typ.optional()
	if !ok {
		return skipOp(m.typ), c.ifWanted(m, m.notOptional())
	}
	o := fieldOp{to: -1, required: noColumn}
	o.branchOf(m)
	i, want := c.lay.partitionColumn(m)
	if i < 0 || done[i] {
		if !t.hasOddFixed() {
			return skipOp(m.typ), nil
		}
		o.call = func(d *dec, _ *scanner) { d.skipPartition(t, c.prefixed) }
		return o, nil
	}
	done[i] = true
	if t.kind == kNull {
		return skipOp(m.typ), nil
	}
	read, err := partitionReader(m, t, want, c.prefixed)
	if err != nil {
		return fieldOp{}, err
	}
	o.to = int32(i)
	o.call = func(d *dec, s *scanner) { read(d, s, &s.cols[i]) }
	o.memberKind(t, want)
	c.fill(&o)
	return o, nil
}

// memberKind finds an op that needs no call.
func (o *fieldOp) memberKind(t *node, want arrow.DataType) {
	number := t.kind == kInt || t.kind == kLong
	switch want.ID() {
	case arrow.INT32, arrow.DATE32, arrow.TIME32:
		if number {
			o.kind, o.narrow = opInt32, true
		}
	case arrow.INT64, arrow.TIME64:
		if number {
			o.kind = opInt64
		}
	case arrow.TIMESTAMP:
		if number && t.scaleTo(want.(*arrow.TimestampType).Unit) == 1 {
			o.kind = opInt64
		}
	case arrow.STRING:
		if t.kind == kString {
			o.kind = opText
		}
	}
}

// ifWanted returns err if the member is asked for, else nil.
func (c *compiler) ifWanted(m *field, err error) error {
	if i, _ := c.lay.partitionColumn(m); i < 0 {
		return nil
	}
	return err
}
