package functions

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"psyberg/functions/surface"
)

// In these tests the memory of batches that were released is spoilt: whoever
// reads a row of one that he did not retain gets a wrong answer.
func init() { forScans.Spoil() }

// slow is a catalog whose manifests take a while, and which counts how many
// are being read at the same time.
type slow struct {
	*warehouse
	delay        time.Duration
	now, most, n atomic.Int64
}

func (s *slow) Load(ctx context.Context, name string) (*surface.Table, error) {
	t, err := s.warehouse.Load(ctx, name)
	if err == nil {
		t.Files = s
	}
	return t, err
}

func (s *slow) Read(ctx context.Context, location string, size int64) ([]byte, error) {
	s.n.Add(1)
	now := s.now.Add(1)
	defer s.now.Add(-1)
	for m := s.most.Load(); now > m && !s.most.CompareAndSwap(m, now); m = s.most.Load() {
	}
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-time.After(s.delay):
	}
	return s.warehouse.Read(ctx, location, size)
}

// open binds and opens iceberg_files of the table of 60 manifests.
func (s *slow) open(t *testing.T, ctx context.Context) surface.Scan {
	t.Helper()
	rel, err := find(t, s, "iceberg_files").Bind(ctx, named("conf.many_manifests"))
	if err != nil {
		t.Fatal(err)
	}
	scan, err := rel.Open(ctx, []int{0, 1})
	if err != nil {
		t.Fatal(err)
	}
	s.n.Store(0)
	return scan
}

// TestScanParallel: several manifests are in flight, several goroutines take
// batches, and together they get every row once.
func TestScanParallel(t *testing.T) {
	s := &slow{warehouse: openWarehouse(t, "pyiceberg"), delay: 2 * time.Millisecond}
	scan := s.open(t, t.Context())
	defer scan.Close()
	if scan.Threads() < 2 {
		t.Fatalf("%d threads", scan.Threads())
	}
	var rows atomic.Int64
	var takers sync.WaitGroup
	for range scan.Threads() {
		takers.Go(func() {
			for {
				batch, err := scan.Next(t.Context())
				if errors.Is(err, io.EOF) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				rows.Add(batch.NumRows())
				batch.Release()
			}
		})
	}
	takers.Wait()
	if rows.Load() != 11945 || s.n.Load() != 60 || s.most.Load() < 2 {
		t.Errorf("%d rows of %d manifests, at most %d at a time", rows.Load(), s.n.Load(), s.most.Load())
	}
}

// TestScanStreams: who stops early (LIMIT) leaves the other manifests unread,
// and nothing runs on after Close.
func TestScanStreams(t *testing.T) {
	s := &slow{warehouse: openWarehouse(t, "pyiceberg"), delay: time.Millisecond}
	before := runtime.NumGoroutine()
	scan := s.open(t, t.Context())
	batch, err := scan.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	batch.Release()
	scan.Close()
	if n := s.n.Load(); n > int64(4*scan.Threads()) {
		t.Errorf("%d manifests read for one batch", n)
	}
	// A scan that is closed before anybody asked reads nothing.
	idle := s.open(t, t.Context())
	idle.Close()
	for end := time.Now().Add(2 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines more than before", n-before)
	}
}

// TestScanCancelled: Next returns soon after the statement is cancelled, with
// the reason, though a manifest takes for ever.
func TestScanCancelled(t *testing.T) {
	s := &slow{warehouse: openWarehouse(t, "pyiceberg")}
	ctx, cancel := context.WithCancelCause(t.Context())
	scan := s.open(t, ctx)
	defer scan.Close()
	s.delay = time.Hour
	why := errors.New("the user had enough")
	time.AfterFunc(20*time.Millisecond, func() { cancel(why) })
	begin := time.Now()
	_, err := scan.Next(ctx)
	if !errors.Is(err, why) || time.Since(begin) > 5*time.Second {
		t.Errorf("after %v: %v", time.Since(begin), err)
	}
	// Functions that read everything when opened stop likewise.
	ctx, cancel = context.WithCancelCause(t.Context())
	time.AfterFunc(20*time.Millisecond, func() { cancel(why) })
	rel, err := find(t, s, "iceberg_partitions").Bind(ctx, named("conf.many_manifests"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rel.Open(ctx, []int{0}); !errors.Is(err, why) {
		t.Errorf("iceberg_partitions: %v", err)
	}
}

// TestScanReleases: filtered or not, nothing of Arrow's memory stays.
func TestScanReleases(t *testing.T) {
	checked := memory.NewCheckedAllocator(memory.DefaultAllocator)
	old := memory.DefaultAllocator
	memory.DefaultAllocator = checked
	defer func() { memory.DefaultAllocator = old }()
	w := openWarehouse(t, "spark")
	for _, f := range []string{"iceberg_files", "iceberg_entries", "iceberg_partitions", "iceberg_changes"} {
		for _, table := range []string{"conf.part_evolve", "conf.ops_mor_v2", "conf.types_all"} {
			for _, where := range []any{nil, "id > 3"} {
				if table == "conf.types_all" {
					where = nil
				}
				if _, err := tryCall(find(t, w, f), argsOf(f, table, "where", where)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	checked.AssertSize(t, 0)
}
