package functions

import (
	"cmp"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"psyberg/functions/discover"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

const lateDoc = `What came late: the changed partitions of each source whose event times lie before what the process has covered, one a row.

  source_table    VARCHAR      as given, without the default catalog
  source_ref      VARCHAR      the branch or tag read: the part after @, main where none was given
  partition_path  VARCHAR      as Iceberg encodes it; '' where unpartitioned
  min_event_ts    TIMESTAMPTZ  least event time of the late files
  max_event_ts    TIMESTAMPTZ  greatest, of the same files: it may lie after covered_to
  covered_to      TIMESTAMPTZ  valid_to as the process has recorded it for this source; where a stateless process has recorded none,
                               the start of the hour of the greatest event time that it had seen
  lateness        INTERVAL     covered_to minus min_event_ts, in days and the time of a day
  files           BIGINT       changed files (added or removed, data and delete files) with event times before covered_to
  records         BIGINT       rows in them

A source that the process has never committed has no rows: nothing is late on a first run. Order: sources as given, then partition.
Errors and cost: as psyberg_files; where src_tables names no event-time column, the partition's time fields or the commit time count.`

// lateRow is a partition that changed behind what the process had covered.
type lateRow struct {
	src *discover.Source
	psyberg.Late
}

func (r lateRow) source() *discover.Source { return r.src }

func lateFunction(d discover.Deps) *surface.Function {
	return discovery(d, "psyberg_late", lateDoc, discover.Request{Want: discover.WantFiles, EventTimes: true}, lateColumns(),
		func(found *discover.Result) []lateRow {
			var rows []lateRow
			for _, s := range found.Sources {
				late := psyberg.LateChanges(s.Changes, coveredTo(s))
				slices.SortFunc(late, func(a, b psyberg.Late) int {
					return cmp.Or(cmp.Compare(a.Partition.SpecID, b.Partition.SpecID), cmp.Compare(a.Partition.Path, b.Partition.Path))
				})
				for _, l := range late {
					rows = append(rows, lateRow{s, l})
				}
			}
			return rows
		})
}

// coveredTo is until when a process has covered a source; nil where nothing
// says so.
func coveredTo(s *discover.Source) *psyberg.Instant {
	if s.ValidTo != nil || s.Mark == nil || s.Mark.MaxEventTS == nil {
		return s.ValidTo
	}
	at := psyberg.HourOf(*s.Mark.MaxEventTS).Start()
	return &at
}

func lateColumns() []column[lateRow] {
	return slices.Concat(sourceColumns[lateRow](),
		[]column[lateRow]{text("partition_path", func(r lateRow) (string, bool) { return r.Partition.Path, true })},
		rangeColumns("min_event_ts", "max_event_ts", func(r lateRow) *psyberg.TimeRange { return &r.Events }),
		[]column[lateRow]{
			instant("covered_to", func(r lateRow) (psyberg.Instant, bool) { return r.CoveredTo, true }),
			interval("lateness", func(r lateRow) time.Duration { return r.Lateness }),
			long("files", func(r lateRow) (int64, bool) { return r.Files, true }),
			long("records", func(r lateRow) (int64, bool) { return r.Records, true }),
		})
}

// interval is an INTERVAL column: whole days, and the rest of a day, as the
// difference of two timestamps is in DuckDB.
func interval[T any](name string, get func(T) time.Duration) column[T] {
	return column[T]{nullable(name, arrow.FixedWidthTypes.MonthDayNanoInterval), func(b array.Builder, r T) {
		const day = 24 * time.Hour
		d := get(r)
		b.(*array.MonthDayNanoIntervalBuilder).Append(arrow.MonthDayNanoInterval{Days: int32(d / day), Nanoseconds: int64(d % day)})
	}}
}
