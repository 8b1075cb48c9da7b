package functions

import (
	"context"
	"slices"

	"psyberg/functions/manifest"
	"psyberg/functions/meta"
	"psyberg/functions/surface"
)

const entriesDoc = `The manifest entries of a snapshot, one a row, those that say deleted too.

  status                INTEGER  0 existing, 1 added, 2 deleted
  snapshot_id           BIGINT   the snapshot that added the file, or deleted it
  sequence_number       BIGINT   data sequence number: deletes with a higher one apply (equality), or the same (position); 0 in v1
  file_sequence_number  BIGINT   when the file was added; NULL for files of early v2 writers
  data_file             STRUCT   the columns of iceberg_files from content to content_size_in_bytes
  readable_metrics      STRUCT   as in iceberg_files
  bounds                STRUCT   only with bounds := ['col', ...], as in iceberg_files

Sequence numbers and snapshot ids that an entry inherits from its manifest are filled in. all_snapshots := true reads every
manifest of every retained snapshot once. content := 'data' or 'deletes' leaves the other manifests unread; where := as in iceberg_files.
Errors and cost: as iceberg_files, but manifests without live files are read too.`

func entriesFunction(tables surface.Tables) *surface.Function {
	return &surface.Function{
		Name: "iceberg_entries", Doc: entriesDoc,
		Positional: []surface.Arg{tableArg}, Named: slices.Concat(fileArgs, pinArgs),
		Bind: func(ctx context.Context, args surface.Args) (*surface.Relation, error) {
			return bindFiles(ctx, tables, args, false, entriesColumns)
		},
	}
}

func entriesColumns(unified []meta.UnifiedField) []fileColumn {
	return []fileColumn{
		entryColumn(manifest.Status, typeInt),
		entryColumn(manifest.SnapshotID, typeLong),
		entryColumn(manifest.SequenceNumber, typeLong),
		entryColumn(manifest.FileSequenceNumber, typeLong),
		structColumn("data_file", dataFileColumns(unified)),
	}
}
