package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"psyberg/engine"
	"psyberg/engine/lex"
	"psyberg/functions/meta"
)

// Desk is what the prompt and its commands work with.
type Desk struct {
	Session  *engine.Session
	Settings *Settings
	Styles   Styles
	Vars     lex.Vars
	// Out takes what a person reads: results of commands, messages. Results of
	// statements go where Run shows them.
	Out io.Writer
	// Run runs statements and shows their results; name is that of the text.
	Run func(ctx context.Context, name, text string) error
	// Redirect lets results go to a file from now on; "" is the screen again.
	Redirect func(path string) error
	// Help prints a page of help, false where there is none of that name; nil: none are.
	Help func(w io.Writer, topic string) bool
	// Topics are the names of these pages.
	Topics func() []string
	// Words is an error as a person reads it, secrets taken out.
	Words func(error) string
	// Secret reports whether a text holds a secret: it is kept out of the history.
	Secret func(string) bool
	// Size is the terminal's, in cells; 0 is unknown.
	Size func() (width, height int)
	Now  func() time.Time

	last string // the statements that ran last, for \watch and \e
	n    int    // pieces run so far
}

// Errors that end more than a statement.
var (
	ErrQuit        = errors.New("quit")
	ErrInterrupted = errors.New("interrupted")
)

// Piece runs what was typed: one command, or statements.
func (d *Desk) Piece(ctx context.Context, text string) error {
	if IsCommand(text) {
		return d.command(ctx, strings.TrimSpace(text))
	}
	d.n++
	d.last = text
	return d.statements(ctx, fmt.Sprintf("<prompt %d>", d.n), text)
}

func (d *Desk) statements(ctx context.Context, name, text string) error {
	start := d.Now()
	if err := d.Run(ctx, name, text); err != nil {
		return err
	}
	if d.Settings.Timing {
		fmt.Fprintf(d.Out, "time: %v\n", roughly(d.Now().Sub(start)))
	}
	return nil
}

// roughly is a duration with the digits that matter.
func roughly(t time.Duration) time.Duration {
	switch {
	case t >= time.Minute:
		return t.Round(100 * time.Millisecond)
	case t >= time.Second:
		return t.Round(10 * time.Millisecond)
	case t >= 10*time.Millisecond:
		return t.Round(time.Millisecond)
	}
	return t.Round(10 * time.Microsecond)
}

// command runs one command with a backslash.
func (d *Desk) command(ctx context.Context, text string) error {
	text, _ = habit(text)
	name, arg, _ := strings.Cut(text, " ")
	if i := strings.IndexAny(name, "\n\t"); i >= 0 {
		name, arg = name[:i], strings.TrimSpace(name[i:])+" "+arg
	}
	arg = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(arg), ";"))
	name = strings.TrimSuffix(name, ";")
	c := find(name)
	if c == nil {
		if same := elsewhere[name]; same != "" {
			return fmt.Errorf("%s is no command here: %s does that; \\? lists all", name, same)
		}
		near := ""
		if names := meta.NearMatches(name, commandNames()); len(names) > 0 {
			near = "; did you mean " + strings.Join(names, ", ") + "?"
		}
		return fmt.Errorf("%s is no command: \\? lists them%s", name, near)
	}
	if c.needs && arg == "" {
		return fmt.Errorf("%s: write %s %s", name, name, c.args)
	}
	return c.run(ctx, d, arg)
}

// command is one command with a backslash.
type command struct {
	names []string // the first is what \? lists
	args  string   // as \? shows them
	help  string
	needs bool // it does nothing without an argument
	what  argKind
	run   func(ctx context.Context, d *Desk, arg string) error
}

// argKind is what completion offers for a command's argument.
type argKind int

const (
	argNone argKind = iota
	argFile
	argTable
	argNamespace
	argFunction
	argFormat
	argSwitch
	argTopic
	argProcess
)

func find(name string) *command {
	for i := range commands {
		if slices.Contains(commands[i].names, name) {
			return &commands[i]
		}
	}
	return nil
}

func commandNames() []string {
	var out []string
	for _, c := range commands {
		out = append(out, c.names...)
	}
	return out
}

// readScript reads a file for \i.
func readScript(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read script: %w", err)
	}
	return strings.TrimPrefix(string(data), "\ufeff"), nil
}

// Script runs a text that may hold commands, as an rc file does: a line that
// begins with a backslash where a statement could begin is one.
func (d *Desk) Script(ctx context.Context, name, text string) error {
	pending := ""
	flush := func() error {
		piece := pending
		pending = ""
		if strings.TrimSpace(piece) == "" {
			return nil
		}
		return d.statements(ctx, name, piece)
	}
	for line := range strings.Lines(text) {
		if IsCommand(line) && (strings.TrimSpace(pending) == "" || lex.Complete(pending)) {
			if err := flush(); err != nil {
				return err
			}
			if err := d.command(ctx, strings.TrimSpace(line)); err != nil {
				return err
			}
			continue
		}
		pending += line
	}
	return flush()
}
