package state

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"psyberg/engine/bridge"
	"psyberg/engine/catalog"
	"psyberg/psyberg"
)

// Querier runs a SELECT while other statements run (engine's Session.Inner).
type Querier func(ctx context.Context, query string) (bridge.Rows, error)

// Store reads and writes the tables. It is safe for use by several goroutines.
type Store struct {
	cat   *catalog.Catalogs
	query Querier

	mu    sync.Mutex
	known []string // session tables that somebody named; see SessionWith
}

// New returns a store. query may be set later with Use, before the first call.
func New(cat *catalog.Catalogs, query Querier) *Store {
	return &Store{cat: cat, query: query}
}

// Use sets what runs the SELECTs: a session is opened with functions that need
// the store, so the store is there before the session is.
func (s *Store) Use(query Querier) { s.query = query }

// codec is how the rows of one of our tables look in Go.
type codec[T any] struct {
	def    tableDef
	encode func(T) (row, error)
	decode func(row) (T, error)
}

var (
	sessionCodec   = codec[psyberg.SessionRow]{sessionTable, encodeSession, decodeSession}
	watermarkCodec = codec[psyberg.WatermarkRow]{watermarkTable, encodeWatermark, decodeWatermark}
	auditCodec     = codec[psyberg.AuditRow]{auditTable, encodeAudit, decodeAudit}
)

// Sessions returns the session rows of a process ("" is all), in the order in
// which the sessions were made; a table that does not exist has none.
func (s *Store) Sessions(ctx context.Context, table, process string) ([]psyberg.SessionRow, error) {
	s.knowing(table)
	return read(ctx, s, table, sessionCodec, want{process: process})
}

// SessionRows returns the rows of the sessions with an id, of a process ("" is
// any), without reading the others.
func (s *Store) SessionRows(ctx context.Context, table, process, session string) ([]psyberg.SessionRow, error) {
	s.knowing(table)
	all, err := read(ctx, s, table, sessionCodec, want{process: process, session: session})
	return psyberg.RowsOf(all, session), err
}

// Unfinished returns the rows of the sessions of a process ("" is all) that are
// neither COMMITTED nor SUPERSEDED.
func (s *Store) Unfinished(ctx context.Context, table, process string) ([]psyberg.SessionRow, error) {
	s.knowing(table)
	return read(ctx, s, table, sessionCodec, want{process: process, unfinished: true})
}

// Seen is what a step has read of a process's sessions before it changes them.
type Seen struct {
	// Rows are those of sessions that are not over, and of the session that
	// was asked for. All decisions are made on them: what is COMMITTED or
	// SUPERSEDED decides nothing but for its own id.
	Rows    []psyberg.SessionRow
	history int64 // how many rows are of sessions that are over
}

// See reads the sessions of a process that are not over, and session whatever
// it is. A table that does not exist has none.
func (s *Store) See(ctx context.Context, table, process, session string) (Seen, error) {
	s.knowing(table)
	p, err := s.load(ctx, table, sessionTable, want{process: process, session: session, unfinished: true})
	if errors.Is(err, catalog.ErrNotFound) {
		return Seen{}, nil
	}
	if err != nil {
		return Seen{}, err
	}
	rows, err := decodeAll(table, sessionCodec, append(slices.Clone(p.own), p.rows...))
	return Seen{Rows: rows, history: p.historyRows()}, err
}

// Watermarks returns the watermark rows of a process ("" is all); a table that
// does not exist has none.
func (s *Store) Watermarks(ctx context.Context, table, process string) ([]psyberg.WatermarkRow, error) {
	return read(ctx, s, table, watermarkCodec, want{process: process})
}

// CreateTables makes the session and the watermark table, and their
// namespaces, where they are missing.
func (s *Store) CreateTables(ctx context.Context, sessionTableName, watermarkTableName string) error {
	if err := s.create(ctx, sessionTableName, sessionTable); err != nil {
		return err
	}
	return s.create(ctx, watermarkTableName, watermarkTable)
}

func (s *Store) create(ctx context.Context, name string, def tableDef) error {
	props := maps.Clone(defaults)
	props["comment"] = def.comment
	_, err := s.cat.CreateTable(ctx, name, catalog.NewTable{Schema: def.schema(), Spec: def.spec(), IfNotExists: true, Properties: props})
	if err != nil {
		return fmt.Errorf("make %s: %w", def.what, err)
	}
	return nil
}

// ErrUnchanged is what a decision returns to leave the rows as they are.
var ErrUnchanged = errors.New("nothing to change")

// ChangeSessions replaces the rows of a process's sessions that are not over by
// what decide makes of them, in one commit that fails with catalog.ErrConflict
// if anybody changed the process's rows since they were read; then decide is
// asked again with the rows as they are. decide gets what is stored and must
// not change it; ErrUnchanged leaves it. What becomes COMMITTED or SUPERSEDED
// is not handed to decide again.
func (s *Store) ChangeSessions(ctx context.Context, table, process string, decide func([]psyberg.SessionRow) ([]psyberg.SessionRow, error)) error {
	return change(ctx, s, table, sessionCodec, want{process: process, unfinished: true}, func(p *part, stored []psyberg.SessionRow) ([]psyberg.SessionRow, error) {
		return decide(stored)
	})
}

