package rows

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// shape is what a file's columns are, where the table's schema does not say.
type shape struct {
	hasIDs bool // the file has field ids
}

// groups sorts files into those that one scan can read.
func (p *planner) groups(files []*file) ([]*scanGroup, error) {
	var plain, deleted scanGroup
	deleted.deletes = true
	for _, f := range files {
		if f.hasPos || f.hasVec || f.hasEq {
			deleted.files = append(deleted.files, f)
		} else {
			plain.files = append(plain.files, f)
		}
	}
	var out []*scanGroup
	for _, g := range []*scanGroup{&plain, &deleted} {
		if len(g.files) > 0 {
			out = append(out, g)
		}
	}
	return out, nil
}

// readType returns the type to read column i of the scan as; missing is true
// where no file of the group has it and nothing stands for it.
func (p *planner) readType(_ *scanGroup, i int) (typ string, missing bool, err error) {
	c := p.columns[i]
	t, err := duckType(c.field.Type)
	if err != nil {
		return "", false, fmt.Errorf("column %q: %w", c.field.Name, err)
	}
	return t, false, nil
}

// expression is the value of column i of the scan.
func (p *planner) expression(_ *scanGroup, i int) (string, error) {
	return "d." + quoteIdent(p.columns[i].name), nil
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
