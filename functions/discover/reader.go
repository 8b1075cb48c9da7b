package discover

import (
	"context"
	"fmt"

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
	lists   map[string][]manifest.File // by listKey
	entries map[string][]psyberg.Entry // by manifest path
	// own are the snapshots whose own manifests are all that is ever asked of
	// lists, but for that of the snapshot head; nil: lists are read whole.
	own  map[psyberg.SnapshotID]bool
	head *psyberg.Snapshot
}

// expect says what lists will be asked for: what the snapshots of w added, and
// what is live at its end. A list has all manifests of the table, a commit adds
// a few.
func (r *reader) expect(w *psyberg.Window, head *psyberg.Snapshot) {
	r.own, r.head = map[psyberg.SnapshotID]bool{manifest.Unknown: true}, head
	for _, snapshots := range [][]psyberg.WindowSnapshot{w.Snapshots, w.Withdrawn} {
		for _, s := range snapshots {
			r.own[s.ID] = true
		}
	}
}

// wanted is what is wanted of the list of a snapshot.
func (r *reader) wanted(s *psyberg.Snapshot) surface.AddedBy {
	if r.own == nil || r.head != nil && listKey(s) == listKey(r.head) {
		return nil
	}
	return func(added psyberg.SnapshotID) bool { return r.own[added] }
}

func newReader(t *surface.Table, d *decoder) *reader {
	return &reader{table: t, decoder: d, lists: map[string][]manifest.File{}, entries: map[string][]psyberg.Entry{}}
}

// readLists reads the manifest lists of snapshots, those that are not known
// yet. Snapshots may share one.
func (r *reader) readLists(ctx context.Context, snapshots []*psyberg.Snapshot) error {
	var todo []*psyberg.Snapshot
	asked := map[string]bool{}
	for _, s := range snapshots {
		if key := listKey(s); !asked[key] && r.lists[key] == nil {
			asked[key] = true
			todo = append(todo, s)
		}
	}
	lists, err := r.table.ListsAdded(ctx, todo, r.wanted)
	if err != nil {
		return err
	}
	for i, s := range todo {
		r.lists[listKey(s)] = lists[i]
	}
	return nil
}

// listKey is what a snapshot's list is known by: its location, or the
// snapshot itself where it has none.
func listKey(s *psyberg.Snapshot) string {
	if s.ManifestList != "" {
		return s.ManifestList
	}
	return fmt.Sprintf("snapshot %d", s.ID)
}

// added returns the manifests that the snapshots themselves added, and that
// hold a change. Those of v1 lists that do not say who added them may: their
// entries tell.
func (r *reader) added(ctx context.Context, snapshots []*psyberg.Snapshot) ([]manifest.File, error) {
	if err := r.readLists(ctx, snapshots); err != nil {
		return nil, err
	}
	var out []manifest.File
	for _, s := range snapshots {
		for _, f := range r.lists[listKey(s)] {
			own := f.AddedSnapshotID == s.ID || f.AddedSnapshotID == manifest.Unknown
			if own && !(f.AddedFiles == 0 && f.DeletedFiles == 0) {
				out = append(out, f)
			}
		}
	}
	return out, nil
}

// live returns the manifests of a snapshot that hold live files, of data or
// (with deletes) of both.
func (r *reader) live(ctx context.Context, s *psyberg.Snapshot, deletes bool) ([]manifest.File, error) {
	if s == nil {
		return nil, nil
	}
	if err := r.readLists(ctx, []*psyberg.Snapshot{s}); err != nil {
		return nil, err
	}
	var out []manifest.File
	for _, f := range r.lists[listKey(s)] {
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
