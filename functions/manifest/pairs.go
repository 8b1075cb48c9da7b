package manifest

import (
	"fmt"
	"sort"

	"github.com/apache/arrow-go/v18/arrow/memory"
)

// A manifest keeps a map by field id as an array of records of key and value.

// pairs describes such an array as a writer declares it.
type pairs struct {
	plain  bool // key, then value, neither optional, nothing else
	bytes  bool // values are bytes, else numbers
	fields []pairField
}

type pairField struct {
	role    int // 0 key, 1 value, 2 neither
	present func(*dec) bool
	typ     *node
}

func (f *field) pairs(n *node) (*pairs, error) {
	if n.kind != kArray || n.items.kind != kRecord {
		return nil, fmt.Errorf("field %s (%d): %v in the file, array of key and value expected", f.name, f.id, n.kind)
	}
	p := &pairs{plain: n.items.isPair() || n.items.longs() == 2}
	roles := map[int]int{}
	for i, m := range n.items.fields {
		role := map[string]int{"key": 0, "value": 1}
		r, ok := role[m.name]
		if !ok || roles[r] > 0 {
			r = 2
		}
		roles[r]++
		p.plain = p.plain && r == i
		pf := pairField{role: r, typ: m.typ}
		if r < 2 {
			var err error
			if pf.present, pf.typ, err = optionalReader(m); err != nil {
				return nil, fmt.Errorf("field %s (%d): %w", f.name, f.id, err)
			}
			number := pf.typ.kind == kInt || pf.typ.kind == kLong
			p.bytes = p.bytes || r == 1 && !number
			if !number && (r == 0 || pf.typ.kind != kBytes && pf.typ.kind != kString) {
				return nil, fmt.Errorf("field %s (%d): %s is %v", f.name, f.id, m.name, pf.typ.kind)
			}
		}
		p.fields = append(p.fields, pf)
	}
	if roles[0] == 0 || roles[1] == 0 {
		return nil, fmt.Errorf("field %s (%d): records without key or value", f.name, f.id)
	}
	return p, nil
}

// next reads one pair; ok is false where key or value is null.
func (p *pairs) next(d *dec) (key int32, num int64, val []byte, ok bool) {
	if p.plain {
		key = d.int()
		if p.bytes {
			return key, 0, d.bytes(), true
		}
		return key, d.long(), nil, true
	}
	ok = true
	for i := range p.fields {
		f := &p.fields[i]
		switch {
		case f.role == 2:
			d.skip(f.typ, 1)
		case !f.present(d):
			ok = false
		case f.role == 0:
			key = d.int()
		case p.bytes:
			val = d.bytes()
		default:
			num = d.long()
		}
	}
	return key, num, val, ok
}

// pick says which keys of a map become columns of their own.
type pick struct {
	key int32
	col int
}

// mapStep reads one map: whole into column all (-1: not wanted), and picked
// keys into theirs. Picks are sorted by key.
func (p *pairs) mapStep(all int, picks []pick) step {
	return func(d *dec, s *scanner) {
		var whole *column
		if all >= 0 {
			whole = &s.cols[all]
			whole.drop(s.row) // the fast way may have left something
		}
		for n := d.blockCount(); n > 0 && d.err == nil; n = d.blockCount() {
			for ; n > 0 && d.err == nil; n-- {
				key, num, val, ok := p.next(d)
				if !ok || d.err != nil {
					continue
				}
				if whole != nil {
					whole.appendPair(s.alloc, key, num, val)
				}
				if i := find(picks, key); i >= 0 {
					if c := &s.cols[picks[i].col]; p.bytes {
						c.setBytes(s.alloc, s.row, val)
					} else {
						c.set64(s.row, num)
						c.done = s.row
					}
				}
			}
		}
		if d.err != nil {
			return
		}
		if whole != nil {
			whole.endItems(s.row)
			whole.checkKeys(d, s.row)
		}
		s.missing(picks)
	}
}

// find returns the pick of a key, or -1. Few are picked, of many keys.
func find(picks []pick, key int32) int {
	if len(picks) <= 8 {
		for i := range picks {
			if picks[i].key == key {
				return i
			}
		}
		return -1
	}
	i := sort.Search(len(picks), func(i int) bool { return picks[i].key >= key })
	if i < len(picks) && picks[i].key == key {
		return i
	}
	return -1
}

func (c *column) appendPair(alloc memory.Allocator, key int32, num int64, val []byte) {
	c.keys.need(alloc, c.items+1)
	c.keys.s[c.items] = key
	if c.store == sMap64 {
		c.v64.need(alloc, c.items+1)
		c.v64.s[c.items] = num
		c.items++
		return
	}
	c.appendData(alloc, val)
	c.items++
	c.voffs.need(alloc, c.items+1)
	c.voffs.s[c.items] = int32(c.bytes)
}

// checkKeys refuses a map with a key twice: what reads our batches may rely
// on keys being unique. Most writers sort them, then it is one pass.
func (c *column) checkKeys(d *dec, row int) {
	keys := c.keys.s[c.offs.s[row]:c.items]
	sorted := true
	for i := 1; i < len(keys); i++ {
		sorted = sorted && keys[i-1] < keys[i]
	}
	if sorted {
		return
	}
	if k, ok := c.findTwice(keys); ok {
		d.fail(fmt.Errorf("field id %d twice in a map", k))
	}
}

// twice reports whether one of the keys is there twice.
func (c *column) twice(keys []int32) bool { _, ok := c.findTwice(keys); return ok }

// findTwice returns the first key that was there before.
func (c *column) findTwice(keys []int32) (int32, bool) {
	if c.seen == nil {
		c.seen = map[int32]struct{}{}
	}
	clear(c.seen)
	for _, k := range keys {
		if _, twice := c.seen[k]; twice {
			return k, true
		}
		c.seen[k] = struct{}{}
	}
	return 0, false
}
