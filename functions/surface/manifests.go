package surface

import (
	"context"
	"fmt"
	"sync"

	"psyberg/functions/fetch"
	"psyberg/functions/manifest"
	"psyberg/functions/manifest/cache"
	"psyberg/psyberg"
)

// Manifests reads the manifest list of a snapshot; or, where a v1 snapshot
// names its manifests in metadata.json instead, the headers of those, in their
// order. None for a snapshot that has neither.
func Manifests(ctx context.Context, files Files, s *psyberg.Snapshot) ([]manifest.File, error) {
	decode, err := fetchManifests(ctx, files, s, nil)
	if err != nil {
		return nil, err
	}
	return decode()
}

// Lists is Manifests of several snapshots, by position, some being read while
// others are decoded.
func (t *Table) Lists(ctx context.Context, snapshots []*psyberg.Snapshot) ([][]manifest.File, error) {
	return t.ListsAdded(ctx, snapshots, func(*psyberg.Snapshot) AddedBy { return nil })
}

// AddedBy says of a manifest, by the snapshot that added it (manifest.Unknown
// where an old list does not say), whether it is wanted; nil wants all.
type AddedBy func(psyberg.SnapshotID) bool

// ListsAdded is Lists without the manifests that by does not want of a
// snapshot's list. A list that does not say who added what may have them too.
func (t *Table) ListsAdded(ctx context.Context, snapshots []*psyberg.Snapshot, by func(*psyberg.Snapshot) AddedBy) ([][]manifest.File, error) {
	type decoder = func() ([]manifest.File, error)
	out := make([][]manifest.File, len(snapshots))
	err := fetch.Run(ctx, len(snapshots), t.readAhead(nil), func(ctx context.Context, i int) (decoder, error) {
		return fetchManifests(ctx, t.Files, snapshots[i], by(snapshots[i]))
	}, func(_ context.Context, i int, decode decoder) (err error) {
		out[i], err = decode()
		return err
	}, nil)
	return out, err
}

// fetchManifests does the I/O of Manifests, and returns the rest.
func fetchManifests(ctx context.Context, files Files, s *psyberg.Snapshot, by AddedBy) (func() ([]manifest.File, error), error) {
	if s.ManifestList != "" {
		data, err := files.Read(ctx, s.ManifestList, -1)
		if err != nil {
			return nil, ReadError(fmt.Sprintf("manifest list of snapshot %d", s.ID), s.ManifestList, err)
		}
		noteReads(ctx, Reads{Lists: 1, Bytes: int64(len(data))})
		return func() ([]manifest.File, error) { return manifest.ReadListAdded(s.ManifestList, data, by) }, nil
	}
	var out []manifest.File
	for _, path := range s.Manifests {
		data, err := files.Read(ctx, path, -1)
		if err != nil {
			return nil, ReadError(fmt.Sprintf("manifest of snapshot %d", s.ID), path, err)
		}
		noteReads(ctx, Reads{Manifests: 1, Bytes: int64(len(data))})
		f, err := manifest.Describe(path, data)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return func() ([]manifest.File, error) { return out, nil }, nil
}

// Scans decodes manifests of the table: request says what is wanted of each,
// decode gets each one when it was read, or found decoded, in no particular
// order, one per core at a time. The first error ends all.
func (t *Table) Scans(ctx context.Context, files []manifest.File, request func(i int) (*manifest.Request, error),
	decode func(ctx context.Context, i int, from *cache.Source) error) error {
	plan := t.readAhead(func(i int) int64 { return files[i].Length })
	return fetch.Run(ctx, len(files), plan, func(ctx context.Context, i int) (*readManifest, error) {
		req, err := request(i)
		if err != nil {
			return nil, err
		}
		found := Reads{CacheHits: 1}
		defer func() { noteReads(ctx, found) }()
		m := &readManifest{}
		m.source, err = t.Manifests.Fetch(ctx, files[i], req, func(ctx context.Context) ([]byte, error) {
			// Without the list's length: of a file that was cut short, Scan says where.
			data, err := m.read(ctx, t.Files, files[i].Path)
			if err != nil {
				return nil, ReadError("manifest", files[i].Path, err)
			}
			found = Reads{Manifests: 1, Bytes: int64(len(data))}
			return data, nil
		})
		if err != nil {
			m.free()
		}
		return m, err
	}, func(ctx context.Context, i int, m *readManifest) error {
		defer m.free()
		return decode(ctx, i, m.source)
	}, func(m *readManifest) {
		m.source.Close()
		m.free()
	})
}

// readManifest is a manifest that was read, and the memory that it was read to.
type readManifest struct {
	source *cache.Source
	kept   []*[]byte
}

// readBuffers is memory for manifests, which are read, decoded and forgotten.
var readBuffers = sync.Pool{New: func() any { return new([]byte) }}

// maxReadBuffer is the largest that is kept for others.
const maxReadBuffer = 16 << 20

// read reads into memory that free gives back.
func (m *readManifest) read(ctx context.Context, files Files, path string) ([]byte, error) {
	into, ok := files.(IntoReader)
	if !ok {
		return files.Read(ctx, path, -1)
	}
	buf := readBuffers.Get().(*[]byte)
	m.kept = append(m.kept, buf)
	data, err := into.ReadInto(ctx, path, *buf)
	if err == nil && cap(data) <= maxReadBuffer {
		*buf = data
	}
	return data, err
}

// free gives the memory back: nothing that was decoded shares it.
func (m *readManifest) free() {
	for _, buf := range m.kept {
		readBuffers.Put(buf)
	}
	m.kept = nil
}

// readAhead is how files of the table are read ahead of their decoding; size
// says how long file i is, nil: nobody knows.
func (t *Table) readAhead(size func(i int) int64) fetch.Plan {
	return fetch.Plan{Ahead: fetch.Ahead(t.Location), Size: size}
}
