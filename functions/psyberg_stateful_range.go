package functions

import (
	"slices"

	"psyberg/functions/discover"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

const statefulRangeDoc = `What changed in each source, and the range of event hours that a session has to load, one source a row: the stateful discovery.

  source_table          VARCHAR      as given, without the default catalog
  source_ref            VARCHAR      the branch or tag read: the part after @, main where none was given
  verdict               VARCHAR      as in psyberg_window
  event_ts_column       VARCHAR      as src_tables names it; NULL where it names none
  time_basis            VARCHAR      where event times come from: column (its bounds), partition (time fields of the partition spec), commit (commit times)
  min_event_ts          TIMESTAMPTZ  least event time of what changed; NULL where nothing with an event time did
  max_event_ts          TIMESTAMPTZ  greatest, likewise
  min_landing_ts        TIMESTAMPTZ  commit time of the first snapshot that changed something; NULL where nothing changed
  max_landing_ts        TIMESTAMPTZ  of the last, likewise
  vtts                  TIMESTAMPTZ  valid-to timestamp: every row with an event time before it has landed
  vtts_source           VARCHAR      what said so
  changed_partitions    BIGINT
  changed_files         BIGINT       data and delete files, added and removed
  changed_records       BIGINT       of the data files among them
  files_without_bounds  BIGINT       changed files without the bounds they need
  valid_to              TIMESTAMPTZ  recorded for this source: until when it has been processed, exclusive; NULL on its first run
  hwm_snapshot_id       BIGINT       as in psyberg_window
  end_snapshot_id       BIGINT       likewise
  discovered_by         VARCHAR      SUMMARY (nothing was read), MANIFESTS (those of the window), LIVE (those of the head)
  from_date             DATE         the session's first hour, UTC, the same on every row; NULL unless READY
  from_hour             INTEGER      0 to 23
  to_date               DATE         its last hour, inclusive
  to_hour               INTEGER
  hours                 INTEGER      how many hours are loaded
  clipped_hours         INTEGER      changed hours beyond catchup_threshold that are left out
  status                VARCHAR      READY, NOTHING_TO_DO, or BASELINE (start := 'latest': the heads are recorded, nothing is loaded)
  next_valid_to         TIMESTAMPTZ  what the session's commit records; NULL leaves valid_to as it is

The range begins at the least of the changed hours and valid_to, and ends with the last hour that is complete in every source.
Order: sources as given. Overwrites and deletes count; on_overwrite is for stateless loads.
Errors: those of psyberg_new_partitions, [PSY_NO_VTTS] with all that was tried, [PSY_CATCHUP_THRESHOLD] with sources and hours.
Cost: the manifests of the window; on a first run or recovery those of the head; the head's data manifests where delete files changed something.`

// rangeRow is one source of a session.
type rangeRow struct {
	src  *discover.Source
	plan *psyberg.RangePlan
}

func (r rangeRow) source() *discover.Source { return r.src }

func statefulRangeFunction(d discover.Deps) *surface.Function {
	return discovery(d, "psyberg_stateful_range", statefulRangeDoc, discover.Request{Want: discover.WantRange}, statefulRangeColumns(), rangeRows)
}

func rangeRows(found *discover.Result) []rangeRow {
	rows := make([]rangeRow, len(found.Sources))
	for i, s := range found.Sources {
		rows[i] = rangeRow{s, found.Plan}
	}
	return rows
}

func (r rangeRow) first() (psyberg.Hour, bool) { return r.plan.Range.From, !r.plan.Range.Empty() }

func (r rangeRow) last() (psyberg.Hour, bool) {
	if r.plan.Range.Empty() {
		return 0, false
	}
	return r.plan.Range.Last(), true
}

func statefulRangeColumns() []column[rangeRow] {
	return slices.Concat(sourceColumns[rangeRow](), []column[rangeRow]{
		verdictColumn[rangeRow](),
		eventColumnColumn[rangeRow](),
		text("time_basis", func(r rangeRow) (string, bool) { return string(r.src.Basis), true }),
	},
		rangeColumns("min_event_ts", "max_event_ts", func(r rangeRow) *psyberg.TimeRange { return r.src.Changes.Events }),
		rangeColumns("min_landing_ts", "max_landing_ts", func(r rangeRow) *psyberg.TimeRange { return r.src.Landing }),
		[]column[rangeRow]{
			instant("vtts", func(r rangeRow) (psyberg.Instant, bool) { return r.src.VTTS.At, r.src.VTTS.Source != "" }),
			text("vtts_source", func(r rangeRow) (string, bool) { return r.src.VTTS.Source, r.src.VTTS.Source != "" }),
			long("changed_partitions", func(r rangeRow) (int64, bool) { return int64(len(r.src.Changes.Partitions)), true }),
			long("changed_files", func(r rangeRow) (int64, bool) { return r.src.Changes.ChangedFiles, true }),
			long("changed_records", func(r rangeRow) (int64, bool) { return r.src.Changes.ChangedRecords, true }),
			long("files_without_bounds", func(r rangeRow) (int64, bool) { return r.src.Changes.FilesWithoutBounds, true }),
			instant("valid_to", func(r rangeRow) (psyberg.Instant, bool) { return optional(r.src.ValidTo) }),
		},
		windowColumns[rangeRow](),
		[]column[rangeRow]{text("discovered_by", func(r rangeRow) (string, bool) { return string(r.src.Changes.Level), true })},
		hourColumns("from_date", "from_hour", rangeRow.first),
		hourColumns("to_date", "to_hour", rangeRow.last),
		[]column[rangeRow]{
			integer("hours", func(r rangeRow) (int, bool) { return r.plan.Hours.Len(), true }),
			integer("clipped_hours", func(r rangeRow) (int, bool) { return r.plan.Clipped.Len(), true }),
			text("status", func(r rangeRow) (string, bool) { return string(r.plan.Status), true }),
			instant("next_valid_to", func(r rangeRow) (psyberg.Instant, bool) { return optional(r.plan.NextValidTo) }),
		})
}
