package cache

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"psyberg/functions/manifest"
)

var errFault = errors.New("fault")

// TestC5_FaultAtEveryOperation: while a cache that is too small is filled, read
// and mended, its k-th change of the folder fails, or that and all after it do
// (the process is dead), for every k. Its answers are right all along, and so are
// those of the next process, which finds no half file, and clears up in time.
func TestC5_FaultAtEveryOperation(t *testing.T) {
	t.Parallel()
	const limit = 24 << 10
	all := upTo(t, 5)
	req := &manifest.Request{Columns: []manifest.Column{manifest.FilePath, manifest.RecordCount}, Bounds: []int32{1}}
	ask := func(what string, c *Cache) {
		t.Helper()
		for _, s := range all {
			rows, n, failed := direct(t, s, req)
			gr, gn, ge := through(t, c, s, req, true)
			same(t, what, gr, gn, ge, rows, n, failed)
		}
	}
	life := func(what string, c *Cache) {
		t.Helper()
		ask(what, c)
		if files := cached(t, c); len(files) > 0 {
			if err := os.Truncate(files[0], 100); err != nil {
				t.Fatal(err)
			}
		}
		ask(what, c)
	}
	done := map[string]int{}
	c := open(t, limit)
	operations := 0
	c.fault = func(what string) error { operations++; done[what]++; return nil }
	life("no fault", c)
	for _, what := range []string{"make folder", "create", "write", "rename", "remove"} {
		if done[what] == 0 {
			t.Errorf("no operation %q: the test is too small, or the hook is gone: %v", what, done)
		}
	}
	cases, left := 0, 0
	for k := 1; k <= operations; k++ {
		for _, dies := range []bool{false, true} {
			c := open(t, limit)
			at, passed := "", 0
			c.fault = func(what string) error {
				if passed++; passed == k || dies && passed > k {
					if passed == k {
						at = what
					}
					return errFault
				}
				return nil
			}
			life(at, c)
			cases++
			next, err := Open(c.folder, limit)
			if err != nil {
				t.Fatal(err)
			}
			next.near = newShelf(0)
			before := leftovers(t, c)
			left += len(before)
			if len(before) > 0 && !dies && at != "remove" {
				t.Errorf("operation %d (%s) fails: left over %v", k, at, before)
			}
			old := time.Now().Add(-2 * tempAge)
			for _, path := range before {
				if err := os.Chtimes(path, old, old); err != nil {
					t.Fatal(err)
				}
			}
			ask("the next process", next)
			// The damaged file itself may be there still, where it could not be removed.
			if n := next.Stats().Damaged; n > 1 {
				t.Errorf("operation %d (%s), dies %v: %d damaged files", k, at, dies, n)
			}
			next.evict()
			if after := leftovers(t, c); len(after) > 0 {
				t.Errorf("operation %d (%s), dies %v: still left over %v", k, at, dies, after)
			}
		}
	}
	t.Logf("%d cases: %d operations, each failing and dying; %d files left over and cleared", cases, operations, left)
	if left == 0 {
		t.Error("no process that died left a file: the test does nothing")
	}
}

func leftovers(t *testing.T, c *Cache) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(c.folder, "*", tempPrefix+"*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}
