package functions

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"psyberg/functions/discover"
	"psyberg/psyberg"
)

// otherSnapshot is a snapshot of a source that does not count, and why not.
type otherSnapshot struct {
	*psyberg.Snapshot
	cause, why string
}

func (o otherSnapshot) row(s *discover.Source) whyRow {
	return whyRow{src: s, cause: o.cause, reason: o.why, snap: o.Snapshot}
}

// othersOf lists the retained snapshots that could have counted and do not:
// skipped ones of the window, and those that are no ancestors of the pinned
// head. What the process had read before is not among them.
func othersOf(s *discover.Source) []otherSnapshot {
	var out []otherSnapshot
	for _, w := range s.Window.Snapshots {
		// Of a window of live files a compaction's are read like any other.
		if !w.Counted && !s.Window.Live {
			out = append(out, otherSnapshot{w.Snapshot, "skipped", fmt.Sprintf("It does not count: %s: %s.", snapshotText(w.Snapshot), w.Reason)})
		}
	}
	onLine, published := map[psyberg.SnapshotID]bool{}, map[string]bool{}
	for _, w := range s.Window.Withdrawn {
		onLine[w.ID] = true
	}
	head := s.EndSnapshot()
	if head != nil {
		for _, a := range s.History.Line(head.ID).Snapshots {
			onLine[a.ID] = true
			published["wap "+a.Summary.Get(psyberg.SummaryPublishedWAPID)] = true
			published["id "+a.Summary.Get(psyberg.SummarySourceSnapshot)] = true
		}
	}
	later := laterThan(s)
	for _, x := range s.History.Snapshots {
		id, wap := fmt.Sprint(int64(x.ID)), x.Summary.Get(psyberg.SummaryWAPID)
		branches := branchesOf(s, x.ID)
		switch {
		case onLine[x.ID]:
		case later[x.ID]:
			out = append(out, otherSnapshot{x, "later", fmt.Sprintf("It does not count yet: %s came after the head that was pinned; the next session will see it.", snapshotText(x))})
		case published["id "+id] || wap != "" && published["wap "+wap]:
			// Its rows count by the snapshot that published them.
		case wap != "":
			out = append(out, otherSnapshot{x, "staged", fmt.Sprintf("It does not count: %s is staged under wap.id %q and not published.", snapshotText(x), wap)})
		case slices.ContainsFunc(branches, func(b string) bool { return strings.HasPrefix(b, `branch "psyberg_`) }):
			out = append(out, otherSnapshot{x, "staged", fmt.Sprintf("It does not count: %s is staged on %s and not published.", snapshotText(x), strings.Join(branches, ", "))})
		case len(branches) > 0:
			out = append(out, otherSnapshot{x, "other branch", fmt.Sprintf("It does not count: %s is on %s, not on the line that is read.", snapshotText(x), strings.Join(branches, ", "))})
		default:
			out = append(out, otherSnapshot{x, "abandoned", fmt.Sprintf("It does not count: %s is no ancestor of the head: the table was rolled back behind it, or it was never published.", snapshotText(x))})
		}
	}
	return out
}

// laterThan is the set of snapshots that the ref has gained since the head
// was pinned (by a session, or to_snapshot_id).
func laterThan(s *discover.Source) map[psyberg.SnapshotID]bool {
	out := map[psyberg.SnapshotID]bool{}
	now, err := s.Table.Meta.Head(s.Table.Ref)
	if err != nil || now == nil {
		return out
	}
	for _, a := range s.History.Line(now.ID).Snapshots {
		if s.Head.Has && a.ID == s.Head.ID {
			return out
		}
		out[a.ID] = true
	}
	if s.Head.Has { // rolled back since: the pinned head is not on the line
		clear(out)
	}
	return out
}

