package steps

import (
	"context"
	"errors"
	"fmt"

	"psyberg/engine/catalog"
	"psyberg/engine/state"
	"psyberg/functions/meta"
	"psyberg/psyberg"
)

// CommitRequest is one commit.
type CommitRequest struct {
	session
	Target string // its property psyberg.valid-to is set; "": where it has it already
}

// Committed says what a commit did.
type Committed struct {
	Target     string
	ValidTo    *psyberg.Instant // what the process covers now; NULL where no source says so (stateless), or left as it was
	Status     psyberg.Status
	DoneBefore bool
	Note       string
}

// Commit moves the watermarks from what init saw to the session's heads, then
// the session's status (X5).
func (s *Steps) Commit(ctx context.Context, q CommitRequest) (*Committed, error) {
	if err := q.check("commit", true); err != nil {
		return nil, err
	}
	for range again {
		seen, err := s.see(ctx, q.session)
		if err != nil {
			return nil, err
		}
		rows := seen.Rows
		next, err := psyberg.NextForCommit(rows, q.id)
		if err != nil {
			return nil, s.unknownSession(ctx, err, q.session)
		}
		if next.Do != psyberg.DoNothing { // init made it: one that is not there is mistyped
			if _, err := s.Catalogs.Load(ctx, q.hwmTable); err != nil {
				return nil, fmt.Errorf("commit session %q: watermark table: %w", q.id, err)
			}
		}
		own := psyberg.RowsOf(rows, q.id)
		switch {
		case next.Do == psyberg.DoNothing:
			return &Committed{Target: own[0].Target, ValidTo: psyberg.SessionValidTo(own), Status: own[0].Status, DoneBefore: true, Note: next.Note}, nil
		case next.Do == psyberg.DoPublish:
			s.say(ctx, fmt.Sprintf("session %q was left while publishing: it is published first", q.id))
			if _, err := s.move(ctx, q.session, next, intentVerdict(next)); err != nil {
				return nil, err
			}
		case next.Status != psyberg.StatusPublished: // NOTHING_TO_DO, BASELINE: the intent first (X6)
			_, err := s.record(ctx, "record commit intent", q.sessionTable, q.process, func(rows []psyberg.SessionRow) ([]psyberg.SessionRow, bool) {
				return psyberg.RecordCommitIntent(rows, q.id)
			})
			if err != nil {
				return nil, err
			}
		default:
			done, err := s.finish(ctx, q, own)
			if err != nil || done != nil {
				return done, err
			}
		}
	}
	return nil, tooOften("commit", q.session)
}

// finish moves the watermarks of a PUBLISHED session, then its status. The
// result is nil where another process was faster: the caller looks again.
func (s *Steps) finish(ctx context.Context, q CommitRequest, own []psyberg.SessionRow) (*Committed, error) {
	if err := s.at(ctx, "move watermarks"); err != nil {
		return nil, err
	}
	now := s.Now()
	err := s.Store.ChangeWatermarks(ctx, q.hwmTable, q.process, func(stored []psyberg.WatermarkRow) ([]psyberg.WatermarkRow, error) {
		moved, what, err := psyberg.MoveWatermarks(own, stored, now)
		if err == nil && what == psyberg.MovedBefore {
			return nil, state.ErrUnchanged
		}
		return moved, err
	})
	if perr := (*psyberg.Error)(nil); errors.As(err, &perr) && perr.Code == psyberg.CodeConflict {
		return nil, s.explain(ctx, q, err)
	}
	if err != nil {
		return nil, err
	}
	if err := s.at(ctx, "after move watermarks"); err != nil {
		return nil, err
	}
	target := q.Target
	if target == "" {
		target = own[0].Target
	}
	if err := s.signal(ctx, target, psyberg.SessionValidTo(own), q.Target != ""); err != nil {
		return nil, err
	}
	ok, err := s.record(ctx, "record committed", q.sessionTable, q.process, func(rows []psyberg.SessionRow) ([]psyberg.SessionRow, bool) {
		return psyberg.RecordCommitted(rows, q.id)
	})
	if err != nil || !ok {
		return nil, err
	}
	return &Committed{Target: target, ValidTo: psyberg.SessionValidTo(own), Status: psyberg.StatusCommitted}, nil
}

// explain reads the session's status again after a conflict: another process
// may have finished this very commit and gone on, which is no conflict.
func (s *Steps) explain(ctx context.Context, q CommitRequest, conflict error) error {
	seen, err := s.see(ctx, q.session)
	if err != nil {
		return err
	}
	if own := psyberg.RowsOf(seen.Rows, q.id); len(own) > 0 && own[0].Status == psyberg.StatusCommitted {
		return nil
	}
	return conflict
}

// signal sets the target's property for those downstream: where it was asked
// for, and where an older value would be left standing.
func (s *Steps) signal(ctx context.Context, target string, validTo *psyberg.Instant, asked bool) error {
	if target == "" || validTo == nil {
		return nil
	}
	if err := s.at(ctx, "set valid-to"); err != nil {
		return err
	}
	if !asked {
		t, err := s.Catalogs.Load(ctx, target)
		if errors.Is(err, catalog.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, has := t.Meta.Properties[psyberg.PropertyValidTo]; !has {
			return nil
		}
	}
	return s.Catalogs.SetProperties(ctx, target, map[string]string{psyberg.PropertyValidTo: validTo.String()})
}

// unknownSession adds near matches to the error of a session that is not there:
// of the table, of the process, of the session, whichever is unknown.
func (s *Steps) unknownSession(ctx context.Context, err error, n session) error {
	rows, readErr := s.Store.Sessions(ctx, n.sessionTable, n.process)
	if readErr != nil || len(psyberg.RowsOf(rows, n.id)) > 0 {
		return err
	}
	if len(rows) == 0 {
		if _, missing := s.Catalogs.Load(ctx, n.sessionTable); missing != nil {
			return fmt.Errorf("find session %q: session table: %w", n.id, missing)
		}
		all, err := s.Store.Sessions(ctx, n.sessionTable, "")
		if err != nil {
			return err
		}
		return fmt.Errorf("find session %q: process %q has none in %s%s", n.id, n.process, n.sessionTable,
			meta.Suggest(n.process, psyberg.ProcessNames(all)))
	}
	return fmt.Errorf("%w (process %q in %s)%s", err, n.process, n.sessionTable, meta.Suggest(n.id, psyberg.SessionIDs(rows)))
}
