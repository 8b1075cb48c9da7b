package catalog

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"psyberg/psyberg"
)

// Commit makes one snapshot of a change, or finds that it is there: a change
// with a WapID that is staged or published already, or with a Step that is on
// its branch or published, writes nothing. The added files must be complete
// and in place.
//
// Killed at any step: the table is as before, with orphaned files, or has the
// snapshot (K1). Run again with the same WapID or Step it finds it.
//
// Errors: ErrConflict where a removed file is gone or a file was added that
// Change.Conflicts names; ErrNotFound, ErrReadOnly.
func (c *Catalogs) Commit(ctx context.Context, name string, ch Change) (Result, error) {
	props, err := ch.check()
	if err != nil {
		return Result{}, err
	}
	var res Result
	res.Attempts, err = c.transact(ctx, name, func(ctx context.Context, a *attempt) error {
		found, err := existing(a.st, ch)
		if err != nil || found.Existed {
			res = found
			return err
		}
		res, err = c.planChange(ctx, a, ch, props)
		return err
	})
	if err != nil {
		return Result{}, err
	}
	return res, nil
}

// Existing looks whether a change is there already, as Commit would find it,
// so that nobody computes rows that are not needed.
func (c *Catalogs) Existing(ctx context.Context, name string, ch Change) (Result, bool, error) {
	id, err := c.target(ctx, name)
	if err != nil {
		return Result{}, false, err
	}
	st, err := c.loadState(ctx, id)
	if err != nil {
		return Result{}, false, err
	}
	res, err := existing(st, ch)
	return res, res.Existed, err
}

// check says what is wrong with a change, and returns its summary keys.
func (ch Change) check() (map[string]string, error) {
	switch {
	case ch.Mode < Append || ch.Mode > Delete:
		return nil, errors.New("commit: no mode given")
	case ch.WapID != "" && ch.Branch != "":
		return nil, errors.New("commit: WAP_ID and WAP_BRANCH exclude each other")
	case ch.Step != "" && ch.Branch == "":
		return nil, errors.New("commit: STEP needs WAP_BRANCH")
	case ch.Branch == mainBranch:
		return nil, errors.New("commit: WAP_BRANCH 'main' is the table itself: leave it out")
	case ch.Mode == Delete && len(ch.Added) > 0:
		return nil, errors.New("commit: a delete adds no files")
	case (ch.Mode == Append || ch.Mode == ReplacePartitions) && len(ch.Removed) > 0:
		return nil, errors.New("commit: this mode takes no removed files")
	}
	return ch.summaryOf()
}

// existing finds the snapshot of a change that is in the table already.
func existing(st *state, ch Change) (Result, error) {
	found := func(s *psyberg.Snapshot) (Result, error) {
		return Result{Snapshot: s.ID, HasSnapshot: true, Existed: true, Summary: s.Summary.Map()}, nil
	}
	if ch.WapID != "" {
		if s := publishedWap(st, ch.WapID); s != nil {
			return found(s)
		}
		if all := stagedWap(st, ch.WapID); len(all) > 0 {
			return found(all[0])
		}
		return Result{}, nil
	}
	if ch.Branch == "" {
		return Result{}, nil
	}
	session := ch.Session()
	for _, branch := range []string{ch.Branch, mainBranch} {
		head := st.head(branch)
		if head == nil || ch.Step == "" || session == "" && branch == mainBranch {
			continue
		}
		others := st.reachable(ch.Branch)
		for s := range st.m.Ancestors(head.ID) {
			if session == "" && others[s.ID] {
				break // a branch of no session has only what it added itself
			}
			if s.Summary.Get(keySession) == session && s.Summary.Get(keyStep) == ch.Step {
				return found(s)
			}
		}
	}
	if st.head(ch.Branch) == nil && session != "" {
		if s := publishedSession(st, session); s != nil {
			return Result{}, fmt.Errorf("write to branch %q of %s: %w session %q is published already (snapshot %d)",
				ch.Branch, st.id.plain, ErrRefused, session, s.ID)
		}
	}
	return Result{}, nil
}

