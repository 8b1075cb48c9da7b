package steps_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"psyberg/engine"
	"psyberg/engine/bridge"
	"psyberg/engine/catalog"
	"psyberg/engine/catalog/committer"
	"psyberg/engine/lex"
	"psyberg/engine/state"
	"psyberg/engine/steps"
	"psyberg/engine/write"
	"psyberg/functions"
	"psyberg/functions/discover"
	"psyberg/functions/rows"
	"psyberg/functions/surface"
	"psyberg/psyberg"
	"psyberg/sql"
)

// env is a session over a catalog in a folder: one psyql process.
type env struct {
	t     testing.TB
	ctx   context.Context
	cat   *catalog.Catalogs
	s     *engine.Session
	store *state.Store
	steps *steps.Steps
	log   strings.Builder
}

func newEnv(t testing.TB, dir string) *env {
	t.Helper()
	e := &env{t: t, ctx: context.Background()}
	var err error
	if e.cat, err = catalog.Open(e.ctx, catalog.Config{Dir: dir, Home: dir}); err != nil {
		t.Fatal(err)
	}
	e.store = state.New(e.cat, nil)
	deps := discover.Deps{Tables: e.cat, State: e.store, ReadBounds: engine.ReadBounds(lateSession{e})}
	e.steps = steps.New(steps.Deps{Catalogs: e.cat, Store: e.store, Discover: deps, Version: "test",
		Now: func() psyberg.Instant { return psyberg.InstantOf(time.Now()) },
		Log: slog.New(slog.NewTextHandler(&e.log, nil))})
	fs := append(functions.All(e.cat), rows.VectorFunction(e.cat))
	fs = append(append(fs, functions.Psyberg(deps)...), e.steps.Functions()...)
	e.s, err = engine.Open(e.ctx, engine.Options{Functions: fs, Queries: []*surface.Query{functions.Rows(e.cat)},
		Handlers: []engine.Handler{write.New(committer.New(e.cat), e.cat)}, Settings: map[string]string{"threads": "2"}})
	if err != nil {
		t.Fatal(err)
	}
	e.store.Use(e.s.Inner)
	t.Cleanup(func() {
		if err := errors.Join(e.s.Close(), e.cat.Close()); err != nil {
			t.Error(err)
		}
	})
	return e
}

// lateSession is the env's session, for functions that are made before it is.
type lateSession struct{ e *env }

func (l lateSession) Direct(ctx context.Context, stmt string) (bridge.Rows, error) {
	return l.e.s.Direct(ctx, stmt)
}

func (l lateSession) Inner(ctx context.Context, query string) (bridge.Rows, error) {
	return l.e.s.Inner(ctx, query)
}

// run runs statements and returns the rows of the last one, a line each,
// values separated by blanks.
func (e *env) run(script string, vars ...string) (string, error) {
	e.t.Helper()
	parsed, err := lex.Parse("test.sql", script)
	if err != nil {
		return "", err
	}
	return e.runScript(parsed, vars...)
}

func (e *env) runScript(script *lex.Script, vars ...string) (string, error) {
	set := lex.Vars{}
	for i := 0; i < len(vars); i += 2 {
		set[vars[i]] = lex.Value{Text: vars[i+1]}
	}
	var out string
	err := e.s.Run(e.ctx, script, set, func(_ lex.Statement, rows engine.Rows) error {
		out = ""
		for rows.Next() {
			out += strings.TrimSuffix(fmt.Sprintln(show(rows.Row())...), "\n") + "\n"
		}
		return rows.Err()
	})
	return strings.TrimSuffix(out, "\n"), err
}

func show(row []any) []any {
	out := make([]any, len(row))
	for i, v := range row {
		out[i] = v
		if t, ok := v.(time.Time); ok {
			out[i] = t.Format("2006-01-02T15:04:05")
		}
	}
	return out
}

// must is run without an error.
func (e *env) must(script string, vars ...string) string {
	e.t.Helper()
	out, err := e.run(script, vars...)
	if err != nil {
		e.t.Fatalf("%s: %v", script, err)
	}
	return out
}

func (e *env) want(what, got, want string) {
	e.t.Helper()
	if got != want {
		e.t.Errorf("%s:\n got %s\nwant %s", what, strings.ReplaceAll(got, "\n", "\n     "), strings.ReplaceAll(want, "\n", "\n     "))
	}
}

const (
	sessionTable = "meta.psyberg_session_f"
	hwmTable     = "meta.high_water_mark"
)

// command runs the script of a command as psyql does.
func (e *env) command(name, process, session string, more ...string) (string, error) {
	e.t.Helper()
	text, err := sql.Files.ReadFile(name + ".sql")
	if err != nil {
		e.t.Fatal(err)
	}
	script, err := lex.Parse(name+".sql", string(text))
	if err != nil {
		e.t.Fatal(err)
	}
	vars := []string{"process_name", process, "psyberg_session_id", session, "psyberg_session_table", sessionTable, "psyberg_hwm_table", hwmTable}
	return e.runScript(script, append(vars, more...)...)
}

func (e *env) mustCommand(name, process, session string, more ...string) string {
	e.t.Helper()
	out, err := e.command(name, process, session, more...)
	if err != nil {
		e.t.Fatalf("%s %s %s: %v", name, process, session, err)
	}
	return out
}

// statuses are the sessions of a process with their status, in order.
func (e *env) statuses(process string) string {
	e.t.Helper()
	all, err := e.store.Sessions(e.ctx, sessionTable, process)
	if err != nil {
		e.t.Fatal(err)
	}
	var out []string
	for _, id := range psyberg.SessionIDs(all) {
		out = append(out, id+" "+string(psyberg.RowsOf(all, id)[0].Status))
	}
	return strings.Join(out, ", ")
}
