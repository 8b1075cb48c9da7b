package lex

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Value is the value of a variable: a text, or NULL.
type Value struct {
	Text string
	Null bool
}

// Vars are the variables of a script by name.
type Vars map[string]Value

// Param is a variable that a script declares in a line of its own:
//
//	-- @param process_name
//	-- @param hours = 12
//	-- @param note = ' with blanks '
//	-- @param until = NULL
//
// One without a default must be given. A default is the rest of the line, a
// quoted text in single quotes, or NULL.
type Param struct {
	Name       string
	HasDefault bool
	Default    Value
	// Doc is the comment lines directly below, up to the next declaration.
	Doc   string
	Start int // byte in the script
}

func params(src *Source, tokens []Token) ([]Param, error) {
	var out []Param
	for _, t := range tokens {
		if t.Kind == Space {
			continue
		}
		if t.Kind != Comment {
			break // declarations stand before the first statement
		}
		body := strings.TrimSpace(strings.TrimPrefix(src.Text[t.Start:t.End], "--"))
		decl, is := strings.CutPrefix(body, "@param")
		if !is || !strings.HasPrefix(src.Text[t.Start:t.End], "--") {
			if n := len(out); n > 0 && strings.HasPrefix(src.Text[t.Start:t.End], "--") {
				out[n-1].Doc = strings.TrimSpace(out[n-1].Doc + "\n" + body)
			}
			continue
		}
		p, err := param(decl)
		if err == nil && slices.ContainsFunc(out, func(o Param) bool { return o.Name == p.Name }) {
			err = fmt.Errorf("parameter %s is declared twice", p.Name)
		}
		if err != nil {
			return nil, src.At(t.Start, err)
		}
		p.Start = t.Start
		out = append(out, p)
	}
	return out, nil
}

func param(decl string) (Param, error) {
	name, def, has := strings.Cut(decl, "=")
	p := Param{Name: strings.TrimSpace(name), HasDefault: has}
	if !isName(p.Name) || name[0] != ' ' && name[0] != '\t' {
		return p, fmt.Errorf("%q is not a parameter's name: write -- @param name [= default]", strings.TrimSpace(name))
	}
	def = strings.TrimSpace(def)
	switch {
	case def == "NULL":
		p.Default.Null = true
	case strings.HasPrefix(def, "'"):
		t := Tokens(def)
		if len(t) != 1 || t[0].Open {
			return p, fmt.Errorf("the default of %s is not one quoted text", p.Name)
		}
		p.Default.Text = strings.ReplaceAll(def[1:len(def)-1], "''", "'")
	default:
		p.Default.Text = def
	}
	return p, nil
}

func isName(s string) bool {
	for i := range len(s) {
		if !isWordStart(s[i]) && (i == 0 || !isDigit(s[i])) {
			return false
		}
	}
	return s != ""
}

// UnsetError is about a variable, or a declared parameter, without a value.
type UnsetError struct{ what, Name string }

func (e *UnsetError) Error() string {
	return e.what + " " + e.Name + " is not set: pass -v " + e.Name + "=VALUE"
}

// Bind returns vars with the defaults of what they do not set. An error names
// the first declared parameter that has no value, at its declaration.
func (s *Script) Bind(vars Vars) (Vars, error) {
	out := Vars{}
	for k, v := range vars {
		out[k] = v
	}
	for _, p := range s.Params {
		if _, ok := out[p.Name]; ok {
			continue
		}
		if !p.HasDefault {
			return nil, s.At(p.Start, &UnsetError{"parameter", p.Name})
		}
		out[p.Name] = p.Default
	}
	return out, nil
}

// Rendered is a statement as DuckDB gets it.
type Rendered struct {
	SQL       string
	Statement Statement
	// shifts say where the SQL runs apart from the source: bytes of SQL from
	// sql on correspond to bytes of the source from src on.
	shifts []shift
}

type shift struct{ sql, src int }

