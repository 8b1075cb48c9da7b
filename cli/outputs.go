package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"psyberg/cli/format"
	"psyberg/engine"
	"psyberg/engine/lex"
)

// Outputs are what a workflow step hands on to the next one: values by name.
// \out name in a script takes the result of a statement, --output name=expression
// asks when all scripts are done, --output name takes the column of that name
// from the first row of the last result. places.go says where they go.

// outputValue is one output.
type outputValue struct {
	name  string
	value any // as package format has values
}

// outputLimit is how many rows an output may have: it is a parameter of the
// next step, not a way to move a table.
const outputLimit = 10_000

// wantedOutput is one --output, read.
type wantedOutput struct {
	name   string
	script *lex.Script // nil: the column of that name
}

// wantedOutputs reads the flags, so that nothing runs where one is wrong.
func wantedOutputs(flags []string) ([]wantedOutput, error) {
	var out []wantedOutput
	for _, text := range flags {
		name, expr, has := strings.Cut(text, "=")
		name = strings.TrimSpace(name)
		if !lex.IsOutputName(name) {
			return nil, usageError{fmt.Errorf("--output: %q is no name of an output: letters, digits, _ and -, a letter or _ first", name)}
		}
		w := wantedOutput{name: name}
		if has {
			s, err := lex.Parse("--output "+name, "SELECT "+expr)
			if err != nil {
				return nil, err
			}
			if strings.TrimSpace(expr) == "" || len(s.Statements) != 1 || s.Statements[0].Out != "" {
				return nil, usageError{fmt.Errorf("--output %s: %q is not one expression", name, expr)}
			}
			w.script = s
		}
		out = append(out, w)
	}
	return out, nil
}

// taken holds the rows of a result that is an output.
type taken struct {
	names []string
	rows  [][]any
	over  bool
}

func (t *taken) add(s *shown, row []any) {
	if t.over = len(t.rows) >= outputLimit; t.over {
		return
	}
	values := make([]any, len(row))
	for i, v := range row {
		values[i] = valueOf(v, s.types[i])
	}
	t.rows = append(t.rows, values)
}

// value is the result as one value: of one row and one column that value, of
// one column a list, else a list of structs; no row is NULL for one column.
func (t *taken) value() any {
	row := func(r []any) any {
		if len(t.names) == 1 {
			return r[0]
		}
		return format.Struct{Names: t.names, Values: r}
	}
	switch {
	case len(t.rows) == 1:
		return row(t.rows[0])
	case len(t.rows) == 0 && len(t.names) == 1:
		return nil
	}
	list := make([]any, len(t.rows))
	for i, r := range t.rows {
		list[i] = row(r)
	}
	return list
}

// setOutput keeps an output; a later one of the same name replaces it.
func (r *runner) setOutput(name string, value any) {
	if i := slices.IndexFunc(r.outputs, func(o outputValue) bool { return o.name == name }); i >= 0 {
		r.outputs[i].value = value
		return
	}
	r.outputs = append(r.outputs, outputValue{name, value})
}

// keepOutput makes the result s of stmt an output.
func (r *runner) keepOutput(stmt lex.Statement, s *shown) error {
	if s.take.over {
		return fmt.Errorf(`\out %s: the result has more than %d rows: an output is a parameter of the next step`, stmt.Out, outputLimit)
	}
	r.setOutput(stmt.Out, s.take.value())
	return nil
}

// askOutputs runs what --output asks for.
func (r *runner) askOutputs(ctx context.Context, wanted []wantedOutput, vars lex.Vars) error {
	last := r.last
	for _, w := range wanted {
		if w.script == nil {
			i := -1
			if last != nil {
				i = slices.Index(last.names, w.name)
			}
			switch {
			case i < 0:
				return fmt.Errorf("--output %s: the last result has no column of that name; write --output %s=EXPRESSION", w.name, w.name)
			case len(last.rows) == 0:
				r.setOutput(w.name, nil)
			default:
				r.setOutput(w.name, last.rows[0][i])
			}
			continue
		}
		stmt := w.script.Statements[0]
		stmt.Out = w.name
		err := r.session.RunStatement(ctx, stmt, vars, r.only)
		if err != nil {
			return err
		}
	}
	return nil
}

// only keeps the one value of a result that is not shown. It implements engine.Each.
func (r *runner) only(stmt lex.Statement, rows engine.Rows) error {
	if n := len(rows.Columns()); n != 1 {
		return fmt.Errorf("--output %s: an expression has one value, this has %d columns", stmt.Out, n)
	}
	s := newShown(rows)
	s.take = &taken{names: s.names()}
	for {
		if _, err := s.next(); err != nil {
			if errors.Is(err, errEnd) {
				break
			}
			return err
		}
	}
	if len(s.take.rows) > 1 || s.take.over {
		return fmt.Errorf("--output %s: an expression has one value, this has several rows; take them as a list: list(x)", stmt.Out)
	}
	return r.keepOutput(stmt, s)
}
