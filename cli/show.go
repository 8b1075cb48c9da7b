package cli

import (
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"psyberg/functions/meta"
	"psyberg/sql"
)

// newShow makes the command that prints the script of a step.
func newShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show [NAME]",
		Short: "Print the script of a step, or the names of all",
		Long: `show prints the SQL script that a step runs, to be copied and changed:
'psyql -f my_init.sql -v process_name=... -v ...' does what 'psyql init' does. Without a name it
lists the scripts.`,
		Example: "  psyql show init > my_init.sql",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError{fmt.Errorf("unexpected argument %q: show one script at a time", args[1])}
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return write(a.io.Out, strings.Join(scriptNames(), "\n")+"\n")
			}
			text, err := sql.Files.ReadFile(args[0] + ".sql")
			if err != nil {
				return usageError{fmt.Errorf("show %q: no such script%s", args[0], meta.Suggest(args[0], scriptNames()))}
			}
			return write(a.io.Out, string(text))
		},
	}
}

func scriptNames() []string {
	found, _ := fs.Glob(sql.Files, "*.sql") // the pattern is a good one
	var names []string
	for _, f := range found {
		names = append(names, strings.TrimSuffix(f, ".sql"))
	}
	slices.Sort(names)
	return names
}

// write writes a text to stdout; a reader that has gone is no error.
func write(w io.Writer, text string) error {
	o, err := newOutput(w, "")
	if err != nil {
		return err
	}
	_, err = o.buf.WriteString(text)
	if err != nil && o.gone(err) {
		return nil
	}
	return firstOf(err, o.close())
}
