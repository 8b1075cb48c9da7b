package format

import (
	"bufio"
	"io"
	"strings"
)

// delimited writes a header and a line for each row.
//
//	csv   RFC 4180; NULL is nothing, an empty string is "", and so is NULL in a
//	      result of one column, since most readers pass over an empty line
//	tsv   tab, newline, return and backslash as \t \n \r \\; NULL is \N
//	list  fields between |, as they are; NULL is NULL
type delimited struct {
	separator string
	field     func(v any) string
}

func (d delimited) Write(w io.Writer, rows Rows) (int64, error) {
	out := bufio.NewWriter(w)
	columns := rows.Columns()
	header := make([]any, len(columns))
	for i, c := range columns {
		header[i] = c.Name
	}
	line := func(values []any) error {
		if len(values) == 1 && values[0] == nil && d.separator == "," {
			values = []any{""}
		}
		for i, v := range values {
			if i > 0 {
				out.WriteString(d.separator)
			}
			out.WriteString(d.field(v))
		}
		return out.WriteByte('\n')
	}
	if err := line(header); err != nil {
		return 0, err
	}
	n, err := each(rows, func(_ int64, values []any) error { return line(values) })
	return n, firstError(err, out.Flush())
}

func csvField(v any) string {
	if v == nil {
		return ""
	}
	s := TextOf(v)
	if s == "" || strings.ContainsAny(s, "\",\r\n") {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}

var tsvEscapes = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`)

func tsvField(v any) string {
	if v == nil {
		return `\N`
	}
	return tsvEscapes.Replace(TextOf(v))
}

func listField(v any) string { return TextOf(v) }

// markdown writes a table of GitHub's Markdown; numbers are aligned to the right.
type markdown struct{}

var markdownEscapes = strings.NewReplacer("|", `\|`, "\r\n", "<br>", "\n", "<br>")

func (markdown) Write(w io.Writer, rows Rows) (int64, error) {
	out := bufio.NewWriter(w)
	columns := rows.Columns()
	header := make([]any, len(columns))
	for i, c := range columns {
		header[i] = c.Name
	}
	line := func(values []any) error {
		out.WriteByte('|')
		for _, v := range values {
			text := ""
			if v != nil {
				text = markdownEscapes.Replace(TextOf(v))
			}
			out.WriteString(" " + text + " |")
		}
		return out.WriteByte('\n')
	}
	if err := line(header); err != nil {
		return 0, err
	}
	out.WriteByte('|')
	for _, c := range columns {
		if numeric(c.Type) {
			out.WriteString("---:|")
		} else {
			out.WriteString("---|")
		}
	}
	out.WriteByte('\n')
	n, err := each(rows, func(_ int64, values []any) error { return line(values) })
	return n, firstError(err, out.Flush())
}
