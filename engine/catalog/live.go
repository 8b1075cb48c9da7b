package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"

	"github.com/apache/iceberg-go"
	"github.com/google/uuid"

	"psyberg/functions/meta"
	"psyberg/functions/rows"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// Live is what is live at main's head of one state of a table: Files that are
// compared with (Swap.Seen) and rows that are read (Scan) belong together.
type Live struct {
	Table    *surface.Table
	Snapshot *psyberg.Snapshot // nil: the table has none yet
	entries  []iceberg.ManifestEntry
}

// PartitionValue names the partition whose identity field has a value.
type PartitionValue struct {
	Field string
	Value any
}

// Live returns the files of main's head, data and deletes; with in those of
// one partition only, and of the deletes of other specs. It needs no write
// access. ErrNotFound where there is no such table.
func (c *Catalogs) Live(ctx context.Context, name string, in *PartitionValue) (*Live, error) {
	t, err := c.Load(ctx, name)
	if err != nil {
		return nil, err
	}
	ref, ok := t.Meta.Refs[mainBranch]
	if !ok {
		return &Live{Table: t}, nil
	}
	return liveAt(t, ref.SnapshotID, in)
}

// LiveAt is Live of any snapshot that the table has.
func (c *Catalogs) LiveAt(ctx context.Context, name string, snapshot psyberg.SnapshotID) (*Live, error) {
	t, err := c.Load(ctx, name)
	if err != nil {
		return nil, err
	}
	return liveAt(t, snapshot, nil)
}

func liveAt(t *surface.Table, snapshot psyberg.SnapshotID, in *PartitionValue) (*Live, error) {
	l := &Live{Table: t}
	var ok bool
	if l.Snapshot, ok = t.Meta.Snapshot(snapshot); !ok {
		return nil, fmt.Errorf("read %s: snapshot %d is not in its metadata", t.Name, snapshot)
	}
	f, isFiles := t.Files.(*files)
	if !isFiles {
		return nil, fmt.Errorf("read %s: its files are not of this catalog", t.Name)
	}
	if err := l.read(f, in); err != nil {
		return nil, fmt.Errorf("read %s: %w", t.Name, err)
	}
	return l, nil
}

func (l *Live) read(f *files, in *PartitionValue) (err error) {
	list, err := f.Open(l.Snapshot.ManifestList)
	if err != nil {
		return fmt.Errorf("read manifest list %q: %w", l.Snapshot.ManifestList, err)
	}
	all, err := iceberg.ReadManifestList(list)
	if err = errors.Join(err, list.Close()); err != nil {
		return fmt.Errorf("read manifest list %q: %w", l.Snapshot.ManifestList, err)
	}
	for _, mf := range all {
		var test *partitionTest
		if in != nil {
			t, err := testPartition(l.Table.Meta, int(mf.PartitionSpecID()), in.Field, in.Value)
			if err != nil {
				return err
			}
			if !t.mayHold(mf) {
				continue
			}
			test = &t
		}
		for e, err := range mf.Entries(reader{f}, true) {
			if err != nil {
				return fmt.Errorf("read manifest %q: %w", mf.FilePath(), err)
			}
			if test != nil {
				if ok, err := test.holds(e.DataFile()); err != nil {
					return err
				} else if !ok {
					continue
				}
			}
			l.entries = append(l.entries, e)
		}
	}
	return nil
}

// Entry is one live file.
type Entry struct {
	File     iceberg.DataFile
	Tuple    []meta.Value           // partition values, one for each field of the file's spec
	Sequence psyberg.SequenceNumber // of its data; 0 in v1
}

// Entries are the files.
func (l *Live) Entries() ([]Entry, error) {
	out := make([]Entry, len(l.entries))
	for i, e := range l.entries {
		values, err := tupleOf(l.Table.Meta, e.DataFile())
		if err != nil {
			return nil, err
		}
		out[i] = Entry{e.DataFile(), values, psyberg.SequenceNumber(e.SequenceNum())}
	}
	return out, nil
}

// Only returns those of the files that keep wants; the table and its snapshot
// are the same.
func (l *Live) Only(keep func(iceberg.DataFile) bool) *Live {
	out := &Live{Table: l.Table, Snapshot: l.Snapshot}
	for _, e := range l.entries {
		if keep(e.DataFile()) {
			out.entries = append(out.entries, e)
		}
	}
	return out
}

// Locations are those of the files, as Swap.Seen wants them.
func (l *Live) Locations() []string {
	out := make([]string, len(l.entries))
	for i, e := range l.entries {
		out[i] = e.DataFile().FilePath()
	}
	return out
}

// Scan returns the request for the rows of the files, deletes applied.
func (l *Live) Scan() (rows.Request, error) {
	req := rows.Request{Table: l.Table, Schema: l.Table.Meta.CurrentSchema()}
	for _, e := range l.entries {
		f := e.DataFile()
		values, err := tupleOf(l.Table.Meta, f)
		if err != nil {
			return req, err
		}
		seq := psyberg.SequenceNumber(e.SequenceNum())
		if f.ContentType() == iceberg.EntryContentData {
			d := rows.DataFile{Path: f.FilePath(), Format: string(f.FileFormat()), Size: f.FileSizeBytes(), SpecID: int(f.SpecID()),
				Partition: values, Sequence: seq}
			if counts := f.ValueCounts(); counts != nil {
				d.Columns = map[int]bool{}
				for id := range counts {
					d.Columns[id] = true
				}
			}
			req.Data = append(req.Data, d)
			continue
		}
		req.Deletes = append(req.Deletes, deleteFile(f, values, seq))
	}
	return req, nil
}

func deleteFile(f iceberg.DataFile, values []meta.Value, seq psyberg.SequenceNumber) rows.DeleteFile {
	d := rows.DeleteFile{Content: rows.PositionDeletes, Path: f.FilePath(), Format: string(f.FileFormat()), Size: f.FileSizeBytes(),
		SpecID: int(f.SpecID()), Partition: values, Sequence: seq, EqualityIDs: f.EqualityFieldIDs()}
	if f.ContentType() == iceberg.EntryContentEqDeletes {
		d.Content = rows.EqualityDeletes
	}
	if r := f.ReferencedDataFile(); r != nil {
		d.Referenced = *r
	}
	if f.FileFormat() == iceberg.PuffinFile {
		d.Content = rows.DeletionVector
	}
	if n := f.ContentOffset(); n != nil {
		d.Offset = *n
	}
	if n := f.ContentSizeInBytes(); n != nil {
		d.Length = *n
	}
	return d
}

// CreateDataFile makes a new file in the data folder of a table, under a name
// that nobody else uses: dir/<uuid><suffix>. It returns the file's location as
// manifests have it. A file that no commit names is an orphan: RemoveFile.
func (c *Catalogs) CreateDataFile(ctx context.Context, name, dir, suffix string) (location string, w io.WriteCloser, err error) {
	id, err := c.target(ctx, name)
	if err != nil {
		return "", nil, err
	}
	st, err := c.loadState(ctx, id)
	if err != nil {
		return "", nil, err
	}
	if err := c.hooks.before(ctx, "data file"); err != nil {
		return "", nil, err
	}
	location = st.paths.dataFile(path.Join(dir, uuid.NewString()+suffix))
	w, err = st.files.Create(location)
	return location, w, err
}

// RemoveFile deletes a file that a failed write has left.
func (c *Catalogs) RemoveFile(ctx context.Context, name, location string) error {
	id, err := c.target(ctx, name)
	if err != nil {
		return err
	}
	return c.files[id.catalog].Remove(location)
}
