package cache

import (
	"container/list"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"

	"psyberg/functions/manifest"
)

// shelf keeps columns, in memory, that were read from files and checked, so that a
// question that a process asks for the third time needs no file at all. What is
// asked once is not kept, as most processes ask once: memory that is used for the
// first time costs more than what is read into it. It holds copies (C2): nothing that happens
// to a file changes them.
type shelf struct {
	limit int64 // bytes

	mu    sync.Mutex
	size  int64
	kept  map[place]*kept
	order *list.List // of *kept, who was used last first
}

// memoryLimit is how many bytes of columns are kept in memory at most.
const memoryLimit = 256 << 20

// place is what key says, to be compared and not to be written.
type place struct {
	path                              string
	length, sequence, snapshot, first int64
	spec                              int32
	content                           manifest.Content
	hasFirst                          bool
	group                             string
}

func placeOf(f manifest.File, g *group) place {
	p := place{path: f.Path, length: f.Length, sequence: int64(f.Sequence), snapshot: int64(f.AddedSnapshotID), spec: f.SpecID, content: f.Content, group: g.name}
	if f.FirstRowID != nil {
		p.first, p.hasFirst = *f.FirstRowID, true
	}
	return p
}

// arrayCost is about what an array takes beside its values, in bytes.
const arrayCost = 512

// kept is columns of one group of one manifest. It never changes, but for its
// place in the order.
type kept struct {
	place   place
	index   *index
	columns map[int][]arrow.Array // by column of the group, then by batch
	size    int64
	element *list.Element
}

func (k *kept) has(columns []int) bool {
	for _, c := range columns {
		if k.columns[c] == nil {
			return false
		}
	}
	return true
}

func newShelf(limit int64) *shelf {
	return &shelf{limit: limit, kept: map[place]*kept{}, order: list.New()}
}

// get returns what is kept at a place, nil where that is nothing. Its arrays
// are on Go's heap, and the shelf never releases them: they are good for as long
// as anybody has them.
func (m *shelf) get(at place) *kept {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.kept[at]
	if k != nil {
		m.order.MoveToFront(k.element)
	}
	return k
}

// put keeps columns, and what of the same place is kept already, and gives up
// what was used longest ago where that is too much. It takes the arrays over.
func (m *shelf) put(at place, x *index, columns map[int][]arrow.Array) {
	add := &kept{place: at, index: x, columns: columns}
	m.mu.Lock()
	defer m.mu.Unlock()
	if before := m.kept[at]; before != nil {
		if sameRows(before.index, x) {
			for c, arrays := range before.columns {
				if add.columns[c] == nil {
					add.columns[c] = arrays
				}
			}
		}
		m.remove(before)
	}
	for _, arrays := range add.columns {
		for _, a := range arrays {
			add.size += int64(a.Data().SizeInBytes()) + arrayCost
		}
	}
	if add.size > m.limit/4 {
		return
	}
	add.element = m.order.PushFront(add)
	m.kept[at] = add
	for m.size += add.size; m.size > m.limit; {
		m.remove(m.order.Back().Value.(*kept))
	}
}

func (m *shelf) drop(at place) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k := m.kept[at]; k != nil {
		m.remove(k)
	}
}

func (m *shelf) remove(k *kept) {
	m.order.Remove(k.element)
	delete(m.kept, k.place)
	m.size -= k.size
}
