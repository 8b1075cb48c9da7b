package steps

import (
	"context"
	"errors"
	"fmt"

	"psyberg/engine/catalog"
	"psyberg/engine/state"
	"psyberg/functions/discover"
	"psyberg/psyberg"
)

// InitRequest is one init. Discover holds sources and choices; its process,
// tables and watermarks are filled in here.
type InitRequest struct {
	Process, Session       string
	SessionTable, HWMTable string
	Pattern                psyberg.Pattern
	Discover               discover.Request
}

// Init returns the session's rows: as they stand where the session exists,
// else of a new session, after every session of the process that was left
// between publish and commit has been finished.
func (s *Steps) Init(ctx context.Context, q InitRequest) ([]psyberg.SessionRow, error) {
	n := session{q.Process, q.Session, q.SessionTable, q.HWMTable}
	if err := n.check("init", true); err != nil {
		return nil, err
	}
	if q.Pattern != psyberg.Stateless && q.Pattern != psyberg.Stateful {
		return nil, fmt.Errorf("init: etl_pattern_id is %d, which is neither 1 (stateless) nor 2 (stateful)", q.Pattern)
	}
	for range again {
		seen, err := s.see(ctx, n)
		if err != nil {
			return nil, err
		}
		next := psyberg.NextForInit(seen.Rows, q.Session)
		s.say(ctx, next.Note)
		left := session{q.Process, next.Session, q.SessionTable, q.HWMTable}
		switch next.Do {
		case psyberg.DoReuse:
			return psyberg.RowsOf(seen.Rows, q.Session), nil
		case psyberg.DoPublish:
			if _, err := s.move(ctx, left, next, intentVerdict(next)); err != nil && !isRefused(err) {
				return nil, fmt.Errorf("init: finish session %q first: %w", next.Session, err)
			} else if err != nil {
				s.say(ctx, fmt.Sprintf("session %q could not be published and is left behind: %v", next.Session, err))
			}
		case psyberg.DoCommit:
			if _, err := s.Commit(ctx, CommitRequest{session: left}); err != nil {
				return nil, fmt.Errorf("init: finish session %q first: %w", next.Session, err)
			}
		default:
			rows, err := s.begin(ctx, q, seen)
			if !errors.Is(err, catalog.ErrConflict) {
				return rows, err
			}
		}
	}
	return nil, tooOften("init", n)
}

// begin reads the watermarks, then pins the heads, then inserts the session
// in one commit that fails if a session row changed since seen (X1).
func (s *Steps) begin(ctx context.Context, q InitRequest, seen state.Seen) ([]psyberg.SessionRow, error) {
	if err := s.at(ctx, "read watermarks"); err != nil {
		return nil, err
	}
	marks, err := s.Store.Watermarks(ctx, q.HWMTable, q.Process)
	if err != nil {
		return nil, err
	}
	if err := s.at(ctx, "pin heads"); err != nil {
		return nil, err
	}
	r := q.Discover
	r.Pattern, r.ProcessName, r.HWMTable, r.Watermarks, r.HasWatermarks = q.Pattern, q.Process, q.HWMTable, marks, true
	r.SessionID, r.SessionTable = "", ""
	r.Want = discover.WantPartitions
	if q.Pattern == psyberg.Stateful {
		r.Want = discover.WantRange
	}
	found, err := discover.Run(ctx, s.Discover, r)
	if err != nil {
		return nil, err
	}
	rows, err := s.rowsOf(q, found)
	if err != nil {
		return nil, err
	}
	if err := s.at(ctx, "create tables"); err != nil { // only now: a source that stops leaves nothing behind
		return nil, err
	}
	if err := s.Store.CreateTables(ctx, q.SessionTable, q.HWMTable); err != nil {
		return nil, err
	}
	if err := s.at(ctx, "insert session"); err != nil {
		return nil, err
	}
	if err := s.Store.ReplaceSessions(ctx, q.SessionTable, q.Process, seen, psyberg.Begin(seen.Rows, rows)); err != nil {
		return nil, err
	}
	return rows, s.at(ctx, "after insert session")
}

