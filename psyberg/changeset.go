package psyberg

// Level is how a change set was discovered, cheapest first.
type Level string

// The levels (semantics.md, section 3).
const (
	LevelSummary   Level = "SUMMARY"   // snapshot summaries alone
	LevelManifests Level = "MANIFESTS" // the manifests that the window's snapshots added
	LevelLive      Level = "LIVE"      // the head's live entries
)

// TimeBasis says where event times come from.
type TimeBasis string

// The bases, as psyberg_stateful_range shows them.
const (
	BasisNone      TimeBasis = ""          // no event times are asked for
	BasisColumn    TimeBasis = "column"    // bounds of the named column
	BasisPartition TimeBasis = "partition" // the partition's own time fields
	BasisCommit    TimeBasis = "commit"    // the commit time of the snapshot that added the file
)

// OnMissingBounds says what to do about a file without the bound it needs.
type OnMissingBounds string

// The choices of on_missing_bounds.
const (
	MissingError     OnMissingBounds = "error" // the default: stop and name the files
	MissingPartition OnMissingBounds = "partition"
	MissingRead      OnMissingBounds = "read"
)

// ChangeOptions say how a change set is built.
type ChangeOptions struct {
	Basis     TimeBasis
	OnMissing OnMissingBounds
	// Read holds ranges read from data files by path (on_missing_bounds
	// 'read'); a nil range: no event time in the file.
	Read map[string]*TimeRange
	// Live are the data files live at the window's end, needed where
	// NeedsLive says so and for preexisting files.
	Live            []File
	WithPreexisting bool
}

// FileChange is one file of a change set.
type FileChange struct {
	File
	Change string // ADDED or REMOVED
	// Times is what the file counts with, after on_missing_bounds; nil where
	// it has no event time or none was asked for.
	Times *TimeRange
}

// The two changes of a file.
const (
	ChangeAdded   = "ADDED"
	ChangeRemoved = "REMOVED"
)

// PartitionChange is one changed partition.
type PartitionChange struct {
	Partition
	AddedFiles, AddedRecords, AddedBytes int64 // data files
	RemovedFiles, RemovedRecords         int64
	Preexisting                          *int64 // nil unless asked for
	Events                               *TimeRange
	FilesWithoutBounds                   int64
	FirstCommit, LastCommit              *Instant // nil where every snapshot that changed it has expired
	Snapshots                            []SnapshotID
}

// ChangeSet is what a window changed in one source.
type ChangeSet struct {
	Source             SourceName
	Level              Level
	Recovered          bool
	Files              []FileChange      // nil at level SUMMARY
	Partitions         []PartitionChange // by spec, then path
	ChangedFiles       int64
	ChangedRecords     int64 // of data files, added and removed
	Events             *TimeRange
	Hours              HourSet // the hours that changed files cover
	FilesWithoutBounds int64
	// ToRead are files whose event column must be read (on_missing_bounds
	// 'read'): the set is not final before they stand in ChangeOptions.Read.
	ToRead []File
}

// IsLate reports whether p holds event times before what the process has
// covered; nil where either is unknown.
func (p PartitionChange) IsLate(validTo *Instant) *bool {
	if validTo == nil || p.Events == nil {
		return nil
	}
	late := p.Events.Min < *validTo
	return &late
}
