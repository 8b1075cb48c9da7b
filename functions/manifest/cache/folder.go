package cache

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// pack is a file that was opened. It stays so: opening one costs more than
// reading what a question wants of a small manifest.
type pack struct {
	path string
	data []byte // mapped, or read; may fail to be read, see guarded
	free func()

	// Under tableFolder.mu.
	used   time.Time // as the file says
	users  int
	closed bool // freed when nobody uses it any more
}

// tableFolder is what is kept of one table's manifests: what files there are, as of
// when it was last looked at, and which manifests they have.
type tableFolder struct {
	cache *Cache
	path  string

	mu    sync.Mutex
	stamp time.Time        // of the folder, when it was last looked at
	packs map[string]*pack // by name
	at    map[hash]found
}

// found is where the columns of one group of one manifest are.
type found struct {
	pack *pack
	located
	asked bool // before
}

// touchAfter is how old a file's time of use may get: the order in which
// files go need not be exact, and a read should not be a write.
const touchAfter = time.Minute

// tick is longer than the steps in which a file system's clock goes.
const tick = 100 * time.Millisecond

// folderNamed returns what is known of a folder.
func (c *Cache) folderNamed(name string) *tableFolder {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.folders[name]
	if f == nil {
		f = &tableFolder{cache: c, path: filepath.Join(c.folder, name), packs: map[string]*pack{}, at: map[hash]found{}}
		c.folders[name] = f
	}
	return f
}

// find returns the columns of a key, nil where there are none that are good.
func (f *tableFolder) find(key string, g *group) *entry {
	h := hashOf(key)
	f.mu.Lock()
	at, ok := f.at[h]
	if !ok && f.look() {
		at, ok = f.at[h]
	}
	if !ok {
		f.mu.Unlock()
		return nil
	}
	p, again := at.pack, at.asked
	if p.users++; !again {
		at.asked = true
		f.at[h] = at
	}
	if now := time.Now(); now.Sub(p.used) > touchAfter {
		_ = os.Chtimes(p.path, now, now) // a folder that cannot be written (C5)
		p.used = now
	}
	f.mu.Unlock()
	e := &entry{group: g, data: p.data, again: again, free: func() { f.release(p) }, drop: func() { f.drop(p) }}
	err := guarded(func() (err error) {
		e.index, err = readIndex(p.data, at.located, key, g)
		return err
	})
	if err == nil {
		return e
	}
	e.free()
	if errors.Is(err, errDamaged) {
		f.cache.stats.damaged.Add(1)
		e.drop()
	}
	return nil
}

func (f *tableFolder) release(p *pack) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p.users--; p.closed && p.users == 0 {
		p.free()
	}
}

// forget gives a file up that is damaged, or has gone; f.mu is held.
func (f *tableFolder) forget(p *pack) {
	if p.closed {
		return
	}
	p.closed = true
	delete(f.packs, filepath.Base(p.path))
	for h, at := range f.at {
		if at.pack == p {
			delete(f.at, h)
		}
	}
	if p.users == 0 {
		p.free()
	}
}

// drop removes a file that is damaged, for everybody.
func (f *tableFolder) drop(p *pack) {
	_ = f.cache.do("remove", func() error { return os.Remove(p.path) }) // C5
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forget(p)
}

// gone gives a file up that was removed.
func (c *Cache) gone(path string) {
	f := c.folderNamed(filepath.Base(filepath.Dir(path)))
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.packs[filepath.Base(path)]; p != nil {
		f.forget(p)
	}
}

// look looks for files that have come or gone, where the folder has changed
// since it was looked at last; it reports whether it has. f.mu is held.
func (f *tableFolder) look() bool {
	st, err := os.Stat(f.path)
	if err != nil || st.ModTime().Equal(f.stamp) {
		return false
	}
	files, err := os.ReadDir(f.path)
	if err != nil {
		return false
	}
	if f.stamp = st.ModTime(); time.Since(f.stamp) < tick {
		f.stamp = time.Time{} // it may change again and look the same
	}
	there := map[string]bool{}
	for _, d := range files {
		if !d.Type().IsRegular() || !strings.HasSuffix(d.Name(), suffix) || strings.HasPrefix(d.Name(), tempPrefix) {
			continue
		}
		there[d.Name()] = true
		if f.packs[d.Name()] == nil {
			f.open(d.Name())
		}
	}
	for name, p := range f.packs {
		if !there[name] {
			f.forget(p)
		}
	}
	return true
}

// open opens a file; one that is damaged is removed. f.mu is held.
func (f *tableFolder) open(name string) {
	path := filepath.Join(f.path, name)
	p, directory, err := openPack(path)
	switch {
	case err == nil:
		f.packs[name] = p
		for h, at := range directory {
			f.at[h] = found{pack: p, located: at}
		}
	case errors.Is(err, errDamaged):
		f.cache.stats.damaged.Add(1)
		_ = f.cache.do("remove", func() error { return os.Remove(path) }) // C5
	case !errors.Is(err, fs.ErrNotExist):
		f.cache.stats.damaged.Add(1)
	}
}

func openPack(path string) (*pack, map[hash]located, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = file.Close() }() // only read
	st, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	if !st.Mode().IsRegular() || st.Size() == 0 || st.Size() > 1<<40 {
		return nil, nil, errDamaged
	}
	data, free, err := mapFile(file, st.Size())
	if err != nil {
		return nil, nil, err
	}
	var directory map[hash]located
	err = guarded(func() (err error) {
		directory, err = readDirectory(data)
		return err
	})
	if err != nil {
		free()
		return nil, nil, err
	}
	return &pack{path: path, data: data, free: free, used: st.ModTime()}, directory, nil
}

// Close gives up what is open, once nobody reads it any more. The cache must not
// be asked any more.
func (c *Cache) Close() {
	if c == nil {
		return
	}
	c.Flush()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.folders {
		f.mu.Lock()
		for _, p := range f.packs {
			f.forget(p)
		}
		f.mu.Unlock()
	}
}
