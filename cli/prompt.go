package cli

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"psyberg/cli/format"
	"psyberg/cli/pages"
	"psyberg/cli/shell"
	"psyberg/engine/lex"
)

// prompt is psyql on a terminal: package shell on top of a runner. It ends with
// \q, the end of the input, or SIGTERM.
func (a *app) prompt(ctx context.Context, database string, vars lex.Vars) error {
	if a.opts.maxRows == 0 && a.io.OutTerminal {
		a.opts.maxRows = promptRows
	}
	if a.fullScreen() {
		return a.promptScreen(ctx, database, vars)
	}
	return a.promptLines(ctx, database, vars)
}

// promptRows is how many rows of a result the prompt shows; --max-rows says otherwise.
const promptRows = 40

// fullScreen reports whether the terminal can do what the editor needs.
func (a *app) fullScreen() bool {
	name, _ := a.io.Env("TERM")
	_, isFile := a.io.In.(*os.File)
	return a.io.InTerminal && a.io.OutTerminal && isFile && name != "" && name != "dumb"
}

// promptScreen is the prompt with the editor.
func (a *app) promptScreen(ctx context.Context, database string, vars lex.Vars) error {
	stdout := a.io.Out
	printer := &shell.Printer{Fallback: stdout}
	a.io.Out = printer
	if a.io.ErrTerminal { // else it is a file, which has nothing to do with the screen
		a.io.Err = printer
	}
	if err := a.setUpLog(); err != nil {
		return err
	}
	a.io.ErrTerminal = false // no progress line: the prompt has its own
	r, err := a.newRunner(ctx, database)
	if err != nil {
		return err
	}
	screen := &shell.Screen{Size: a.size, Plain: func() bool { return r.out.file != nil }}
	d := a.desk(r, vars, printer, screen)
	printer.Rows = func() int {
		_, height := a.size()
		return max(height, 8)
	}
	history, err := shell.OpenHistory(a.historyFile())
	if err != nil {
		printer.Print(d.Words(err))
	}
	a.greet(ctx, d, printer)
	err = shell.Prompt(ctx, shell.Terminal{In: a.io.In, Out: stdout, Environ: os.Environ(), Printer: printer,
		OnInterrupt: func(do func()) {
			take := func() bool { do(); return true }
			a.onInterrupt.Store(&take)
		}}, d, history, screen)
	a.onInterrupt.Store(nil)
	return firstOf(err, r.close())
}

// size is the terminal's, in cells, 0 where it is unknown.
func (a *app) size() (width, height int) {
	if a.io.Width != nil {
		width = a.io.Width()
	}
	if a.io.Height != nil {
		height = a.io.Height()
	}
	return width, height
}

// historyFile is where statements are kept: $PSYQL_HISTORY ("off": nowhere), else
// below the user's state folder.
func (a *app) historyFile() string {
	if path, ok := a.io.Env("PSYQL_HISTORY"); ok && path != "" {
		if path == "off" {
			return ""
		}
		return path
	}
	if dir, ok := a.io.Env("XDG_STATE_HOME"); ok && dir != "" {
		return filepath.Join(dir, "psyql", "history")
	}
	if home, ok := a.io.Env("HOME"); ok && home != "" {
		return filepath.Join(home, ".local", "state", "psyql", "history")
	}
	return ""
}

// desk is what the commands of the prompt work with.
func (a *app) desk(r *runner, vars lex.Vars, out io.Writer, screen *shell.Screen) *shell.Desk {
	color := true
	if v, ok := a.io.Env("NO_COLOR"); ok && v != "" {
		color = false
	}
	settings := &shell.Settings{Expanded: "off", Format: a.opts.format, Pager: true, MaxRows: a.opts.maxRows}
	screen.Settings = settings
	if _, isFile := r.writer.(*export); !isFile {
		r.writer = screen
	}
	own := lex.Vars{}
	maps.Copy(own, vars)
	d := &shell.Desk{
		Session: r.session, Settings: settings, Styles: shell.Styles{Color: color, Bare: !a.fullScreen()}, Vars: own, Out: out,
		Redirect: r.redirect, Words: func(err error) string { return harmless(redact(words(err))) },
		Secret: holdsSecret,
		Size:   a.size, Now: time.Now,
		Help: func(w io.Writer, topic string) bool {
			text, ok := pages.Find(topic)
			if ok {
				_, _ = io.WriteString(w, strings.TrimRight(text, "\n")+"\n") // the screen shows what it can
			}
			return ok
		},
		Topics: func() []string {
			return append(append(pages.Names(pages.Statement), pages.Names(pages.Topic)...), pages.Names(pages.Code)...)
		},
	}
	d.Run = func(ctx context.Context, name, text string) error {
		script, err := lex.Parse(name, text)
		if err != nil {
			return err
		}
		err = r.run(ctx, []*lex.Script{script}, d.Vars)
		if errors.Is(err, errNothingToDo) {
			return nil
		}
		return err
	}
	return d
}

// redirect lets results go to a file from now on; "" is the terminal again.
func (r *runner) redirect(path string) error {
	out, err := newOutput(r.app.io.Out, path)
	if err != nil {
		return err
	}
	err = r.out.close()
	r.out = out
	if _, isFile := r.writer.(*export); isFile {
		r.writer = &export{format: r.app.opts.format}
	}
	return err
}

// greet runs the rc file, --rc or ~/.psyqlrc, and says how to get help.
func (a *app) greet(ctx context.Context, d *shell.Desk, out io.Writer) {
	path, home := a.opts.rc, ""
	if path == "" {
		if home, _ = a.io.Env("HOME"); home != "" {
			path = filepath.Join(home, ".psyqlrc")
		}
	}
	data, err := os.ReadFile(path)
	if err == nil {
		err = d.Script(ctx, path, string(data))
	} else if a.opts.rc == "" {
		err = nil
	}
	if err != nil {
		io.WriteString(out, d.Trouble(err))
	}
	if a.io.OutTerminal {
		io.WriteString(out, "psyql "+version()+": SQL to the semicolon, \\? for help, \\q to leave\n")
	}
}

var _ format.Writer = (*shell.Screen)(nil)
