package state

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"psyberg/engine/bridge"
	"psyberg/engine/catalog"
	"psyberg/functions/rows"
	"psyberg/psyberg"
)

// Querier runs a SELECT while other statements run (engine's Session.Inner).
type Querier func(ctx context.Context, query string) (bridge.Rows, error)

// Store reads and writes the tables. It is safe for use by several goroutines.
type Store struct {
	cat           *catalog.Catalogs
	query         Querier
	keep, atLeast int // see Expire

	mu    sync.Mutex
	known []string // session tables that somebody named; see SessionWith
}

// New returns a store. query may be set later with Use, before the first call.
func New(cat *catalog.Catalogs, query Querier) *Store {
	return &Store{cat: cat, query: query, keep: keepSnapshots, atLeast: expireAtLeast}
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
	return read(ctx, s, table, sessionCodec, process)
}

// Watermarks returns the watermark rows of a process ("" is all); a table that
// does not exist has none.
func (s *Store) Watermarks(ctx context.Context, table, process string) ([]psyberg.WatermarkRow, error) {
	return read(ctx, s, table, watermarkCodec, process)
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
	_, err := s.cat.CreateTable(ctx, name, catalog.NewTable{Schema: def.schema(), Spec: def.spec(), IfNotExists: true,
		Properties: map[string]string{
			"format-version": "2", "comment": def.comment, "write.parquet.compression-codec": "zstd",
			"write.metadata.previous-versions-max": "20", "write.metadata.delete-after-commit.enabled": "true",
		}})
	if err != nil {
		return fmt.Errorf("make %s: %w", def.what, err)
	}
	return nil
}

// ErrUnchanged is what a decision returns to leave the rows as they are.
var ErrUnchanged = errors.New("nothing to change")

// ChangeSessions replaces the rows of a process by what decide makes of them,
// in one commit that fails with catalog.ErrConflict if anybody changed them
// since they were read; then decide is asked again with the rows as they are.
// decide gets what is stored and must not change it; ErrUnchanged leaves it.
func (s *Store) ChangeSessions(ctx context.Context, table, process string, decide func([]psyberg.SessionRow) ([]psyberg.SessionRow, error)) error {
	return change(ctx, s, table, sessionCodec, process, decide)
}

// ReplaceSessions is ChangeSessions for rows that were read before: it fails
// with catalog.ErrConflict unless the stored rows are seen (X1).
func (s *Store) ReplaceSessions(ctx context.Context, table, process string, seen, now []psyberg.SessionRow) error {
	return change(ctx, s, table, sessionCodec, process, func(stored []psyberg.SessionRow) ([]psyberg.SessionRow, error) {
		if !psyberg.SameRows(stored, seen) {
			return nil, fmt.Errorf("write %s of process %q: %w another session changed it meanwhile", table, process, catalog.ErrConflict)
		}
		return now, nil
	})
}

// ChangeWatermarks is ChangeSessions for the watermark table.
func (s *Store) ChangeWatermarks(ctx context.Context, table, process string, decide func([]psyberg.WatermarkRow) ([]psyberg.WatermarkRow, error)) error {
	return change(ctx, s, table, watermarkCodec, process, decide)
}

// patience bounds how long a change is decided again after conflicts.
const patience = 2 * time.Minute

func change[T any](ctx context.Context, s *Store, table string, c codec[T], process string, decide func([]T) ([]T, error)) error {
	if process == "" {
		return fmt.Errorf("write %s %s: process_name is empty", c.def.what, table)
	}
	deadline := time.Now().Add(patience)
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		live, old, err := s.load(ctx, table, c.def, process)
		if err != nil {
			return err
		}
		stored, err := decodeAll(table, c, old)
		if err != nil {
			return err
		}
		now, err := decide(stored)
		if errors.Is(err, ErrUnchanged) {
			return nil
		}
		if err != nil {
			return err
		}
		err = s.swap(ctx, table, c.def, process, live, func() ([]row, error) { return encodeAll(c, now) })
		if !errors.Is(err, errMoved) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
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

func read[T any](ctx context.Context, s *Store, table string, c codec[T], process string) ([]T, error) {
	_, all, err := s.load(ctx, table, c.def, process)
	if errors.Is(err, catalog.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return decodeAll(table, c, all)
}

// load reads the rows of a process ("" is all) at the head, and the files that
// they stand in.
func (s *Store) load(ctx context.Context, table string, def tableDef, process string) (*catalog.Live, []row, error) {
	var in *catalog.PartitionValue
	if process != "" {
		in = &catalog.PartitionValue{Field: partitionField, Value: process}
	}
	live, err := s.cat.Live(ctx, table, in)
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", def.what, err)
	}
	if len(live.Locations()) == 0 {
		return live, nil, nil
	}
	req, err := live.Scan()
	if err != nil {
		return nil, nil, fmt.Errorf("read %s %s: %w", def.what, table, err)
	}
	text, err := rows.SQL(ctx, req)
	if err != nil {
		return nil, nil, fmt.Errorf("read %s %s: %w", def.what, table, err)
	}
	for _, c := range def.columns[:telling] {
		if _, ok := req.Schema.FieldByName(c.name); !ok {
			return nil, nil, fmt.Errorf("read %s %s: it has no column %q, so it is no %s", def.what, table, c.name, def.what)
		}
	}
	var cols []string
	for _, c := range def.columns {
		e := "NULL"
		if _, ok := req.Schema.FieldByName(c.name); ok {
			e = bridge.QuoteIdent(c.name)
		}
		cols = append(cols, "CAST("+e+" AS "+c.kind.duckdb()+")")
	}
	all, err := s.collect(ctx, "SELECT "+strings.Join(cols, ", ")+" FROM ("+text+")", def)
	if err != nil {
		return nil, nil, fmt.Errorf("read %s %s: %w", def.what, table, err)
	}
	order(all)
	return live, all, nil
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

// errMoved: somebody changed the partition between reading and writing.
var errMoved = errors.New("rows moved")

// swap writes the rows as the partition's only file, if the files of the
// partition are still those of live.
func (s *Store) swap(ctx context.Context, table string, def tableDef, process string, live *catalog.Live, encode func() ([]row, error)) error {
	all, err := encode()
	if err != nil {
		return fmt.Errorf("write %s %s: %w", def.what, table, err)
	}
	sw := catalog.Swap{Field: partitionField, Value: process, Seen: live.Locations(), Summary: maps.Clone(swapSummary)}
	var location string
	if len(all) > 0 {
		file, err := s.write(ctx, table, def, process, all)
		if err != nil {
			return fmt.Errorf("write %s %s: %w", def.what, table, err)
		}
		location = file.FilePath()
		sw.Added = append(sw.Added, file)
	}
	_, err = s.cat.ReplaceRows(ctx, table, sw)
	if err == nil {
		return nil
	}
	if errors.Is(err, catalog.ErrConflict) && location != "" {
		// Known not to be in the table: nobody names the file.
		err = errors.Join(fmt.Errorf("%w: %w", errMoved, err), s.cat.RemoveFile(context.WithoutCancel(ctx), table, location))
	}
	return fmt.Errorf("write %s %s: %w", def.what, table, err)
}

var swapSummary = map[string]string{"psyberg.state": "true"}
