package shell

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
)

// menu is what Tab found, below the text.
type menu struct {
	found  Completion
	chosen int // -1: none yet
	top    int
}

// menuRows is how many rows of it are on the screen.
const menuRows = 8

// patience is how long Tab waits for a catalog.
const patience = 3 * time.Second

// ask begins to complete; what it finds comes as a message.
func (m *model) ask() tea.Cmd {
	m.asked++
	number, text, at := m.asked, m.buf.value(), m.buf.cursor()
	if strings.TrimSpace(text[strings.LastIndexByte(text[:at], '\n')+1:at]) == "" && text != "" {
		m.buf.insert("  ") // at the begin of a line Tab indents
		return nil
	}
	ctx, comp := m.ctx, m.comp
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		return completedMsg{number, at, text, comp.complete(ctx, text, at)}
	}
}

// refine asks again while the menu is open and a person types on.
func (m *model) refine() tea.Cmd {
	if m.buf.cursor() < m.menu.found.From {
		m.menu = nil
		return nil
	}
	return m.ask()
}

// completed shows what was found: one thing is put there, several are listed,
// what they have in common is put there too.
func (m *model) completed(msg completedMsg) tea.Cmd {
	if msg.number != m.asked || m.job != nil || msg.text != m.buf.value() || msg.at != m.buf.cursor() {
		return nil // typed on meanwhile
	}
	items := msg.found.Items
	typed := msg.text[msg.found.From:msg.at]
	open := m.menu != nil
	m.menu = nil
	switch {
	case len(items) == 0:
		if !open {
			m.note = "nothing to complete"
		}
	case len(items) == 1 && !open:
		m.put(msg.found, items[0])
	default:
		if common := commonPrefix(items); !open && len(common) > len(typed) && strings.EqualFold(common[:len(typed)], typed) {
			m.buf.replace(msg.found.From, common)
		}
		m.menu = &menu{found: msg.found, chosen: -1}
	}
	m.look()
	return nil
}

// put writes an item where it belongs.
func (m *model) put(found Completion, it Item) {
	text := it.Text + it.More
	rest := m.buf.value()[m.buf.cursor():]
	// A closing quote that is there already is not written twice.
	if strings.HasSuffix(text, "'") && strings.HasPrefix(rest, "'") {
		text = strings.TrimSuffix(text, "'")
	}
	m.buf.replace(found.From, text)
	m.look()
}

func commonPrefix(items []Item) string {
	p := items[0].Text
	for _, it := range items[1:] {
		for !strings.HasPrefix(it.Text, p) {
			p = p[:len(p)-1]
		}
	}
	return p
}

// pressMenu handles a key while the menu is open; false: it is for the text.
func (m *model) pressMenu(key string) bool {
	n := len(m.menu.found.Items)
	switch key {
	case "tab", "down", "ctrl+n":
		m.menu.chosen = (m.menu.chosen + 1) % n
	case "shift+tab", "up", "ctrl+p":
		m.menu.chosen = (m.menu.chosen + n - min(1, m.menu.chosen+1)) % n
		if m.menu.chosen < 0 {
			m.menu.chosen = n - 1
		}
	case "pgdown":
		m.menu.chosen = min(m.menu.chosen+menuRows, n-1)
	case "pgup":
		m.menu.chosen = max(m.menu.chosen-menuRows, 0)
	case "enter", "right":
		if m.menu.chosen < 0 {
			m.menu = nil
			return false
		}
		it, found := m.menu.found.Items[m.menu.chosen], m.menu.found
		m.menu = nil
		m.put(found, it)
	case "esc":
		m.menu = nil
	default:
		return false
	}
	return true
}

// lines are the menu's rows, what is beside each one dim, a line about the one
// that is chosen below.
func (m *menu) lines(st Styles, width int) []string {
	items := m.found.Items
	rows := min(menuRows, len(items))
	m.top = max(0, min(m.top, max(m.chosen, 0)))
	m.top = max(m.top, m.chosen-rows+1)
	widest := 0
	for _, it := range items[m.top : m.top+rows] {
		widest = max(widest, min(cells(it.Text), width/2))
	}
	var out []string
	for i := m.top; i < m.top+rows; i++ {
		it := items[i]
		beside := it.Kind
		if beside == "" || it.Doc != "" && len(it.Kind) < 24 {
			beside = strings.TrimSpace(it.Kind + "  " + it.Doc)
		}
		name := fill(it.Text, widest, false)
		room := width - widest - 4
		if i == m.chosen {
			name = st.Paint(styleChosen, name)
		}
		out = append(out, "  "+name+"  "+st.Paint(styleDim, clip(beside, room)))
	}
	if len(items) > rows {
		out = append(out, st.Paint(styleDim, fmt.Sprintf("  %d of %d", max(m.chosen, 0)+1, len(items))))
	}
	return out
}
