package psyberg

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestC5_StatelessHoldsEachRowOnce: over any schedule of appends, merged
// manifests, compactions, staged snapshots and audit branches published in
// whatever order or never, clock skew, evolved partitions, overwrites under
// on_overwrite, and crashes, a load by file holds each row once: none that was
// appended and is still live at the end is missing, none is there twice, and
// none that was never published.
func TestC5_StatelessHoldsEachRowOnce(t *testing.T) { soak(t, 10, eachRowOnce) }

func eachRowOnce(t *rapid.T) {
	choice := rapid.SampledFrom([]OnOverwrite{OverwriteError, OverwriteSkip, OverwriteAdded}).Draw(t, "on_overwrite")
	p := &simLoad{table: newSimTable(t, "t", false, true), choice: choice, loaded: map[int]int{}, first: map[int]bool{}}
	for range rapid.IntRange(1, 40).Draw(t, "steps") {
		if rapid.IntRange(0, 3).Draw(t, "run") == 0 {
			p.session(t, rapid.Bool().Draw(t, "crash"))
			continue
		}
		p.table.change(t, &p.next)
	}
	p.session(t, false)
	if p.stopped {
		return // on_overwrite := 'error' stops for good, and says so
	}
	live := map[int]bool{}
	for h := Hour(0); h < simHours; h++ {
		for _, id := range p.table.rowsAt(p.table.head, h) {
			live[id] = true
		}
	}
	came := p.came()
	for id := range came {
		switch n := p.loaded[id]; {
		case n > 1:
			t.Fatalf("row %d was loaded %d times", id, n)
		case n == 0 && live[id]:
			t.Fatalf("row %d is live, and was never loaded", id)
		}
	}
	for id := range p.loaded {
		if !came[id] {
			t.Fatalf("row %d was loaded, and no snapshot that counts has it", id)
		}
	}
}

// simLoad is a stateless process that reads by file.
type simLoad struct {
	table   *simTable
	choice  OnOverwrite
	mark    *Watermark
	loaded  map[int]int  // row id to times
	first   map[int]bool // rows of the first run: all that was live, whoever brought it
	next    int
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
				p.loaded[id]++
				p.first[id] = p.first[id] || p.mark == nil
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

// came are the rows that snapshots which count have brought: on the head's
// line, of appends, and of overwrites where they are wanted.
func (p *simLoad) came() map[int]bool {
	s, out := p.table, map[int]bool{}
	for _, id := range s.line(s.head) {
		d := s.deltas[id]
		snap := s.snaps[slices.IndexFunc(s.snaps, func(x *Snapshot) bool { return x.ID == id })]
		if d == nil {
			continue
		}
		for _, path := range d.added {
			for row := range s.files[path].rows {
				out[row] = out[row] || snap.Operation == "append" || p.choice == OverwriteAdded || p.first[row]
			}
		}
	}
	for row, counts := range out {
		if !counts {
			delete(out, row)
		}
	}
	return out
}

// TestSimulationDoesSomething: the events of the simulation happen, so that its
// properties are about something.
func TestSimulationDoesSomething(t *testing.T) {
	seen := map[string]bool{}
	rapid.Check(t, func(r *rapid.T) {
		next := 0
		s := newSimTable(r, "t", rapid.Bool().Draw(r, "expires"), false)
		for range 30 {
			head := s.head
			s.change(r, &next)
			snap := s.snaps[len(s.snaps)-1]
			if s.head != head {
				class, _ := Classify(snap)
				seen[string(class)] = true
				seen[fmt.Sprint("manifests ", min(len(s.lists[s.head]), 2))] = true
			}
			seen[fmt.Sprint("spec ", s.spec)] = true
			seen[fmt.Sprint("bounds ", !s.noBounds)] = true
		}
	})
	for _, want := range []string{"APPEND", "PUBLISHED", "OVERWRITE", "DELETE", "REPLACE", "EMPTY", "manifests 1", "manifests 2", "spec 0", "spec 1", "bounds true", "bounds false"} {
		if !seen[want] {
			t.Errorf("%s never happens", want)
		}
	}
}
