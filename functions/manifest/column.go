package manifest

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
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

// grow makes room for n elements; new ones are zero.
func (v *vec[T]) grow(alloc memory.Allocator, n int) {
	if n <= len(v.s) {
		return
	}
	if v.buf == nil {
		v.buf = memory.NewResizableBuffer(alloc)
	}
	old := len(v.s)
	v.buf.ResizeNoShrink(n * v.width())
	v.s = arrow.GetData[T](v.buf.Bytes())
	clear(v.s[old:])
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

// column is one column of the batch being filled. Values are written by row
// number, so a row that is given up is simply written over; offs is completed
// by endRow, whether or not the row had a value.
type column struct {
	typ   arrow.DataType
	store storage
	width int // sFixed

	valid vec[uint8]
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

// hasOffsets reports whether endRow has something to do.
func (c *column) hasOffsets() bool { return c.store >= sBytes }

// reserve makes room for n rows.
func (c *column) reserve(alloc memory.Allocator, n int) {
	if c.store == sNull {
		return
	}
	c.valid.grow(alloc, (n+7)/8)
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
		if c.store == sMapBytes {
			c.voffs.need(alloc, 1)
		}
	}
}

func (c *column) setValid(row int) { c.valid.s[row>>3] |= 1 << (row & 7) }

func (c *column) set32(row int, v int32) {
	c.v32.s[row] = v
	c.setValid(row)
}

func (c *column) set64(row int, v int64) {
	c.v64.s[row] = v
	c.setValid(row)
}

func (c *column) setBool(row int, v bool) {
	if v {
		c.data.s[row>>3] |= 1 << (row & 7)
	}
	c.setValid(row)
}

func (c *column) setFixed(row int, v []byte) {
	copy(c.data.s[row*c.width:(row+1)*c.width], v)
	c.setValid(row)
}

// setBytes sets a STRING or BINARY; a second value of the same row wins.
func (c *column) setBytes(alloc memory.Allocator, row int, v []byte) {
	start := int(c.offs.s[row])
	c.bytes = start
	c.appendData(alloc, v)
	c.setValid(row)
}

func (c *column) appendData(alloc memory.Allocator, v []byte) {
	c.data.need(alloc, c.bytes+len(v))
	c.bytes += copy(c.data.s[c.bytes:], v)
}

// endRow closes row: what was appended since the row before belongs to it.
func (c *column) endRow(row int) {
	if c.store == sBytes {
		c.offs.s[row+1] = int32(c.bytes)
		return
	}
	c.offs.s[row+1] = int32(c.items)
}

// drop forgets what was written to row, so that the next entry can take it.
func (c *column) drop(row int) {
	if c.store == sNull {
		return
	}
	c.valid.s[row>>3] &^= 1 << (row & 7)
	switch c.store {
	case sBool:
		c.data.s[row>>3] &^= 1 << (row & 7)
	case sBytes:
		c.bytes = int(c.offs.s[row])
	case sMap64, sList32, sList64:
		c.items = int(c.offs.s[row])
	case sMapBytes:
		c.items = int(c.offs.s[row])
		c.bytes = int(c.voffs.s[c.items])
	}
}

// finish makes an array of the first n rows; the column is empty afterwards.
func (c *column) finish(n int) arrow.Array {
	var d *array.Data
	if c.store == sNull {
		return array.NewNull(n)
	}
	valid := c.valid.take((n + 7) / 8)
	switch c.store {
	case sBool:
		d = newData(c.typ, n, valid, c.data.take((n+7)/8))
	case s32:
		d = newData(c.typ, n, valid, c.v32.take(n))
	case s64:
		d = newData(c.typ, n, valid, c.v64.take(n))
	case sFixed:
		d = newData(c.typ, n, valid, c.data.take(n*c.width))
	case sBytes:
		d = newData(c.typ, n, valid, c.offs.take(n+1), c.data.take(c.bytes))
	case sList32:
		d = newNested(c.typ, n, valid, c.offs.take(n+1), newData(arrow.PrimitiveTypes.Int32, c.items, nil, c.v32.take(c.items)))
	case sList64:
		d = newNested(c.typ, n, valid, c.offs.take(n+1), newData(arrow.PrimitiveTypes.Int64, c.items, nil, c.v64.take(c.items)))
	case sMap64, sMapBytes:
		keys := newData(arrow.PrimitiveTypes.Int32, c.items, nil, c.keys.take(c.items))
		var values *array.Data
		if c.store == sMap64 {
			values = newData(arrow.PrimitiveTypes.Int64, c.items, nil, c.v64.take(c.items))
		} else {
			values = newData(arrow.BinaryTypes.Binary, c.items, nil, c.voffs.take(c.items+1), c.data.take(c.bytes))
		}
		pairs := array.NewData(c.typ.(*arrow.MapType).Elem(), c.items, []*memory.Buffer{nil}, []arrow.ArrayData{keys, values}, 0, 0)
		keys.Release()
		values.Release()
		d = newNested(c.typ, n, valid, c.offs.take(n+1), pairs)
	}
	c.items, c.bytes = 0, 0
	defer d.Release()
	return array.MakeFromData(d)
}

// release frees a column that is not going to be finished.
func (c *column) release() {
	c.valid.release()
	c.v32.release()
	c.v64.release()
	c.data.release()
	c.offs.release()
	c.keys.release()
	c.voffs.release()
}

// newData makes array data that owns the buffers, validity first; nil there is
// "no NULLs".
func newData(t arrow.DataType, n int, bufs ...*memory.Buffer) *array.Data {
	nulls := array.UnknownNullCount
	if bufs[0] == nil {
		nulls = 0
	}
	d := array.NewData(t, n, bufs, nil, nulls, 0)
	releaseAll(bufs)
	return d
}

func newNested(t arrow.DataType, n int, valid, offs *memory.Buffer, child *array.Data) *array.Data {
	bufs := []*memory.Buffer{valid, offs}
	d := array.NewData(t, n, bufs, []arrow.ArrayData{child}, array.UnknownNullCount, 0)
	releaseAll(bufs)
	child.Release()
	return d
}

func releaseAll(bufs []*memory.Buffer) {
	for _, b := range bufs {
		if b != nil {
			b.Release()
		}
	}
}
