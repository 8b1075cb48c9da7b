package write

import (
	"errors"
	"fmt"
	"strings"

	"github.com/apache/iceberg-go"

	"psyberg/engine/bridge"
)

// definition makes a table's schema and partition spec. Ids are given anew by
// the catalog; those here only have to be unique.
func definition(columns []iceberg.NestedField, by []PartitionTerm) (*TableDef, error) {
	schema := iceberg.NewSchema(0, columns...)
	def := &TableDef{Schema: schema}
	if len(by) == 0 {
		return def, nil
	}
	fields := make([]iceberg.PartitionField, 0, len(by))
	taken := map[string]bool{}
	for i, term := range by {
		fail := func(format string, args ...any) (*TableDef, error) {
			return nil, &SyntaxError{term.Offset, "partition by " + term.Column + ": " + fmt.Sprintf(format, args...)}
		}
		f, ok := schema.FindFieldByNameCaseInsensitive(term.Column)
		if !ok {
			return fail("the table has no such column: %s", suggest(term.Column, columnNames(columns, "")))
		}
		if _, nested := f.Type.(iceberg.NestedType); nested || !term.Transform.CanTransform(f.Type) {
			return fail("transform %s is not defined for type %s", term.Transform, f.Type)
		}
		name, _ := schema.FindColumnName(f.ID)
		term.Column = name
		if taken[term.FieldName()] {
			return fail("two partition fields would be named %q", term.FieldName())
		}
		taken[term.FieldName()] = true
		fields = append(fields, iceberg.PartitionField{SourceIDs: []int{f.ID}, FieldID: 1000 + i, Name: term.FieldName(), Transform: term.Transform})
	}
	spec := iceberg.NewPartitionSpecID(0, fields...)
	def.Spec = &spec
	return def, nil
}

// columnNames are the dotted names of columns and of members of structs.
func columnNames(fields []iceberg.NestedField, prefix string) []string {
	var out []string
	for _, f := range fields {
		out = append(out, prefix+f.Name)
		if s, ok := f.Type.(*iceberg.StructType); ok {
			out = append(out, columnNames(s.FieldList, prefix+f.Name+".")...)
		}
	}
	return out
}

// definitionOf makes the definition of a table for a query's columns.
func definitionOf(columns []bridge.Column, by []PartitionTerm) (*TableDef, error) {
	var t typer
	fields := make([]iceberg.NestedField, len(columns))
	for i, c := range columns {
		var err error
		if fields[i], err = t.field(c.Name, c.Type); err != nil {
			return nil, fmt.Errorf("create table: column %q: %w", c.Name, err)
		}
	}
	return definition(fields, by)
}

// typer finds Iceberg's type for a type of DuckDB, and counts field ids.
type typer struct{ ids int }

func (t *typer) field(name string, from *bridge.Type) (iceberg.NestedField, error) {
	t.ids++
	f := iceberg.NestedField{ID: t.ids, Name: name}
	var err error
	f.Type, err = t.of(from)
	return f, err
}

// otherTypes are DuckDB's types whose name is none of ours, or not the right one.
var otherTypes = map[string]iceberg.Type{
	"UTINYINT": iceberg.PrimitiveTypes.Int32, "USMALLINT": iceberg.PrimitiveTypes.Int32, "UINTEGER": iceberg.PrimitiveTypes.Int64,
	"UBIGINT": iceberg.DecimalTypeOf(20, 0), "HUGEINT": iceberg.DecimalTypeOf(38, 0), "UHUGEINT": iceberg.DecimalTypeOf(38, 0),
	"TIMESTAMP WITH TIME ZONE": iceberg.PrimitiveTypes.TimestampTz, "TIMESTAMP_S": iceberg.PrimitiveTypes.Timestamp,
	// timestamp_ns needs v3; who wants it makes the table first.
	"TIMESTAMP_MS": iceberg.PrimitiveTypes.Timestamp, "TIMESTAMP_NS": iceberg.PrimitiveTypes.Timestamp,
	"ENUM": iceberg.PrimitiveTypes.String, "JSON": iceberg.PrimitiveTypes.String, `"NULL"`: iceberg.PrimitiveTypes.Int32,
}

func (t *typer) of(from *bridge.Type) (iceberg.Type, error) {
	if to, ok := otherTypes[from.Name]; ok {
		return to, nil
	}
	switch from.Name {
	case "DECIMAL":
		return iceberg.DecimalTypeOf(int(from.Width), int(from.Scale)), nil
	case "LIST", "ARRAY":
		t.ids++
		l := &iceberg.ListType{ElementID: t.ids}
		var err error
		l.Element, err = t.of(from.Elem)
		return l, err
	case "MAP":
		t.ids += 2
		m := &iceberg.MapType{KeyID: t.ids - 1, ValueID: t.ids}
		var err1, err2 error
		m.KeyType, err1 = t.of(from.Key)
		m.ValueType, err2 = t.of(from.Elem)
		return m, errors.Join(err1, err2)
	case "STRUCT":
		s := &iceberg.StructType{}
		for _, f := range from.Fields {
			member, err := t.field(f.Name, f.Type)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f.Name, err)
			}
			s.FieldList = append(s.FieldList, member)
		}
		return s, nil
	}
	if to, ok := primitiveTypes[strings.ToLower(from.Name)]; ok {
		return to, nil
	}
	return nil, fmt.Errorf("type %s does not exist in Iceberg: cast it in the query", from)
}
