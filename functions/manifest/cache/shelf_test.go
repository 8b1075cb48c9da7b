package cache

import (
	"os"
	"sync"
	"testing"

	"psyberg/functions/manifest"
)

// TestC6_Shelf: what was read from files is answered from memory, with the
// same rows, and without the files.
func TestC6_Shelf(t *testing.T) {
	t.Parallel()
	c := openBoth(t, 0)
	for _, s := range upTo(t, 40) {
		for _, req := range requests(t, s) {
			rows, n, failed := direct(t, s, req)
			if failed != "" {
				continue
			}
			for _, how := range []string{"cold", "from files", "from files again", "from memory"} {
				gr, gn, ge := through(t, c, s, req, how == "cold")
				same(t, s.Path+" "+how, gr, gn, ge, rows, n, failed)
			}
		}
	}
	for _, path := range cached(t, c) {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range upTo(t, 40) {
		for _, req := range requests(t, s) {
			rows, n, failed := direct(t, s, req)
			if failed == "" {
				gr, gn, ge := through(t, c, s, req, false)
				same(t, s.Path+" without files", gr, gn, ge, rows, n, failed)
			}
		}
	}
}

// TestC6_Room: the shelf holds what it may, the latest, whatever is asked by
// how many at a time.
func TestC6_Room(t *testing.T) {
	t.Parallel()
	c := openBoth(t, 0)
	const limit = 40 << 10
	c.near = newShelf(limit)
	all := upTo(t, 60)
	var workers sync.WaitGroup
	for w := range 4 {
		workers.Go(func() {
			for i := range 3 * len(all) {
				s := all[(i+w)%len(all)]
				req := &manifest.Request{Columns: []manifest.Column{manifest.RecordCount, manifest.FilePath}, Live: i%2 == 0}
				_, want, _ := direct(t, s, req)
				if _, n, failed := through(t, c, s, req, true); failed != "" || n != want {
					t.Errorf("%s: %d rows, %s; want %d", s.Path, n, failed, want)
				}
			}
		})
	}
	workers.Wait()
	size := int64(0)
	for at, k := range c.near.kept {
		if k.place != at || k.element.Value != k {
			t.Errorf("%v is not where it should be", at)
		}
		size += k.size
	}
	if size != c.near.size || size > limit || size < limit/2 || c.near.order.Len() != len(c.near.kept) {
		t.Errorf("%d bytes, said to be %d, of %d; %d of %d in order", size, c.near.size, limit, c.near.order.Len(), len(c.near.kept))
	}
}
