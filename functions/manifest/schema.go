package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

type kind uint8

const (
	kNull kind = iota
	kBool
	kInt  // also enum
	kLong // written as kInt is
	kFloat
	kDouble
	kBytes
	kString
	kFixed
	kRecord
	kArray
	kMap
	kUnion
)

var kindNames = [...]string{"null", "boolean", "int", "long", "float", "double", "bytes", "string", "fixed", "record", "array", "map", "union"}

func (k kind) String() string { return kindNames[k] }

// node is one type of a writer's schema. Named types are shared, and may
// contain themselves.
type node struct {
	kind      kind
	logical   string
	size      int // fixed
	precision int // decimal
	scale     int
	utc       bool     // adjust-to-utc of a timestamp
	fields    []*field // record
	items     *node    // array, map
	union     []*node
	empty     bool // takes no bytes at all
}

type field struct {
	name string
	id   int // Iceberg's field id, -1 where the writer left it out
	typ  *node
}

// maxDepth bounds how deep types lie in each other, in schemas and in data.
const maxDepth = 64

// avroType is what a schema's objects may say; other keys do not matter here.
type avroType struct {
	Type      json.RawMessage `json:"type"`
	Name      string          `json:"name"`
	Namespace string          `json:"namespace"`
	Logical   string          `json:"logicalType"`
	Fields    []struct {
		Name    string          `json:"name"`
		FieldID *int            `json:"field-id"`
		Type    json.RawMessage `json:"type"`
	} `json:"fields"`
	Items       json.RawMessage `json:"items"`
	Values      json.RawMessage `json:"values"`
	Size        *int            `json:"size"`
	Precision   int             `json:"precision"`
	Scale       int             `json:"scale"`
	AdjustToUTC *bool           `json:"adjust-to-utc"`
}

// parser holds the named types met so far.
type parser struct {
	named map[string]*node
}

// parseSchema parses a manifest's schema, whose top must be a record.
func parseSchema(text []byte) (*node, error) {
	if len(text) == 0 {
		return nil, errors.New("missing")
	}
	p := &parser{named: map[string]*node{}}
	n, err := p.parse(text, "", 0)
	if err != nil {
		return nil, err
	}
	if n.kind != kRecord {
		return nil, fmt.Errorf("%v, not a record", n.kind)
	}
	return n, nil
}

var primitives = map[string]kind{"null": kNull, "boolean": kBool, "int": kInt, "long": kLong, "float": kFloat, "double": kDouble, "bytes": kBytes, "string": kString}

func (p *parser) parse(text json.RawMessage, space string, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("types nested more than %d deep", maxDepth)
	}
	if len(text) == 0 {
		return nil, errors.New("type missing")
	}
	switch text[0] {
	case '"':
		var name string
		if err := json.Unmarshal(text, &name); err != nil {
			return nil, err
		}
		return p.byName(name, space)
	case '[':
		var branches []json.RawMessage
		if err := json.Unmarshal(text, &branches); err != nil {
			return nil, err
		}
		n := &node{kind: kUnion}
		for _, b := range branches {
			t, err := p.parse(b, space, depth+1)
			if err != nil {
				return nil, err
			}
			n.union = append(n.union, t)
		}
		return n, nil
	}
	var t avroType
	if err := json.Unmarshal(text, &t); err != nil {
		return nil, err
	}
	return p.complex(&t, space, depth)
}

func (p *parser) byName(name, space string) (*node, error) {
	if k, ok := primitives[name]; ok {
		return &node{kind: k, empty: k == kNull}, nil
	}
	if n, ok := p.named[space+"."+name]; ok {
		return n, nil
	}
	if n, ok := p.named[name]; ok {
		return n, nil
	}
	return nil, fmt.Errorf("type %q is not defined", name)
}

// define makes a named type known under its full and its plain name.
func (p *parser) define(t *avroType, space string, n *node) {
	if t.Name == "" {
		return
	}
	p.named[t.Name] = n
	if space != "" {
		p.named[space+"."+t.Name] = n
	}
}

func (p *parser) complex(t *avroType, space string, depth int) (*node, error) {
	var name string
	if len(t.Type) == 0 || t.Type[0] != '"' {
		return p.parse(t.Type, space, depth+1) // {"type": {"type": ...}}
	}
	if err := json.Unmarshal(t.Type, &name); err != nil {
		return nil, err
	}
	if t.Namespace != "" {
		space = t.Namespace
	}
	n := &node{logical: t.Logical, precision: t.Precision, scale: t.Scale, utc: t.AdjustToUTC != nil && *t.AdjustToUTC}
	var err error
	switch name {
	case "record", "error":
		n.kind = kRecord
		p.define(t, space, n)
		return n, p.record(n, t, space, depth)
	case "array":
		n.kind = kArray
		n.items, err = p.parse(t.Items, space, depth+1)
		return n, err
	case "map":
		n.kind = kMap
		n.items, err = p.parse(t.Values, space, depth+1)
		return n, err
	case "enum":
		n.kind = kInt
		p.define(t, space, n)
		return n, nil
	case "fixed":
		if t.Size == nil || *t.Size < 0 || *t.Size > math.MaxInt32 {
			return nil, fmt.Errorf("fixed %q without a valid size", t.Name)
		}
		n.kind, n.size, n.empty = kFixed, *t.Size, *t.Size == 0
		p.define(t, space, n)
		return n, nil
	}
	base, err := p.byName(name, space)
	if err != nil {
		return nil, err
	}
	if _, ok := primitives[name]; !ok {
		return base, nil
	}
	n.kind, n.empty = base.kind, base.empty
	return n, nil
}

func (p *parser) record(n *node, t *avroType, space string, depth int) error {
	empty := true
	for _, f := range t.Fields {
		typ, err := p.parse(f.Type, space, depth+1)
		if err != nil {
			return fmt.Errorf("field %q: %w", f.Name, err)
		}
		id := -1
		if f.FieldID != nil {
			id = *f.FieldID
		}
		n.fields = append(n.fields, &field{name: f.Name, id: id, typ: typ})
		empty = empty && typ.empty
	}
	n.empty = empty
	return nil
}

// optional splits a union of null and one other type: that type, and the
// branch that it is. A type that is no union is its own, with branch -1.
func (n *node) optional() (t *node, branch int, ok bool) {
	if n.kind != kUnion {
		return n, -1, true
	}
	if len(n.union) == 2 {
		switch {
		case n.union[0].kind == kNull:
			return n.union[1], 1, true
		case n.union[1].kind == kNull:
			return n.union[0], 0, true
		}
	}
	return nil, 0, false
}
