package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// exitHelp is the table of exit.go as help shows it; a test compares the two.
const exitHelp = `  0    done (also: nothing to do)
  1    own, file or configuration failure
  2    wrong flag or argument
  3    SQL or data error
  4    a blocking audit failed: do not retry
  5    I/O, HTTP, commit conflict: retry
  6    a source needs a decision: expired gap, rollback, replaced, threshold
  99   nothing to do, only with --exit-nothing-to-do
  124  timeout
  130  SIGINT
  143  SIGTERM
`

// helpWidth is how wide help is, whatever the terminal is: it stays the same
// text in a pipe and on paper.
const helpWidth = 110

// help prints what a command is: text, usage, examples, commands, tables of
// options by what they are about, exit statuses.
func help(cmd *cobra.Command, _ []string) {
	writeHelp(cmd.OutOrStdout(), cmd)
}

func writeHelp(w io.Writer, cmd *cobra.Command) {
	text := cmd.Long
	if text == "" {
		text = cmd.Short
	}
	fmt.Fprintf(w, "%s\n\nUsage:\n  %s\n", strings.TrimSpace(text), cmd.UseLine())
	if !cmd.HasParent() {
		fmt.Fprintf(w, "  %s COMMAND [flags]\n", cmd.Name())
	}
	if cmd.Example != "" {
		fmt.Fprintf(w, "\nExamples:\n%s\n", cmd.Example)
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprint(w, "\nCommands:\n")
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() {
				fmt.Fprintf(w, "  %-10s %s\n", c.Name(), c.Short)
			}
		}
	}
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	all.SortFlags = false
	all.AddFlagSet(cmd.LocalFlags())
	all.AddFlagSet(cmd.InheritedFlags())
	for _, group := range groups {
		part := pflag.NewFlagSet(group, pflag.ContinueOnError)
		part.SortFlags = false
		all.VisitAll(func(f *pflag.Flag) {
			if g := f.Annotations[groupKey]; len(g) == 1 && g[0] == group {
				part.AddFlag(f)
			}
		})
		if part.HasFlags() {
			fmt.Fprintf(w, "\n%s:\n%s", group, part.FlagUsagesWrapped(helpWidth))
		}
	}
	fmt.Fprint(w, "\nEvery option is also read from the environment: --catalog-uri from PSYQL_CATALOG_URI, repeatable ones a\nvalue a line. The command line wins, then the environment, then --profile.\n")
	fmt.Fprint(w, "\nExit status:\n"+exitHelp)
}
