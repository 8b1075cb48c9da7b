package meta

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"psyberg/psyberg"
)

// MainBranch is the branch that readers see by default.
const MainBranch = "main"

// Snapshot returns the retained snapshot with the given id.
func (m *Metadata) Snapshot(id psyberg.SnapshotID) (*psyberg.Snapshot, bool) {
	for _, s := range m.Snapshots {
		if s.ID == id {
			return s, true
		}
	}
	return nil, false
}

// Schema returns the schema with the given id.
func (m *Metadata) Schema(id int) (*Schema, bool) {
	for _, s := range m.Schemas {
		if s.ID == id {
			return s, true
		}
	}
	return nil, false
}

// CurrentSchema returns the table's schema. Parse has checked that it exists.
func (m *Metadata) CurrentSchema() *Schema {
	s, _ := m.Schema(m.CurrentSchemaID)
	return s
}

// Spec returns the partition spec with the given id.
func (m *Metadata) Spec(id int) (*PartitionSpec, bool) {
	for _, s := range m.Specs {
		if s.ID == id {
			return s, true
		}
	}
	return nil, false
}

// DefaultSpec returns the spec that new files are written with. Parse has
// checked that it exists.
func (m *Metadata) DefaultSpec() *PartitionSpec {
	s, _ := m.Spec(m.DefaultSpecID)
	return s
}

// Head returns the snapshot that a branch or tag names; "" is main. It is nil
// without an error for main of a table that has no snapshot yet. An unknown
// ref is an error that lists near matches, and so is a ref whose snapshot is
// not in the file.
func (m *Metadata) Head(ref string) (*psyberg.Snapshot, error) {
	if ref == "" {
		ref = MainBranch
	}
	r, ok := m.Refs[ref]
	if !ok {
		if ref == MainBranch {
			return nil, nil
		}
		names := slices.Sorted(maps.Keys(m.Refs))
		return nil, fmt.Errorf("find ref %q: no such branch or tag%s", ref, Suggest(ref, names))
	}
	s, ok := m.Snapshot(r.SnapshotID)
	if !ok {
		return nil, fmt.Errorf("find ref %q: its snapshot %d is not in the table's metadata [PSY_DAMAGED]", ref, r.SnapshotID)
	}
	return s, nil
}

// SchemaOf returns the schema that s was written with, or the table's current
// one where s does not say (v1, PyIceberg) or names one that was cleaned up.
// A nil snapshot has the current schema.
func (m *Metadata) SchemaOf(s *psyberg.Snapshot) *Schema {
	if s != nil && s.HasSchema {
		if schema, ok := m.Schema(s.SchemaID); ok {
			return schema
		}
	}
	return m.CurrentSchema()
}

// Ancestors yields the snapshot id, its parent, and so on, for as long as they
// are retained. A cycle, which only a damaged file has, ends the walk.
func (m *Metadata) Ancestors(id psyberg.SnapshotID) iter.Seq[*psyberg.Snapshot] {
	return func(yield func(*psyberg.Snapshot) bool) {
		byID := make(map[psyberg.SnapshotID]*psyberg.Snapshot, len(m.Snapshots))
		for _, s := range m.Snapshots {
			byID[s.ID] = s
		}
		for s, ok := byID[id]; ok; s, ok = byID[id] {
			delete(byID, id)
			if !yield(s) || !s.HasParent {
				return
			}
			id = s.Parent
		}
	}
}

// AncestorOf reports whether ancestor is of itself or one of its retained
// ancestors. An expired snapshot that a retained one still names as its parent
// counts.
func (m *Metadata) AncestorOf(ancestor, of psyberg.SnapshotID) bool {
	if ancestor == of {
		return true
	}
	for s := range m.Ancestors(of) {
		if s.ID == ancestor || s.HasParent && s.Parent == ancestor {
			return true
		}
	}
	return false
}

// FieldByName finds a column by its name, a nested one by its dotted path
// (location.lat, tags.element, props.key, props.value). Spellings are compared
// exactly first; one that differs by case only is taken where it is the only
// one. A name that itself has dots wins over a path.
func (s *Schema) FieldByName(name string) (*Field, bool) {
	var folded *Field
	count := 0
	for path, f := range s.Walk() {
		if path == name {
			return f, true
		}
		if strings.EqualFold(path, name) {
			folded, count = f, count+1
		}
	}
	return folded, count == 1
}

// FieldByID finds a column at any depth.
func (s *Schema) FieldByID(id int) (*Field, bool) {
	for _, f := range s.Walk() {
		if f.ID == id {
			return f, true
		}
	}
	return nil, false
}

// NameOf returns the dotted path of a column.
func (s *Schema) NameOf(id int) (string, bool) {
	for path, f := range s.Walk() {
		if f.ID == id {
			return path, true
		}
	}
	return "", false
}

// Names returns the dotted paths of all columns, parents before children.
func (s *Schema) Names() []string {
	var names []string
	for path := range s.Walk() {
		names = append(names, path)
	}
	return names
}

// Walk yields every column at any depth with its dotted path, top-level
// columns first, then their members in order.
func (s *Schema) Walk() iter.Seq2[string, *Field] {
	return func(yield func(string, *Field) bool) {
		for _, f := range s.Fields {
			if !yield(f.Name, f) {
				return
			}
		}
		for _, f := range s.Fields {
			if !walkMembers(f.Name, f.Type, yield) {
				return
			}
		}
	}
}

func walkMembers(prefix string, t Type, yield func(string, *Field) bool) bool {
	for _, f := range t.Members() {
		path := prefix + "." + f.Name
		if !yield(path, f) || !walkMembers(path, f.Type, yield) {
			return false
		}
	}
	return true
}

// Members returns the fields directly inside a nested type: a struct's, a
// list's element, a map's key and value; none of a primitive type.
func (t Type) Members() []*Field {
	switch t.Kind {
	case KindStruct:
		return t.Fields
	case KindList:
		return []*Field{t.Element}
	case KindMap:
		return []*Field{t.Key, t.Value}
	}
	return nil
}

// Primitive reports whether t has a single value, with bounds and partition
// values (spec, "Primitive Types"). Variant, geometry and geography are not.
func (t Type) Primitive() bool { return t.Kind > KindInvalid && t.Kind <= KindUnknown }
