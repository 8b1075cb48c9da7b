package engine

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"psyberg/engine/audit"
	"psyberg/engine/bridge"
	"psyberg/engine/catalog"
	"psyberg/engine/catalog/committer"
	"psyberg/engine/state"
	"psyberg/engine/steps"
	"psyberg/engine/write"
	"psyberg/functions"
	"psyberg/functions/discover"
	"psyberg/functions/manifest/cache"
	"psyberg/functions/rows"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// Config says what Start opens. The zero value is an empty in-memory database
// over the embedded default catalog, which is made at the first write.
type Config struct {
	// Catalog says where the tables are.
	Catalog catalog.Config
	// Database is the path of DuckDB's own file; "" is in memory.
	Database string
	// Settings are SET on every connection, by name: memory_limit, threads.
	Settings map[string]string
	// Statements run on every connection after the functions are there.
	Statements []string
	// CacheDir is a folder in which decoded manifests are kept (package
	// functions/manifest/cache), of at most CacheSize bytes (0:
	// cache.DefaultLimit); "" keeps none.
	CacheDir  string
	CacheSize int64
	// Version is recorded in session rows (psyql_version).
	Version string
	// Log gets what a statement did beside its own work, such as finishing the
	// session that a crash left; nil is slog.Default().
	Log *slog.Logger
	// Now is the clock of what is recorded; nil is time.Now.
	Now func() time.Time
}

// Start opens the catalogs and a session with the whole SQL surface of
// functions.md on them. Nothing is read before a statement asks for it. Close
// closes the catalogs too.
func Start(ctx context.Context, cfg Config) (*Session, error) {
	var kept *cache.Cache
	if cfg.CacheDir != "" {
		var err error
		if kept, err = cache.Open(cfg.CacheDir, cfg.CacheSize); err != nil {
			return nil, err
		}
	}
	catalogs, err := catalog.Open(ctx, cfg.Catalog)
	if err != nil {
		return nil, err
	}
	late := &lateRunner{}
	s, err := Open(ctx, assemble(catalogs, kept, late, cfg))
	if err != nil {
		return nil, errors.Join(err, catalogs.Close())
	}
	late.Session = s
	s.catalogs, s.kept = catalogs, kept
	return s, nil
}

// assemble is the one place that knows every package of the surface.
func assemble(catalogs *catalog.Catalogs, kept *cache.Cache, run bridge.Runner, cfg Config) Options {
	tables := surface.Noting(surface.WithManifests(catalogs, kept))
	store := state.New(catalogs, run.Inner)
	find := discover.Deps{Tables: tables, State: store, ReadBounds: ReadBounds(run)}
	now := cfg.Now
	if now == nil {
		now = time.Now
	}
	clock := func() psyberg.Instant { return psyberg.InstantOf(now()) }
	chain := steps.New(steps.Deps{Catalogs: catalogs, Store: store, Discover: find, Version: cfg.Version, Log: cfg.Log, Now: clock, CacheDir: cfg.CacheDir})
	audits := audit.Deps{Tables: tables, Preflight: catalogs, Store: store, Run: run, Now: clock}
	return Options{
		Path:       cfg.Database,
		Settings:   cfg.Settings,
		Statements: cfg.Statements,
		Functions: slices.Concat(
			functions.All(tables),
			functions.Psyberg(find),
			[]*surface.Function{functions.Preflight(catalogs)},
			audit.Functions(audits),
			chain.Functions(),
			[]*surface.Function{rows.VectorFunction(tables)},
		),
		Queries:  append(functions.Audits(tables), functions.Rows(tables)),
		Handlers: []Handler{write.New(committer.New(catalogs).WithSessions(store), catalogs)},
	}
}

// lateRunner is the session for functions that are made before it is.
type lateRunner struct{ *Session }

// Catalogs are those of a session that Start opened, nil after Open.
func (s *Session) Catalogs() *catalog.Catalogs { return s.catalogs }
