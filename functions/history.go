package functions

import (
	"context"

	"psyberg/functions/surface"
	"psyberg/psyberg"
)

const historyDoc = `Which snapshots were current on main, and since when: a row per change, in the order of the log.

  made_current_at      TIMESTAMPTZ
  snapshot_id          BIGINT
  parent_id            BIGINT   NULL for the first, and where the snapshot has expired
  is_current_ancestor  BOOLEAN  false: it was rolled back or replaced since

The ancestry is that of the current snapshot, or of what snapshot_id, ref or as_of names.
Cost: the metadata.json only.`

func historyFunction(tables surface.Tables) *surface.Function {
	return &surface.Function{
		Name: "iceberg_history", Doc: historyDoc,
		Positional: []surface.Arg{tableArg}, Named: pinArgs,
		Bind: func(ctx context.Context, args surface.Args) (*surface.Relation, error) {
			p, err := pin(ctx, tables, args)
			if err != nil {
				return nil, err
			}
			line := p.ancestors(p.Snapshot)
			rows := make([]historyRow, len(p.Meta.SnapshotLog))
			for i, e := range p.Meta.SnapshotLog {
				rows[i] = historyRow{at: e.At, id: e.SnapshotID, snapshot: p.byID[e.SnapshotID], ofHead: line[e.SnapshotID]}
			}
			return relationOf(historyColumns, rows), nil
		},
	}
}

type historyRow struct {
	at       psyberg.Instant
	id       psyberg.SnapshotID
	snapshot *psyberg.Snapshot // nil: expired
	ofHead   bool
}

var historyColumns = []column[historyRow]{
	instant("made_current_at", func(r historyRow) (psyberg.Instant, bool) { return r.at, true }),
	long("snapshot_id", func(r historyRow) (int64, bool) { return int64(r.id), true }),
	long("parent_id", func(r historyRow) (int64, bool) {
		if r.snapshot == nil || !r.snapshot.HasParent {
			return 0, false
		}
		return int64(r.snapshot.Parent), true
	}),
	boolean("is_current_ancestor", func(r historyRow) (bool, bool) { return r.ofHead, true }),
}
