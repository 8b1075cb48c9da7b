package psyberg

// Status is how far a session has come.
type Status string

// The statuses (semantics.md, section 6).
const (
	StatusReady       Status = "READY"
	StatusNothingToDo Status = "NOTHING_TO_DO"
	StatusBaseline    Status = "BASELINE"
	StatusPublishing  Status = "PUBLISHING"
	StatusPublished   Status = "PUBLISHED"
	StatusCommitted   Status = "COMMITTED"
	StatusSuperseded  Status = "SUPERSEDED"
)

// Pattern is etl_pattern_id.
type Pattern int

// The patterns.
const (
	Stateless Pattern = 1
	Stateful  Pattern = 2
)

// SessionRow is one row of the session table: one session and source. Hour
// ranges are half-open here; the table shows them inclusive, as a date and an
// hour each (from_event_date, from_event_hour, to_event_date, to_event_hour).
type SessionRow struct {
	Process           string
	Session           string
	Source            SourceName // source_table, source_ref, event_ts_column
	Pattern           Pattern
	Verdict           Verdict
	DiscoveredBy      Level
	HWMSnapshot       *SnapshotID // nil on a first run
	EndSnapshot       *SnapshotID // nil where the source has no snapshot
	EndSequence       *SequenceNumber
	PrevHWM           *Instant // commit time of the watermark
	NextHWM           *Instant // commit time of the pinned head
	Snapshots         []SnapshotID
	ProcessingURIs    []string // JSON objects
	ChangedPartitions int64
	ChangedFiles      int64
	ChangedRecords    int64
	EventHours        *HourRange
	LandingHours      *HourRange
	VTTS              *Instant
	VTTSSource        string
	LoadHours         *HourRange // the session's range, the same on every row; nil where nothing is loaded
	ClippedHours      HourSet
	NextValidTo       *Instant // what commit will record; nil leaves it as it is
	Target            string   // "" before publish
	StagedSnapshot    *SnapshotID
	PublishedSnapshot *SnapshotID
	Status            Status
	CreatedAt         Instant
	PsyqlVersion      string
	TableUUID         string   // of the source, as pinned: goes into the watermark
	ValidTo           *Instant // as init saw it
	MaxEventTS        *Instant // greatest event-time bound seen so far, this window included
	ChangedHours      HourSet  // stateful: the source's changed hours that are loaded, without ClippedHours
	LoadType          LoadType // "" where stateless
	Options           string   // init's arguments that decide about the change set, a JSON object by name; "" is {}
	Found             string   // what init found, for asking about the session later (Record); "" in rows of older versions
}

// WatermarkRow is one row of the watermark table: a process and a source.
type WatermarkRow struct {
	Process           string
	Source            SourceName // without its column
	TableUUID         string
	HWMSnapshot       *SnapshotID // nil where the source had no snapshot
	HWMSequence       *SequenceNumber
	HWM               *Instant // its commit time
	PrevHWMSnapshot   *SnapshotID
	PrevHWM           *Instant
	Session           string
	LastProcessedURIs []string
	ValidTo           *Instant
	MaxEventTS        *Instant
	CommittedAt       Instant
}

// Watermark returns the row as ComputeWindow takes it.
func (r WatermarkRow) Watermark() *Watermark {
	w := &Watermark{TableUUID: r.TableUUID, Ref: r.Source.Ref}
	if r.HWMSnapshot != nil {
		w.SnapshotID, w.HasSnapshot = *r.HWMSnapshot, true
	}
	if r.HWMSequence != nil {
		w.Sequence = *r.HWMSequence
	}
	if r.HWM != nil {
		w.CommittedAt = *r.HWM
	}
	return w
}

// HasWatermark reports whether init found a watermark for the source; its
// snapshot may still be nil (a source that was empty).
func (r SessionRow) HasWatermark() bool { return r.Verdict != FirstRun }

// SessionValidTo returns until when a committed session's target is complete:
// the least next_valid_to of its rows, nil where one has none.
func SessionValidTo(rows []SessionRow) *Instant {
	var least *Instant
	for _, r := range rows {
		if r.NextValidTo == nil {
			return nil
		}
		if least == nil || *r.NextValidTo < *least {
			least = instantPtr(*r.NextValidTo)
		}
	}
	return least
}

// WatermarkStays reports whether commit leaves the source's watermark where it
// is: nothing is loaded, although the window holds changes that wait for
// upper to reach them, or a gap that may hide some (R6).
func (r SessionRow) WatermarkStays() bool {
	return r.Pattern == Stateful && r.NextValidTo == nil && (r.ChangedPartitions > 0 || r.ChangedFiles > 0 || r.Verdict == ExpiredGap)
}
