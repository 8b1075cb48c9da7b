package surface

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"psyberg/functions/fetch"
	"psyberg/functions/manifest"
	"psyberg/psyberg"
)

// list is a manifest list that was read, and not decoded yet; or, where a v1
// snapshot names its manifests in metadata.json instead, the headers of those,
// in their order. A snapshot that has neither has none.
type list struct {
	name    string
	data    []byte
	headers []manifest.File // where data is nil
}

// readList does the I/O for the list of a snapshot.
func readList(ctx context.Context, files Files, s *psyberg.Snapshot) (list, error) {
	if s.ManifestList != "" {
		data, err := files.Read(ctx, s.ManifestList, -1)
		if err != nil {
			return list{}, ReadError(fmt.Sprintf("manifest list of snapshot %d", s.ID), s.ManifestList, err)
		}
		noteReads(ctx, Reads{Lists: 1, Bytes: int64(len(data))})
		return list{name: s.ManifestList, data: data}, nil
	}
	var out list
	for _, path := range s.Manifests {
		data, err := files.Read(ctx, path, -1)
		if err != nil {
			return out, ReadError(fmt.Sprintf("manifest of snapshot %d", s.ID), path, err)
		}
		noteReads(ctx, Reads{Manifests: 1, Bytes: int64(len(data))})
		f, err := manifest.Describe(path, data)
		if err != nil {
			return out, err
		}
		out.headers = append(out.headers, f)
	}
	return out, nil
}

// manifests decodes the manifests that wanted accepts, by who added them; nil
// wants all. Those of a list that does not say so may be there too.
func (l list) manifests(wanted func(psyberg.SnapshotID) bool) ([]manifest.File, error) {
	if l.name == "" {
		return l.headers, nil
	}
	return manifest.ReadListAdded(l.name, l.data, wanted)
}

// Manifests reads the manifests of a snapshot's list.
func Manifests(ctx context.Context, files Files, s *psyberg.Snapshot) ([]manifest.File, error) {
	l, err := readList(ctx, files, s)
	if err != nil {
		return nil, err
	}
	return l.manifests(nil)
}

// Lists is Manifests of several snapshots, by position, some being read while
// others are decoded. Snapshots that share a list (as a property-only commit of
// PyIceberg makes them) have it read once; none are of a nil snapshot.
func (t *Table) Lists(ctx context.Context, snapshots []*psyberg.Snapshot) ([][]manifest.File, error) {
	decoded, err := t.decodeLists(ctx, snapshots, func(_ *psyberg.Snapshot, l list) ([]manifest.File, error) { return l.manifests(nil) })
	if err != nil {
		return nil, err
	}
	out := make([][]manifest.File, len(snapshots))
	for i, s := range snapshots {
		if s != nil {
			out[i] = decoded[listKey(s)]
		}
	}
	return out, nil
}

// decodeLists reads the lists of snapshots and returns what decode makes of
// each, by listKey; decode is called by several at the same time.
func (t *Table) decodeLists(ctx context.Context, snapshots []*psyberg.Snapshot, decode func(*psyberg.Snapshot, list) ([]manifest.File, error)) (map[string][]manifest.File, error) {
	seen := map[string]bool{}
	var todo []*psyberg.Snapshot
	for _, s := range snapshots {
		if s != nil && !seen[listKey(s)] {
			seen[listKey(s)] = true
			todo = append(todo, s)
		}
	}
	lists := make([][]manifest.File, len(todo))
	err := fetch.Run(ctx, len(todo), t.readAhead(nil), func(ctx context.Context, i int) (list, error) {
		return readList(ctx, t.Files, todo[i])
	}, func(_ context.Context, i int, l list) (err error) {
		lists[i], err = decode(todo[i], l)
		return err
	}, nil)
	if err != nil {
		return nil, err
	}
	out := make(map[string][]manifest.File, len(todo))
	for i, s := range todo {
		out[listKey(s)] = lists[i]
	}
	return out, nil
}

// listKey is what a snapshot's list is known by: its location, or the
// snapshot itself where it has none.
func listKey(s *psyberg.Snapshot) string {
	if s.ManifestList != "" {
		return s.ManifestList
	}
	return fmt.Sprintf("snapshot %d", s.ID)
}

// ListReader reads manifest lists of one table, each at most once. It is not
// for use by several at the same time.
type ListReader struct {
	table *Table
	keep  string // the key of a list that is kept, whatever is read of it first
	kept  list
	whole map[string][]manifest.File             // by listKey
	added map[psyberg.SnapshotID][]manifest.File // by who added them
}

// NewListReader returns a reader of lists of t. Of the snapshot head (nil: of
// none) everything may be asked for after what it added.
func NewListReader(t *Table, head *psyberg.Snapshot) *ListReader {
	r := &ListReader{table: t, whole: map[string][]manifest.File{}, added: map[psyberg.SnapshotID][]manifest.File{}}
	if head != nil {
		r.keep = listKey(head)
	}
	return r
}

