package psyberg

import "strconv"

// History is what one metadata.json says about the past of a table. It is
// read-only once made.
type History struct {
	TableUUID     string
	FormatVersion int // 1, 2 or 3
	Snapshots     []*Snapshot
	byID          map[SnapshotID]*Snapshot
}

// NewHistory indexes the retained snapshots of a table, in any order.
func NewHistory(uuid string, formatVersion int, snapshots []*Snapshot) *History {
	h := &History{TableUUID: uuid, FormatVersion: formatVersion, Snapshots: snapshots,
		byID: make(map[SnapshotID]*Snapshot, len(snapshots))}
	for _, s := range snapshots {
		h.byID[s.ID] = s
	}
	return h
}

// Get returns a retained snapshot.
func (h *History) Get(id SnapshotID) (*Snapshot, bool) {
	s, ok := h.byID[id]
	return s, ok
}

// Line is a walk along parents, newest snapshot first.
type Line struct {
	Snapshots []*Snapshot
	// Beyond is the parent that the oldest retained snapshot of the line names
	// although it has expired; valid where Cut.
	Beyond SnapshotID
	Cut    bool
}

// Line walks from head to the oldest retained ancestor. An unknown head is an
// empty line that is cut at head itself. Parents that form a ring, which only
// a damaged file has, end the line as cut.
func (h *History) Line(head SnapshotID) Line {
	var l Line
	seen := map[SnapshotID]bool{}
	for id := head; ; {
		s, ok := h.byID[id]
		if !ok || seen[id] {
			l.Beyond, l.Cut = id, true
			return l
		}
		seen[id] = true
		l.Snapshots = append(l.Snapshots, s)
		if !s.HasParent {
			return l
		}
		id = s.Parent
	}
}

// index returns how many snapshots of l are newer than id: the place of id in
// l, or the length of l where the oldest snapshot names id as its parent. ok
// is false where l never meets id (W3).
func (l Line) index(id SnapshotID) (n int, ok bool) {
	for i, s := range l.Snapshots {
		if s.ID == id {
			return i, true
		}
	}
	if l.Cut && l.Beyond == id {
		return len(l.Snapshots), true
	}
	return 0, false
}

// expired reports whether l ends because older snapshots have expired: the
// oldest names one that is not retained (Java), or names none although it
// holds more files than it added (PyIceberg takes the name away; the first
// snapshot of a table, and of one that CREATE OR REPLACE made again, holds
// what it added).
func (l Line) expired() bool {
	if l.Cut || len(l.Snapshots) == 0 {
		return l.Cut
	}
	s := l.Snapshots[len(l.Snapshots)-1]
	for _, what := range []string{"data-files", "delete-files", "records"} {
		total, err := strconv.ParseInt(s.Summary.Get("total-"+what), 10, 64)
		if err != nil {
			continue
		}
		added, _ := strconv.ParseInt(s.Summary.Get("added-"+what), 10, 64)
		if total > added {
			return true
		}
	}
	return false
}

// IsAncestor reports whether id is head or one of its ancestors; an expired
// snapshot counts as long as a retained one names it as its parent.
func (h *History) IsAncestor(id, head SnapshotID) bool {
	_, ok := h.Line(head).index(id)
	return ok
}

// Pin is the head of a ref, read once at init.
type Pin struct {
	ID  SnapshotID
	Has bool // false: the ref has no snapshot yet
}

// PinOf pins a head.
func PinOf(id SnapshotID) Pin { return Pin{ID: id, Has: true} }

// SourceName names a source as the user gave it, without the default catalog.
type SourceName struct {
	Table       string
	Ref         string // "" is main
	EventColumn string // "" where none is named; dotted for a nested one
}

// String prints the source as it stands in src_tables, without its column.
func (s SourceName) String() string {
	if s.Ref == "" {
		return s.Table
	}
	return s.Table + "@" + s.Ref
}

func (s SourceName) object() string { return `source "` + s.String() + `"` }
