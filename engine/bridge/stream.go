package bridge

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	bindings "github.com/duckdb/duckdb-go-bindings"
	"github.com/duckdb/duckdb-go/v2/mapping"
)

// interruptEvery: an interrupt is lost when it falls between two steps of a
// statement, so it is repeated until the step has ended.
const interruptEvery = 5 * time.Millisecond

// stream is a running statement whose rows come as DuckDB makes them.
type stream struct {
	ctx     context.Context
	conn    mapping.Connection
	release []func()

	stmt    mapping.PreparedStatement
	res     mapping.Result
	hasRes  bool
	columns []Column
	readers []*reader
	changed int64

	chunk mapping.DataChunk
	at, n int
	row   []any
	done  bool
	err   error
	once  sync.Once
}

// Query runs one piece of SQL text on conn and streams the result of its last
// statement: PIVOT is several. ctx ends it within milliseconds, also between
// two calls of Next. Functions registered with r run under ctx. The connection
// is taken until Close.
//
// DuckDB's errors are *Error.
func (r *Registry) Query(ctx context.Context, conn mapping.Connection, sql string) (Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := &stream{ctx: ctx, conn: conn, changed: -1}
	s.release = append(s.release, r.BindContext(ConnID(conn), ctx))
	if err := s.start(sql); err != nil {
		_ = s.Close() // err says more
		return nil, s.cause(err)
	}
	return s, nil
}

// Script runs statements that have no result anybody wants, such as those that
// make a connection ready: in one call, planned once each, where Query prepares
// and streams. It stops at the first error; ctx ends it.
//
// DuckDB's errors are *Error.
func (r *Registry) Script(ctx context.Context, conn mapping.Connection, sql string) error {
	s := &stream{ctx: ctx, conn: conn}
	defer r.BindContext(ConnID(conn), ctx)()
	err := s.interruptible(func() error {
		var res mapping.Result
		defer mapping.DestroyResult(&res)
		if mapping.Query(conn, sql, &res) != mapping.StateSuccess {
			return newError(mapping.ResultError(&res))
		}
		return nil
	})
	return s.cause(err)
}

// interruptible runs f, and interrupts DuckDB until f returns once ctx is done.
func (s *stream) interruptible(f func() error) error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	if s.ctx.Done() == nil {
		return f()
	}
	finished, gone := make(chan struct{}), make(chan struct{})
	stop := context.AfterFunc(s.ctx, func() {
		defer close(gone)
		for {
			mapping.Interrupt(s.conn)
			select {
			case <-finished:
				return
			case <-time.After(interruptEvery):
			}
		}
	})
	err := f()
	close(finished)
	if !stop() {
		<-gone // or a late interrupt would hit the next statement
	}
	return err
}

// cause is ctx's error where the statement ended because of it.
func (s *stream) cause(err error) error {
	if err == nil {
		return nil
	}
	if c := context.Cause(s.ctx); c != nil {
		return c
	}
	return err
}

func (s *stream) start(sql string) error {
	var stmts mapping.ExtractedStatements
	count := mapping.ExtractStatements(s.conn, sql, &stmts)
	defer mapping.DestroyExtracted(&stmts)
	if count == 0 {
		if msg := mapping.ExtractStatementsError(stmts); msg != "" {
			return syntaxError(msg, sql)
		}
		return errors.New("no statement in the text")
	}
	for i := range count {
		if i > 0 {
			if err := s.drain(); err != nil {
				return err
			}
		}
		if err := s.interruptible(func() error { return s.run(stmts, i) }); err != nil {
			return err
		}
	}
	for i := range mapping.ColumnCount(&s.res) {
		lt := mapping.ColumnLogicalType(&s.res, i)
		c := Column{Name: mapping.ColumnName(&s.res, i), Type: typeOf(lt)}
		mapping.DestroyLogicalType(&lt)
		if err := readable(c.Type); err != nil {
			return fmt.Errorf("column %s: %w", c.Name, err)
		}
		s.columns = append(s.columns, c)
		s.readers = append(s.readers, newReader(c.Type))
	}
	switch mapping.ResultReturnType(s.res) {
	case mapping.ResultTypeChangedRows:
		s.changed = int64(mapping.RowsChanged(&s.res))
		s.done, s.columns = true, nil
	case mapping.ResultTypeNothing:
		s.done, s.columns = true, nil
	}
	s.row = make([]any, len(s.columns))
	return nil
}

