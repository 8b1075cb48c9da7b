package discover

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"psyberg/functions/meta"
	"psyberg/psyberg"
)

// runRecorded answers a request from a session as it was recorded: its window
// from hwm_snapshot_id and end_snapshot_id, the choices that init made from
// what it recorded, and its range as it stands in its rows.
func runRecorded(ctx context.Context, d Deps, req Request) (*Result, error) {
	rows, err := sessionRows(ctx, d, &req)
	if err != nil {
		return nil, err
	}
	req.Pattern, req.ProcessName = rows[0].Pattern, rows[0].Process
	if req.Want == WantRange && req.Pattern != psyberg.Stateful {
		return nil, fmt.Errorf("find range of session %q: it is stateless (etl_pattern_id %d) and has none; ask psyberg_new_partitions or psyberg_files", req.SessionID, req.Pattern)
	}
	if req.fromRows(rows) {
		return restored(ctx, d, req, rows)
	}
	res := &Result{Request: req}
	names := make([]psyberg.SourceName, len(rows))
	for i, r := range rows {
		names[i] = r.Source
	}
	if err := res.load(ctx, d, names); err != nil {
		return nil, fmt.Errorf("find session %q: %w; if the table is gone: %s", req.SessionID, err, recordedAdvice(&rows[0]))
	}
	for i, s := range res.Sources {
		row := &rows[i]
		s.Recorded, s.ValidTo, s.MaxEvent = row, row.ValidTo, row.MaxEventTS
		if res.ValidTo == nil || s.ValidTo != nil && *s.ValidTo < *res.ValidTo {
			res.ValidTo = s.ValidTo
		}
		own, err := req.asRecorded(row)
		if err != nil {
			return nil, err
		}
		f, err := newFinder(s, d, &own)
		if err != nil {
			return nil, err
		}
		if err := s.replay(&own); err != nil {
			return nil, err
		}
		if req.Want == WantWindow {
			continue
		}
		if err := f.find(ctx); err != nil {
			return nil, err
		}
		if req.Want == WantRange {
			if err := f.recordedTimes(ctx); err != nil {
				return nil, err
			}
		}
	}
	if req.Want == WantRange {
		res.Plan = psyberg.RecordedPlan(rows)
	}
	return res, nil
}

// sessionRows finds the rows of the session, those of src_tables where it is
// given, and says so where the id is not unique or not there.
func sessionRows(ctx context.Context, d Deps, req *Request) ([]psyberg.SessionRow, error) {
	switch {
	case req.SessionTable == "":
		return nil, fmt.Errorf("find session %q: session_id is given without session_table; pass both", req.SessionID)
	case d.State == nil:
		return nil, errors.New("find session: nothing here reads session tables")
	case req.FromSnapshot != nil || req.ToSnapshot != nil || req.Start != (psyberg.Start{}):
		return nil, fmt.Errorf("find session %q: session_id stands instead of start, from_snapshot_id and to_snapshot_id; pass one or the other", req.SessionID)
	}
	rows, err := oneSession(ctx, d.State, req)
	if err != nil {
		return nil, fmt.Errorf("find session %q: %w", req.SessionID, err)
	}
	if len(rows) == 0 {
		all, err := d.State.Sessions(ctx, req.SessionTable, req.ProcessName)
		if err != nil {
			return nil, fmt.Errorf("find session %q: %w", req.SessionID, err)
		}
		of := ""
		if req.ProcessName != "" {
			of = fmt.Sprintf(" of process %q", req.ProcessName)
		}
		// A table that is not there has no rows; here its name is what is wrong.
		if len(all) == 0 {
			if _, err := d.Tables.Load(ctx, req.SessionTable); err != nil {
				return nil, fmt.Errorf("find session %q%s: %w", req.SessionID, of, err)
			}
		}
		return nil, fmt.Errorf("find session %q%s in %q: no such session%s", req.SessionID, of, req.SessionTable,
			meta.Suggest(req.SessionID, psyberg.SessionIDs(all)))
	}
	var processes []string
	for _, r := range rows {
		if !slices.Contains(processes, r.Process) {
			processes = append(processes, r.Process)
		}
	}
	if len(processes) > 1 {
		return nil, fmt.Errorf("find session %q in %q: processes %s have one of that id; pass process_name", req.SessionID, req.SessionTable, quoted(processes))
	}
	return ofSources(ctx, d, rows, req)
}

