package steps

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"psyberg/engine/catalog"
	"psyberg/engine/state"
	"psyberg/functions/discover"
	"psyberg/psyberg"
)

// Auditor says what the audits of a staged snapshot allow; *state.Store does.
type Auditor interface {
	Verdict(ctx context.Context, q state.VerdictRequest) (catalog.Verdict, error)
}

// Deps is what the steps need of the rest of the engine.
type Deps struct {
	Catalogs *catalog.Catalogs
	Store    *state.Store
	Discover discover.Deps
	Audits   Auditor                // nil: Store
	Now      func() psyberg.Instant // the clock, for created_at and committed_at
	Version  string                 // psyql_version
	CacheDir string                 // where decoded manifests are kept, "" where they are not: no sweep looks there
	Log      *slog.Logger           // nil: slog.Default(); says which left session was finished
}

// Steps runs the steps.
type Steps struct {
	Deps
	// hook is called before every read and write; tests crash there.
	hook func(step string) error
}

// New returns the steps.
func New(d Deps) *Steps {
	if d.Audits == nil {
		d.Audits = d.Store
	}
	return &Steps{Deps: d}
}

func (s *Steps) at(ctx context.Context, step string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.hook == nil {
		return nil
	}
	return s.hook(step)
}

func (s *Steps) say(ctx context.Context, note string) {
	if note == "" {
		return
	}
	log := s.Log
	if log == nil {
		log = slog.Default()
	}
	log.InfoContext(ctx, note)
}

// see reads the sessions of a process that are not over, and one that may be.
func (s *Steps) see(ctx context.Context, n session) (state.Seen, error) {
	if err := s.at(ctx, "read sessions"); err != nil {
		return state.Seen{}, err
	}
	return s.Store.See(ctx, n.sessionTable, n.process, n.id)
}

// record changes the rows of a process by compare-and-set; ok is false where
// move found the session in another state than it expects.
func (s *Steps) record(ctx context.Context, step, table, process string,
	move func([]psyberg.SessionRow) ([]psyberg.SessionRow, bool)) (ok bool, err error) {
	if err := s.at(ctx, step); err != nil {
		return false, err
	}
	err = s.Store.ChangeSessions(ctx, table, process, func(stored []psyberg.SessionRow) ([]psyberg.SessionRow, error) {
		var now []psyberg.SessionRow
		if now, ok = move(stored); !ok {
			return nil, state.ErrUnchanged
		}
		return now, nil
	})
	if err == nil {
		err = s.at(ctx, "after "+step)
	}
	return ok && err == nil, err
}

// session names one session and where it is kept.
type session struct {
	process, id            string
	sessionTable, hwmTable string // hwmTable is "" where a publish alone is asked for
}

// check says which name is missing.
func (n session) check(step string, needHWM bool) error {
	switch {
	case n.process == "":
		return fmt.Errorf("%s: process_name is not given", step)
	case n.id == "":
		return fmt.Errorf("%s: session_id is not given", step)
	case n.sessionTable == "":
		return fmt.Errorf("%s: session_table is not given", step)
	case needHWM && n.hwmTable == "":
		return fmt.Errorf("%s: hwm_table is not given", step)
	case len(n.id) > maxID || len(n.process) > maxID:
		return fmt.Errorf("%s: process_name and session_id have at most %d bytes", step, maxID)
	}
	return nil
}

const maxID = 1024

// again bounds how often a step starts over because others move the same
// process: each time one of them got further.
const again = 100

func tooOften(step string, n session) error {
	return &psyberg.Error{Code: psyberg.CodeConflict, Op: step, Object: fmt.Sprintf("session %q", n.id),
		Cause:  fmt.Sprintf("other sessions of process %q changed its rows %d times meanwhile", n.process, again),
		Advice: "run it again"}
}

// isRefused tells a publish that must not happen from one that failed.
func isRefused(err error) bool { return errors.Is(err, catalog.ErrRefused) }
