package cache

import (
	"crypto/rand"
	"os"
	"path/filepath"

	"github.com/apache/arrow-go/v18/arrow"
)

// draftSize is from how many bytes on a file is written; what a scan leaves is
// written when it ends.
const draftSize = 8 << 20

// draftKey says what may be in one file: one group of manifests of one table.
type draftKey struct{ folder, group string }

// filling is a manifest that is being decoded, one group of it.
type filling struct {
	group   *group
	batches []arrow.RecordBatch
	deleted []int64 // by batch
	size    int64
	tooBig  bool
}

// add takes a batch over.
func (f *filling) add(b arrow.RecordBatch, deleted, most int64) {
	for _, c := range b.Columns() {
		f.size += int64(c.Data().SizeInBytes())
	}
	f.batches, f.deleted = append(f.batches, b), append(f.deleted, deleted)
	if f.tooBig = f.tooBig || f.size > most; f.tooBig {
		f.release()
	}
}

func (f *filling) release() {
	for _, b := range f.batches {
		b.Release()
	}
	f.batches, f.deleted = nil, nil
}

// keep puts a group of a manifest, decoded to its end, into the draft of a
// file, and writes that where it is large enough.
func (c *Cache) keep(folder, key string, f *filling) {
	at := draftKey{folder, f.group.name}
	full := c.draft(at, key, f)
	if full != nil {
		_ = c.store(folder, full) // C5
	}
}

// draft returns a draft that is to be written, nil for none.
func (c *Cache) draft(at draftKey, key string, f *filling) *encoder {
	c.drafting.Lock()
	defer c.drafting.Unlock()
	e := c.drafts[at]
	if e == nil {
		var err error
		if e, err = newEncoder(f.group.schema); err != nil {
			return nil
		}
		c.drafts[at] = e
	}
	e.begin(key)
	for i, b := range f.batches {
		if e.add(b, f.deleted[i]) != nil { // of a kind that cannot be kept, and all that is in the draft with it
			delete(c.drafts, at)
			e.free()
			return nil
		}
	}
	if int64(e.out.Len()) < min(draftSize, c.limit/16) {
		return nil
	}
	delete(c.drafts, at)
	return e
}

// Flush writes what was decoded and is not written yet. Whoever has scanned as
// many manifests as he will for now calls it: files hold those of one scan.
func (c *Cache) Flush() {
	if c == nil {
		return
	}
	c.drafting.Lock()
	drafts := c.drafts
	c.drafts = map[draftKey]*encoder{}
	c.drafting.Unlock()
	for at, e := range drafts {
		_ = c.store(at.folder, e) // C5
	}
}

// store writes a file (C3). What goes wrong costs speed only (C5).
func (c *Cache) store(folder string, e *encoder) error {
	defer e.free()
	parts, err := e.finish()
	if err != nil {
		return err
	}
	dir := filepath.Join(c.folder, folder)
	if _, ok := c.made.Load(dir); !ok {
		if err := c.do("make folder", func() error { return os.MkdirAll(dir, 0o700) }); err != nil {
			return err
		}
		c.made.Store(dir, true)
	}
	var f *os.File
	err = c.do("create", func() (err error) {
		f, err = os.CreateTemp(dir, tempPrefix+"*")
		return err
	})
	if err != nil {
		c.made.Delete(dir) // whoever emptied the cache took the folders too
		return err
	}
	size := int64(0)
	for _, p := range parts {
		if err == nil {
			err = c.do("write", func() error { _, err := f.Write(p); return err })
		}
		size += int64(len(p))
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = c.do("rename", func() error { return os.Rename(f.Name(), filepath.Join(dir, rand.Text()+suffix)) })
	}
	if err != nil {
		_ = c.do("remove", func() error { return os.Remove(f.Name()) }) // it may never have been there
		return err
	}
	c.stats.written.Add(1)
	c.makeRoom(size)
	return nil
}
