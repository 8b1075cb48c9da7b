package manifest

import (
	"context"
	"fmt"
	"reflect"
	"runtime/debug"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Scan decodes one manifest. f is what the manifest list says of it, which
// entries inherit from; data is the whole file. Batches have the columns of
// Schema(req) and at most req.BatchRows rows, never none; emit gets each one
// in the order of the file and must Retain what it keeps. alloc nil is the
// default allocator.
//
// Scan returns the first error of emit, ctx's error soon after ctx is done
// (it is looked at between blocks and batches), *DamageError where the file
// is damaged, and a plain error where the file is well-formed but something
// in it is not known or a partition value does not have the type asked for.
// Several scans may run at the same time, also with the same request.
func Scan(ctx context.Context, f File, data []byte, req *Request, alloc memory.Allocator, emit func(arrow.RecordBatch) error) error {
	c, err := open("manifest", f.Path, data)
	if err != nil {
		return err
	}
	if int64(len(data)) < f.Length {
		return c.damage(len(data), fmt.Errorf("%w: the manifest list says %d bytes", errShort, f.Length))
	}
	if alloc == nil {
		alloc = memory.DefaultAllocator
	}
	p, err := planFor(c.schema, req)
	if err != nil {
		return fmt.Errorf("read manifest %q: %w", f.Path, err)
	}
	s := p.scanner()
	s.ctx, s.file, s.alloc, s.emit, s.c = ctx, f, alloc, emit, c
	s.follow(p)
	return s.all()
}

// ScanMapped is Scan of a file that is mapped: where the disk fails, or somebody
// cuts the file short, that is a *DamageError and not the end of the process. Faults
// elsewhere, as in emit, are none of its business.
func ScanMapped(ctx context.Context, f File, data []byte, req *Request, alloc memory.Allocator, emit func(arrow.RecordBatch) error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		begin := reflect.ValueOf(data).Pointer()
		fault, ok := r.(interface{ Addr() uintptr })
		if !ok || fault.Addr() < begin || fault.Addr() >= begin+uintptr(len(data)) {
			panic(r)
		}
		err = &DamageError{What: "manifest", Name: f.Path, Offset: int64(fault.Addr() - begin), Entry: -1, Cause: errGone}
	}()
	return Scan(ctx, f, data, req, alloc, emit)
}

// all reads the whole file.
func (s *scanner) all() (err error) {
	defer s.release()
	if s.left, err = s.c.total(); err != nil {
		return err
	}
	if err := s.blocks(); err != nil {
		return err
	}
	return s.flush()
}

// scanner is one scan: the batch being filled and the entry being read.
type scanner struct {
	ctx   context.Context
	file  File
	alloc memory.Allocator
	emit  func(arrow.RecordBatch) error
	c     *container
	*plan

	cols  []column
	row   int   // of the batch, being filled
	room  int   // rows that there is room for
	stop  int   // the row before which to see whether there is room, and whether it is enough
	left  int64 // entries of blocks not yet read, by their headers
	entry int64 // number of the entry in the file

	at     block   // being read
	from   float64 // what seen was when the batch began
	dec    dec     // of it; here, for it would be allocated for each
	before repeat
	*learned

	nextRowID int64
	num       [numColumns]int64 // numbers of the entry
	has       [numColumns]bool
}

// scanner returns one that did its work, for another scan, or a new one.
func (p *plan) scanner() *scanner {
	if s, ok := p.idle.Get().(*scanner); ok {
		return s
	}
	return &scanner{}
}

// follow begins a scan.
func (s *scanner) follow(p *plan) {
	s.plan = p
	if s.file.FirstRowID != nil {
		s.nextRowID = *s.file.FirstRowID
	}
	s.cols = append(s.cols[:0], p.blank...)
	for _, i := range p.prog.absent {
		s.cols[i].absent = true
	}
	if s.learned == nil {
		s.learned = &learned{shapes: make([]shape, p.prog.shapes)}
	}
	s.learned.begin()
}

// learned is what scans learn of entries: hints, which any file may begin with.
type learned struct {
	shapes []shape
	ends   tailEnds
	alike  alike
}

// begin has entries counted anew.
func (l *learned) begin() {
	l.alike.again = retries{}
	l.alike.idle, l.alike.resting, l.alike.short = 0, false, false
}

// total adds up what the blocks' headers say, and so finds missing sync
// markers and cut files before the first row is handed on.
func (c *container) total() (n int64, err error) {
	walk := *c
	for {
		b, ok, err := walk.next()
		if err != nil || !ok {
			return n, err
		}
		n += int64(b.count)
	}
}

func (s *scanner) blocks() error {
	u := newUnpacker(s.c)
	defer u.release()
	for {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		b, raw, ok, err := u.next()
		if err != nil || !ok {
			return err
		}
		if err := s.block(b, raw); err != nil {
			return err
		}
	}
}

