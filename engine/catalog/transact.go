package catalog

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/apache/iceberg-go/catalog/rest"
	"github.com/apache/iceberg-go/table"
)

// attempt is one try of a commit: what is to be changed, and what was written
// for it.
type attempt struct {
	st      *state
	hooks   hooks
	reqs    []table.Requirement
	updates []table.Update
	created []string // manifests and lists written for this attempt
	// landed tells from a table read later whether this attempt is in it.
	landed func(*state) bool
}

const (
	// commitPatience bounds how long a commit is tried again.
	commitPatience = 2 * time.Minute
	lookPatience   = 20 * time.Second
	firstBackoff   = 20 * time.Millisecond
	lastBackoff    = 2 * time.Second
)

// transact runs plan on the table as it is now and commits what it asks for,
// again from the start after every conflict (K2). plan leaves updates empty
// where nothing is to be done.
//
// iceberg-go's own retries do not work on SQL catalogs: their requirement
// check returns an error that nothing recognises as a conflict. So: after any
// error the table is read again. The attempt is in it: done. The table moved,
// or the error is one that passes: again. Anything else is final.
//
// Killed before CommitTable: orphaned manifests. Killed after: all is done.
func (c *Catalogs) transact(ctx context.Context, name string, plan func(context.Context, *attempt) error) (attempts int, err error) {
	id, err := c.target(ctx, name)
	if err != nil {
		return 0, err
	}
	unlock := c.lockTable(id)
	defer unlock()
	deadline := time.Now().Add(c.patience)
	backoff := firstBackoff
	for attempts = 1; ; attempts++ {
		again, err := c.try(ctx, id, plan)
		if !again {
			return attempts, err
		}
		if time.Now().After(deadline) {
			return attempts, fmt.Errorf("commit to %s: %w gave up after %d attempts: %w", id.plain, ErrConflict, attempts, err)
		}
		select {
		case <-ctx.Done():
			return attempts, ctx.Err()
		case <-time.After(backoff/2 + rand.N(backoff)):
		}
		backoff = min(2*backoff, lastBackoff)
	}
}

// try is one attempt; again says that it failed in a way that passes.
func (c *Catalogs) try(ctx context.Context, id ident, plan func(context.Context, *attempt) error) (again bool, err error) {
	if err := c.hooks.before(ctx, "load"); err != nil {
		return false, err
	}
	st, err := c.loadState(ctx, id)
	if err != nil {
		return passes(err), err
	}
	a := &attempt{st: st, hooks: c.hooks}
	if err := plan(ctx, a); err != nil {
		a.cleanUp()
		return false, err
	}
	if len(a.updates) == 0 {
		return false, nil
	}
	if err := c.hooks.before(ctx, "commit"); err != nil {
		a.cleanUp()
		return false, err
	}
	now, _, err := st.cat.CommitTable(ctx, id.levels(), a.reqs, a.updates)
	if hookErr := c.hooks.after("commit"); hookErr != nil && err == nil {
		err = hookErr
	}
	if err == nil {
		st.forget(now)
		return false, nil
	}
	return c.judge(ctx, a, err)
}

// forget removes metadata files that have left the table's log, where the table
// asks for it: of a catalog whose server does not, which is every one but REST,
// it is the writer's task. A file that stays is an orphan, no more.
func (st *state) forget(now table.Metadata) {
	if now == nil || !st.strict || !now.Properties().GetBool(table.MetadataDeleteAfterCommitEnabledKey, false) {
		return
	}
	kept := map[string]bool{st.loc: true}
	for e := range now.PreviousFiles() {
		kept[e.MetadataFile] = true
	}
	for e := range st.ice.PreviousFiles() {
		if !kept[e.MetadataFile] {
			_ = st.files.Remove(e.MetadataFile)
		}
	}
}

// judge decides what an error of CommitTable means (K3).
func (c *Catalogs) judge(ctx context.Context, a *attempt, cause error) (again bool, err error) {
	// Also after a cancel: whether it landed is worth knowing.
	look, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookPatience)
	defer cancel()
	now, err := c.loadState(look, a.st.id)
	if err != nil {
		return false, fmt.Errorf("commit to %s: %w, run it again under the same id: %w; then %w", a.st.id.plain, ErrUnknown, cause, err)
	}
	if a.landed(now) {
		return false, nil
	}
	definite := a.st.strict || errors.Is(cause, table.ErrCommitFailed) || refusedByServer(cause)
	if !definite {
		// A REST server may still be at it: neither delete nor send again.
		return false, fmt.Errorf("commit to %s: %w, run it again under the same id: %w", a.st.id.plain, ErrUnknown, cause)
	}
	a.cleanUp()
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if now.loc != a.st.loc || errors.Is(cause, table.ErrCommitFailed) || passes(cause) {
		return true, cause
	}
	return false, fmt.Errorf("commit to %s: %w", a.st.id.plain, cause)
}

// refusedByServer tells the answers of a REST server that say that it did
// nothing: a conflict, or a request that it does not take (a snapshot's
// sequence number that another commit has used by now is one).
func refusedByServer(err error) bool {
	for _, e := range []error{rest.ErrBadRequest, rest.ErrUnauthorized, rest.ErrForbidden, rest.ErrAuthorizationExpired} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// passes tells errors that another try may not meet.
func passes(err error) bool {
	for _, s := range []string{"SQLITE_BUSY", "SQLITE_LOCKED", "database is locked", "database table is locked",
		"40001", "40P01", "could not serialize"} {
		if strings.Contains(err.Error(), s) {
			return true
		}
	}
	return false
}

// cleanUp removes what an attempt that is known not to be in the table has
// written. A file that stays is an orphan, no more.
func (a *attempt) cleanUp() {
	for _, f := range a.created {
		_ = a.st.files.Remove(f)
	}
	a.created = nil
}

// lockTable keeps this process's own commits to one table from making each
// other try again.
func (c *Catalogs) lockTable(id ident) (unlock func()) {
	key := id.catalog + "\x00" + strings.Join(id.levels(), "\x00")
	c.tableMu.Lock()
	m, ok := c.perTable[key]
	if !ok {
		m = new(sync.Mutex)
		c.perTable[key] = m
	}
	c.tableMu.Unlock()
	m.Lock()
	return m.Unlock
}
