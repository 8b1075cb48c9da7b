package engine

import (
	"context"
	"errors"
	"strings"

	"psyberg/engine/bridge"
	"psyberg/engine/lex"
)

// Each gets every statement of a script with its result, which Run closes
// afterwards. What it leaves unread, Run reads and drops.
type Each func(stmt lex.Statement, rows Rows) error

// Run runs the statements of a script in order and stops at the first error.
// vars are what the caller sets; the script's defaults fill the rest. each may
// be nil. Errors are *lex.Error, with the place in the script.
func (s *Session) Run(ctx context.Context, script *lex.Script, vars lex.Vars, each Each) error {
	bound, err := script.Bind(vars)
	if err != nil {
		return err
	}
	for _, stmt := range script.Statements {
		if err := s.RunStatement(ctx, stmt, bound, each); err != nil {
			return err
		}
	}
	return nil
}

// RunStatement runs one statement of a script.
func (s *Session) RunStatement(ctx context.Context, stmt lex.Statement, vars lex.Vars, each Each) error {
	r, err := stmt.Render(vars)
	if err != nil {
		return err
	}
	rows, err := s.Query(ctx, r.SQL)
	if err != nil {
		return located(stmt, r, err)
	}
	if each != nil {
		if err := each(stmt, rows); err != nil {
			rows.Close()
			return located(stmt, r, err)
		}
	}
	if err := drain(rows); err != nil {
		return located(stmt, r, err)
	}
	return nil
}

// located is an error of a statement with its place in the script.
func located(stmt lex.Statement, r *lex.Rendered, err error) *lex.Error {
	duck := (*bridge.Error)(nil)
	if vars := stmt.Variables(); len(vars) > 0 && errors.As(err, &duck) && strings.Contains(duck.Message, "explicit type casts") &&
		(strings.Contains(duck.Message, "STRING_LITERAL") || strings.Contains(duck.Message, "VARCHAR")) {
		duck.Message += "\nThe value of a variable is text until it is cast: $" + vars[0] + "::INTEGER"
	}
	return r.At(errorOffset(err), err)
}

// errorOffset is the byte of the statement that err is about, -1 where it does not say.
func errorOffset(err error) int {
	if e := (interface{ Offset() int })(nil); errors.As(err, &e) {
		return e.Offset() // it may wrap one of DuckDB about a part of the statement
	}
	if e := (*bridge.Error)(nil); errors.As(err, &e) {
		return e.Position
	}
	return -1
}
