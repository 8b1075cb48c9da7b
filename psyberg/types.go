package psyberg

import (
	"fmt"
	"time"
)

// SnapshotID names a snapshot of one table. It is random and carries no order:
// only walking parents tells which of two snapshots is newer.
type SnapshotID int64

// SequenceNumber orders the changes of a v2 or later table (Iceberg spec,
// "Sequence Numbers"). Files of v1 tables have 0.
type SequenceNumber int64

// Instant is a point in time: microseconds since 1970-01-01T00:00:00Z.
type Instant int64

// InstantOf returns t as an Instant; what lies below a microsecond is cut off.
func InstantOf(t time.Time) Instant { return Instant(t.UnixMicro()) }

// InstantOfMillis returns the instant of Iceberg's own timestamps, which are
// milliseconds since the epoch.
func InstantOfMillis(ms int64) Instant { return Instant(ms * 1000) }

// Time returns i as a time.Time in UTC.
func (i Instant) Time() time.Time { return time.UnixMicro(int64(i)).UTC() }

// String prints i in ISO 8601 with microseconds where there are any, in UTC.
func (i Instant) String() string { return i.Time().Format("2006-01-02T15:04:05.999999Z") }

// Hour is a whole hour of event time: hours since 1970-01-01T00:00:00Z,
// Iceberg's own hour transform.
type Hour int64

const microsPerHour = 3_600_000_000

// HourOf returns the hour that i lies in. It rounds towards the past, also
// before 1970.
func HourOf(i Instant) Hour {
	h := int64(i) / microsPerHour
	if int64(i)%microsPerHour < 0 {
		h--
	}
	return Hour(h)
}

// Start returns the first instant of h.
func (h Hour) Start() Instant { return Instant(int64(h) * microsPerHour) }

// End returns the first instant after h.
func (h Hour) End() Instant { return (h + 1).Start() }

// String prints h as Iceberg prints an hour partition: 2023-09-14-09.
func (h Hour) String() string { return h.Start().Time().Format("2006-01-02-15") }

// HourRange is the half-open range [From, To) of hours. From >= To is empty.
type HourRange struct{ From, To Hour }

// Empty reports whether r holds no hour.
func (r HourRange) Empty() bool { return r.From >= r.To }

// Len returns the number of hours in r.
func (r HourRange) Len() int {
	if r.Empty() {
		return 0
	}
	return int(r.To - r.From)
}

// Last returns the last hour in r. It panics when r is empty.
func (r HourRange) Last() Hour {
	if r.Empty() {
		panic(fmt.Sprintf("psyberg: no last hour in %v", r))
	}
	return r.To - 1
}

// TimeRange is the closed range of the event times seen in some files:
// Min and Max both occur (or, with truncated bounds, cover what occurs).
type TimeRange struct{ Min, Max Instant }

// Snapshot is one snapshot of a table as its metadata.json has it.
type Snapshot struct {
	ID           SnapshotID
	Parent       SnapshotID // meaningful where HasParent; the parent may be expired
	HasParent    bool
	Sequence     SequenceNumber // 0 in v1 tables
	CommittedAt  Instant
	Operation    string   // append, replace, overwrite, delete; "" where a v1 writer left it out
	Summary      Summary  // without "operation"
	ManifestList string   // "" where a v1 snapshot lists its manifests inline
	Manifests    []string // v1 only: inline manifest locations
	SchemaID     int      // meaningful where HasSchema
	HasSchema    bool
	FirstRowID   *int64 // v3
	AddedRows    *int64 // v3
}
