package shell

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"psyberg/engine/lex"
)

// model is what the screen shows: the text being typed, or a statement that
// runs, or the pager. It changes by messages only.
type model struct {
	ctx     context.Context
	desk    *Desk
	history *History
	comp    *completer
	// run starts a piece, and sends doneMsg when it has ended.
	run func(ctx context.Context, text string) tea.Cmd

	width, height int
	buf           buffer
	recall        recall
	find          *search
	menu          *menu
	hintCall      string
	hintAbout     string
	page          *pager
	closePage     func()
	job           *job
	ahead         []tea.Msg // keys typed while a statement runs
	leaving       bool      // Ctrl-C once, with nothing to drop
	note          string
	asked         int // number of the last completion that was asked for
	quit          bool
}

// job is a piece that runs.
type job struct {
	cancel  context.CancelCauseFunc
	started time.Time
	stopped bool
	since   time.Duration
}

type (
	// doneMsg ends a job.
	doneMsg struct{ err error }
	// pageMsg opens the pager; close tells the statement that it may go on.
	pageMsg struct {
		pager *pager
		close func()
	}
	// grewMsg says that a grid has more rows.
	grewMsg struct{}
	// tickMsg lets the clock of a running statement go on.
	tickMsg time.Time
	// completedMsg brings what Tab asked for.
	completedMsg struct {
		number int
		at     int
		text   string
		found  Completion
	}
	// editedMsg brings the text from the editor.
	editedMsg struct {
		text string
		err  error
	}
	// interruptMsg is a SIGINT from outside.
	interruptMsg struct{}
)

func newModel(ctx context.Context, d *Desk, h *History, run func(context.Context, string) tea.Cmd) *model {
	m := &model{ctx: ctx, desk: d, history: h, comp: newCompleter(d), run: run, width: 80, height: 24, buf: newBuffer()}
	m.buf.setWidth(m.width)
	return m
}

// Init implements tea.Model.
func (m *model) Init() tea.Cmd { return nil }

// Update implements tea.Model.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = max(msg.Width, 20), max(msg.Height, 6)
		m.buf.setWidth(m.width)
	case doneMsg:
		return m, m.finish(msg.err)
	case pageMsg:
		m.page, m.closePage = msg.pager, msg.close
	case tickMsg:
		if m.job != nil {
			m.job.since = m.desk.Now().Sub(m.job.started)
			return m, tick()
		}
	case completedMsg:
		return m, m.completed(msg)
	case editedMsg:
		m.job = nil
		if msg.err != nil {
			m.note = msg.err.Error()
		} else if strings.TrimSpace(msg.text) != "" {
			m.buf.set(msg.text)
		}
		m.look()
		return m, m.replay()
	case interruptMsg:
		return m, m.press(tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl})
	case tea.KeyPressMsg, tea.PasteMsg:
		return m, m.input(msg)
	}
	return m, nil
}

// input handles a key or a paste; while a statement runs it is kept for later,
// but for Ctrl-C and what the pager takes.
func (m *model) input(msg tea.Msg) tea.Cmd {
	key, isKey := msg.(tea.KeyPressMsg)
	switch {
	case m.page != nil:
		if isKey && m.page.press(key.String(), key.Text) {
			m.page = nil
			m.closePage()
		}
		return nil
	case m.job != nil && isKey && key.String() == "ctrl+c":
		m.job.cancel(ErrInterrupted)
		m.job.stopped = true
		m.ahead = nil
		return nil
	case m.job != nil:
		m.ahead = append(m.ahead, msg)
		return nil
	case isKey:
		return m.press(key)
	}
	if paste, ok := msg.(tea.PasteMsg); ok {
		m.paste(paste.Content)
	}
	return nil
}

func (m *model) paste(text string) {
	m.note, m.leaving, m.menu = "", false, nil
	if m.find != nil {
		m.find.typed += strings.TrimRight(text, "\n")
		m.find.find(len(m.find.entries) - 1)
		return
	}
	if !m.buf.insert(text) {
		m.note = "that is more lines than the editor takes: put them into a file and \\i it"
	}
	m.recall = recall{}
	m.look()
}

// submit takes what is typed away, and runs it.
func (m *model) submit() tea.Cmd {
	text := strings.TrimSpace(m.buf.value())
	m.buf.set("")
	m.recall, m.menu, m.note, m.leaving = recall{}, nil, "", false
	m.hintCall, m.hintAbout = "", ""
	if text == "" {
		return nil
	}
	m.remember(text)
	if name, arg, _ := strings.Cut(text, " "); name == `\e` || name == `\edit` {
		return m.edit(strings.TrimSuffix(strings.TrimSpace(arg), ";"))
	}
	return m.start(text)
}

// remember keeps a text in the history, unless it holds a secret.
func (m *model) remember(text string) {
	if m.desk.Secret != nil && m.desk.Secret(text) {
		return
	}
	if err := m.history.Add(text); err != nil {
		m.note = err.Error()
	}
}

func (m *model) start(text string) tea.Cmd {
	ctx, cancel := context.WithCancelCause(m.ctx)
	m.job = &job{cancel: cancel, started: m.desk.Now()}
	return tea.Batch(m.run(ctx, text), tick())
}

func tick() tea.Cmd {
	return tea.Tick(100*time.Millisecond, func(t time.Time) tea.Msg { return tickMsg(t) })
}

// finish ends a job, and goes on with what was typed meanwhile.
func (m *model) finish(err error) tea.Cmd {
	if m.job != nil {
		m.job.cancel(nil)
		m.job = nil
	}
	if m.page != nil {
		m.page = nil
		m.closePage()
	}
	if errors.Is(err, ErrQuit) || m.ctx.Err() != nil {
		m.quit = true
		return tea.Quit
	}
	return m.replay()
}

// replay handles the keys that were typed while a statement ran.
func (m *model) replay() tea.Cmd {
	var cmds []tea.Cmd
	for len(m.ahead) > 0 && m.job == nil && !m.quit {
		msg := m.ahead[0]
		m.ahead = m.ahead[1:]
		cmds = append(cmds, m.input(msg))
	}
	return tea.Batch(cmds...)
}

// edit opens $EDITOR on a file, or on the statement before.
func (m *model) edit(path string) tea.Cmd {
	text := m.desk.last
	e, err := newEditing(m.ctx, path, text)
	if err != nil {
		m.note = err.Error()
		return nil
	}
	m.job = &job{cancel: func(error) {}, started: m.desk.Now()}
	return tea.Exec(&process{e}, func(err error) tea.Msg {
		text, err := e.result(err)
		return editedMsg{text, err}
	})
}

// process is an editor as bubbletea runs it.
type process struct{ *editing }

func (p *process) Run() error            { return p.cmd.Run() }
func (p *process) SetStdin(r io.Reader)  { p.cmd.Stdin = r }
func (p *process) SetStdout(w io.Writer) { p.cmd.Stdout = w }
func (p *process) SetStderr(w io.Writer) { p.cmd.Stderr = w }

// look brings the hint up to what is typed.
func (m *model) look() {
	m.hintCall, m.hintAbout = m.comp.hint(m.buf.value(), m.buf.cursor())
}

// complete reports whether Enter runs what is typed.
func (m *model) complete() bool {
	text := m.buf.value()
	if IsCommand(text) || strings.TrimSpace(text) == "" {
		return true
	}
	// In the midst of a text Enter breaks the line.
	return strings.TrimSpace(text[m.buf.cursor():]) == "" && lex.Complete(text)
}
