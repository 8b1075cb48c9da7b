package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"psyberg/engine/lex"
)

// whole runs the scripts and then the expressions of --output, under -1 all in
// one transaction. What goes wrong leaves it to close to roll back.
func (r *runner) whole(ctx context.Context, scripts []*lex.Script, vars lex.Vars, wanted []wantedOutput) error {
	if r.app.opts.oneTransaction {
		if err := r.control(ctx, "BEGIN TRANSACTION"); err != nil {
			return err
		}
	}
	err := r.run(ctx, scripts, vars)
	if err != nil && !errors.Is(err, errNothingToDo) {
		return err
	}
	if e := r.askOutputs(ctx, wanted, vars); e != nil {
		return e
	}
	if r.app.opts.oneTransaction {
		if e := r.control(ctx, "COMMIT"); e != nil {
			return e
		}
	}
	return err
}

// control runs a statement of psyql's own; its errors look as those of a script.
func (r *runner) control(ctx context.Context, text string) error {
	s, err := lex.Parse("--single-transaction", text)
	if err != nil {
		return err
	}
	return r.session.Run(ctx, s, nil, nil)
}

// check checks the scripts, each on its own: engine.Session.Check.
func (r *runner) check(ctx context.Context, scripts []*lex.Script, vars lex.Vars) error {
	if _, err := bindAll(scripts, vars); err != nil {
		return err
	}
	all, err := joined(scripts)
	if err != nil {
		return err
	}
	skipped, err := r.session.Check(ctx, all, vars)
	for _, s := range skipped {
		r.app.log.Warn("not checked: it needs a table that the script makes", "at", s.Position.String(), "error", words(s.Err))
	}
	if err == nil {
		n := 0
		for _, s := range scripts {
			n += len(s.Statements)
		}
		r.app.log.Info("checked", "statements", n, "skipped", len(skipped))
	}
	return err
}

// joined is one script of all, since each may need what one before it made.
// Every statement keeps its own source.
func joined(scripts []*lex.Script) (*lex.Script, error) {
	out := &lex.Script{}
	for _, s := range scripts {
		if out.Source == nil {
			out.Source = s.Source
		}
		out.Params = append(out.Params, s.Params...)
		for _, stmt := range s.Statements {
			stmt.Number = len(out.Statements) + 1
			out.Statements = append(out.Statements, stmt)
		}
	}
	if out.Source == nil {
		return lex.Parse("nothing", "")
	}
	return out, nil
}

// warnOfSecrets says that a password on the command line is seen by everybody
// on the machine. Options that came from the environment or a profile are none.
func (a *app) warnOfSecrets(cmd *cobra.Command) {
	for _, f := range a.given {
		text := cmd.Flags().Lookup(f).Value.String()
		if holdsSecret(text) {
			a.log.Warn("a secret on the command line can be read by others on this machine, and stays in the shell's history: give it in the environment or in a profile",
				"option", "--"+f, "environment", envName(f))
		}
	}
}
