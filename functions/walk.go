package functions

import "psyberg/functions/meta"

// placedField is a field with its dotted name and what it lies in.
type placedField struct {
	*meta.Field
	path   string
	parent *meta.Field // nil for a column
	inList bool        // below a list or a map: it has counts, no bounds of a row
}

// walkFields visits fields and all below them, a parent before its members.
func walkFields(fields []*meta.Field, visit func(placedField)) {
	for _, f := range fields {
		walkField(placedField{Field: f, path: f.Name}, visit)
	}
}

func walkField(f placedField, visit func(placedField)) {
	visit(f)
	inList := f.inList || f.Type.Kind == meta.KindList || f.Type.Kind == meta.KindMap
	for _, m := range f.Type.Members() {
		walkField(placedField{Field: m, path: f.path + "." + m.Name, parent: f.Field, inList: inList}, visit)
	}
}
