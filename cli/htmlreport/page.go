package htmlreport

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"time"

	"psyberg/cli/format"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"stamp": stamp, "bytes": format.Bytes, "hours": hoursText, "grouped": grouped, "duration": durationText,
	"px": func(f float64) string { return fmt.Sprintf("%.1f", f) },
	"count": func(n int, what string) string {
		if n != 1 {
			what += "s"
		}
		return fmt.Sprintf("%d %s", n, what)
	},
	"cut": func(n int, s string) string {
		if r := []rune(s); len(r) > n {
			return string(r[:n-1]) + "…"
		}
		return s
	},
}).Parse(pageText))

// view is what the page shows.
type view struct {
	*Report
	Timeline  lanes
	Scatters  []scatter
	Savings   []Saving
	Total     Saving
	Pairs     lanes
	Fresh     *freshness
	AuditRows []auditRow
	Waters    []water
	LateHours float64
	LateCount int
	Percent   string
}

// auditRow is one audit in all sessions.
type auditRow struct {
	Name, Kind string
	Cells      []auditCell
}

type auditCell struct{ Mark, Class, Title string }

// water is a watermark with how far its source is ahead of it.
type water struct {
	Watermark
	Behind string
	Title  string
}

// Write makes the page.
func (r *Report) Write(w io.Writer) error {
	v := view{Report: r, Timeline: r.timeline(), Scatters: r.scatters(), Savings: r.Savings(), Fresh: r.fresh()}
	v.Total = Total(v.Savings)
	v.Pairs = pairs(v.Savings)
	if v.Total.FixedHours > 0 {
		v.Percent = fmt.Sprintf("%.0f %%", 100*(1-v.Total.ReadHours/v.Total.FixedHours))
	}
	for _, s := range r.Sessions {
		v.LateHours += s.Late().Hours()
	}
	for _, l := range r.Landings {
		if l.Late {
			v.LateCount++
		}
	}
	v.AuditRows = r.auditRows()
	for _, m := range r.Watermarks {
		x := water{Watermark: m, Title: fmt.Sprintf("The process has read %s up to snapshot %d of %s; session %s committed it at %s.",
			m.Source, m.Snapshot, stamp(m.SnapshotAt), m.Session, stamp(m.CommittedAt))}
		if !m.ValidTo.IsZero() {
			x.Behind = durationText(r.At.Sub(m.ValidTo))
		}
		v.Waters = append(v.Waters, x)
	}
	if err := page.Execute(w, v); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// auditRows is a line for each audit, a cell for each session.
func (r *Report) auditRows() []auditRow {
	var out []auditRow
	at := map[string]int{}
	column := map[string]int{}
	for i, s := range r.Sessions {
		column[s.ID] = i
	}
	for _, a := range r.Audits {
		i, shown := column[a.Session]
		if !shown {
			continue
		}
		n, ok := at[a.Name]
		if !ok {
			n = len(out)
			at[a.Name] = n
			out = append(out, auditRow{Name: a.Name, Cells: make([]auditCell, len(r.Sessions))})
		}
		out[n].Kind = "warns"
		if a.Blocking {
			out[n].Kind = "blocks"
		}
		c := auditCell{"✓", "passed", fmt.Sprintf("%s passed for session %s at %s.", a.Name, a.Session, stamp(a.At))}
		if !a.Passed {
			c = auditCell{"✗", "failed", fmt.Sprintf("%s failed for session %s at %s: %s violations, the first is %s.",
				a.Name, a.Session, stamp(a.At), grouped(a.Violations), a.First)}
			if a.Forced {
				c.Mark, c.Class = "!", "forced"
				c.Title += " The publish was forced over it."
			}
		}
		out[n].Cells[i] = c
	}
	return out
}

// Gathered is the time of the report, for the page's foot.
func (v view) Gathered() string { return v.At.Format(time.RFC3339) }
