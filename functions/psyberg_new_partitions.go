package functions

import (
	"slices"

	"psyberg/functions/discover"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

const newPartitionsDoc = `The partitions that changed in each source since a process read it, one a row: the stateless discovery.

  source_table          VARCHAR      as given, without the default catalog
  source_ref            VARCHAR      the branch or tag read: the part after @, main where none was given
  spec_id               INTEGER      of the partition spec
  uri                   JSON         the partition as an object, fields in spec order: numbers as numbers, dates "2023-09-14", hours "2023-09-14-09"; {} where unpartitioned
  partition_path        VARCHAR      as Iceberg encodes it; '' where unpartitioned. Not unique: null and the text "null" share one
  added_files           BIGINT       data files; 0 where files came and went, or were only removed
  added_records         BIGINT
  added_bytes           BIGINT
  removed_files         BIGINT       data files, those withdrawn by a rollback too
  removed_records       BIGINT
  preexisting_files     BIGINT       data files of the partition and spec that were there before; NULL unless with_preexisting := true
  event_ts_column       VARCHAR      as src_tables names it; NULL where it names none
  min_event_ts          TIMESTAMPTZ  least event time of the changed files, by bounds; NULL without a column, and where no file has an event time
  max_event_ts          TIMESTAMPTZ  greatest, likewise
  files_without_bounds  BIGINT       changed files without the bounds they need; 0 without a column
  is_late               BOOLEAN      min_event_ts lies before the valid_to recorded for this source; NULL where either is unknown
  first_committed_at    TIMESTAMPTZ  of the snapshots that changed it; NULL where all have expired
  last_committed_at     TIMESTAMPTZ  likewise
  snapshot_ids          BIGINT[]     those snapshots, oldest first
  discovered_by         VARCHAR      SUMMARY (no manifest was read), MANIFESTS (those of the window), LIVE (those of the head)
  recovered             BOOLEAN      true: found by on_gap := 'recover'

Order: sources as given, then spec, then path. Stateless: overwrites and deletes stop, unless on_overwrite is 'skip' or 'added'.
Errors: [PSY_EXPIRED_GAP], [PSY_ROLLED_BACK], [PSY_REPLACED], [PSY_OVERWRITE], [PSY_MISSING_BOUNDS], each saying which argument continues; an unknown event-time column, with near matches.
Cost: in proportion to what is new, as discovered_by says; with_preexisting reads the head's data manifests too.`

// newPartitionRow is a changed partition of a source.
type newPartitionRow struct {
	src *discover.Source
	*psyberg.PartitionChange
}

func (r newPartitionRow) source() *discover.Source { return r.src }

func newPartitionsFunction(d discover.Deps) *surface.Function {
	ask := discover.Request{Want: discover.WantPartitions, Pattern: psyberg.Stateless}
	return discovery(d, "psyberg_new_partitions", newPartitionsDoc, ask, newPartitionColumns(), newPartitionRows)
}

func newPartitionRows(found *discover.Result) []newPartitionRow {
	var rows []newPartitionRow
	for _, s := range found.Sources {
		for i := range s.Changes.Partitions {
			rows = append(rows, newPartitionRow{s, &s.Changes.Partitions[i]})
		}
	}
	return rows
}

func newPartitionColumns() []column[newPartitionRow] {
	return slices.Concat(sourceColumns[newPartitionRow](), []column[newPartitionRow]{
		integer("spec_id", func(r newPartitionRow) (int, bool) { return r.SpecID, true }),
		jsonText("uri", func(r newPartitionRow) []byte { return []byte(r.URI) }),
		text("partition_path", func(r newPartitionRow) (string, bool) { return r.Path, true }),
		long("added_files", func(r newPartitionRow) (int64, bool) { return r.AddedFiles, true }),
		long("added_records", func(r newPartitionRow) (int64, bool) { return r.AddedRecords, true }),
		long("added_bytes", func(r newPartitionRow) (int64, bool) { return r.AddedBytes, true }),
		long("removed_files", func(r newPartitionRow) (int64, bool) { return r.RemovedFiles, true }),
		long("removed_records", func(r newPartitionRow) (int64, bool) { return r.RemovedRecords, true }),
		long("preexisting_files", func(r newPartitionRow) (int64, bool) { return optional(r.Preexisting) }),
		eventColumnColumn[newPartitionRow](),
	}, rangeColumns("min_event_ts", "max_event_ts", func(r newPartitionRow) *psyberg.TimeRange { return r.Events }), []column[newPartitionRow]{
		long("files_without_bounds", func(r newPartitionRow) (int64, bool) { return r.FilesWithoutBounds, true }),
		boolean("is_late", func(r newPartitionRow) (v, ok bool) { return optional(r.IsLate(r.src.ValidTo)) }),
		instant("first_committed_at", func(r newPartitionRow) (psyberg.Instant, bool) { return optional(r.FirstCommit) }),
		instant("last_committed_at", func(r newPartitionRow) (psyberg.Instant, bool) { return optional(r.LastCommit) }),
		longs("snapshot_ids", func(r newPartitionRow) []int64 { return snapshotIDs(r.Snapshots) }),
		text("discovered_by", func(r newPartitionRow) (string, bool) { return string(r.src.Changes.Level), true }),
		boolean("recovered", func(r newPartitionRow) (v, ok bool) { return r.src.Window.Recovered, true }),
	})
}
