package psyberg

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"psyberg/internal/history"
)

// simTable is a source table in memory: its snapshots with their manifests and
// files, those of expired snapshots too, and, kept apart for the naive answers,
// which files each snapshot added and removed. What rows a version of it has
// package history knows on its own (naive).
//
// Partition p holds the event hours 4p to 4p+3; after the partitions evolved
// there is a bucket too.
type simTable struct {
	naive    *history.Table
	ids      []SnapshotID // of the naive versions, by number
	name     string
	snaps    []*Snapshot // retained
	parents  map[SnapshotID]SnapshotID
	lists    map[SnapshotID][]*simManifest
	deltas   map[SnapshotID]*simDelta // of appends, overwrites, deletes
	liveAt   map[SnapshotID][]string  // files by snapshot, also where it expired
	files    map[string]*simFile
	head     SnapshotID
	sequence SequenceNumber
	clock    Instant
	made     int
	spec     int
	noBounds bool // the schema evolved: newer files lack bounds of the event column
}

type simFile struct {
	File
	rows   map[int]Hour // row ids, unique in the whole run
	covers HourRange    // what its bounds say, or its partition where it has none
}

type simManifest struct {
	by      SnapshotID
	entries []Entry
}

type simDelta struct{ added, removed []string }

func newSimTable(src history.Source) *simTable {
	s := &simTable{naive: history.NewTable(src), name: src.Name, parents: map[SnapshotID]SnapshotID{}, lists: map[SnapshotID][]*simManifest{},
		deltas: map[SnapshotID]*simDelta{}, liveAt: map[SnapshotID][]string{}, files: map[string]*simFile{}, clock: 1_000_000}
	s.head = s.commit(s.head, "append", []*simFile{s.file(0, 0, map[int]Hour{history.Anchor: 0})}, nil, false)
	s.ids = []SnapshotID{0, s.head}
	return s
}

func (s *simTable) file(p, bucket int, rows map[int]Hour) *simFile {
	s.made++
	part := Partition{SpecID: s.spec, URI: fmt.Sprintf(`{"p":%d}`, p), Path: fmt.Sprintf("p=%d", p),
		Time: &TimeRange{Hour(4 * p).Start(), Hour(4*p+4).Start() - 1}}
	if s.spec == 1 {
		part.URI, part.Path = fmt.Sprintf(`{"p":%d,"b":%d}`, p, bucket), fmt.Sprintf("p=%d/b=%d", p, bucket)
	}
	f := &simFile{rows: rows, covers: HourRange{Hour(4 * p), Hour(4*p + 4)}, File: File{Content: Data, Path: fmt.Sprintf("%s-%d", s.name, s.made),
		Records: int64(len(rows)), Bytes: int64(100 + s.made), Partition: part}}
	if !s.noBounds {
		for _, h := range rows {
			f.Events = cover(f.Events, &TimeRange{h.Start() + 1, h.Start() + 2})
		}
		f.covers = HourRange{HourOf(f.Events.Min), HourOf(f.Events.Max) + 1}
	}
	s.files[f.Path] = f
	return f
}

// commit makes a snapshot on parent (0: none), no ref moves. merge puts all
// entries into one manifest, as a writer does after many commits.
func (s *simTable) commit(parent SnapshotID, operation string, added []*simFile, removed []string, merge bool, more ...string) SnapshotID {
	s.sequence++
	s.made++
	s.clock++
	id := SnapshotID(1000 + s.made)
	snap := &Snapshot{ID: id, Parent: parent, HasParent: parent != 0, Sequence: s.sequence, CommittedAt: s.clock, Operation: operation}
	var entries, rest []Entry
	for _, m := range s.lists[parent] {
		var kept []Entry
		hit := merge
		for _, e := range m.entries {
			if e.Status == Deleted {
				continue
			}
			e.Status = Existing
			if slices.Contains(removed, e.Path) {
				hit = true
				e.Status, e.Snapshot = Deleted, id
			}
			kept = append(kept, e)
		}
		switch {
		case len(kept) == 0:
		case hit:
			rest = append(rest, kept...)
		default:
			s.lists[id] = append(s.lists[id], m)
		}
	}
	for _, f := range added {
		f.Snapshot, f.Sequence = id, s.sequence
		entries = append(entries, Entry{Added, f.File})
	}
	if merge {
		entries, rest = append(entries, rest...), nil
	}
	for _, all := range [][]Entry{entries, rest} {
		if len(all) > 0 {
			s.lists[id] = append(s.lists[id], &simManifest{id, all})
		}
	}
	s.liveAt[id] = slices.DeleteFunc(slices.Clone(s.liveAt[parent]), func(p string) bool { return slices.Contains(removed, p) })
	delta := &simDelta{removed: removed}
	for _, f := range added {
		s.liveAt[id] = append(s.liveAt[id], f.Path)
		delta.added = append(delta.added, f.Path)
	}
	if operation != "replace" {
		s.deltas[id] = delta
	}
	snap.Summary = SummaryOf(s.summary(delta, more))
	s.snaps = append(s.snaps, snap)
	s.parents[id] = parent
	return id
}

