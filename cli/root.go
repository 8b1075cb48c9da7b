package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"psyberg/engine/lex"
	"psyberg/functions/meta"
)

const rootLong = `psyql is an embedded DuckDB whose table functions read Iceberg metadata. It runs SQL
scripts, the steps of a Psyberg workflow, and a prompt.

Without -f and -c it reads a script from stdin, or, on a terminal, shows a prompt. The
optional database is DuckDB's own file for local tables; without it they live in memory.

In scripts $name and :'name' stand for the text of a variable, :"name" for an identifier of
that name; -v sets it. A script stops at its first error.`

const rootExample = `  # a local catalog file, one statement
  psyql --catalog-uri sqlite:///warehouse/catalog.db -c "FROM iceberg_snapshots('db.events')"

  # a script with a variable, rows as JSON lines
  psyql --format jsonl -v day=2023-09-14 -f report.sql

  # what one process has not seen yet
  psyql --catalog prod -c "FROM psyberg_window('db.events', process_name := 'p', hwm_table := 'ops.high_water_mark')"

  # a workflow
  psyql init --process_name p --src_tables 'db.events|event_ts' --psyberg_session_id 42 \
             --psyberg_hwm_table ops.high_water_mark --psyberg_session_table ops.psyberg_session_f --etl_pattern_id 1`

// newRoot makes the command psyql with all others below it.
func newRoot(a *app) *cobra.Command {
	var inputs []input
	vars := varsFlag{}
	root := &cobra.Command{
		Use:           "psyql [flags] [database]",
		Short:         "SQL over Iceberg metadata, and the steps of Psyberg",
		Long:          rootLong,
		Example:       rootExample,
		Args:          oneDatabase,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			database := ""
			if len(args) == 1 {
				database = args[0]
			}
			a.lineage = newLineage(a, jobName(inputs))
			return a.runScripts(cmd.Context(), database, inputs, lex.Vars(vars))
		},
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return a.prepare(cmd) },
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.Flags().SortFlags = false
	root.PersistentFlags().SortFlags = false
	root.SetOut(a.io.Out)
	root.SetErr(a.io.Err)
	root.SetIn(a.io.In)
	a.opts.addFlags(root.PersistentFlags())
	inGroup(root.Flags(), groupScript, func(fs *pflag.FlagSet) {
		fs.VarP(inputsFlag{&inputs, true}, "file", "f", "run the SQL of this `file`, - for stdin; repeatable, in order with -c")
		fs.VarP(inputsFlag{&inputs, false}, "command", "c", "run this `sql`; repeatable, in order with -f")
		fs.VarP(vars, "variable", "v", "set a variable (`name=value`); repeatable")
		fs.BoolVarP(&a.opts.oneTransaction, "single-transaction", "1", false, "run all in one transaction of DuckDB: at an error its tables are as before (Iceberg tables are written by statements outside of it)")
		fs.BoolVar(&a.opts.check, "check", false, "parse and bind, and run nothing: syntax, variables, names, types")
		fs.StringVar(&a.opts.rc, "rc", "", "run this `file` first; ~/.psyqlrc is read by the prompt alone")
	})
	root.SetFlagErrorFunc(flagError)
	root.SetHelpFunc(help)
	cobra.EnableCommandSorting = false // help shows the steps in their order
	for _, s := range []*step{initStep(), auditStep(), publishStep(), commitStep(), sweepStep()} {
		root.AddCommand(newStep(a, s))
	}
	root.AddCommand(
		newShow(a),
		newDemo(a),
		newReport(a),
		newDoctor(a),
		newCompletion(a),
		newMan(a),
		newVersion(a),
	)
	root.SetHelpCommand(newHelp(a))
	root.Version = version()
	root.SetVersionTemplate(strings.Join(versions(), "\n") + "\n")
	addCompletions(a, root)
	return root
}

// prepare reads what the command line leaves to environment and profile.
func (a *app) prepare(cmd *cobra.Command) error {
	cmd.Flags().Visit(func(f *pflag.Flag) { a.given = append(a.given, f.Name) })
	if err := fromEnvironment(cmd.Flags(), a.io.Env); err != nil {
		return err
	}
	if a.opts.profile != "" {
		if err := fromProfile(cmd, a.opts.profile, a.opts.catalog.File, a.io.Env); err != nil {
			return err
		}
	}
	if err := a.setUpLog(); err != nil {
		return err
	}
	a.hands = !cmd.HasParent() || cmd.Annotations[stepKey] != ""
	a.warnOfSecrets(cmd)
	return a.opts.wrong()
}

