package functions

import (
	"slices"

	"psyberg/functions/discover"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

const psybergFilesDoc = `Exactly the files that changed in each source since a process read it, one a row, for loads that must not read a row twice.

  source_table          VARCHAR      as given, without the default catalog
  source_ref            VARCHAR      the branch or tag read: the part after @, main where none was given
  change                VARCHAR      ADDED or REMOVED (withdrawn by a rollback too)
  content               VARCHAR      DATA, POSITION_DELETES (deletion vectors too), EQUALITY_DELETES
  file_path             VARCHAR
  file_format           VARCHAR      in upper case
  spec_id               INTEGER
  partition_path        VARCHAR      as Iceberg encodes it; '' where unpartitioned
  record_count          BIGINT
  file_size_in_bytes    BIGINT
  data_sequence_number  BIGINT       0 in v1
  snapshot_id           BIGINT       the snapshot that added it, or removed it
  min_event_ts          TIMESTAMPTZ  least event time by bounds, after on_missing_bounds; of a delete file, of the data files it can apply to; NULL without an event-time column
  max_event_ts          TIMESTAMPTZ  greatest, likewise

Files that came and went within the window are left out; one that a compaction of the window has replaced is still there, and readable.
Order: sources as given, then path. on_overwrite is applied where it is given, or where a recorded session applied it.
Errors: those of psyberg_new_partitions. Cost: the manifests of the window; those of the head on a first run, a recovery, and where delete files changed something.`

// psybergFileRow is a file of a change set.
type psybergFileRow struct {
	src *discover.Source
	*psyberg.FileChange
}

func (r psybergFileRow) source() *discover.Source { return r.src }

func psybergFilesFunction(d discover.Deps) *surface.Function {
	return discovery(d, "psyberg_files", psybergFilesDoc, discover.Request{Want: discover.WantFiles}, psybergFileColumns(),
		func(found *discover.Result) []psybergFileRow {
			var rows []psybergFileRow
			for _, s := range found.Sources {
				for i := range s.Changes.Files {
					rows = append(rows, psybergFileRow{s, &s.Changes.Files[i]})
				}
			}
			return rows
		})
}

func psybergFileColumns() []column[psybergFileRow] {
	return slices.Concat(sourceColumns[psybergFileRow](), []column[psybergFileRow]{
		text("change", func(r psybergFileRow) (string, bool) { return r.Change, true }),
		text("content", func(r psybergFileRow) (string, bool) { return string(r.Content), true }),
		text("file_path", func(r psybergFileRow) (string, bool) { return r.Path, true }),
		text("file_format", func(r psybergFileRow) (string, bool) { return r.Format, true }),
		integer("spec_id", func(r psybergFileRow) (int, bool) { return r.Partition.SpecID, true }),
		text("partition_path", func(r psybergFileRow) (string, bool) { return r.Partition.Path, true }),
		long("record_count", func(r psybergFileRow) (int64, bool) { return r.Records, true }),
		long("file_size_in_bytes", func(r psybergFileRow) (int64, bool) { return r.Bytes, true }),
		long("data_sequence_number", func(r psybergFileRow) (int64, bool) { return int64(r.Sequence), true }),
		long("snapshot_id", func(r psybergFileRow) (int64, bool) { return int64(r.Snapshot), true }),
	}, rangeColumns("min_event_ts", "max_event_ts", func(r psybergFileRow) *psyberg.TimeRange { return r.Times }))
}
