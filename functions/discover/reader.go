package discover

import (
	"context"

	"psyberg/functions/manifest"
	"psyberg/functions/manifest/cache"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// reader reads the manifest lists and manifests of one table, each at most
// once (D3).
type reader struct {
	table   *surface.Table
	decoder *decoder
	lists   *surface.ListReader
	entries map[string][]psyberg.Entry // by manifest path
}

// newReader returns a reader; head is the snapshot whose live files may be
// asked for, nil: none is.
func newReader(t *surface.Table, head *psyberg.Snapshot, d *decoder) *reader {
	return &reader{table: t, decoder: d, lists: surface.NewListReader(t, head), entries: map[string][]psyberg.Entry{}}
}

// added returns the manifests that the snapshots themselves added, and that
// hold a change. Those of v1 lists that do not say who added them may: their
// entries tell.
func (r *reader) added(ctx context.Context, snapshots []*psyberg.Snapshot) ([]manifest.File, error) {
	lists, err := r.lists.Added(ctx, snapshots)
	if err != nil {
		return nil, err
	}
	var out []manifest.File
	for _, files := range lists {
		for _, f := range files {
			if !(f.AddedFiles == 0 && f.DeletedFiles == 0) {
				out = append(out, f)
			}
		}
	}
	return out, nil
}

// live returns the manifests of a snapshot that hold live files, of data or
// (with deletes) of both.
func (r *reader) live(ctx context.Context, s *psyberg.Snapshot, deletes bool) ([]manifest.File, error) {
	files, err := r.lists.Of(ctx, s)
	if err != nil {
		return nil, err
	}
	var out []manifest.File
	for _, f := range files {
		if (deletes || f.Content == manifest.ContentData) && !(f.AddedFiles == 0 && f.ExistingFiles == 0) {
			out = append(out, f)
		}
	}
	return out, nil
}

// read returns the entries of manifests, in the order of files, each manifest
// once. Some are read ahead of those being decoded; the first error ends all.
func (r *reader) read(ctx context.Context, files []manifest.File) ([]psyberg.Entry, error) {
	var todo []manifest.File
	asked := map[string]bool{}
	for _, f := range files {
		if _, known := r.entries[f.Path]; !known && !asked[f.Path] {
			todo = append(todo, f)
		}
		asked[f.Path] = true
	}
	if err := r.fetch(ctx, todo); err != nil {
		return nil, err
	}
	var out []psyberg.Entry
	for _, f := range files {
		if asked[f.Path] {
			out = append(out, r.entries[f.Path]...)
			asked[f.Path] = false
		}
	}
	return out, nil
}

func (r *reader) fetch(ctx context.Context, files []manifest.File) error {
	results := make([][]psyberg.Entry, len(files))
	err := r.table.Scans(ctx, files, func(i int) (*manifest.Request, error) { return r.decoder.request(files[i]) },
		func(ctx context.Context, i int, from *cache.Source) (err error) {
			results[i], err = r.decoder.entries(ctx, files[i], from)
			return err
		})
	if err != nil {
		return err
	}
	for i, f := range files {
		r.entries[f.Path] = results[i]
	}
	return nil
}

// liveEntries returns the entries of a snapshot's live files.
func (r *reader) liveEntries(ctx context.Context, files []manifest.File) ([]psyberg.Entry, error) {
	all, err := r.read(ctx, files)
	if err != nil {
		return nil, err
	}
	out := make([]psyberg.Entry, 0, len(all))
	for _, e := range all {
		if e.Status != psyberg.Deleted {
			out = append(out, e)
		}
	}
	return out, nil
}
