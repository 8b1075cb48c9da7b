package rows

import (
	"encoding/json"
	"fmt"
	"slices"
)

// nameMapping gives ids to the columns of files that were written without
// (Iceberg spec, "Name Mapping Serialization").
type nameMapping []mappedField

type mappedField struct {
	ID     *int        `json:"field-id"`
	Names  []string    `json:"names"`
	Fields nameMapping `json:"fields"`
}

const nameMappingProperty = "schema.name-mapping.default"

// parseNameMapping reads the table property; nil where the table has none.
func parseNameMapping(properties map[string]string) (nameMapping, error) {
	text, ok := properties[nameMappingProperty]
	if !ok {
		return nil, nil
	}
	m := nameMapping{}
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return nil, fmt.Errorf("table property %s: it is no name mapping: %w; set it anew", nameMappingProperty, err)
	}
	return m, nil
}

// assign gives columns without ids those that the mapping has for their names.
// Columns that it does not name stay without, so are not read.
func (m nameMapping) assign(columns []*node, kind nodeKind) {
	for i, c := range columns {
		name := c.name
		switch {
		case kind == listNode:
			name = "element"
		case kind == mapNode && i == 0:
			name = "key"
		case kind == mapNode:
			name = "value"
		}
		at := slices.IndexFunc(m, func(f mappedField) bool { return slices.Contains(f.Names, name) })
		if at < 0 {
			c.forget()
			continue
		}
		if c.id = -1; m[at].ID != nil {
			c.id = *m[at].ID
		}
		m[at].Fields.assign(c.children, c.kind)
	}
}

// forget takes the ids of a column and all below it.
func (n *node) forget() {
	n.id = -1
	for _, c := range n.children {
		c.forget()
	}
}

// hasIDs reports whether any of the columns has a field id: such a file is
// read by its ids alone.
func hasIDs(columns []*node) bool {
	return slices.ContainsFunc(columns, func(n *node) bool { return n.id >= 0 || hasIDs(n.children) })
}

// assignByPosition gives ids to the top-level columns as Iceberg does for files
// that have none in a table without a name mapping: 1, 2, 3... in their order.
func assignByPosition(columns []*node) {
	for i, c := range columns {
		c.forget()
		c.id = i + 1
	}
}
