package shell

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"psyberg/cli/format"
	"psyberg/engine"
	"psyberg/engine/catalog"
	"psyberg/engine/lex"
	"psyberg/internal/testtables"
)

func TestMain(m *testing.M) { testtables.Main(m) }

// textRows shows values as DuckDB's driver prints them: enough for tests.
type textRows struct{ engine.Rows }

func (r textRows) Columns() (out []format.Column) {
	for _, c := range r.Rows.Columns() {
		out = append(out, format.Column{Name: c.Name, Type: c.Type.String()})
	}
	return out
}

func (r textRows) Next() ([]any, error) {
	if !r.Rows.Next() {
		if err := r.Err(); err != nil {
			return nil, err
		}
		return nil, io.EOF
	}
	var out []any
	for _, v := range r.Row() {
		switch v := v.(type) {
		case nil, string, int64, bool, float64:
			out = append(out, v)
		default:
			out = append(out, format.Text(fmt.Sprint(v)))
		}
	}
	return out, nil
}

// someday is when tests run.
var someday = time.Date(2027, 11, 21, 12, 0, 0, 0, time.UTC)

// newDesk is a desk over tables that Spark wrote.
func newDesk(t *testing.T) (*Desk, *bytes.Buffer) {
	t.Helper()
	dir := testtables.Unpack(t, "spark")
	s, err := engine.Start(context.Background(), engine.Config{Catalog: catalog.Config{
		URI: "sqlite:///" + filepath.Join(dir, "catalog.db"), PathMaps: []string{"/warehouse/spark=" + dir},
		Dir: t.TempDir(), Home: t.TempDir(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return deskOn(s)
}

func deskOn(s *engine.Session) (*Desk, *bytes.Buffer) {
	out := &bytes.Buffer{}
	size := func() (int, int) { return 80, 24 }
	d := &Desk{Session: s, Settings: &Settings{Expanded: "off", Pager: true, MaxRows: 40}, Vars: lex.Vars{}, Out: out,
		Styles: Styles{Bare: true}, Size: size, Now: func() time.Time { return someday },
		Words: func(err error) string { return err.Error() }, Secret: func(s string) bool { return strings.Contains(s, "hunter2") }}
	screen := &Screen{Settings: d.Settings, Size: size}
	d.Run = func(ctx context.Context, name, text string) error {
		script, err := lex.Parse(name, text)
		if err != nil {
			return err
		}
		return s.Run(ctx, script, d.Vars, func(_ lex.Statement, rows engine.Rows) error {
			if len(rows.Columns()) == 0 {
				return nil
			}
			_, err := screen.Write(out, textRows{rows})
			return err
		})
	}
	return d, out
}

// typist drives a model as bubbletea does, without a terminal.
type typist struct {
	t   *testing.T
	m   *model
	out *bytes.Buffer
	// slow: statements run in the background until wait.
	slow bool
	done chan tea.Msg
}

func newTypist(t *testing.T) *typist {
	d, out := newDesk(t)
	h, err := OpenHistory(filepath.Join(t.TempDir(), "history"))
	if err != nil {
		t.Fatal(err)
	}
	p := &typist{t: t, out: out, done: make(chan tea.Msg, 1)}
	p.m = newModel(context.Background(), d, h, func(ctx context.Context, text string) tea.Cmd {
		return func() tea.Msg {
			err := d.Piece(ctx, text)
			fmt.Fprint(out, d.outcome(ctx, err))
			return doneMsg{err}
		}
	})
	p.send(tea.WindowSizeMsg{Width: 80, Height: 24})
	return p
}

func (p *typist) send(msg tea.Msg) {
	_, cmd := p.m.Update(msg)
	p.do(cmd)
}

func (p *typist) do(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	if p.slow && p.m.job != nil {
		go func() {
			if b, ok := cmd().(tea.BatchMsg); ok {
				p.done <- b[0]()
			}
		}()
		return
	}
	switch msg := cmd().(type) {
	case nil, tickMsg:
	case tea.BatchMsg:
		for _, c := range msg {
			p.do(c)
		}
	default:
		p.send(msg)
	}
}

// wait is the end of a statement in the background.
func (p *typist) wait() {
	p.t.Helper()
	select {
	case msg := <-p.done:
		p.slow = false
		p.send(msg)
	case <-time.After(20 * time.Second):
		p.t.Fatal("the statement does not end")
	}
}

// text types characters.
func (p *typist) text(s string) {
	for _, r := range s {
		p.send(tea.KeyPressMsg{Text: string(r), Code: r})
	}
}

var keyCodes = map[string]tea.KeyPressMsg{
	"enter": {Code: tea.KeyEnter}, "tab": {Code: tea.KeyTab}, "up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown},
	"left": {Code: tea.KeyLeft}, "right": {Code: tea.KeyRight}, "home": {Code: tea.KeyHome}, "end": {Code: tea.KeyEnd},
	"esc": {Code: tea.KeyEscape}, "backspace": {Code: tea.KeyBackspace}, "pgdown": {Code: tea.KeyPgDown},
	"ctrl+c": {Code: 'c', Mod: tea.ModCtrl}, "ctrl+d": {Code: 'd', Mod: tea.ModCtrl}, "ctrl+r": {Code: 'r', Mod: tea.ModCtrl},
	"alt+enter": {Code: tea.KeyEnter, Mod: tea.ModAlt}, "shift+tab": {Code: tea.KeyTab, Mod: tea.ModShift},
}

// keys presses keys by their names.
func (p *typist) keys(names ...string) {
	p.t.Helper()
	for _, n := range names {
		k, ok := keyCodes[n]
		if !ok {
			p.t.Fatalf("no key %q", n)
		}
		p.send(k)
	}
}

// screen is what is shown, and taken is what was printed since.
func (p *typist) screen() string { return p.m.View().Content }

func (p *typist) taken() string {
	s := p.out.String()
	p.out.Reset()
	return s
}

func (p *typist) typed(want string) {
	p.t.Helper()
	if got := p.m.buf.value(); got != want {
		p.t.Errorf("typed %q, want %q", got, want)
	}
}

func has(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in\n%s", part, text)
		}
	}
}
