package shell

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"psyberg/cli/format"
)

// detail is one row of the pager, a column below the other, nested values
// taken apart.
type detail struct {
	row, top int
	lines    []string
}

func newDetail(g *Grid, row int) *detail {
	d := &detail{row: row}
	if n, _ := g.state(); row >= n {
		return d
	}
	widest := 0
	for _, c := range g.cols {
		widest = max(widest, min(30, cells(format.OneLine(c.Name))))
	}
	for i, v := range g.row(row) {
		name := fill(format.OneLine(g.cols[i].Name), widest, false)
		text := unfold(v, 0)
		for j, l := range text {
			if j > 0 {
				name = strings.Repeat(" ", widest)
			}
			d.lines = append(d.lines, name+" │ "+l)
		}
	}
	return d
}

// unfold is a value on several lines: fields, entries and elements one each.
func unfold(v any, depth int) []string {
	indent := strings.Repeat("  ", depth)
	var out []string
	add := func(label string, e any) {
		sub := unfold(e, depth+1)
		if nested(e) {
			out = append(out, indent+label)
			out = append(out, sub...)
			return
		}
		out = append(out, indent+label+" "+strings.TrimLeft(sub[0], " "))
	}
	switch v := v.(type) {
	case format.Struct:
		for i, e := range v.Values {
			add(format.OneLine(v.Names[i])+":", e)
		}
	case format.Map:
		for i, e := range v.Values {
			add(format.OneLine(format.TextOf(v.Keys[i]))+" →", e)
		}
	case []any:
		for _, e := range v {
			add("-", e)
		}
	case format.JSON:
		var b bytes.Buffer
		if json.Indent(&b, []byte(v), "", "  ") == nil {
			for _, l := range strings.Split(b.String(), "\n") {
				out = append(out, indent+format.OneLine(l))
			}
		}
	case string:
		for _, l := range strings.Split(v, "\n") {
			out = append(out, indent+format.OneLine(l))
		}
	}
	if len(out) == 0 {
		out = []string{indent + format.OneLine(format.TextOf(v))}
	}
	return out
}

// nested reports whether a value is shown on lines of its own.
func nested(v any) bool {
	switch v := v.(type) {
	case format.Struct:
		return len(v.Values) > 0
	case format.Map:
		return len(v.Values) > 0
	case []any:
		return len(v) > 0
	}
	return false
}

// pressDetail handles a key while one row is shown.
func (p *pager) pressDetail(key string) (leave bool) {
	d, page := p.detail, max(1, p.height-3)
	switch key {
	case "q", "esc", "enter", "backspace":
		p.detail = nil
	case "ctrl+c":
		return true
	case "down", "j":
		d.top++
	case "up", "k":
		d.top--
	case "space", "pgdown":
		d.top += page
	case "b", "pgup":
		d.top -= page
	case "home", "g":
		d.top = 0
	case "end", "G":
		d.top = len(d.lines)
	case "right", "l", "n":
		p.move(1)
		p.detail = newDetail(p.g, p.row)
	case "left", "h", "N":
		p.move(-1)
		p.detail = newDetail(p.g, p.row)
	}
	return false
}

func (d *detail) view(p *pager, width, height int) string {
	body := max(1, height-1)
	d.top = max(0, min(d.top, len(d.lines)-body))
	var lines []string
	for i := d.top; i < d.top+body; i++ {
		l := ""
		if i < len(d.lines) {
			l = clip(d.lines[i], width)
		}
		lines = append(lines, l)
	}
	n, _ := p.g.state()
	text := fmt.Sprintf("row %d of %d · left and right for its neighbours · q back to the table", d.row+1, n)
	return strings.Join(append(lines, p.st.Paint(styleChosen, fill(text, width, false))), "\n")
}