// block decodes the entries of one block.
func (s *scanner) block(b block, raw []byte) error {
	prog := s.prog
	if s.odd != nil && s.isOdd(b, raw) {
		prog = s.odd
	}
	s.at, s.dec = b, newDec(raw)
	d := &s.dec
	strides := prog.fields != nil
	for left := b.count; left > 0; {
		if s.row >= s.stop {
			if err := s.pause(); err != nil {
				return err
			}
		}
		if strides {
			if n := s.stride(prog, min(left, s.stop-s.row)); n > 0 {
				s.entry, s.left, left = s.entry+int64(n), s.left-int64(n), left-n
				continue
			}
		}
		if !prog.plain {
			s.has[FirstRowID] = false
		}
		from := d.pos
		s.run(prog.ops)
		if d.err == nil {
			if prog.plain && uint64(s.num[Status]) < deleted {
				s.row++
			} else {
				d.err = s.endEntry(prog)
			}
		}
		if d.err != nil {
			return s.c.damagedEntry(b.offset, s.entry, d.err)
		}
		if strides {
			s.study(prog, from)
		}
		s.entry++
		s.left--
		left--
	}
	if d.pos != len(raw) {
		return s.c.damage(b.offset, errLeft)
	}
	if s.over() {
		return s.flush()
	}
	return nil
}

// pause hands a batch on that is full, makes room, and says when to look again.
func (s *scanner) pause() error {
	if s.row >= s.lay.batchRows || s.over() {
		if err := s.flush(); err != nil {
			return err
		}
	}
	if s.row == s.room {
		s.grow()
	}
	s.stop = min(s.room, s.lay.batchRows, s.row|63+1)
	return nil
}

// newDec returns a dec for a block as unpack returns it.
func newDec(raw []byte) dec {
	return dec{b: raw, ahead: raw[:len(raw)+min(ample, max(pad, cap(raw)-len(raw)))]}
}

// isOdd reports whether the fixed partition values of a block have lengths
// before them. Some blocks can be read both ways: a value that ends in a byte
// of 0x80 or more may make one number with the row count after it. Then a file
// that Java wrote, known by a header key that only it writes, has lengths, and
// any other has none.
func (s *scanner) isOdd(b block, raw []byte) bool {
	if s.c.meta.get("iceberg.schema") != nil {
		return s.fits(s.check[1], b, raw)
	}
	return !s.fits(s.check[0], b, raw) && s.fits(s.check[1], b, raw)
}

// fits reports whether a block is well-formed when read by a program that
// wants no columns.
func (s *scanner) fits(p *program, b block, raw []byte) bool {
	s.dec = newDec(raw)
	d := &s.dec
	defer func(own []shape) { s.shapes = own }(s.shapes)
	s.shapes = make([]shape, p.shapes) // what is learned here knows of no column
	for range b.count {
		s.run(p.ops)
		if d.err != nil || s.num[Status] < 0 || s.num[Status] > 2 {
			return false
		}
	}
	return d.pos == len(raw)
}

// grow makes room for more rows: as many as the blocks' headers promise, but
// not more than a batch has, and not on their word alone (M2).
func (s *scanner) grow() {
	n := min(int64(s.lay.batchRows), int64(s.row)+s.left, max(DefaultBatchRows, 2*int64(s.room)))
	s.room = int(n)
	for i := range s.cols {
		s.cols[i].reserve(s.alloc, s.room)
	}
}

// maxBatchBytes bounds what a batch holds in one column before it is handed
// on; it is looked at now and then, and at the end of each block. With maxBlock
// it keeps 32-bit offsets from overflowing.
const maxBatchBytes = 64 << 20

func (s *scanner) over() bool {
	if s.row-s.before.next > DefaultBatchRows { // what is not filled yet is not counted
		s.settle()
	}
	for _, i := range s.offsets {
		if s.cols[i].bytes > maxBatchBytes || s.cols[i].items > maxBatchBytes/8 {
			return true
		}
	}
	return false
}

// flush hands on what has been read, if anything.
func (s *scanner) flush() error {
	if s.row == 0 {
		return nil
	}
	if err := s.ctx.Err(); err != nil {
		return err
	}
	s.forget()
	arrays := make([]arrow.Array, 0, len(s.lay.out))
	for i, o := range s.lay.out {
		if o.isStruct {
			arrays = append(arrays, s.partition(s.lay.schema.Field(i).Type))
			continue
		}
		arrays = append(arrays, s.cols[o.at].finish(s.alloc, s.row))
	}
	rec := array.NewRecordBatch(s.lay.schema, arrays, int64(s.row))
	for _, a := range arrays {
		a.Release()
	}
	s.row, s.room, s.stop, s.before.next, s.from = 0, 0, 0, 0, s.seen()
	defer rec.Release()
	return s.emit(rec)
}

// partition puts the members' columns together.
func (s *scanner) partition(t arrow.DataType) arrow.Array {
	members := make([]arrow.ArrayData, len(s.lay.parts))
	for i := range members {
		members[i] = s.cols[s.lay.firstPart+i].finishData(s.alloc, s.row)
	}
	d := array.NewData(t, s.row, []*memory.Buffer{nil}, members, 0, 0)
	defer d.Release()
	for _, m := range members {
		m.Release()
	}
	return array.NewStructData(d)
}

// release ends the scan: the scanner can begin another one, with what it learned.
func (s *scanner) release() {
	for i := range s.cols {
		s.cols[i].release()
	}
	p := s.plan
	*s = scanner{cols: s.cols, learned: s.learned}
	p.idle.Put(s)
}