// ReplaceSessions is ChangeSessions for rows that were read before: it fails
// with catalog.ErrConflict unless nothing has changed since they were seen (X1).
func (s *Store) ReplaceSessions(ctx context.Context, table, process string, seen Seen, now []psyberg.SessionRow) error {
	return change(ctx, s, table, sessionCodec, want{process: process, unfinished: true}, func(p *part, stored []psyberg.SessionRow) ([]psyberg.SessionRow, error) {
		if p.historyRows() != seen.history || !psyberg.SameRows(stored, seen.Rows) {
			return nil, fmt.Errorf("write %s of process %q: %w another session changed it meanwhile", table, process, catalog.ErrConflict)
		}
		return now, nil
	})
}

// ChangeWatermarks is ChangeSessions for the watermark table.
func (s *Store) ChangeWatermarks(ctx context.Context, table, process string, decide func([]psyberg.WatermarkRow) ([]psyberg.WatermarkRow, error)) error {
	return change(ctx, s, table, watermarkCodec, want{process: process}, func(_ *part, stored []psyberg.WatermarkRow) ([]psyberg.WatermarkRow, error) {
		return decide(stored)
	})
}

// patience bounds how long a change is decided again after conflicts.
const patience = 2 * time.Minute

func change[T any](ctx context.Context, s *Store, table string, c codec[T], w want, decide func(*part, []T) ([]T, error)) error {
	if w.process == "" {
		return fmt.Errorf("write %s %s: process_name is empty", c.def.what, table)
	}
	deadline := time.Now().Add(patience)
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		p, err := s.load(ctx, table, c.def, w)
		if err != nil {
			return err
		}
		stored, err := decodeAll(table, c, p.rows)
		if err != nil {
			return err
		}
		now, err := decide(p, stored)
		if errors.Is(err, ErrUnchanged) {
			return nil
		}
		if err != nil {
			return err
		}
		err = s.swap(ctx, table, c.def, w.process, p, func() ([]row, error) { return encodeAll(c, now) })
		if !errors.Is(err, errMoved) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait/2 + rand.N(wait)): // not in step with those that it met
		}
	}
}

func encodeAll[T any](c codec[T], all []T) ([]row, error) {
	out := make([]row, len(all))
	for i, v := range all {
		r, err := c.encode(v)
		if err != nil {
			return nil, err
		}
		out[i] = r
	}
	return out, nil
}

func decodeAll[T any](table string, c codec[T], all []row) ([]T, error) {
	var out []T
	for _, r := range all {
		v, err := c.decode(r)
		if err != nil {
			return nil, fmt.Errorf("read %s %s: %w", c.def.what, table, err)
		}
		out = append(out, v)
	}
	return out, nil
}

func read[T any](ctx context.Context, s *Store, table string, c codec[T], w want) ([]T, error) {
	p, err := s.load(ctx, table, c.def, w)
	if errors.Is(err, catalog.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return decodeAll(table, c, p.rows)
}

// order sorts rows by when they were made: files come in any order.
func order(all []row) {
	at := func(r row) psyberg.Instant {
		for _, name := range []string{"created_at", "audited_at"} {
			if t := r.instant(name); t != nil {
				return *t
			}
		}
		return 0
	}
	slices.SortStableFunc(all, func(a, b row) int {
		if c := at(a) - at(b); c != 0 {
			return int(max(min(c, 1), -1))
		}
		return 0
	})
}

func (s *Store) collect(ctx context.Context, query string, def tableDef) (out []row, err error) {
	if s.query == nil {
		return nil, errors.New("no database session to read with")
	}
	res, err := s.query(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, res.Close()) }()
	for res.Next() {
		r := row{}
		for i, v := range res.Row() {
			if v == nil {
				continue
			}
			if r[def.columns[i].name], err = def.columns[i].kind.fromDuckDB(v); err != nil {
				return nil, fmt.Errorf("column %s: %w", def.columns[i].name, err)
			}
		}
		out = append(out, r)
	}
	return out, res.Err()
}

func (k kind) fromDuckDB(v any) (any, error) {
	switch v := v.(type) {
	case string, int64, bool:
		return v, nil
	case time.Time:
		if k == day {
			return date(v.Unix() / 86400), nil // midnight: exact also before 1970
		}
		return psyberg.InstantOf(v), nil
	case []any:
		if k == longs {
			return convert[int64](v)
		}
		return convert[string](v)
	}
	return nil, fmt.Errorf("a value of type %T", v)
}

func convert[T any](list []any) ([]T, error) {
	out := make([]T, len(list))
	for i, v := range list {
		t, ok := v.(T)
		if !ok {
			return nil, fmt.Errorf("element %d is %T", i+1, v)
		}
		out[i] = t
	}
	return out, nil
}
