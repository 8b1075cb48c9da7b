package functions

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"

	"psyberg/functions/manifest"
	"psyberg/functions/meta"
	"psyberg/functions/rows"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// rowsPlan is one call of iceberg_rows being planned.
type rowsPlan struct {
	ctx       context.Context
	p         *pinned
	schema    *meta.Schema
	filter    *fileFilter // nil: no where
	condition string      // of rows, in SQL
}

// rowsPart is the data files that are read with the deletes of one snapshot.
type rowsPart struct {
	data    []rows.DataFile
	deletes []rows.DeleteFile
}

// parts finds the files to read: those live in the pinned snapshot, or the
// ones asked for, each with the deletes of the last snapshot it was live in.
func (r *rowsPlan) parts(args surface.Args) ([]rowsPart, error) {
	wanted, some, err := r.wanted(args)
	if err != nil {
		return nil, err
	}
	live, err := r.live(r.p.Snapshot, wanted, some)
	if err != nil {
		return nil, err
	}
	parts := []rowsPart{live}
	if !some {
		return parts, nil
	}
	for _, f := range live.data {
		delete(wanted, plainLocation(f.Path))
	}
	gone, err := r.gone(wanted)
	if err != nil {
		return nil, err
	}
	if len(live.data) == 0 && len(gone) > 0 {
		return gone, nil
	}
	return append(parts, gone...), nil
}

// plainLocation is the one spelling by which paths of files are compared.
func plainLocation(location string) string {
	if rest, ok := strings.CutPrefix(location, "file:"); ok {
		return "/" + strings.TrimLeft(rest, "/")
	}
	return location
}

// wanted returns the data files that the call names, by files or by two
// snapshots; some is false where it is all that are live.
func (r *rowsPlan) wanted(args surface.Args) (paths map[string]bool, some bool, err error) {
	files, named, err := args.Texts("files")
	if err != nil {
		return nil, false, err
	}
	from, hasFrom, err := args.Int("from_snapshot_id")
	if err != nil {
		return nil, false, err
	}
	_, hasTo, err := args.Int("to_snapshot_id")
	if err != nil {
		return nil, false, err
	}
	paths = map[string]bool{}
	switch {
	case named && (hasFrom || hasTo):
		return nil, false, fmt.Errorf("read rows of table %q: files, and from_snapshot_id or to_snapshot_id, are given; give one of them", r.p.Name)
	case named:
		for _, f := range files {
			paths[plainLocation(f)] = true
		}
		return paths, true, nil
	case hasFrom || hasTo:
		a := surface.Args{Positional: []any{r.p.Name, nil}}
		if hasFrom {
			a.Positional[1] = from
		}
		window, err := changeWindow(r.p, a)
		if err != nil {
			return nil, false, err
		}
		return paths, true, r.addedIn(window, paths)
	}
	return nil, false, nil
}

// addedIn collects the data files that the snapshots added and did not take
// away again. Compactions neither add rows nor take any away.
func (r *rowsPlan) addedIn(window []*psyberg.Snapshot, paths map[string]bool) error {
	window = slices.Clone(window)
	window = slices.DeleteFunc(window, func(s *psyberg.Snapshot) bool {
		class, _ := psyberg.Classify(s)
		return class == psyberg.ClassReplace
	})
	jobs, err := addedManifests(r.ctx, r.p, window, nil)
	if err != nil {
		return err
	}
	jobs = slices.DeleteFunc(jobs, func(j manifestJob) bool { return j.Content != manifest.ContentData })
	net := map[string]int{}
	err = r.each(jobs, false, nil, func(job manifestJob, e rowsEntry) error {
		switch {
		case e.snapshot != job.Of.ID:
		case e.status == psyberg.Added:
			net[plainLocation(e.path)]++
		case e.status == psyberg.Deleted:
			net[plainLocation(e.path)]--
		}
		return nil
	})
	for path, n := range net {
		if n > 0 {
			paths[path] = true
		}
	}
	return err
}

// live reads the live files of a snapshot: of the data files only those wanted,
// and no delete where no data file is.
func (r *rowsPlan) live(s *psyberg.Snapshot, wanted map[string]bool, some bool) (rowsPart, error) {
	var part rowsPart
	if s == nil || some && len(wanted) == 0 {
		return part, nil
	}
	files, err := manifestsOf(r.ctx, r.p.Files, s)
	if err != nil {
		return part, err
	}
	var data, deletes []manifestJob
	for _, f := range files {
		switch {
		case f.AddedFiles == 0 && f.ExistingFiles == 0 || !r.filter.manifest(f):
		case f.Content == manifest.ContentData:
			data = append(data, manifestJob{File: f})
		default:
			deletes = append(deletes, manifestJob{File: f})
		}
	}
	err = r.each(data, true, r.filter, func(_ manifestJob, e rowsEntry) error {
		if some && !wanted[plainLocation(e.path)] {
			return nil
		}
		f, err := e.dataFile()
		part.data = append(part.data, f)
		return err
	})
	if err != nil || len(part.data) == 0 {
		return part, err
	}
	// The same SQL for the same call: batches come in any order.
	slices.SortFunc(part.data, func(a, b rows.DataFile) int { return strings.Compare(a.Path, b.Path) })
	part.deletes, err = r.deletes(deletes)
	return part, err
}

