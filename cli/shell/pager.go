package shell

import (
	"fmt"
	"strings"

	"psyberg/cli/format"
)

// pager shows a grid: the header stays, wide tables scroll sideways by columns,
// Enter shows one row with its nested values taken apart.
type pager struct {
	g      *Grid
	st     Styles
	widths []int
	// row is the one that is marked, top the first on the screen, col the first column.
	row, top, col int
	height        int // of the screen, as it was drawn last
	detail        *detail
	typing        bool   // a text to look for
	find          string // the text
	note          string
	want          func(n int) // asks for rows; they come later
}

// maxCell is how many cells a column takes at most in the pager.
const maxCell = 50

func newPager(g *Grid, st Styles, want func(int)) *pager {
	return &pager{g: g, st: st, widths: g.widths(maxCell), want: want, height: 24}
}

// press handles a key; true: the person has seen enough.
func (p *pager) press(key, text string) (leave bool) {
	p.note = ""
	if p.typing {
		p.search(key, text)
		return false
	}
	if p.detail != nil {
		return p.pressDetail(key)
	}
	page := max(1, p.height-5)
	switch key {
	case "q", "esc", "ctrl+c", "ctrl+d":
		return true
	case "down", "j", "ctrl+n":
		p.move(1)
	case "up", "k", "ctrl+p":
		p.move(-1)
	case "space", "pgdown", "f", "ctrl+f":
		p.move(page)
	case "b", "pgup", "ctrl+b":
		p.move(-page)
	case "home", "g":
		p.row = 0
	case "end", "G":
		p.want(maxGrid)
		n, _ := p.g.state()
		p.row = n - 1
	case "right", "l":
		p.col = min(p.col+1, len(p.widths)-1)
	case "left", "h":
		p.col = max(p.col-1, 0)
	case "0", "ctrl+a":
		p.col = 0
	case "$", "ctrl+e":
		p.col = len(p.widths) - 1
	case "enter":
		p.detail = newDetail(p.g, p.row)
	case "/":
		p.typing, p.find = true, ""
	case "n":
		p.next(1)
	case "N":
		p.next(-1)
	case "?":
		p.note = "arrows, pgup/pgdown, home/end move · 0 $ first/last column · Enter shows the row · / finds, n N again · q leaves"
	}
	return false
}

func (p *pager) move(by int) {
	n, done := p.g.state()
	if p.row+by+p.height >= n && !done {
		p.want(n + firstRows)
	}
	p.row = max(0, min(p.row+by, n-1))
}

// search takes a key while a text to look for is typed.
func (p *pager) search(key, text string) {
	switch key {
	case "enter":
		p.typing = false
		p.next(0)
	case "esc", "ctrl+c":
		p.typing = false
	case "backspace":
		if r := []rune(p.find); len(r) > 0 {
			p.find = string(r[:len(r)-1])
		}
	default:
		p.find += text
	}
}

// next marks the next row that has the text, from by rows further on.
func (p *pager) next(by int) {
	n, done := p.g.state()
	step := 1
	if by < 0 {
		step = -1
	}
	for i := p.row + by; i >= 0 && i < n && p.find != ""; i += step {
		for _, v := range p.g.row(i) {
			if strings.Contains(strings.ToLower(format.TextOf(v)), strings.ToLower(p.find)) {
				p.row = i
				return
			}
		}
	}
	p.note = fmt.Sprintf("%q: not found", p.find)
	if !done {
		p.note += " in the rows read so far; G reads on"
	}
}

// view is the screen.
func (p *pager) view(width, height int) string {
	p.height = height
	if p.detail != nil {
		return p.detail.view(p, width, height)
	}
	body := max(1, height-4)
	n, _ := p.g.state()
	p.row = max(0, min(p.row, n-1))
	p.top = min(p.top, p.row)
	p.top = max(p.top, p.row-body+1)
	gutter := len(fmt.Sprint(max(1, n)))
	var lines []string
	names, types := p.header(width - gutter - 1)
	pad := strings.Repeat(" ", gutter+1)
	lines = append(lines, pad+p.st.Paint(styleHeader, names), pad+p.st.Paint(styleDim, types),
		p.st.Paint(styleDim, strings.Repeat("─", width)))
	for i := p.top; i < p.top+body; i++ {
		if i >= n {
			lines = append(lines, "")
			continue
		}
		number := p.st.Paint(styleDim, fill(fmt.Sprint(i+1), gutter, true))
		lines = append(lines, number+" "+p.line(p.g.row(i), width-gutter-1, i == p.row))
	}
	return strings.Join(append(lines, p.status(width, body, n)), "\n")
}

// header is names and types of the columns from the first one shown on.
func (p *pager) header(width int) (names, types string) {
	var a, b strings.Builder
	left := width
	for i := p.col; i < len(p.widths) && left > 0; i++ {
		w := min(p.widths[i], left)
		right := format.Numeric(p.g.cols[i].Type)
		a.WriteString(fill(format.OneLine(p.g.cols[i].Name), w, right))
		b.WriteString(fill(strings.ToLower(p.g.cols[i].Type), w, right))
		if left -= w; left >= 2 {
			a.WriteString("  ")
			b.WriteString("  ")
		}
		left -= 2
	}
	return a.String(), b.String()
}

// line is one row; NULL is dim, so that it is told from the text "NULL".
func (p *pager) line(row []any, width int, marked bool) string {
	var b strings.Builder
	left := width
	for i := p.col; i < len(p.widths) && left > 0; i++ {
		w := min(p.widths[i], left)
		code := ""
		if row[i] == nil {
			code = styleDim
		}
		if marked {
			code = strings.TrimPrefix(code+";"+styleChosen, ";")
		}
		b.WriteString(p.st.Paint(code, fill(format.OneLine(format.TextOf(row[i])), w, format.Numeric(p.g.cols[i].Type))))
		if left -= w; left >= 2 {
			gap := "  "
			if marked {
				gap = p.st.Paint(styleChosen, gap)
			}
			b.WriteString(gap)
		}
		left -= 2
	}
	return b.String()
}

func (p *pager) status(width, body, n int) string {
	if p.typing {
		return clip("/"+p.find, width)
	}
	_, done := p.g.state()
	of := fmt.Sprint(n)
	if !done {
		of += "+"
	}
	text := fmt.Sprintf("rows %d-%d of %s", min(p.top+1, n), min(p.top+body, n), of)
	if len(p.widths) > 1 {
		text += fmt.Sprintf(" · columns %d- of %d", p.col+1, len(p.widths))
	}
	text += " · Enter row · / find · ? keys · q leaves"
	if p.note != "" {
		text = p.note
	}
	return p.st.Paint(styleChosen, fill(text, width, false))
}
