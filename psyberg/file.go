package psyberg

import "strconv"

// Content is what a file holds.
type Content string

// The contents, spelt as psyberg_files shows them. A deletion vector is a
// POSITION_DELETES file with an offset.
const (
	Data            Content = "DATA"
	PositionDeletes Content = "POSITION_DELETES"
	EqualityDeletes Content = "EQUALITY_DELETES"
)

// Partition is one partition of a table. Two are the same where spec and URI
// are: paths may be shared (null and the string "null").
type Partition struct {
	SpecID        int
	URI           string // the tuple as JSON, keys in spec order; {} for an unpartitioned spec
	Path          string // as Iceberg writes it, URL-encoded; "" for an unpartitioned spec
	Unpartitioned bool
	// Time is the time that the partition's own fields (hour or day
	// transforms, or a date with an hour) say it covers; nil where they say
	// nothing or a value is null.
	Time *TimeRange
}

func (p Partition) id() partitionID { return partitionID{p.SpecID, p.URI} }

type partitionID struct {
	spec int
	uri  string
}

// File is one data or delete file as a manifest entry describes it.
type File struct {
	Content   Content
	Path      string
	Offset    *int64 // content_offset of a deletion vector: several share a path
	Format    string // PARQUET, AVRO, ORC, PUFFIN
	Partition Partition
	Records   int64
	Bytes     int64
	Sequence  SequenceNumber // data sequence number; 0 in v1 tables
	// Snapshot is the entry's snapshot: the one that added the file, or for an
	// entry of status deleted the one that removed it.
	Snapshot SnapshotID
	// Events are the bounds of the event-time column; nil where the manifest
	// lacks one, and for every other time basis.
	Events *TimeRange
	// NoEvents: the file has no event time at all (no rows, or all null).
	NoEvents bool
	// Names is the data file that a delete file names as its only one.
	Names string
}

// key tells files apart: by path, deletion vectors by their offset too.
func (f File) key() string {
	if f.Offset == nil {
		return f.Path
	}
	return f.Path + "#" + strconv.FormatInt(*f.Offset, 10)
}

// EntryStatus is the status of a manifest entry.
type EntryStatus int

// The statuses, numbered as in the Iceberg spec.
const (
	Existing EntryStatus = 0
	Added    EntryStatus = 1
	Deleted  EntryStatus = 2
)

// Entry is one manifest entry.
type Entry struct {
	Status EntryStatus
	File
}

// AppliesTo reports whether delete file d can delete rows of data file f: the
// file that it names, else those of its partition, or of the whole table for
// an unpartitioned equality delete, of a lower sequence number (for position
// deletes: not a higher one). Iceberg spec, "Scan Planning".
func (d File) AppliesTo(f File) bool {
	if f.Content != Data {
		return false
	}
	if d.Names != "" {
		return d.Names == f.Path
	}
	if d.Content == EqualityDeletes {
		return f.Sequence < d.Sequence && (d.Partition.Unpartitioned || d.Partition.id() == f.Partition.id())
	}
	return f.Sequence <= d.Sequence && d.Partition.id() == f.Partition.id()
}

// cover returns the least range that holds both.
func cover(a, b *TimeRange) *TimeRange {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	return &TimeRange{min(a.Min, b.Min), max(a.Max, b.Max)}
}
