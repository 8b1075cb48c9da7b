package shell

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// layout is a text as rows of a screen, with the cursor's place in it.
type layout struct {
	rows []string
	x, y int // of the cursor
}

// arrange breaks text into rows of at most width cells, each line behind its
// prompt; cursor is a byte of text. Characters of two cells are not torn apart,
// combining ones stay with what they belong to, a tab is four blanks, and what
// would move the terminal's cursor is shown as a mark.
func (st Styles) arrange(text string, cursor, width int, first, more string) layout {
	var (
		l    layout
		row  strings.Builder
		x    int
		run  strings.Builder // cells of one style
		code string
	)
	emit := func() {
		row.WriteString(st.Paint(code, run.String()))
		run.Reset()
	}
	newRow := func(prompt string) {
		x = uniseg.StringWidth(prompt)
		row.WriteString(st.Paint(stylePrompt, prompt))
	}
	endRow := func() {
		emit()
		l.rows = append(l.rows, row.String())
		row.Reset()
	}
	here := func() { l.x, l.y = x, len(l.rows) }

	newRow(first)
	spans, n := paintSQL(text), 0
	state, rest, at := -1, text, 0
	for rest != "" {
		var cluster string
		var w int
		cluster, rest, w, state = uniseg.FirstGraphemeClusterInString(rest, state)
		for n+1 < len(spans) && at >= spans[n].end {
			n++
		}
		if c := spans[n].code; c != code {
			emit()
			code = c
		}
		if cluster == "\n" || cluster == "\r\n" {
			if at == cursor {
				here()
			}
			endRow()
			newRow(more)
			at += len(cluster)
			continue
		}
		shown := cluster
		switch {
		case cluster == "\t":
			shown, w = "    ", 4
		case unprintable(cluster):
			shown, w = "¿", 1
		}
		if x+w > width && x > 0 {
			endRow()
			x = 0
		}
		if cursor >= at && cursor < at+len(cluster) {
			here()
		}
		run.WriteString(shown)
		x += w
		at += len(cluster)
	}
	if cursor >= len(text) {
		if x >= width && width > 0 {
			endRow()
			x = 0
		}
		here()
	}
	endRow()
	return l
}

// unprintable tells control characters, and bytes that are no text.
func unprintable(cluster string) bool {
	r, n := utf8.DecodeRuneInString(cluster)
	return unicode.IsControl(r) || r == utf8.RuneError && n == 1
}

// cells is how many cells s takes.
func cells(s string) int { return uniseg.StringWidth(s) }

// clip cuts s to at most n cells, with an ellipsis where something is left out.
func clip(s string, n int) string {
	if n <= 0 {
		return ""
	}
	if len(s) <= n || cells(s) <= n {
		return s
	}
	out, _ := take(s, n-1)
	return out + "…"
}

// tail is the end of s on at most n cells: of a path the last part matters.
func tail(s string, n int) string {
	for cells(s) > n {
		_, i, _, _ := uniseg.FirstGraphemeClusterInString(strings.TrimPrefix(s, "…"), -1)
		s = "…" + i
		if i == "" {
			break
		}
	}
	return s
}

// take is the longest beginning of s of at most n cells, and how many it has.
func take(s string, n int) (string, int) {
	state, rest, at, x := -1, s, 0, 0
	for rest != "" {
		var cluster string
		var w int
		cluster, rest, w, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if x+w > n {
			break
		}
		x += w
		at += len(cluster)
	}
	return s[:at], x
}

// fill is s on exactly n cells.
func fill(s string, n int, right bool) string {
	s = clip(s, n)
	space := strings.Repeat(" ", max(0, n-cells(s)))
	if right {
		return space + s
	}
	return s + space
}
