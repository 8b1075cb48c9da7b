package bridge

import (
	"context"
	"errors"

	"github.com/duckdb/duckdb-go/v2/mapping"
)

// Check parses and binds one piece of SQL text on conn, without running it:
// names, types and arguments are looked up, functions bind. Statements that
// only change what the next ones bind against (CREATE, SET and the like, where
// also is true) are run.
//
// DuckDB's errors are *Error.
func (r *Registry) Check(ctx context.Context, conn mapping.Connection, sql string, also bool) error {
	s := &stream{ctx: ctx, conn: conn}
	defer r.BindContext(ConnID(conn), ctx)()
	err := s.interruptible(func() error {
		var stmts mapping.ExtractedStatements
		count := mapping.ExtractStatements(conn, sql, &stmts)
		defer mapping.DestroyExtracted(&stmts)
		if count == 0 {
			if msg := mapping.ExtractStatementsError(stmts); msg != "" {
				return syntaxError(msg, sql)
			}
			return errors.New("no statement in the text")
		}
		for i := range count {
			if err := s.prepareOnly(stmts, i, also || i+1 < count); err != nil {
				return err
			}
		}
		return nil
	})
	return s.cause(err)
}

// prepareOnly binds statement i. One that is not the last of its text is part
// of a PIVOT, whose next part needs it.
func (s *stream) prepareOnly(stmts mapping.ExtractedStatements, i mapping.IdxT, run bool) error {
	var stmt mapping.PreparedStatement
	defer mapping.DestroyPrepare(&stmt)
	if mapping.PrepareExtractedStatement(s.conn, stmts, i, &stmt) != mapping.StateSuccess {
		return newError(mapping.PrepareError(stmt))
	}
	if !run {
		return nil
	}
	var res mapping.Result
	defer mapping.DestroyResult(&res)
	if mapping.ExecutePrepared(stmt, &res) != mapping.StateSuccess {
		return newError(mapping.ResultError(&res))
	}
	return nil
}

// Statements counts the statements that DuckDB's parser finds in a text.
func Statements(conn mapping.Connection, sql string) (int, error) {
	var stmts mapping.ExtractedStatements
	count := mapping.ExtractStatements(conn, sql, &stmts)
	defer mapping.DestroyExtracted(&stmts)
	if msg := mapping.ExtractStatementsError(stmts); count == 0 && msg != "" {
		return 0, syntaxError(msg, sql)
	}
	return int(count), nil
}