// Of returns all manifests of a snapshot; none where it is nil.
func (r *ListReader) Of(ctx context.Context, s *psyberg.Snapshot) ([]manifest.File, error) {
	if s == nil {
		return nil, nil
	}
	key := listKey(s)
	files, known := r.whole[key]
	if known {
		return files, nil
	}
	var err error
	if key == r.keep && (r.kept.name != "" || r.kept.headers != nil) {
		files, err = r.kept.manifests(nil)
		r.kept = list{}
	} else {
		files, err = Manifests(ctx, r.table.Files, s)
	}
	if err == nil {
		r.whole[key] = files
	}
	return files, err
}

// Added returns, by position, the manifests that each snapshot itself added.
// Those of v1 lists that do not say who added them may be there too: their
// entries tell.
//
// A list has all manifests of its table, so not each snapshot's is read. The
// last one's still has what the snapshots before it added, unless that was
// rewritten since: where it has as many files and rows as a snapshot's summary
// counts, nothing was, because a list cannot have more of a snapshot's manifests
// than the snapshot wrote. Where it has not, the snapshot's own list is read.
func (r *ListReader) Added(ctx context.Context, snapshots []*psyberg.Snapshot) ([][]manifest.File, error) {
	var todo []*psyberg.Snapshot
	asked := map[psyberg.SnapshotID]bool{manifest.Unknown: true}
	for _, s := range snapshots {
		if _, known := r.added[s.ID]; !known && !asked[s.ID] {
			asked[s.ID] = true
			todo = append(todo, s)
		}
	}
	wanted := func(added psyberg.SnapshotID) bool { return asked[added] }
	var first []*psyberg.Snapshot
	for i, s := range todo {
		if _, ok := countsOf(s); !ok || i == len(todo)-1 {
			first = append(first, s)
		}
	}
	if err := r.readAdded(ctx, first, todo, wanted); err != nil {
		return nil, err
	}
	rest := slices.DeleteFunc(todo, func(s *psyberg.Snapshot) bool { _, known := r.added[s.ID]; return known })
	if err := r.readAdded(ctx, rest, rest, wanted); err != nil {
		return nil, err
	}
	out := make([][]manifest.File, len(snapshots))
	for i, s := range snapshots {
		out[i] = r.added[s.ID]
	}
	return out, nil
}

// readAdded reads lists, and takes from them what they tell of the snapshots
// of todo.
func (r *ListReader) readAdded(ctx context.Context, of, todo []*psyberg.Snapshot, wanted func(psyberg.SnapshotID) bool) error {
	var mu sync.Mutex
	lists, err := r.table.decodeLists(ctx, of, func(s *psyberg.Snapshot, l list) ([]manifest.File, error) {
		if listKey(s) == r.keep {
			mu.Lock()
			r.kept = l
			mu.Unlock()
		}
		return l.manifests(wanted)
	})
	if err != nil {
		return err
	}
	adders := make(map[string]map[psyberg.SnapshotID][]manifest.File, len(lists))
	for key, files := range lists {
		by := map[psyberg.SnapshotID][]manifest.File{}
		for _, f := range files {
			by[f.AddedSnapshotID] = append(by[f.AddedSnapshotID], f)
		}
		adders[key] = by
	}
	for _, s := range todo {
		if own, read := lists[listKey(s)]; read {
			files := []manifest.File{}
			for _, f := range own {
				if f.AddedSnapshotID == s.ID || f.AddedSnapshotID == manifest.Unknown {
					files = append(files, f)
				}
			}
			r.added[s.ID] = files
			continue
		}
		want, ok := countsOf(s)
		for _, by := range adders {
			if files := by[s.ID]; ok && want.all(files) {
				r.added[s.ID] = files
				break
			}
		}
	}
	return nil
}

// counts is what a snapshot added, by its summary.
type counts struct {
	data, deletes, rows int64
	hasRows             bool // of data files
}

// countsOf returns the counts of an append; false where the summary has none,
// and for every other operation: it may have removed files, and the manifests that
// tell which are gone with the next commit. That a summary names no removed file
// is no proof; that an append removed none is the format's own rule.
func countsOf(s *psyberg.Snapshot) (c counts, ok bool) {
	if s.Operation != "append" {
		return c, false
	}
	number := func(key string) (int64, bool) {
		text, there := s.Summary.Lookup(key)
		if !there {
			return 0, false
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			n = -1 // no count of files is
		}
		return n, true
	}
	c.data, _ = number("added-data-files")
	c.deletes, _ = number("added-delete-files")
	c.rows, c.hasRows = number("added-records")
	return c, c.data >= 0 && c.deletes >= 0 && c.data+c.deletes > 0
}

// all reports whether files have all that was added, and nothing removed.
func (c counts) all(files []manifest.File) bool {
	for _, f := range files {
		if f.AddedFiles < 0 || f.DeletedFiles != 0 || c.hasRows && f.Content == manifest.ContentData && f.AddedRows < 0 {
			return false
		}
		if f.Content == manifest.ContentDeletes {
			c.deletes -= f.AddedFiles
			continue
		}
		c.data -= f.AddedFiles
		c.rows -= f.AddedRows
	}
	return c.data == 0 && c.deletes == 0 && (c.rows == 0 || !c.hasRows)
}
