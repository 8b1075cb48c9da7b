package discover

import (
	"context"
	"fmt"
	"slices"

	"psyberg/psyberg"
)

// fromRows reports whether a recorded session answers the request by itself:
// it kept what init found, and files or counts that it did not keep are not
// asked for.
func (r *Request) fromRows(rows []psyberg.SessionRow) bool {
	if r.Want == WantFiles || r.NeedFiles || r.WithPreexisting || slices.ContainsFunc(rows, func(row psyberg.SessionRow) bool { return row.Found == "" }) {
		return false
	}
	// Event times by another basis than init's were not looked for.
	return !r.EventTimes || r.Pattern == psyberg.Stateful
}

// restored answers from the session's rows alone: the sources may have moved
// on, expired, or be gone.
func restored(ctx context.Context, d Deps, req Request, rows []psyberg.SessionRow) (*Result, error) {
	res := &Result{Request: req}
	res.Request.Sources = nil
	for i := range rows {
		row := &rows[i]
		found, err := psyberg.ParseRecord(row.Found)
		if err != nil {
			return nil, fmt.Errorf("find session %q, source %q: %w", row.Session, row.Source.String(), err)
		}
		s := &Source{Name: row.Source, Recorded: row, HWM: row.HWMSnapshot, ValidTo: row.ValidTo, MaxEvent: row.MaxEventTS,
			Window: found.Window, Basis: found.Basis, Landing: found.Landing}
		if req.Want > WantWindow {
			s.Changes = found.Changes
		}
		if row.EndSnapshot != nil {
			s.Head = psyberg.PinOf(*row.EndSnapshot)
		}
		if row.VTTS != nil {
			s.VTTS = psyberg.VTTS{At: *row.VTTS, Source: row.VTTSSource}
		}
		if res.ValidTo == nil || s.ValidTo != nil && *s.ValidTo < *res.ValidTo {
			res.ValidTo = s.ValidTo
		}
		// What can still be loaded is there for those who look further.
		if t, err := d.Tables.Load(ctx, row.Source.String()); err == nil {
			s.Table, s.History = t, psyberg.NewHistory(t.Meta.UUID, t.Meta.FormatVersion, t.Meta.Snapshots)
		}
		res.Sources, res.Request.Sources = append(res.Sources, s), append(res.Request.Sources, row.Source)
	}
	if req.Want == WantRange {
		res.Plan = psyberg.RecordedPlan(rows)
	}
	return res, nil
}
