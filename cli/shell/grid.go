package shell

import (
	"errors"
	"io"
	"slices"
	"sync"

	"psyberg/cli/format"
)

// Grid is the part of a result that has been read. Its rows are added by the
// statement and looked at by the pager, at the same time.
type Grid struct {
	cols []format.Column
	from format.Rows // read by the statement's goroutine only

	mu   sync.Mutex
	rows [][]any
	done bool  // there are no more
	full bool  // maxGrid rows are there: the rest is not read
	err  error // what ended the rows
}

// maxGrid is how many rows a person may page through; -o writes all of them.
const maxGrid = 100_000

func newGrid(rows format.Rows) *Grid { return &Grid{cols: rows.Columns(), from: rows} }

// read reads rows until there are n, or the result ends.
func (g *Grid) read(n int) {
	n = min(n, maxGrid)
	for {
		g.mu.Lock()
		enough := g.done || len(g.rows) >= n
		g.full = !g.done && len(g.rows) >= maxGrid
		g.mu.Unlock()
		if enough {
			return
		}
		row, err := g.from.Next()
		g.mu.Lock()
		if err != nil {
			g.done = true
			if !errors.Is(err, io.EOF) {
				g.err = err
			}
		} else {
			g.rows = append(g.rows, slices.Clone(row))
		}
		g.mu.Unlock()
	}
}

// state is how many rows there are, and whether these are all.
func (g *Grid) state() (n int, done bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.rows), g.done
}

func (g *Grid) row(i int) []any {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.rows[i]
}

// widths are the cells that each column needs, at most limit, judged by the
// rows read first.
func (g *Grid) widths(limit int) []int {
	g.mu.Lock()
	rows := g.rows[:min(len(g.rows), 500)]
	g.mu.Unlock()
	out := make([]int, len(g.cols))
	for i, c := range g.cols {
		out[i] = max(1, cells(format.OneLine(c.Name)))
		for _, r := range rows {
			out[i] = max(out[i], cells(format.OneLine(format.TextOf(r[i]))))
		}
		out[i] = min(out[i], limit)
	}
	return out
}

// boxWidth is how wide a box of the grid is.
func (g *Grid) boxWidth() int {
	n := 1
	for _, w := range g.widths(1 << 20) {
		n += w + 3
	}
	return n
}

// fitting is how many of the first columns a box of that width has room for, at
// most excerptCell cells each; one at least.
func (g *Grid) fitting(width int) int {
	left := width - 1
	for i, w := range g.widths(excerptCell) {
		if left -= w + 3; left < 0 && width > 0 {
			return max(i, 1)
		}
	}
	return len(g.cols)
}

// excerptCell is how wide a cell of an excerpt is at most.
const excerptCell = 32

// replay reads the grid's rows again, and those after it.
type replay struct {
	g    *Grid
	at   int
	only bool // not those after it
	cols int  // the first ones of the columns; 0: all
}

// Columns implements format.Rows.
func (r *replay) Columns() []format.Column {
	if r.cols > 0 {
		return r.g.cols[:r.cols]
	}
	return r.g.cols
}

// Next implements format.Rows.
func (r *replay) Next() ([]any, error) {
	n, done := r.g.state()
	switch {
	case r.at < n:
		r.at++
		return r.g.row(r.at - 1)[:len(r.Columns())], nil
	case r.g.err != nil:
		return nil, r.g.err
	case done || r.only:
		return nil, io.EOF
	}
	return r.g.from.Next()
}
