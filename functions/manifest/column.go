package manifest

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// number is what the vectors below hold; floats are kept as their bits.
type number interface{ uint8 | int32 | int64 }

// vec is a growing Arrow buffer seen as a slice. s is as long as there is
// room; who uses it knows how much of it is in use.
type vec[T number] struct {
	buf *memory.Buffer
	s   []T
}

func (v *vec[T]) width() int {
	switch any(v.s).(type) {
	case []int32:
		return arrow.Int32SizeBytes
	case []int64:
		return arrow.Int64SizeBytes
	}
	return 1
}

// grow makes room for n elements. What is in new ones is not said.
func (v *vec[T]) grow(alloc memory.Allocator, n int) {
	if n <= len(v.s) {
		return
	}
	if v.buf == nil {
		v.buf = memory.NewResizableBuffer(alloc)
	}
	v.buf.ResizeNoShrink(n * v.width())
	v.s = arrow.GetData[T](v.buf.Bytes())
}

// need makes room for n elements, and for as many again, so that appending
// one by one costs a constant each.
func (v *vec[T]) need(alloc memory.Allocator, n int) {
	if n > len(v.s) {
		v.grow(alloc, max(n, 2*len(v.s), 256))
	}
}

// take hands over a buffer of the first n elements and forgets it.
func (v *vec[T]) take(n int) *memory.Buffer {
	b := v.buf
	if b == nil {
		return memory.NewBufferBytes(nil)
	}
	b.ResizeNoShrink(n * v.width())
	v.buf, v.s = nil, nil
	return b
}

func (v *vec[T]) release() {
	if v.buf != nil {
		v.buf.Release()
	}
	v.buf, v.s = nil, nil
}

// storage is how a column lies in memory.
type storage uint8

const (
	sNull     storage = iota
	sBool             // bits
	s32               // v32 by row
	s64               // v64 by row
	sFixed            // data, width bytes by row
	sBytes            // offs by row into data
	sMap64            // offs by row into keys and v64
	sMapBytes         // offs by row into keys and voffs, voffs into data
	sList32           // offs by row into v32
	sList64           // offs by row into v64
)

// column is one column of the batch being filled. Every row gets either a
// value or setNull, by the op of its field. Values are written by row number,
// so a row that is given up is simply written over.
type column struct {
	typ    arrow.DataType
	store  storage
	width  int  // sFixed
	absent bool // the file does not have it: nothing is written, all is NULL

	valid vec[uint8] // from the first NULL on
	nulls int
	done  int // the latest row with a value, of STRING and BINARY; -1 for none
	rows  int // that there is room for
	v32   vec[int32]
	v64   vec[int64]
	data  vec[uint8]
	offs  vec[int32]
	keys  vec[int32]
	voffs vec[int32]

	items int // in use: list items, map entries
	bytes int // in use: data
	seen  map[int32]struct{}
}

// newColumn returns a column of one of the types that this package makes.
func newColumn(t arrow.DataType) (column, error) {
	c := column{typ: t}
	switch t := t.(type) {
	case *arrow.NullType:
		c.store = sNull
	case *arrow.BooleanType:
		c.store = sBool
	case *arrow.Int32Type, *arrow.Date32Type, *arrow.Time32Type, *arrow.Float32Type:
		c.store = s32
	case *arrow.Int64Type, *arrow.Time64Type, *arrow.TimestampType, *arrow.Float64Type:
		c.store = s64
	case *arrow.Decimal128Type:
		c.store, c.width = sFixed, arrow.Decimal128SizeBytes
	case *arrow.FixedSizeBinaryType:
		c.store, c.width = sFixed, t.ByteWidth
	case *arrow.StringType, *arrow.BinaryType:
		c.store = sBytes
	case *arrow.MapType:
		c.store = sMap64
		if t.ItemType().ID() == arrow.BINARY {
			c.store = sMapBytes
		}
	case *arrow.ListType:
		c.store = sList64
		if t.Elem().ID() == arrow.INT32 {
			c.store = sList32
		}
	default:
		return c, fmt.Errorf("no column of type %v", t)
	}
	return c, nil
}

