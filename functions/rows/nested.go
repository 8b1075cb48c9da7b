package rows

import (
	"fmt"
	"strconv"
	"strings"

	"psyberg/functions/meta"
)

// leaf reports whether DuckDB's reader makes one value of a column of type t.
func leaf(t meta.Type) bool {
	return t.Kind != meta.KindStruct && t.Kind != meta.KindList && t.Kind != meta.KindMap
}

// as reports whether a file's column is of names and members exactly as t, so
// that the reader's cast by name does the right thing.
func (n *node) as(t meta.Type) bool {
	if leaf(t) {
		return t.Kind != meta.KindVariant
	}
	members := t.Members()
	if len(members) != len(n.children) {
		return false
	}
	for i, m := range members {
		c := n.children[i]
		if t.Kind == meta.KindStruct && (c.name != m.Name || c.id != m.ID) || !c.as(m.Type) {
			return false
		}
	}
	return true
}

var kindOfNode = map[meta.Kind]nodeKind{meta.KindStruct: rowNode, meta.KindList: listNode, meta.KindMap: mapNode}

// signature writes what makes files of one column need different SQL: names
// and ids of nested members.
func (n *node) signature(b *strings.Builder, t meta.Type, path string) error {
	if leaf(t) {
		if n.kind != leafNode && t.Kind != meta.KindVariant {
			return fmt.Errorf("read data file %q: its column %q is nested, the table has it as %s [PSY_DAMAGED]", path, n.name, t)
		}
		b.WriteByte(';')
		return nil
	}
	if n.kind != kindOfNode[t.Kind] {
		return fmt.Errorf("read data file %q: its column %q is no %s, as the table has it [PSY_DAMAGED]", path, n.name, t.Kind)
	}
	b.WriteByte(byte(n.kind))
	b.WriteByte('(')
	for i, m := range t.Members() {
		c := n.member(i, t, m)
		if c == nil {
			b.WriteString("-;")
			continue
		}
		b.WriteString(strconv.Quote(c.name))
		if err := c.signature(b, m.Type, path); err != nil {
			return err
		}
	}
	b.WriteByte(')')
	if n.kind == rowNode { // which member tells a NULL struct: see readType
		b.WriteString(strconv.Quote(n.children[0].name))
	}
	return nil
}

// member finds the part of a file's column that is member i of type t.
func (n *node) member(i int, t meta.Type, m *meta.Field) *node {
	if t.Kind != meta.KindStruct {
		return n.children[i] // element, key, value: told by their place
	}
	return n.child(m.ID)
}

// readType is the type to read a nested column of a file as: the file's own
// names, so that the reader finds them, with the table's types at the leaves.
func (n *node) readType(t meta.Type) (string, error) {
	if leaf(t) {
		return scanType(t)
	}
	var parts []string
	for i, m := range t.Members() {
		c := n.member(i, t, m)
		if c == nil {
			continue
		}
		inner, err := c.readType(m.Type)
		if err != nil {
			return "", err
		}
		parts = append(parts, inner)
		if t.Kind == meta.KindStruct {
			parts[len(parts)-1] = quoteIdent(c.name) + " " + inner
		}
	}
	switch t.Kind {
	case meta.KindList:
		return parts[0] + "[]", nil
	case meta.KindMap:
		return "MAP(" + parts[0] + ", " + parts[1] + ")", nil
	}
	if len(parts) == 0 {
		// None of the struct's members is in the file, but whether the struct is
		// NULL is: some member has to be read for it.
		parts = []string{quoteIdent(n.children[0].name) + " " + n.children[0].anyType()}
	}
	return "STRUCT(" + strings.Join(parts, ", ") + ")", nil
}

// anyType is a type that a file's column can be read as, whatever it holds.
func (n *node) anyType() string {
	switch n.kind {
	case rowNode:
		return "STRUCT(" + quoteIdent(n.children[0].name) + " " + n.children[0].anyType() + ")"
	case listNode:
		return n.children[0].anyType() + "[]"
	case mapNode:
		return "MAP(" + n.children[0].anyType() + ", " + n.children[1].anyType() + ")"
	}
	return "VARCHAR"
}

// converter writes the expressions that turn a file's columns into the table's.
type converter struct {
	constant func(id int) (string, bool) // of the partition
	cast     bool                        // leaves are read as they are in the file
	depth    int
}

// convert turns expr, a column of the file, into the table's field.
func (v *converter) convert(expr string, n *node, f *meta.Field) (string, error) {
	t := f.Type
	if leaf(t) {
		if !v.cast && t.Kind != meta.KindVariant {
			return expr, nil
		}
		name, err := duckType(t)
		return "CAST(" + expr + " AS " + name + ")", err
	}
	v.depth++
	defer func() { v.depth-- }()
	x := "x" + strconv.Itoa(v.depth)
	switch t.Kind {
	case meta.KindList:
		inner, err := v.convert(x, n.children[0], t.Element)
		return "list_transform(" + expr + ", lambda " + x + ": " + inner + ")", err
	case meta.KindMap:
		key, err := v.convert(x+".key", n.children[0], t.Key)
		if err != nil {
			return "", err
		}
		value, err := v.convert(x+".value", n.children[1], t.Value)
		return "CASE WHEN " + expr + " IS NOT NULL THEN map_from_entries(list_transform(map_entries(" + expr + "), lambda " + x +
			": {'key': " + key + ", 'value': " + value + "})) END", err
	}
	parts := make([]string, len(t.Fields))
	for i, m := range t.Fields {
		inner, err := v.memberOf(expr, n, m)
		if err != nil {
			return "", err
		}
		parts[i] = quoteText(m.Name) + ": " + inner
	}
	return "CASE WHEN " + expr + " IS NOT NULL THEN {" + strings.Join(parts, ", ") + "} END", nil
}

func (v *converter) memberOf(expr string, n *node, m *meta.Field) (string, error) {
	if c := n.child(m.ID); c != nil {
		return v.convert("("+expr+")."+quoteIdent(c.name), c, m)
	}
	return v.missing(m)
}

// missing is the value of a field that the file does not have: its partition's,
// its initial default, or NULL.
func (v *converter) missing(f *meta.Field) (string, error) {
	if v.constant != nil {
		if e, ok := v.constant(f.ID); ok {
			return e, nil
		}
	}
	name, err := duckType(f.Type)
	if err != nil {
		return "", fmt.Errorf("column %q: %w", f.Name, err)
	}
	text, ok, err := defaultText(f)
	switch {
	case err != nil:
		return "", err
	case !ok:
		return "CAST(NULL AS " + name + ")", nil
	case f.Type.Kind == meta.KindStruct:
		parts := make([]string, len(f.Type.Fields))
		for i, m := range f.Type.Fields {
			if parts[i], err = v.missing(m); err != nil {
				return "", err
			}
			parts[i] = quoteText(m.Name) + ": " + parts[i]
		}
		return "{" + strings.Join(parts, ", ") + "}", nil
	}
	return "CAST(" + quoteText(text) + " AS " + name + ")", nil
}
