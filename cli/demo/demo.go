// Package demo plays the customer lifecycle that the Psyberg posts tell:
// signups, plans, cancels and the state of each account, loaded to hour 5, then
// late data, caught up by the same scripts and commands that a pipeline runs.
// It needs no service and no network; its scripts are sql/demo.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"psyberg/engine"
	"psyberg/engine/catalog"
	"psyberg/engine/lex"
	"psyberg/sql"
)

// Options of a demo.
type Options struct {
	// Dir is where the demo keeps its warehouse. It is made, and a demo that
	// was there before is made anew; any other folder that is not empty is refused.
	Dir string
	// Out gets the story.
	Out io.Writer
	// Show writes a result as a table.
	Show func(io.Writer, engine.Rows) error
}

// The tables that Psyberg keeps, in the demo's catalog.
const (
	sessionTable   = "ops.psyberg_session_f"
	watermarkTable = "ops.high_water_mark"
)

// marker is the file by which a folder is known as a demo's, so that a second
// run removes nothing else.
const (
	marker    = ".psyberg-demo"
	warehouse = "psyberg-warehouse" // the embedded default's name: psyql in Dir finds it without a flag
)

// Run plays the demo. Killed anywhere, it leaves a folder with the marker,
// which the next run makes anew.
func Run(ctx context.Context, o Options) (err error) {
	if err := prepare(o.Dir); err != nil {
		return err
	}
	root, err := filepath.Abs(filepath.Join(o.Dir, warehouse))
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	s, err := engine.Start(ctx, engine.Config{Catalog: catalog.Config{
		URI:       "sqlite:///" + filepath.ToSlash(filepath.Join(root, "catalog.db")),
		Warehouse: root,
	}})
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	p := &player{Options: o, session: s}
	p.play(ctx)
	return p.err
}

// prepare empties the folder of an earlier demo, or makes it.
func prepare(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return fmt.Errorf("demo: %w", err)
	case len(entries) == 0:
	default:
		if _, err := os.Stat(filepath.Join(dir, marker)); err != nil {
			return fmt.Errorf("demo: folder %s is not empty and no demo's: move it away, or run psyql demo in another folder", dir)
		}
		if err := os.RemoveAll(filepath.Join(dir, warehouse)); err != nil {
			return fmt.Errorf("demo: remove what the last run made: %w", err)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, warehouse), 0o755); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	// The scripts are laid out to be read and changed, and audits.yaml names files beside it.
	scripts, err := fs.Sub(sql.Files, "demo")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "scripts")); err != nil {
		return fmt.Errorf("demo: remove what the last run made: %w", err)
	}
	if err := os.CopyFS(filepath.Join(dir, "scripts"), scripts); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	text := "Made by psyql demo, which makes this folder anew each time.\n"
	if err := os.WriteFile(filepath.Join(dir, marker), []byte(text), 0o644); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return nil
}

// player runs one thing after the other until the first error.
type player struct {
	Options
	session *engine.Session
	err     error
}

// vars are the variables of a script.
type vars map[string]string

func (v vars) with(more vars) vars {
	out := vars{}
	for _, m := range []vars{v, more} {
		for name, value := range m {
			out[name] = value
		}
	}
	return out
}

// heading and say tell the story.
func (p *player) heading(text string) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.Out, "\n%s\n%s\n", text, strings.Repeat("=", len([]rune(text))))
	}
}

func (p *player) say(text string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.Out, "\n"+text+"\n", args...)
	}
}

// run runs a script of sql/ without showing its results.
func (p *player) run(ctx context.Context, name string, v vars) {
	p.script(ctx, name, v, nil)
}

// show runs a script of sql/ and shows its results as tables.
func (p *player) show(ctx context.Context, name string, v vars) {
	p.script(ctx, name, v, func(_ lex.Statement, rows engine.Rows) error {
		if len(rows.Columns()) == 0 {
			return nil
		}
		return p.Show(p.Out, rows)
	})
}

// texts runs a script and returns the rows of its last statement, each by
// column name, as text.
func (p *player) texts(ctx context.Context, name string, v vars) (out []vars) {
	p.script(ctx, name, v, func(_ lex.Statement, rows engine.Rows) error {
		out = nil
		for rows.Next() {
			row := vars{}
			for i, c := range rows.Columns() {
				row[c.Name] = fmt.Sprint(rows.Row()[i])
			}
			out = append(out, row)
		}
		return rows.Err()
	})
	return out
}

// fails runs a script that must fail with an error that holds code, and shows it.
func (p *player) fails(ctx context.Context, code, name string, v vars) {
	if p.err != nil {
		return
	}
	p.show(ctx, name, v)
	err := p.err
	p.err = nil
	var at *lex.Error
	switch {
	case err == nil:
		p.err = fmt.Errorf("demo: %s succeeded and should have failed with %s", name, code)
	case !strings.Contains(err.Error(), code):
		p.err = err
	case errors.As(err, &at):
		p.say("    %v", at.Err)
	default:
		p.say("    %v", err)
	}
}

func (p *player) script(ctx context.Context, name string, v vars, each engine.Each) {
	if p.err != nil {
		return
	}
	text, err := sql.Files.ReadFile(name + ".sql")
	if err != nil {
		p.err = fmt.Errorf("demo: %w", err)
		return
	}
	script, err := lex.Parse(name+".sql", string(text))
	if err != nil {
		p.err = fmt.Errorf("demo: %w", err)
		return
	}
	set := lex.Vars{}
	for _, param := range script.Params {
		if value, ok := v[param.Name]; ok {
			set[param.Name] = lex.Value{Text: value}
		}
	}
	if err := p.session.Run(ctx, script, set, each); err != nil {
		p.err = fmt.Errorf("demo: %w", err)
	}
}
