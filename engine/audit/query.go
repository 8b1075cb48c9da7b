package audit

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"psyberg/engine/bridge"
	"psyberg/engine/lex"
	"psyberg/functions/meta"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// prefix is what the names of audit functions begin with.
const prefix = "psyberg_audit_"

// plainNumber is a number that YAML and SQL spell alike.
var plainNumber = regexp.MustCompile(`^[-+]?([0-9]{1,38}(\.[0-9]{0,30})?|\.[0-9]{1,30})([eE][-+]?[0-9]{1,3})?$`)

// variables are what SQL files and queries in params may name, as $target;
// a param whose whole value is one, like $load_from, has its value.
func variables(req Request, own psyberg.SessionRow) lex.Vars {
	vars := lex.Vars{
		"target":        {Text: req.Target},
		"wap_id":        {Text: req.Session},
		"process_name":  {Text: req.Process},
		"session_id":    {Text: req.Session},
		"session_table": {Text: req.SessionTable},
		"load_from":     {Null: true},
		"load_to":       {Null: true},
	}
	if h := own.LoadHours; h != nil {
		vars["load_from"] = lex.Value{Text: sqlTime(h.From.Start())}
		vars["load_to"] = lex.Value{Text: sqlTime(h.To.Start())}
	}
	return vars
}

func sqlTime(i psyberg.Instant) string { return i.Time().Format("2006-01-02 15:04:05") + "+00" }

// query is the SQL of an audit.
type query struct {
	text string
	// plan, of an audit function, is the SELECT of the SQL that text comes to.
	plan string
}

// query writes the SQL of an audit.
func (f *File) query(a Audit, known []*surface.Query, vars lex.Vars) (query, error) {
	if a.SQL != "" {
		text, err := f.sqlFile(a, vars)
		return query{text: text}, err
	}
	var names []string
	for _, k := range known {
		names = append(names, strings.TrimPrefix(k.Name, prefix))
		if k.Name == prefix+a.Function {
			return f.call(a, k, vars)
		}
	}
	return query{}, f.errorAt(a.Line, "there is no audit function %q%s", a.Function, meta.Suggest(a.Function, names))
}

// call writes the call of an audit function: target and wap_id are the
// session's, the others are params by name.
func (f *File) call(a Audit, k *surface.Query, vars lex.Vars) (query, error) {
	given := map[string]Param{}
	for _, p := range a.Params {
		given[p.Name] = p
	}
	args := []string{bridge.QuoteLiteral(vars["target"].Text), bridge.QuoteLiteral(vars["wap_id"].Text)}
	all := slices.Clone(args) // by place
	var names []string
	for i, arg := range append(append([]surface.Arg{}, k.Positional...), k.Named...) {
		if i < 2 {
			continue
		}
		names = append(names, arg.Name)
		p, ok := given[arg.Name]
		delete(given, arg.Name)
		positional := i < len(k.Positional)
		if !ok {
			if positional && !arg.Optional {
				return query{}, f.errorAt(a.Line, "audit %q needs params.%s: %s", a.Name, arg.Name, arg.Doc)
			}
			if all = append(all, "NULL"); positional {
				args = append(args, "NULL")
			}
			continue
		}
		text, err := f.literal(p, vars)
		if err != nil {
			return query{}, err
		}
		if all = append(all, text); !positional {
			text = bridge.QuoteIdent(arg.Name) + " := " + text
		}
		args = append(args, text)
	}
	for _, p := range a.Params {
		if _, left := given[p.Name]; left {
			return query{}, f.errorAt(p.Line, "audit function %q has no param %q%s", a.Function, p.Name, meta.Suggest(p.Name, names))
		}
	}
	return query{
		text: "SELECT * FROM " + bridge.QuoteIdent(k.Name) + "(" + strings.Join(args, ", ") + ")",
		plan: "SELECT " + bridge.QueryFunction(k) + "(" + strings.Join(all, ", ") + ")",
	}, nil
}

// queryParams are params whose text is SQL, in which variables stand.
var queryParams = map[string]bool{"source": true, "where": true}

// literal writes a param's value.
func (f *File) literal(p Param, vars lex.Vars) (string, error) {
	if p.Value.Kind == KindText && queryParams[p.Name] {
		sql, err := f.render(p.Value.Text, vars)
		if err != nil {
			return "", f.errorAt(p.Line, "param %q: %v", p.Name, err)
		}
		return bridge.QuoteLiteral(sql), nil
	}
	if p.Value.Kind == KindText && strings.HasPrefix(p.Value.Text, "$") {
		v, ok := vars[p.Value.Text[1:]]
		if !ok {
			return "", f.errorAt(p.Line, "there is no variable %s%s", p.Value.Text, meta.Suggest(p.Value.Text[1:], slices.Sorted(maps.Keys(vars))))
		}
		if v.Null {
			return "NULL", nil
		}
		return bridge.QuoteLiteral(v.Text), nil
	}
	return p.Value.sql(), nil
}

func (v Value) sql() string {
	switch v.Kind {
	case KindText:
		return bridge.QuoteLiteral(v.Text)
	case KindNumber, KindBool:
		return v.Text
	case KindList:
		items := make([]string, len(v.List))
		for i, e := range v.List {
			items[i] = e.sql()
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	return "NULL"
}

// sqlFile reads an audit of the user's: one query; params are its variables.
func (f *File) sqlFile(a Audit, vars lex.Vars) (string, error) {
	path := filepath.FromSlash(a.SQL)
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(f.Path), path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", f.errorAt(a.Line, "audit %q: %v", a.Name, err)
	}
	own := maps.Clone(vars)
	for _, p := range a.Params {
		if _, taken := vars[p.Name]; taken {
			return "", f.errorAt(p.Line, "param %q is a variable that every audit has: give it another name", p.Name)
		}
		switch p.Value.Kind {
		case KindList:
			return "", f.errorAt(p.Line, "param %q is a list; a variable of a SQL file is a single value", p.Name)
		case KindNull:
			own[p.Name] = lex.Value{Null: true}
		default:
			own[p.Name] = lex.Value{Text: p.Value.Text}
		}
	}
	return single(path, string(data), own)
}

// render puts variables into a query that stands in a param.
func (f *File) render(text string, vars lex.Vars) (string, error) {
	tokens := lex.Tokens(text)
	for _, t := range tokens {
		if t.Kind == lex.Variable {
			return single("query", text, vars)
		}
	}
	return text, nil // a number, or a query without variables: the function judges it
}

// single renders a text that holds one statement.
func single(file, text string, vars lex.Vars) (string, error) {
	script, err := lex.Parse(file, text)
	if err != nil {
		return "", err
	}
	if n := len(script.Statements); n != 1 {
		return "", fmt.Errorf("%s: it holds %d statements; an audit is a single query whose rows violate", file, n)
	}
	bound, err := script.Bind(vars)
	if err != nil {
		return "", err
	}
	r, err := script.Statements[0].Render(bound)
	if err != nil {
		return "", err
	}
	return r.SQL, nil
}

var errNotQuery = errors.New("it returns no columns; an audit is a query whose rows violate")
