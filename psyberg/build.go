package psyberg

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// NeedsLive reports whether the change set of these entries needs
// ChangeOptions.Live: a delete file has no range of its own, it stands for the
// data files that it can apply to.
func (w *Window) NeedsLive(entries []Entry) bool {
	b := newBuilder(nil, w, ChangeOptions{})
	for _, e := range entries {
		if e.Content != Data && b.counts(e) {
			return true
		}
	}
	return false
}

// BuildChanges makes the change set of a window (C1 to C7). entries are those
// of the manifests that the window's snapshots and the withdrawn ones added
// (all of them: other snapshots' entries are skipped here); or, where w.Live,
// the live entries of the head. h is the source's history.
func BuildChanges(h *History, w *Window, entries []Entry, opt ChangeOptions) (*ChangeSet, error) {
	b := newBuilder(h, w, opt)
	for _, e := range entries {
		b.take(e)
	}
	b.settle()
	if opt.WithPreexisting {
		b.preexisting()
	}
	return b.finish()
}

// tally is what happened to one file within the window.
type tally struct {
	file  File
	net   int // +1 added, -1 removed, 0 came and went
	again bool
	by    []SnapshotID
	took  bool // an entry that took it away
}

type builder struct {
	h         *History
	w         *Window
	opt       ChangeOptions
	out       *ChangeSet
	counted   map[SnapshotID]bool
	withdrawn map[SnapshotID]bool
	left      map[SnapshotID]bool // skipped by on_overwrite
	files     map[string]*tally
	order     []string
	targets   []File // what delete files may apply to
	parts     map[partitionID]*PartitionChange
	hours     []TimeRange
	missing   []string
}

func newBuilder(h *History, w *Window, opt ChangeOptions) *builder {
	b := &builder{h: h, w: w, opt: opt, counted: map[SnapshotID]bool{}, withdrawn: map[SnapshotID]bool{},
		left: map[SnapshotID]bool{}, files: map[string]*tally{}, parts: map[partitionID]*PartitionChange{},
		out: &ChangeSet{Source: w.Source, Level: LevelManifests, Recovered: w.Recovered}}
	if w.Live {
		b.out.Level = LevelLive
	}
	for _, s := range w.Snapshots {
		b.counted[s.ID] = s.Counted
		b.left[s.ID] = !s.Counted && s.Class != ClassReplace && s.Class != ClassEmpty
	}
	for _, s := range w.Withdrawn {
		b.withdrawn[s.ID] = s.Counted
	}
	return b
}

// counts reports whether e is part of the change set.
func (b *builder) counts(e Entry) bool {
	if b.withdrawn[e.Snapshot] {
		return e.Status != Existing
	}
	if b.w.Live {
		return e.Status != Deleted && !b.left[e.Snapshot] && (b.w.Above == nil || e.Sequence > *b.w.Above) &&
			(e.Content == Data || b.w.Recovered)
	}
	return e.Status != Existing && b.counted[e.Snapshot]
}

func (b *builder) take(e Entry) {
	if e.Status == Deleted && e.Content == Data {
		b.targets = append(b.targets, e.File) // a compaction's too: a delete may have applied to it
	}
	if !b.counts(e) {
		return
	}
	t := b.files[e.key()]
	if t == nil {
		t = &tally{file: e.File}
		b.files[e.key()] = t
		b.order = append(b.order, e.key())
	}
	switch {
	case b.withdrawn[e.Snapshot] && e.Status == Added:
		t.net--
		t.took = true
	case b.withdrawn[e.Snapshot]:
		t.again = true // its removal was undone: it is back, not new
	case e.Status == Deleted:
		t.net--
		t.took = true
	default:
		t.net++
	}
	if !slices.Contains(t.by, e.Snapshot) {
		t.by = append(t.by, e.Snapshot)
	}
}

// settle turns the tallies into files, partitions and times. A file that came
// and went leaves no file behind, but its partition and its times stay
// changed (C3).
func (b *builder) settle() {
	slices.Sort(b.order)
	b.out.Files = slices.Grow(b.out.Files, len(b.order))
	for _, key := range b.order {
		t := b.files[key]
		p := b.partition(t.file.Partition)
		b.touch(p, t.by)
		var times *TimeRange
		if t.file.Content == Data {
			times = b.timesOf(t, p)
		} else {
			times = b.deleteTimes(t)
		}
		if t.net != 0 {
			b.list(t, p, times)
		}
	}
}

