package manifest

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
)

// step decodes one field of an entry, or steps over it.
type step func(*dec, *scanner)

// program is how the entries of one schema are read for one request.
type program struct {
	steps []step
	v1    bool // the schema has no sequence numbers
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
	var s step
	if id >= 0 && id != dataFileID && slices.Contains(inEntry, id) != inData && !c.seen[id] {
		var err error
		if s, err = c.field(id, f); err != nil {
			return err
		}
		c.seen[id] = true
	}
	if s == nil {
		s = func(d *dec, _ *scanner) { d.skip(f.typ, 0) }
	}
	c.prog.steps = append(c.prog.steps, s)
	return nil
}

// field returns the step of a known field, nil for one that is not wanted.
func (c *compiler) field(id int, f *field) (step, error) {
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
	switch columns[i].typ.ID() {
	case arrow.MAP:
		return c.mapField(col, f, t, present)
	case arrow.LIST:
		return c.listField(col, f, t, present)
	case arrow.STRING, arrow.BINARY:
		return c.bytesField(col, f, t, present)
	}
	slot := int(col)
	required := columns[i].required
	read := (*dec).long
	if columns[i].typ.ID() == arrow.INT32 {
		read = func(d *dec) int64 { return int64(d.int()) }
	}
	return func(d *dec, s *scanner) {
		if present(d) {
			s.num[slot], s.has[slot] = read(d), true
		} else if required {
			d.fail(fmt.Errorf("%v is missing", col))
		}
	}, f.want(id, t, kInt, kLong)
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

func (c *compiler) mapField(col Column, f *field, t *node, present func(*dec) bool) (step, error) {
	p, err := f.pairs(t)
	if err != nil {
		return nil, err
	}
	if wantBytes := col == LowerBounds || col == UpperBounds; p.bytes != wantBytes {
		return nil, fmt.Errorf("field %s (%d): values of another type than expected", f.name, f.id)
	}
	read := p.mapStep(c.lay.at[col], c.lay.picks[col])
	return func(d *dec, s *scanner) {
		if present(d) {
			read(d, s)
		}
	}, nil
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

// partition returns the step of the partition struct: its members in the
// writer's order, each into its column where it is wanted.
func (c *compiler) partition(f *field) (step, error) {
	if f.typ.kind != kRecord {
		return nil, fmt.Errorf("field %s (%d): %v in the file, record expected", f.name, f.id, f.typ.kind)
	}
	var steps []step
	done := map[int]bool{}
	for _, m := range f.typ.fields {
		s, err := c.member(m, done)
		if err != nil {
			return nil, err
		}
		steps = append(steps, s)
	}
	return func(d *dec, s *scanner) {
		for _, m := range steps {
			m(d, s)
		}
	}, nil
}

func (c *compiler) member(m *field, done map[int]bool) (step, error) {
	present, t, err := optionalReader(m)
	if err != nil {
		return func(d *dec, _ *scanner) { d.skip(m.typ, 0) }, c.ifWanted(m, err)
	}
	i, want := c.lay.partitionColumn(m)
	if i < 0 || done[i] {
		return func(d *dec, _ *scanner) {
			if present(d) {
				d.skipPartition(t, c.prefixed)
			}
		}, nil
	}
	done[i] = true
	read, err := partitionReader(m, t, want, c.prefixed)
	if err != nil {
		return nil, err
	}
	return func(d *dec, s *scanner) {
		if present(d) {
			read(d, s, &s.cols[i])
		}
	}, nil
}

// ifWanted returns err if the member is asked for, else nil.
func (c *compiler) ifWanted(m *field, err error) error {
	if i, _ := c.lay.partitionColumn(m); i < 0 {
		return nil
	}
	return err
}
