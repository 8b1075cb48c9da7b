// Package engine is a session: one DuckDB, the connection that statements run
// on, connections for queries that functions ask, scripts, streamed results.
package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"

	"psyberg/engine/bridge"
	"psyberg/engine/catalog"
	"psyberg/functions/manifest/cache"
	"psyberg/functions/surface"
)

// Rows is a streamed result; see bridge.Rows.
type Rows = bridge.Rows

// Column is a column of a result.
type Column = bridge.Column

// QuoteIdent returns s as a quoted SQL identifier: the one way to put a name
// into SQL text.
func QuoteIdent(s string) string { return bridge.QuoteIdent(s) }

// QuoteLiteral returns s as a SQL text literal, for places that take no parameter.
func QuoteLiteral(s string) string { return bridge.QuoteLiteral(s) }

// Handler takes statements that DuckDB does not know; see bridge.Handler.
type Handler = bridge.Handler

// Options of a session. The zero value is an empty in-memory database.
type Options struct {
	// Path of the database file; "" is in memory.
	Path string
	// Functions and Queries become the SQL surface.
	Functions []*surface.Function
	Queries   []*surface.Query
	// Statements run on every connection of the session when it is opened,
	// after the functions are there: macros and attached catalogs.
	Statements []string
	// Settings are SET on every connection, by name.
	Settings map[string]string
	// Handlers are asked in order, before DuckDB.
	Handlers []Handler
}

// Session is one DuckDB with the surface on it. Query, Exec and Run are for one
// goroutine; Inner may be called from any.
type Session struct {
	opts     Options
	db       *sql.DB
	registry *bridge.Registry
	main     *connection
	catalogs *catalog.Catalogs // of Start; nil otherwise
	kept     *cache.Cache      // likewise; nil also where none is kept

	mu     sync.Mutex
	idle   []*connection // for Inner
	closed bool

	open Rows // the result that the main connection is busy with
}

// connection is one pinned connection.
type connection struct {
	sql    *sql.Conn
	native mapping.Connection
}

