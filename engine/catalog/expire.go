package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/iceberg-go/table"

	"psyberg/psyberg"
)

// ExpireResult says what an expiry removed.
type ExpireResult struct {
	Snapshots []psyberg.SnapshotID // in the order of main's history, newest first
	// Files are the manifest lists, manifests and data files that were deleted.
	Files int
}

// Expire removes the snapshots of main's history beyond the newest keep, and
// the files that only they had: the session and watermark tables get a snapshot
// with every step of every process. What a branch or tag has stays, staged
// snapshots too. keep < 1 is an error; fewer snapshots than that: nothing
// happens.
//
// A reader that is still at an expired snapshot may not find its files: keep
// must cover the time that a statement takes. Killed after the commit: files
// that nothing names.
func (c *Catalogs) Expire(ctx context.Context, name string, keep int) (ExpireResult, error) {
	if keep < 1 {
		return ExpireResult{}, errors.New("expire snapshots: at least one has to be kept")
	}
	var res ExpireResult
	var orphans []string
	var last *state
	_, err := c.transact(ctx, name, func(_ context.Context, a *attempt) error {
		res, orphans, last = ExpireResult{}, nil, a.st
		gone := a.st.beyond(keep)
		if len(gone) == 0 {
			return nil
		}
		var err error
		if orphans, err = a.st.onlyIn(gone); err != nil {
			return err
		}
		ids := make([]int64, len(gone))
		for i, s := range gone {
			ids[i] = int64(s.ID)
			res.Snapshots = append(res.Snapshots, s.ID)
		}
		a.updates = []table.Update{table.NewRemoveSnapshotsUpdate(ids, false)}
		a.reqs = a.st.requirements(mainBranch)
		a.landed = func(now *state) bool {
			return !slices.ContainsFunc(res.Snapshots, func(id psyberg.SnapshotID) bool { _, there := now.m.Snapshot(id); return there })
		}
		return nil
	})
	if err != nil {
		return ExpireResult{}, fmt.Errorf("expire snapshots: %w", err)
	}
	for _, f := range orphans {
		if err := c.hooks.before(ctx, "delete expired"); err != nil {
			return res, err
		}
		if last.files.Remove(f) == nil { // else an orphan
			res.Files++
		}
	}
	return res, nil
}

// beyond are the snapshots of main's history after the first keep that no
// other ref has.
func (st *state) beyond(keep int) []*psyberg.Snapshot {
	head := st.head(mainBranch)
	if head == nil {
		return nil
	}
	held := st.reachable(mainBranch)
	n := 0
	var out []*psyberg.Snapshot
	for s := range st.m.Ancestors(head.ID) {
		if n++; n > keep && !held[s.ID] {
			out = append(out, s)
		}
	}
	return out
}

// onlyIn are the files that only the given snapshots have.
func (st *state) onlyIn(gone []*psyberg.Snapshot) ([]string, error) {
	goes := map[psyberg.SnapshotID]bool{}
	for _, s := range gone {
		goes[s.ID] = true
	}
	stays, found := map[string]bool{}, map[string]bool{}
	read := map[string][]string{} // of manifests: one is in many snapshots
	for _, s := range st.m.Snapshots {
		to := stays
		if goes[s.ID] {
			to = found
		}
		if s.ManifestList != "" {
			to[s.ManifestList] = true
		}
		all, err := st.manifests(s)
		if err != nil {
			return nil, err
		}
		for _, mf := range all {
			to[mf.FilePath()] = true
			files, known := read[mf.FilePath()]
			if !known {
				for e, err := range mf.Entries(reader{st.files}, false) {
					if err != nil {
						return nil, fmt.Errorf("read manifest %q: %w", mf.FilePath(), err)
					}
					files = append(files, e.DataFile().FilePath())
				}
				read[mf.FilePath()] = files
			}
			for _, f := range files {
				to[f] = true
			}
		}
	}
	var out []string
	for f := range found {
		if !stays[f] {
			out = append(out, f)
		}
	}
	slices.Sort(out)
	return out, nil
}
