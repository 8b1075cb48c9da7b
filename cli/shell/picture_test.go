package shell

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"

	"github.com/rivo/uniseg"
)

// A cell of a picture, in pixels; and what the terminal's sixteen colours look like.
const (
	cellWidth, cellHeight = 9, 19
	ink, paper            = "#e4e4e4", "#121212"
)

var palette = strings.Fields("#3b3b3b #e03c3c #3fae3f #c9a227 #5c7cff #c95fd0 #35b5b5 #d0d0d0 " +
	"#8a8a8a #ff6b6b #6fd66f #f0d060 #8fa8ff #e88cf0 #6fdede #ffffff")

// pen is how a terminal writes until the next escape sequence.
type pen struct {
	fore, back            string
	bold, under, reversed bool
}

// take follows the numbers of a sequence ESC [ ... m.
func (p *pen) take(numbers string) {
	for _, s := range strings.Split(numbers, ";") {
		switch n, _ := strconv.Atoi(s); {
		case n == 0:
			*p = pen{}
		case n == 1:
			p.bold = true
		case n == 4:
			p.under = true
		case n == 7:
			p.reversed = true
		case n == 22:
			p.bold = false
		case n == 24:
			p.under = false
		case n == 27:
			p.reversed = false
		case n == 39:
			p.fore = ""
		case n == 49:
			p.back = ""
		case n >= 30 && n <= 37:
			p.fore = palette[n-30]
		case n >= 90 && n <= 97:
			p.fore = palette[n-90+8]
		case n >= 40 && n <= 47:
			p.back = palette[n-40]
		}
	}
}

// picture draws a screen with its colours, as Terminal.Colours has it, as SVG: each
// piece of one look has its own place and length, whatever font the reader has.
func picture(screen string, columns, rows int) string {
	var out strings.Builder
	width, height := (columns+2)*cellWidth, (rows+1)*cellHeight
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="15">`+"\n", width, height, width, height)
	fmt.Fprintf(&out, `<rect width="%d" height="%d" rx="6" fill="%s"/>`+"\n", width, height, paper)
	var p pen
	for y, line := range strings.Split(strings.TrimRight(screen, "\n"), "\n") {
		x := 1
		for i, piece := range strings.Split(line, "\x1b[") {
			if i > 0 {
				var numbers string
				numbers, piece, _ = strings.Cut(piece, "m")
				p.take(numbers)
			}
			p.draw(&out, piece, x, y)
			x += uniseg.StringWidth(piece)
		}
	}
	return out.String() + "</svg>\n"
}

func (p pen) draw(out *strings.Builder, text string, x, y int) {
	fore, back := p.fore, p.back
	if fore == "" {
		fore = ink
	}
	if p.reversed {
		if back == "" {
			back = paper
		}
		fore, back = back, fore
	}
	left, length := x*cellWidth, uniseg.StringWidth(text)*cellWidth
	if back != "" && length > 0 {
		fmt.Fprintf(out, `<rect x="%d" y="%d" width="%d" height="%d" fill="%s"/>`+"\n", left, y*cellHeight+cellHeight/2, length, cellHeight, back)
	}
	left += (len(text) - len(strings.TrimLeft(text, " "))) * cellWidth
	if text = strings.Trim(text, " "); text == "" {
		return
	}
	length = uniseg.StringWidth(text) * cellWidth
	look := ""
	if p.bold {
		look += ` font-weight="bold"`
	}
	if p.under {
		look += ` text-decoration="underline"`
	}
	fmt.Fprintf(out, `<text x="%d" y="%d" textLength="%d" lengthAdjust="spacingAndGlyphs" fill="%s"%s>`, left, (y+1)*cellHeight+cellHeight/3-1, length, fore, look)
	_ = xml.EscapeText(out, []byte(strings.ReplaceAll(text, " ", "\u00a0"))) // of several blanks a reader would show one
	out.WriteString("</text>\n")
}
