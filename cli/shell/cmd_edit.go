package shell

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// editing is a text in $EDITOR.
type editing struct {
	path string
	temp bool
	cmd  *exec.Cmd
}

// newEditing begins to edit a file, or text in a file of its own.
func newEditing(ctx context.Context, path, text string) (*editing, error) {
	e := &editing{path: path}
	if path == "" {
		f, err := os.CreateTemp("", "psyql-*.sql")
		if err != nil {
			return nil, fmt.Errorf("edit: %w", err)
		}
		e.path, e.temp = f.Name(), true
		_, err = f.WriteString(text)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("edit: %w", err)
		}
	}
	editor := firstOf(os.Getenv("PSYQL_EDITOR"), os.Getenv("VISUAL"), os.Getenv("EDITOR"), "vi")
	words := strings.Fields(editor)
	e.cmd = exec.CommandContext(ctx, words[0], append(words[1:], e.path)...)
	return e, nil
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if strings.TrimSpace(t) != "" {
			return t
		}
	}
	return ""
}

// result is the text after the editor has ended.
func (e *editing) result(err error) (string, error) {
	if e.temp {
		defer func() { _ = os.Remove(e.path) }() // the text has been read
	}
	if err != nil {
		return "", fmt.Errorf("edit with %s: %w: set EDITOR", e.cmd.Path, err)
	}
	data, err := os.ReadFile(e.path)
	if err != nil {
		return "", fmt.Errorf("edit: %w", err)
	}
	return strings.TrimRight(string(data), "\n"), nil
}

// edit is \e where there is no screen to give back: the text is run at once.
// The screen's own way is in model.go.
func edit(ctx context.Context, d *Desk, path string) error {
	e, err := newEditing(ctx, path, d.last)
	if err != nil {
		return err
	}
	e.cmd.Stdin, e.cmd.Stdout, e.cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	text, err := e.result(e.cmd.Run())
	if err != nil || strings.TrimSpace(text) == "" {
		return err
	}
	return d.Piece(ctx, text)
}
