package functions

import (
	"context"

	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// Preflighter says what a publish would do, without writing; the engine's
// catalogs satisfy it.
type Preflighter interface {
	// Preflight looks at one state of the target. An id that is unknown or
	// staged twice is a plan that refuses, not an error.
	Preflight(ctx context.Context, target, wapID string) (psyberg.PublishPlan, error)
}

const preflightDoc = `What a publish would do with what a session has staged, and what stands in its way. One row; nothing is written.

  staged_snapshot_id        BIGINT     the staged snapshot, or the head of the session's branch; NULL where nothing (or more than one thing) is staged
  staged_parent_id          BIGINT     its parent (of a branch: of its first snapshot); NULL where it has none
  head_snapshot_id          BIGINT     of the target's main; NULL where it has no snapshot yet
  operation                 VARCHAR    append, overwrite, delete: of the staged snapshot
  method                    VARCHAR    fast-forward, cherry-pick (replayed onto a head that has moved), refused, already-published
  reason                    VARCHAR    why, in words
  conflicting_partitions    VARCHAR[]  paths that main has changed since, and that what is staged replaces; empty where none
  conflicting_snapshot_ids  BIGINT[]   main's snapshots that did it, or the ones staged with the same id

Errors: unknown target (with near matches).
Cost: the metadata.json; after the head moved, for an overwrite of partitions, the manifests that main has added since.`

// Preflight is the function psyberg_publish_preflight.
func Preflight(p Preflighter) *surface.Function {
	return &surface.Function{
		Name: "psyberg_publish_preflight", Doc: preflightDoc,
		Positional: []surface.Arg{
			{Name: "target", Type: typeText, Doc: "'ns.table' or 'catalog.ns.table'"},
			{Name: "wap_id", Type: typeText, Doc: "the id under which the session staged: its wap.id, or the session of its branch"},
		},
		Bind: func(_ context.Context, args surface.Args) (*surface.Relation, error) {
			target, err := args.PositionalText(0, "target")
			if err != nil {
				return nil, err
			}
			id, err := args.PositionalText(1, "wap_id")
			if err != nil {
				return nil, err
			}
			return lazyRelation(preflightColumns, func(ctx context.Context) ([]psyberg.PublishPlan, error) {
				plan, err := p.Preflight(ctx, target, id)
				if err != nil {
					return nil, err
				}
				return []psyberg.PublishPlan{plan}, nil
			}), nil
		},
	}
}

func optionalID(id *psyberg.SnapshotID) (int64, bool) {
	v, ok := optional(id)
	return int64(v), ok
}

var preflightColumns = []column[psyberg.PublishPlan]{
	long("staged_snapshot_id", func(r psyberg.PublishPlan) (int64, bool) { return optionalID(r.Staged) }),
	long("staged_parent_id", func(r psyberg.PublishPlan) (int64, bool) { return optionalID(r.Parent) }),
	long("head_snapshot_id", func(r psyberg.PublishPlan) (int64, bool) { return optionalID(r.Head) }),
	text("operation", func(r psyberg.PublishPlan) (string, bool) { return r.Operation, r.Operation != "" }),
	text("method", func(r psyberg.PublishPlan) (string, bool) { return string(r.Method), true }),
	text("reason", func(r psyberg.PublishPlan) (string, bool) { return r.Reason, true }),
	texts("conflicting_partitions", func(r psyberg.PublishPlan) []string { return append([]string{}, r.ConflictingPartition...) }),
	longs("conflicting_snapshot_ids", func(r psyberg.PublishPlan) []int64 { return snapshotIDs(r.ConflictingSnapshots) }),
}
