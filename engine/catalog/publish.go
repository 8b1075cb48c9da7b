package catalog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"psyberg/psyberg"
)

// staged is what a publish would move: one snapshot with the wap id, or a
// branch's snapshots.
type staged struct {
	Preflight
	steps []*psyberg.Snapshot // to be replayed, oldest first; for CherryPick
}

// Preflight says what Publish of an id would do, without writing. An id that
// is unknown or staged twice is refused, not an error.
func (c *Catalogs) Preflight(ctx context.Context, name, id string) (Preflight, error) {
	st, err := c.viewState(ctx, name)
	if err != nil {
		return Preflight{}, err
	}
	p, err := st.look(id)
	return p.Preflight, err
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
		p, err := a.st.look(req.ID)
		if err != nil {
			return err
		}
		res = PublishResult{Preflight: p.Preflight}
		switch {
		case p.Method == AlreadyPublished:
			res.Snapshot = p.Published
			return a.dropMerged(req.ID)
		case p.Method == Refused:
			return fmt.Errorf("publish %q to %s: %w %s", req.ID, a.st.id.plain, ErrRefused, p.Reason)
		case p.Staged != req.Staged:
			return fmt.Errorf("publish %q to %s: %w snapshot %d is staged now, the intent names %d: audit it, then publish again",
				req.ID, a.st.id.plain, ErrRefused, p.Staged, req.Staged)
		}
		res.Snapshot, err = a.move(ctx, p)
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

// move fills the attempt with the updates of a publish.
func (a *attempt) move(ctx context.Context, p staged) (psyberg.SnapshotID, error) {
	refs := []string{mainBranch}
	if p.Branch != "" {
		refs = append(refs, p.Branch)
	}
	a.reqs = a.st.requirements(refs...)
	last := p.Staged
	if p.Method == CherryPick {
		var err error
		if last, err = a.replay(ctx, p.steps); err != nil {
			return 0, err
		}
	}
	a.updates = append(a.updates, a.st.setRef(mainBranch, last))
	if p.Branch != "" {
		a.updates = append(a.updates, table.NewRemoveSnapshotRefUpdate(p.Branch))
	}
	return last, nil
}

// replay makes every step again on top of the head, in order.
func (a *attempt) replay(ctx context.Context, steps []*psyberg.Snapshot) (psyberg.SnapshotID, error) {
	b, err := a.st.baseAt(a.st.head(mainBranch))
	if err != nil {
		return 0, err
	}
	var last psyberg.SnapshotID
	for _, s := range steps {
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
	out[keySource] = fmt.Sprint(int64(s.ID))
	if id := s.Summary.Get(keyWapID); id != "" {
		out[keyPublishedWapID] = id
	}
	return out
}

const branchPrefixKey = "psyberg."

// look finds what an id has staged, and what publishing it would do.
func (st *state) look(id string) (staged, error) {
	var p staged
	head := st.head(mainBranch)
	if head != nil {
		p.Head, p.HasHead = head.ID, true
	}
	if s := published(st, id); s != nil {
		p.Published, p.HasPublished, p.Method = s.ID, true, AlreadyPublished
		p.Operation = s.Operation
		p.Reason = fmt.Sprintf("snapshot %d, an ancestor of the head, carries the id %q", s.ID, id)
		return p, nil
	}
	all := stagedWap(st, id)
	branch := st.head(branchOf(id))
	switch {
	case len(all) > 1:
		p.refuse("cannot apply non-unique WAP ID: %d snapshots are staged with WAP ID %q", len(all), id)
		for _, s := range all {
			p.ConflictingSnapshots = append(p.ConflictingSnapshots, s.ID)
		}
		return p, nil
	case len(all) == 1:
		return st.lookStaged(p, head, all[0])
	case branch != nil:
		p.Branch = branchOf(id)
		return st.lookBranch(p, head, branch)
	}
	p.refuse("cannot apply unknown WAP ID %q: no snapshot is staged with it, and there is no branch %q%s", id, branchOf(id), st.stray(id))
	return p, nil
}

// published is the newest ancestor of main's head that carries the id.
func published(st *state, id string) *psyberg.Snapshot {
	if s := publishedWap(st, id); s != nil {
		return s
	}
	return publishedSession(st, strings.TrimPrefix(id, branchPrefix))
}

// stray says where a session's snapshot may be that was not staged: Spark
// does not stage a DELETE that drops whole files, it goes to main at once.
func (st *state) stray(id string) string {
	for _, s := range st.m.Snapshots {
		if s.Summary.Get(keyProcess) != "" && s.Summary.Get("app-id") == id || s.Summary.Get("spark.app.id") == id {
			return fmt.Sprintf("; snapshot %d of that application is not staged (Spark commits a DELETE of whole files to main at once)", s.ID)
		}
	}
	return ""
}

func (p *staged) refuse(format string, args ...any) {
	p.Method, p.Reason = Refused, fmt.Sprintf(format, args...)
}

// lookStaged judges one staged snapshot by Iceberg's rules of cherry-picking.
func (st *state) lookStaged(p staged, head, s *psyberg.Snapshot) (staged, error) {
	p.Staged, p.HasStaged, p.Operation = s.ID, true, s.Operation
	p.StagedParent, p.HasStagedParent = s.Parent, s.HasParent
	if sameParent(s, head) {
		p.Method, p.Reason = FastForward, "the staged snapshot's parent is the head: the ref moves"
		return p, nil
	}
	if err := st.replayable(&p, s, s, head); err != nil || p.Method == Refused {
		return p, err
	}
	p.Method, p.steps = CherryPick, []*psyberg.Snapshot{s}
	p.Reason = fmt.Sprintf("the head has moved since: %s is replayed onto it", s.Operation)
	return p, nil
}

func sameParent(s, head *psyberg.Snapshot) bool {
	if head == nil {
		return !s.HasParent
	}
	return s.HasParent && s.Parent == head.ID
}

// lookBranch judges a session's branch: as a whole, or step by step.
func (st *state) lookBranch(p staged, head, tip *psyberg.Snapshot) (staged, error) {
	p.Staged, p.HasStaged, p.Operation = tip.ID, true, tip.Operation
	if head == nil || st.m.AncestorOf(head.ID, tip.ID) {
		if head != nil {
			p.StagedParent, p.HasStagedParent = head.ID, true
		}
		p.Method, p.Reason = FastForward, "the head is an ancestor of the branch: the ref moves"
		return p, nil
	}
	var fork *psyberg.Snapshot
	var steps []*psyberg.Snapshot
	for s := range st.m.Ancestors(tip.ID) {
		if st.m.AncestorOf(s.ID, head.ID) {
			fork = s
			break
		}
		steps = append(steps, s)
	}
	slices.Reverse(steps)
	if len(steps) == 0 {
		p.refuse("branch %q holds nothing that main does not have", p.Branch)
		return p, nil
	}
	first := steps[0]
	p.StagedParent, p.HasStagedParent = first.Parent, first.HasParent
	if fork == nil && first.HasParent {
		p.refuse("the snapshot %d that branch %q was made from has expired: what main has changed since cannot be told", first.Parent, p.Branch)
		return p, nil
	}
	for _, s := range steps {
		if err := st.replayable(&p, s, first, head); err != nil || p.Method == Refused {
			return p, err
		}
	}
	p.Method, p.steps = CherryPick, steps
	p.Reason = fmt.Sprintf("the head has moved since: the branch's %d snapshots are replayed onto it in one commit", len(steps))
	return p, nil
}

// replayable refuses p where snapshot s, staged on first's parent, may not be
// made again on a head that has moved.
func (st *state) replayable(p *staged, s, first, head *psyberg.Snapshot) error {
	replaces := s.Summary.Get(keyReplace) == "true"
	if s.Operation == string(table.OpAppend) {
		return nil
	}
	added, removed, err := st.changesOf(s)
	if err != nil {
		return err
	}
	if len(added) == 0 && len(removed) == 0 {
		return nil // a step that changed nothing
	}
	if s.Operation != string(table.OpOverwrite) || !replaces {
		p.refuse("cannot cherry-pick snapshot %d: not append, dynamic overwrite, or fast-forward: operation %s is bound to the files it has read",
			s.ID, s.Operation)
		return nil
	}
	if head == nil || !first.HasParent || !st.m.AncestorOf(first.Parent, head.ID) {
		p.refuse("cannot cherry-pick overwrite %d: it is not based on an ancestor of the head", s.ID)
		return nil
	}
	return st.partitionConflicts(p, s, first.Parent, head, append(added, removed...))
}

// partitionConflicts refuses p where main has added files, data or deletes, to
// a partition that s replaces.
func (st *state) partitionConflicts(p *staged, s *psyberg.Snapshot, since psyberg.SnapshotID, head *psyberg.Snapshot, files []iceberg.DataFile) error {
	mine := map[string]bool{}
	for _, f := range files {
		part, err := partitionOf(st.m, f)
		if err != nil {
			return err
		}
		mine[part.key] = true
	}
	theirs, err := st.addedBetween(since, head.ID)
	if err != nil {
		return err
	}
	for _, f := range theirs {
		part, err := partitionOf(st.m, f.file)
		if err != nil {
			return err
		}
		if !mine[part.key] {
			continue
		}
		if !slices.Contains(p.ConflictingPartitions, part.path) {
			p.ConflictingPartitions = append(p.ConflictingPartitions, part.path)
		}
		if !slices.Contains(p.ConflictingSnapshots, f.snapshot) {
			p.ConflictingSnapshots = append(p.ConflictingSnapshots, f.snapshot)
		}
	}
	if len(p.ConflictingSnapshots) > 0 {
		slices.Sort(p.ConflictingPartitions)
		p.refuse("cannot cherry-pick replace partitions with changed partition: %s (snapshot %d replaces it)",
			strings.Join(p.ConflictingPartitions, ", "), s.ID)
	}
	return nil
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
