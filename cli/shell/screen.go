package shell

import (
	"errors"
	"fmt"
	"io"

	"psyberg/cli/format"
)

// Settings are what commands change about the prompt.
type Settings struct {
	Timing   bool
	Expanded string // \x: "off", "on", or "auto": row by row where a line would be too wide
	Format   string // \format; "" or "box" is the screen's own
	Pager    bool   // \pager: results that do not fit are paged through
	MaxRows  int    // how many rows of a longer result a box shows; 0: all
}

// Screen shows results to a person. It is a format.Writer.
type Screen struct {
	Settings *Settings
	// Size is the terminal's, in cells; 0 is unknown. nil: likewise.
	Size func() (width, height int)
	// Page shows a grid until the person has seen enough; nil where there is no pager.
	Page func(*Grid) error
	// Plain says that results go to a file: no box is cut, nothing is paged.
	Plain func() bool
}

// firstRows are read before a result is shown.
const firstRows = 1000

// Write implements format.Writer.
func (s *Screen) Write(w io.Writer, rows format.Rows) (int64, error) {
	set := s.Settings
	if name := set.Format; set.Expanded == "on" || name != "" && name != "box" {
		if set.Expanded == "on" {
			name = "vertical"
		}
		f, err := format.New(name, format.Options{})
		if err != nil {
			return 0, err
		}
		return f.Write(w, rows)
	}
	width, height := 0, 0
	file := s.Plain != nil && s.Plain()
	if s.Size != nil && !file {
		width, height = s.Size()
	}
	g := newGrid(rows)
	g.read(firstRows)
	n, all := g.state()
	wide := width > 0 && g.boxWidth() > width
	switch {
	case set.Expanded == "auto" && wide:
		f, err := format.New("vertical", format.Options{})
		if err != nil {
			return 0, err
		}
		return f.Write(w, &replay{g: g})
	case s.Page != nil && set.Pager && !file && g.err == nil && n > 0 && (wide || !all || height > 0 && n+5 > height):
		return s.page(w, g, width, height)
	}
	opts := format.Options{MaxRows: set.MaxRows, MaxWidth: width}
	if file {
		opts.MaxRows = 0
	}
	f, err := format.New("box", opts)
	if err != nil {
		return 0, err
	}
	return f.Write(w, &replay{g: g})
}

// page shows the grid in the pager, and leaves an excerpt of it in the scrollback.
func (s *Screen) page(w io.Writer, g *Grid, width, height int) (int64, error) {
	if err := s.Page(g); err != nil {
		return 0, err
	}
	n, all := g.state()
	shown := max(4, min(height-8, 40))
	f, err := format.New("box", format.Options{MaxRows: shown, MaxWidth: width})
	if err != nil {
		return 0, err
	}
	cols := g.fitting(width)
	if _, err := f.Write(w, &replay{g: g, only: true, cols: cols}); err != nil {
		return int64(n), err
	}
	if cols < len(g.cols) {
		if _, err := fmt.Fprintf(w, "%d of %d columns\n", cols, len(g.cols)); err != nil {
			return int64(n), err
		}
	}
	if all {
		return int64(n), nil
	}
	if _, err := fmt.Fprintf(w, "the first %d rows; -o or \\o FILE takes all of them\n", n); err != nil {
		return int64(n), err
	}
	return int64(n), ErrEnough
}

// ErrEnough ends a statement whose rows nobody wants any more.
var ErrEnough = errors.New("the rest is not wanted")