// summary is what a writer says of a snapshot, with partition summaries while
// they are few.
func (s *simTable) summary(d *simDelta, more []string) map[string]string {
	type counts struct{ added, records, bytes, removed, gone int64 }
	parts := map[string]*counts{}
	at := func(path string) (*simFile, *counts) {
		f := s.files[path]
		if parts[f.Partition.Path] == nil {
			parts[f.Partition.Path] = &counts{}
		}
		return f, parts[f.Partition.Path]
	}
	for _, p := range d.added {
		f, c := at(p)
		c.added, c.records, c.bytes = c.added+1, c.records+f.Records, c.bytes+f.Bytes
	}
	for _, p := range d.removed {
		f, c := at(p)
		c.removed, c.gone = c.removed+1, c.gone+f.Records
	}
	out := map[string]string{"changed-partition-count": strconv.Itoa(len(parts))}
	put := func(key string, n int) {
		if n > 0 {
			out[key] = strconv.Itoa(n)
		}
	}
	put("added-data-files", len(d.added))
	put("deleted-data-files", len(d.removed))
	for path, c := range parts {
		var text []string
		for _, x := range []struct {
			name string
			n    int64
		}{{"added-data-files", c.added}, {"added-records", c.records}, {"added-files-size", c.bytes}, {"deleted-data-files", c.removed}, {"deleted-records", c.gone}} {
			if x.n > 0 {
				text = append(text, fmt.Sprintf("%s=%d", x.name, x.n))
			}
		}
		if len(parts) <= 2 { // write.summary.partition-limit
			out[SummaryPrefix+path] = strings.Join(text, ",")
		}
	}
	complete := Hour(s.naive.Complete).Start()
	switch s.naive.Says {
	case "summary":
		out[SummaryValidTo] = complete.String()
	case "kafka":
		out[SummaryKafkaValid] = strconv.FormatInt(int64(complete)/1000, 10)
	}
	for i := 0; i < len(more); i += 2 {
		out[more[i]] = more[i+1]
	}
	return out
}

// resolve parses a partition path back.
func (s *simTable) resolve(path string) (Partition, bool) {
	for _, f := range s.files {
		if f.Partition.Path == path {
			return f.Partition, true
		}
	}
	return Partition{}, false
}

// line are the snapshots from the head back, by the model's own memory.
func (s *simTable) line(head SnapshotID) (out []SnapshotID) {
	for id := head; id != 0; id = s.parents[id] {
		out = append(out, id)
	}
	return out
}

// since are the snapshots between the head and a mark, and those of the mark's
// line that were rolled back.
func (s *simTable) since(mark SnapshotID) (fresh, withdrawn []SnapshotID) {
	now, then := s.line(s.head), s.line(mark)
	for _, id := range now {
		if slices.Contains(then, id) {
			break
		}
		fresh = append(fresh, id)
	}
	for _, id := range then {
		if slices.Contains(now, id) {
			break
		}
		withdrawn = append(withdrawn, id)
	}
	return fresh, withdrawn
}

// changedHours are the hours that the files which came and went since a mark
// cover: what the rules say must be looked at again. Without a mark: all live.
func (s *simTable) changedHours(mark SnapshotID, has bool) HourSet {
	var set HourSet
	take := func(paths []string) {
		for _, p := range paths {
			set = set.Union(NewHourSet(s.files[p].covers))
		}
	}
	if !has {
		take(s.liveAt[s.head])
		return set
	}
	fresh, withdrawn := s.since(mark)
	for _, id := range append(fresh, withdrawn...) {
		if d := s.deltas[id]; d != nil {
			take(d.added)
			take(d.removed)
		}
	}
	return set
}

// entries are those that a discovery reads for a window, and how many manifests
// it opens: only such as the window's counted snapshots have added.
func (s *simTable) entries(w *Window) (out []Entry, read, own int) {
	if w.Live {
		for _, p := range s.liveAt[s.head] {
			out = append(out, Entry{Existing, s.files[p].File})
		}
		return out, 0, 0
	}
	seen := map[*simManifest]bool{}
	for _, x := range append(slices.Clone(w.Snapshots), w.Withdrawn...) {
		for _, m := range s.lists[x.ID] {
			if m.by == x.ID {
				own++
			}
			if x.Counted && m.by == x.ID && !seen[m] {
				seen[m] = true
				read++
				out = append(out, m.entries...)
			}
		}
	}
	return out, read, own
}

// withdrawnEntries are those of the abandoned line, where what is live is read.
func (s *simTable) withdrawnEntries(w *Window) (out []Entry) {
	for _, x := range w.Withdrawn {
		for _, m := range s.lists[x.ID] {
			if w.Live && m.by == x.ID {
				out = append(out, m.entries...)
			}
		}
	}
	return out
}

func (s *simTable) history() *History { return NewHistory("u", 2, s.snaps) }

// vtts is what the source says, by its way of saying it. final has it complete.
func (s *simTable) vtts(maxEvent *Instant, final bool) (VTTS, error) {
	in := VTTSInput{Source: SourceName{Table: s.name}, History: s.history(), Head: PinOf(s.head), MaxEvent: maxEvent}
	complete := Hour(s.naive.Complete).Start()
	text := complete.String()
	switch {
	case final:
		in.Argument = VTTSOf(Hour(history.Hours).Start())
	case s.naive.Says == "argument":
		in.Argument = VTTSOf(complete)
	case s.naive.Says == "property":
		in.Property = &text
	}
	return ResolveVTTS(in)
}
