package format

import (
	"bufio"
	"errors"
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
	null      string
	special   string // what a text with one of these is written anew for; "": none
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
	if cells, ok := rows.(Cells); ok {
		n, err := d.cells(out, cells)
		return n, firstError(err, out.Flush())
	}
	n, err := each(rows, func(_ int64, values []any) error { return line(values) })
	return n, firstError(err, out.Flush())
}

// batchBytes is how much text is held before it is written.
const batchBytes = 1 << 15

// cells writes rows cell by cell.
func (d delimited) cells(w io.Writer, rows Cells) (n int64, err error) {
	columns, buf := len(rows.Columns()), make([]byte, 0, batchBytes+1<<12)
	special := [256]bool{}
	for i := range len(d.special) {
		special[d.special[i]] = true
	}
	for ; ; n++ {
		if err = rows.Advance(); err != nil {
			break
		}
		for i := range columns {
			if i > 0 {
				buf = append(buf, d.separator...)
			}
			from, null := len(buf), false
			if buf, null, err = rows.AppendCell(buf, i); err != nil {
				buf = buf[:from]
				_, e := w.Write(buf)
				return n, firstError(err, e)
			}
			switch {
			case null && columns == 1 && d.separator == ",":
				buf = append(buf, `""`...)
			case null:
				buf = append(buf, d.null...)
			case d.special != "" && (len(buf) == from || anyOf(buf[from:], &special)):
				text := d.field(string(buf[from:]))
				buf = append(buf[:from], text...)
			}
		}
		buf = append(buf, '\n')
		if len(buf) >= batchBytes {
			if _, err := w.Write(buf); err != nil {
				return n + 1, err
			}
			buf = buf[:0]
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	_, e := w.Write(buf)
	return n, firstError(err, e)
}

func anyOf(text []byte, special *[256]bool) bool {
	for _, c := range text {
		if special[c] {
			return true
		}
	}
	return false
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
