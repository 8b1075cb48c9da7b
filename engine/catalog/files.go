package catalog

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	iceio "github.com/apache/iceberg-go/io"

	"psyberg/functions/fetch"
)

// files reads and writes the files of a catalog's tables. Local ones are
// opened by package os: iceberg-go decodes '%' in local paths, and so does
// not find files that writers named with one.
type files struct {
	maps  []pathMap
	props map[string]string // of the catalog: s3.endpoint and the like

	mu     sync.Mutex
	stores map[string]iceio.IO // by scheme and authority
}

func newFiles(maps []pathMap, props map[string]string) *files {
	return &files{maps: maps, props: props, stores: map[string]iceio.IO{}}
}

// maxFile bounds a file that is read whole: metadata, manifests, deletes.
const maxFile = 4 << 30

// Read returns a whole file; size is its length where known, else -1. A file
// of another length than the metadata says is an error, as it was cut.
func (f *files) Read(ctx context.Context, location string, size int64) ([]byte, error) {
	b, err := f.ReadInto(ctx, location, nil)
	if err != nil {
		return nil, err
	}
	if size >= 0 && int64(len(b)) != size {
		return nil, fmt.Errorf("read file %q: [PSY_DAMAGED] it has %d bytes, the metadata says %d", location, len(b), size)
	}
	return b, nil
}

// ReadInto returns a whole file, in buf where it has room for it
// (surface.IntoReader).
func (f *files) ReadInto(ctx context.Context, location string, buf []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if p, err := f.Local(location); err != nil {
		return nil, fmt.Errorf("read file %q: %w", location, err)
	} else if p, ok := localPath(p); ok {
		b, err := fetch.ReadFile(ctx, p, buf, maxFile)
		if err != nil {
			return nil, fmt.Errorf("read file %q: %w", location, err)
		}
		return b, nil
	}
	r, err := f.Open(location)
	if err != nil {
		return nil, fmt.Errorf("read file %q: %w", location, err)
	}
	defer func() { _ = r.Close() }() // nothing is written: what matters was read
	st, err := r.Stat()
	if err != nil {
		return nil, fmt.Errorf("read file %q: %w", location, err)
	}
	if st.Size() > maxFile {
		return nil, fmt.Errorf("read file %q: %d bytes long, more than %d", location, st.Size(), int64(maxFile))
	}
	// bytes.Buffer with room for some bytes more reads without a last growth.
	if need := max(0, st.Size()) + bytes.MinRead; int64(cap(buf)) < need {
		buf = make([]byte, 0, need)
	}
	b := bytes.NewBuffer(buf[:0])
	if _, err := b.ReadFrom(ctxReader{ctx, r}); err != nil {
		return nil, fmt.Errorf("read file %q: %w", location, err)
	}
	return b.Bytes(), nil
}

// Map maps a long local file (surface.Mapper).
func (f *files) Map(location string, to *fetch.Mappings) (data []byte, free func(), err error) {
	p, err := f.Local(location)
	if err != nil {
		return nil, nil, fmt.Errorf("read file %q: %w", location, err)
	}
	p, ok := localPath(p)
	if !ok {
		return nil, nil, nil
	}
	if data, free, err = to.Map(p, maxFile); err != nil {
		return nil, nil, fmt.Errorf("read file %q: %w", location, err)
	}
	return data, free, nil
}

