package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"psyberg/cli/shell"
	"psyberg/engine/lex"
)

// prompt is the prompt without an editor: where the terminal is dumb, or one of
// the streams is none. An error ends its statement only.
type prompt struct {
	*runner
	desk *shell.Desk
	// running holds what ends the running statement, and nothing where none
	// runs; interrupts tells of a Ctrl-C meanwhile.
	running    chan context.CancelCauseFunc
	interrupts chan struct{}
}

// promptLines runs the loop over lines.
func (a *app) promptLines(ctx context.Context, database string, vars lex.Vars) error {
	r, err := a.newRunner(ctx, database)
	if err != nil {
		return err
	}
	p := &prompt{runner: r, running: make(chan context.CancelCauseFunc, 1), interrupts: make(chan struct{}, 1)}
	p.desk = a.desk(r, vars, current{r}, &shell.Screen{Plain: func() bool { return r.out.file != nil }, Size: func() (int, int) {
		width, _ := a.size()
		return width, 0
	}})
	if !a.io.OutTerminal && a.opts.format == "" { // what is no terminal gets what -f would give it
		p.desk.Settings.Format = "csv"
	}
	a.greet(ctx, p.desk, current{r})
	err = firstOf(r.out.flush(), p.loop(ctx))
	if errors.Is(err, shell.ErrQuit) {
		err = nil
	}
	return firstOf(err, r.close())
}

// current writes where results go now.
type current struct{ r *runner }

func (c current) Write(b []byte) (int, error) { return c.r.out.buf.Write(b) }

// lines reads lines until the end or an error; the last one says which.
func lines(r io.Reader) <-chan line {
	out := make(chan line)
	go func() {
		in := bufio.NewReader(r)
		for {
			text, err := in.ReadString('\n')
			out <- line{text, err}
			if err != nil {
				return
			}
		}
	}()
	return out
}

type line struct {
	text string
	err  error
}

func (p *prompt) loop(ctx context.Context) error {
	take := p.interrupt
	p.app.onInterrupt.Store(&take)
	defer p.app.onInterrupt.Store(nil)

	in, buffer := lines(p.app.io.In), ""
	for {
		if buffer == "" {
			p.say("psyql> ")
		} else {
			p.say("  ...> ")
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-p.interrupts:
			buffer = ""
			p.say("\n")
		case l := <-in:
			if l.err != nil && !errors.Is(l.err, io.EOF) {
				return fmt.Errorf("read from the terminal: %w", l.err)
			}
			buffer += l.text
			last, blank := l.err != nil, strings.TrimSpace(buffer) == ""
			switch {
			case last && blank:
				p.say("\n")
				return nil
			case blank:
				buffer = ""
				continue
			case !last && !shell.IsCommand(buffer) && !lex.Complete(buffer):
				continue
			}
			err := p.piece(ctx, buffer)
			if err != nil && (errors.Is(err, shell.ErrQuit) || ctx.Err() != nil) {
				return err
			}
			if errors.Is(err, shell.ErrInterrupted) {
				p.say("\ninterrupted\n")
			} else {
				p.app.report(err)
			}
			if last {
				return nil
			}
			buffer = ""
		}
	}
}

// interrupt takes a SIGINT: it ends the running statement, or drops what is typed.
func (p *prompt) interrupt() bool {
	select {
	case cancel := <-p.running:
		cancel(shell.ErrInterrupted)
	default:
		select {
		case p.interrupts <- struct{}{}:
		default:
		}
	}
	return true
}

// piece runs what was typed: one command, or statements.
func (p *prompt) piece(ctx context.Context, text string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p.running <- cancel
	defer func() {
		select {
		case <-p.running:
		default: // interrupt has taken it
		}
	}()
	return firstOf(p.desk.Piece(ctx, text), p.out.flush())
}

// say writes what is no result: only where a person sees it.
func (p *prompt) say(text string) {
	if p.app.io.OutTerminal {
		io.WriteString(p.app.io.Out, text)
	}
}
