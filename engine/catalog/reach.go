package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"psyberg/functions/manifest"
	"psyberg/functions/meta"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// reach are the files that a table's metadata names.
type reach struct {
	*places
	named map[place]string // to the location as it is written
	paths map[string]place // one place of each path, whatever its store
	// live are those that have to be on disk: of the table as it is now.
	live map[place]string
	read map[place]bool // manifests that were read
	now  bool           // what is read is of the table as it is now
}

func newReach(p *places) *reach {
	return &reach{places: p, named: map[place]string{}, paths: map[string]place{}, live: map[place]string{}, read: map[place]bool{}}
}

// of gathers what the table names: all snapshots of its metadata.json, staged
// ones and branches among them, their manifests and files, statistics, and the
// same of every earlier metadata.json of the log that is still there, since
// somebody may go back to it. Files of earlier ones may be gone, those of now
// may not.
func (r *reach) of(ctx context.Context, t *surface.Table) error {
	r.now = true
	if err := r.version(ctx, t.Location, t.Meta); err != nil {
		return err
	}
	r.now = false
	for _, e := range t.Meta.MetadataLog {
		if err := r.add(e.Location); err != nil {
			return err
		}
		m, err := readMeta(ctx, r.files, e.Location)
		if isGone(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read an earlier metadata of %s: %w", t.Name, err)
		}
		if err := r.version(ctx, e.Location, m); err != nil {
			return err
		}
	}
	return nil
}

func isGone(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// add notes a location.
func (r *reach) add(location string) error {
	if location == "" {
		return nil
	}
	p, err := r.places.of(location)
	if err != nil {
		return err
	}
	r.named[p], r.paths[p.path] = location, p
	if d, ok := p.decoded(); ok {
		r.named[d], r.paths[d.path] = location, d
	}
	if r.now {
		r.live[p] = location
	}
	return nil
}

// version gathers what one metadata.json names.
func (r *reach) version(ctx context.Context, location string, m *meta.Metadata) error {
	if err := r.add(location); err != nil {
		return err
	}
	if err := r.statistics(ctx, location); err != nil {
		return err
	}
	lists := map[string]bool{}
	for _, s := range m.Snapshots {
		if s.ManifestList != "" && lists[s.ManifestList] {
			continue
		}
		lists[s.ManifestList] = true
		if err := r.snapshot(ctx, m, s); err != nil {
			return fmt.Errorf("snapshot %d: %w", s.ID, err)
		}
	}
	return nil
}

// statistics gathers the statistics files, which package meta does not read.
func (r *reach) statistics(ctx context.Context, location string) error {
	b, err := r.files.Read(ctx, location, -1)
	if err == nil {
		b, err = inflate(location, b)
	}
	if err != nil {
		return err
	}
	type file struct {
		Path string `json:"statistics-path"`
	}
	var doc struct {
		Table     []file `json:"statistics"`
		Partition []file `json:"partition-statistics"`
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		return fmt.Errorf("read statistics of %q: %w", location, err)
	}
	was := r.now
	r.now = false // an expiry may have removed them
	defer func() { r.now = was }()
	for _, f := range append(doc.Table, doc.Partition...) {
		if err := r.add(f.Path); err != nil {
			return err
		}
	}
	return nil
}

// snapshot gathers a snapshot's manifest list, manifests and files. One of an
// earlier metadata.json may be gone with all that it had.
func (r *reach) snapshot(ctx context.Context, m *meta.Metadata, s *psyberg.Snapshot) error {
	if err := r.add(s.ManifestList); err != nil {
		return err
	}
	all, err := surface.Manifests(ctx, r.files, s)
	if isGone(err) && !r.now {
		return nil
	}
	if err != nil {
		return err
	}
	for _, f := range all {
		if err := r.add(f.Path); err != nil {
			return err
		}
		p, err := r.places.of(f.Path)
		if err != nil {
			return err
		}
		if r.read[p] {
			continue
		}
		if err := r.manifest(ctx, f); err != nil && (r.now || !isGone(err)) {
			return err
		}
		r.read[p] = true
	}
	return nil
}

// manifest gathers the files of a manifest. Those that it says are deleted may
// be gone, but an older snapshot may have them.
func (r *reach) manifest(ctx context.Context, f manifest.File) error {
	size := f.Length
	if size == 0 {
		size = -1
	}
	data, err := r.files.Read(ctx, f.Path, size)
	if err != nil {
		return err
	}
	req := &manifest.Request{Columns: []manifest.Column{manifest.Status, manifest.FilePath, manifest.ReferencedDataFile}}
	was := r.now
	defer func() { r.now = was }()
	return manifest.Scan(ctx, f, data, req, nil, func(b arrow.RecordBatch) error {
		status, paths, refs := b.Column(0).(*array.Int32), b.Column(1).(*array.String), b.Column(2).(*array.String)
		for i := range int(b.NumRows()) {
			r.now = was && status.Value(i) != 2
			if err := r.add(paths.Value(i)); err != nil {
				return err
			}
			if r.now = false; !refs.IsNull(i) {
				if err := r.add(refs.Value(i)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