// hasOffsets reports whether the column's memory grows by more than its rows.
func (c *column) hasOffsets() bool { return c.store >= sBytes }

// reserve makes room for n rows.
func (c *column) reserve(alloc memory.Allocator, n int) {
	c.rows = n
	if c.absent {
		return
	}
	if c.valid.buf != nil {
		c.reserveValid(alloc)
	}
	switch c.store {
	case sBool:
		c.data.grow(alloc, (n+7)/8)
	case s32:
		c.v32.grow(alloc, n)
	case s64:
		c.v64.grow(alloc, n)
	case sFixed:
		c.data.grow(alloc, n*c.width)
	case sBytes, sMap64, sMapBytes, sList32, sList64:
		c.offs.grow(alloc, n+1)
		c.offs.s[0] = 0
		if c.store == sMapBytes {
			c.voffs.need(alloc, 1)
			c.voffs.s[0] = 0
		}
	}
}

// reserveValid makes room for the bits of all rows, new ones set.
func (c *column) reserveValid(alloc memory.Allocator) {
	old := len(c.valid.s)
	c.valid.grow(alloc, (c.rows+7)/8)
	for i := range c.valid.s[old:] {
		c.valid.s[old+i] = 0xff
	}
}

// setNull says that a row has no value. What lies where the value would be is
// zero, so that equal batches are equal bytes.
func (c *column) setNull(alloc memory.Allocator, row int) {
	if c.store == sNull {
		return
	}
	if c.valid.buf == nil {
		c.reserveValid(alloc)
	}
	bit := byte(1) << (row & 7)
	if c.valid.s[row>>3]&bit == 0 {
		return
	}
	c.valid.s[row>>3] &^= bit
	c.nulls++
	switch c.store {
	case sBool:
		c.setBit(row, false)
	case s32:
		c.v32.s[row] = 0
	case s64:
		c.v64.s[row] = 0
	case sFixed:
		clear(c.data.s[row*c.width : (row+1)*c.width])
	case sBytes:
		c.bytes = int(c.offs.s[row])
		c.offs.s[row+1] = c.offs.s[row]
	default:
		c.offs.s[row+1] = c.offs.s[row]
	}
}

func (c *column) set32(row int, v int32) { c.v32.s[row] = v }
func (c *column) set64(row int, v int64) { c.v64.s[row] = v }

func (c *column) setBit(row int, v bool) {
	b := &c.data.s[row>>3]
	if *b &^= 1 << (row & 7); v {
		*b |= 1 << (row & 7)
	}
}

func (c *column) setFixed(row int, v []byte) {
	copy(c.data.s[row*c.width:(row+1)*c.width], v)
}

// setBytes sets a STRING or BINARY; a second value of the same row wins.
func (c *column) setBytes(alloc memory.Allocator, row int, v []byte) {
	c.bytes = int(c.offs.s[row])
	c.appendData(alloc, v)
	c.offs.s[row+1] = int32(c.bytes)
	c.done = row
}

func (c *column) appendData(alloc memory.Allocator, v []byte) {
	c.data.need(alloc, c.bytes+len(v))
	c.bytes += copy(c.data.s[c.bytes:], v)
}

// endItems closes a row of a map or list: what was appended since the row
// before belongs to it.
func (c *column) endItems(row int) { c.offs.s[row+1] = int32(c.items) }

// drop forgets what was written to row, so that the next entry can take it.
func (c *column) drop(row int) {
	if c.valid.buf != nil && c.valid.s[row>>3]&(1<<(row&7)) == 0 {
		c.valid.s[row>>3] |= 1 << (row & 7)
		c.nulls--
	}
	c.done = min(c.done, row-1)
	if c.absent {
		return
	}
	switch c.store {
	case sBytes:
		c.bytes = int(c.offs.s[row])
	case sMap64, sList32, sList64:
		c.items = int(c.offs.s[row])
	case sMapBytes:
		c.items = int(c.offs.s[row])
		c.bytes = int(c.voffs.s[c.items])
	}
}
