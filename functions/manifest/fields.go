package manifest

import (
	"fmt"
	"slices"
)

// known returns the field's id, found by name where the writer left it out;
// -1 for a field that is not known.
func (f *field) known(names map[string]int) int {
	if f.id >= 0 {
		return f.id
	}
	if id, ok := names[f.name]; ok {
		return id
	}
	return -1
}

// want says so where a field's type in the file is none of those it can have.
func (f *field) want(id int, t *node, kinds ...kind) error {
	if slices.Contains(kinds, t.kind) {
		return nil
	}
	return fmt.Errorf("field %s (%d): %v in the file, %v expected", f.name, id, t.kind, kinds[len(kinds)-1])
}

// notOptional says so of a union that is not of null and one other type.
func (f *field) notOptional() error {
	return fmt.Errorf("field %s (%d): a union of %d types", f.name, f.id, len(f.typ.union))
}

// optionalReader returns what reads whether a value follows (always, where
// the type is no union), and the value's type. A union of several types and
// null is taken where at most one of them is not null.
func optionalReader(f *field) (present func(*dec) bool, t *node, err error) {
	t, branch, ok := f.typ.optional()
	if !ok {
		return nil, nil, f.notOptional()
	}
	if branch < 0 {
		return func(*dec) bool { return true }, t, nil
	}
	there := byte(branch << 1)
	return func(d *dec) bool {
		switch c := d.byte(); c {
		case there:
			return true
		case 2 - there:
			return false
		default:
			d.fail(fmt.Errorf("branch byte %d of a union of 2", c))
			return false
		}
	}, t, nil
}
