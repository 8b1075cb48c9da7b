// Package fetch reads many files ahead of what decodes them: on an object
// store a read is tens of milliseconds of waiting and a file a few milliseconds
// of work, so that one reader per core would mostly wait.
package fetch

import (
	"context"
	"runtime"
	"strings"
	"sync"
)

// Plan says how much is under way at the same time. The zero value is right
// for local files.
type Plan struct {
	// Ahead is how many files at most are being read, wait, or are being
	// decoded; 0 is Local().
	Ahead int
	// Bytes is the most bytes of such files; one is always allowed. 0 is
	// DefaultBytes. Size says how long file i is, 0 where that is not known;
	// nil: of none.
	Bytes int64
	Size  func(i int) int64
	// Decoders is how many files are decoded at the same time; 0 is one per
	// core.
	Decoders int
}

// Remote is how many files of an object store are under way at least: one takes
// 30 ms to answer, and as many answers as two cores decode must be on their way.
const Remote = 32

// Local is how many files of a disk are under way, which are mostly in memory:
// for every core one that is decoded and one that is read.
func Local() int { return max(4, 2*runtime.GOMAXPROCS(0)) }

// DefaultBytes keeps what is read ahead a small part of a session's memory.
const DefaultBytes = 32 << 20

// Ahead is how many files of this location are to be under way.
func Ahead(location string) int {
	scheme, _, ok := strings.Cut(location, "://")
	if !ok || scheme == "file" {
		return Local()
	}
	return max(Remote, Local())
}

func (p Plan) withDefaults(n int) Plan {
	if p.Ahead <= 0 {
		p.Ahead = Local()
	}
	if p.Bytes <= 0 {
		p.Bytes = DefaultBytes
	}
	if p.Size == nil {
		p.Size = func(int) int64 { return 0 }
	}
	if p.Decoders <= 0 {
		p.Decoders = runtime.GOMAXPROCS(0)
	}
	p.Ahead, p.Decoders = min(p.Ahead, n), min(p.Decoders, n)
	return p
}

// Run calls read for 0 to n-1, begun in this order, and decode for each that
// was read, in no particular order. A decoder that is slow holds the readers
// back. It returns when all is done, or, after the first error or when ctx is
// done, when what was running has returned: that error, or ctx's cause. drop,
// if not nil, gets what was read and is not decoded any more.
func Run[T any](ctx context.Context, n int, p Plan, read func(ctx context.Context, i int) (T, error),
	decode func(ctx context.Context, i int, v T) error, drop func(T)) error {
	if n <= 0 {
		return context.Cause(ctx)
	}
	p = p.withDefaults(n)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	type item struct {
		i int
		v T
	}
	ready := make(chan item, p.Ahead) // never full: there are no more under way
	room := &room{freed: make(chan struct{}, 1), plan: p}
	var readers, decoders sync.WaitGroup
	readers.Go(func() {
		for i := range n {
			if !room.take(ctx, p.Size(i)) {
				return
			}
			readers.Go(func() {
				v, err := read(ctx, i)
				if err != nil {
					cancel(err)
					return
				}
				ready <- item{i, v}
			})
		}
	})
	for range p.Decoders {
		decoders.Go(func() {
			for it := range ready {
				if ctx.Err() != nil {
					if drop != nil {
						drop(it.v)
					}
					continue
				}
				if err := decode(ctx, it.i, it.v); err != nil {
					cancel(err)
				}
				room.give(p.Size(it.i))
			}
		})
	}
	readers.Wait()
	close(ready)
	decoders.Wait()
	return context.Cause(ctx)
}

// room is what may still be begun.
type room struct {
	plan  Plan
	freed chan struct{}

	mu    sync.Mutex
	files int
	bytes int64
}

// take waits until a file of this size may be begun; false: ctx is done. Only
// one goroutine calls it.
func (r *room) take(ctx context.Context, size int64) bool {
	for {
		r.mu.Lock()
		ok := r.files == 0 || r.files < r.plan.Ahead && r.bytes+size <= r.plan.Bytes
		if ok {
			r.files++
			r.bytes += size
		}
		r.mu.Unlock()
		if ctx.Err() != nil {
			return false
		}
		if ok {
			return true
		}
		select {
		case <-r.freed:
		case <-ctx.Done():
			return false
		}
	}
}

func (r *room) give(size int64) {
	r.mu.Lock()
	r.files--
	r.bytes -= size
	r.mu.Unlock()
	select {
	case r.freed <- struct{}{}:
	default:
	}
}
