package cache

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"psyberg/functions/manifest"
)

// Cache is a folder of decoded manifests. Its methods may be called at the
// same time; other processes may use the folder too. A nil Cache is none: it
// reads and decodes.
type Cache struct {
	folder string
	limit  int64 // bytes of all files
	most   int64 // bytes of one manifest's group

	last  atomic.Pointer[plan] // of the request that was asked last
	near  *shelf               // what was read lately
	room  eviction
	stats struct{ hits, misses, damaged, written, evicted atomic.Int64 }
	made  sync.Map                // folders that are there
	fault func(what string) error // asked before each change of the folder; nil but in tests

	mu      sync.Mutex
	folders map[string]*tableFolder // by name

	drafting sync.Mutex
	drafts   map[draftKey]*encoder // of files
}

// Stats counts, since Open, what became of manifests (hits, misses) and of
// files (damaged, written, evicted).
type Stats struct{ Hits, Misses, Damaged, Written, Evicted int64 }

// DefaultLimit is the size of a cache where nothing else is said, in bytes.
const DefaultLimit = 4 << 30

// Open opens the cache in a folder, which is made if it is not there, with at
// most limit bytes of files (0 is DefaultLimit). Nothing is read yet.
func Open(folder string, limit int64) (*Cache, error) {
	if limit == 0 {
		limit = DefaultLimit
	}
	if limit < 0 {
		return nil, fmt.Errorf("open manifest cache %q: a limit of %d bytes; give one above 0, or leave the cache off", folder, limit)
	}
	// Manifests hold paths and bounds, which are data: nobody else reads them.
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("open manifest cache: %w; give another folder with --cache-dir, or 'off'", err)
	}
	return &Cache{folder: folder, limit: limit, most: min(limit/4, 64<<20), near: newShelf(min(limit, memoryLimit)),
		folders: map[string]*tableFolder{}, drafts: map[draftKey]*encoder{}}, nil
}

// Stats returns the counts so far.
func (c *Cache) Stats() Stats {
	return Stats{c.stats.hits.Load(), c.stats.misses.Load(), c.stats.damaged.Load(), c.stats.written.Load(), c.stats.evicted.Load()}
}

// Source is one manifest, ready to be scanned: found in the cache, or read.
type Source struct {
	cache  *Cache
	plan   *plan // nil: the cache has nothing to do with it
	file   manifest.File
	req    *manifest.Request
	read   func(context.Context) ([]byte, error)
	found  []*entry     // by group of plan, nil where it is missing
	folder *tableFolder // of the manifest's table; nil until it was asked
	data   []byte       // the manifest; nil where all was found
	mapped []byte       // the manifest, instead of data, until free is called
	free   func()
}

// Mapped is a Source of a manifest that no cache has to do with: data, a file that
// is mapped until free is called. It must be scanned or closed.
func Mapped(f manifest.File, req *manifest.Request, data []byte, free func()) *Source {
	return &Source{file: f, req: req, mapped: data, free: free}
}

// Fetch does the I/O of a scan of f: it looks for what req needs in the cache,
// and calls read for the manifest where that is not all there. The Source must
// be scanned or closed. req must not change any more. The error is read's.
func (c *Cache) Fetch(ctx context.Context, f manifest.File, req *manifest.Request, read func(context.Context) ([]byte, error)) (*Source, error) {
	s := &Source{cache: c, file: f, req: req, read: read}
	if c != nil && f.Length > 0 {
		s.plan = c.planFor(req)
	}
	if s.plan != nil && s.find() {
		c.stats.hits.Add(1)
		return s, nil
	}
	if s.plan != nil {
		c.stats.misses.Add(1)
	}
	var err error
	if s.data, err = read(ctx); err != nil {
		s.Close()
		return nil, err
	}
	if int64(len(s.data)) != f.Length {
		s.Close()
		s.plan = nil // not the file that the list means: Scan says what is wrong
	}
	return s, nil
}

// planFor makes the plan of a request. Scans of many manifests share one.
func (c *Cache) planFor(req *manifest.Request) *plan {
	if p := c.last.Load(); p != nil && p.request == req {
		return p
	}
	p := newPlan(req)
	if p != nil {
		c.last.Store(p)
	}
	return p
}

// find opens the files of the plan's groups; it reports whether all are there
// and belong together.
func (s *Source) find() bool {
	s.found = make([]*entry, len(s.plan.groups))
	all := true
	for i, g := range s.plan.groups {
		s.found[i] = s.look(i, g)
		if s.found[i] == nil {
			all = false
			continue
		}
		if first := s.found[0]; first != nil && !sameRows(first.index, s.found[i].index) {
			s.found[i].free()
			s.found[i], all = nil, false
		}
	}
	return all
}

// look returns the i-th group's columns, in memory or in a file, nil where they
// are in neither.
func (s *Source) look(i int, g *group) *entry {
	if k := s.cache.near.get(placeOf(s.file, g)); k != nil && k.has(s.plan.needs[i]) && (i > 0 || !s.dropsDeleted(k.index) || k.columns[statusAt] != nil) {
		return &entry{group: g, index: k.index, kept: k, free: func() {}, drop: func() {}}
	}
	if s.folder == nil {
		s.folder = s.cache.folderNamed(folderOf(s.file))
	}
	return s.folder.find(key(s.file, g), g)
}

// dropsDeleted reports whether some rows are not wanted: the status of all has
// to be looked at.
func (s *Source) dropsDeleted(core *index) bool { return core.deleted > 0 && s.plan.request.Live }

// sameRows reports whether two files have the same rows in the same batches:
// where values are huge, batches end by size.
func sameRows(a, b *index) bool {
	if a.rows != b.rows || a.deleted != b.deleted || len(a.batches) != len(b.batches) {
		return false
	}
	for i := range a.batches {
		if a.batches[i].rows != b.batches[i].rows {
			return false
		}
	}
	return true
}

// Close frees a Source that is not going to be scanned.
func (s *Source) Close() {
	if s.free != nil {
		s.free()
		s.mapped, s.free = nil, nil
	}
	for i, e := range s.found {
		if e != nil {
			e.free()
			s.found[i] = nil
		}
	}
}

// do changes something in the folder; tests let it fail.
func (c *Cache) do(what string, change func() error) error {
	if c.fault != nil {
		if err := c.fault(what); err != nil {
			return err
		}
	}
	return change()
}
