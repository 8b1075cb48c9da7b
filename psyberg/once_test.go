package psyberg

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"psyberg/internal/history"
)

// TestC5_StatelessHoldsEachRowOnce: over any schedule of appends, merged
// manifests, compactions, staged snapshots and audit branches published in
// whatever order or never, clock skew, evolved partitions, overwrites under
// on_overwrite, and crashes, a load by file holds each row once: none that was
// appended and is still live at the end is missing, none is there twice, and
// none that was never published.
func TestC5_StatelessHoldsEachRowOnce(t *testing.T) { soak(t, 15, eachRowOnce) }

func eachRowOnce(t *rapid.T) {
	choice := rapid.SampledFrom([]OnOverwrite{OverwriteError, OverwriteSkip, OverwriteAdded}).Draw(t, "on_overwrite")
	h := history.Draw(t, history.Config{Tables: 1, Parts: 5, AppendOnly: true})
	p := &simLoad{table: newSimTable(h.Sources[0]), choice: choice,
		loads: history.Loads{Times: map[int]int{}, First: map[int]bool{}, Added: choice == OverwriteAdded}}
	next := 0
	for _, e := range h.Events {
		if e.Kind == history.Run {
			p.session(t, e.Run.Crash >= 0)
		} else if err := p.table.bring(e, &next); err != nil {
			t.Fatal(err)
		}
	}
	p.session(t, false)
	if p.stopped {
		return // on_overwrite := 'error' stops for good, and says so
	}
	if err := p.loads.Once(p.table.naive); err != nil {
		t.Fatal(err)
	}
}

// simLoad is a stateless process that reads by file.
type simLoad struct {
	table   *simTable
	choice  OnOverwrite
	mark    *Watermark
	loads   history.Loads
	stopped bool
}

func (p *simLoad) session(t *rapid.T, crash bool) {
	s := p.table
	src, h := SourceName{Table: s.name}, s.history()
	w, err := ComputeWindow(src, h, PinOf(s.head), p.mark, WindowOptions{EnforceOverwrites: true, OnOverwrite: p.choice})
	var stop *Error
	if p.choice == OverwriteError && errors.As(err, &stop) && stop.Code == CodeOverwrite {
		p.stopped = true
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	entries, read, own := s.entries(w)
	if read > own {
		t.Fatalf("%d manifests were read, the window has %d", read, own)
	}
	c, err := BuildChanges(h, w, entries, ChangeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	levelsAgree(t, s, h, w, entries)
	p.checkPartitions(t, c)
	if crash {
		return
	}
	for _, f := range c.Files {
		if f.Change == ChangeAdded {
			for id := range s.files[f.Path].rows {
				p.loads.Times[id]++
				p.loads.First[id] = p.loads.First[id] || p.mark == nil
			}
		}
	}
	p.mark = &Watermark{TableUUID: "u", SnapshotID: s.head, HasSnapshot: true, Sequence: s.sequence}
}

// checkPartitions: the partitions listed are those of the files listed, and
// their counts are theirs.
func (p *simLoad) checkPartitions(t *rapid.T, c *ChangeSet) {
	files, records := map[partitionID]int64{}, map[partitionID]int64{}
	for _, f := range c.Files {
		if f.Change == ChangeAdded {
			files[f.Partition.id()]++
			records[f.Partition.id()] += f.Records
		}
	}
	for _, part := range c.Partitions {
		if part.AddedFiles != files[part.id()] || part.AddedRecords != records[part.id()] {
			t.Fatalf("partition %s lists %d files with %d rows, its files are %d with %d", part.URI, part.AddedFiles, part.AddedRecords,
				files[part.id()], records[part.id()])
		}
		delete(files, part.id())
	}
	if len(files) > 0 {
		t.Fatalf("changed partitions are not listed: %v", files)
	}
}

// TestSimulationDoesSomething: the events of the simulation happen, so that its
// properties are about something.
func TestSimulationDoesSomething(t *testing.T) {
	want := []string{"APPEND", "PUBLISHED", "OVERWRITE", "DELETE", "REPLACE", "EMPTY", "manifests 1", "manifests 2", "spec 0", "spec 1", "bounds true", "bounds false",
		"append by a slow clock", "publish staged", "publish staged, replayed", "publish branch", "publish branch, replayed", "publish branch, given up",
		"expire", "expire staged", "rollback", "stream", "evolve partitions", "dynamic overwrite"}
	seen := map[string]bool{}
	missing := func() []string {
		return slices.DeleteFunc(slices.Clone(want), func(s string) bool { return seen[s] })
	}
	for range 100 {
		if len(missing()) == 0 || t.Failed() {
			break
		}
		rapid.Check(t, func(r *rapid.T) { whatHappens(r, seen) })
	}
	for _, what := range missing() {
		t.Errorf("%s never happens", what)
	}
}

func whatHappens(r *rapid.T, seen map[string]bool) {
	h := history.Draw(r, history.Config{Tables: 1, Parts: 5})
	next, s := 0, newSimTable(h.Sources[0])
	for _, e := range h.Events {
		if e.Kind == history.Run {
			continue
		}
		head := s.head
		switch c := s.naive.Plan(e, new(int)); {
		case c.GiveUp:
			seen[string(e.Kind)+", given up"] = true
		case len(c.Replay) > 0:
			seen[string(e.Kind)+", replayed"] = true
		case !c.Nothing:
			seen[string(e.Kind)] = true
		}
		if err := s.bring(e, &next); err != nil {
			r.Fatal(err)
		}
		snap, ok := s.history().Get(s.head)
		if s.head != head && ok {
			class, _ := Classify(snap)
			seen[string(class)] = true
			seen[fmt.Sprint("manifests ", min(len(s.lists[s.head]), 2))] = true
		}
		seen[fmt.Sprint("spec ", s.spec)] = true
		seen[fmt.Sprint("bounds ", !s.noBounds)] = true
	}
}