func (b *builder) list(t *tally, p *PartitionChange, times *TimeRange) {
	f := FileChange{File: t.file, Change: ChangeAdded, Times: times}
	if t.net < 0 {
		f.Change = ChangeRemoved
	}
	b.out.Files = append(b.out.Files, f)
	b.out.ChangedFiles++
	if t.file.Content != Data {
		return
	}
	b.out.ChangedRecords += t.file.Records
	if t.net > 0 {
		p.AddedFiles++
		p.AddedRecords += t.file.Records
		p.AddedBytes += t.file.Bytes
	} else {
		p.RemovedFiles++
		p.RemovedRecords += t.file.Records
	}
}

// timesOf finds what a data file counts with, and records it. With
// on_overwrite := 'added' only added files have times.
func (b *builder) timesOf(t *tally, p *PartitionChange) *TimeRange {
	if b.opt.Basis == BasisNone || b.addedOnly() && t.net <= 0 {
		return nil
	}
	times, known := b.rangeOf(t)
	if !known {
		p.FilesWithoutBounds++
		b.out.FilesWithoutBounds++
		times = b.without(t.file)
	}
	b.count(p, times)
	return times
}

func (b *builder) addedOnly() bool { return b.w.onRemoved == OverwriteAdded }

func (b *builder) count(p *PartitionChange, times *TimeRange) {
	if times == nil {
		return
	}
	p.Events = cover(p.Events, times)
	b.out.Events = cover(b.out.Events, times)
	b.hours = append(b.hours, *times)
}

// rangeOf returns the event times of a file by the time basis; known is false
// where what the basis needs is not there.
func (b *builder) rangeOf(t *tally) (times *TimeRange, known bool) {
	switch b.opt.Basis {
	case BasisColumn:
		return t.file.Events, t.file.Events != nil || t.file.NoEvents || t.file.Records == 0 && t.file.Content == Data
	case BasisPartition:
		return t.file.Partition.Time, t.file.Partition.Time != nil
	case BasisCommit:
		at, ok := b.commitTime(t)
		if !ok {
			return nil, false
		}
		return &TimeRange{at, at}, true
	}
	return nil, true
}

// commitTime finds when a file was added. The entry of a removed file names
// the snapshot that removed it: the one that added it is found by its
// sequence number.
func (b *builder) commitTime(t *tally) (Instant, bool) {
	if !t.took {
		if s, ok := b.h.Get(t.file.Snapshot); ok {
			return s.CommittedAt, true
		}
	}
	for _, s := range b.h.Snapshots {
		if t.file.Sequence > 0 && s.Sequence == t.file.Sequence {
			return s.CommittedAt, true
		}
	}
	return 0, false
}

// without applies on_missing_bounds to a file (C6): the range becomes unknown
// or wider, never narrower.
func (b *builder) without(f File) *TimeRange {
	switch {
	case b.opt.OnMissing == MissingPartition && f.Partition.Time != nil:
		return f.Partition.Time
	case b.opt.OnMissing == MissingRead && b.opt.Basis == BasisColumn:
		if times, ok := b.opt.Read[f.Path]; ok {
			return times
		}
		b.out.ToRead = append(b.out.ToRead, f)
		return nil
	}
	b.missing = append(b.missing, f.Path)
	return nil
}

// deleteTimes returns the times of the data files that a delete file stands
// for (C4), whose partitions it changes too.
func (b *builder) deleteTimes(t *tally) *TimeRange {
	var all *TimeRange
	seen := map[string]bool{}
	stand := func(f File) {
		if seen[f.Path] || !t.file.AppliesTo(f) {
			return
		}
		seen[f.Path] = true
		p := b.partition(f.Partition)
		b.touch(p, t.by)
		if b.opt.Basis == BasisNone || b.addedOnly() {
			return
		}
		target := &tally{file: f}
		if own := b.files[f.key()]; own != nil {
			target.took = own.took
		} else if b.isRemoval(f) {
			target.took = true
		}
		times, known := b.rangeOf(target)
		if !known {
			p.FilesWithoutBounds++
			b.out.FilesWithoutBounds++
			times = b.without(f)
		}
		b.count(p, times)
		all = cover(all, times)
	}
	for _, f := range b.opt.Live {
		stand(f)
	}
	for _, f := range b.targets {
		stand(f)
	}
	return all
}

