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
	// cancel ends the running statement; nil where none runs.
	cancel context.CancelCauseFunc
	stop   chan struct{} // closed by \q
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
	p := &prompt{runner: r, vars: vars, plain: r.writer}
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
	interrupts := make(chan struct{}, 1)
	running := make(chan context.CancelCauseFunc, 1) // holds the cancel of the running statement
	take := func() bool {
		select {
		case cancel := <-running:
			cancel(errInterrupted)
		default:
			select {
			case interrupts <- struct{}{}:
			default:
			}
		}
		return true
	}
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
		case <-interrupts:
			buffer = ""
			p.say("\n")
		case l := <-in:
			if l.err != nil && !errors.Is(l.err, io.EOF) {
				return fmt.Errorf("read from the terminal: %w", l.err)
			}
			buffer += l.text
			if l.err != nil && strings.TrimSpace(buffer) == "" {
				p.say("\n")
				return nil
			}
			command := strings.HasPrefix(strings.TrimSpace(buffer), `\`)
			if !command && !lex.Complete(buffer) && l.err == nil {
				if strings.TrimSpace(buffer) == "" {
					buffer = ""
				}
				continue
			}
			number++
			text := buffer
			buffer = ""
			sctx, cancel := context.WithCancelCause(ctx)
			running <- cancel
			err := p.piece(sctx, text, command, number)
			select {
			case <-running:
			default:
			}
			cancel(nil)
			if err != nil && (errors.Is(err, errQuit) || ctx.Err() != nil) {
				return err
			}
			if errors.Is(err, errInterrupted) {
				p.say("\ninterrupted\n")
			} else {
				p.app.report(err)
			}
			if l.err != nil {
				return nil
			}
		}
	}
}

var errInterrupted = errors.New("interrupted")

// piece runs what was typed: one command, or statements.
func (p *prompt) piece(ctx context.Context, text string, command bool, number int) error {
	if command {
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
