package functions

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"psyberg/functions/manifest"
	"psyberg/functions/manifest/cache"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// manifestJob is one manifest to decode.
type manifestJob struct {
	manifest.File
	// Of is the snapshot that a change set asks about; nil elsewhere.
	Of *psyberg.Snapshot
}

// manifestScan decodes manifests in parallel, one per core, others being read
// meanwhile (functions/fetch); as many only as its consumer keeps up with, so
// that LIMIT leaves the rest unread. Batches come in no particular order.
type manifestScan struct {
	table   *surface.Table
	jobs    []manifestJob
	files   []manifest.File // of jobs
	request *manifest.Request
	filter  *fileFilter      // nil: all rows
	memory  memory.Allocator // of decoded batches
	// shape turns a decoded batch into one of the relation. It may return nil
	// for a batch with no row left. It is called by several workers at once.
	shape func(job manifestJob, in arrow.RecordBatch) (arrow.RecordBatch, error)

	ctx    context.Context
	cancel context.CancelCauseFunc
	start  sync.Once
	out    chan arrow.RecordBatch
}

// forScans is memory for batches whose rows are copied to DuckDB and then forgotten.
var forScans = &manifest.Memory{}

// newManifestScan prepares a scan; request has what filter needs already.
func newManifestScan(ctx context.Context, table *surface.Table, jobs []manifestJob, request *manifest.Request, filter *fileFilter,
	shape func(manifestJob, arrow.RecordBatch) (arrow.RecordBatch, error)) *manifestScan {
	s := &manifestScan{table: table, jobs: jobs, request: request, filter: filter, shape: shape, memory: memory.DefaultAllocator}
	for _, j := range jobs {
		s.files = append(s.files, j.File)
	}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	s.out = make(chan arrow.RecordBatch, s.Threads())
	return s
}

// Threads is a few at least: what is left for Next's caller, copying rows into
// DuckDB's vectors, is as much work as decoding.
func (s *manifestScan) Threads() int {
	return max(1, min(len(s.jobs), max(4, runtime.GOMAXPROCS(0))))
}

func (s *manifestScan) run() {
	go func() {
		defer close(s.out)
		err := s.table.Scans(s.ctx, s.files, func(int) (*manifest.Request, error) { return s.request, nil },
			func(ctx context.Context, i int, from *cache.Source) error {
				err := s.decode(ctx, s.jobs[i], from)
				if ctx.Err() != nil { // another file's error, which Scans returns
					return err
				}
				return s.fail(err)
			})
		_ = s.fail(err)
	}()
}

// fail makes Next return an error from now on; the first one counts.
func (s *manifestScan) fail(err error) error {
	if err != nil {
		s.cancel(err)
	}
	return err
}

func (s *manifestScan) decode(ctx context.Context, job manifestJob, from *cache.Source) error {
	return from.Scan(ctx, s.memory, func(in arrow.RecordBatch) error {
		kept, err := s.filter.keep(ctx, in)
		if err != nil {
			return fmt.Errorf("read manifest %q: %w", job.Path, err)
		}
		if kept == nil {
			return nil
		}
		defer kept.Release()
		out, err := s.shape(job, kept)
		if err != nil || out == nil {
			return err
		}
		if out.NumRows() == 0 {
			out.Release()
			return nil
		}
		select {
		case s.out <- out:
			return nil
		case <-ctx.Done():
			out.Release()
			return context.Cause(ctx)
		}
	})
}

func (s *manifestScan) Next(ctx context.Context) (arrow.RecordBatch, error) {
	s.start.Do(s.run)
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case batch, ok := <-s.out:
		// An error counts before batches that were ready earlier: rows after it
		// would look like a whole answer to a reader that stops early.
		if err := context.Cause(s.ctx); err != nil {
			if ok {
				batch.Release()
			}
			return nil, err
		}
		if !ok {
			return nil, io.EOF
		}
		return batch, nil
	}
}

func (s *manifestScan) Close() {
	s.cancel(context.Canceled)
	s.start.Do(s.run) // so that out is closed
	for batch := range s.out {
		batch.Release()
	}
}
