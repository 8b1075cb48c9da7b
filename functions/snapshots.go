package functions

import (
	"context"
	"slices"

	"psyberg/functions/surface"
	"psyberg/psyberg"
)

const snapshotsDoc = `The retained snapshots of a table, one a row, in the order of its metadata.

  committed_at         TIMESTAMPTZ           when it was committed, by the writer's clock, UTC
  snapshot_id          BIGINT
  parent_id            BIGINT                NULL for the first; may name a snapshot that has expired
  operation            VARCHAR               append, replace, overwrite, delete; NULL where a v1 writer left it out
  manifest_list        VARCHAR               NULL where a v1 snapshot names its manifests inline
  summary              MAP(VARCHAR, VARCHAR) without operation
  schema_id            INTEGER               NULL where the writer did not say (v1)
  sequence_number      BIGINT                0 in v1
  clock_skew           BOOLEAN               true: committed earlier, by the clock, than its parent; NULL where the parent is unknown
  is_ancestor_of_head  BOOLEAN               true: the pinned snapshot, or one it descends from; false for staged ones, other branches, what was rolled back
  refs                 VARCHAR[]             branches and tags that point at it, in order of name

The head is the table's current snapshot, or what snapshot_id, ref or as_of names.
Cost: the metadata.json only.`

func snapshotsFunction(tables surface.Tables) *surface.Function {
	return &surface.Function{
		Name: "iceberg_snapshots", Doc: snapshotsDoc,
		Positional: []surface.Arg{tableArg}, Named: pinArgs,
		Bind: func(ctx context.Context, args surface.Args) (*surface.Relation, error) {
			p, err := pin(ctx, tables, args)
			if err != nil {
				return nil, err
			}
			return relationOf(snapshotColumns, snapshotRows(p)), nil
		},
	}
}

type snapshotRow struct {
	*psyberg.Snapshot
	skew, knowsParent, ofHead bool
	refs                      []string
}

func snapshotRows(p *pinned) []snapshotRow {
	line := p.ancestors(p.Snapshot)
	refs := map[psyberg.SnapshotID][]string{}
	for _, name := range sortedKeys(p.Meta.Refs) {
		id := p.Meta.Refs[name].SnapshotID
		refs[id] = append(refs[id], name)
	}
	rows := make([]snapshotRow, len(p.Meta.Snapshots))
	for i, s := range p.Meta.Snapshots {
		r := snapshotRow{Snapshot: s, ofHead: line[s.ID], refs: slices.Concat([]string{}, refs[s.ID])}
		if s.HasParent {
			if parent, ok := p.byID[s.Parent]; ok {
				r.knowsParent, r.skew = true, s.CommittedAt < parent.CommittedAt
			}
		}
		rows[i] = r
	}
	return rows
}

var snapshotColumns = []column[snapshotRow]{
	instant("committed_at", func(r snapshotRow) (psyberg.Instant, bool) { return r.CommittedAt, true }),
	long("snapshot_id", func(r snapshotRow) (int64, bool) { return int64(r.ID), true }),
	long("parent_id", func(r snapshotRow) (int64, bool) { return int64(r.Parent), r.HasParent }),
	text("operation", func(r snapshotRow) (string, bool) { return r.Operation, r.Operation != "" }),
	text("manifest_list", func(r snapshotRow) (string, bool) { return r.ManifestList, r.ManifestList != "" }),
	stringMap("summary", func(r snapshotRow) map[string]string { return r.Summary.Map() }),
	integer("schema_id", func(r snapshotRow) (int, bool) { return r.SchemaID, r.HasSchema }),
	long("sequence_number", func(r snapshotRow) (int64, bool) { return int64(r.Sequence), true }),
	boolean("clock_skew", func(r snapshotRow) (bool, bool) { return r.skew, r.knowsParent }),
	boolean("is_ancestor_of_head", func(r snapshotRow) (bool, bool) { return r.ofHead, true }),
	texts("refs", func(r snapshotRow) []string {
		if r.refs == nil {
			return []string{}
		}
		return r.refs
	}),
}
