package catalog

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"psyberg/functions/meta"
	"psyberg/psyberg"
)

// Preflight says what Publish of an id would do, without writing. An id that
// is unknown or staged twice is a plan that refuses, not an error.
func (c *Catalogs) Preflight(ctx context.Context, name, id string) (psyberg.PublishPlan, error) {
	st, err := c.viewState(ctx, name)
	if err != nil {
		return psyberg.PublishPlan{}, err
	}
	return st.plan(id, nil)
}

// plan asks psyberg what a publish of id does to the table as it is.
func (st *state) plan(id string, intent *psyberg.SnapshotID) (psyberg.PublishPlan, error) {
	req := psyberg.PublishRequest{Target: psyberg.NewHistory(st.m.UUID, st.m.FormatVersion, st.m.Snapshots), ID: id, Intent: intent,
		Files: map[psyberg.SnapshotID]psyberg.SnapshotFiles{}}
	if head := st.head(mainBranch); head != nil {
		req.Head = psyberg.PinOf(head.ID)
	}
	if b := st.head(branchOf(id)); b != nil {
		req.Branch = &b.ID
	}
	for _, need := range psyberg.PublishNeeds(req) {
		s, _ := st.m.Snapshot(need)
		added, removed, err := st.changesOf(s)
		if err != nil {
			return psyberg.PublishPlan{}, err
		}
		var files psyberg.SnapshotFiles
		if files.Added, err = st.plain(added); err != nil {
			return psyberg.PublishPlan{}, err
		}
		if files.Removed, err = st.plain(removed); err != nil {
			return psyberg.PublishPlan{}, err
		}
		req.Files[need] = files
	}
	return psyberg.PlanPublish(req), nil
}

// plain are files as psyberg tells them and their partitions apart.
func (st *state) plain(files []iceberg.DataFile) ([]psyberg.File, error) {
	out := make([]psyberg.File, len(files))
	for i, f := range files {
		part, err := partitionOf(st.m, f)
		if err != nil {
			return nil, err
		}
		out[i] = psyberg.File{Path: f.FilePath(), Offset: f.ContentOffset(), Partition: psyberg.Partition{SpecID: int(f.SpecID()), URI: part.key, Path: part.path}}
	}
	return out, nil
}

// viewState is loadState for looking only: a bare metadata.json and a catalog
// with a path map will do.
func (c *Catalogs) viewState(ctx context.Context, name string) (*state, error) {
	t, err := c.Load(ctx, name)
	if err != nil {
		return nil, err
	}
	if t.Ref != "" {
		return nil, fmt.Errorf("look at what is staged in %s: a publish moves main: name the target without '@'", name)
	}
	st := &state{id: ident{catalog: t.Catalog, namespace: t.Namespace, table: t.Table, plain: t.Name}, m: t.Meta, loc: t.Location, files: c.files[t.Catalog]}
	data, err := st.files.Read(ctx, t.Location, -1)
	if err != nil {
		return nil, err
	}
	if data, err = inflate(t.Location, data); err != nil {
		return nil, err
	}
	if st.ice, err = table.ParseMetadataBytes(data); err != nil {
		return nil, fmt.Errorf("load table %s: %w", name, err)
	}
	return st, nil
}

// Publish moves what an id has staged to main: the ref moves where the staged
// snapshot's parent (for a branch: an ancestor) is the head; appends and
// partition overwrites are replayed onto a head that has moved; the rest is
// refused with ErrRefused, and nothing changes. A branch is dropped by the same
// commit. An id that is published already is no error: Method says so.
//
// Killed before the commit: nothing has happened. Killed after: all has; the
// next Publish finds it (K1, K2).
func (c *Catalogs) Publish(ctx context.Context, name string, req PublishRequest) (PublishResult, error) {
	if err := req.Verdict.check(req.Staged); err != nil {
		return PublishResult{}, err
	}
	var res PublishResult
	_, err := c.transact(ctx, name, func(ctx context.Context, a *attempt) error {
		p, err := a.st.plan(req.ID, &req.Staged)
		if err != nil {
			return err
		}
		if p, err = a.st.unseen(ctx, p, &req); err != nil {
			return err
		}
		res = PublishResult{PublishPlan: p}
		switch p.Method {
		case psyberg.MethodAlreadyPublished:
			res.Snapshot = *p.Published
			return a.dropMerged(req.ID)
		case psyberg.MethodRefused:
			return fmt.Errorf("publish %q to %s: %w %s", req.ID, a.st.id.plain, ErrRefused, p.Reason)
		}
		res.Snapshot, err = a.move(ctx, p, branchOf(req.ID))
		if err != nil {
			return err
		}
		a.landed = func(now *state) bool {
			head := now.head(mainBranch)
			return head != nil && now.m.AncestorOf(res.Snapshot, head.ID)
		}
		return nil
	})
	if err != nil {
		return PublishResult{}, err
	}
	return res, nil
}

