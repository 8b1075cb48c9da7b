package functions

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"psyberg/functions/manifest"
	"psyberg/psyberg"
)

// auditFile is one data file that an audit looks at.
type auditFile struct {
	psyberg.File
	ranges []columnRange // of the columns asked for, in their order
	// deleted: some delete file may apply, so counts and bounds cover the rows
	// that are left, but are not theirs.
	deleted bool
}

// subject returns the data files that the audit is about: those that the
// staged snapshots added (and did not remove again), or all live ones where
// the whole table is audited. Compaction adds nothing: what it rewrote is
// still listed by the files it was written to first.
func (a *auditTarget) subject(ctx context.Context, leaves []metricsLeaf) ([]auditFile, error) {
	if a.whole {
		return a.live(ctx, leaves)
	}
	r, err := newChangeReader(a.pinned, "", leaves)
	if err != nil {
		return nil, err
	}
	counted := slices.DeleteFunc(slices.Clone(a.steps), func(s *psyberg.Snapshot) bool { return s.Operation == "replace" })
	jobs, err := addedManifests(ctx, a.pinned, counted, nil)
	if err != nil {
		return nil, err
	}
	added, removed := map[string]auditFile{}, map[string]bool{}
	var deletes []psyberg.File
	err = a.scan(ctx, r, jobs, func(job manifestJob, in arrow.RecordBatch) error {
		changes, err := r.changes(job, in)
		for _, c := range changes {
			switch {
			case c.change == psyberg.ChangeRemoved:
				removed[c.Path] = true
			case c.Content == psyberg.Data:
				added[c.Path] = auditFile{File: c.File, ranges: c.ranges}
			default:
				deletes = append(deletes, c.File)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(added, func(path string, _ auditFile) bool { return removed[path] })
	return withDeletes(added, deletes), nil
}

// live returns the live data files of the pinned snapshot.
func (a *auditTarget) live(ctx context.Context, leaves []metricsLeaf) ([]auditFile, error) {
	r, err := newChangeReader(a.pinned, "", leaves)
	if err != nil {
		return nil, err
	}
	manifests, err := manifestsOf(ctx, a.Files, a.Snapshot)
	if err != nil {
		return nil, err
	}
	var jobs []manifestJob
	for _, m := range manifests {
		if m.AddedFiles != 0 || m.ExistingFiles != 0 {
			jobs = append(jobs, manifestJob{File: m})
		}
	}
	data := map[string]auditFile{}
	var deletes []psyberg.File
	err = a.scan(ctx, r, jobs, func(_ manifestJob, in arrow.RecordBatch) error {
		b := newEntryBatch(in)
		status := b.entry(manifest.Status).(*array.Int32)
		for row := range int(in.NumRows()) {
			if psyberg.EntryStatus(status.Value(row)) == psyberg.Deleted {
				continue
			}
			f, err := r.file(b, row)
			if err != nil {
				return err
			}
			if f.Content != psyberg.Data {
				deletes = append(deletes, f)
				continue
			}
			d := auditFile{File: f}
			for _, l := range leaves {
				d.ranges = append(d.ranges, b.rangeOf(l, row))
			}
			data[f.Path] = d
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return withDeletes(data, deletes), nil
}

// scan decodes manifests in parallel and hands their batches over one at a time.
func (a *auditTarget) scan(ctx context.Context, r *changeReader, jobs []manifestJob, take func(manifestJob, arrow.RecordBatch) error) error {
	var mu sync.Mutex
	s := newManifestScan(ctx, a.Table, jobs, r.request, nil, func(job manifestJob, in arrow.RecordBatch) (arrow.RecordBatch, error) {
		mu.Lock()
		defer mu.Unlock()
		if err := take(job, in); err != nil {
			return nil, fmt.Errorf("read manifest %q: %w", job.Path, err)
		}
		return nil, nil
	})
	defer s.Close()
	for {
		batch, err := s.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		batch.Release()
	}
}

// withDeletes marks the files to which a delete file may apply, in order of path.
func withDeletes(data map[string]auditFile, deletes []psyberg.File) []auditFile {
	named := map[string]bool{}
	var others []psyberg.File
	for _, d := range deletes {
		if d.Names != "" {
			named[d.Names] = true
		} else {
			others = append(others, d)
		}
	}
	out := make([]auditFile, 0, len(data))
	for path, f := range data {
		f.deleted = named[path] || slices.ContainsFunc(others, func(d psyberg.File) bool { return d.AppliesTo(f.File) })
		out = append(out, f)
	}
	slices.SortFunc(out, func(x, y auditFile) int { return strings.Compare(x.Path, y.Path) })
	return out
}

// paths returns the locations of files; never nil, so that none means none.
func paths(files []auditFile) []string {
	out := make([]string, len(files))
	for i, f := range files {
		out[i] = f.Path
	}
	return out
}
