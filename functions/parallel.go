package functions

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// inFlight is how many of n files are read at the same time: as many as there
// are processors to decode them, and a few where there is but one, as object
// stores are slow to answer.
func inFlight(n int) int { return max(1, min(n, max(4, runtime.GOMAXPROCS(0)))) }

// inParallel calls do for 0 to n-1, several at a time, and returns the first
// error, after which no more calls begin and ctx of those running is done.
func inParallel(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range inFlight(n) {
		workers.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n || ctx.Err() != nil {
					return
				}
				if err := do(ctx, i); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}
