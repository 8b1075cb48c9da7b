package discover

import (
	"context"
	"time"

	"psyberg/functions/meta"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// State reads what earlier sessions recorded; engine/state satisfies it. A
// table that does not exist yet has no rows, which is no error.
type State interface {
	// Sessions returns the session rows of a process; "" is every process.
	Sessions(ctx context.Context, table, process string) ([]psyberg.SessionRow, error)
	// Watermarks returns the watermark rows of a process; "" is every process.
	Watermarks(ctx context.Context, table, process string) ([]psyberg.WatermarkRow, error)
}

// Deps is what Run needs of the rest of the project.
type Deps struct {
	Tables surface.Tables
	// State is needed where a request names hwm_table or session_table.
	State State
	// ReadBounds reads the range of a column from data files
	// (on_missing_bounds 'read'). nil: 'read' is an error.
	ReadBounds func(ctx context.Context, r BoundsRequest) (map[string]*psyberg.TimeRange, error)
}

// BoundsRequest asks for the least and greatest value of one time column in
// each of some data files.
type BoundsRequest struct {
	Table  *surface.Table
	Column *meta.Field // found by field id, also under an older name
	Path   string      // its dotted name in the table's current schema
	Files  []psyberg.File
}

// Want says how much of a request Run works out; each includes the ones
// before it.
type Want int

// What can be wanted.
const (
	// WantWindow: windows alone, from the metadata.json; no manifest list is read.
	WantWindow Want = iota
	// WantPartitions: the change set; Changes.Files may be missing (level SUMMARY).
	WantPartitions
	// WantFiles: the change set with its files.
	WantFiles
	// WantRange: the change set with event times by the source's time basis,
	// the VTTS of each source, and the range (RangePlan). The pattern is
	// Stateful, whatever the request says.
	WantRange
)

// Request is one discovery; ParseRequest makes it of a function's arguments.
type Request struct {
	Want Want
	// Sources may be empty where SessionID is given: those of the session.
	Sources []psyberg.SourceName
	// Pattern decides about overwrites: Stateless enforces on_overwrite.
	// Where it is 0, overwrites count like any change unless OnOverwrite is
	// given. A recorded session brings its own.
	Pattern psyberg.Pattern

	ProcessName string // "" where none is given
	HWMTable    string // "": no watermarks, so every source is a first run
	// Watermarks are taken instead of reading HWMTable where HasWatermarks:
	// init has read them in its own order (X1).
	Watermarks    []psyberg.WatermarkRow
	HasWatermarks bool

	Start psyberg.Start
	// FromSnapshot (exclusive) and ToSnapshot (inclusive) are an explicit
	// window of a single source; nil where not given.
	FromSnapshot, ToSnapshot *psyberg.SnapshotID

	RecoverGap      bool                    // on_gap := 'recover'
	RecoverRollback bool                    // on_rollback := 'recover'
	OnOverwrite     psyberg.OnOverwrite     // "": 'error' for a stateless pattern
	OnMissing       psyberg.OnMissingBounds // "": 'error'
	WithPreexisting bool
	// EventTimes asks for event times by the source's time basis also where no
	// event-time column is named; WantRange implies it.
	EventTimes bool
	// NeedFiles asks a recorded session for its files (Changes.Files) also where
	// Want does not: its rows do not keep them.
	NeedFiles bool

	VTTS         *psyberg.VTTSArgument // nil: not given
	Threshold    time.Duration         // catchup_threshold, valid where HasThreshold
	HasThreshold bool
	Clip         bool // on_threshold := 'clip'
	LoadType     psyberg.LoadType
	MaxHours     int // 0: no limit

	// SessionID with SessionTable: the session as it was recorded, instead of
	// everything above about windows and ranges.
	SessionID    string
	SessionTable string

	// gaps are the sequence numbers of expired watermarks, by source: what
	// Options keeps for a session that recovers.
	gaps map[string]psyberg.SequenceNumber
}

// Source is what Run found about one source.
type Source struct {
	// Name is the source as rows show it: without the default catalog, with
	// the event-time column as it was given.
	Name    psyberg.SourceName
	Table   *surface.Table
	History *psyberg.History
	Head    psyberg.Pin
	// Mark is the stored watermark; nil where there is none or none was asked for.
	Mark *psyberg.WatermarkRow
	// HWM is the snapshot that the window counts from: the watermark's, or
	// from_snapshot_id; nil on a first run, or where the source was empty then.
	HWM    *psyberg.SnapshotID
	Window *psyberg.Window
	// Changes is nil for WantWindow.
	Changes *psyberg.ChangeSet
	Basis   psyberg.TimeBasis
	// ValidTo is what the process has recorded for this source; nil where it
	// has recorded nothing.
	ValidTo *psyberg.Instant
	// Landing is when the changes landed: the range of the commit times of the
	// snapshots that made them; nil where nothing changed or all have expired.
	Landing *psyberg.TimeRange
	// VTTS is until when the source is complete. Other than for WantRange it is
	// there only where somebody says it; its Source is empty otherwise.
	VTTS psyberg.VTTS
	// MaxEvent is the greatest event time seen so far, which the watermark
	// keeps: its own, and what this window shows. Of a partition or a date, only
	// the beginning counts as seen. nil where none was ever seen.
	MaxEvent *psyberg.Instant
	// Earliest is the earliest live event time, for WantRange after a gap
	// (Window.Recovered).
	Earliest *psyberg.Instant
	// Recorded is the session row, where the session was recorded.
	Recorded *psyberg.SessionRow
}

// Result is one discovery.
type Result struct {
	Request Request // with the sources filled in, of a recorded session too
	Sources []*Source
	// Plan is the session's range; nil unless WantRange.
	Plan *psyberg.RangePlan
	// ValidTo is what the process has covered, over all its sources; nil where
	// nothing was recorded.
	ValidTo *psyberg.Instant
	// Watermarks are the process's rows as they were read, of other sources too.
	Watermarks []psyberg.WatermarkRow
}

// Change returns the source as PlanRange takes it.
func (s *Source) Change() psyberg.SourceChange {
	return psyberg.SourceChange{Source: s.Name, Window: s.Window, Changes: s.Changes, VTTS: s.VTTS, Earliest: s.Earliest}
}

// EndSnapshot returns the pinned head; nil where the source has no snapshot.
func (s *Source) EndSnapshot() *psyberg.Snapshot {
	if !s.Head.Has {
		return nil
	}
	snap, _ := s.History.Get(s.Head.ID)
	return snap
}