// oneSession reads the rows of a session, without the others where that can be done.
func oneSession(ctx context.Context, state State, req *Request) ([]psyberg.SessionRow, error) {
	if one, ok := state.(interface {
		SessionRows(ctx context.Context, table, process, session string) ([]psyberg.SessionRow, error)
	}); ok {
		return one.SessionRows(ctx, req.SessionTable, req.ProcessName, req.SessionID)
	}
	all, err := state.Sessions(ctx, req.SessionTable, req.ProcessName)
	return psyberg.RowsOf(all, req.SessionID), err
}

// ofSources keeps the rows of the sources asked for, in their order; all
// where none is named.
func ofSources(ctx context.Context, d Deps, rows []psyberg.SessionRow, req *Request) ([]psyberg.SessionRow, error) {
	if len(req.Sources) == 0 {
		return rows, nil
	}
	names := make([]psyberg.SourceName, len(rows))
	for i, r := range rows {
		names[i] = r.Source
	}
	var out []psyberg.SessionRow
	for _, want := range req.Sources {
		i := slices.IndexFunc(names, func(n psyberg.SourceName) bool { return n.String() == want.String() })
		if i < 0 { // perhaps named with the default catalog
			if t, err := d.Tables.Load(ctx, want.String()); err == nil {
				shown := psyberg.SourceName{Table: t.Name, Ref: t.Ref}
				i = slices.IndexFunc(names, func(n psyberg.SourceName) bool { return n.String() == shown.String() })
			}
		}
		if i < 0 {
			return nil, fmt.Errorf("find source %q of session %q: it read no such source%s; pass NULL for all",
				want.String(), req.SessionID, meta.Suggest(want.String(), sourceNames(names)))
		}
		out = append(out, rows[i])
	}
	return out, nil
}

// replay computes the window that init saw.
func (s *Source) replay(req *Request) error {
	r := s.Recorded
	if r.EndSnapshot != nil {
		if _, ok := s.History.Get(*r.EndSnapshot); !ok {
			return &psyberg.Error{Code: psyberg.CodeExpiredGap, Op: "find window of session " + fmt.Sprintf("%q", r.Session),
				Object: fmt.Sprintf("source %q", s.Name.String()),
				Cause:  fmt.Sprintf("its end snapshot %d has expired", *r.EndSnapshot),
				Advice: recordedAdvice(r)}
		}
		s.Head = psyberg.PinOf(*r.EndSnapshot)
	}
	var mark *psyberg.Watermark
	if r.HasWatermark() {
		mark = &psyberg.Watermark{TableUUID: r.TableUUID, Ref: s.Name.Ref}
		if r.HWMSnapshot != nil {
			mark.SnapshotID, mark.HasSnapshot, mark.Sequence = *r.HWMSnapshot, true, req.gaps[s.Name.String()]
			if snap, ok := s.History.Get(*r.HWMSnapshot); ok {
				mark.Sequence, mark.CommittedAt = snap.Sequence, snap.CommittedAt
			}
		}
	}
	var err error
	s.Window, err = s.window(mark, req.windowOptions())
	if e := new(psyberg.Error); errors.As(err, &e) {
		e.Op, e.Advice = fmt.Sprintf("find window of session %q", r.Session), recordedAdvice(r)
	}
	return err
}

// recordedAdvice: no argument helps a session whose snapshots, or sources, are
// gone. What it has recorded of itself can still be asked for (fromRows).
func recordedAdvice(r *psyberg.SessionRow) string {
	const again = "to load what is there now, run init again with another session id"
	if r.Found == "" {
		return "what the session read can no longer be told; " + again
	}
	return "of what the session read only its window, partitions and range can still be told (psyberg_window, psyberg_new_partitions, " +
		"psyberg_stateful_range), no files; " + again
}

// recordedTimes fills in what the session recorded about times.
func (f *finder) recordedTimes(ctx context.Context) error {
	if r := f.Recorded; r.VTTS != nil {
		f.VTTS = psyberg.VTTS{At: *r.VTTS, Source: r.VTTSSource}
	}
	if !f.Window.Recovered {
		return nil
	}
	live, err := f.everything(ctx)
	if err == nil && live.Events != nil {
		f.Earliest = &live.Events.Min
	}
	return err
}