// Open opens a database and makes the surface on it. Nothing is installed or
// loaded from the network.
func Open(ctx context.Context, opts Options) (*Session, error) {
	if strings.ContainsRune(opts.Path, '?') {
		return nil, fmt.Errorf("open database %q: the path has a question mark, which DuckDB's driver takes for options", opts.Path)
	}
	connector, err := duckdb.NewConnector(opts.Path, nil)
	if err != nil {
		const driver = "database/sql/driver: could not connect to database: "
		return nil, fmt.Errorf("open database %q: %s", opts.Path, strings.TrimPrefix(err.Error(), driver))
	}
	s := &Session{opts: opts, db: sql.OpenDB(connector), registry: bridge.NewRegistry()}
	if s.main, err = s.connect(ctx, true); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// connect makes a connection; first registers the functions, which are the
// whole database's.
func (s *Session) connect(ctx context.Context, first bool) (*connection, error) {
	sc, err := s.db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to database %q: %w", s.opts.Path, err)
	}
	c := &connection{sql: sc}
	err = sc.Raw(func(dc any) error {
		raw := dc.(*duckdb.Conn)
		c.native = bridge.Native(raw)
		if !first {
			return nil
		}
		for _, f := range s.opts.Functions {
			if err := s.registry.Register(raw, *f); err != nil {
				return err
			}
		}
		for _, q := range s.opts.Queries {
			if err := s.registry.RegisterQuery(raw, *q); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = s.prepare(ctx, c)
	}
	if err != nil {
		sc.Close()
		return nil, err
	}
	return c, nil
}

// prepare brings a connection into the state that every statement may rely on:
// settings, variables and TEMP objects are a connection's own in DuckDB.
func (s *Session) prepare(ctx context.Context, c *connection) error {
	stmts := []string{
		"SET errors_as_json = true",
		"SET autoinstall_known_extensions = false",
		"SET autoload_known_extensions = false",
		"SET TimeZone = 'UTC'",
	}
	for _, name := range slices.Sorted(maps.Keys(s.opts.Settings)) {
		stmts = append(stmts, "SET "+QuoteIdent(name)+" = "+QuoteLiteral(s.opts.Settings[name]))
	}
	// One transaction and one call for all macros: every psyql waits for them.
	stmts = append(stmts, "BEGIN")
	for _, f := range s.opts.Functions {
		stmts = append(stmts, bridge.MacroSQL(*f))
	}
	for _, q := range s.opts.Queries {
		stmts = append(stmts, bridge.QueryMacroSQL(*q))
	}
	stmts = append(stmts, "COMMIT")
	if err := s.registry.Script(ctx, c.native, strings.Join(stmts, ";\n")); err != nil {
		return fmt.Errorf("open session: %w", err)
	}
	for _, stmt := range s.opts.Statements {
		rows, err := s.registry.Query(ctx, c.native, stmt)
		if err == nil {
			err = drain(rows)
		}
		if err != nil {
			return fmt.Errorf("open session: %.100s: %w", stmt, err)
		}
	}
	return nil
}

func drain(rows Rows) error {
	for rows.Next() {
	}
	return errors.Join(rows.Err(), rows.Close())
}

// Query runs one statement and streams its result. ctx ends it, also while
// rows are read. The result has to be closed before the next statement.
//
// DuckDB's errors are *bridge.Error.
func (s *Session) Query(ctx context.Context, stmt string) (Rows, error) {
	if s.open != nil {
		return nil, errors.New("run statement: the result of the one before is still open: close it first")
	}
	for _, h := range s.opts.Handlers {
		handled, rows, err := h.Handle(ctx, s, stmt)
		if err != nil {
			if rows != nil {
				rows.Close()
			}
			return nil, err
		}
		if handled {
			if rows == nil {
				rows = bridge.NewStaticRows(nil, nil)
			}
			return rows, nil
		}
	}
	return s.Direct(ctx, stmt)
}

// Direct is Query without the handlers: what a handler itself runs.
func (s *Session) Direct(ctx context.Context, stmt string) (Rows, error) {
	if s.open != nil {
		return nil, errors.New("run statement: the result of the one before is still open: close it first")
	}
	rows, err := s.ask(ctx, s.main, stmt)
	if err != nil {
		return nil, err
	}
	s.open = rows
	return &closing{Rows: rows, then: func() { s.open = nil }}, nil
}

// Exec runs one statement, reads its result to the end and returns how many
// rows it changed, -1 where it is none that changes rows.
func (s *Session) Exec(ctx context.Context, stmt string) (int64, error) {
	rows, err := s.Query(ctx, stmt)
	if err != nil {
		return -1, err
	}
	changed := rows.Changed()
	return changed, drain(rows)
}

// Inner runs one query on a connection of its own, so that a function can ask
// while the statement that called it runs. It sees the database, not the main
// connection's variables, TEMP objects and open transaction.
func (s *Session) Inner(ctx context.Context, query string) (Rows, error) {
	c, err := s.take(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.ask(ctx, c, query)
	if err != nil {
		s.give(c)
		return nil, err
	}
	return &closing{Rows: rows, then: func() { s.give(c) }}, nil
}

func (s *Session) take(ctx context.Context) (*connection, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.New("run query: the session is closed")
	}
	if n := len(s.idle); n > 0 {
		c := s.idle[n-1]
		s.idle = s.idle[:n-1]
		return c, nil
	}
	return s.connect(ctx, false)
}

func (s *Session) give(c *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		c.sql.Close()
		return
	}
	s.idle = append(s.idle, c)
}

// closing are rows that give something back when they are closed.
type closing struct {
	Rows
	once sync.Once
	then func()
}

// Unwrap returns the rows below, for what they can do beyond Rows.
func (c *closing) Unwrap() Rows { return c.Rows }

// Close implements Rows.
func (c *closing) Close() error {
	err := c.Rows.Close()
	c.once.Do(c.then)
	return err
}

// Close ends the session. A result that is still open is closed.
func (s *Session) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	idle := s.idle
	s.idle = nil
	s.mu.Unlock()
	var errs []error
	if s.open != nil {
		errs = append(errs, s.open.Close())
		s.open = nil
	}
	for _, c := range idle {
		errs = append(errs, c.sql.Close())
	}
	if s.main != nil {
		errs = append(errs, s.main.sql.Close())
	}
	errs = append(errs, s.db.Close())
	s.kept.Close()
	if s.catalogs != nil {
		errs = append(errs, s.catalogs.Close())
	}
	return errors.Join(errs...)
}
