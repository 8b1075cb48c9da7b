package rows

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// element is a SchemaElement of a Parquet footer, the fields that say how
// columns nest.
type element struct {
	name          string
	fieldID       int64 // -1: none
	children      int64
	isList, isMap bool
}

// maxElements is how many columns, nested ones counted, a file may have.
const maxElements = 1 << 20

// compact reads Thrift's compact protocol: what a Parquet footer is written in.
// The first error stays; after it everything reads as zero.
type compact struct {
	b   []byte
	err error
}

var errFooterShort = errors.New("the footer is cut short")

func (c *compact) fail(err error) {
	if c.err == nil {
		c.err = err
	}
	c.b = nil
}

func (c *compact) byte() byte {
	if len(c.b) == 0 {
		c.fail(errFooterShort)
		return 0
	}
	v := c.b[0]
	c.b = c.b[1:]
	return v
}

func (c *compact) uvarint() uint64 {
	v, n := binary.Uvarint(c.b)
	if n <= 0 {
		c.fail(errFooterShort)
		return 0
	}
	c.b = c.b[n:]
	return v
}

func (c *compact) varint() int64 {
	v := c.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

func (c *compact) bytes() []byte { return c.take(c.uvarint()) }

func (c *compact) take(n uint64) []byte {
	if n > uint64(len(c.b)) {
		c.fail(errFooterShort)
		return nil
	}
	v := c.b[:n]
	c.b = c.b[n:]
	return v
}

// Types of the compact protocol.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
)

// each calls fn for every field of a struct until the struct ends; fn reads
// the value, or returns false to have it skipped.
func (c *compact) each(depth int, fn func(id int64, typ byte) bool) {
	if depth > maxNesting {
		c.fail(errors.New("the footer's structs nest too deeply"))
		return
	}
	id := int64(0)
	for c.err == nil {
		head := c.byte()
		if head == 0 || c.err != nil {
			return
		}
		if delta := int64(head >> 4); delta != 0 {
			id += delta
		} else {
			id = c.varint()
		}
		if typ := head & 15; !fn(id, typ) {
			c.skip(typ, depth, false)
		}
	}
}

// skip passes over a value. Booleans that are elements take a byte, those that
// are fields none.
func (c *compact) skip(typ byte, depth int, inList bool) {
	if c.err != nil {
		return
	}
	switch typ {
	case thriftTrue, thriftFalse:
		if inList {
			c.byte()
		}
	case thriftByte:
		c.byte()
	case thriftI16, thriftI32, thriftI64:
		c.uvarint()
	case thriftDouble:
		c.take(8)
	case thriftBinary:
		c.bytes()
	case thriftList, thriftSet:
		n, elem := c.list()
		for i := uint64(0); i < n && c.err == nil; i++ {
			c.skip(elem, depth+1, true)
		}
	case thriftMap:
		n := c.uvarint()
		if n == 0 {
			return
		}
		kinds := c.byte()
		for i := uint64(0); i < n && c.err == nil; i++ {
			c.skip(kinds>>4, depth+1, true)
			c.skip(kinds&15, depth+1, true)
		}
	case thriftStruct:
		c.each(depth+1, func(int64, byte) bool { return false })
	default:
		c.fail(fmt.Errorf("the footer has a value of the unknown type %d", typ))
	}
	if depth > maxNesting {
		c.fail(errors.New("the footer's values nest too deeply"))
	}
}

// list reads a list's length and its elements' type.
func (c *compact) list() (n uint64, typ byte) {
	head := c.byte()
	if n = uint64(head >> 4); n == 15 {
		n = c.uvarint()
	}
	return n, head & 15
}

// schemaElements returns the schema of a footer (FileMetaData, field 2), in the
// file's order. What comes after it is not read.
func schemaElements(footer []byte) ([]element, error) {
	c := &compact{b: footer}
	var out []element
	found := false
	c.each(0, func(id int64, typ byte) bool {
		if id != 2 || typ != thriftList || found {
			return false
		}
		found = true
		n, elem := c.list()
		if elem != thriftStruct || n > maxElements {
			c.fail(fmt.Errorf("the footer's schema is a list of %d values of type %d", n, elem))
			return true
		}
		for range n {
			e := c.element()
			if c.err != nil {
				return true
			}
			out = append(out, e)
		}
		c.b = []byte{0} // the end of the struct: row groups are of no interest
		return true
	})
	if c.err == nil && !found {
		c.err = errors.New("the footer has no schema")
	}
	return out, c.err
}

// element reads one SchemaElement.
func (c *compact) element() element {
	e := element{fieldID: -1}
	c.each(1, func(id int64, typ byte) bool {
		switch {
		case id == 4 && typ == thriftBinary:
			e.name = string(c.bytes())
		case id == 5 && typ == thriftI32:
			e.children = c.varint()
		case id == 6 && typ == thriftI32: // ConvertedType: MAP, MAP_KEY_VALUE, LIST
			switch c.varint() {
			case 1, 2:
				e.isMap = true
			case 3:
				e.isList = true
			}
		case id == 9 && typ == thriftI32:
			e.fieldID = c.varint()
		case id == 10 && typ == thriftStruct: // LogicalType, a union
			c.each(2, func(id int64, _ byte) bool {
				e.isMap = e.isMap || id == 2
				e.isList = e.isList || id == 3
				return false
			})
		default:
			return false
		}
		return true
	})
	return e
}
