package functions

import (
	"context"
	"slices"

	"psyberg/functions/meta"
	"psyberg/functions/surface"
)

const filesDoc = `The live files of a snapshot, data and delete files, one a row.

  content                INTEGER  0 data, 1 position deletes (deletion vectors too), 2 equality deletes
  file_path              VARCHAR  as the manifest has it
  file_format            VARCHAR  in upper case
  spec_id                INTEGER
  partition              STRUCT   the fields of all specs, by name, NULL where the file's spec lacks one; no such column where no spec has a field
  record_count           BIGINT
  file_size_in_bytes     BIGINT
  column_sizes           MAP(INTEGER, BIGINT)  by field id, bytes; NULL where the writer left it out, likewise the next five
  value_counts           MAP(INTEGER, BIGINT)
  null_value_counts      MAP(INTEGER, BIGINT)
  nan_value_counts       MAP(INTEGER, BIGINT)
  lower_bounds           MAP(INTEGER, BLOB)    Iceberg's single-value serialization; readable in readable_metrics
  upper_bounds           MAP(INTEGER, BLOB)
  key_metadata           BLOB     NULL: not encrypted
  split_offsets          BIGINT[] bytes; NULL where the writer left it out
  equality_ids           INTEGER[] field ids; NULL but for equality deletes
  sort_order_id          INTEGER  NULL where the writer left it out
  first_row_id           BIGINT   v3 data files; else NULL
  referenced_data_file   VARCHAR  the one data file that deletes are for; NULL where they can be for several
  content_offset         BIGINT   of a deletion vector in its Puffin file, bytes; else NULL
  content_size_in_bytes  BIGINT   likewise
  readable_metrics       STRUCT   per column, nested ones by dotted name, in order of name: column_size, value_count, null_value_count,
                                  nan_value_count BIGINT, lower_bound, upper_bound in the column's type; NULL where not there
  bounds                 STRUCT   only with bounds := ['col', ...]: per column (min, max in the column's type, nulls BIGINT, nans BIGINT,
                                  files_without_bounds BIGINT: 1 where values may lie outside min and max, else 0, NULL for delete files)

Strings' bounds may be truncated: they cover, they are not exact. where := 'condition' over the table's columns (of the pinned snapshot's
schema; comparisons with literals, AND, OR, NOT, IN, BETWEEN, IS NULL, LIKE 'prefix%') leaves out manifests by their partition summaries,
then files by partition values and bounds; a file that may hold a row for which it is true stays; delete files go by partition only. all_snapshots := true reads every manifest of every retained
snapshot once: a file that several manifests hold comes several times. content := 'data' or 'deletes' leaves the other manifests unread.
Errors: unknown table, ref, snapshot, column (with near matches); a manifest that is missing or damaged [PSY_DAMAGED].
Cost: the snapshot's manifests with live files, in parallel; of them only the columns asked for are decoded.`

func filesFunction(tables surface.Tables) *surface.Function {
	return &surface.Function{
		Name: "iceberg_files", Doc: filesDoc,
		Positional: []surface.Arg{tableArg}, Named: slices.Concat(fileArgs, pinArgs),
		Bind: func(ctx context.Context, args surface.Args) (*surface.Relation, error) {
			return bindFiles(ctx, tables, args, true, func(unified []meta.UnifiedField) []fileColumn {
				return dataFileColumns(unified)
			})
		},
	}
}
