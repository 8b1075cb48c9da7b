package discover

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// failing fails the k-th read of a file below a table.
type failing struct {
	surface.Files
	k     int64
	reads *atomic.Int64
	cause error
	fail  func()
}

func (f failing) Read(ctx context.Context, location string, size int64) ([]byte, error) {
	if f.reads.Add(1) == f.k {
		if f.fail != nil {
			f.fail()
		}
		if f.cause != nil {
			return nil, f.cause
		}
	}
	return f.Files.Read(ctx, location, size)
}

// Whichever read fails, the whole discovery fails and says which file; it
// never answers with less.
func TestEveryReadMayFail(t *testing.T) {
	w := openWarehouse(t, "spark")
	table := w.usable(t)["conf.ops_mor_v2"]
	files := table.Files
	from := table.Meta.Snapshots[0].ID
	req := Request{Want: WantFiles, Sources: sources(t, "conf.ops_mor_v2|ts"), FromSnapshot: &from, WithPreexisting: true}
	var reads atomic.Int64
	ask := func(ctx context.Context, k int64, cause error, fail func()) (*Result, error) {
		reads.Store(0)
		table.Files = failing{files, k, &reads, cause, fail}
		return Run(ctx, Deps{Tables: loaded{"conf.ops_mor_v2": table}}, req)
	}
	whole, err := ask(context.Background(), -1, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	total := reads.Load()
	if total < 10 {
		t.Fatalf("only %d reads", total)
	}
	gone := errors.New("connection reset")
	for k := range total {
		if _, err := ask(context.Background(), k+1, gone, nil); !errors.Is(err, gone) || !strings.Contains(err.Error(), ".avro") {
			t.Errorf("read %d of %d fails: %v", k+1, total, err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		if _, err := ask(ctx, k+1, nil, cancel); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled at read %d of %d: %v", k+1, total, err)
		}
		cancel()
	}
	again, err := ask(context.Background(), -1, nil, nil)
	if err != nil || show(again.Sources[0].Changes.Partitions) != show(whole.Sources[0].Changes.Partitions) {
		t.Errorf("afterwards: %v", err)
	}
	var kinds = map[psyberg.Content]int{}
	for _, f := range whole.Sources[0].Changes.Files {
		kinds[f.Content]++
	}
	if kinds[psyberg.Data] == 0 || kinds[psyberg.PositionDeletes] == 0 {
		t.Errorf("files %v: the window is too plain to mean anything", kinds)
	}
}
