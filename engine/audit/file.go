package audit

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"psyberg/functions/meta"
)

// maxFile is how long an audits.yaml may be, in bytes.
const maxFile = 1 << 20

// File is an audits.yaml.
type File struct {
	Path   string
	Audits []Audit
}

// Audit is one audit that a file asks for: Function or SQL is set.
type Audit struct {
	// Name is unique in the file: as given, else the function's or the SQL
	// file's, with _2, _3, ... after the first.
	Name     string
	Function string // without psyberg_audit_
	SQL      string // path as written, relative to the file's folder
	Blocking bool   // true where the file does not say
	Params   []Param
	Line     int
}

// Param is one parameter of an audit, in the order of the file.
type Param struct {
	Name  string
	Value Value
	Line  int
}

// Value is what YAML says: a scalar, or a list of scalars.
type Value struct {
	Kind ValueKind
	Text string  // of scalars: the value's text, not its YAML
	List []Value // of KindList
}

// ValueKind is the kind of a Value.
type ValueKind int

// The kinds of values.
const (
	KindNull ValueKind = iota
	KindText
	KindNumber // a number in SQL's spelling
	KindBool   // true or false
	KindList
)

// ReadFile reads an audits.yaml.
func ReadFile(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read audits: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read audits %q: %w", path, err)
	}
	return Parse(path, data)
}

// Parse reads the text of an audits.yaml. It is strict: what it does not know
// is an error with its line and near matches, since a misspelt "blocking"
// would let everything through.
func Parse(path string, data []byte) (*File, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("read audits %q: it is longer than %d bytes", path, maxFile)
	}
	f := &File{Path: path}
	dec := yaml.NewDecoder(strings.NewReader(string(data)))
	var doc, more yaml.Node
	err := decode(dec, &doc)
	switch {
	case errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0:
		return nil, f.errorAt(1, "it is empty: begin with a line 'audits:'")
	case err != nil:
		return nil, fmt.Errorf("read audits %q: %w", path, err)
	}
	if err := decode(dec, &more); !errors.Is(err, io.EOF) {
		return nil, f.errorAt(max(1, more.Line), "it holds more than one YAML document")
	}
	if err := f.top(doc.Content[0]); err != nil {
		return nil, err
	}
	f.name()
	return f, nil
}

// decode tames a panic of the YAML reader.
func decode(dec *yaml.Decoder, to *yaml.Node) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("damaged YAML: %v", r)
		}
	}()
	return dec.Decode(to)
}

func (f *File) errorAt(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", f.Path, line, fmt.Sprintf(format, args...))
}

func (f *File) top(n *yaml.Node) error {
	return f.each(n, "the file", []string{"audits"}, func(_ string, v *yaml.Node) error {
		if v.Kind != yaml.SequenceNode {
			return f.errorAt(v.Line, "audits must be a list: write each with a dash before it")
		}
		for _, item := range v.Content {
			a, err := f.audit(item)
			if err != nil {
				return err
			}
			f.Audits = append(f.Audits, a)
		}
		return nil
	})
}

var auditKeys = []string{"name", "function", "sql", "blocking", "params"}

func (f *File) audit(n *yaml.Node) (Audit, error) {
	a := Audit{Blocking: true, Line: n.Line}
	err := f.each(n, "an audit", auditKeys, func(key string, v *yaml.Node) error {
		if key == "params" {
			return f.params(&a, v)
		}
		value, err := f.scalar(v)
		if err != nil {
			return err
		}
		if key == "blocking" {
			if value.Kind != KindBool {
				return f.errorAt(v.Line, "blocking is %q, not true or false", v.Value)
			}
			a.Blocking = value.Text == "true"
			return nil
		}
		if value.Kind == KindNull || strings.TrimSpace(value.Text) == "" {
			return f.errorAt(v.Line, "%s is empty", key)
		}
		switch key {
		case "name":
			a.Name = value.Text
		case "function":
			a.Function = strings.TrimPrefix(value.Text, prefix)
		case "sql":
			a.SQL = value.Text
		}
		return nil
	})
	if err == nil && (a.Function == "") == (a.SQL == "") {
		err = f.errorAt(n.Line, "an audit needs function or sql, one of the two")
	}
	return a, err
}

