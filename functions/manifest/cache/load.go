package cache

import (
	"bytes"
	"hash/crc32"
	"runtime/debug"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// entry is a group of a manifest that was found in a file, and whose index was read.
type entry struct {
	group *group
	data  []byte // of the file; may fail to be read, see guarded
	index *index
	free  func()
	drop  func() // removes the file

	again bool                  // it was found before: what is loaded is worth keeping
	kept  *kept                 // where it is in memory: there is no data
	fresh map[int][]arrow.Array // by column: what was loaded, by batch; not owned
}

// guarded calls f, which reads mapped memory: a disk that fails, or somebody
// who cuts the file short, is then an error and not the end of the process.
func guarded(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if recover() != nil {
			err = errDamaged
		}
	}()
	return f()
}

// load returns one column of one batch: a copy that was checked, in alloc's
// memory unless it is kept.
func (e *entry) load(alloc memory.Allocator, batch, column int) (arrow.Array, error) {
	if e.kept != nil {
		a := e.kept.columns[column][batch]
		a.Retain()
		return a, nil
	}
	if e.again {
		alloc = nil // what is kept is never released
	}
	a, err := e.read(alloc, batch, column)
	if err != nil || !e.again {
		return a, err
	}
	if e.fresh == nil {
		e.fresh = map[int][]arrow.Array{}
	}
	if len(e.fresh[column]) == batch { // not for the second time: status may be
		e.fresh[column] = append(e.fresh[column], a)
		a.Retain() // for the shelf, which never releases it
	}
	return a, nil
}

// read is load of what is in no memory; alloc nil is Go's heap, for good.
func (e *entry) read(alloc memory.Allocator, batch, column int) (a arrow.Array, err error) {
	err = guarded(func() error {
		b := &e.index.batches[batch]
		l := &loader{
			alloc:   alloc,
			data:    e.data,
			nodes:   b.nodes[e.group.nodes[column]:e.group.nodes[column+1]],
			buffers: b.buffers[e.group.buffers[column]:e.group.buffers[column+1]],
		}
		if l.nodes[0].length != b.rows {
			return errDamaged
		}
		copied, err := l.copy()
		defer func() {
			for _, b := range copied {
				b.Release()
			}
		}()
		if err != nil {
			return err
		}
		l.copied = copied
		d := l.array(e.group.schema.Field(column).Type)
		if l.bad {
			return errDamaged
		}
		defer d.Release()
		a = array.MakeFromData(d)
		return nil
	})
	return a, err
}

// loader makes an array of a column's nodes and buffers, in Arrow's order:
// a node and its buffers, then those of its children.
type loader struct {
	alloc   memory.Allocator
	data    []byte
	nodes   []node
	buffers []buffer
	copied  []*memory.Buffer // by buffer
	bad     bool
}

// copy takes the buffers over and checks the copies (C2).
func (l *loader) copy() (copied []*memory.Buffer, err error) {
	total := int64(0)
	for _, b := range l.buffers {
		total += b.length
	}
	if total > int64(len(l.data)) {
		return nil, errDamaged // buffers lie over each other
	}
	copied = make([]*memory.Buffer, 0, len(l.buffers))
	for _, b := range l.buffers {
		part := l.clone(l.data[b.offset : b.offset+b.length])
		copied = append(copied, part)
		if crc32.Checksum(part.Bytes(), castagnoli) != b.sum {
			return copied, errDamaged
		}
	}
	return copied, nil
}

func (l *loader) clone(b []byte) *memory.Buffer {
	if l.alloc == nil || len(b) == 0 {
		return memory.NewBufferBytes(bytes.Clone(b)) // never zeroed first
	}
	out := memory.NewResizableBuffer(l.alloc)
	out.ResizeNoShrink(len(b))
	copy(out.Bytes(), b)
	return out
}

func (l *loader) node() node {
	n := l.nodes[0]
	l.nodes = l.nodes[1:]
	return n
}

// buffer takes the next buffer, which must have at least so many bytes.
func (l *loader) buffer(least int64) *memory.Buffer {
	b := l.copied[0]
	l.copied = l.copied[1:]
	if int64(b.Len()) < least {
		l.bad = true
	}
	return b
}

// valid takes the buffer of the bits that say which values are there.
func (l *loader) valid(n node) *memory.Buffer {
	if n.nulls == 0 {
		l.buffer(0)
		return nil
	}
	return l.buffer((n.length + 7) / 8)
}

// offsets takes the buffer of n+1 offsets into size values.
func (l *loader) offsets(n int64) (b *memory.Buffer, last int64) {
	if n == 0 {
		l.buffer(0)
		return memory.NewBufferBytes(make([]byte, 4)), 0
	}
	raw := l.buffer(4 * (n + 1))
	if l.bad {
		return nil, 0
	}
	before := int32(0)
	for _, v := range arrow.Int32Traits.CastFromBytes(raw.Bytes()[:4*(n+1)]) {
		if v < before {
			l.bad = true
			return nil, 0
		}
		before = v
	}
	return raw, int64(before)
}

// array makes the data of the next array, nil where l.bad.
func (l *loader) array(t arrow.DataType) arrow.ArrayData {
	n := l.node()
	switch t := t.(type) {
	case *arrow.NullType:
		return l.data0(t, n, []*memory.Buffer{nil})
	case *arrow.StringType, *arrow.BinaryType:
		valid := l.valid(n)
		offs, last := l.offsets(n.length)
		return l.data0(t, n, []*memory.Buffer{valid, offs, l.buffer(last)})
	case *arrow.MapType:
		return l.nested(t, t.Elem(), n)
	case *arrow.ListType:
		return l.nested(t, t.Elem(), n)
	case *arrow.StructType:
		valid := l.valid(n)
		var children []arrow.ArrayData
		for _, f := range t.Fields() {
			c := l.array(f.Type)
			if l.bad || int64(c.Len()) != n.length {
				l.bad = true
				return nil
			}
			children = append(children, c)
		}
		return l.data0(t, n, []*memory.Buffer{valid}, children...)
	case arrow.FixedWidthDataType:
		valid := l.valid(n)
		return l.data0(t, n, []*memory.Buffer{valid, l.buffer((n.length*int64(t.BitWidth()) + 7) / 8)})
	}
	l.bad = true
	return nil
}

func (l *loader) nested(t, elem arrow.DataType, n node) arrow.ArrayData {
	valid := l.valid(n)
	offs, last := l.offsets(n.length)
	child := l.array(elem)
	if l.bad || int64(child.Len()) < last {
		l.bad = true
		return nil
	}
	return l.data0(t, n, []*memory.Buffer{valid, offs}, child)
}

func (l *loader) data0(t arrow.DataType, n node, buffers []*memory.Buffer, children ...arrow.ArrayData) arrow.ArrayData {
	defer func() {
		for _, c := range children {
			c.Release()
		}
	}()
	if l.bad {
		return nil
	}
	return array.NewData(t, int(n.length), buffers, children, int(n.nulls), 0)
}
