package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"psyberg/cli/format"
	"psyberg/cli/shell"
	"psyberg/engine"
	"psyberg/engine/lex"
	"psyberg/functions/surface"
)

// runner runs scripts and shows their results.
type runner struct {
	app     *app
	session *engine.Session
	out     *output
	writer  format.Writer

	rows int64 // of the last result, or that the last statement changed; -1: none
	// last is the first row of the last result; outputs are what a workflow
	// step hands on.
	last    *taken
	outputs []outputValue
	// watch is told of the first row; nil where no progress is shown.
	watch *progress
	// reads is every table that was read, for --explain and for lineage.
	reads []surface.TableRead
	// status: a result had a column status; idle: all rows of the last such
	// one said NOTHING_TO_DO.
	status, idle bool
}

// errGone ends a result whose reader has gone.
var errGone = errors.New("nobody reads the result")

// open opens the session that the flags ask for.
func (a *app) open(ctx context.Context, database string) (*engine.Session, error) {
	folder, err := cacheFolder(a.opts.cacheDir)
	if err != nil {
		return nil, err
	}
	if err := a.chooseInflater(); err != nil {
		return nil, err
	}
	s, err := engine.Start(ctx, engine.Config{Catalog: a.opts.catalog, Database: database, Version: version(), Log: a.log,
		CacheDir: folder, CacheSize: int64(a.opts.cacheSize), Settings: a.settings()})
	if err == nil {
		hide(s.Catalogs().Secrets()) // nothing is connected to before the first statement
	}
	return s, err
}

// newRunner opens output and session. close ends both.
func (a *app) newRunner(ctx context.Context, database string) (*runner, error) {
	name := a.opts.format
	terminal := a.io.OutTerminal && a.opts.output == ""
	if name == "" {
		if name = "csv"; terminal {
			name = "box"
		}
	}
	opts := format.Options{MaxRows: a.opts.maxRows}
	if terminal && a.io.Width != nil {
		opts.MaxWidth = a.io.Width()
	}
	var w format.Writer = &export{format: name}
	if !slices.Contains(fileFormats, name) {
		var err error
		if w, err = format.New(name, opts); err != nil {
			return nil, usageError{err}
		}
	}
	session, err := a.open(ctx, database)
	if err != nil {
		return nil, err
	}
	out, err := newOutput(a.io.Out, a.opts.output)
	if err != nil {
		session.Close()
		return nil, err
	}
	return &runner{app: a, session: session, out: out, writer: w}, nil
}

// close ends the session, which rolls an open transaction back, and the output.
func (r *runner) close() error { return errors.Join(r.session.Close(), r.out.close()) }

// run runs scripts in order and stops at the first error. Nothing runs if a
// variable of any of them has no value.
func (r *runner) run(ctx context.Context, scripts []*lex.Script, vars lex.Vars) error {
	bound, err := bindAll(scripts, vars)
	if err != nil {
		return err
	}
	for i, s := range scripts {
		for _, stmt := range s.Statements {
			if err := r.statement(ctx, stmt, bound[i]); err != nil {
				return err
			}
		}
	}
	if r.app.opts.exitNothingToDo && r.status && r.idle {
		return errNothingToDo
	}
	return nil
}

// bindAll gives every script its variables; an error is at the first that has no value.
func bindAll(scripts []*lex.Script, vars lex.Vars) ([]lex.Vars, error) {
	bound := make([]lex.Vars, len(scripts))
	for i, s := range scripts {
		var err error
		if bound[i], err = s.Bind(vars); err != nil {
			return nil, err
		}
		for _, stmt := range s.Statements {
			if _, err := stmt.Render(bound[i]); err != nil {
				return nil, err
			}
		}
	}
	return bound, nil
}

// statement runs one statement, shows its result and logs it. The log line is
// written before the last of the result, so that where both streams are one the
// result is what comes last.
func (r *runner) statement(ctx context.Context, stmt lex.Statement, vars lex.Vars) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if d := r.app.opts.statementTimeout; d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, d, fmt.Errorf("%w after %v (--statement-timeout)", errTimeout, d))
		defer cancel()
	}
	start := time.Now()
	r.rows = -1
	ctx, trace := r.traced(ctx)
	r.watch = r.app.watch(r.session, stmt, trace)
	err := r.session.RunStatement(ctx, stmt, vars, r.show)
	r.watch.stop()
	r.explain(stmt, trace)
	if errors.Is(err, errGone) || errors.Is(err, shell.ErrEnough) {
		err = nil
	}
	if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(err, cause) {
		err = stmt.Source.At(stmt.Start, cause) // DuckDB says "Interrupted" in its own words
	}
	if err == nil {
		attrs := []any{"at", fmt.Sprintf("%s:%d", stmt.Source.File, stmt.Position().Line), "statement", stmt.Number,
			"duration", time.Since(start).Round(time.Microsecond).String()}
		if r.rows >= 0 {
			attrs = append(attrs, "rows", r.rows)
		}
		if r.app.opts.verbose {
			attrs = append(attrs, "sql", stmt.Text())
		}
		r.app.log.Log(ctx, r.app.statementLevel, "done", attrs...)
	}
	if e := r.out.flush(); err == nil {
		err = e
	}
	return err
}

// show writes one result. It implements engine.Each.
func (r *runner) show(stmt lex.Statement, rows engine.Rows) error {
	r.watch.stop()
	if len(rows.Columns()) == 0 {
		r.rows = rows.Changed()
		if stmt.Out != "" {
			r.setOutput(stmt.Out, changed(r.rows))
		}
		return nil
	}
	s := newShown(rows)
	if stmt.Out != "" {
		s.take = &taken{names: s.names()}
	}
	if r.out.closed && s.take == nil {
		// The statement has done what it does by its first row: nobody waits for the others.
		rows.Next()
		return firstOf(rows.Err(), errGone)
	}
	// The struct hides that this is a buffer, which a formatter would flush.
	n, err := r.writer.Write(struct{ io.Writer }{r.out.buf}, s)
	r.rows, r.last = n, s.firstRow()
	if s.status >= 0 && s.n > 0 {
		r.status, r.idle = true, s.idle == s.n
	}
	if err == nil && s.take != nil {
		err = r.keepOutput(stmt, s)
	}
	if err != nil && r.out.gone(err) {
		return errGone
	}
	return err
}

// changed is the value of a statement without a result: the rows that it
// changed, NULL where it changes none.
func changed(n int64) any {
	if n < 0 {
		return nil
	}
	return n
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
