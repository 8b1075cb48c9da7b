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

const manifestsDoc = `The manifests of a snapshot, one a row, in the order of its manifest list.

  content                      INTEGER  0 data, 1 deletes
  path                         VARCHAR
  length                       BIGINT   bytes
  partition_spec_id            INTEGER
  added_snapshot_id            BIGINT   the snapshot that wrote it; NULL where an old v1 list leaves it out
  added_data_files_count       INTEGER  0 for a delete manifest; NULL where a v1 list leaves counts out, likewise below
  existing_data_files_count    INTEGER
  deleted_data_files_count     INTEGER
  added_delete_files_count     INTEGER  0 for a data manifest
  existing_delete_files_count  INTEGER
  deleted_delete_files_count   INTEGER
  partition_summaries          STRUCT(contains_null BOOLEAN, contains_nan BOOLEAN, lower_bound VARCHAR, upper_bound VARCHAR)[]
                                        per partition field in spec order, bounds as Iceberg prints partition values; NULL where absent
  reference_snapshot_id        BIGINT   the snapshot whose manifest list has this row
  key_metadata                 BLOB     NULL: not encrypted
  sequence_number              BIGINT   0 in v1
  min_sequence_number          BIGINT   the least data sequence number of its files; 0 in v1
  added_rows_count             BIGINT   NULL where absent; likewise below
  existing_rows_count          BIGINT
  deleted_rows_count           BIGINT

all_snapshots := true gives the manifests of every retained snapshot, a row per snapshot and manifest.
Cost: one manifest list per snapshot; no manifest is read.`

func manifestsFunction(tables surface.Tables) *surface.Function {
	return &surface.Function{
		Name: "iceberg_manifests", Doc: manifestsDoc,
		Positional: []surface.Arg{tableArg}, Named: append(allSnapshotsArgs(), pinArgs...),
		Bind: func(ctx context.Context, args surface.Args) (*surface.Relation, error) {
			p, err := pinFiles(ctx, tables, args)
			if err != nil {
				return nil, err
			}
			all, err := allSnapshots(p, args)
			if err != nil {
				return nil, err
			}
			return lazyRelation(manifestColumns, func(ctx context.Context) ([]manifestRow, error) {
				return manifestRows(ctx, p, all)
			}), nil
		},
	}
}

func allSnapshotsArgs() []surface.Arg {
	return []surface.Arg{{Name: "all_snapshots", Type: typeBool, Doc: "true: of every retained snapshot, not only the pinned one"}}
}

// allSnapshots reads the argument all_snapshots, which excludes pinning one.
func allSnapshots(p *pinned, args surface.Args) (bool, error) {
	all, _, err := args.Bool("all_snapshots")
	if err != nil || !all {
		return false, err
	}
	for _, a := range pinArgs {
		if args.Named[a.Name] != nil {
			return false, fmt.Errorf("read all snapshots of table %q: %s is given too; give one of them", p.Name, a.Name)
		}
	}
	if p.Ref != "" {
		return false, fmt.Errorf("read all snapshots of table %q: @%s in its name is given too; give one of them", p.Name, p.Ref)
	}
	return true, nil
}

type manifestRow struct {
	manifest.File
	of     psyberg.SnapshotID
	fields []meta.BoundField // of its spec
}

func manifestRows(ctx context.Context, p *pinned, all bool) ([]manifestRow, error) {
	snapshots := p.Meta.Snapshots
	if !all {
		snapshots = []*psyberg.Snapshot{p.Snapshot}
	}
	lists, err := p.Table.Lists(ctx, snapshots)
	if err != nil {
		return nil, err
	}
	bound := map[int32][]meta.BoundField{}
	var rows []manifestRow
	for i, s := range snapshots {
		for _, f := range lists[i] {
			fields, known := bound[f.SpecID]
			if !known {
				spec, ok := p.Meta.Spec(int(f.SpecID))
				if !ok {
					return nil, fmt.Errorf("read manifest list of snapshot %d: manifest %q has partition spec %d, which table %q does not [PSY_DAMAGED]",
						s.ID, f.Path, f.SpecID, p.Name)
				}
				fields = p.Meta.Bind(spec)
				bound[f.SpecID] = fields
			}
			rows = append(rows, manifestRow{f, s.ID, fields})
		}
	}
	return rows, nil
}

