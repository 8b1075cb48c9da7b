package functions

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"psyberg/functions/manifest"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// manifestJob is one manifest to decode.
type manifestJob struct {
	manifest.File
	// Of is the snapshot that a change set asks about; nil elsewhere.
	Of *psyberg.Snapshot
}

// manifestScan decodes manifests in parallel: at most workers at a time, each
// read only when its turn comes, so that LIMIT leaves the rest unread. Batches
// come in no particular order.
type manifestScan struct {
	files   surface.Files
	jobs    []manifestJob
	request *manifest.Request
	filter  *fileFilter // nil: all rows
	// shape turns a decoded batch into one of the relation. It may return nil
	// for a batch with no row left. It is called by several workers at once.
	shape func(job manifestJob, in arrow.RecordBatch) (arrow.RecordBatch, error)

	ctx    context.Context
	cancel context.CancelCauseFunc
	next   atomic.Int64
	start  sync.Once
	out    chan arrow.RecordBatch
	done   sync.WaitGroup
}

// newManifestScan prepares a scan; request has what filter needs already.
func newManifestScan(ctx context.Context, files surface.Files, jobs []manifestJob, request *manifest.Request, filter *fileFilter,
	shape func(manifestJob, arrow.RecordBatch) (arrow.RecordBatch, error)) *manifestScan {
	s := &manifestScan{files: files, jobs: jobs, request: request, filter: filter, shape: shape}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	s.out = make(chan arrow.RecordBatch, s.workers())
	return s
}

func (s *manifestScan) workers() int { return inFlight(len(s.jobs)) }

// Threads is as many as workers: what is left for Next's caller, copying rows
// into DuckDB's vectors, is as much work as decoding.
func (s *manifestScan) Threads() int { return s.workers() }

func (s *manifestScan) run() {
	n := s.workers()
	s.done.Add(n)
	for range n {
		go func() {
			defer s.done.Done()
			for {
				i := int(s.next.Add(1)) - 1
				if i >= len(s.jobs) || s.ctx.Err() != nil {
					return
				}
				if err := s.decode(s.jobs[i]); err != nil {
					s.cancel(err)
					return
				}
			}
		}()
	}
	go func() {
		s.done.Wait()
		close(s.out)
	}()
}

func (s *manifestScan) decode(job manifestJob) error {
	// Without the list's length: of a file that was cut short, Scan says where.
	data, err := s.files.Read(s.ctx, job.Path, -1)
	if err != nil {
		return surface.ReadError("manifest", job.Path, err)
	}
	return manifest.Scan(s.ctx, job.File, data, s.request, memory.DefaultAllocator, func(in arrow.RecordBatch) error {
		kept, err := s.filter.keep(s.ctx, in)
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
		case <-s.ctx.Done():
			out.Release()
			return context.Cause(s.ctx)
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
