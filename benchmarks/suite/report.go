package suite

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

func number(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 0.1 || v == 0:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.4f", v)
}

func (r Row) limit() string {
	switch {
	case r.Limit == 0:
		return ""
	case r.AtLeast:
		return "≥ " + number(r.Limit)
	}
	return "≤ " + number(r.Limit)
}

// Print writes rows as a table for a terminal.
func Print(w io.Writer, rows []Row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "measure\twhat\tmeasured\tlimit\t\t")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%s %s\t%s\t%s\t%s\n", r.Measure, r.What, number(r.Value), r.Unit, r.limit(), r.Verdict(), r.Note)
	}
	return t.Flush()
}

// Markdown writes rows as a table of Markdown.
func Markdown(w io.Writer, rows []Row) {
	fmt.Fprintln(w, "| measure | what | measured | limit | | |\n|---|---|---|---|---|---|")
	for _, r := range rows {
		verdict := r.Verdict()
		if verdict == "missed" {
			verdict = "**missed**"
		}
		fmt.Fprintf(w, "| %s | %s | %s %s | %s | %s | %s |\n", r.Measure, escape(r.What), number(r.Value), r.Unit, r.limit(), verdict, escape(r.Note))
	}
}

func escape(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
