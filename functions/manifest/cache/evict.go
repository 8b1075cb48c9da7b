package cache

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// tempPrefix begins the names of files that are being written.
const tempPrefix = "tmp-"

// tempAge is after how long a file that is being written no longer is: its
// process has died.
const tempAge = time.Hour

// eviction is what this process knows of the folder's size.
type eviction struct {
	mu    sync.Mutex
	known bool
	size  int64 // when the folder was last looked at
	added int64 // by this process since
}

// makeRoom counts what was written, and evicts where that may be too much.
// Other processes write too: the folder is looked at again after every
// sixteenth of the limit.
func (c *Cache) makeRoom(written int64) {
	r := &c.room
	r.mu.Lock()
	defer r.mu.Unlock()
	r.added += written
	if r.known && r.size+r.added <= c.limit && r.added <= c.limit/16 {
		return
	}
	r.size, r.known, r.added = c.evict(), true, 0
}

// aged is a file that may go.
type aged struct {
	path string
	size int64
	used time.Time
}

// evict removes what was used longest ago, where there is more than the limit,
// until nine tenths of it are left, and what crashed processes have left. It
// returns the size of what stays.
func (c *Cache) evict() int64 {
	var files []aged
	total := int64(0)
	now := time.Now()
	_ = filepath.WalkDir(c.folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil //nolint:nilerr // another process was faster, or it is not ours
		}
		temp := strings.HasPrefix(d.Name(), tempPrefix)
		if !temp && !strings.HasSuffix(d.Name(), suffix) || filepath.Dir(filepath.Dir(path)) != filepath.Clean(c.folder) {
			return nil
		}
		st, err := d.Info()
		if err != nil {
			return nil //nolint:nilerr // another process was faster
		}
		if temp {
			if now.Sub(st.ModTime()) > tempAge {
				_ = c.do("remove", func() error { return os.Remove(path) }) // C5
			}
			return nil
		}
		files = append(files, aged{path, st.Size(), st.ModTime()})
		total += st.Size()
		return nil
	})
	if total <= c.limit {
		return total
	}
	slices.SortFunc(files, func(a, b aged) int { return a.used.Compare(b.used) })
	for _, f := range files {
		if total <= c.limit-c.limit/10 {
			break
		}
		// Those who read it keep it for as long.
		if err := c.do("remove", func() error { return os.Remove(f.path) }); err == nil {
			c.stats.evicted.Add(1)
			c.gone(f.path)
		}
		total -= f.size
	}
	return total
}
