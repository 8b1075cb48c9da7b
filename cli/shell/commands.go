package shell

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"psyberg/cli/format"
	"psyberg/engine"
	"psyberg/engine/lex"
)

// commands is the list, in the order of \?. It is filled at the start: \? reads it.
var commands []command

func init() {
	commands = []command{
		{names: []string{`\?`, `\help`}, help: "this list", run: list},
		{names: []string{`\h`}, args: "[TOPIC]", help: "help: COPY, a function, an error's code", what: argTopic, run: helpOn},
		{names: []string{`\q`, `\quit`, `\exit`}, help: "leave (also Ctrl-D)", run: func(context.Context, *Desk, string) error { return ErrQuit }},
		{names: []string{`\d`, `\describe`}, args: "[TABLE]", help: "a table on one screen; without one, the tables", what: argTable, run: describe},
		{names: []string{`\dt`}, args: "[NAMESPACE]", help: "tables", what: argNamespace, run: tables},
		{names: []string{`\dn`}, args: "[CATALOG]", help: "namespaces", run: namespaces},
		{names: []string{`\l`}, help: "catalogs", run: catalogs},
		{names: []string{`\df`}, args: "[PART]", help: "functions, or those with PART in their name", what: argFunction, run: functions},
		{names: []string{`\df+`}, args: "NAME", help: "what a function takes and returns", needs: true, what: argFunction, run: function},
		{names: []string{`\s`, `\sessions`}, args: "[PROCESS [SESSION_TABLE]]", help: "sessions, on a time line", what: argProcess, run: sessions},
		{names: []string{`\late`}, args: "PROCESS [SESSION_ID]", help: "what came late, and how late", needs: true, what: argProcess, run: late},
		{names: []string{`\why`}, args: "PROCESS [HOUR|PARTITION]", help: "why it is, or is not, part of the last session", needs: true, what: argProcess, run: why},
		{names: []string{`\x`}, args: "[on|off|auto]", help: "row by row; auto: where a line is too wide", what: argSwitch, run: expanded},
		{names: []string{`\timing`}, args: "[on|off]", help: "show how long statements take", what: argSwitch, run: timing},
		{names: []string{`\pager`}, args: "[on|off]", help: "page through results that do not fit", what: argSwitch, run: paging},
		{names: []string{`\format`}, args: "NAME", help: "how results look: box, csv, json, vertical ...", needs: true, what: argFormat, run: setFormat},
		{names: []string{`\set`}, args: "[NAME VALUE]", help: "set a variable ($NAME); without, list them", run: set},
		{names: []string{`\unset`}, args: "NAME", help: "forget a variable", needs: true, run: unset},
		{names: []string{`\i`}, args: "FILE", help: "run a script", needs: true, what: argFile, run: include},
		{names: []string{`\o`}, args: "[FILE]", help: "results to a file; without one, the screen", what: argFile, run: redirect},
		{names: []string{`\e`, `\edit`}, args: "[FILE]", help: "edit the statement in $EDITOR", what: argFile, run: edit},
		{names: []string{`\watch`}, args: "[SECONDS]", help: "run the last statement again and again", run: watch},
	}
}

func list(_ context.Context, d *Desk, _ string) error {
	var b strings.Builder
	b.WriteString("  statement ;                    run it; a statement may take several lines\n")
	for _, c := range commands {
		b.WriteString("  " + fill(strings.TrimSpace(c.names[0]+" "+c.args), 31, false) + clip(c.help, 46) + "\n")
	}
	b.WriteString(`
  Tab completes, Ctrl-R searches the history, up and down walk through it,
  Alt-Enter breaks a line, Ctrl-C drops what is typed or ends the statement,
  twice leaves.
`)
	_, err := d.Out.Write([]byte(b.String()))
	return err
}

// choose reads on or off; without an argument it is the other one.
func choose(arg string, now bool) (bool, error) {
	switch strings.ToLower(arg) {
	case "":
		return !now, nil
	case "on":
		return true, nil
	case "off":
		return false, nil
	}
	return now, fmt.Errorf("%q is none of on, off", arg)
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func timing(_ context.Context, d *Desk, arg string) (err error) {
	if d.Settings.Timing, err = choose(arg, d.Settings.Timing); err == nil {
		fmt.Fprintln(d.Out, "timing is "+onOff(d.Settings.Timing))
	}
	return err
}

func paging(_ context.Context, d *Desk, arg string) (err error) {
	if d.Settings.Pager, err = choose(arg, d.Settings.Pager); err == nil {
		fmt.Fprintln(d.Out, "pager is "+onOff(d.Settings.Pager))
	}
	return err
}

func expanded(_ context.Context, d *Desk, arg string) error {
	s := d.Settings
	switch arg = strings.ToLower(arg); arg {
	case "":
		if s.Expanded == "on" {
			s.Expanded = "off"
		} else {
			s.Expanded = "on"
		}
	case "on", "off", "auto":
		s.Expanded = arg
	default:
		return fmt.Errorf("\\x: %q is none of on, off, auto", arg)
	}
	fmt.Fprintln(d.Out, "row by row is "+s.Expanded)
	return nil
}

func setFormat(_ context.Context, d *Desk, arg string) error {
	if _, err := format.New(arg, format.Options{}); err != nil {
		return err
	}
	d.Settings.Format, d.Settings.Expanded = arg, "off"
	return nil
}

func set(_ context.Context, d *Desk, arg string) error {
	name, value, given := strings.Cut(arg, " ")
	if name == "" {
		for _, n := range sorted(d.Vars) {
			fmt.Fprintf(d.Out, "%s = %s\n", n, engine.QuoteLiteral(d.Vars[n].Text))
		}
		return nil
	}
	if t := lex.Tokens("$" + name); len(t) != 1 || t[0].Kind != lex.Variable {
		return fmt.Errorf("\\set: %q is not a variable's name: letters, digits and _, not a digit first", name)
	}
	if !given {
		value = ""
	}
	d.Vars[name] = lex.Value{Text: strings.TrimSpace(value)}
	return nil
}

func unset(_ context.Context, d *Desk, arg string) error {
	delete(d.Vars, arg)
	return nil
}

func include(ctx context.Context, d *Desk, arg string) error {
	text, err := readScript(arg)
	if err != nil {
		return err
	}
	return d.statements(ctx, arg, text)
}

func redirect(_ context.Context, d *Desk, arg string) error {
	if d.Redirect == nil {
		return errors.New("\\o: this prompt writes to one place only")
	}
	return d.Redirect(arg)
}

// watch runs the last statement until it is interrupted.
func watch(ctx context.Context, d *Desk, arg string) error {
	every := 2 * time.Second
	if arg != "" {
		n, err := strconv.ParseFloat(arg, 64)
		if err != nil || n < 0.1 || n > 86400 {
			return fmt.Errorf("\\watch: %q is no number of seconds from 0.1 to 86400", arg)
		}
		every = time.Duration(n * float64(time.Second))
	}
	if d.last == "" {
		return errors.New("\\watch: no statement has run yet")
	}
	paged := d.Settings.Pager
	d.Settings.Pager = false
	defer func() { d.Settings.Pager = paged }()
	for {
		fmt.Fprintf(d.Out, "%s (every %v, Ctrl-C ends it)\n", d.Now().UTC().Format("2006-01-02 15:04:05"), every)
		if err := d.statements(ctx, "<watch>", d.last); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(every):
		}
	}
}