func (b *builder) isRemoval(f File) bool {
	return slices.ContainsFunc(b.targets, func(r File) bool { return r.Path == f.Path && r.Snapshot == f.Snapshot })
}

func (b *builder) partition(p Partition) *PartitionChange {
	c := b.parts[p.id()]
	if c == nil {
		c = &PartitionChange{Partition: p}
		b.parts[p.id()] = c
	}
	return c
}

func (b *builder) touch(p *PartitionChange, by []SnapshotID) {
	for _, id := range by {
		if !slices.Contains(p.Snapshots, id) {
			p.Snapshots = append(p.Snapshots, id)
		}
	}
}

// preexisting counts, by partition, the data files live at the window's end
// that its counted snapshots did not add.
func (b *builder) preexisting() {
	zero := map[partitionID]*int64{}
	for id, p := range b.parts {
		p.Preexisting = new(int64)
		zero[id] = p.Preexisting
	}
	for _, f := range b.opt.Live {
		if n := zero[f.Partition.id()]; n != nil && f.Content == Data && !b.isNew(f) {
			*n++
		}
	}
}

func (b *builder) isNew(f File) bool {
	t := b.files[f.key()]
	return t != nil && t.net > 0
}

func (b *builder) finish() (*ChangeSet, error) {
	if len(b.missing) > 0 {
		return nil, b.missingError()
	}
	b.out.Hours = HoursOf(b.hours...)
	b.out.Partitions = finishPartitions(b.h, b.w, b.parts)
	return b.out, nil
}

// finishPartitions orders the partitions and fills in their commit times.
func finishPartitions(h *History, w *Window, parts map[partitionID]*PartitionChange) []PartitionChange {
	place := map[SnapshotID]int{}
	for i, s := range w.Snapshots {
		place[s.ID] = i + 1
	}
	out := make([]PartitionChange, 0, len(parts))
	for _, p := range parts {
		slices.SortFunc(p.Snapshots, func(a, b SnapshotID) int {
			return cmp.Or(cmp.Compare(place[a], place[b]), cmp.Compare(a, b))
		})
		for _, id := range p.Snapshots {
			s, ok := h.Get(id)
			if !ok {
				continue
			}
			if p.FirstCommit == nil || s.CommittedAt < *p.FirstCommit {
				p.FirstCommit = instantPtr(s.CommittedAt)
			}
			if p.LastCommit == nil || s.CommittedAt > *p.LastCommit {
				p.LastCommit = instantPtr(s.CommittedAt)
			}
		}
		out = append(out, *p)
	}
	slices.SortFunc(out, func(a, b PartitionChange) int {
		return cmp.Or(cmp.Compare(a.SpecID, b.SpecID), cmp.Compare(a.Path, b.Path), cmp.Compare(a.URI, b.URI))
	})
	return out
}

func (b *builder) missingError() error {
	const most = 10
	names := b.missing
	more := ""
	if len(names) > most {
		more = fmt.Sprintf(" and %d more", len(names)-most)
		names = names[:most]
	}
	e := &Error{Code: CodeMissingBounds, Op: "find event times", Object: b.w.Source.object(),
		Cause:  fmt.Sprintf("%d files have no bounds: %s%s", len(b.missing), strings.Join(names, ", "), more),
		Advice: "pass on_missing_bounds := 'partition' to widen to the partition's own time range, or 'read' to read the column"}
	switch b.opt.Basis {
	case BasisColumn:
		e.Cause = fmt.Sprintf("%d files have no bounds of column %q: %s%s", len(b.missing), b.w.Source.EventColumn, strings.Join(names, ", "), more)
		if b.opt.OnMissing == MissingPartition {
			e.Advice = "their partitions have no time range either: pass on_missing_bounds := 'read'"
		}
	case BasisPartition:
		e.Cause = fmt.Sprintf("%d files lie in partitions without a time: %s%s", len(b.missing), strings.Join(names, ", "), more)
		e.Advice = "name an event-time column: src_tables := 'table|column'"
	case BasisCommit:
		e.Cause = fmt.Sprintf("%d files were added by expired snapshots, whose commit times are lost: %s%s", len(b.missing), strings.Join(names, ", "), more)
		e.Advice = "name an event-time column: src_tables := 'table|column'"
	}
	return e
}
