package psyberg

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"psyberg/internal/history"
)

// bring brings an event about, and holds the table against the naive one: each
// version has the rows that it should have.
func (s *simTable) bring(e history.Event, ids *int) error {
	c := s.naive.Plan(e, ids)
	before := s.naive.Last()
	var out history.Outcome
	if !c.Nothing {
		out = s.change(c)
	}
	s.naive.Done(c, out)
	switch last := s.naive.Last(); {
	case last == before:
	case len(c.Replay) > 0:
		fresh := s.line(s.head)[:last-before]
		slices.Reverse(fresh)
		s.ids = append(s.ids, fresh...)
	default:
		s.ids = append(s.ids, s.snaps[len(s.snaps)-1].ID)
	}
	if s.ids[s.naive.Head] != s.head {
		return fmt.Errorf("%s: the head is snapshot %d, want %d", e, s.head, s.ids[s.naive.Head])
	}
	for v := max(1, before); v <= s.naive.Last(); v++ {
		if err := s.sameRows(v); err != nil {
			return fmt.Errorf("%s: %w", e, err)
		}
	}
	return nil
}

func (s *simTable) sameRows(v int) error {
	rows := map[int]Hour{}
	for _, p := range s.liveAt[s.ids[v]] {
		maps.Copy(rows, s.files[p].rows)
	}
	want := map[int]Hour{}
	for _, r := range s.naive.Version(v).Rows {
		want[r.ID] = Hour(r.Hour)
	}
	if !maps.Equal(rows, want) {
		return fmt.Errorf("version %d has rows %v, want %v", v, rows, want)
	}
	return nil
}

// version is the number of a snapshot.
func (s *simTable) version(id SnapshotID) int { return slices.Index(s.ids, id) }

// written are the files of new rows, one for each partition.
func (s *simTable) written(rows []history.Row) (out []*simFile) {
	parts := map[[2]int]map[int]Hour{}
	for _, r := range rows {
		at := [2]int{r.Partition(), r.ID % 2 * s.spec}
		if parts[at] == nil {
			parts[at] = map[int]Hour{}
		}
		parts[at][r.ID] = Hour(r.Hour)
	}
	for _, at := range slices.SortedFunc(maps.Keys(parts), func(a, b [2]int) int { return 2*(a[0]-b[0]) + a[1] - b[1] }) {
		out = append(out, s.file(at[0], at[1], parts[at]))
	}
	return out
}

// change does to snapshots, manifests and files what a writer would do.
func (s *simTable) change(c history.Change) (out history.Outcome) {
	switch c.Kind {
	case history.Append, history.AppendLate, history.AppendMerge, history.Empty:
		s.head = s.commit(s.head, "append", s.written(c.Add), nil, c.Kind == history.AppendMerge)
	case history.AppendSkewed:
		s.clock -= Instant(c.Back)
		s.head = s.commit(s.head, "append", s.written(c.Add), nil, false)
	case history.Stage:
		s.commit(s.head, "append", s.written(c.Add), nil, false, SummaryWAPID, fmt.Sprint("w", s.naive.Last()+1))
	case history.Branch:
		s.commit(s.ids[c.Parent], "append", s.written(c.Add), nil, false)
	case history.Overwrite, history.Delete, history.Dynamic:
		out = s.overwrite(c)
	case history.Manifests:
		s.head = s.commit(s.head, "replace", nil, nil, true)
	case history.Compact:
		out.NotDone = !s.compact(c)
	case history.Publish, history.PublishAll:
		s.publish(c)
	case history.Rollback:
		s.head = s.ids[c.Forward]
	case history.Expire, history.ExpireStaged:
		s.snaps = slices.DeleteFunc(slices.Clone(s.snaps), func(x *Snapshot) bool { return slices.Contains(c.Expire, s.version(x.ID)) })
	case history.Evolve:
		s.spec = 1 - s.spec
	case history.Schema:
		s.noBounds = !s.noBounds
	case history.Stream: // what the next snapshots, or the source, say
	default:
		panic("no event " + c.Kind)
	}
	return out
}

// overwrite has files go whose every row goes, and writes the rest of those
// anew that some rows of go; a dynamic one has the files of its partitions go.
func (s *simTable) overwrite(c history.Change) (out history.Outcome) {
	added := s.written(c.Add)
	goes := map[int]bool{}
	for _, r := range c.Remove {
		goes[r.ID] = true
	}
	if c.Kind == history.Dynamic {
		var gone []string
		for _, p := range s.liveAt[s.head] {
			f := s.files[p]
			switch {
			case slices.ContainsFunc(added, func(a *simFile) bool { return a.Partition.id() == f.Partition.id() }):
				gone = append(gone, p)
			default:
				out.Stay = slices.AppendSeq(out.Stay, maps.Keys(f.rows))
			}
		}
		s.head = s.commit(s.head, "overwrite", added, gone, false, "replace-partitions", "true")
		return out
	}
	var gone []string
	operation := "delete"
	for _, p := range s.liveAt[s.head] {
		f := s.files[p]
		rest := maps.Clone(f.rows)
		maps.DeleteFunc(rest, func(id int, _ Hour) bool { return goes[id] })
		if len(rest) == len(f.rows) {
			continue
		}
		gone = append(gone, p)
		if len(rest) > 0 {
			added = append(added, s.again(f, rest))
		}
	}
	if len(added) > 0 {
		operation = "overwrite"
	}
	s.head = s.commit(s.head, operation, added, gone, false)
	return out
}

// again is a file of f's partition, as f has it.
func (s *simTable) again(f *simFile, rows map[int]Hour) *simFile {
	spec := s.spec
	defer func() { s.spec = spec }()
	s.spec = f.Partition.SpecID
	var p, b int
	if _, err := fmt.Sscanf(strings.ReplaceAll(f.Partition.Path, "/", " "), "p=%d b=%d", &p, &b); err != nil && s.spec == 1 {
		panic(err)
	}
	return s.file(p, b, rows)
}

func (s *simTable) publish(c history.Change) {
	if c.GiveUp {
		return
	}
	if c.Forward != 0 {
		s.head = s.ids[c.Forward]
		return
	}
	for _, v := range c.Replay {
		var files []*simFile
		for _, p := range s.deltas[s.ids[v]].added {
			f := *s.files[p]
			files = append(files, &f)
			s.files[p] = &f
		}
		s.head = s.commit(s.head, "append", files, nil, false, SummaryPublishedWAPID, "w", SummarySourceSnapshot, fmt.Sprint(int64(s.ids[v])))
	}
}

// compact writes the rows of live files anew, one file for each partition that
// the event names.
func (s *simTable) compact(c history.Change) bool {
	parts := map[partitionID][]string{}
	for _, p := range s.liveAt[s.head] {
		parts[s.files[p].Partition.id()] = append(parts[s.files[p].Partition.id()], p)
	}
	var gone []string
	var added []*simFile
	for i, id := range slices.SortedFunc(maps.Keys(parts), func(a, b partitionID) int { return strings.Compare(a.uri, b.uri) }) {
		if c.Pick>>(i%4)&1 == 0 {
			continue
		}
		rows := map[int]Hour{}
		for _, p := range parts[id] {
			maps.Copy(rows, s.files[p].rows)
		}
		gone = append(gone, parts[id]...)
		added = append(added, s.again(s.files[parts[id][0]], rows))
	}
	if len(gone) > 0 {
		s.head = s.commit(s.head, "replace", added, gone, c.Merge)
	}
	return len(gone) > 0
}