// rowsOf makes the session's rows of what was found.
func (s *Steps) rowsOf(q InitRequest, found *discover.Result) ([]psyberg.SessionRow, error) {
	now := s.Now()
	rows := make([]psyberg.SessionRow, len(found.Sources))
	for i, src := range found.Sources {
		r := sourceRow(src)
		r.Process, r.Session, r.Pattern = q.Process, q.Session, q.Pattern
		var err error
		if r.Found, err = (psyberg.Record{Window: src.Window, Changes: src.Changes, Basis: src.Basis, Landing: src.Landing}).Text(); err != nil {
			return nil, fmt.Errorf("record what was found in %q: %w", src.Name.String(), err)
		}
		r.CreatedAt, r.PsyqlVersion, r.Options = now, s.Version, found.Request.Options()
		if p := found.Plan; p != nil {
			r.Status, r.NextValidTo, r.ClippedHours, r.ChangedHours = p.Status, p.NextValidTo, p.Clipped, p.ChangedHours(i)
			r.LoadType = found.Request.LoadType
			if r.LoadType == "" {
				r.LoadType = psyberg.LoadRange
			}
			if !p.Range.Empty() {
				r.LoadHours = &p.Range
			}
		} else {
			r.Status = statelessStatus(found.Sources)
			// All that the window holds is loaded, so what is said of the source
			// holds for the target.
			if r.Status != psyberg.StatusNothingToDo && src.VTTS.Said() {
				at := src.VTTS.ValidTo()
				r.NextValidTo = &at
			}
		}
		if src.VTTS.Source != "" {
			r.VTTS, r.VTTSSource = &src.VTTS.At, src.VTTS.Source
		}
		rows[i] = r
	}
	return rows, nil
}

// statelessStatus is READY where any partition changed.
func statelessStatus(sources []*discover.Source) psyberg.Status {
	baseline := true
	for _, src := range sources {
		if len(src.Changes.Partitions) > 0 {
			return psyberg.StatusReady
		}
		baseline = baseline && src.Window.Baseline
	}
	if baseline {
		return psyberg.StatusBaseline
	}
	return psyberg.StatusNothingToDo
}

func sourceRow(src *discover.Source) psyberg.SessionRow {
	c := src.Changes
	r := psyberg.SessionRow{
		Source: src.Name, Verdict: src.Window.Verdict, DiscoveredBy: c.Level, TableUUID: src.Table.Meta.UUID,
		ChangedPartitions: int64(len(c.Partitions)), ChangedFiles: c.ChangedFiles, ChangedRecords: c.ChangedRecords,
		EventHours: hoursOf(c.Events), LandingHours: hoursOf(src.Landing), ValidTo: src.ValidTo, MaxEventTS: src.MaxEvent,
	}
	if m := src.Mark; m != nil {
		r.HWMSnapshot, r.PrevHWM = m.HWMSnapshot, m.HWM
		if r.MaxEventTS == nil {
			r.MaxEventTS = m.MaxEventTS
		}
	}
	if end := src.EndSnapshot(); end != nil {
		r.EndSnapshot, r.EndSequence, r.NextHWM = &end.ID, &end.Sequence, &end.CommittedAt
	}
	for _, w := range src.Window.Snapshots {
		if w.Counted {
			r.Snapshots = append(r.Snapshots, w.ID)
		}
	}
	for _, p := range c.Partitions {
		r.ProcessingURIs = append(r.ProcessingURIs, p.URI)
	}
	return r
}

func hoursOf(t *psyberg.TimeRange) *psyberg.HourRange {
	if t == nil {
		return nil
	}
	return &psyberg.HourRange{From: psyberg.HourOf(t.Min), To: psyberg.HourOf(t.Max) + 1}
}