// planChange builds the snapshot of a change on the head as it is now.
func (c *Catalogs) planChange(ctx context.Context, a *attempt, ch Change, props map[string]string) (Result, error) {
	st := a.st
	parent := st.head(mainBranch)
	if ch.Branch != "" {
		if ref, ok := st.m.Refs[ch.Branch]; ok && ref.Type == "tag" {
			return Result{}, fmt.Errorf("write to branch %q of %s: it is a tag", ch.Branch, st.id.plain)
		}
		if h := st.head(ch.Branch); h != nil {
			parent = h
		}
	}
	aside := ch.WapID != "" || ch.Branch != ""
	if !aside && len(ch.Added) == 0 && len(ch.Removed) == 0 && ch.Mode != Append {
		return Result{}, nil // nothing to do, as Spark does it
	}
	if err := checkBase(st, ch, parent); err != nil {
		return Result{}, err
	}
	d, err := ch.draft(st, props, aside)
	if err != nil {
		return Result{}, err
	}
	b, err := st.baseAt(parent)
	if err != nil {
		return Result{}, err
	}
	made, err := a.produce(ctx, b, d)
	if err != nil {
		return Result{}, err
	}
	a.updates = []table.Update{table.NewAddSnapshotUpdate(made.snap)}
	id := psyberg.SnapshotID(made.snap.SnapshotID)
	switch {
	case ch.WapID != "":
		a.reqs = st.requirements()
	case ch.Branch != "":
		a.reqs = st.requirements(ch.Branch)
		a.updates = append(a.updates, st.setRef(ch.Branch, id))
	default:
		a.reqs = st.requirements(mainBranch)
		a.updates = append(a.updates, st.setRef(mainBranch, id))
	}
	a.landed = func(now *state) bool { _, ok := now.m.Snapshot(id); return ok }
	return Result{Snapshot: id, HasSnapshot: true, Summary: made.snap.Summary.Properties}, nil
}

// draft says what a change does to the files of the state it meets.
func (ch Change) draft(st *state, props map[string]string, aside bool) (draft, error) {
	d := draft{added: ch.Added, props: props, removed: set(ch.Removed)}
	switch ch.Mode {
	case Append:
		d.operation = table.OpAppend
	case Delete:
		d.operation = table.OpDelete
	case Overwrite:
		d.operation = table.OpOverwrite
		switch {
		case len(ch.Added) == 0:
			d.operation = table.OpDelete
		case len(ch.Removed) == 0 && !aside:
			// As Java says it. Not where it is staged: an append may be
			// replayed after the head moved, an overwrite must not.
			d.operation = table.OpAppend
		}
	case ReplacePartitions:
		d.operation = table.OpOverwrite
		props[keyReplace] = "true"
		d.removedParts = map[string]bool{}
		for _, f := range ch.Added {
			p, err := partitionOf(st.m, f)
			if err != nil {
				return draft{}, err
			}
			d.removedParts[p.key] = true
		}
	}
	return d, nil
}

func set(all []string) map[string]bool {
	out := make(map[string]bool, len(all))
	for _, s := range all {
		out[s] = true
	}
	return out
}

// checkBase refuses a change that was computed from a snapshot which is not
// the parent any more, where what came since could have changed it.
func checkBase(st *state, ch Change, parent *psyberg.Snapshot) error {
	if !ch.HasBase || parent != nil && parent.ID == ch.Base {
		return nil
	}
	if ch.Base == 0 && parent == nil {
		return nil
	}
	if parent == nil || ch.Base != 0 && !st.m.AncestorOf(ch.Base, parent.ID) {
		return fmt.Errorf("commit to %s: %w snapshot %d, which the change was computed from, is no ancestor of the head any more",
			st.id.plain, ErrConflict, ch.Base)
	}
	added, err := st.addedBetween(ch.Base, parent.ID)
	if err != nil {
		return err
	}
	for _, f := range added {
		if ch.Conflicts == nil || ch.Conflicts(f.file) {
			return fmt.Errorf("commit to %s: %w snapshot %d added %q since snapshot %d was read",
				st.id.plain, ErrConflict, f.snapshot, f.file.FilePath(), ch.Base)
		}
	}
	return nil
}

