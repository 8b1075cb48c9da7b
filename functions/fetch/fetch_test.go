package fetch

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// gauge counts what is under way, and the most that ever was.
type gauge struct{ now, most atomic.Int64 }

func (g *gauge) add(n int64) {
	now := g.now.Add(n)
	for m := g.most.Load(); now > m && !g.most.CompareAndSwap(m, now); m = g.most.Load() {
	}
}

// TestAhead: reads run ahead of a decoder as far as the plan lets them, and no
// farther; everything is decoded once.
func TestAhead(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		what     string
		plan     Plan
		inFlight int64 // at most
	}{
		{"local", Plan{}, int64(Local())},
		{"remote", Plan{Ahead: Ahead("s3://bucket/m.avro")}, int64(max(Remote, Local()))},
		{"by bytes", Plan{Ahead: Remote, Bytes: 30, Size: func(int) int64 { return 10 }}, 3},
		{"files larger than the room go one by one", Plan{Bytes: 30, Size: func(int) int64 { return 100 }}, 1},
	} {
		var reads, decodes gauge
		var mu sync.Mutex
		seen := map[int]int{}
		const n = 100
		err := Run(t.Context(), n, tc.plan, func(_ context.Context, i int) (int, error) {
			reads.add(1)
			return i * i, nil
		}, func(_ context.Context, i, v int) error {
			decodes.add(1)
			time.Sleep(time.Millisecond)
			mu.Lock()
			if v == i*i {
				seen[i]++
			}
			mu.Unlock()
			decodes.add(-1)
			reads.add(-1)
			return nil
		}, nil)
		if err != nil || len(seen) != n {
			t.Errorf("%s: %v, %d of %d decoded", tc.what, err, len(seen), n)
		}
		for i, times := range seen {
			if times != 1 {
				t.Errorf("%s: file %d was decoded %d times", tc.what, i, times)
			}
		}
		if most := reads.most.Load(); most > tc.inFlight || most < min(tc.inFlight, 2) {
			t.Errorf("%s: %d under way, want %d", tc.what, most, tc.inFlight)
		}
	}
	if Ahead("file:///w/m.avro") != Local() || Ahead("/w/m.avro") != Local() || Remote < 8 {
		t.Error("Ahead")
	}
}

// TestLatency: with 30 ms to each read, 64 reads take what two rounds of 32
// take, not 64 of one, by a clock that stands still while something runs.
func TestLatency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		err := Run(t.Context(), 64, Plan{Ahead: Remote}, func(context.Context, int) (int, error) {
			time.Sleep(30 * time.Millisecond)
			return 0, nil
		}, func(context.Context, int, int) error { return nil }, nil)
		if took := time.Since(begin); err != nil || took != 2*30*time.Millisecond {
			t.Errorf("%v after %v", err, took)
		}
	})
}

// TestErrors: the first error of either side ends all and is returned, a
// cancelled context's cause likewise; what was read and not decoded is dropped.
func TestErrors(t *testing.T) {
	t.Parallel()
	bad := errors.New("no such file")
	ctx, cancel := context.WithCancelCause(t.Context())
	var read, decoded, dropped atomic.Int64
	run := func(ctx context.Context, readErr, decodeErr error, stop func()) error {
		read.Store(0)
		decoded.Store(0)
		dropped.Store(0)
		return Run(ctx, 1000, Plan{}, func(_ context.Context, i int) (int, error) {
			if i == 20 {
				stop()
				if readErr != nil {
					return 0, readErr
				}
			}
			read.Add(1)
			return i, nil
		}, func(_ context.Context, i, _ int) error {
			decoded.Add(1)
			if i == 20 {
				return decodeErr
			}
			return nil
		}, func(int) { dropped.Add(1) })
	}
	check := func(what string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", what, err)
		}
		if read.Load() != decoded.Load()+dropped.Load() || read.Load() > 100 {
			t.Errorf("%s: %d read, %d decoded, %d dropped", what, read.Load(), decoded.Load(), dropped.Load())
		}
	}
	check("read", run(t.Context(), bad, nil, func() {}), bad)
	check("decode", run(t.Context(), nil, bad, func() {}), bad)
	why := errors.New("the user had enough")
	check("cancelled", run(ctx, nil, nil, func() { cancel(why) }), why)
	if err := Run(ctx, 0, Plan{}, func(context.Context, int) (int, error) { return 0, nil }, nil, nil); !errors.Is(err, why) {
		t.Errorf("nothing to do, cancelled: %v", err)
	}
}