func (f *File) params(a *Audit, n *yaml.Node) error {
	return f.each(n, "params", nil, func(key string, v *yaml.Node) error {
		p := Param{Name: key, Line: v.Line}
		if v.Kind == yaml.SequenceNode {
			p.Value.Kind = KindList
			for _, item := range v.Content {
				e, err := f.scalar(item)
				if err != nil {
					return err
				}
				p.Value.List = append(p.Value.List, e)
			}
		} else {
			var err error
			if p.Value, err = f.scalar(v); err != nil {
				return err
			}
		}
		a.Params = append(a.Params, p)
		return nil
	})
}

// each visits the keys of a mapping; known nil lets every one pass.
func (f *File) each(n *yaml.Node, what string, known []string, visit func(key string, value *yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return f.errorAt(n.Line, "%s must be keys with values, like 'key: value'", what)
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Kind != yaml.ScalarNode {
			return f.errorAt(k.Line, "a key of %s must be a word", what)
		}
		switch {
		case known != nil && !slices.Contains(known, k.Value):
			return f.errorAt(k.Line, "%s has no key %q%s", what, k.Value, meta.Suggest(k.Value, known))
		case seen[k.Value]:
			return f.errorAt(k.Line, "key %q is there twice", k.Value)
		}
		seen[k.Value] = true
		if err := visit(k.Value, v); err != nil {
			return err
		}
	}
	return nil
}

// scalar reads a value. Dates and times are taken as the text that is written.
func (f *File) scalar(n *yaml.Node) (Value, error) {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return Value{}, f.errorAt(n.Line, "anchors and aliases are not read: write the value out")
	}
	if n.Kind != yaml.ScalarNode {
		return Value{}, f.errorAt(n.Line, "a single value is needed here")
	}
	switch n.ShortTag() {
	case "!!null":
		return Value{Kind: KindNull}, nil
	case "!!bool":
		var b bool
		if err := n.Decode(&b); err != nil {
			return Value{}, f.errorAt(n.Line, "%v", err)
		}
		return Value{Kind: KindBool, Text: fmt.Sprint(b)}, nil
	case "!!int", "!!float":
		text, ok := number(n)
		if !ok {
			return Value{}, f.errorAt(n.Line, "%q is no number that SQL knows: put it in quotes", n.Value)
		}
		return Value{Kind: KindNumber, Text: text}, nil
	case "!!str", "!!timestamp":
		return Value{Kind: KindText, Text: n.Value}, nil
	}
	return Value{}, f.errorAt(n.Line, "a value of type %s is not read here", n.ShortTag())
}

// number returns a YAML number as SQL spells it.
func number(n *yaml.Node) (string, bool) {
	if plainNumber.MatchString(n.Value) {
		return n.Value, true
	}
	var i int64 // 0x1F, 0o17, 1_000
	if n.ShortTag() == "!!int" && n.Decode(&i) == nil {
		return fmt.Sprint(i), true
	}
	return "", false
}

// name gives every audit a name of its own.
func (f *File) name() {
	taken := map[string]bool{}
	for _, a := range f.Audits {
		taken[a.Name] = true
	}
	given := map[string]bool{}
	for i := range f.Audits {
		a := &f.Audits[i]
		base := a.Name
		if base != "" && !given[base] {
			given[base] = true
			continue
		}
		if base == "" {
			base = a.Function
			if a.SQL != "" {
				base = strings.TrimSuffix(filepath.Base(filepath.FromSlash(a.SQL)), ".sql")
			}
		}
		name := base
		for n := 2; taken[name]; n++ {
			name = fmt.Sprintf("%s_%d", base, n)
		}
		a.Name, taken[name] = name, true
	}
}
