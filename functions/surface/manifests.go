package surface

import (
	"context"
	"sync"

	"psyberg/functions/fetch"
	"psyberg/functions/manifest"
	"psyberg/functions/manifest/cache"
)

// Scans decodes manifests of the table: request says what is wanted of each,
// decode gets each one when it was read, or found decoded, in no particular
// order, one per core at a time. The first error ends all.
func (t *Table) Scans(ctx context.Context, files []manifest.File, request func(i int) (*manifest.Request, error),
	decode func(ctx context.Context, i int, from *cache.Source) error) error {
	defer t.Manifests.Flush()
	maps := &fetch.Mappings{Worth: manifest.IsPlain}
	defer maps.Close()
	plan := t.readAhead(func(i int) int64 { return files[i].Length })
	return fetch.Run(ctx, len(files), plan, func(ctx context.Context, i int) (*readManifest, error) {
		req, err := request(i)
		if err != nil {
			return nil, err
		}
		found := Reads{CacheHits: 1}
		defer func() { noteReads(ctx, found) }()
		m := &readManifest{}
		data, free, err := t.mapped(files[i], maps)
		if err != nil {
			return nil, ReadError("manifest", files[i].Path, err)
		}
		if data != nil {
			found = Reads{Manifests: 1, Bytes: int64(len(data))}
			m.source = cache.Mapped(files[i], req, data, free)
			return m, nil
		}
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

// mapped returns a manifest mapped that is long and not compressed, and that no
// cache is to keep; nil for any other. What is compressed is decoded out of another
// place: it is short, and would be in memory twice.
func (t *Table) mapped(f manifest.File, maps *fetch.Mappings) (data []byte, free func(), err error) {
	files, ok := t.Files.(Mapper)
	if !ok || t.Manifests != nil || f.Length < fetch.LongFile {
		return nil, nil, nil
	}
	return files.Map(f.Path, maps)
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
