package surface

import (
	"context"
	"sync"
)

// Trace collects what the functions of a statement read, call by call. A
// context carries it; where none does, nothing is counted. It is for one
// statement, and safe for its many goroutines.
type Trace struct {
	mu    sync.Mutex
	calls []*Call
}

// Call is what one call of a function read.
type Call struct {
	Function string
	Tables   []TableRead
	Reads
}

// TableRead is a table that was loaded, as it was then.
type TableRead struct {
	Name, Catalog, Location string // Location is the table's own
	Snapshot                int64  // head of the ref that was named, else of main; 0: none
	Written                 bool   // not read: Snapshot was made or published
	Level                   string // SUMMARY, MANIFESTS or LIVE, where the function had the choice
}

// Reads counts files and their bytes.
type Reads struct {
	Lists, Manifests, CacheHits int64 // hits are manifests that were found decoded
	Bytes                       int64 // of lists and manifests
}

type traceKey struct{}
type callKey struct{}

// WithTrace returns a context whose functions note what they read in t.
func WithTrace(ctx context.Context, t *Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

// WithCall returns the context of one call of a function.
func WithCall(ctx context.Context, function string) context.Context {
	t, _ := ctx.Value(traceKey{}).(*Trace)
	if t == nil {
		return ctx
	}
	c := &Call{Function: function}
	t.mu.Lock()
	t.calls = append(t.calls, c)
	t.mu.Unlock()
	return context.WithValue(ctx, callKey{}, c)
}

// SameCall returns ctx for the call that of belongs to.
func SameCall(ctx, of context.Context) context.Context {
	c, _ := of.Value(callKey{}).(*Call)
	if c == nil {
		return ctx
	}
	return context.WithValue(ctx, callKey{}, c)
}

// note changes the call of ctx; outside of a call that is the statement's own.
func note(ctx context.Context, f func(*Call)) {
	t, _ := ctx.Value(traceKey{}).(*Trace)
	if t == nil {
		return
	}
	c, _ := ctx.Value(callKey{}).(*Call)
	t.mu.Lock()
	defer t.mu.Unlock()
	if c == nil {
		for _, other := range t.calls {
			if other.Function == "" {
				c = other
			}
		}
		if c == nil {
			c = &Call{}
			t.calls = append(t.calls, c)
		}
	}
	f(c)
}

// NoteTable notes that a table was loaded.
func NoteTable(ctx context.Context, t *Table) {
	note(ctx, func(c *Call) {
		read := TableRead{Name: t.Name, Catalog: t.Catalog}
		if t.Meta != nil {
			read.Location = t.Meta.Location
			if s, err := t.Meta.Head(t.Ref); err == nil && s != nil {
				read.Snapshot = int64(s.ID)
			}
		}
		for _, known := range c.Tables {
			if known == read {
				return
			}
		}
		c.Tables = append(c.Tables, read)
	})
}

// NoteWritten notes that snapshot was made, or published, in a table; load
// finds it, and is only called where somebody wants to know. What goes wrong is
// no matter of the statement's.
func NoteWritten(ctx context.Context, snapshot int64, load func() (*Table, error)) {
	if ctx.Value(traceKey{}) == nil || snapshot == 0 {
		return
	}
	t, err := load()
	if err != nil {
		return
	}
	note(ctx, func(c *Call) {
		c.Tables = append(c.Tables, TableRead{Name: t.Name, Catalog: t.Catalog, Location: t.Meta.Location, Snapshot: snapshot, Written: true})
	})
}

// NoteLevel notes by which of the three levels of semantics.md a source's
// changes were found.
func NoteLevel(ctx context.Context, table, level string) {
	note(ctx, func(c *Call) {
		for i := range c.Tables {
			if c.Tables[i].Name == table {
				c.Tables[i].Level = level
			}
		}
	})
}

func noteReads(ctx context.Context, r Reads) {
	note(ctx, func(c *Call) {
		c.Lists += r.Lists
		c.Manifests += r.Manifests
		c.CacheHits += r.CacheHits
		c.Bytes += r.Bytes
	})
}

// Calls are the calls so far, in their order; Function is "" for what the
// statement read outside of any.
func (t *Trace) Calls() []Call {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]Call, len(t.calls))
	for i, c := range t.calls {
		out[i] = *c
		out[i].Tables = append([]TableRead(nil), c.Tables...)
	}
	return out
}

// Noting returns tables that note each table that is loaded.
func Noting(tables Tables) Tables { return noting{tables} }

type noting struct{ Tables }

func (n noting) Load(ctx context.Context, name string) (*Table, error) {
	t, err := n.Tables.Load(ctx, name)
	if err == nil {
		NoteTable(ctx, t)
	}
	return t, err
}
