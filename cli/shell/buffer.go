package shell

import (
	"strings"
	"unicode/utf8"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textarea"
	tea "charm.land/bubbletea/v2"
)

// buffer is the text being edited: the bubbles textarea as the edit model only.
type buffer struct {
	area textarea.Model
	keys textarea.KeyMap
}

// tab stands for a tab in the textarea, which would make blanks of it: a pasted
// text keeps its bytes.
const tab = '\ue009'

// maxLines is the textarea's own limit; what is longer belongs into a file.
const maxLines = 10000

func newBuffer() buffer {
	b := buffer{area: textarea.New()}
	b.area.Prompt, b.area.ShowLineNumbers = "", false
	b.area.CharLimit, b.area.MaxHeight = 0, 0
	b.area.SetHeight(1) // a huge size makes each key slow
	b.area.Focus()
	b.keys = b.area.KeyMap
	b.area.KeyMap.Paste = key.NewBinding() // the terminal pastes
	return b
}

func (b *buffer) setWidth(n int) { b.area.SetWidth(max(n, 10)) }

// value is the text.
func (b *buffer) value() string { return strings.ReplaceAll(b.area.Value(), string(tab), "\t") }

// set replaces the text; the cursor stands at its end.
func (b *buffer) set(s string) {
	b.area.Reset()
	b.insert(s)
}

// insert puts s at the cursor; false: it does not fit, and nothing has changed.
func (b *buffer) insert(s string) bool {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	if strings.Count(s, "\n")+b.area.LineCount() > maxLines {
		return false
	}
	b.area.InsertString(strings.ReplaceAll(s, "\t", string(tab)))
	return true
}

// cursor is the byte of value() before which the cursor stands.
func (b *buffer) cursor() int {
	text := b.value()
	at := 0
	for range b.area.Line() {
		at += strings.IndexByte(text[at:], '\n') + 1
	}
	for range b.area.Column() {
		_, n := utf8.DecodeRuneInString(text[at:])
		at += n
	}
	return min(at, len(text))
}

// moveTo puts the cursor before byte at.
func (b *buffer) moveTo(at int) {
	text := b.value()
	at = min(max(at, 0), len(text))
	line := strings.LastIndexByte(text[:at], '\n') + 1
	row := strings.Count(text[:at], "\n")
	for b.area.Line() > row {
		b.area.CursorUp()
	}
	for b.area.Line() < row {
		b.area.CursorDown()
	}
	b.area.SetCursorColumn(utf8.RuneCountInString(text[line:at]))
}

// replace puts s for bytes [from, cursor) of the text.
func (b *buffer) replace(from int, s string) {
	text, at := b.value(), b.cursor()
	from = min(max(from, 0), at)
	if text[from:at] == "" {
		b.insert(s)
		return
	}
	b.set(text[:from] + s + text[at:])
	b.moveTo(from + len(s))
}

func (b *buffer) onFirst() bool { return b.area.Line() == 0 }
func (b *buffer) onLast() bool  { return b.area.Line() == b.area.LineCount()-1 }

// update passes a key to the textarea.
func (b *buffer) update(msg tea.Msg) {
	b.area, _ = b.area.Update(msg) // its commands blink a cursor that is not shown
}
