package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"psyberg/cli/format"
	"psyberg/engine/lex"
)

// prompt is psyql on a terminal: statements up to a semicolon, and commands
// with a backslash. An error ends its statement only.
type prompt struct {
	*runner
	vars   lex.Vars
	timing bool
	plain  format.Writer // what \x goes back to
	x      bool
	// running holds what ends the running statement, and nothing where none
	// runs; interrupts tells of a Ctrl-C meanwhile.
	running    chan context.CancelCauseFunc
	interrupts chan struct{}
}

var errQuit = errors.New("quit")

// prompt runs the loop until \q, the end of the input, or SIGTERM.
func (a *app) prompt(ctx context.Context, database string, vars lex.Vars) error {
	if a.opts.maxRows == 0 && a.io.OutTerminal {
		a.opts.maxRows = promptRows
	}
	r, err := a.newRunner(ctx, database)
	if err != nil {
		return err
	}
	p := &prompt{runner: r, vars: vars, plain: r.writer,
		running: make(chan context.CancelCauseFunc, 1), interrupts: make(chan struct{}, 1)}
	p.say("psyql: SQL to the semicolon, \\? for help, \\q to leave\n")
	err = p.loop(ctx)
	if errors.Is(err, errQuit) {
		err = nil
	}
	return firstOf(err, r.close())
}

// promptRows is how many rows of a result the prompt shows; --max-rows says otherwise.
const promptRows = 40

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

	in, buffer, number := lines(p.app.io.In), "", 0
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
			case !last && !isCommand(buffer) && !lex.Complete(buffer):
				continue
			}
			number++
			err := p.piece(ctx, buffer, number)
			if err != nil && (errors.Is(err, errQuit) || ctx.Err() != nil) {
				return err
			}
			if errors.Is(err, errInterrupted) {
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
		cancel(errInterrupted)
	default:
		select {
		case p.interrupts <- struct{}{}:
		default:
		}
	}
	return true
}

func isCommand(text string) bool { return strings.HasPrefix(strings.TrimSpace(text), `\`) }

var errInterrupted = errors.New("interrupted")

// piece runs what was typed: one command, or statements.
func (p *prompt) piece(ctx context.Context, text string, number int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p.running <- cancel
	defer func() {
		select {
		case <-p.running:
		default: // interrupt has taken it
		}
	}()
	if isCommand(text) {
		return firstOf(p.command(ctx, strings.TrimSpace(text)), p.out.flush())
	}
	return p.sql(ctx, fmt.Sprintf("<prompt %d>", number), text)
}

func (p *prompt) sql(ctx context.Context, name, text string) error {
	script, err := lex.Parse(name, text)
	if err != nil {
		return err
	}
	start := time.Now()
	if err := p.run(ctx, []*lex.Script{script}, p.vars); err != nil && !errors.Is(err, errNothingToDo) {
		return err
	}
	if p.timing {
		fmt.Fprintf(p.out.buf, "time: %v\n", time.Since(start).Round(time.Millisecond))
	}
	return p.out.flush()
}

// say writes what is no result: only where a person sees it.
func (p *prompt) say(text string) {
	if p.app.io.OutTerminal {
		io.WriteString(p.app.io.Out, text)
	}
}
