package shell

import (
	"context"
	"io"
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
)

// Terminal is what Prompt needs of the process.
type Terminal struct {
	In      io.Reader
	Out     io.Writer
	Environ []string
	// Printer is where commands, results and logs write: Desk.Out among them.
	Printer *Printer
	// OnInterrupt gets what a SIGINT from outside does from now on.
	OnInterrupt func(func())
}

// Prompt is the prompt on a terminal: until \q, Ctrl-D, or the end of ctx.
// screen gets its pager here.
func Prompt(ctx context.Context, t Terminal, d *Desk, h *History, screen *Screen) error {
	var program *tea.Program
	m := newModel(ctx, d, h, nil)
	var jobs sync.WaitGroup // the session is not closed under a statement
	m.run = func(jobCtx context.Context, text string) tea.Cmd {
		return func() tea.Msg {
			jobs.Add(1)
			defer jobs.Done()
			t.Printer.Print(m.desk.Styles.echo(text))
			err := d.Piece(jobCtx, text)
			if text := d.outcome(jobCtx, err); text != "" && ctx.Err() == nil {
				t.Printer.Print(text)
			}
			t.Printer.Flush()
			return doneMsg{err}
		}
	}
	program = tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(t.In), tea.WithOutput(t.Out),
		tea.WithEnvironment(t.Environ), tea.WithoutSignalHandler())
	screen.Page = func(g *Grid) error {
		t.Printer.Flush()
		return paged(ctx, program, g, d.Styles)
	}
	t.OnInterrupt(func() { go program.Send(interruptMsg{}) })
	t.Printer.to(func(s string) { program.Send(tea.Println(s)()) }) // Program.Println hangs once the program has ended
	_, err := program.Run()
	t.Printer.to(nil)
	jobs.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// leaveScreen is how long the renderer needs at most to give the screen back:
// what is printed before that goes to the one that vanishes.
const leaveScreen = 60 * time.Millisecond

// paged shows a grid, and reads on as the person goes on.
func paged(ctx context.Context, program *tea.Program, g *Grid, st Styles) error {
	wants, closed := make(chan int, 1), make(chan struct{})
	want := func(n int) {
		select {
		case wants <- n:
		default: // it is reading already
		}
	}
	program.Send(pageMsg{newPager(g, st, want), sync.OnceFunc(func() { close(closed) })})
	for {
		select {
		case n := <-wants:
			g.read(n)
			program.Send(grewMsg{})
		case <-closed:
			time.Sleep(leaveScreen)
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// echo is what was typed as it stays in the scrollback.
func (st Styles) echo(text string) string {
	lines := strings.Split(st.Highlight(text), "\n")
	for i, l := range lines {
		p := promptMore
		if i == 0 {
			p = promptFirst
		}
		lines[i] = st.Paint(stylePrompt, p) + l
	}
	return strings.Join(lines, "\n")
}

// Printer writes whole lines above the prompt. It is for one goroutine at a
// time, but for logs, which may come from any.
type Printer struct {
	mu    sync.Mutex
	print func(string) // nil: the prompt is not there, lines go to Fallback
	part  strings.Builder
	lines []string
	// Rows is how many lines are handed over at once at most: fewer than the
	// screen has.
	Rows     func() int
	Fallback io.Writer
}

func (p *Printer) to(print func(string)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flush()
	p.print = print
}

// Write implements io.Writer.
func (p *Printer) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	rest := string(b)
	for {
		line, more, found := strings.Cut(rest, "\n")
		p.part.WriteString(line)
		if !found {
			break
		}
		p.lines = append(p.lines, strings.TrimSuffix(p.part.String(), "\r"))
		p.part.Reset()
		rest = more
		if len(p.lines) >= p.rows() {
			p.flush()
		}
	}
	p.flush()
	return len(b), nil
}

func (p *Printer) rows() int {
	if p.Rows != nil {
		return max(1, p.Rows()-6)
	}
	return 10
}

// Print writes a text that ends a line.
func (p *Printer) Print(text string) {
	_, _ = io.WriteString(p, strings.TrimRight(text, "\n")+"\n") // it cannot fail
	p.Flush()
}

// Flush hands over what is there, also a line that has not ended.
func (p *Printer) Flush() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.part.Len() > 0 {
		p.lines = append(p.lines, p.part.String())
		p.part.Reset()
	}
	p.flush()
}

func (p *Printer) flush() {
	if len(p.lines) == 0 {
		return
	}
	text := strings.Join(p.lines, "\n")
	p.lines = p.lines[:0]
	if p.print != nil {
		p.print(text)
		return
	}
	if p.Fallback != nil {
		_, _ = io.WriteString(p.Fallback, text+"\n") // there is nobody to tell
	}
}