// run executes statement i up to its first rows.
func (s *stream) run(stmts mapping.ExtractedStatements, i mapping.IdxT) error {
	mapping.DestroyPrepare(&s.stmt)
	if mapping.PrepareExtractedStatement(s.conn, stmts, i, &s.stmt) != mapping.StateSuccess {
		return newError(mapping.PrepareError(s.stmt))
	}
	if n := mapping.NParams(s.stmt); n > 0 {
		return fmt.Errorf("the statement has %d parameters (%s) and no values for them", n, mapping.ParameterName(s.stmt, 1))
	}
	if err := s.ctx.Err(); err != nil {
		return err
	}
	var pending mapping.PendingResult
	// The streaming call is marked deprecated in the C API; nothing replaces it there.
	state := bindings.PendingPreparedStreaming(s.stmt, &pending)
	defer mapping.DestroyPending(&pending)
	if state != mapping.StateSuccess {
		return newError(mapping.PendingError(pending))
	}
	s.await(pending)
	if err := s.ctx.Err(); err != nil {
		return err
	}
	state = mapping.ExecutePending(pending, &s.res)
	s.hasRes = true
	if state != mapping.StateSuccess {
		return newError(mapping.ResultError(&s.res))
	}
	return nil
}

// await runs the statement's tasks until its first rows are there, or an
// error is, which ExecutePending finds again. ExecutePending alone would do,
// but while other threads have all tasks it does not sleep: a function that
// thinks for a second would cost two.
func (s *stream) await(pending mapping.PendingResult) {
	const shortest, longest = 20 * time.Microsecond, time.Millisecond
	pause := shortest
	for s.ctx.Err() == nil {
		switch mapping.PendingExecuteTask(pending) {
		case mapping.PendingStateResultNotReady:
			pause = shortest
		case mapping.PendingStateNoTasksAvailable:
			time.Sleep(pause)
			pause = min(2*pause, longest)
		default:
			return
		}
	}
}

// drain ends the statement before the last one.
func (s *stream) drain() error {
	for {
		chunk, err := s.fetch()
		if err != nil || chunk.Ptr == nil {
			s.destroyResult()
			return err
		}
		n := mapping.DataChunkGetSize(chunk)
		mapping.DestroyDataChunk(&chunk)
		if n == 0 {
			s.destroyResult()
			return nil
		}
	}
}

// fetch returns the next chunk; one without a pointer is the end.
func (s *stream) fetch() (chunk mapping.DataChunk, err error) {
	err = s.interruptible(func() error {
		chunk = mapping.FetchChunk(s.res)
		if chunk.Ptr == nil {
			if msg := mapping.ResultError(&s.res); msg != "" {
				return newError(msg)
			}
		}
		return nil
	})
	return chunk, err
}

// Columns implements Rows.
func (s *stream) Columns() []Column { return s.columns }

// Changed implements Rows.
func (s *stream) Changed() int64 { return s.changed }

// Err implements Rows.
func (s *stream) Err() error { return s.err }

// Next implements Rows.
func (s *stream) Next() bool {
	if s.done || s.err != nil {
		return false
	}
	s.at++
	for s.at >= s.n {
		mapping.DestroyDataChunk(&s.chunk)
		chunk, err := s.fetch()
		if err != nil {
			s.fail(s.cause(err))
			return false
		}
		if chunk.Ptr == nil || mapping.DataChunkGetSize(chunk) == 0 {
			mapping.DestroyDataChunk(&chunk)
			s.done = true
			return false
		}
		s.chunk, s.at, s.n = chunk, 0, int(mapping.DataChunkGetSize(chunk))
		for i, r := range s.readers {
			r.attach(mapping.DataChunkGetVector(chunk, mapping.IdxT(i)))
		}
	}
	return true
}

// Row implements Rows. The slice is reused by the next call, its values are not.
func (s *stream) Row() []any {
	for i, r := range s.readers {
		v, err := r.value(s.at)
		if err != nil {
			s.fail(fmt.Errorf("column %s: %w", s.columns[i].Name, err))
		}
		s.row[i] = v
	}
	return s.row
}

func (s *stream) fail(err error) { s.err, s.done = err, true }

func (s *stream) destroyResult() {
	if s.hasRes {
		mapping.DestroyResult(&s.res)
		s.hasRes = false
	}
}

// Close implements Rows.
func (s *stream) Close() error {
	s.once.Do(func() {
		s.done = true
		mapping.DestroyDataChunk(&s.chunk)
		s.destroyResult() // ends a statement that still runs
		mapping.DestroyPrepare(&s.stmt)
		for i := len(s.release) - 1; i >= 0; i-- {
			s.release[i]()
		}
	})
	return nil
}
