package steps

import (
	"context"
	"errors"
	"fmt"

	"psyberg/engine/catalog"
	"psyberg/engine/state"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// PublishRequest is one publish.
type PublishRequest struct {
	session
	Target        string
	WapID         string // the session id, or its branch psyberg_<session id>; "": the session id
	RequireAudits bool
	ForceAudits   []string
}

// Published says what a publish did.
type Published struct {
	Target     string
	Method     psyberg.Method // "" where nothing is published (NOTHING_TO_DO, BASELINE)
	Staged     *psyberg.SnapshotID
	Snapshot   *psyberg.SnapshotID // of the target, that holds the rows
	Status     psyberg.Status      // of the session, after it
	DoneBefore bool
	Note       string
}

// Publish moves what the session has staged to the target's main branch: the
// audits' verdict, then the intent, then the target, then the status (X3, X4).
func (s *Steps) Publish(ctx context.Context, q PublishRequest) (*Published, error) {
	if err := q.check("publish", false); err != nil {
		return nil, err
	}
	if q.WapID != "" && q.WapID != q.id && q.WapID != branchPrefix+q.id {
		return nil, fmt.Errorf("publish session %q: %w what a session stages carries its own id, %q is another's; pass wap_id %q",
			q.id, catalog.ErrRefused, q.WapID, q.id)
	}
	q.Target = s.canonical(ctx, q.Target)
	for range again {
		seen, err := s.see(ctx, q.session)
		if err != nil {
			return nil, err
		}
		rows := seen.Rows
		next, err := psyberg.NextForPublish(rows, q.id)
		if err != nil {
			return nil, s.unknownSession(ctx, err, q.session)
		}
		intended := next.Status != psyberg.StatusReady // a refused publish leaves its target behind
		if intended && next.Target != "" && q.Target != "" && next.Target != q.Target {
			return nil, fmt.Errorf("publish session %q: %w its target is %q, not %q", q.id, catalog.ErrRefused, next.Target, q.Target)
		}
		if next.Do == psyberg.DoNothing {
			own := psyberg.RowsOf(rows, q.id)[0]
			p := &Published{Target: own.Target, Staged: own.StagedSnapshot, Snapshot: own.PublishedSnapshot, Status: own.Status,
				DoneBefore: true, Note: next.Note}
			if p.Target != "" {
				p.Method = psyberg.MethodAlreadyPublished
			}
			return p, nil
		}
		verdict := intentVerdict(next)
		if next.Status == psyberg.StatusReady {
			var ok bool
			if next, verdict, ok, err = s.intend(ctx, q, next, psyberg.RowsOf(rows, q.id)[0]); err != nil {
				return nil, err
			} else if !ok {
				continue // somebody moved the session meanwhile
			}
		}
		p, err := s.move(ctx, q.session, next, verdict)
		if err != nil || p != nil {
			return p, err
		}
	}
	return nil, tooOften("publish", q.session)
}

// canonical writes a target without the default catalog's name: audits and the
// intent name it so. One that cannot be loaded stays as given, for the error
// of whoever needs it.
func (s *Steps) canonical(ctx context.Context, target string) string {
	if target == "" {
		return ""
	}
	if t, err := s.Catalogs.Load(ctx, target); err == nil && t.Ref == "" {
		return t.Name
	}
	return target
}

const branchPrefix = "psyberg_"

// intend looks what is staged, asks for the audits' verdict on it, and records
// the intent. ok is false where the session is no longer READY.
func (s *Steps) intend(ctx context.Context, q PublishRequest, next psyberg.Next, own psyberg.SessionRow) (_ psyberg.Next, v catalog.Verdict, ok bool, err error) {
	if q.Target == "" {
		return next, v, false, fmt.Errorf("publish session %q: target is not given", q.id)
	}
	if err := s.at(ctx, "preflight"); err != nil {
		return next, v, false, err
	}
	pre, err := s.Catalogs.Preflight(ctx, q.Target, q.id)
	if err != nil {
		return next, v, false, err
	}
	var staged psyberg.SnapshotID
	switch pre.Method {
	case psyberg.MethodAlreadyPublished:
		staged = *pre.Published // by somebody else's hand: recorded as such
		if err := s.notOfAnother(ctx, q, staged); err != nil {
			return next, v, false, err
		}
	case psyberg.MethodRefused:
		reason := pre.Reason
		if hint := s.unstaged(ctx, q, own); pre.Staged == nil && hint != "" {
			reason = hint
		}
		return next, v, false, fmt.Errorf("publish %q to %s: %w %s", q.id, q.Target, catalog.ErrRefused, reason)
	default:
		staged = *pre.Staged
	}
	if err := s.owned(ctx, q, staged); err != nil {
		return next, v, false, err
	}
	if err := s.at(ctx, "verdict"); err != nil {
		return next, v, false, err
	}
	v, err = s.Audits.Verdict(ctx, state.VerdictRequest{SessionTable: q.sessionTable, Process: q.process, Session: q.id,
		Target: q.Target, Staged: staged, Require: q.RequireAudits, Force: q.ForceAudits})
	if err != nil {
		return next, v, false, err
	}
	ok, err = s.record(ctx, "record intent", q.sessionTable, q.process, func(rows []psyberg.SessionRow) ([]psyberg.SessionRow, bool) {
		return psyberg.RecordIntent(rows, q.id, q.Target, staged)
	})
	next.Staged, next.Target = &staged, q.Target
	if pre.Method == psyberg.MethodAlreadyPublished { // the head that was seen had moved: as anybody who finds the intent
		return next, intentVerdict(next), ok, err
	}
	next.Seen = &psyberg.Pin{}
	if pre.Head != nil {
		next.Seen = &psyberg.Pin{ID: *pre.Head, Has: true}
	}
	return next, v, ok, err
}

// unstaged says what a writer that does not stage may have done instead: Spark
// commits a DELETE that drops whole files at once.
func (s *Steps) unstaged(ctx context.Context, q PublishRequest, own psyberg.SessionRow) string {
	t, err := s.Catalogs.Load(ctx, q.Target)
	if err != nil {
		return ""
	}
	h, head := psyberg.NewHistory(t.Meta.UUID, t.Meta.FormatVersion, t.Meta.Snapshots), psyberg.Pin{}
	if t.Meta.HasCurrent {
		head = psyberg.PinOf(t.Meta.CurrentSnapshotID)
	}
	return psyberg.WhyUnstaged(h, head, q.id, own.CreatedAt)
}

// owned refuses what another process staged or published under the same id.
func (s *Steps) owned(ctx context.Context, q PublishRequest, id psyberg.SnapshotID) error {
	t, err := s.Catalogs.Load(ctx, q.Target)
	if err != nil {
		return err
	}
	snap, ok := t.Meta.Snapshot(id)
	if !ok {
		return nil // the move will say
	}
	if p := snap.Summary.Get("psyberg.process-name"); p != "" && p != q.process {
		return fmt.Errorf("publish %q to %s: %w snapshot %d is of process %q, not %q: session ids are unique among those that write one target",
			q.id, q.Target, catalog.ErrRefused, id, p, q.process)
	}
	return nil
}

// notOfAnother refuses an id that a session of another process has published to
// this target: what this one staged was never written.
func (s *Steps) notOfAnother(ctx context.Context, q PublishRequest, id psyberg.SnapshotID) error {
	all, err := s.Store.SessionRows(ctx, q.sessionTable, "", q.id)
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.Process != q.process && r.Target == q.Target && r.PublishedSnapshot != nil {
			return fmt.Errorf("publish %q to %s: %w snapshot %d is of process %q, not %q: session ids are unique among those that write one target",
				q.id, q.Target, catalog.ErrRefused, id, r.Process, q.process)
		}
	}
	return nil
}