// change is a file that a snapshot added.
type addedFile struct {
	file     iceberg.DataFile
	snapshot psyberg.SnapshotID
}

// addedBetween returns the files, data and deletes, that the snapshots after
// from up to and with to have added.
func (st *state) addedBetween(from, to psyberg.SnapshotID) ([]addedFile, error) {
	var out []addedFile
	for s := range st.m.Ancestors(to) {
		if s.ID == from {
			return out, nil
		}
		added, _, err := st.changesOf(s)
		if err != nil {
			return nil, err
		}
		for _, f := range added {
			out = append(out, addedFile{f, s.ID})
		}
	}
	return out, nil
}

// changesOf returns the files that a snapshot itself added and removed. Added
// files come without row ids, so that a replay gives them fresh ones.
func (st *state) changesOf(s *psyberg.Snapshot) (added, removed []iceberg.DataFile, err error) {
	all, err := st.manifests(s)
	if err != nil {
		return nil, nil, err
	}
	for _, mf := range all {
		if mf.SnapshotID() != int64(s.ID) {
			continue
		}
		for e, err := range withoutRowIDs(mf).Entries(reader{st.files}, false) {
			if err != nil {
				return nil, nil, fmt.Errorf("read manifest %q: %w", mf.FilePath(), err)
			}
			if e.SnapshotID() != int64(s.ID) {
				continue
			}
			switch e.Status() {
			case iceberg.EntryStatusADDED:
				added = append(added, e.DataFile())
			case iceberg.EntryStatusDELETED:
				removed = append(removed, e.DataFile())
			}
		}
	}
	return added, removed, nil
}

// withoutRowIDs is the manifest as one that no row id was given to yet.
func withoutRowIDs(mf iceberg.ManifestFile) iceberg.ManifestFile {
	if mf.FirstRowID() == nil {
		return mf
	}
	return iceberg.NewManifestFile(mf.Version(), mf.FilePath(), mf.Length(), mf.PartitionSpecID(), mf.SnapshotID()).
		Content(mf.ManifestContent()).SequenceNum(mf.SequenceNum(), mf.MinSequenceNum()).
		AddedFiles(mf.AddedDataFiles()).ExistingFiles(mf.ExistingDataFiles()).DeletedFiles(mf.DeletedDataFiles()).
		AddedRows(mf.AddedRows()).ExistingRows(mf.ExistingRows()).DeletedRows(mf.DeletedRows()).
		Partitions(mf.Partitions()).KeyMetadata(mf.KeyMetadata()).Build()
}

// publishedWap is the ancestor of main's head that carries a wap id: as
// published-wap-id (cherry-picked), or as wap.id (its ref was moved).
func publishedWap(st *state, id string) *psyberg.Snapshot {
	return mainAncestor(st, func(s *psyberg.Snapshot) bool {
		return s.Summary.Get(keyPublishedWapID) == id || s.Summary.Get(keyWapID) == id
	})
}

// publishedSession is the newest ancestor of main's head of a session.
func publishedSession(st *state, session string) *psyberg.Snapshot {
	return mainAncestor(st, func(s *psyberg.Snapshot) bool { return s.Summary.Get(keySession) == session })
}

func mainAncestor(st *state, is func(*psyberg.Snapshot) bool) *psyberg.Snapshot {
	head := st.head(mainBranch)
	if head == nil {
		return nil
	}
	for s := range st.m.Ancestors(head.ID) {
		if is(s) {
			return s
		}
	}
	return nil
}

// stagedWap are the snapshots with a wap id that main does not have.
func stagedWap(st *state, id string) []*psyberg.Snapshot {
	var out []*psyberg.Snapshot
	head := st.head(mainBranch)
	for _, s := range st.m.Snapshots {
		if s.Summary.Get(keyWapID) == id && (head == nil || !st.m.AncestorOf(s.ID, head.ID)) {
			out = append(out, s)
		}
	}
	return out
}

// branchOf is the branch of a session's id.
func branchOf(id string) string {
	if strings.HasPrefix(id, branchPrefix) {
		return id
	}
	return branchPrefix + id
}