// Offset is the byte of the source that byte off of the SQL comes from.
func (r *Rendered) Offset(off int) int {
	i := sort.Search(len(r.shifts), func(i int) bool { return r.shifts[i].sql > off }) - 1
	if i < 0 {
		return r.Statement.Start
	}
	src := r.shifts[i].src + off - r.shifts[i].sql
	if i+1 < len(r.shifts) {
		src = min(src, r.shifts[i+1].src) // inside what a variable was replaced by
	}
	return min(src, r.Statement.End)
}

// At is err at byte off of the SQL; at the statement's begin where off < 0.
func (r *Rendered) At(off int, err error) *Error {
	if off < 0 || off > len(r.SQL) {
		return r.Statement.Source.At(r.Statement.Start, err)
	}
	return r.Statement.Source.At(r.Offset(off), err)
}

// Render puts values for variables and quotes argument names that DuckDB's
// parser refuses. $x and :'x' become a quoted literal, which DuckDB casts to
// what the place needs, or NULL; :"x" becomes a quoted identifier. A variable
// that is not set is an *Error at its place.
func (s Statement) Render(vars Vars) (*Rendered, error) {
	out := &Rendered{Statement: s}
	var b strings.Builder
	text := s.Source.Text
	put := func(t Token, as string) {
		out.shifts = append(out.shifts, shift{b.Len(), t.Start})
		b.WriteString(as)
		out.shifts = append(out.shifts, shift{b.Len(), t.End})
	}
	out.shifts = append(out.shifts, shift{0, s.Start})
	for i, t := range s.tokens {
		raw := text[t.Start:t.End]
		switch {
		case t.Kind == Variable:
			as, err := substitute(raw, vars)
			if err != nil {
				return nil, s.Source.At(t.Start, err)
			}
			if i > 0 && text[t.Start-1] == ':' {
				as = " " + as // or {a:$x} would read as :'name'
			}
			put(t, as)
		case t.Kind == Word && reserved[strings.ToLower(raw)] && s.namesArgument(i):
			put(t, `"`+raw+`"`)
		default:
			b.WriteString(raw)
		}
	}
	out.SQL = b.String()
	return out, nil
}

func substitute(raw string, vars Vars) (string, error) {
	name, ident := strings.Trim(raw, `$:'"`), raw[len(raw)-1] == '"'
	v, ok := vars[name]
	if !ok {
		return "", &UnsetError{"variable", name}
	}
	switch {
	case strings.IndexByte(v.Text, 0) >= 0:
		return "", fmt.Errorf("variable %s has a NUL byte, which SQL text cannot hold", name)
	case ident && (v.Null || v.Text == ""):
		return "", fmt.Errorf("variable %s is empty: an identifier has at least one character", name)
	case ident:
		return `"` + strings.ReplaceAll(v.Text, `"`, `""`) + `"`, nil
	case v.Null:
		return "NULL", nil
	}
	return "'" + strings.ReplaceAll(v.Text, "'", "''") + "'", nil
}

// namesArgument reports whether token i stands where a call's argument is
// named: after ( or a comma, before := or =>.
func (s Statement) namesArgument(i int) bool {
	text, p, n := s.Source.Text, i-1, i+1
	for p >= 0 && blank(s.tokens[p]) {
		p--
	}
	for n < len(s.tokens) && blank(s.tokens[n]) {
		n++
	}
	if p < 0 || n >= len(s.tokens) {
		return false
	}
	before := text[s.tokens[p].Start:s.tokens[p].End]
	after := text[s.tokens[n].Start:]
	return (before == "(" || before == ",") && (strings.HasPrefix(after, ":=") || strings.HasPrefix(after, "=>"))
}

// Variables are the names of the variables in the statement, in order, each once.
func (s Statement) Variables() []string {
	var out []string
	for _, t := range s.tokens {
		if t.Kind == Variable {
			if n := strings.Trim(s.Source.Text[t.Start:t.End], `$:'"`); !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	return out
}