func (r *rowsPlan) deletes(jobs []manifestJob) ([]rows.DeleteFile, error) {
	var out []rows.DeleteFile
	err := r.each(jobs, true, r.filter, func(_ manifestJob, e rowsEntry) error {
		f, err := e.deleteFile()
		out = append(out, f)
		return err
	})
	slices.SortFunc(out, func(a, b rows.DeleteFile) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.Offset, b.Offset))
	})
	return out, err
}

// gone finds files that are no longer live: by the ancestor that removed each,
// in whose parent it was live last. wanted is empty afterwards.
func (r *rowsPlan) gone(wanted map[string]bool) ([]rowsPart, error) {
	if len(wanted) == 0 || r.p.Snapshot == nil {
		return nil, r.unknown(wanted)
	}
	var parts []rowsPart
	for s := range r.p.Meta.Ancestors(r.p.Snapshot.ID) {
		if len(wanted) == 0 {
			break
		}
		jobs, err := addedManifests(r.ctx, r.p, []*psyberg.Snapshot{s}, nil)
		if err != nil {
			return nil, err
		}
		jobs = slices.DeleteFunc(jobs, func(j manifestJob) bool { return j.Content != manifest.ContentData || j.DeletedFiles == 0 })
		var part rowsPart
		err = r.each(jobs, false, nil, func(_ manifestJob, e rowsEntry) error {
			path := plainLocation(e.path)
			if e.status != psyberg.Deleted || e.snapshot != s.ID || !wanted[path] {
				return nil
			}
			delete(wanted, path)
			keep, err := e.wantedBy(r.filter)
			if err != nil || !keep {
				return err
			}
			f, err := e.dataFile()
			part.data = append(part.data, f)
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(part.data) == 0 {
			continue
		}
		if part.deletes, err = r.deletesBefore(s); err != nil {
			return nil, err
		}
		slices.SortFunc(part.data, func(a, b rows.DataFile) int { return strings.Compare(a.Path, b.Path) })
		parts = append(parts, part)
	}
	return parts, r.unknown(wanted)
}

// deletesBefore reads the deletes of the parent of s. v1 tables have none.
func (r *rowsPlan) deletesBefore(s *psyberg.Snapshot) ([]rows.DeleteFile, error) {
	if r.p.Meta.FormatVersion == 1 || !s.HasParent {
		return nil, nil
	}
	parent, ok := r.p.byID[s.Parent]
	if !ok {
		return nil, fmt.Errorf("read files that snapshot %d of table %q removed: its parent %d has expired, so which deletes applied to them is not known; read the files that replaced them [PSY_EXPIRED_GAP]",
			s.ID, r.p.Name, s.Parent)
	}
	files, err := manifestsOf(r.ctx, r.p.Files, parent)
	if err != nil {
		return nil, err
	}
	var jobs []manifestJob
	for _, f := range files {
		if f.Content == manifest.ContentDeletes && !(f.AddedFiles == 0 && f.ExistingFiles == 0) {
			jobs = append(jobs, manifestJob{File: f})
		}
	}
	return r.deletes(jobs)
}

// unknown is the error about files that no retained snapshot has.
func (r *rowsPlan) unknown(wanted map[string]bool) error {
	if len(wanted) == 0 {
		return nil
	}
	names := sortedKeys(wanted)
	more := ""
	if len(names) > 1 {
		more = fmt.Sprintf(" and %d more", len(names)-1)
	}
	return fmt.Errorf("read rows of table %q: data file %q%s is in none of the pinned snapshot's retained ancestors; list files with iceberg_files or psyberg_files", r.p.Name, names[0], more)
}

// each decodes manifests, side by side, and calls fn for every entry, one at a
// time.
func (r *rowsPlan) each(jobs []manifestJob, live bool, filter *fileFilter, fn func(manifestJob, rowsEntry) error) error {
	if len(jobs) == 0 {
		return nil
	}
	tuples := newTupleReader(r.p.Meta)
	request := &manifest.Request{Live: live, Columns: []manifest.Column{
		manifest.Status, manifest.SnapshotID, manifest.SequenceNumber, manifest.FileContent, manifest.FilePath, manifest.FileFormat,
		manifest.SpecID, manifest.Partition, manifest.RecordCount, manifest.FileSizeInBytes, manifest.KeyMetadata, manifest.EqualityIDs,
		manifest.ReferencedDataFile, manifest.ContentOffset, manifest.ContentSizeInBytes,
	}}
	request.Partition, _ = partitionRequest(tuples.unified)
	var identity []int32
	for _, u := range tuples.unified {
		if u.Transform.Kind == meta.TransformIdentity {
			identity = append(identity, int32(u.SourceID))
		}
	}
	requestRanges(request, identity)
	r.filter.request(request)
	var mu sync.Mutex
	scan := newManifestScan(r.ctx, r.p.Table, jobs, request, filter, func(job manifestJob, in arrow.RecordBatch) (arrow.RecordBatch, error) {
		b := newEntryBatch(in)
		mu.Lock()
		defer mu.Unlock()
		for row := range int(in.NumRows()) {
			if err := fn(job, newRowsEntry(b, row, tuples, identity)); err != nil {
				return nil, fmt.Errorf("read manifest %q: %w", job.Path, err)
			}
		}
		return nil, nil
	})
	defer scan.Close()
	_, err := scan.Next(r.ctx)
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
