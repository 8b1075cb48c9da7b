package functions

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"psyberg/functions/manifest"
	"psyberg/functions/meta"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

const partitionsDoc = `The live partitions of a snapshot, one a row: what their files add up to.

  partition                      STRUCT   the fields of all specs, by name, NULL where the spec lacks one; no such column where no spec has a field
  spec_id                        INTEGER
  record_count                   BIGINT   rows of data files, deletes not taken off
  file_count                     INTEGER  data files
  total_data_file_size_in_bytes  BIGINT
  position_delete_record_count   BIGINT   deletion vectors too
  position_delete_file_count     INTEGER
  equality_delete_record_count   BIGINT
  equality_delete_file_count     INTEGER
  last_updated_at                TIMESTAMPTZ  when the newest snapshot that added one of these files was committed; NULL where all have expired
  last_updated_snapshot_id       BIGINT   that snapshot; NULL likewise
  bounds                         STRUCT   only with bounds := ['col', ...]: per column, over the data files (min, max in the column's type; nulls, nans BIGINT;
                                          files_without_bounds BIGINT). min is NULL where a file lacks the lower bound it needs, max likewise: a
                                          range is unknown then, never narrower. nulls and nans are NULL where a file does not say

Two partitions are the same where spec and values are. Order: spec, then values. where := 'condition' leaves out files, as in iceberg_files:
what a row counts are the files that may hold a row for which the condition is true.
Errors: unknown table, ref, snapshot, column (with near matches); a manifest that is missing or damaged [PSY_DAMAGED].
Cost: the snapshot's manifests with live files, in parallel; no data file is read.`

func partitionsFunction(tables surface.Tables) *surface.Function {
	return &surface.Function{
		Name: "iceberg_partitions", Doc: partitionsDoc,
		Positional: []surface.Arg{tableArg}, Named: slices.Concat([]surface.Arg{whereArgument, boundsArgument}, pinArgs),
		Bind: func(ctx context.Context, args surface.Args) (*surface.Relation, error) {
			p, err := pinFiles(ctx, tables, args)
			if err != nil {
				return nil, err
			}
			leaves, err := boundLeaves(p, args)
			if err != nil {
				return nil, err
			}
			filter, err := whereArg(p, args)
			if err != nil {
				return nil, err
			}
			unified := meta.UnifiedPartition(p.Meta)
			q := &partitionQuery{p: p, unified: unified, leaves: leaves, filter: filter}
			return lazyRelation(partitionColumns(unified, leaves), q.rows), nil
		},
	}
}

// partitionRow is one live partition.
type partitionRow struct {
	values  []meta.Value // by unified field
	spec    int32
	counts  [3]struct{ records, files int64 } // by content
	bytes   int64                             // of data files
	updated *psyberg.Snapshot                 // nil: expired
	ranges  []partitionRange                  // by column asked for
}

// partitionRange is a columnRange over several files.
type partitionRange struct {
	columnRange
	any          bool // a data file was seen
	without      int64
	noMin, noMax bool // a file lacks the bound it needs: the range ends nowhere
}

// add widens r by one more file. Unknown counts make the sum unknown.
func (r *partitionRange) add(f columnRange) {
	if f.unbounded() {
		r.without++
		r.noMin, r.noMax = r.noMin || f.min.IsNull(), r.noMax || f.max.IsNull()
	}
	if !r.any {
		r.any, r.columnRange = true, f
		return
	}
	if !f.min.IsNull() && (r.min.IsNull() || meta.Compare(f.min, r.min) < 0) {
		r.min = f.min
	}
	if !f.max.IsNull() && (r.max.IsNull() || meta.Compare(f.max, r.max) > 0) {
		r.max = f.max
	}
	r.nulls, r.nan = sumKnown(r.nulls, f.nulls), sumKnown(r.nan, f.nan)
}

func sumKnown(a, b int64) int64 {
	if a < 0 || b < 0 {
		return -1
	}
	return a + b
}

type partitionQuery struct {
	p       *pinned
	unified []meta.UnifiedField
	leaves  []metricsLeaf
	filter  *fileFilter
}

func (q *partitionQuery) rows(ctx context.Context) ([]*partitionRow, error) {
	files := &fileQuery{p: q.p, live: true, filter: q.filter, content: func(manifest.Content) bool { return true }}
	jobs, err := files.jobs(ctx)
	if err != nil {
		return nil, err
	}
	request := &manifest.Request{Live: true, Columns: []manifest.Column{manifest.FileContent, manifest.SpecID, manifest.SnapshotID,
		manifest.RecordCount, manifest.FileSizeInBytes, manifest.Partition}}
	request.Partition, _ = partitionRequest(q.unified)
	requestRanges(request, leafIDs(q.leaves))
	q.filter.request(request)
	scan := newManifestScan(ctx, q.p.Table, jobs, request, q.filter, func(_ manifestJob, in arrow.RecordBatch) (arrow.RecordBatch, error) {
		in.Retain()
		return in, nil
	})
	defer scan.Close()
	byKey := map[string]*partitionRow{}
	for {
		batch, err := scan.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		err = q.take(newEntryBatch(batch), byKey)
		batch.Release()
		if err != nil {
			return nil, err
		}
	}
	rows := make([]*partitionRow, 0, len(byKey))
	for _, k := range sortedKeys(byKey) {
		rows = append(rows, byKey[k])
	}
	slices.SortStableFunc(rows, func(a, b *partitionRow) int {
		if a.spec != b.spec {
			return int(a.spec) - int(b.spec)
		}
		for i := range a.values {
			if c := meta.Compare(a.values[i], b.values[i]); c != 0 {
				return c
			}
		}
		return 0
	})
	return rows, nil
}

