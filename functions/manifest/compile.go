package manifest

import (
	"bytes"
	"fmt"
	"slices"
	"sort"

	"github.com/apache/arrow-go/v18/arrow"
)

// step decodes one field of an entry, where no other op does.
type step func(*dec, *scanner)

// program is how the entries of one schema are read for one request.
type program struct {
	ops []op
	v1  bool // the schema has no sequence numbers
}

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
}

// compile makes the program for a schema. prefixed: fixed partition values
// have a length before them.
func compile(schema *node, lay *layout, prefixed bool) (*program, error) {
	c := &compiler{lay: lay, prefixed: prefixed, prog: &program{}, seen: map[int]bool{}}
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
	return c.prog, nil
}

// inEntry are the fields of manifest_entry itself; all others are data_file's.
var inEntry = []int{columns[Status].id, columns[SnapshotID].id, columns[SequenceNumber].id, columns[FileSequenceNumber].id}

func (c *compiler) add(id int, f *field, inData bool) error {
	ops := []op{skipOp(f.typ)}
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
	c.prog.ops = append(c.prog.ops, ops...)
	return nil
}

// field returns the ops of a known field, nil for one that is not wanted.
func (c *compiler) field(id int, f *field) ([]op, error) {
	if id == columns[Partition].id {
		return c.partition(f) // also where it is not wanted: stepping over it is not simple
	}
	i := slices.IndexFunc(columns[:], func(x columnInfo) bool { return x.id == id })
	if i < 0 || !c.lay.reads[i] {
		return nil, nil
	}
	col := Column(i)
	present, t, err := optionalReader(f)
	if err != nil {
		return nil, err
	}
	o := op{required: noColumn}
	switch columns[i].typ.ID() {
	case arrow.MAP:
		if o, err = c.mapField(col, f, t, present); o.kind == opPickPairs {
			o.branchOf(f)
		}
		return []op{o}, err
	case arrow.LIST:
		o.call, err = c.listField(col, f, t, present)
		return []op{o}, err
	case arrow.STRING, arrow.BINARY:
		o.call, err = c.bytesField(col, f, t, present)
		return []op{o}, err
	case arrow.INT32:
		o.n = 32
	}
	o.kind, o.to = opNumber, int(col)
	o.branchOf(f)
	if columns[i].required {
		o.required = col
	}
	return []op{o}, f.want(id, t, kInt, kLong)
}

// branchOf makes the value of an op optional where the field's is.
func (o *op) branchOf(f *field) {
	if _, branch, ok := f.typ.optional(); ok && branch >= 0 {
		o.optional, o.there = true, byte(branch<<1)
	}
}

func (c *compiler) bytesField(col Column, f *field, t *node, present func(*dec) bool) (step, error) {
	if err := f.want(columns[col].id, t, kString, kBytes); err != nil {
		return nil, err
	}
	i, required := c.lay.at[col], columns[col].required
	read := readText
	switch {
	case col == FileFormat:
		read = readUpper
	case columns[col].typ.ID() == arrow.BINARY:
		read = func(d *dec, s *scanner, c *column) {
			if v := d.bytes(); d.err == nil {
				c.setBytes(s.alloc, s.row, v)
			}
		}
	}
	return func(d *dec, s *scanner) {
		if present(d) {
			read(d, s, &s.cols[i])
		} else if required {
			d.fail(fmt.Errorf("%v is missing", col))
		}
	}, nil
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

func (c *compiler) mapField(col Column, f *field, t *node, present func(*dec) bool) (op, error) {
	o := op{required: noColumn}
	p, err := f.pairs(t)
	if err != nil {
		return o, err
	}
	if wantBytes := col == LowerBounds || col == UpperBounds; p.bytes != wantBytes {
		return o, fmt.Errorf("field %s (%d): values of another type than expected", f.name, f.id)
	}
	if p.plain && p.bytes && c.lay.at[col] < 0 {
		o.kind, o.picks = opPickPairs, c.lay.picks[col]
		sort.Slice(o.picks, func(i, j int) bool { return o.picks[i].key < o.picks[j].key })
		return o, nil
	}
	read := p.mapStep(c.lay.at[col], c.lay.picks[col])
	o.call = func(d *dec, s *scanner) {
		if present(d) {
			read(d, s)
		}
	}
	return o, nil
}

func (c *compiler) listField(col Column, f *field, t *node, present func(*dec) bool) (step, error) {
	if t.kind != kArray || t.items.kind != kInt && t.items.kind != kLong {
		return nil, fmt.Errorf("field %s (%d): %v in the file, array of numbers expected", f.name, f.id, t.kind)
	}
	i := c.lay.at[col]
	return func(d *dec, s *scanner) {
		if !present(d) {
			return
		}
		c := &s.cols[i]
		c.setValid(s.row)
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
	}, nil
}

// partition returns the ops of the partition struct: its members in the
// writer's order, each into its column where it is wanted.
func (c *compiler) partition(f *field) ([]op, error) {
	if f.typ.kind != kRecord {
		return nil, fmt.Errorf("field %s (%d): %v in the file, record expected", f.name, f.id, f.typ.kind)
	}
	ops := []op{}
	done := map[int]bool{}
	for _, m := range f.typ.fields {
		o, err := c.member(m, done)
		if err != nil {
			return nil, err
		}
		ops = append(ops, o)
	}
	return ops, nil
}

func (c *compiler) member(m *field, done map[int]bool) (op, error) {
	present, t, err := optionalReader(m)
	if err != nil {
		return skipOp(m.typ), c.ifWanted(m, err)
	}
	i, want := c.lay.partitionColumn(m)
	if i < 0 || done[i] {
		if !t.hasOddFixed() {
			return skipOp(m.typ), nil
		}
		return op{call: func(d *dec, _ *scanner) {
			if present(d) {
				d.skipPartition(t, c.prefixed)
			}
		}}, nil
	}
	done[i] = true
	read, err := partitionReader(m, t, want, c.prefixed)
	if err != nil {
		return op{}, err
	}
	o := op{to: i, required: noColumn}
	o.branchOf(m)
	number := t.kind == kInt || t.kind == kLong
	switch want.ID() {
	case arrow.INT32, arrow.DATE32, arrow.TIME32:
		o.kind = opInt32
	case arrow.INT64, arrow.TIME64:
		o.kind = opInt64
	case arrow.TIMESTAMP:
		o.kind = opInt64
		number = number && t.scaleTo(want.(*arrow.TimestampType).Unit) == 1
	default:
		number = false
	}
	if number {
		return o, nil
	}
	return op{call: func(d *dec, s *scanner) {
		if present(d) {
			read(d, s, &s.cols[i])
		}
	}}, nil
}

// ifWanted returns err if the member is asked for, else nil.
func (c *compiler) ifWanted(m *field, err error) error {
	if i, _ := c.lay.partitionColumn(m); i < 0 {
		return nil
	}
	return err
}
