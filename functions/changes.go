package functions

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"psyberg/functions/surface"
	"psyberg/psyberg"
)

const changesDoc = `The files added and removed by the snapshots of (from_snapshot_id, to_snapshot_id], one a row and snapshot.

  source_table          VARCHAR  as given, without the default catalog
  source_ref            VARCHAR  the part after @; NULL where none was given
  change                VARCHAR  ADDED or REMOVED
  content               VARCHAR  DATA, POSITION_DELETES (deletion vectors too), EQUALITY_DELETES
  file_path             VARCHAR
  file_format           VARCHAR  in upper case
  spec_id               INTEGER
  partition_path        VARCHAR  as Iceberg encodes it; '' for an unpartitioned spec
  record_count          BIGINT
  file_size_in_bytes    BIGINT
  data_sequence_number  BIGINT   0 in v1
  snapshot_id           BIGINT   the snapshot that added or removed the file
  min_event_ts          TIMESTAMPTZ  lower bound of the event-time column; NULL where none is named ('ns.table|column'), or the file has none
  max_event_ts          TIMESTAMPTZ  upper bound, likewise
  class                 VARCHAR  of the snapshot: APPEND, PUBLISHED, OVERWRITE, DELETE, REPLACE, EMPTY
  content_offset        BIGINT   of a deletion vector in its Puffin file, bytes; else NULL
  bounds                STRUCT   only with bounds := ['col', ...], as in iceberg_files

The snapshots are those that to_snapshot_id (NULL: the pinned head) descends from, down to from_snapshot_id (NULL: the oldest retained one).
REPLACE snapshots' files, and files that came and went in between, are shown too: nothing cancels out. Order: none.
where := 'condition' leaves out manifests and files, as in iceberg_files.
Errors: unknown snapshot (with near matches); from_snapshot_id is no ancestor of to_snapshot_id, or the ancestry ends before it is met [PSY_EXPIRED_GAP].
Cost: the last snapshot's manifest list, those of the others whose manifests it no longer has as their summaries count them,
and of manifests only those that the snapshots themselves added.`

func changesFunction(tables surface.Tables) *surface.Function {
	return &surface.Function{
		Name: "iceberg_changes", Doc: changesDoc,
		Positional: []surface.Arg{
			{Name: "t", Type: typeText, Doc: tableArg.Doc + "; '|column' after it names the event-time column"},
			{Name: "from_snapshot_id", Type: typeLong, Doc: "exclusive; NULL: from the oldest retained ancestor on"},
			{Name: "to_snapshot_id", Type: typeLong, Doc: "inclusive; NULL: the pinned head", Optional: true},
		},
		Named: slices.Concat([]surface.Arg{whereArgument, boundsArgument}, pinArgs),
		Bind: func(ctx context.Context, args surface.Args) (*surface.Relation, error) {
			return bindChanges(ctx, tables, args)
		},
	}
}

func bindChanges(ctx context.Context, tables surface.Tables, args surface.Args) (*surface.Relation, error) {
	name, err := args.PositionalText(0, "t")
	if err != nil {
		return nil, err
	}
	name, event, _ := strings.Cut(name, "|")
	args.Positional = append([]any{name}, args.Positional[1:]...)
	p, err := pinFiles(ctx, tables, args)
	if err != nil {
		return nil, err
	}
	snapshots, err := changeWindow(p, args)
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
	r, err := newChangeReader(p, event, leaves)
	if err != nil {
		return nil, err
	}
	filter.request(r.request)
	cols := changeColumns(leaves)
	return &surface.Relation{
		Schema: schemaOf(cols),
		Rows:   -1,
		Open: func(ctx context.Context, columns []int) (surface.Scan, error) {
			jobs, err := addedManifests(ctx, p, snapshots, filter)
			if err != nil {
				return nil, err
			}
			picked := make([]column[*fileChange], len(columns))
			for i, c := range columns {
				picked[i] = cols[c]
			}
			schema := schemaOf(picked)
			return newManifestScan(ctx, p.Table, jobs, r.request, filter, func(job manifestJob, in arrow.RecordBatch) (arrow.RecordBatch, error) {
				rows, err := r.changes(job, in)
				if err != nil || len(rows) == 0 {
					return nil, err
				}
				return buildBatch(schema, picked, rows), nil
			}), nil
		},
	}, nil
}

// changeWindow returns the snapshots of (from, to], oldest first.
func changeWindow(p *pinned, args surface.Args) ([]*psyberg.Snapshot, error) {
	id := func(i int) (psyberg.SnapshotID, bool) {
		if i < len(args.Positional) {
			if v, ok := args.Positional[i].(int64); ok {
				return psyberg.SnapshotID(v), true
			}
		}
		return 0, false
	}
	to := p.Snapshot
	if want, given := id(2); given {
		var err error
		if to, err = p.snapshot(want); err != nil {
			return nil, err
		}
	}
	from, hasFrom := id(1)
	if to == nil {
		if hasFrom {
			return nil, fmt.Errorf("find changes of table %q since snapshot %d: the table has no snapshot", p.Name, from)
		}
		return nil, nil
	}
	var out []*psyberg.Snapshot
	met := !hasFrom
	last := to
	for s := range p.Meta.Ancestors(to.ID) {
		if hasFrom && s.ID == from {
			met = true
			break
		}
		out, last = append(out, s), s
		if hasFrom && s.HasParent && s.Parent == from { // expired, but still named
			met = true
			break
		}
	}
	if !met {
		return nil, noAncestor(p, from, to, last)
	}
	slices.Reverse(out)
	return out, nil
}

func noAncestor(p *pinned, from psyberg.SnapshotID, to, last *psyberg.Snapshot) error {
	if _, retained := p.byID[from]; retained {
		return fmt.Errorf("find changes of table %q: snapshot %d is no ancestor of %d; look at their common ancestor with iceberg_snapshots", p.Name, from, to.ID)
	}
	if len(p.Meta.Snapshots) > 0 && last.HasParent {
		return fmt.Errorf("find changes of table %q since snapshot %d: the ancestry of %d ends at %d (committed %s), whose parent %d has expired, before it is met; give that one, or NULL [PSY_EXPIRED_GAP]",
			p.Name, from, to.ID, last.ID, last.CommittedAt, last.Parent)
	}
	_, err := p.snapshot(from)
	return err
}
