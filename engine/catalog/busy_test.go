package catalog

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// holdCatalog takes the write lock of the embedded catalog's file, as another
// process does while it commits; release gives it back.
func (f *fixture) holdCatalog() (release func()) {
	f.t.Helper()
	db, err := sql.Open("sqlite", sqliteDSN(filepath.Join(f.dir, "psyberg-warehouse", "catalog.db"), "rw", false))
	if err != nil {
		f.t.Fatal(err)
	}
	tx, err := db.BeginTx(f.ctx, nil) // _txlock=immediate: it holds the lock from here on
	if err != nil {
		f.t.Fatal(err)
	}
	return func() {
		if err := errors.Join(tx.Rollback(), db.Close()); err != nil {
			f.t.Error(err)
		}
	}
}

// TestReadersDoNotWaitForAWriter: while another process holds the catalog's
// write lock, and for as long as it likes, tables are found and listed.
func TestReadersDoNotWaitForAWriter(t *testing.T) {
	f := newFixture(t, "2")
	f.commit(Change{Mode: Append, Added: f.files("a1")})
	release := f.holdCatalog()
	defer release()
	// A reader that waited would wait for ever: the lock is given back below.
	ctx, cancel := context.WithTimeout(f.ctx, 8*time.Second) // less than SQLite's own patience
	defer cancel()
	for range 3 {
		c := f.open()
		if _, err := c.Load(ctx, "ns.t"); err != nil {
			t.Errorf("load: %v", err)
		}
		if all, err := c.List(ctx, "", nil); err != nil || len(all) != 1 {
			t.Errorf("list: %v %v", all, err)
		}
		if _, _, err := c.Existing(ctx, "ns.t", Change{Mode: Append, WapID: "s"}); err != nil {
			t.Errorf("look for what is staged: %v", err)
		}
	}
}

// TestAWriterWaitsForAWriter: a commit that meets the lock lands once it is
// given back.
func TestAWriterWaitsForAWriter(t *testing.T) {
	f := newFixture(t, "2")
	release := f.holdCatalog()
	met, done := make(chan struct{}), make(chan error)
	f.c.hooks.step = func(what string) error {
		if what == "commit" {
			close(met)
		}
		return nil
	}
	go func() {
		_, err := f.c.Commit(f.ctx, "ns.t", Change{Mode: Append, Added: f.files("a1")})
		done <- err
	}()
	<-met
	time.Sleep(50 * time.Millisecond) // well into the wait; it lands whether or not
	release()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	f.c.hooks = hooks{}
	f.want("main", "a1")
}

// TestRetriesEnd: a commit that meets a conflict every time gives up, says that
// it is one (exit 5), and leaves nothing behind.
func TestRetriesEnd(t *testing.T) {
	f := newFixture(t, "2")
	f.c.patience = 200 * time.Millisecond
	f.c.hooks.step = func(what string) error {
		if what == "after commit" { // it is not: the hook before made it fail
			return nil
		}
		if what == "commit" { // somebody else is faster, every time
			other := f.open()
			if _, err := other.Commit(f.ctx, "ns.t", Change{Mode: Append, Added: f.files("b1")}); err != nil {
				t.Error(err)
			}
		}
		return nil
	}
	_, err := f.c.Commit(f.ctx, "ns.t", Change{Mode: Append, Added: f.files("a1")})
	f.c.hooks = hooks{}
	if !errors.Is(err, ErrConflict) || !strings.Contains(err.Error(), "gave up after ") {
		t.Fatalf("error %v", err)
	}
	if strings.Contains(f.live("main"), "a1") {
		t.Errorf("it landed: %s", f.live("main"))
	}
	f.noOrphans("after the last attempt")
}
