package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"psyberg/cli/htmlreport"
	"psyberg/engine"
	"psyberg/engine/state"
)

const reportLong = `report draws what a process has done as one HTML page that needs no network: its sessions on a time
line, event time against landing time with late data standing out, the hours that were reprocessed, what was read
against what a fixed look-back would have read, audits, freshness of the sources, watermarks. Every mark says why it is
there when the mouse rests on it. It reads the session, audit and watermark tables and metadata of the sources, no rows.

The page goes to stdout, or to the file of -o. Tables that are not named are those of the default catalog that have
psyberg_session and high_water_mark in their names.`

const reportExample = `  psyql report --process_name account_state_load -o report.html
  psyql report --process_name account_state_load --look_back 24h --sessions 200 -o report.html`

// reportOptions are the options of psyql report.
type reportOptions struct {
	process, sessionTable, hwmTable string
	sessions                        int
	lookBack                        time.Duration
}

// newReport makes the command that draws what a process has done.
func newReport(a *app) *cobra.Command {
	var o reportOptions
	cmd := &cobra.Command{
		Use:     "report --process_name P [-o report.html]",
		Short:   "Draw what a process has done, as one HTML page",
		Long:    reportLong,
		Example: reportExample,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.process == "" {
				return usageError{errors.New("--process_name is needed: whose sessions?")}
			}
			if o.sessions < 0 || o.lookBack < 0 {
				return usageError{errors.New("--sessions and --look_back are not below 0")}
			}
			return a.within(cmd.Context(), func(ctx context.Context) error { return a.drawReport(ctx, o) })
		},
	}
	cmd.Flags().SortFlags = false
	inGroup(cmd.Flags(), groupStep, func(fs *pflag.FlagSet) {
		fs.StringVar(&o.process, "process_name", "", "the `process`")
		fs.StringVar(&o.sessionTable, "psyberg_session_table", "", "the `table` that sessions are recorded in")
		fs.StringVar(&o.hwmTable, "psyberg_hwm_table", "", "the `table` of watermarks")
		fs.IntVar(&o.sessions, "sessions", 0, "show at most the last `n` sessions (default 60)")
		fs.DurationVar(&o.lookBack, "look_back", 0, "the fixed look-back to compare with (`time`: 24h; default the least that would have missed nothing)")
	})
	return cmd
}

func (a *app) drawReport(ctx context.Context, o reportOptions) error {
	session, err := a.open(ctx, "")
	if err != nil {
		return err
	}
	defer session.Close()
	opts := htmlreport.Options{Process: o.process, Sessions: o.sessions, LookBack: o.lookBack, Now: time.Now(), Version: version()}
	if opts.SessionTable, err = reportTable(ctx, session, o.sessionTable, "psyberg_session", "--psyberg_session_table"); err != nil {
		return err
	}
	if opts.HWMTable, err = reportTable(ctx, session, o.hwmTable, "high_water_mark", "--psyberg_hwm_table"); err != nil && o.hwmTable != "" {
		return err
	}
	audits := state.AuditTable(opts.SessionTable)
	if rows, e := session.Inner(ctx, "SELECT 1 FROM iceberg_refs("+engine.QuoteLiteral(audits)+")"); e == nil {
		rows.Close()
		opts.AuditTable = audits
	}
	report, err := htmlreport.Gather(ctx, session, opts)
	if err != nil {
		return err
	}
	out, err := newOutput(a.io.Out, a.opts.output)
	if err != nil {
		return err
	}
	err = report.Write(out.buf)
	if e := out.close(); err == nil {
		err = e
	}
	if err == nil && a.opts.output != "" {
		a.log.Info("report", "file", a.opts.output, "sessions", len(report.Sessions), "notes", len(report.Notes))
	}
	return err
}

// reportTable is the table that was named, or the only one that has part in its name.
func reportTable(ctx context.Context, s *engine.Session, named, part, flag string) (string, error) {
	if named != "" {
		return named, nil
	}
	found := s.Catalogs().NamedLike(ctx, part)
	found = slices.DeleteFunc(found, func(n string) bool { return strings.HasSuffix(strings.Trim(n, `"`), "_audits") })
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", fmt.Errorf("find the table of %s: none of the default catalog has %s in its name: name it", flag, part)
	}
	return "", fmt.Errorf("find the table of %s: it may be %s: name it", flag, strings.Join(found, " or "))
}