// runScripts is psyql without a command.
func (a *app) runScripts(ctx context.Context, database string, inputs []input, vars lex.Vars) error {
	if len(inputs) == 0 {
		if a.io.InTerminal {
			return a.prompt(ctx, database, vars)
		}
		inputs = []input{{file: true, text: "-"}}
	}
	if a.opts.rc != "" {
		inputs = append([]input{{file: true, text: a.opts.rc}}, inputs...)
	}
	return a.within(ctx, func(ctx context.Context) error {
		scripts, err := a.scripts(ctx, inputs)
		if err != nil {
			return err
		}
		return a.execute(ctx, database, scripts, vars)
	})
}

// runParsed runs scripts in a session of their own.
func (a *app) runParsed(ctx context.Context, scripts []*lex.Script, vars lex.Vars) error {
	return a.within(ctx, func(ctx context.Context) error { return a.execute(ctx, "", scripts, vars) })
}

func (a *app) execute(ctx context.Context, database string, scripts []*lex.Script, vars lex.Vars) error {
	wanted, err := wantedOutputs(a.opts.outputs)
	if err != nil {
		return err
	}
	r, err := a.newRunner(ctx, database)
	if err != nil {
		return err
	}
	a.lineage.begin(ctx, scripts)
	switch {
	case a.opts.check:
		err = r.check(ctx, scripts, vars)
	default:
		err = r.whole(ctx, scripts, vars, wanted)
	}
	a.outputs = r.outputs
	a.lineage.ran(r)
	return firstOf(err, r.close())
}

// within runs f under --timeout.
func (a *app) within(ctx context.Context, f func(context.Context) error) error {
	d := a.opts.timeout
	if d == 0 {
		return f(ctx)
	}
	cause := fmt.Errorf("%w after %v (--timeout)", errTimeout, d)
	ctx, cancel := context.WithTimeoutCause(ctx, d, cause)
	defer cancel()
	err := f(ctx)
	if err != nil && ctx.Err() != nil && errors.Is(context.Cause(ctx), errTimeout) && !errors.Is(err, errTimeout) {
		err = cause
	}
	return err
}

// oneDatabase takes at most one argument, and none that looks like a mistyped
// command: a typo must not make a database file.
func oneDatabase(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usageError{fmt.Errorf("unexpected argument %q: one database at most", args[1])}
	}
	if len(args) == 0 || strings.ContainsAny(args[0], `./\:`) {
		return nil
	}
	if _, err := os.Stat(args[0]); err == nil {
		return nil
	}
	if near := meta.NearMatches(args[0], commandNames(cmd)); len(near) > 0 {
		return usageError{fmt.Errorf("unknown command %q; did you mean %s? (A database of that name: %s)",
			args[0], strings.Join(near, ", "), "."+string(filepath.Separator)+args[0])}
	}
	return nil
}

func commandNames(cmd *cobra.Command) []string {
	var names []string
	for _, c := range cmd.Root().Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	return names
}

// flagError makes a wrong flag a usage error, with near matches for an unknown one.
func flagError(cmd *cobra.Command, err error) error {
	if errors.Is(err, pflag.ErrHelp) {
		return err
	}
	unknown := (*pflag.NotExistError)(nil)
	if !errors.As(err, &unknown) {
		return usageError{err}
	}
	name := unknown.GetSpecifiedName()
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	near := meta.NearMatches(strings.ReplaceAll(name, "-", "_"), names)
	if len(near) == 0 {
		near = meta.NearMatches(name, names)
	}
	if len(near) == 0 {
		if typo := oneDatabase(cmd, cmd.Flags().Args()); typo != nil && !cmd.HasParent() {
			return typo // the flags of a command whose name is mistyped
		}
		return usageError{err}
	}
	return usageError{fmt.Errorf("%w; did you mean --%s?", err, strings.Join(near, ", --"))}
}
