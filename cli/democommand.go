package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"psyberg/cli/demo"
	"psyberg/cli/format"
	"psyberg/engine"
)

const demoLong = `The customer lifecycle, end to end, in ./psyberg-demo: signups, plans and cancels are loaded
to hour 5, then late data comes, and is caught up. No service and no network are needed. Run
again, it starts anew. The folder stays, to look around in.`

// newDemo makes the command that plays the demo.
func newDemo(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "demo",
		Short:   "Play the customer lifecycle: late data, caught up, in ./psyberg-demo",
		Long:    demoLong,
		Example: "  psyql demo\n  cd psyberg-demo && psyql -c \"FROM iceberg_tables()\"",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.within(cmd.Context(), func(ctx context.Context) error {
				// Not buffered: each part is there to be read while the next one runs.
				out := marked{a.io.Out}
				err := demo.Run(ctx, demo.Options{Dir: "psyberg-demo", Out: out, Show: showBox})
				if readerGone(err) {
					return nil
				}
				return err
			})
		},
	}
}

// showBox writes a result as a box of any width.
func showBox(w io.Writer, rows engine.Rows) error {
	box, err := format.New("box", format.Options{})
	if err != nil {
		return err
	}
	_, err = box.Write(w, newShown(rows))
	return err
}
