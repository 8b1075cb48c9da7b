package functions

import (
	"context"
	"errors"
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
			q := &partitionQuery{p: p, unified: unified, leaves: leaves, filter: filter, columns: partitionColumns(unified, leaves)}
			return q.relation(), nil
		},
	}
}

// partitionQuery is a bound call of iceberg_partitions.
type partitionQuery struct {
	p       *pinned
	unified []meta.UnifiedField
	leaves  []metricsLeaf
	filter  *fileFilter
	columns []partitionColumn
}

// partitionColumn is a column and the entry columns that it adds up.
type partitionColumn struct {
	column[*partitionRow]
	needs  []manifest.Column
	bounds bool // needs those of leaves
}

func (q *partitionQuery) relation() *surface.Relation {
	fields := make([]arrow.Field, len(q.columns))
	for i, c := range q.columns {
		fields[i] = c.field
	}
	return &surface.Relation{Schema: arrow.NewSchema(fields, nil), Rows: -1, Open: q.open}
}

func (q *partitionQuery) open(ctx context.Context, columns []int) (surface.Scan, error) {
	picked := make([]column[*partitionRow], len(columns))
	needs := []manifest.Column{manifest.FileContent, manifest.Partition}
	var leaves []metricsLeaf
	for i, c := range columns {
		picked[i] = q.columns[c].column
		needs = append(needs, q.columns[c].needs...)
		if q.columns[c].bounds {
			leaves = q.leaves
		}
	}
	slices.Sort(needs)
	rows, err := q.rows(ctx, slices.Compact(needs), leaves)
	if err != nil {
		return nil, err
	}
	return &rowScan[*partitionRow]{cols: picked, schema: schemaOf(picked), rows: rows}, nil
}

// rows reads the manifests; every decoder adds up what it reads.
func (q *partitionQuery) rows(ctx context.Context, needs []manifest.Column, leaves []metricsLeaf) ([]*partitionRow, error) {
	files := &fileQuery{p: q.p, live: true, filter: q.filter, content: func(manifest.Content) bool { return true }}
	jobs, err := files.jobs(ctx)
	if err != nil {
		return nil, err
	}
	request := &manifest.Request{Live: true, Columns: needs}
	request.Partition, _ = partitionRequest(q.unified)
	requestRanges(request, leafIDs(leaves))
	q.filter.request(request)
	sums := &partitionSums{new: func() *partitionSum {
		return &partitionSum{p: q.p, unified: q.unified, leaves: leaves, rows: map[string]*partitionRow{}}
	}}
	scan := newManifestScan(ctx, q.p.Table, jobs, request, q.filter, func(job manifestJob, in arrow.RecordBatch) (arrow.RecordBatch, error) {
		s := sums.take()
		defer sums.give(s)
		return nil, s.add(job.SpecID, newEntryBatch(in))
	})
	scan.memory = forScans
	defer scan.Close()
	if _, err := scan.Next(ctx); !errors.Is(err, io.EOF) {
		return nil, err
	}
	return sums.rows(), nil
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

func partitionColumns(unified []meta.UnifiedField, leaves []metricsLeaf) []partitionColumn {
	_, structType := partitionRequest(unified)
	count := func(name string, get func(*partitionRow) int64, needs ...manifest.Column) partitionColumn {
		return partitionColumn{column: long(name, func(r *partitionRow) (int64, bool) { return get(r), true }), needs: needs}
	}
	number := func(name string, get func(*partitionRow) int64) partitionColumn {
		return partitionColumn{column: integer(name, func(r *partitionRow) (int, bool) { return int(get(r)), true })}
	}
	cols := []partitionColumn{
		{column: column[*partitionRow]{nullable("partition", structType), func(b array.Builder, r *partitionRow) {
			s := b.(*array.StructBuilder)
			s.Append(true)
			for i, v := range r.values {
				if m := s.FieldBuilder(i); v.Append(m) != nil {
					m.AppendNull()
				}
			}
		}}},
		number("spec_id", func(r *partitionRow) int64 { return int64(r.spec) }),
		count("record_count", func(r *partitionRow) int64 { return r.counts[0].records }, manifest.RecordCount),
		number("file_count", func(r *partitionRow) int64 { return r.counts[0].files }),
		count("total_data_file_size_in_bytes", func(r *partitionRow) int64 { return r.bytes }, manifest.FileSizeInBytes),
		count("position_delete_record_count", func(r *partitionRow) int64 { return r.counts[1].records }, manifest.RecordCount),
		number("position_delete_file_count", func(r *partitionRow) int64 { return r.counts[1].files }),
		count("equality_delete_record_count", func(r *partitionRow) int64 { return r.counts[2].records }, manifest.RecordCount),
		number("equality_delete_file_count", func(r *partitionRow) int64 { return r.counts[2].files }),
		{needs: []manifest.Column{manifest.SnapshotID}, column: instant("last_updated_at", func(r *partitionRow) (psyberg.Instant, bool) {
			if r.updated == nil {
				return 0, false
			}
			return r.updated.CommittedAt, true
		})},
		{needs: []manifest.Column{manifest.SnapshotID}, column: long("last_updated_snapshot_id", func(r *partitionRow) (int64, bool) {
			if r.updated == nil {
				return 0, false
			}
			return int64(r.updated.ID), true
		})},
	}
	if len(leaves) > 0 {
		cols = append(cols, partitionColumn{bounds: true, column: column[*partitionRow]{nullable("bounds", boundsType(leaves)), appendRanges}})
	}
	if len(unified) == 0 {
		cols = cols[1:]
	}
	return cols
}

// appendRanges appends the ranges of a partition's columns.
func appendRanges(b array.Builder, r *partitionRow) {
	s := b.(*array.StructBuilder)
	s.Append(true)
	for i := range r.ranges {
		shown := r.ranges[i].columnRange
		if r.ranges[i].noMin {
			shown.min = meta.Null
		}
		if r.ranges[i].noMax {
			shown.max = meta.Null
		}
		appendRange(s.FieldBuilder(i).(*array.StructBuilder), shown, r.ranges[i].without)
	}
}
