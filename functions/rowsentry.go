package functions

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/array"

	"psyberg/functions/manifest"
	"psyberg/functions/rows"
	"psyberg/psyberg"
)

// rowsEntry is one manifest entry.
type rowsEntry struct {
	*entryBatch
	row      int
	tuples   *tupleReader
	identity []int32
	status   psyberg.EntryStatus
	snapshot psyberg.SnapshotID
	path     string
}

func newRowsEntry(b *entryBatch, row int, tuples *tupleReader, identity []int32) rowsEntry {
	e := rowsEntry{entryBatch: b, row: row, tuples: tuples, identity: identity}
	e.status = psyberg.EntryStatus(b.entry(manifest.Status).(*array.Int32).Value(row))
	e.snapshot = psyberg.SnapshotID(e.number(manifest.SnapshotID))
	e.path = e.text(manifest.FilePath)
	return e
}

// text and number are "" and 0 where the manifest has nothing.
func (e rowsEntry) text(c manifest.Column) string {
	if a := e.entry(c).(*array.String); a.IsValid(e.row) {
		return strings.Clone(a.Value(e.row))
	}
	return ""
}

func (e rowsEntry) number(c manifest.Column) int64 {
	if a := e.entry(c).(*array.Int64); a.IsValid(e.row) {
		return a.Value(e.row)
	}
	return 0
}

// wantedBy applies a filter to an entry whose batch had none.
func (e rowsEntry) wantedBy(f *fileFilter) (bool, error) {
	if f == nil {
		return true, nil
	}
	return f.file(e.entryBatch, e.row)
}

func (e rowsEntry) plain() error {
	if a := e.entry(manifest.KeyMetadata).(*array.Binary); a.IsValid(e.row) && len(a.Value(e.row)) > 0 {
		return fmt.Errorf("file %q is encrypted: encrypted files are not read", e.path)
	}
	return nil
}

func (e rowsEntry) dataFile() (rows.DataFile, error) {
	_, tuple, err := e.tuples.tuple(e.entryBatch, e.row)
	if err == nil {
		err = e.plain()
	}
	f := rows.DataFile{Path: e.path, Format: e.text(manifest.FileFormat), Size: e.number(manifest.FileSizeInBytes),
		SpecID: int(e.entry(manifest.SpecID).(*array.Int32).Value(e.row)), Partition: tuple,
		Sequence: psyberg.SequenceNumber(e.number(manifest.SequenceNumber)), Columns: map[int]bool{}}
	for _, id := range e.identity {
		if e.named("value_count_", id).IsValid(e.row) {
			f.Columns[int(id)] = true
		}
	}
	return f, err
}

func (e rowsEntry) deleteFile() (rows.DeleteFile, error) {
	_, tuple, err := e.tuples.tuple(e.entryBatch, e.row)
	if err == nil {
		err = e.plain()
	}
	f := rows.DeleteFile{Path: e.path, Format: e.text(manifest.FileFormat), Size: e.number(manifest.FileSizeInBytes),
		SpecID: int(e.entry(manifest.SpecID).(*array.Int32).Value(e.row)), Partition: tuple,
		Sequence: psyberg.SequenceNumber(e.number(manifest.SequenceNumber)), Referenced: e.text(manifest.ReferencedDataFile),
		Offset: e.number(manifest.ContentOffset), Length: e.number(manifest.ContentSizeInBytes)}
	switch {
	case e.entry(manifest.FileContent).(*array.Int32).Value(e.row) == int32(manifest.ContentEqualityDeletes):
		f.Content = rows.EqualityDeletes
		ids := e.entry(manifest.EqualityIDs).(*array.List)
		from, to := ids.ValueOffsets(e.row)
		for _, id := range ids.ListValues().(*array.Int32).Int32Values()[from:to] {
			f.EqualityIDs = append(f.EqualityIDs, int(id))
		}
	case strings.EqualFold(f.Format, "puffin"):
		f.Content = rows.DeletionVector
	}
	return f, err
}
