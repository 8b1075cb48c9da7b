// Package meta is the model of a table's metadata.json: schemas, partition
// specs, snapshots, refs. It parses the file itself, so that a table that a
// library of today refuses (an unknown type, a snapshot log that goes back in
// time) can still be looked at. It reads bytes and does no I/O.
//
// Source: Iceberg table spec, "Table Metadata" and appendix C.
package meta

import "psyberg/psyberg"

// Metadata is one version of a table's metadata.
type Metadata struct {
	FormatVersion      int // 1, 2 or 3
	UUID               string
	Location           string
	LastSequenceNumber psyberg.SequenceNumber // 0 in v1
	LastUpdated        psyberg.Instant
	LastColumnID       int
	Schemas            []*Schema // never empty; v1 files with only "schema" have that one
	CurrentSchemaID    int
	Specs              []*PartitionSpec
	DefaultSpecID      int
	LastPartitionID    int
	SortOrders         []SortOrder
	DefaultSortOrderID int
	Properties         map[string]string // never nil
	HasCurrent         bool              // false: no snapshot yet (missing, null or -1)
	CurrentSnapshotID  psyberg.SnapshotID
	Snapshots          []*psyberg.Snapshot // as the file orders them
	Refs               map[string]Ref      // "main" is added from the current snapshot where a v1 file has no refs
	SnapshotLog        []SnapshotLogEntry
	MetadataLog        []MetadataLogEntry
	NextRowID          *int64 // v3
}

// Ref is a branch or a tag.
type Ref struct {
	Name               string
	SnapshotID         psyberg.SnapshotID
	Type               string // branch or tag
	MaxRefAgeMs        *int64
	MinSnapshotsToKeep *int64
	MaxSnapshotAgeMs   *int64
}

// SnapshotLogEntry says when a snapshot became current on main.
type SnapshotLogEntry struct {
	At         psyberg.Instant
	SnapshotID psyberg.SnapshotID
}

// MetadataLogEntry names an earlier metadata.json.
type MetadataLogEntry struct {
	At       psyberg.Instant
	Location string
}

// Schema is one schema of a table.
type Schema struct {
	ID               int
	Fields           []*Field
	IdentifierFields []int
}

// Field is a column, a struct's member, a list's element, a map's key or value.
type Field struct {
	ID             int
	Name           string
	Required       bool
	Type           Type
	Doc            string
	InitialDefault []byte // JSON text, nil where there is none
	WriteDefault   []byte // likewise
}

// Kind is the kind of a type.
type Kind int

// The types of the spec, v1 to v3.
const (
	// KindInvalid is a type that no spec up to v3 has; Type.Text has its name.
	KindInvalid Kind = iota
	KindBoolean
	KindInt
	KindLong
	KindFloat
	KindDouble
	KindDecimal // Precision, Scale
	KindDate
	KindTime
	KindTimestamp   // without zone, microseconds
	KindTimestampTZ // microseconds, UTC
	KindTimestampNS
	KindTimestampTZNS
	KindString
	KindUUID
	KindFixed // Length
	KindBinary
	KindUnknown
	KindVariant
	KindGeometry
	KindGeography
	KindStruct // Fields
	KindList   // Element
	KindMap    // Key, Value
)

// Type is an Iceberg type.
type Type struct {
	Kind      Kind
	Precision int
	Scale     int
	Length    int
	Text      string   // the type's own spelling, for geometry(...) and the like
	Fields    []*Field // struct
	Element   *Field   // list
	Key       *Field   // map
	Value     *Field   // map
}

// PartitionSpec is one partition spec.
type PartitionSpec struct {
	ID     int
	Fields []PartitionField
}

// PartitionField is a field of a spec.
type PartitionField struct {
	ID        int // 1000 and up
	SourceID  int
	Name      string
	Transform Transform
}

// TransformKind is the kind of a partition transform.
type TransformKind int

// The transforms of the spec. TransformUnknown is one that a newer spec added:
// its values are shown, nothing is pruned by it.
const (
	TransformUnknown TransformKind = iota
	TransformIdentity
	TransformBucket   // Arg: number of buckets
	TransformTruncate // Arg: width
	TransformYear
	TransformMonth
	TransformDay
	TransformHour
	TransformVoid
)

// Transform is a partition transform.
type Transform struct {
	Kind TransformKind
	Arg  int
	Text string // as the metadata spells it
}

// SortOrder is one sort order.
type SortOrder struct {
	ID     int
	Fields []SortField
}

// SortField is a field of a sort order.
type SortField struct {
	SourceID  int
	Transform Transform
	Direction string // asc or desc
	NullOrder string // nulls-first or nulls-last
}
