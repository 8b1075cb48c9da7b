package shell

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
)

// Prompts before the first line and the ones after it.
const (
	promptFirst = "psyql> "
	promptMore  = "  ...> "
)

// View implements tea.Model.
func (m *model) View() tea.View {
	if m.page != nil {
		v := tea.NewView(m.page.view(m.width, m.height))
		v.AltScreen = true
		return v
	}
	if m.quit {
		return tea.NewView("")
	}
	if m.job != nil {
		return tea.NewView(m.running())
	}
	if m.find != nil {
		return m.viewFind()
	}
	l := m.desk.Styles.arrange(m.buf.value(), m.buf.cursor(), m.width, promptFirst, promptMore)
	below := m.below()
	rows, y := window(l.rows, l.y, max(1, m.height-len(below)-1))
	v := tea.NewView(strings.Join(append(rows, below...), "\n"))
	v.Cursor = tea.NewCursor(min(l.x, m.width-1), y)
	v.Cursor.Blink = false
	return v
}

// window are at most n of the rows, the cursor's among them.
func window(rows []string, y, n int) ([]string, int) {
	if len(rows) <= n {
		return rows[:len(rows):len(rows)], y
	}
	top := min(max(0, y-n+1), len(rows)-n)
	return rows[top : top+n : top+n], y - top
}

// below is what stands under the text: the menu, a hint, a note.
func (m *model) below() []string {
	st := m.desk.Styles
	var out []string
	switch {
	case m.menu != nil:
		out = m.menu.lines(st, m.width)
	case m.note != "":
		out = []string{st.Paint(styleDim, clip(m.note, m.width))}
	case m.hintCall != "":
		out = append(out, st.Paint(styleDim, "  ")+clipStyled(m.hintCall, m.width-2))
		if m.hintAbout != "" {
			out = append(out, st.Paint(styleDim, clip("  "+m.hintAbout, m.width)))
		}
	}
	room := max(0, m.height-3)
	return out[:min(len(out), room)]
}

// clear empties the screen: the terminal's cursor goes to where the renderer
// believes it to be, if the view began in the first row.
func (m *model) clear() tea.Cmd {
	x, y := 0, 0
	if c := m.View().Cursor; c != nil {
		x, y = c.X, c.Y
	}
	return tea.Sequence(tea.Raw(fmt.Sprintf("\x1b[2J\x1b[%d;%dH", y+1, x+1)), tea.ClearScreen)
}

// running is the line of a statement that runs.
func (m *model) running() string {
	if m.job.since < 300*time.Millisecond && !m.job.stopped {
		return ""
	}
	text := fmt.Sprintf("%.1f s", m.job.since.Seconds())
	if p := m.desk.Session.Progress(); p > 0 {
		text += fmt.Sprintf(" · %.0f %%", p)
	}
	if m.job.stopped {
		text += " · stopping"
	} else {
		text += " · Ctrl-C ends it"
	}
	if n := len(m.ahead); n > 0 {
		text += fmt.Sprintf(" · %d keys typed ahead", n)
	}
	return m.desk.Styles.Paint(styleDim, clip(text, m.width))
}

// viewFind is the screen while the history is searched.
func (m *model) viewFind() tea.View {
	st := m.desk.Styles
	head := "history: "
	if m.find.failed {
		head = "history, nothing with: "
	}
	l := st.arrange(m.find.shown(), 0, m.width, promptFirst, promptMore)
	rows, _ := window(l.rows, 0, max(1, m.height-3))
	line := st.Paint(styleDim, head) + m.find.typed
	v := tea.NewView(strings.Join(append(rows, line, st.Paint(styleDim, clip("Ctrl-R older · Enter takes it · Esc back", m.width))), "\n"))
	v.Cursor = tea.NewCursor(min(cells(head+m.find.typed), m.width-1), len(rows))
	v.Cursor.Blink = false
	return v
}

// clipStyled cuts a line with codes in it to n cells.
func clipStyled(s string, n int) string {
	var b strings.Builder
	left, cut := n, false
	for s != "" {
		if i := strings.IndexByte(s, '\x1b'); i == 0 {
			end := strings.IndexByte(s, 'm') + 1
			if end <= 0 {
				break
			}
			b.WriteString(s[:end])
			s = s[end:]
			continue
		}
		i := strings.IndexByte(s, '\x1b')
		if i < 0 {
			i = len(s)
		}
		if !cut {
			part, w := take(s[:i], left)
			b.WriteString(part)
			left -= w
			cut = len(part) < i
		}
		s = s[i:]
	}
	return b.String()
}