// intentVerdict is the verdict of a session whose intent is recorded.
func intentVerdict(next psyberg.Next) catalog.Verdict {
	if next.Staged == nil {
		return catalog.Verdict{}
	}
	return catalog.Verdict{Kind: catalog.IntentRecorded, Snapshot: *next.Staged}
}

// isOver says whether the row no longer has the intent to publish a snapshot:
// another process has finished it, or a person has taken it back.
func (s *Steps) isOver(ctx context.Context, n session, staged psyberg.SnapshotID) (bool, error) {
	seen, err := s.see(ctx, n)
	if err != nil {
		return false, err
	}
	own := psyberg.RowsOf(seen.Rows, n.id)
	return len(own) == 0 || own[0].Status != psyberg.StatusPublishing || own[0].StagedSnapshot == nil || *own[0].StagedSnapshot != staged, nil
}

// move moves the target to what the intent names, unless it has it already,
// and records that it did; a refusal takes the intent back (X4). The result is
// nil where another process has recorded it first.
func (s *Steps) move(ctx context.Context, n session, next psyberg.Next, v catalog.Verdict) (*Published, error) {
	if next.Staged == nil || next.Target == "" {
		return nil, fmt.Errorf("publish session %q: its row is %s without an intent (target_table, staged_snapshot_id)", n.id, next.Status)
	}
	if err := s.at(ctx, "move target"); err != nil {
		return nil, err
	}
	res, err := s.Catalogs.Publish(ctx, next.Target, catalog.PublishRequest{ID: n.id, Staged: *next.Staged, Verdict: v, Since: next.Since, Seen: next.Seen})
	if isRefused(err) {
		_, err2 := s.record(ctx, "take intent back", n.sessionTable, n.process, func(rows []psyberg.SessionRow) ([]psyberg.SessionRow, bool) {
			return psyberg.RecordRefused(rows, n.id, *next.Staged)
		})
		if err2 != nil {
			return nil, err2
		}
		return nil, err
	}
	if errors.Is(err, catalog.ErrNotFound) {
		return nil, targetGone(n, next.Target, err)
	}
	if errors.Is(err, catalog.ErrUnseen) {
		if over, err2 := s.isOver(ctx, n, *next.Staged); err2 != nil || over {
			return nil, err2
		}
		return nil, unseen(n, next, err)
	}
	if err != nil {
		return nil, err
	}
	surface.NoteWritten(ctx, int64(res.Snapshot), func() (*surface.Table, error) { return s.Catalogs.Load(ctx, next.Target) })
	if err := s.at(ctx, "after move target"); err != nil {
		return nil, err
	}
	ok, err := s.record(ctx, "record published", n.sessionTable, n.process, func(rows []psyberg.SessionRow) ([]psyberg.SessionRow, bool) {
		return psyberg.RecordPublished(rows, n.id, res.Snapshot)
	})
	if err != nil || !ok {
		return nil, err
	}
	return &Published{Target: next.Target, Method: res.Method, Staged: next.Staged, Snapshot: &res.Snapshot, Status: psyberg.StatusPublished,
		DoneBefore: res.Method == psyberg.MethodAlreadyPublished, Note: res.Reason}, nil
}
