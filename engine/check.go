package engine

import (
	"context"
	"strings"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"psyberg/engine/lex"
	"psyberg/engine/write"
)

// Check parses and binds a script without running it: syntax, variables, names
// of tables, columns and functions, types, arguments. What later statements bind
// against is made meanwhile, empty, in a transaction that is rolled back: tables,
// views, macros, settings. Nothing is written, neither to the database nor to a
// catalog. Iceberg tables that the script itself makes are not there: statements
// that need one are returned in skipped, with the reason. Errors are *lex.Error.
//
// Not checked is what only running tells: values, what getvariable() returns,
// what ATTACH brings.
func (s *Session) Check(ctx context.Context, script *lex.Script, vars lex.Vars) (skipped []*lex.Error, err error) {
	bound, err := script.Bind(vars)
	if err != nil {
		return nil, err
	}
	if _, err := s.Exec(ctx, "BEGIN TRANSACTION"); err != nil {
		return nil, err
	}
	defer func() {
		if _, e := s.Exec(context.WithoutCancel(ctx), "ROLLBACK"); err == nil {
			err = e
		}
	}()
	made := map[string]bool{}
	for _, stmt := range script.Statements {
		r, err := stmt.Render(bound)
		if err != nil {
			return skipped, err
		}
		err = s.checkStatement(ctx, r.SQL, made)
		if err == nil {
			continue
		}
		at := located(stmt, r, err)
		if !namesAny(err.Error(), made) {
			return skipped, at
		}
		skipped = append(skipped, at)
		// DuckDB ends a transaction at an error; what was made in it is gone.
		if err := s.again(ctx, script, stmt.Number, bound, made); err != nil {
			return skipped, err
		}
	}
	return skipped, nil
}

// again begins the transaction anew and makes what the statements before
// number upTo made, as far as they can be made.
func (s *Session) again(ctx context.Context, script *lex.Script, upTo int, vars lex.Vars, made map[string]bool) error {
	for _, q := range []string{"ROLLBACK", "BEGIN TRANSACTION"} {
		if _, err := s.Exec(ctx, q); err != nil {
			return err
		}
	}
	for _, stmt := range script.Statements {
		if stmt.Number >= upTo {
			return nil
		}
		r, err := stmt.Render(vars)
		if err != nil {
			return err
		}
		if _, ours, _ := write.Parse(r.SQL); ours || !changesBinding(words(r.SQL)) {
			continue
		}
		if err := s.checkStatement(ctx, r.SQL, made); err != nil && !namesAny(err.Error(), made) {
			return r.At(errorOffset(err), err)
		}
	}
	return nil
}

func (s *Session) checkStatement(ctx context.Context, sql string, made map[string]bool) error {
	parsed, ours, err := write.Parse(sql)
	switch {
	case err != nil:
		return err
	case ours:
		return s.checkWrite(ctx, parsed, made)
	}
	w := words(sql)
	switch {
	case len(w) == 0, transactional[w[0]]:
		return nil // the check has a transaction of its own
	case makesTableAs(w):
		// The grammar of CREATE TABLE AS ends so; what it would fill stays empty.
		return s.check(ctx, sql+"\nWITH NO DATA", true)
	}
	return s.check(ctx, sql, changesBinding(w))
}

// checkWrite checks a statement that writes Iceberg: its query, and whether the
// table is there.
func (s *Session) checkWrite(ctx context.Context, parsed write.Statement, made map[string]bool) error {
	switch p := parsed.(type) {
	case *write.CreateTable:
		made[p.Table] = true
	case *write.Copy:
		if err := s.check(ctx, p.Query, false); err != nil {
			return shifted{err, p.QueryOffset}
		}
		for _, c := range p.Computed {
			if err := s.check(ctx, "SELECT "+c.SQL, false); err != nil {
				return shifted{err, c.Offset - len("SELECT ")}
			}
		}
		if p.CreateTable {
			made[p.Table] = true
		} else if s.catalogs != nil {
			_, err := s.catalogs.Load(ctx, p.Table)
			return err
		}
	}
	return nil
}

// check is Registry.Check on the session's own connection, with tables by name.
func (s *Session) check(ctx context.Context, sql string, also bool) error {
	return s.named(ctx, s.main, sql, func(sql string) error { return s.registry.Check(ctx, s.main.native, sql, also) })
}

// shifted is an error about a part of a statement, by bytes into the whole.
type shifted struct {
	error
	by int
}

func (e shifted) Unwrap() error { return e.error }

// Offset is the byte of the statement that the error is about, -1 if unknown.
func (e shifted) Offset() int {
	if at := errorOffset(e.error); at >= 0 {
		return at + e.by
	}
	return -1
}

func namesAny(text string, names map[string]bool) bool {
	for n := range names {
		if strings.Contains(text, n) {
			return true
		}
	}
	return false
}

var transactional = map[string]bool{"begin": true, "start": true, "commit": true, "end": true, "rollback": true, "abort": true,
	"attach": true, "detach": true, "checkpoint": true, "force": true, "vacuum": true, "install": true}

// changesBinding reports whether later statements bind against what this one does.
func changesBinding(w []string) bool {
	switch w[0] {
	case "create", "alter", "drop", "use", "load", "prepare":
		return true
	case "set", "reset":
		return len(w) < 2 || w[1] != "variable" // whose value would be computed
	}
	return false
}

// makesTableAs reports whether the statement is CREATE TABLE ... AS.
func makesTableAs(w []string) bool {
	if w[0] != "create" {
		return false
	}
	table := false
	for i, word := range w {
		switch {
		case word == "table" && i < 5:
			table = true
		case word == "as" && table:
			return true
		case word == "view" || word == "macro" || word == "function":
			if !table {
				return false
			}
		}
	}
	return false
}

// words are a statement's words outside of brackets, in lower case.
func words(sql string) []string {
	var out []string
	depth := 0
	for _, t := range lex.Tokens(sql) {
		text := sql[t.Start:t.End]
		switch {
		case t.Kind == lex.Operator && (text == "(" || text == "["):
			depth++
		case t.Kind == lex.Operator && (text == ")" || text == "]"):
			depth--
		case t.Kind == lex.Word && depth == 0:
			out = append(out, strings.ToLower(text))
		}
	}
	return out
}

// Progress is how far the running statement is, 0 to 100; below 0 where DuckDB
// does not know. It may be called from any goroutine while a statement runs.
// The setting enable_progress_bar must be on.
func (s *Session) Progress() float64 {
	p := mapping.QueryProgress(s.main.native)
	percent, _, _ := mapping.QueryProgressTypeMembers(&p)
	return percent
}