// take adds the files of a batch to their partitions.
func (q *partitionQuery) take(in *entryBatch, byKey map[string]*partitionRow) error {
	content := in.entry(manifest.FileContent).(*array.Int32)
	spec := in.entry(manifest.SpecID).(*array.Int32)
	snapshot := in.entry(manifest.SnapshotID).(*array.Int64)
	records := in.entry(manifest.RecordCount).(*array.Int64)
	size := in.entry(manifest.FileSizeInBytes).(*array.Int64)
	partition := in.entry(manifest.Partition).(*array.Struct)
	values := make([]meta.Value, len(q.unified))
	for row := range int(in.NumRows()) {
		for i, u := range q.unified {
			v, err := meta.ValueAt(u.Type, partition.Field(i), row)
			if err != nil {
				return fmt.Errorf("read partition field %q: %w", u.Name, err)
			}
			values[i] = v
		}
		key := meta.TupleKey(int(spec.Value(row)), values)
		p, ok := byKey[key]
		if !ok {
			p = &partitionRow{values: slices.Clone(values), spec: spec.Value(row), ranges: make([]partitionRange, len(q.leaves))}
			byKey[key] = p
		}
		c := content.Value(row)
		if c < 0 || int(c) >= len(p.counts) {
			return fmt.Errorf("read partitions of table %q: content %d of a file is none of 0, 1, 2", q.p.Name, c)
		}
		p.counts[c].files++
		p.counts[c].records += records.Value(row)
		if snapshot.IsValid(row) {
			s, ok := q.p.byID[psyberg.SnapshotID(snapshot.Value(row))]
			if ok && (p.updated == nil || laterCommit(s, p.updated)) {
				p.updated = s
			}
		}
		if manifest.Content(c) != manifest.ContentData {
			continue
		}
		p.bytes += size.Value(row)
		for i, l := range q.leaves {
			p.ranges[i].add(in.rangeOf(l, row))
		}
	}
	return nil
}

// laterCommit orders by commit time, then, where one clock tick saw two
// commits, by sequence number and id, so that the answer does not depend on
// the order in which manifests are read.
func laterCommit(a, b *psyberg.Snapshot) bool {
	if a.CommittedAt != b.CommittedAt {
		return a.CommittedAt > b.CommittedAt
	}
	if a.Sequence != b.Sequence {
		return a.Sequence > b.Sequence
	}
	return a.ID > b.ID
}

func partitionColumns(unified []meta.UnifiedField, leaves []metricsLeaf) []column[*partitionRow] {
	_, structType := partitionRequest(unified)
	count := func(name string, get func(*partitionRow) int64) column[*partitionRow] {
		return long(name, func(r *partitionRow) (int64, bool) { return get(r), true })
	}
	number := func(name string, get func(*partitionRow) int64) column[*partitionRow] {
		return integer(name, func(r *partitionRow) (int, bool) { return int(get(r)), true })
	}
	cols := []column[*partitionRow]{
		{nullable("partition", structType), func(b array.Builder, r *partitionRow) {
			s := b.(*array.StructBuilder)
			s.Append(true)
			for i, v := range r.values {
				if m := s.FieldBuilder(i); v.Append(m) != nil {
					m.AppendNull()
				}
			}
		}},
		number("spec_id", func(r *partitionRow) int64 { return int64(r.spec) }),
		count("record_count", func(r *partitionRow) int64 { return r.counts[0].records }),
		number("file_count", func(r *partitionRow) int64 { return r.counts[0].files }),
		count("total_data_file_size_in_bytes", func(r *partitionRow) int64 { return r.bytes }),
		count("position_delete_record_count", func(r *partitionRow) int64 { return r.counts[1].records }),
		number("position_delete_file_count", func(r *partitionRow) int64 { return r.counts[1].files }),
		count("equality_delete_record_count", func(r *partitionRow) int64 { return r.counts[2].records }),
		number("equality_delete_file_count", func(r *partitionRow) int64 { return r.counts[2].files }),
		instant("last_updated_at", func(r *partitionRow) (psyberg.Instant, bool) {
			if r.updated == nil {
				return 0, false
			}
			return r.updated.CommittedAt, true
		}),
		long("last_updated_snapshot_id", func(r *partitionRow) (int64, bool) {
			if r.updated == nil {
				return 0, false
			}
			return int64(r.updated.ID), true
		}),
	}
	if len(leaves) > 0 {
		cols = append(cols, column[*partitionRow]{nullable("bounds", boundsType(leaves)), func(b array.Builder, r *partitionRow) {
			s := b.(*array.StructBuilder)
			s.Append(true)
			for i := range leaves {
				shown := r.ranges[i].columnRange
				if r.ranges[i].noMin {
					shown.min = meta.Null
				}
				if r.ranges[i].noMax {
					shown.max = meta.Null
				}
				appendRange(s.FieldBuilder(i).(*array.StructBuilder), shown, r.ranges[i].without)
			}
		}})
	}
	if len(unified) == 0 {
		cols = cols[1:]
	}
	return cols
}
