package functions

import (
	"context"
	"strings"

	"psyberg/functions/meta"
	"psyberg/functions/surface"
)

const refsDoc = `The branches and tags of a table, one a row, in order of name.

  name                     VARCHAR
  type                     VARCHAR  BRANCH or TAG
  snapshot_id              BIGINT   the branch's head, the tag's snapshot
  max_reference_age_in_ms  BIGINT   NULL: not set; likewise below
  min_snapshots_to_keep    INTEGER  branches only
  max_snapshot_age_in_ms   BIGINT   branches only

snapshot_id, ref and as_of are checked, and change nothing here.
Cost: the metadata.json only.`

func refsFunction(tables surface.Tables) *surface.Function {
	return &surface.Function{
		Name: "iceberg_refs", Doc: refsDoc,
		Positional: []surface.Arg{tableArg}, Named: pinArgs,
		Bind: func(ctx context.Context, args surface.Args) (*surface.Relation, error) {
			p, err := pin(ctx, tables, args)
			if err != nil {
				return nil, err
			}
			var rows []meta.Ref
			for _, name := range sortedKeys(p.Meta.Refs) {
				r := p.Meta.Refs[name]
				r.Name = name
				rows = append(rows, r)
			}
			return relationOf(refColumns, rows), nil
		},
	}
}

var refColumns = []column[meta.Ref]{
	text("name", func(r meta.Ref) (string, bool) { return r.Name, true }),
	text("type", func(r meta.Ref) (string, bool) { return strings.ToUpper(r.Type), true }),
	long("snapshot_id", func(r meta.Ref) (int64, bool) { return int64(r.SnapshotID), true }),
	long("max_reference_age_in_ms", func(r meta.Ref) (int64, bool) { return optional(r.MaxRefAgeMs) }),
	integer("min_snapshots_to_keep", func(r meta.Ref) (int, bool) {
		n, ok := optional(r.MinSnapshotsToKeep)
		return int(n), ok
	}),
	long("max_snapshot_age_in_ms", func(r meta.Ref) (int64, bool) { return optional(r.MaxSnapshotAgeMs) }),
}
