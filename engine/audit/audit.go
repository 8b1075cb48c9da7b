package audit

import (
	"context"

	"psyberg/engine/bridge"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// Store keeps the results of audits beside the session table; engine/state
// satisfies it.
type Store interface {
	// Sessions returns the session rows of a process; "" is every process.
	Sessions(ctx context.Context, sessionTable, process string) ([]psyberg.SessionRow, error)
	// Audits returns the recorded rows of one session, of every target and
	// snapshot. None, and no error, where nothing was recorded.
	Audits(ctx context.Context, sessionTable, process, session string) ([]psyberg.AuditRow, error)
	// RecordAudits stores rows of one process in one commit, each in place of
	// the one that it supersedes (psyberg.RecordAudits).
	RecordAudits(ctx context.Context, sessionTable string, rows []psyberg.AuditRow) error
}

// Runner runs one query on a connection of its own; engine.Session satisfies it.
type Runner interface {
	Inner(ctx context.Context, query string) (bridge.Rows, error)
}

// Preflighter says what a publish would do; *catalog.Catalogs satisfies it.
type Preflighter interface {
	Preflight(ctx context.Context, target, id string) (psyberg.PublishPlan, error)
}

// Deps is what audits need of the rest of the engine.
type Deps struct {
	Tables    surface.Tables
	Preflight Preflighter
	Store     Store
	Run       Runner
	// Now is the clock, for audited_at.
	Now func() psyberg.Instant
}
