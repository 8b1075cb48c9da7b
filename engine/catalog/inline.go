package catalog

import (
	"fmt"
	"io"
	"slices"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"psyberg/functions/manifest"
)

// inline describes the manifests of a v1 snapshot that names them in
// metadata.json, as tables of before Iceberg 0.8 do, so that a manifest list can
// name them from now on. iceberg-go 0.7.0 reads such a snapshot, with counts of
// -1: written into a list these would say that a manifest holds nothing.
func (st *state) inline(snap *table.Snapshot) ([]iceberg.ManifestFile, error) {
	var out []iceberg.ManifestFile
	for _, path := range snap.ManifestLocations {
		mf, err := st.describe(path, st.firstWith(path, snap))
		if err != nil {
			return nil, fmt.Errorf("read manifest %q of snapshot %d: %w", path, snap.SnapshotID, err)
		}
		out = append(out, mf)
	}
	return out, nil
}

// firstWith is the oldest ancestor of a snapshot that names a manifest: it has
// added it, or follows one that has and has expired.
func (st *state) firstWith(path string, snap *table.Snapshot) int64 {
	id := snap.SnapshotID
	for range st.ice.Snapshots() { // parents that form a ring end here
		if snap.ParentSnapshotID == nil {
			break
		}
		if snap = st.ice.SnapshotByID(*snap.ParentSnapshotID); snap == nil || !slices.Contains(snap.ManifestLocations, path) {
			break
		}
		id = snap.SnapshotID
	}
	return id
}

// describe reads a manifest and counts what a list says of it. What a later
// reader takes from added_snapshot_id is which snapshot wrote it: that of its
// ADDED and DELETED entries, else the first that names it.
func (st *state) describe(path string, first int64) (iceberg.ManifestFile, error) {
	file, err := st.files.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // nothing is written: what matters was read
	data, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	head, err := manifest.Describe(path, data)
	if err != nil {
		return nil, err
	}
	if head.Content != manifest.ContentData {
		return nil, fmt.Errorf("it holds delete files, which format version 1 has none of")
	}
	whole := iceberg.NewManifestFile(1, path, head.Length, head.SpecID, first).AddedFiles(-1).ExistingFiles(-1).DeletedFiles(-1).Build()
	files, rows := map[iceberg.ManifestEntryStatus]int32{}, map[iceberg.ManifestEntryStatus]int64{}
	for e, err := range whole.Entries(reader{st.files}, false) {
		if err != nil {
			return nil, err
		}
		files[e.Status()]++
		rows[e.Status()] += e.DataFile().Count()
		if e.Status() != iceberg.EntryStatusEXISTING {
			first = e.SnapshotID()
		}
	}
	return iceberg.NewManifestFile(1, path, head.Length, head.SpecID, first).
		AddedFiles(files[iceberg.EntryStatusADDED]).ExistingFiles(files[iceberg.EntryStatusEXISTING]).DeletedFiles(files[iceberg.EntryStatusDELETED]).
		AddedRows(rows[iceberg.EntryStatusADDED]).ExistingRows(rows[iceberg.EntryStatusEXISTING]).DeletedRows(rows[iceberg.EntryStatusDELETED]).
		Build(), nil
}
