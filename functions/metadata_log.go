package functions

import (
	"context"

	"psyberg/functions/surface"
	"psyberg/psyberg"
)

const metadataLogDoc = `The metadata.json files of a table that its metadata still names, one a row, oldest first; the last is the current one.

  timestamp               TIMESTAMPTZ  when the file was written
  file                    VARCHAR      its location
  latest_snapshot_id      BIGINT       current on main at that time, by the snapshot log; NULL before the first
  latest_schema_id        INTEGER      that snapshot's; NULL where it has expired or does not say
  latest_sequence_number  BIGINT       that snapshot's; NULL where it has expired

snapshot_id, ref and as_of are checked, and change nothing here.
Cost: the metadata.json only: the files named are not read.`

func metadataLogFunction(tables surface.Tables) *surface.Function {
	return &surface.Function{
		Name: "iceberg_metadata_log_entries", Doc: metadataLogDoc,
		Positional: []surface.Arg{tableArg}, Named: pinArgs,
		Bind: func(ctx context.Context, args surface.Args) (*surface.Relation, error) {
			p, err := pin(ctx, tables, args)
			if err != nil {
				return nil, err
			}
			return relationOf(metadataLogColumns, metadataLogRows(p)), nil
		},
	}
}

type metadataLogRow struct {
	at       psyberg.Instant
	file     string
	id       psyberg.SnapshotID
	hasID    bool
	snapshot *psyberg.Snapshot
}

func metadataLogRows(p *pinned) []metadataLogRow {
	rows := make([]metadataLogRow, 0, len(p.Meta.MetadataLog)+1)
	add := func(at psyberg.Instant, file string) {
		r := metadataLogRow{at: at, file: file}
		if r.id, r.hasID = currentAt(p.Meta, at); r.hasID {
			r.snapshot = p.byID[r.id]
		}
		rows = append(rows, r)
	}
	for _, e := range p.Meta.MetadataLog {
		add(e.At, e.Location)
	}
	add(p.Meta.LastUpdated, p.Location)
	return rows
}

var metadataLogColumns = []column[metadataLogRow]{
	instant("timestamp", func(r metadataLogRow) (psyberg.Instant, bool) { return r.at, true }),
	text("file", func(r metadataLogRow) (string, bool) { return r.file, true }),
	long("latest_snapshot_id", func(r metadataLogRow) (int64, bool) { return int64(r.id), r.hasID }),
	integer("latest_schema_id", func(r metadataLogRow) (int, bool) {
		if r.snapshot == nil {
			return 0, false
		}
		return r.snapshot.SchemaID, r.snapshot.HasSchema
	}),
	long("latest_sequence_number", func(r metadataLogRow) (int64, bool) {
		if r.snapshot == nil {
			return 0, false
		}
		return int64(r.snapshot.Sequence), true
	}),
}
