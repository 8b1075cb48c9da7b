package cli

import (
	"fmt"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"psyberg/cli/pages"
	"psyberg/engine"
	"psyberg/functions/meta"
)

const helpLong = `help prints a page: of a command (psyql help init), a topic (psyql help outputs), an error code
(psyql help PSY_EXPIRED_GAP), a statement (psyql help COPY) or a function (psyql help iceberg_files).
Without a name it lists them.`

// newHelp makes the command that prints pages.
func newHelp(a *app) *cobra.Command {
	return &cobra.Command{
		ValidArgsFunction:     oneOf(pageNames),
		Use:                   "help [NAME]",
		Short:                 "Print a page: of a command, topic, error code, statement or function",
		Long:                  helpLong,
		Example:               "  psyql help\n  psyql help PSY_EXPIRED_GAP\n  psyql help outputs\n  psyql help iceberg_files",
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return write(a.io.Out, contents(cmd.Root()))
			}
			return a.helpOn(cmd.Root(), strings.Join(args, " "))
		},
	}
}

// contents lists all pages.
func contents(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString("psyql help NAME prints one of these; psyql --help is psyql's own page.\n\nCommands\n")
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() {
			fmt.Fprintf(&b, "  %-29s %s\n", c.Name(), c.Short)
		}
	}
	for _, part := range []struct {
		title string
		kind  pages.Kind
	}{{"Topics", pages.Topic}, {"Statements", pages.Statement}, {"Error codes", pages.Code}} {
		b.WriteString("\n" + part.title + "\n")
		for _, name := range pages.Names(part.kind) {
			fmt.Fprintf(&b, "  %-29s %s\n", name, pages.Title(name))
		}
	}
	b.WriteString("\nFunctions\n")
	names, docs := functionDocs(engine.Surface())
	for _, name := range names {
		if len(name) > 29 { // a line of its own
			fmt.Fprintf(&b, "  %s\n  %29s", name, "")
		} else {
			fmt.Fprintf(&b, "  %-29s", name)
		}
		fmt.Fprintf(&b, " %s\n", docs[name].first())
	}
	return b.String()
}

// helpOn prints the page of that name.
func (a *app) helpOn(root *cobra.Command, name string) error {
	if cmd, rest, err := root.Find(strings.Fields(name)); err == nil && cmd != root && len(rest) == 0 {
		writeHelp(a.io.Out, cmd)
		return nil
	}
	if text, ok := pages.Find(name); ok {
		return write(a.io.Out, text)
	}
	_, docs := functionDocs(engine.Surface())
	if doc, ok := docs[strings.ToLower(name)]; ok {
		return write(a.io.Out, doc.text())
	}
	return usageError{fmt.Errorf("help %q: no such page%s; psyql help lists them", name, meta.Suggest(name, pageNames(root)))}
}

// pageNames are the names of all pages.
func pageNames(root *cobra.Command) []string {
	names, _ := functionDocs(engine.Surface())
	for _, kind := range []pages.Kind{pages.Topic, pages.Statement, pages.Code} {
		names = append(names, pages.Names(kind)...)
	}
	names = append(names, commandNames(root)...)
	sort.Strings(names)
	return names
}
