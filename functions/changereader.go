package functions

import (
	"context"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"psyberg/functions/manifest"
	"psyberg/functions/meta"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// addedManifests are the manifests that each snapshot itself added and that
// can hold a file that filter wants. Those of v1 lists that do not say who
// added them are looked into too: the entries do.
func addedManifests(ctx context.Context, p *pinned, snapshots []*psyberg.Snapshot, filter *fileFilter) ([]manifestJob, error) {
	lists, err := surface.NewListReader(p.Table, nil).Added(ctx, snapshots)
	if err != nil {
		return nil, err
	}
	var jobs []manifestJob
	for i, s := range snapshots {
		for _, f := range lists[i] {
			if !(f.AddedFiles == 0 && f.DeletedFiles == 0) && filter.manifest(f) {
				jobs = append(jobs, manifestJob{File: f, Of: s})
			}
		}
	}
	return jobs, nil
}

// fileChange is one row of iceberg_changes.
type fileChange struct {
	table, ref string
	class      psyberg.Class
	change     string
	psyberg.File
	ranges []columnRange // by column of bounds
}

// changeReader makes files of manifest entries: with their partition as text,
// and the range of the event-time column.
type changeReader struct {
	p       *pinned
	tuples  *tupleReader
	event   *metricsLeaf // nil: none named
	leaves  []metricsLeaf
	request *manifest.Request
}

func newChangeReader(p *pinned, event string, leaves []metricsLeaf) (*changeReader, error) {
	r := &changeReader{p: p, tuples: newTupleReader(p.Meta), leaves: leaves}
	r.request = &manifest.Request{Columns: []manifest.Column{
		manifest.Status, manifest.SnapshotID, manifest.SequenceNumber, manifest.FileContent, manifest.FilePath, manifest.FileFormat,
		manifest.SpecID, manifest.Partition, manifest.RecordCount, manifest.FileSizeInBytes, manifest.ReferencedDataFile, manifest.ContentOffset,
	}}
	r.request.Partition, _ = partitionRequest(r.tuples.unified)
	if event != "" {
		found, err := boundsArg(p.Meta.CurrentSchema(), []string{event})
		if err != nil {
			return nil, fmt.Errorf("read table %q: %w", p.Name, err)
		}
		if !isTime(found[0].typ) {
			return nil, fmt.Errorf("read event times of table %q: column %q is of type %s, not a timestamp or a date", p.Name, event, found[0].typ)
		}
		r.event = &found[0]
		requestRanges(r.request, []int32{r.event.id})
	}
	requestRanges(r.request, leafIDs(leaves))
	return r, nil
}

// isTime reports whether a column of type t can be an event time.
func isTime(t meta.Type) bool {
	switch t.Kind {
	case meta.KindDate, meta.KindTimestamp, meta.KindTimestampTZ, meta.KindTimestampNS, meta.KindTimestampTZNS:
		return true
	}
	return false
}

// instantOf returns an event time in microseconds, UTC (a timestamp without
// zone is taken as UTC). A nanosecond part is cut towards the past for a lower
// bound, rounded up for an upper one, so that the range covers.
func instantOf(v meta.Value, upper bool) psyberg.Instant {
	switch v.Kind {
	case meta.KindDate:
		const day = 86_400_000_000
		if upper { // a date stands for its whole day
			return psyberg.Instant((v.Int+1)*day - 1)
		}
		return psyberg.Instant(v.Int * day)
	case meta.KindTimestampNS, meta.KindTimestampTZNS:
		micros := v.Int / 1000
		if rest := v.Int % 1000; rest < 0 && !upper {
			micros--
		} else if rest > 0 && upper {
			micros++
		}
		return psyberg.Instant(micros)
	}
	return psyberg.Instant(v.Int)
}

var contents = [3]psyberg.Content{psyberg.Data, psyberg.PositionDeletes, psyberg.EqualityDeletes}

// changes returns the entries of a batch that job's snapshot itself added or
// removed.
func (r *changeReader) changes(job manifestJob, in arrow.RecordBatch) ([]*fileChange, error) {
	b := newEntryBatch(in)
	status := b.entry(manifest.Status).(*array.Int32)
	snapshot := b.entry(manifest.SnapshotID).(*array.Int64)
	class, _ := psyberg.Classify(job.Of)
	var out []*fileChange
	for row := range int(in.NumRows()) {
		st := psyberg.EntryStatus(status.Value(row))
		if st == psyberg.Existing || snapshot.IsNull(row) || psyberg.SnapshotID(snapshot.Value(row)) != job.Of.ID {
			continue
		}
		f, err := r.file(b, row)
		if err != nil {
			return nil, fmt.Errorf("read manifest %q: %w", job.Path, err)
		}
		c := &fileChange{table: r.p.Name, ref: r.p.Ref, class: class, change: psyberg.ChangeAdded, File: f}
		if st == psyberg.Deleted {
			c.change = psyberg.ChangeRemoved
		}
		for _, l := range r.leaves {
			c.ranges = append(c.ranges, b.rangeOf(l, row))
		}
		out = append(out, c)
	}
	return out, nil
}

// file reads one entry.
func (r *changeReader) file(b *entryBatch, row int) (psyberg.File, error) {
	var f psyberg.File
	content := b.entry(manifest.FileContent).(*array.Int32).Value(row)
	if content < 0 || int(content) >= len(contents) {
		return f, fmt.Errorf("content %d of a file is none of 0, 1, 2", content)
	}
	f.Content = contents[content]
	f.Path = b.entry(manifest.FilePath).(*array.String).Value(row)
	f.Format = b.entry(manifest.FileFormat).(*array.String).Value(row)
	f.Records = b.entry(manifest.RecordCount).(*array.Int64).Value(row)
	f.Bytes = b.entry(manifest.FileSizeInBytes).(*array.Int64).Value(row)
	if a := b.entry(manifest.SequenceNumber).(*array.Int64); a.IsValid(row) {
		f.Sequence = psyberg.SequenceNumber(a.Value(row))
	}
	if a := b.entry(manifest.SnapshotID).(*array.Int64); a.IsValid(row) {
		f.Snapshot = psyberg.SnapshotID(a.Value(row))
	}
	if a := b.entry(manifest.ContentOffset).(*array.Int64); a.IsValid(row) {
		offset := a.Value(row)
		f.Offset = &offset
	}
	if a := b.entry(manifest.ReferencedDataFile).(*array.String); a.IsValid(row) {
		f.Names = a.Value(row)
	}
	var err error
	if f.Partition, err = r.partition(b, row); err != nil || r.event == nil || f.Content != psyberg.Data {
		return f, err
	}
	times := b.rangeOf(*r.event, row)
	switch {
	case !times.min.IsNull() && !times.max.IsNull():
		f.Events = &psyberg.TimeRange{Min: instantOf(times.min, false), Max: instantOf(times.max, true)}
	default:
		f.NoEvents = f.Records == 0 || !times.unbounded()
	}
	return f, nil
}

// partition reads one entry's partition by its own spec.
func (r *changeReader) partition(b *entryBatch, row int) (psyberg.Partition, error) {
	fields, values, err := r.tuples.tuple(b, row)
	if err != nil {
		return psyberg.Partition{}, err
	}
	id := b.entry(manifest.SpecID).(*array.Int32).Value(row)
	return psyberg.Partition{SpecID: int(id), URI: meta.PartitionURI(fields, values), Path: meta.PartitionPath(fields, values),
		Unpartitioned: len(fields) == 0}, nil
}

func changeColumns(leaves []metricsLeaf) []column[*fileChange] {
	cols := []column[*fileChange]{
		text("source_table", func(r *fileChange) (string, bool) { return r.table, true }),
		text("source_ref", func(r *fileChange) (string, bool) { return r.ref, r.ref != "" }),
		text("change", func(r *fileChange) (string, bool) { return r.change, true }),
		text("content", func(r *fileChange) (string, bool) { return string(r.Content), true }),
		text("file_path", func(r *fileChange) (string, bool) { return r.Path, true }),
		text("file_format", func(r *fileChange) (string, bool) { return r.Format, true }),
		integer("spec_id", func(r *fileChange) (int, bool) { return r.Partition.SpecID, true }),
		text("partition_path", func(r *fileChange) (string, bool) { return r.Partition.Path, true }),
		long("record_count", func(r *fileChange) (int64, bool) { return r.Records, true }),
		long("file_size_in_bytes", func(r *fileChange) (int64, bool) { return r.Bytes, true }),
		long("data_sequence_number", func(r *fileChange) (int64, bool) { return int64(r.Sequence), true }),
		long("snapshot_id", func(r *fileChange) (int64, bool) { return int64(r.Snapshot), true }),
		instant("min_event_ts", func(r *fileChange) (psyberg.Instant, bool) {
			if r.Events == nil {
				return 0, false
			}
			return r.Events.Min, true
		}),
		instant("max_event_ts", func(r *fileChange) (psyberg.Instant, bool) {
			if r.Events == nil {
				return 0, false
			}
			return r.Events.Max, true
		}),
		text("class", func(r *fileChange) (string, bool) { return string(r.class), true }),
		long("content_offset", func(r *fileChange) (int64, bool) { return optional(r.Offset) }),
	}
	if len(leaves) > 0 {
		cols = append(cols, column[*fileChange]{nullable("bounds", boundsType(leaves)), func(b array.Builder, r *fileChange) {
			s := b.(*array.StructBuilder)
			s.Append(true)
			for i := range leaves {
				without := int64(0)
				if r.Content != psyberg.Data {
					without = -1
				} else if r.ranges[i].unbounded() {
					without = 1
				}
				appendRange(s.FieldBuilder(i).(*array.StructBuilder), r.ranges[i], without)
			}
		}})
	}
	return cols
}
