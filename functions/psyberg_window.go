package functions

import (
	"slices"

	"psyberg/functions/discover"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

const windowDoc = `The snapshots of each source that are new to a process, one a row, with what each is taken for and why.

  source_table     VARCHAR      as given, without the default catalog
  source_ref       VARCHAR      the branch or tag read: the part after @, main where none was given
  verdict          VARCHAR      FIRST_RUN, UP_TO_DATE, OK, EXPIRED_GAP, ROLLED_BACK (the last two only where on_gap or on_rollback recovers)
  hwm_snapshot_id  BIGINT       the watermark, or from_snapshot_id; NULL on a first run, and where the source was empty at the last commit
  end_snapshot_id  BIGINT       the head, pinned once; NULL where the source has no snapshot
  snapshot_id      BIGINT       this and all below: NULL in the one row of a source with nothing new
  parent_id        BIGINT       NULL for the first; may name a snapshot that has expired
  sequence_number  BIGINT       0 in v1
  committed_at     TIMESTAMPTZ  by the writer's clock, UTC
  operation        VARCHAR      NULL where a v1 writer left it out
  class            VARCHAR      APPEND, PUBLISHED (published from a wap.id), OVERWRITE, DELETE, REPLACE (compaction), EMPTY
  counted          BOOLEAN      whether its changes are part of the change set: REPLACE and EMPTY never are
  reason           VARCHAR      why, in words; of a source with nothing new, why that is; CLOCK_SKEW and withdrawn snapshots are named here
  added_files      BIGINT       data files, by the summary; NULL where it counts nothing at all
  removed_files    BIGINT       likewise
  added_records    BIGINT       likewise
  wap_id           VARCHAR      published-wap-id, else wap.id; NULL where it has neither
  summary          MAP(VARCHAR, VARCHAR)

Order: sources as given, snapshots oldest first; after them those withdrawn by a rollback, which the process had read before.
on_overwrite is applied only where it is given.
Errors: [PSY_EXPIRED_GAP], [PSY_ROLLED_BACK], [PSY_REPLACED], [PSY_OVERWRITE], each saying which argument continues.
Cost: the metadata.json of each source, no manifest.`

// windowRow is a snapshot of a window; snap is nil where a source has none.
type windowRow struct {
	src       *discover.Source
	snap      *psyberg.WindowSnapshot
	withdrawn bool
}

func (r windowRow) source() *discover.Source { return r.src }

func windowFunction(d discover.Deps) *surface.Function {
	return discovery(d, "psyberg_window", windowDoc, discover.Request{Want: discover.WantWindow}, windowFunctionColumns(), windowRows)
}

func windowRows(found *discover.Result) []windowRow {
	var rows []windowRow
	for _, s := range found.Sources {
		if len(s.Window.Snapshots)+len(s.Window.Withdrawn) == 0 {
			rows = append(rows, windowRow{src: s})
		}
		for i := range s.Window.Snapshots {
			rows = append(rows, windowRow{s, &s.Window.Snapshots[i], false})
		}
		for i := range s.Window.Withdrawn {
			rows = append(rows, windowRow{s, &s.Window.Withdrawn[i], true})
		}
	}
	return rows
}

func (r windowRow) reason() string {
	switch {
	case r.snap == nil:
		return r.src.Window.Reason
	case r.withdrawn:
		return "withdrawn by the rollback: " + r.snap.Reason
	}
	return r.snap.Reason
}

// count returns a number of the summary. Writers leave out those that are
// zero: where the summary counts anything, a missing one is 0.
func (r windowRow) count(key string) (int64, bool) {
	if r.snap == nil {
		return 0, false
	}
	if n := r.snap.Count(key); n != nil {
		return *n, true
	}
	for _, other := range []string{"added-data-files", "deleted-data-files", "added-records", "deleted-records",
		"total-data-files", "total-records", "changed-partition-count"} {
		if r.snap.Count(other) != nil {
			return 0, true
		}
	}
	return 0, false
}

func (r windowRow) wapID() (string, bool) {
	if r.snap == nil {
		return "", false
	}
	if id, ok := r.snap.Summary.Lookup(psyberg.SummaryPublishedWAPID); ok {
		return id, true
	}
	return r.snap.Summary.Lookup(psyberg.SummaryWAPID)
}

func windowFunctionColumns() []column[windowRow] {
	return slices.Concat(sourceColumns[windowRow](), []column[windowRow]{verdictColumn[windowRow]()}, windowColumns[windowRow](), []column[windowRow]{
		long("snapshot_id", func(r windowRow) (int64, bool) {
			if r.snap == nil {
				return 0, false
			}
			return int64(r.snap.ID), true
		}),
		long("parent_id", func(r windowRow) (int64, bool) {
			if r.snap == nil || !r.snap.HasParent {
				return 0, false
			}
			return int64(r.snap.Parent), true
		}),
		long("sequence_number", func(r windowRow) (int64, bool) {
			if r.snap == nil {
				return 0, false
			}
			return int64(r.snap.Sequence), true
		}),
		instant("committed_at", func(r windowRow) (psyberg.Instant, bool) {
			if r.snap == nil {
				return 0, false
			}
			return r.snap.CommittedAt, true
		}),
		text("operation", func(r windowRow) (string, bool) {
			if r.snap == nil {
				return "", false
			}
			return r.snap.Operation, r.snap.Operation != ""
		}),
		text("class", func(r windowRow) (string, bool) {
			if r.snap == nil {
				return "", false
			}
			return string(r.snap.Class), true
		}),
		boolean("counted", func(r windowRow) (v, ok bool) {
			if r.snap == nil {
				return false, false
			}
			return r.snap.Counted, true
		}),
		text("reason", func(r windowRow) (string, bool) { return r.reason(), true }),
		long("added_files", func(r windowRow) (int64, bool) { return r.count("added-data-files") }),
		long("removed_files", func(r windowRow) (int64, bool) { return r.count("deleted-data-files") }),
		long("added_records", func(r windowRow) (int64, bool) { return r.count("added-records") }),
		text("wap_id", windowRow.wapID),
		stringMap("summary", func(r windowRow) map[string]string {
			if r.snap == nil {
				return nil
			}
			return r.snap.Summary.Map()
		}),
	})
}
