package psyberg

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"
)

// What happens to a table of the simulation. Each is drawn as often as it
// stands here.
var simEvents = []string{"append", "append", "append late", "append and merge manifests", "overwrite", "dynamic overwrite", "delete", "compact",
	"rewrite manifests", "empty", "stage", "publish staged", "branch", "publish branch", "old", "skew", "evolve partitions", "evolve schema",
	"stream", "stream"}

var simAppendEvents = []string{"append", "append", "append late", "append and merge manifests", "compact", "rewrite manifests", "empty", "stage",
	"publish staged", "branch", "publish branch", "skew", "evolve partitions", "remove"}

// fresh is a file of new rows in a partition.
func (s *simTable) fresh(t *rapid.T, p int, next *int) *simFile {
	rows := map[int]Hour{}
	for range rapid.IntRange(1, 3).Draw(t, "rows") {
		*next++
		rows[*next] = Hour(4*p + rapid.IntRange(0, 3).Draw(t, "hour"))
	}
	return s.file(p, rapid.IntRange(0, 1).Draw(t, "bucket"), rows)
}

// loose are live files that may go: not the one with the anchor.
func (s *simTable) loose(at SnapshotID) []string {
	return slices.DeleteFunc(slices.Clone(s.liveAt[at]), func(p string) bool { _, has := s.files[p].rows[anchor]; return has })
}

// change is one random thing that happens to the table.
func (s *simTable) change(t *rapid.T, next *int) {
	events := simEvents
	if s.append {
		events = simAppendEvents
	}
	event := rapid.SampledFrom(events).Draw(t, "event of "+s.name)
	any := func() int { return rapid.IntRange(0, 3).Draw(t, "partition") }
	switch event {
	case "append":
		s.head = s.commit(s.head, "append", []*simFile{s.fresh(t, any(), next), s.fresh(t, any(), next)}, nil, false)
	case "append late":
		s.head = s.commit(s.head, "append", []*simFile{s.fresh(t, 0, next)}, nil, false)
	case "append and merge manifests":
		s.head = s.commit(s.head, "append", []*simFile{s.fresh(t, any(), next)}, nil, true)
	case "rewrite manifests":
		s.head = s.commit(s.head, "replace", nil, nil, true)
	case "empty":
		s.head = s.commit(s.head, "append", nil, nil, false)
	case "compact":
		s.compact(t)
	case "skew":
		s.clock -= Instant(rapid.IntRange(1, 50).Draw(t, "back"))
	case "evolve partitions":
		s.spec = 1 - s.spec
	case "evolve schema":
		s.noBounds = !s.noBounds
	case "stream": // it goes on, stalls, or takes back what it said
		s.complete = Hour(rapid.IntRange(0, 16).Draw(t, "complete"))
	case "old":
		s.old(t)
	default:
		s.changeMore(t, event, next)
	}
}

func (s *simTable) changeMore(t *rapid.T, event string, next *int) {
	loose := s.loose(s.head)
	switch event {
	case "overwrite", "delete", "remove": // by a filter: whole files
		if len(loose) == 0 {
			return
		}
		gone := []string{rapid.SampledFrom(loose).Draw(t, "file")}
		if event == "overwrite" || event == "remove" && rapid.Bool().Draw(t, "and adds") {
			s.head = s.commit(s.head, "overwrite", []*simFile{s.fresh(t, rapid.IntRange(0, 3).Draw(t, "partition"), next)}, gone, false)
			return
		}
		s.head = s.commit(s.head, "delete", nil, gone, false)
	case "dynamic overwrite":
		f := s.fresh(t, rapid.IntRange(1, 3).Draw(t, "partition"), next)
		gone := slices.DeleteFunc(loose, func(p string) bool { return s.files[p].Partition.id() != f.Partition.id() })
		s.head = s.commit(s.head, "overwrite", []*simFile{f}, gone, false, "replace-partitions", "true")
	case "stage":
		s.made++
		id := fmt.Sprintf("w%d", s.made)
		s.staged = append(s.staged, s.commit(s.head, "append", []*simFile{s.fresh(t, rapid.IntRange(0, 3).Draw(t, "partition"), next)}, nil, false, SummaryWAPID, id))
	case "publish staged": // the oldest; those after it later, or never
		if len(s.staged) == 0 {
			return
		}
		id := s.staged[0]
		s.staged = s.staged[1:]
		if s.parents[id] == s.head {
			s.head = id // fast-forward
			return
		}
		d := s.deltas[id]
		var again []*simFile
		for _, p := range d.added {
			f := *s.files[p]
			again = append(again, &f)
			s.files[p] = &f
		}
		s.head = s.commit(s.head, "append", again, nil, false, SummaryPublishedWAPID, "w", SummarySourceSnapshot, fmt.Sprint(int64(id)))
	case "branch":
		on := s.head
		if len(s.branch) > 0 {
			on = s.branch[len(s.branch)-1]
		}
		s.branch = append(s.branch, s.commit(on, "append", []*simFile{s.fresh(t, rapid.IntRange(0, 3).Draw(t, "partition"), next)}, nil, false))
	case "publish branch": // fast-forwarded where the head has not moved, else given up
		if len(s.branch) > 0 && s.parents[s.branch[0]] == s.head {
			s.head = s.branch[len(s.branch)-1]
		}
		s.branch = nil
	}
}

// old expires the oldest snapshots, or rolls back.
func (s *simTable) old(t *rapid.T) {
	if !s.expires {
		line := s.history().Line(s.head).Snapshots
		s.head = line[rapid.IntRange(0, len(line)-1).Draw(t, "back")].ID
		return
	}
	n := rapid.IntRange(0, len(s.snaps)-1).Draw(t, "expired")
	kept := map[SnapshotID]bool{}
	s.snaps = slices.DeleteFunc(slices.Clone(s.snaps), func(x *Snapshot) bool {
		gone := n > 0 && x.ID != s.head
		n--
		kept[x.ID] = !gone
		return gone
	})
	s.staged = slices.DeleteFunc(s.staged, func(id SnapshotID) bool { return !kept[id] })
	if slices.ContainsFunc(s.branch, func(id SnapshotID) bool { return !kept[id] }) {
		s.branch = nil
	}
}
