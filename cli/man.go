package cli

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"psyberg/cli/pages"
)

const manLong = `man prints the manual page of psyql, or of one of its commands, for man(1):

  psyql man > /usr/local/share/man/man1/psyql.1
  psyql man | man -l -`

// newMan makes the command that prints manual pages.
func newMan(a *app) *cobra.Command {
	return &cobra.Command{
		Use:                   "man [COMMAND]",
		Short:                 "Print a manual page, for man(1)",
		Long:                  manLong,
		Example:               "  psyql man | man -l -\n  psyql man init > psyql-init.1",
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			target, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 || len(args) > 0 && target == cmd.Root() {
				return usageError{fmt.Errorf("man %s: no such command", strings.Join(args, " "))}
			}
			var b bytes.Buffer
			if err := manPage(&b, target); err != nil {
				return err
			}
			return write(a.io.Out, b.String())
		},
	}
}

// manPage writes the page of a command: cobra's sections, and ours behind them.
func manPage(w io.Writer, cmd *cobra.Command) error {
	// Of no day: the same binary prints the same page.
	header := &doc.GenManHeader{Section: "1", Source: "psyql " + version(), Manual: "Psyberg", Date: &time.Time{}}
	cmd.DisableAutoGenTag = true
	var b bytes.Buffer
	if err := doc.GenMan(cmd, header, &b); err != nil {
		return fmt.Errorf("man page of %s: %w", cmd.Name(), err)
	}
	text := strings.Replace(b.String(), `"Jan 0001"`, `""`, 1)
	section := func(title, body string) {
		text += ".SH " + title + "\n.EX\n" + roff(body) + ".EE\n"
	}
	if !cmd.HasParent() {
		section("ENVIRONMENT", "Every option is also read from the environment: --catalog-uri from PSYQL_CATALOG_URI,\nrepeatable ones a value a line. The command line wins, then the environment, then --profile.\n")
		for _, name := range pages.Names(pages.Topic) {
			page, _ := pages.Find(name)
			section(strings.ToUpper(name), page)
		}
	}
	section("EXIT STATUS", exitHelp)
	_, err := io.WriteString(w, text)
	return err
}

// roff is a text as it stands, for troff: no line is taken for a request.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(strings.TrimRight(text, "\n") + "\n")
	lines := strings.SplitAfter(text, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "")
}
