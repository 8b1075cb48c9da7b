package manifest

import (
	"errors"
	"fmt"
)

var errDepth = fmt.Errorf("values nested more than %d deep", maxDepth)

// skip steps over one value of any type.
func (d *dec) skip(n *node, depth int) {
	if n.empty || d.err != nil {
		return
	}
	if depth > maxDepth {
		d.fail(errDepth)
		return
	}
	switch n.kind {
	case kNull:
	case kBool:
		d.fixed(1)
	case kInt, kLong:
		d.long()
	case kFloat:
		d.fixed(4)
	case kDouble:
		d.fixed(8)
	case kBytes, kString:
		d.bytes()
	case kFixed:
		d.fixed(int64(n.size))
	case kRecord:
		for _, f := range n.fields {
			d.skip(f.typ, depth+1)
		}
	case kUnion:
		if t := d.branch(n); t != nil {
			d.skip(t, depth+1)
		}
	case kArray:
		d.skipItems(n.items, depth)
	case kMap:
		for c := d.blockCount(); c > 0 && d.err == nil; c = d.blockCount() {
			for ; c > 0 && d.err == nil; c-- {
				d.bytes()
				d.skip(n.items, depth+1)
			}
		}
	}
}

// branch reads which type of a union follows; nil after an error.
func (d *dec) branch(n *node) *node {
	i := d.long()
	if d.err != nil {
		return nil
	}
	if i < 0 || i >= int64(len(n.union)) {
		d.fail(fmt.Errorf("branch %d of a union of %d", i, len(n.union)))
		return nil
	}
	return n.union[i]
}

// skipItems steps over an array. Its blocks say how many bytes they have only
// when the writer cared to; what manifests are full of, pairs of numbers and
// pairs of number and bytes, has ways of its own.
func (d *dec) skipItems(items *node, depth int) {
	if items.empty {
		d.skipEmptyItems()
		return
	}
	longs := items.longs()
	pair := items.isPair()
	for d.err == nil {
		c := d.blockCount()
		if c == 0 {
			return
		}
		switch {
		case longs > 0:
			d.skipLongs(c * int64(longs))
		case pair:
			for ; c > 0 && d.err == nil; c-- {
				d.long()
				d.bytes()
			}
		default:
			for ; c > 0 && d.err == nil; c-- {
				d.skip(items, depth+1)
			}
		}
	}
}

// skipEmptyItems: items that take no bytes may be claimed in any number.
func (d *dec) skipEmptyItems() {
	for d.err == nil {
		n := d.long()
		if n == 0 {
			return
		}
		if n < 0 {
			if size := d.long(); size != 0 {
				d.fail(errors.New("items of no bytes with a size"))
			}
		}
	}
}

// longs returns how many varints make up a value of n, 0 where other things do too.
func (n *node) longs() int {
	switch n.kind {
	case kInt, kLong:
		return 1
	case kRecord:
		if len(n.fields) > 8 {
			return 0
		}
		for _, f := range n.fields {
			if f.typ.kind != kInt && f.typ.kind != kLong {
				return 0
			}
		}
		return len(n.fields)
	}
	return 0
}

// isPair reports whether n is a record of a number and bytes.
func (n *node) isPair() bool {
	return n.kind == kRecord && len(n.fields) == 2 &&
		(n.fields[0].typ.kind == kInt || n.fields[0].typ.kind == kLong) &&
		(n.fields[1].typ.kind == kBytes || n.fields[1].typ.kind == kString)
}
