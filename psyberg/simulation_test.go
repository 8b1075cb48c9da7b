package psyberg

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"
)

// simTable is a source table in memory: its snapshots, what each of them added
// and removed, and the rows of every file, those of expired snapshots too.
type simTable struct {
	name     string
	snaps    []*Snapshot // retained
	entries  map[SnapshotID][]Entry
	liveAt   map[SnapshotID][]string // files by snapshot, also where it expired
	files    map[string]*simFile
	head     SnapshotID
	sequence SequenceNumber
	made     int
	complete Hour // every row before it has landed, as far as the stream knows
	// expires: old snapshots go; else the head may be rolled back. Not both: a
	// common ancestor that has expired stops every session, by design.
	expires bool
}

type simFile struct {
	File
	rows map[int]Hour // row ids, unique in the whole run
}

func newSimTable(name string, expires bool) *simTable {
	s := &simTable{name: name, expires: expires, entries: map[SnapshotID][]Entry{}, liveAt: map[SnapshotID][]string{}, files: map[string]*simFile{}}
	s.commit("append", []*simFile{s.file(map[int]Hour{-1: 0})}, nil) // the earliest hour stays alive
	return s
}

func (s *simTable) file(rows map[int]Hour) *simFile {
	s.made++
	f := &simFile{rows: rows, File: File{Content: Data, Path: fmt.Sprintf("%s-%d", s.name, s.made), Records: int64(len(rows)),
		Partition: Partition{URI: "{}", Unpartitioned: true}}}
	for _, h := range rows {
		f.Events = cover(f.Events, &TimeRange{h.Start() + 1, h.Start() + 2})
	}
	s.files[f.Path] = f
	return f
}

// commit makes a snapshot on the head.
func (s *simTable) commit(operation string, added []*simFile, removed []string) {
	s.sequence++
	s.made++
	snap := &Snapshot{ID: SnapshotID(1000 + s.made), Parent: s.head, HasParent: s.head != 0, Sequence: s.sequence,
		CommittedAt: Instant(s.sequence), Operation: operation, Summary: SummaryOf(map[string]string{"changed-partition-count": "1"})}
	live := slices.DeleteFunc(slices.Clone(s.liveAt[s.head]), func(p string) bool { return slices.Contains(removed, p) })
	for _, p := range removed {
		f := s.files[p].File
		f.Snapshot = snap.ID
		s.entries[snap.ID] = append(s.entries[snap.ID], Entry{Deleted, f})
	}
	for _, f := range added {
		f.Snapshot, f.Sequence = snap.ID, s.sequence
		s.entries[snap.ID] = append(s.entries[snap.ID], Entry{Added, f.File})
		live = append(live, f.Path)
	}
	s.snaps = append(s.snaps, snap)
	s.liveAt[snap.ID] = live
	s.head = snap.ID
}

// rowsAt are the ids of the rows of an hour at a snapshot.
func (s *simTable) rowsAt(snap SnapshotID, h Hour) []int {
	var out []int
	for _, p := range s.liveAt[snap] {
		for id, at := range s.files[p].rows {
			if at == h {
				out = append(out, id)
			}
		}
	}
	slices.Sort(out)
	return out
}

// loose are live files that may go: not the one with the earliest hour.
func (s *simTable) loose() []string {
	var out []string
	for _, p := range s.liveAt[s.head] {
		if _, anchor := s.files[p].rows[-1]; !anchor {
			out = append(out, p)
		}
	}
	return out
}

// changes are the entries that discovery would read for a window.
func (s *simTable) changes(w *Window) []Entry {
	var out []Entry
	if w.Live {
		for _, p := range s.liveAt[s.head] {
			out = append(out, Entry{Existing, s.files[p].File})
		}
	} else {
		for _, x := range w.Snapshots {
			out = append(out, s.entries[x.ID]...)
		}
	}
	for _, x := range w.Withdrawn {
		out = append(out, s.entries[x.ID]...)
	}
	return out
}

// change is one random thing that happens to the table.
func (s *simTable) change(t *rapid.T, next *int) {
	hour := func() Hour { return Hour(rapid.IntRange(0, 12).Draw(t, "hour")) }
	fresh := func() *simFile {
		rows := map[int]Hour{}
		for range rapid.IntRange(1, 3).Draw(t, "rows") {
			*next++
			rows[*next] = hour()
		}
		return s.file(rows)
	}
	pick := func() []string {
		loose := s.loose()
		if len(loose) == 0 {
			return nil
		}
		return []string{rapid.SampledFrom(loose).Draw(t, "file")}
	}
	old := "roll back"
	if s.expires {
		old = "expire"
	}
	switch rapid.SampledFrom([]string{"append", "append", "overwrite", "delete", "compact", old, "advance"}).Draw(t, "change of "+s.name) {
	case "append":
		s.commit("append", []*simFile{fresh()}, nil)
	case "overwrite":
		s.commit("overwrite", []*simFile{fresh()}, pick())
	case "delete":
		if gone := pick(); gone != nil {
			s.commit("delete", nil, gone)
		}
	case "compact":
		s.compact()
	case "expire": // the oldest snapshots go, their children still name them
		n := rapid.IntRange(0, len(s.snaps)-1).Draw(t, "expired")
		s.snaps = slices.DeleteFunc(slices.Clone(s.snaps), func(x *Snapshot) bool {
			gone := n > 0 && x.ID != s.head
			n--
			return gone
		})
	case "roll back":
		h := NewHistory("u", 2, s.snaps)
		line := h.Line(s.head).Snapshots
		s.head = line[rapid.IntRange(0, len(line)-1).Draw(t, "back")].ID
	case "advance":
		s.complete = max(s.complete, hour())
	}
}

// compact writes the rows of all live files into one.
func (s *simTable) compact() {
	rows := map[int]Hour{}
	gone := slices.Clone(s.liveAt[s.head])
	for _, p := range gone {
		for id, h := range s.files[p].rows {
			rows[id] = h
		}
	}
	s.commit("replace", []*simFile{s.file(rows)}, gone)
}