// known turns a count of a manifest list into value and ok.
func known(v int64) (int64, bool) { return v, v != manifest.Unknown }

// fileCount is one of the six counts: of data files in data manifests, of
// delete files in the others, else zero.
func fileCount(name string, of manifest.Content, get func(manifestRow) int64) column[manifestRow] {
	return integer(name, func(r manifestRow) (int, bool) {
		if r.Content != of {
			return 0, true
		}
		n, ok := known(get(r))
		return int(n), ok
	})
}

func added(r manifestRow) int64    { return r.AddedFiles }
func existing(r manifestRow) int64 { return r.ExistingFiles }
func deleted(r manifestRow) int64  { return r.DeletedFiles }

var typeSummaries = arrow.ListOf(arrow.StructOf(
	nullable("contains_null", typeBool), nullable("contains_nan", typeBool),
	nullable("lower_bound", typeText), nullable("upper_bound", typeText)))

var manifestColumns = []column[manifestRow]{
	integer("content", func(r manifestRow) (int, bool) { return int(r.Content), true }),
	text("path", func(r manifestRow) (string, bool) { return r.Path, true }),
	long("length", func(r manifestRow) (int64, bool) { return r.Length, true }),
	integer("partition_spec_id", func(r manifestRow) (int, bool) { return int(r.SpecID), true }),
	long("added_snapshot_id", func(r manifestRow) (int64, bool) { return known(int64(r.AddedSnapshotID)) }),
	fileCount("added_data_files_count", manifest.ContentData, added),
	fileCount("existing_data_files_count", manifest.ContentData, existing),
	fileCount("deleted_data_files_count", manifest.ContentData, deleted),
	fileCount("added_delete_files_count", manifest.ContentDeletes, added),
	fileCount("existing_delete_files_count", manifest.ContentDeletes, existing),
	fileCount("deleted_delete_files_count", manifest.ContentDeletes, deleted),
	{nullable("partition_summaries", typeSummaries), appendSummaries},
	long("reference_snapshot_id", func(r manifestRow) (int64, bool) { return int64(r.of), true }),
	blob("key_metadata", func(r manifestRow) []byte { return r.KeyMetadata }),
	long("sequence_number", func(r manifestRow) (int64, bool) { return int64(r.Sequence), true }),
	long("min_sequence_number", func(r manifestRow) (int64, bool) { return int64(r.MinSequence), true }),
	long("added_rows_count", func(r manifestRow) (int64, bool) { return known(r.AddedRows) }),
	long("existing_rows_count", func(r manifestRow) (int64, bool) { return known(r.ExistingRows) }),
	long("deleted_rows_count", func(r manifestRow) (int64, bool) { return known(r.DeletedRows) }),
}

func appendSummaries(b array.Builder, r manifestRow) {
	if r.Partitions == nil {
		b.AppendNull()
		return
	}
	l := b.(*array.ListBuilder)
	l.Append(true)
	item := l.ValueBuilder().(*array.StructBuilder)
	null, nan := item.FieldBuilder(0).(*array.BooleanBuilder), item.FieldBuilder(1).(*array.BooleanBuilder)
	for i, s := range r.Partitions {
		item.Append(true)
		null.Append(s.ContainsNull)
		if s.ContainsNaN != nil {
			nan.Append(*s.ContainsNaN)
		} else {
			nan.AppendNull()
		}
		appendSummaryBound(item.FieldBuilder(2), r.fields, i, s.Lower)
		appendSummaryBound(item.FieldBuilder(3), r.fields, i, s.Upper)
	}
}

// appendSummaryBound prints a summary's bound as Iceberg prints partition
// values. One that cannot be decoded (a field that the spec lacks, a damaged
// length) is NULL: it bounds nothing.
func appendSummaryBound(b array.Builder, fields []meta.BoundField, i int, bound []byte) {
	if bound != nil && i < len(fields) {
		if v, err := meta.DecodeBound(fields[i].Result, bound); err == nil && !v.IsNull() {
			b.(*array.StringBuilder).Append(fields[i].Transform.Human(v))
			return
		}
	}
	b.AppendNull()
}