// ctxReader stops between two reads when ctx is done.
type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (c ctxReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// Local returns the path that DuckDB's own reader opens for location.
func (f *files) Local(location string) (string, error) {
	mapped, err := mapLocation(f.maps, location)
	if err != nil {
		return "", err
	}
	if p, ok := localPath(mapped); ok {
		return p, f.inside(location, p)
	}
	return mapped, nil
}

// inside refuses a mapped path that symbolic links lead out of the path map's
// TO: a warehouse that somebody handed over must not name any file it likes.
func (f *files) inside(location, p string) error {
	if len(f.maps) == 0 {
		return nil
	}
	real, err := filepath.EvalSymlinks(p)
	for at := p; errors.Is(err, fs.ErrNotExist) && at != filepath.Dir(at); {
		if _, err := os.Lstat(at); err == nil {
			return fmt.Errorf("map location %q: %w", location, errLinkLeavesMap) // a link to what is not there yet
		}
		// What is not there will be made where its folder is.
		at = filepath.Dir(at)
		real, err = filepath.EvalSymlinks(at)
	}
	if err != nil {
		return err
	}
	for _, m := range f.maps {
		if _, under := cutFolder(p, m.to); !under {
			continue
		}
		to, err := filepath.EvalSymlinks(m.to)
		if errors.Is(err, fs.ErrNotExist) {
			continue // nothing can be below it
		}
		if err != nil {
			return err
		}
		if _, under := cutFolder(real, to); !under {
			return fmt.Errorf("map location %q: %w", location, errLinkLeavesMap)
		}
	}
	return nil
}

// Open opens a file for reading. It makes *files an iceberg-go IO.
func (f *files) Open(location string) (iceio.File, error) {
	p, err := f.Local(location)
	if err != nil {
		return nil, err
	}
	if _, ok := localPath(p); ok {
		return os.Open(p)
	}
	store, err := f.store(p)
	if err != nil {
		return nil, err
	}
	return store.Open(p)
}

// Create makes a file that must not be there yet (names hold a UUID), with
// the folders above it. Close makes it durable: a commit must not name a file
// that a power cut can take away.
func (f *files) Create(location string) (io.WriteCloser, error) {
	if len(f.maps) > 0 {
		return nil, fmt.Errorf("create file %q: %w: a path map is set", location, ErrReadOnly)
	}
	if p, ok := localPath(location); ok {
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return nil, err
		}
		file, err := os.OpenFile(p, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return nil, err
		}
		return syncedFile{file}, nil
	}
	store, err := f.store(location)
	if err != nil {
		return nil, err
	}
	w, ok := store.(iceio.WriteFileIO)
	if !ok {
		return nil, fmt.Errorf("create file %q: this store cannot be written", location)
	}
	return w.Create(location)
}

type syncedFile struct{ *os.File }

func (s syncedFile) Close() error {
	if unsynced {
		return s.File.Close()
	}
	return errors.Join(s.Sync(), s.File.Close())
}

// unsynced is set by tests that no power cut can harm.
var unsynced bool

// Remove deletes a file; one that is not there is no error.
func (f *files) Remove(location string) error {
	if len(f.maps) > 0 {
		return fmt.Errorf("remove file %q: %w: a path map is set", location, ErrReadOnly)
	}
	if p, ok := localPath(location); ok {
		if err := os.Remove(p); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	}
	store, err := f.store(location)
	if err != nil {
		return err
	}
	return store.Remove(location)
}

var errNoStore = errors.New("psyql reads and writes local files, no object store is linked in; copy what is to be read, and pass --path-map FROM=TO for it")

// store returns the object store of a location, opened once.
func (f *files) store(location string) (iceio.IO, error) {
	scheme, rest, _ := strings.Cut(location, "://")
	authority, _, _ := strings.Cut(rest, "/")
	key := scheme + "://" + authority
	f.mu.Lock()
	defer f.mu.Unlock()
	if s, ok := f.stores[key]; ok {
		return s, nil
	}
	// The store outlives the statement that opens it first.
	s, err := iceio.LoadFS(context.Background(), f.props, location)
	if errors.Is(err, iceio.ErrIOSchemeNotFound) {
		return nil, fmt.Errorf("open store of %q: %w", location, errNoStore)
	}
	if err != nil {
		return nil, fmt.Errorf("open store of %q: %w", location, err)
	}
	f.stores[key] = s
	return s, nil
}

// inflate returns the JSON of a metadata file: those named .gz are compressed,
// and some writers compress without saying so.
func inflate(location string, b []byte) ([]byte, error) {
	if len(b) < 2 || b[0] != 0x1f || b[1] != 0x8b {
		return b, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("inflate %q: %w", location, err)
	}
	out, err := io.ReadAll(io.LimitReader(z, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("inflate %q: %w", location, err)
	}
	if len(out) > maxFile {
		return nil, fmt.Errorf("inflate %q: more than %d bytes", location, int64(maxFile))
	}
	return out, nil
}