// unseen looks whether another process, or this one before, may have moved the
// target without a trace (P6). Where it has not, an attempt that follows looks
// from this head on only: what others commit and expire in between is little.
func (st *state) unseen(ctx context.Context, p psyberg.PublishPlan, req *PublishRequest) (psyberg.PublishPlan, error) {
	head := st.head(mainBranch)
	if req.Verdict.Kind != IntentRecorded && req.Seen == nil || head == nil || p.Method == psyberg.MethodAlreadyPublished {
		return p, nil
	}
	past, shown := psyberg.NotMoved, psyberg.SnapshotID(0) // its parent is the head
	var unread error
	if p.Method != psyberg.MethodFastForward {
		left := psyberg.LeftPublish{ID: req.ID, Staged: req.Staged, Seen: req.Seen, Since: req.Since}
		past, shown = left.Moved(st.versions(ctx, &unread))
	}
	switch past {
	case psyberg.NotMoved:
		at := psyberg.PinOf(head.ID)
		req.Seen = &at
	case psyberg.WasMovedTo:
		p.Method, p.Published = psyberg.MethodAlreadyPublished, &shown
		p.Reason = fmt.Sprintf("snapshot %d is an ancestor of the head", shown)
		if _, retained := st.m.Snapshot(shown); !retained {
			p.Reason += ", and has expired since"
		}
	case psyberg.MovedOrNot:
		if err := ctx.Err(); err != nil {
			return p, err
		}
		err := fmt.Errorf("publish %q to %s: %w", req.ID, st.id.plain, ErrUnseen)
		if unread != nil {
			err = fmt.Errorf("%w, and an older metadata.json that may show it cannot be read: %w", err, unread)
		}
		return p, err
	}
	return p, nil
}

// maxVersions bounds how many older versions of a table are read: a log has 100
// (write.metadata.previous-versions-max), unless somebody wants more.
const maxVersions = 1000

// versions are the table as it is and as its metadata log says that it was,
// newest first. A file is read when it is asked for; one that cannot be read
// ends them, and is unread.
func (st *state) versions(ctx context.Context, unread *error) iter.Seq2[*psyberg.History, psyberg.Pin] {
	return func(yield func(*psyberg.History, psyberg.Pin) bool) {
		if !yield(pastOf(st.m)) {
			return
		}
		log := st.m.MetadataLog
		for _, e := range slices.Backward(log[max(0, len(log)-maxVersions):]) {
			m, err := readMeta(ctx, st.files, e.Location)
			if err != nil {
				*unread = err
				return
			}
			if !yield(pastOf(m)) {
				return
			}
		}
	}
}

// pastOf is a version's snapshots and the head of its main branch.
func pastOf(m *meta.Metadata) (*psyberg.History, psyberg.Pin) {
	return psyberg.NewHistory(m.UUID, m.FormatVersion, m.Snapshots), psyberg.Pin{ID: m.CurrentSnapshotID, Has: m.HasCurrent}
}

// dropMerged drops the branch of a published session, which somebody else's
// fast-forward leaves behind.
func (a *attempt) dropMerged(id string) error {
	branch := branchOf(id)
	b, head := a.st.head(branch), a.st.head(mainBranch)
	if b == nil || head == nil || !a.st.m.AncestorOf(b.ID, head.ID) {
		return nil
	}
	a.updates = []table.Update{table.NewRemoveSnapshotRefUpdate(branch)}
	a.reqs = a.st.requirements(branch)
	a.landed = func(now *state) bool { return now.head(branch) == nil }
	return nil
}

// move fills the attempt with the updates of a publish. The branch, where that
// is what was staged, goes by the same commit.
func (a *attempt) move(ctx context.Context, p psyberg.PublishPlan, branch string) (psyberg.SnapshotID, error) {
	refs := []string{mainBranch}
	if p.OnBranch {
		refs = append(refs, branch)
	}
	a.reqs = a.st.requirements(refs...)
	last := *p.Staged
	if p.Method == psyberg.MethodCherryPick {
		var err error
		if last, err = a.replay(ctx, p.Replay); err != nil {
			return 0, err
		}
	}
	a.updates = append(a.updates, a.st.setRef(mainBranch, last))
	if p.OnBranch {
		a.updates = append(a.updates, table.NewRemoveSnapshotRefUpdate(branch))
	}
	return last, nil
}

