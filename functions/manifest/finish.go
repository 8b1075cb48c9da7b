package manifest

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// finish makes an array of the first n rows; the column is empty afterwards.
func (c *column) finish(alloc memory.Allocator, n int) arrow.Array {
	d := c.finishData(alloc, n)
	defer d.Release()
	return array.MakeFromData(d)
}

// finishData is finish for what needs no array of its own: a struct's members.
func (c *column) finishData(alloc memory.Allocator, n int) arrow.ArrayData {
	if c.store == sNull {
		return array.NewData(arrow.Null, n, []*memory.Buffer{nil}, nil, n, 0)
	}
	if c.absent {
		c.allNull(alloc, n)
	}
	var d *array.Data
	valid, nulls := c.takeValid(n)
	switch c.store {
	case sBool:
		d = newData(c.typ, n, nulls, valid, takeBits(&c.data, n))
	case s32:
		d = newData(c.typ, n, nulls, valid, c.v32.take(n))
	case s64:
		d = newData(c.typ, n, nulls, valid, c.v64.take(n))
	case sFixed:
		d = newData(c.typ, n, nulls, valid, c.data.take(n*c.width))
	case sBytes:
		d = newData(c.typ, n, nulls, valid, c.offs.take(n+1), c.data.take(c.bytes))
	case sList32:
		d = newNested(c.typ, n, nulls, valid, c.offs.take(n+1), newData(arrow.PrimitiveTypes.Int32, c.items, 0, nil, c.v32.take(c.items)))
	case sList64:
		d = newNested(c.typ, n, nulls, valid, c.offs.take(n+1), newData(arrow.PrimitiveTypes.Int64, c.items, 0, nil, c.v64.take(c.items)))
	case sMap64, sMapBytes:
		keys := newData(arrow.PrimitiveTypes.Int32, c.items, 0, nil, c.keys.take(c.items))
		var values *array.Data
		if c.store == sMap64 {
			values = newData(arrow.PrimitiveTypes.Int64, c.items, 0, nil, c.v64.take(c.items))
		} else {
			values = newData(arrow.BinaryTypes.Binary, c.items, 0, nil, c.voffs.take(c.items+1), c.data.take(c.bytes))
		}
		pairs := array.NewData(c.typ.(*arrow.MapType).Elem(), c.items, []*memory.Buffer{nil}, []arrow.ArrayData{keys, values}, 0, 0)
		keys.Release()
		values.Release()
		d = newNested(c.typ, n, nulls, valid, c.offs.take(n+1), pairs)
	}
	c.items, c.bytes, c.nulls, c.done, c.rows = 0, 0, 0, -1, 0
	return d
}

// takeValid hands over the validity of the first n rows, nil where none is NULL.
func (c *column) takeValid(n int) (valid *memory.Buffer, nulls int) {
	if c.nulls == 0 {
		c.valid.release()
		return nil, 0
	}
	return takeBits(&c.valid, n), c.nulls
}

// takeBits hands over n bits; those after them are cleared.
func takeBits(v *vec[uint8], n int) *memory.Buffer {
	if n&7 != 0 {
		v.s[n>>3] &= 1<<(n&7) - 1
	}
	return v.take((n + 7) / 8)
}

// allNull fills a column that the file does not have with n NULLs.
func (c *column) allNull(alloc memory.Allocator, n int) {
	c.absent = false
	c.reserve(alloc, n)
	c.absent = true
	c.reserveValid(alloc)
	clear(c.valid.s)
	clear(c.v32.s)
	clear(c.v64.s)
	clear(c.data.s)
	clear(c.offs.s)
	c.nulls = n
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
func newData(t arrow.DataType, n, nulls int, bufs ...*memory.Buffer) *array.Data {
	d := array.NewData(t, n, bufs, nil, nulls, 0)
	releaseAll(bufs)
	return d
}

func newNested(t arrow.DataType, n, nulls int, valid, offs *memory.Buffer, child *array.Data) *array.Data {
	bufs := []*memory.Buffer{valid, offs}
	d := array.NewData(t, n, bufs, []arrow.ArrayData{child}, nulls, 0)
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
