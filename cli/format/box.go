package format

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// sampleRows is how many rows a box reads before it decides how wide its
// columns are. A later value that is wider is shown whole, its line out of step.
const sampleRows = 1000

// minColumn is the width below which a column is not cut to fit a terminal.
const minColumn = 8

// box draws a table for people, numbers to the right. At most sampleRows rows,
// or Options.MaxRows of them, are held in memory.
type box struct{ opts Options }

type boxed struct {
	out    *bufio.Writer
	cols   []Column
	widths []int
	cut    bool // cells are cut to widths
}

func (x box) Write(w io.Writer, rows Rows) (int64, error) {
	b := &boxed{out: bufio.NewWriter(w), cols: rows.Columns()}
	head, err := sample(rows)
	n := int64(len(head))
	b.measure(head, x.opts.MaxWidth)
	b.rule("┌", "┬", "┐")
	names := make([]string, len(b.cols))
	for i, c := range b.cols {
		names[i] = oneLine(c.Name)
	}
	b.line(names)
	b.rule("├", "┼", "┤")
	limit := x.opts.MaxRows
	if all := errors.Is(err, io.EOF) && n <= int64(limit); limit > 0 && !all {
		n, err = b.ends(rows, head, limit, err)
	} else {
		n, err = b.all(rows, head, err)
	}
	b.rule("└", "┴", "┘")
	if limit > 0 && n > int64(limit) {
		fmt.Fprintf(b.out, "%d rows, %d shown\n", n, limit)
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, firstError(err, b.out.Flush())
}

// sample reads the rows that decide the widths; err is io.EOF where these were all.
func sample(rows Rows) (head [][]string, err error) {
	for len(head) < sampleRows {
		values, err := rows.Next()
		if err != nil {
			return head, err
		}
		head = append(head, texts(values))
	}
	return head, nil
}

// all shows the rows of the sample and those after it.
func (b *boxed) all(rows Rows, head [][]string, err error) (int64, error) {
	for _, cells := range head {
		b.line(cells)
	}
	n := int64(len(head))
	if err == nil {
		var more int64
		more, err = each(rows, func(_ int64, values []any) error {
			b.line(texts(values))
			return b.fault()
		})
		n += more
	}
	return n, err
}

// ends shows the first and the last rows of a result that has more than limit.
func (b *boxed) ends(rows Rows, head [][]string, limit int, err error) (int64, error) {
	first, n := (limit+1)/2, int64(len(head))
	last := limit - first
	for _, cells := range head[:min(first, len(head))] {
		b.line(cells)
	}
	tail := append([][]string{}, head[max(first, len(head)-last):]...)
	if err == nil {
		var more int64
		more, err = each(rows, func(_ int64, values []any) error {
			if tail = append(tail, texts(values)); len(tail) > last {
				tail = tail[len(tail)-last:]
			}
			return nil
		})
		n += more
	}
	if n > int64(limit) {
		dots := make([]string, len(b.cols))
		for i := range dots {
			dots[i] = "·"
		}
		b.line(dots)
	}
	for _, cells := range tail {
		b.line(cells)
	}
	return n, err
}

func texts(values []any) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = oneLine(TextOf(v))
	}
	return out
}

// measure sets the widths; with maxWidth the widest columns give way until a
// line fits, or none is wider than minColumn.
func (b *boxed) measure(head [][]string, maxWidth int) {
	b.widths = make([]int, len(b.cols))
	total := 1
	for i, c := range b.cols {
		b.widths[i] = width(oneLine(c.Name))
		for _, cells := range head {
			b.widths[i] = max(b.widths[i], width(cells[i]))
		}
		total += b.widths[i] + 3
	}
	for maxWidth > 0 && total > maxWidth {
		b.cut = true
		widest := 0
		for i := range b.widths {
			if b.widths[i] > b.widths[widest] {
				widest = i
			}
		}
		if b.widths[widest] <= minColumn {
			return
		}
		b.widths[widest]--
		total--
	}
}

func (b *boxed) rule(left, mid, right string) {
	b.out.WriteString(left)
	for i, w := range b.widths {
		if i > 0 {
			b.out.WriteString(mid)
		}
		b.out.WriteString(strings.Repeat("─", w+2))
	}
	b.out.WriteString(right + "\n")
}

func (b *boxed) line(cells []string) {
	for i, s := range cells {
		if b.cut {
			s = fit(s, b.widths[i])
		}
		b.out.WriteString("│ " + pad(s, b.widths[i], numeric(b.cols[i].Type)) + " ")
	}
	b.out.WriteString("│\n")
}

// fault is the error of the writer below, so that a closed pipe ends a long result.
func (b *boxed) fault() error {
	_, err := b.out.Write(nil)
	return err
}

// vertical writes a block for each row and a line for each column: what \x shows.
type vertical struct{}

func (vertical) Write(w io.Writer, rows Rows) (int64, error) {
	out := bufio.NewWriter(w)
	cols := rows.Columns()
	names, widest := make([]string, len(cols)), 0
	for i, c := range cols {
		names[i] = oneLine(c.Name)
		widest = max(widest, width(names[i]))
	}
	n, err := each(rows, func(n int64, values []any) error {
		head := fmt.Sprintf("─[ row %d ]", n+1)
		out.WriteString(head + strings.Repeat("─", max(0, widest+3-width(head))) + "\n")
		for i, s := range texts(values) {
			out.WriteString(pad(names[i], widest, false) + " │ " + s + "\n")
		}
		_, err := out.Write(nil)
		return err
	})
	return n, firstError(err, out.Flush())
}