// branchesOf names the branches and tags that hold a snapshot.
func branchesOf(s *discover.Source, id psyberg.SnapshotID) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(s.Table.Meta.Refs)) {
		if r := s.Table.Meta.Refs[name]; s.History.IsAncestor(id, r.SnapshotID) {
			out = append(out, fmt.Sprintf("%s %q", r.Type, name))
		}
	}
	return out
}

// touching are rows for the snapshots that do not count and have changed a
// file that matches, one a snapshot.
func (q *whyQuery) touching(ctx context.Context, s *discover.Source, match func(psyberg.File) bool) ([]whyRow, error) {
	if q.restored {
		return nil, nil
	}
	var out []whyRow
	for _, o := range othersOf(s) {
		files, err := changedBy(ctx, s, o.Snapshot)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		r := o.row(s)
		if err != nil { // said, since the other reasons stand without it
			r.reason += fmt.Sprintf(" What it changed cannot be read: %v.", err)
			out = append(out, r)
			continue
		}
		if r.take(files, match) > 0 {
			out = append(out, r)
		}
	}
	return out, nil
}

// take fills in what the matching files of a snapshot say, and returns how
// many they are.
func (r *whyRow) take(files []*fileChange, match func(psyberg.File) bool) int {
	n := 0
	for _, f := range files {
		if !match(f.File) {
			continue
		}
		if n++; n == 1 {
			r.file, r.partition, r.times = f.Path, &f.Partition.Path, f.Events
			continue
		}
		if f.Events != nil && r.times != nil {
			r.times = &psyberg.TimeRange{Min: min(r.times.Min, f.Events.Min), Max: max(r.times.Max, f.Events.Max)}
		}
	}
	if n > 1 {
		r.reason += fmt.Sprintf(" It changed %d such files, the one shown is the first.", n)
	}
	return n
}

// processed finds the newest snapshot before the window that changed a
// matching file: what the process has read already.
func (q *whyQuery) processed(ctx context.Context, s *discover.Source, match func(psyberg.File) bool) ([]whyRow, error) {
	if q.restored {
		return nil, nil
	}
	head := s.EndSnapshot()
	if head == nil || s.Window.Live || !s.Window.HasFrom {
		return nil, nil
	}
	before := false
	inWindow := map[psyberg.SnapshotID]bool{}
	for _, w := range s.Window.Snapshots {
		inWindow[w.ID] = true
	}
	for _, a := range s.History.Line(head.ID).Snapshots {
		before = before || !inWindow[a.ID]
		if class, _ := psyberg.Classify(a); !before || class == psyberg.ClassReplace || class == psyberg.ClassEmpty {
			continue
		}
		files, err := changedBy(ctx, s, a)
		if err != nil {
			return nil, err
		}
		r := whyRow{src: s, cause: "processed", snap: a,
			reason: fmt.Sprintf("The last snapshot that changed it is not new: %s lies at or before the watermark %d.", snapshotText(a), s.Window.From)}
		if r.take(files, match) > 0 {
			return []whyRow{r}, nil
		}
	}
	return nil, nil
}

// changedBy returns the files that one snapshot added and removed, with the
// bounds of the source's event-time column.
func changedBy(ctx context.Context, s *discover.Source, snap *psyberg.Snapshot) ([]*fileChange, error) {
	p := newPinned(s.Table)
	p.Snapshot, p.Schema = snap, s.Table.Meta.CurrentSchema()
	r, err := newChangeReader(p, s.Name.EventColumn, nil)
	if err != nil {
		return nil, err
	}
	jobs, err := addedManifests(ctx, p, []*psyberg.Snapshot{snap}, nil)
	if err != nil {
		return nil, err
	}
	var out []*fileChange
	a := auditTarget{pinned: p}
	err = a.scan(ctx, r, jobs, func(job manifestJob, in arrow.RecordBatch) error {
		changes, err := r.changes(job, in)
		out = append(out, changes...)
		return err
	})
	slices.SortFunc(out, func(x, y *fileChange) int { return strings.Compare(x.Path, y.Path) })
	return out, err
}
