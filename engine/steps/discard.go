package steps

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"psyberg/engine/catalog"
	"psyberg/psyberg"
)

// Discarded says what a discard removed.
type Discarded struct {
	Snapshots  []psyberg.SnapshotID
	Branch     string
	DoneBefore bool // nothing is staged under the id
}

// Forsake names a session whose target is gone for good, or does not have its
// rows though nothing shows that, so that Discard may take its publish intent back. The zero value names none.
type Forsake struct{ Process, SessionTable string }

// Discard removes what an unpublished session has staged. A PUBLISHING session
// whose snapshot is gone is refused at its next publish, and READY again. One
// whose target is gone stays as it is, since the target may only have another
// name by now and hold the rows, and so does one of which the target's history
// does not tell any more whether it moved: a person says that it is not so (Forsake).
func (s *Steps) Discard(ctx context.Context, target, id string, lost Forsake) (*Discarded, error) {
	if err := s.at(ctx, "discard"); err != nil {
		return nil, err
	}
	if _, err := s.Catalogs.Load(ctx, target); err != nil {
		if !errors.Is(err, catalog.ErrNotFound) || lost.SessionTable == "" {
			return nil, err // an unknown table is no discard that was done before
		}
		return s.forsake(ctx, target, strings.TrimPrefix(id, branchPrefix), lost, err)
	}
	d, err := s.Catalogs.Discard(ctx, target, id)
	if errors.Is(err, catalog.ErrNotFound) && lost.SessionTable != "" {
		return s.forsake(ctx, s.canonical(ctx, target), strings.TrimPrefix(id, branchPrefix), lost, err)
	}
	if errors.Is(err, catalog.ErrNotFound) {
		return &Discarded{DoneBefore: true}, nil
	}
	if err != nil {
		return nil, err
	}
	out := &Discarded{Snapshots: d.Snapshots, Branch: d.Branch}
	if lost.SessionTable != "" { // what is gone can be published by nobody any more
		_, err = s.forsake(ctx, s.canonical(ctx, target), strings.TrimPrefix(id, branchPrefix), lost, nil)
	}
	return out, err
}

// forsake takes the intent of a session back whose target is not there, or has
// nothing staged (missing says so), or has not any more.
func (s *Steps) forsake(ctx context.Context, target, id string, lost Forsake, missing error) (*Discarded, error) {
	n := session{process: lost.Process, id: id, sessionTable: lost.SessionTable}
	if err := n.check("discard", false); err != nil {
		return nil, err
	}
	seen, err := s.see(ctx, n)
	if err != nil {
		return nil, err
	}
	own := psyberg.RowsOf(seen.Rows, id)
	if len(own) == 0 || own[0].Target != target {
		if missing == nil {
			return &Discarded{}, nil // it was staged, and never intended to be published
		}
		return nil, fmt.Errorf("discard %q: no session of process %q in %s has this id and target: %w", id, n.process, n.sessionTable, missing)
	}
	if own[0].Status != psyberg.StatusPublishing || own[0].StagedSnapshot == nil {
		return &Discarded{DoneBefore: true}, nil
	}
	_, err = s.record(ctx, "take intent back", n.sessionTable, n.process, func(rows []psyberg.SessionRow) ([]psyberg.SessionRow, bool) {
		return psyberg.RecordRefused(rows, id, *own[0].StagedSnapshot)
	})
	return &Discarded{}, err
}

// targetGone says what to do about an intent whose target is not there.
func targetGone(n session, target string, err error) error {
	return fmt.Errorf("publish session %q of process %q: the target that its intent names is gone: %w; the session may be published there already, so it is not dropped: "+
		"if %s was renamed or its catalog is not this one, put that right and run this again; "+
		"if it is gone for good, CALL psyberg_discard('%s', '%s', process_name := '%s', session_table := '%s'), and what the session held is found again by the next init",
		n.id, n.process, err, target, quoted(target), quoted(n.id), quoted(n.process), quoted(n.sessionTable))
}

// unseen says what to do about an intent of which nobody can tell whether it
// was carried out.
func unseen(n session, next psyberg.Next, err error) error {
	target := quoted(next.Target)
	return fmt.Errorf("publish session %q of process %q, left while it published snapshot %d: [PSY_PUBLISH_REFUSED] %w; look whether its rows are in %s: "+
		"if they are, COPY (SELECT * FROM iceberg_rows('%s') WHERE false) TO '%s' (FORMAT iceberg, SUMMARY MAP {'psyberg.session-id': '%s'}) says so; "+
		"if not, CALL psyberg_discard('%s', '%s', process_name := '%s', session_table := '%s'); then run this again",
		n.id, n.process, *next.Staged, err, next.Target, target, target, quoted(n.id), target, quoted(n.id), quoted(n.process), quoted(n.sessionTable))
}

func quoted(s string) string { return strings.ReplaceAll(s, "'", "''") }