// replay makes every step again on top of the head, in order.
func (a *attempt) replay(ctx context.Context, steps []psyberg.SnapshotID) (psyberg.SnapshotID, error) {
	b, err := a.st.baseAt(a.st.head(mainBranch))
	if err != nil {
		return 0, err
	}
	var last psyberg.SnapshotID
	for _, id := range steps {
		s, _ := a.st.m.Snapshot(id)
		added, removed, err := a.st.changesOf(s)
		if err != nil {
			return 0, err
		}
		d := draft{operation: table.Operation(s.Operation), added: added, removed: map[string]bool{}, props: replayProps(s)}
		for _, f := range removed {
			d.removed[f.FilePath()] = true
		}
		made, err := a.produce(ctx, b, d)
		if errors.Is(err, ErrConflict) {
			return 0, fmt.Errorf("replay snapshot %d on %s: %w missing required files to delete: %w", s.ID, a.st.id.plain, ErrRefused, err)
		}
		if err != nil {
			return 0, fmt.Errorf("replay snapshot %d: %w", s.ID, err)
		}
		a.updates = append(a.updates, table.NewAddSnapshotUpdate(made.snap))
		b, last = made.base, psyberg.SnapshotID(made.snap.SnapshotID)
	}
	return last, nil
}

// replayProps are the summary keys that a replayed snapshot keeps: those that
// are not computed, and the session's own; Iceberg's marks of a cherry-pick
// are added.
func replayProps(s *psyberg.Snapshot) map[string]string {
	out := s.Summary.Map()
	maps.DeleteFunc(out, func(k, _ string) bool { return isComputed(k) && !strings.HasPrefix(k, branchPrefixKey) })
	delete(out, keySparkApp) // it did not write this one
	out[keySource] = fmt.Sprint(int64(s.ID))
	if id := s.Summary.Get(keyWapID); id != "" {
		out[keyPublishedWapID] = id
	}
	return out
}

const branchPrefixKey = "psyberg."

// published is the newest ancestor of main's head that carries the id.
func published(st *state, id string) *psyberg.Snapshot {
	if s := publishedWap(st, id); s != nil {
		return s
	}
	return publishedSession(st, strings.TrimPrefix(id, branchPrefix))
}

// Discard removes what an unpublished session has staged: the snapshots with
// the wap id, or the branch and the snapshots that only it has. Their data
// files stay until orphaned files are removed. What is published is refused;
// nothing there is ErrNotFound. Killed: all or nothing is gone.
func (c *Catalogs) Discard(ctx context.Context, name, id string) (DiscardResult, error) {
	var res DiscardResult
	_, err := c.transact(ctx, name, func(_ context.Context, a *attempt) error {
		st := a.st
		res = DiscardResult{}
		if s := published(st, id); s != nil {
			return fmt.Errorf("discard %q of %s: %w it is published already (snapshot %d)", id, st.id.plain, ErrRefused, s.ID)
		}
		branch := branchOf(id)
		drop := st.head(branch) != nil
		for _, s := range stagedWap(st, id) {
			res.Snapshots = append(res.Snapshots, s.ID)
		}
		refs := []string{mainBranch}
		if drop {
			res.Branch = branch
			refs = append(refs, branch)
			for s := range st.m.Ancestors(st.head(branch).ID) {
				res.Snapshots = append(res.Snapshots, s.ID)
			}
			a.updates = append(a.updates, table.NewRemoveSnapshotRefUpdate(branch))
		}
		keep := st.reachable(branch)
		slices.Sort(res.Snapshots)
		res.Snapshots = slices.DeleteFunc(slices.Compact(res.Snapshots), func(s psyberg.SnapshotID) bool { return keep[s] })
		if len(res.Snapshots) == 0 && !drop {
			return fmt.Errorf("discard %q of %s: staged snapshot or branch %w", id, st.id.plain, ErrNotFound)
		}
		if len(res.Snapshots) > 0 {
			var gone []int64
			for _, s := range res.Snapshots {
				gone = append(gone, int64(s))
			}
			a.updates = append(a.updates, table.NewRemoveSnapshotsUpdate(gone, false))
		}
		a.reqs = st.requirements(refs...)
		a.landed = func(now *state) bool { return now.head(branch) == nil && len(stagedWap(now, id)) == 0 }
		return nil
	})
	return res, err
}

// reachable are the snapshots that some ref other than the named one has.
func (st *state) reachable(except string) map[psyberg.SnapshotID]bool {
	out := map[psyberg.SnapshotID]bool{}
	for name, r := range st.m.Refs {
		if name == except {
			continue
		}
		for s := range st.m.Ancestors(r.SnapshotID) {
			out[s.ID] = true
		}
	}
	return out
}
