package shell

import (
	"strings"

	tea "charm.land/bubbletea/v2"
)

// press handles a key while a text is typed.
func (m *model) press(k tea.KeyPressMsg) tea.Cmd {
	key := k.String()
	if m.find != nil {
		return m.pressFind(key, k)
	}
	if key == "ctrl+c" {
		return m.drop()
	}
	m.leaving, m.note = false, ""
	if m.menu != nil {
		if handled := m.pressMenu(key); handled {
			return nil
		}
	}
	switch key {
	case "ctrl+d":
		if m.buf.value() == "" {
			m.quit = true
			return tea.Quit
		}
	case "enter", "ctrl+j":
		if m.complete() {
			return m.submit()
		}
		m.buf.insert("\n")
		m.look()
		return nil
	case "alt+enter", "shift+enter":
		m.buf.insert("\n")
		m.look()
		return nil
	case "tab":
		return m.ask()
	case "ctrl+r":
		m.find = newSearch(m.history, m.buf.value())
		return nil
	case "ctrl+l":
		return m.clear()
	case "ctrl+z":
		return tea.Suspend
	case "up", "ctrl+p":
		if m.buf.onFirst() {
			m.older()
			return nil
		}
	case "down", "ctrl+n":
		if m.buf.onLast() {
			m.newer()
			return nil
		}
	}
	before := m.buf.value()
	m.buf.update(k)
	if m.buf.value() != before {
		m.recall = recall{}
	}
	m.look()
	if m.menu != nil {
		return m.refine()
	}
	return nil
}

// drop is Ctrl-C: what is typed goes; with nothing typed, the second one leaves.
func (m *model) drop() tea.Cmd {
	if m.buf.value() != "" || m.menu != nil {
		m.buf.set("")
		m.menu, m.recall, m.leaving = nil, recall{}, false
		m.note = ""
		m.look()
		return nil
	}
	if m.leaving {
		m.quit = true
		return tea.Quit
	}
	m.leaving = true
	m.note = "Ctrl-C again leaves, so does Ctrl-D"
	return nil
}

func (m *model) older() {
	if text, ok := m.recall.older(m.history, m.buf.value()); ok {
		m.buf.set(text)
		m.look()
	}
}

func (m *model) newer() {
	if text, ok := m.recall.newer(); ok {
		m.buf.set(text)
		m.look()
	}
}

// pressFind handles a key while the history is searched.
func (m *model) pressFind(key string, k tea.KeyPressMsg) tea.Cmd {
	s := m.find
	switch key {
	case "ctrl+r", "up":
		s.find(s.at - 1)
	case "ctrl+s", "down":
		for i := s.at + 1; i < len(s.entries); i++ {
			if strings.Contains(strings.ToLower(s.entries[i]), strings.ToLower(s.typed)) {
				s.at, s.failed = i, false
				break
			}
		}
	case "esc", "ctrl+c", "ctrl+g":
		m.buf.set(s.before)
		m.find = nil
	case "enter", "tab", "right", "left", "home", "end":
		if text := s.shown(); text != "" {
			m.buf.set(text)
		}
		m.find = nil
		m.look()
	case "backspace", "ctrl+h":
		if r := []rune(s.typed); len(r) > 0 {
			s.typed = string(r[:len(r)-1])
			s.find(len(s.entries) - 1)
		}
	default:
		if k.Text != "" {
			s.typed += k.Text
			s.find(s.at)
			if s.at >= len(s.entries) {
				s.find(len(s.entries) - 1)
			}
		}
	}
	return nil
}
