package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"psyberg/engine/lex"
)

// input is one -f or -c, in the order given.
type input struct {
	file bool   // -f: text is a path, "-" for stdin
	text string // -c: the SQL
}

// inputsFlag is the value of -f and -c: both add to one list, which keeps their order.
type inputsFlag struct {
	list *[]input
	file bool
}

func (f inputsFlag) String() string { return "" }

// Type is what env.go and help tell repeatable flags by.
func (f inputsFlag) Type() string {
	if f.file {
		return "file"
	}
	return "sql"
}

// Set implements pflag.Value.
func (f inputsFlag) Set(s string) error {
	if f.file && s == "" {
		return errors.New("the file has no name")
	}
	*f.list = append(*f.list, input{f.file, s})
	return nil
}

// varsFlag is the value of -v.
type varsFlag lex.Vars

func (f varsFlag) String() string { return "" }

// Type implements pflag.Value.
func (f varsFlag) Type() string { return "variable" }

// Set implements pflag.Value: name=value, the value being all after the first "=".
func (f varsFlag) Set(s string) error {
	name, value, ok := strings.Cut(s, "=")
	if !ok {
		return fmt.Errorf("%q is not name=value", s)
	}
	if t := lex.Tokens("$" + name); len(t) != 1 || t[0].Kind != lex.Variable {
		return fmt.Errorf("%q is not a variable's name: letters, digits and _, not a digit first", name)
	}
	f[name] = lex.Value{Text: value}
	return nil
}

// scripts reads and splits all inputs, so that nothing runs if one cannot be read.
func (a *app) scripts(ctx context.Context, inputs []input) ([]*lex.Script, error) {
	var out []*lex.Script
	commands := 0
	for _, in := range inputs {
		name, text := in.text, in.text
		switch {
		case !in.file:
			if commands++; commands == 1 {
				name = "-c"
			} else {
				name = fmt.Sprintf("-c#%d", commands)
			}
		case in.text == "-":
			name = "<stdin>"
			var err error
			if text, err = a.readStdin(ctx); err != nil {
				return nil, err
			}
		default:
			data, err := os.ReadFile(in.text)
			if err != nil {
				return nil, fmt.Errorf("read script: %w", err)
			}
			text = string(data)
		}
		s, err := lex.Parse(name, strings.TrimPrefix(text, "\ufeff"))
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// readStdin reads stdin to its end; a signal ends that, too.
func (a *app) readStdin(ctx context.Context) (string, error) {
	type read struct {
		data []byte
		err  error
	}
	done := make(chan read, 1)
	go func() {
		data, err := io.ReadAll(a.io.In)
		done <- read{data, err}
	}()
	select {
	case r := <-done:
		if r.err != nil {
			return "", fmt.Errorf("read script from stdin: %w", r.err)
		}
		return string(r.data), nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
