package write

import (
	"fmt"
	"strconv"
	"strings"

	"psyberg/engine/bridge"
	"psyberg/functions/meta"
)

// projection is how the columns of a query become those of a table.
type projection struct {
	columns []projected
}

// projected is one column of the Parquet file.
type projected struct {
	field *meta.Field
	value string // SQL over the query's columns, of the table's type
}

// project matches a query's columns with a table's, by name. A table's column
// that the query lacks is its write default, else NULL; an unknown column of
// the query is an error, as is a missing required one.
func project(table string, schema *meta.Schema, columns []bridge.Column) (*projection, error) {
	names := make([]string, len(schema.Fields))
	for i, f := range schema.Fields {
		names[i] = f.Name
	}
	given := map[string]*bridge.Column{}
	for i := range columns {
		c := &columns[i]
		f := findName(names, c.Name)
		if f == "" {
			return nil, fmt.Errorf("write to %s: the table has no column %q: %s", table, c.Name, suggest(c.Name, names))
		}
		if given[f] != nil {
			return nil, fmt.Errorf("write to %s: the query has two columns for %q: %q and %q", table, f, given[f].Name, c.Name)
		}
		given[f] = c
	}
	p := &projection{}
	for _, f := range schema.Fields {
		col, err := projectField(f, given[f.Name])
		if err != nil {
			return nil, fmt.Errorf("write to %s: column %q: %w", table, f.Name, err)
		}
		if col != nil {
			p.columns = append(p.columns, *col)
		}
	}
	if len(p.columns) == 0 {
		return nil, fmt.Errorf("write to %s: no column of the table can be written", table)
	}
	return p, nil
}

// findName finds a name as it is written, else in another case.
func findName(names []string, name string) string {
	found := ""
	for _, n := range names {
		if n == name {
			return n
		}
		if found == "" && strings.EqualFold(n, name) {
			found = n
		}
	}
	return found
}

// projectField returns nil for a column that stays out of the file.
func projectField(f *meta.Field, from *bridge.Column) (*projected, error) {
	t, typeErr := duckType(f.Type)
	if from == nil {
		if text, ok, err := defaultText(f); err != nil {
			return nil, err
		} else if ok && typeErr == nil {
			return &projected{f, castSQL(quoteText(text), f.Type, t)}, nil
		}
		if f.Required {
			return nil, fmt.Errorf("it is required (NOT NULL) and the query has no column of that name")
		}
		if typeErr != nil {
			if f.InitialDefault != nil {
				return nil, typeErr // a file without it would read as the default
			}
			return nil, nil
		}
		return &projected{f, "NULL::" + t}, nil
	}
	if typeErr != nil {
		return nil, typeErr
	}
	value := quoteIdent(from.Name)
	if err := castable(f.Name, from.Type, f.Type); err != nil {
		return nil, err
	}
	cast := castSQL(value, f.Type, t)
	checked := cast
	for _, c := range []struct {
		test func(*meta.Field, string) string
		says string
	}{
		{missing, "column %q: a value is NULL where the table requires one (NOT NULL)"},
		{infinite, "column %q: a date or time is infinite, which Iceberg does not have"},
	} {
		if bad := violation(f, cast, 0, c.test); bad != "" {
			checked = "CASE WHEN " + bad + " THEN error(" + quoteText(fmt.Sprintf(c.says, f.Name)) + ") ELSE " + checked + " END"
		}
	}
	return &projected{f, checked}, nil
}

// missing is true of a required field without a value.
func missing(f *meta.Field, value string) string {
	if !f.Required {
		return ""
	}
	return value + " IS NULL"
}

// infinite is true of DuckDB's infinite dates and times.
func infinite(f *meta.Field, value string) string {
	switch f.Type.Kind {
	case meta.KindDate, meta.KindTimestamp, meta.KindTimestampTZ:
		return "NOT isfinite(" + value + ")"
	case meta.KindTimestampNS:
		return "NOT isfinite((" + value + ")::TIMESTAMP)"
	}
	return ""
}

func castSQL(value string, t meta.Type, duck string) string {
	if t.Kind == meta.KindString {
		return "(" + value + ")::VARCHAR"
	}
	return "CAST(" + value + " AS " + duck + ")"
}

// castable refuses what a cast would drop without a word: members of structs
// that the table does not have.
func castable(path string, from *bridge.Type, to meta.Type) error {
	switch {
	case to.Kind == meta.KindStruct && from.Name == "STRUCT":
		names := make([]string, len(to.Fields))
		for i, f := range to.Fields {
			names[i] = f.Name
		}
		given := map[string]bool{}
		for _, f := range from.Fields {
			n := findName(names, f.Name)
			if n == "" {
				return fmt.Errorf("the table's %s has no member %q: %s", path, f.Name, suggest(f.Name, names))
			}
			given[n] = true
			for _, member := range to.Fields {
				if member.Name == n {
					if err := castable(path+"."+n, f.Type, member.Type); err != nil {
						return err
					}
				}
			}
		}
		for _, f := range to.Fields {
			if f.Required && !given[f.Name] {
				return fmt.Errorf("%s.%s is required (NOT NULL) and the query does not give it", path, f.Name)
			}
		}
	case to.Kind == meta.KindList && from.Elem != nil && from.Name != "MAP":
		return castable(path+".element", from.Elem, to.Element.Type)
	case to.Kind == meta.KindMap && from.Name == "MAP":
		if err := castable(path+".key", from.Key, to.Key.Type); err != nil {
			return err
		}
		return castable(path+".value", from.Elem, to.Value.Type)
	case from.Kind == bridge.KindBlob && to.Kind == meta.KindString:
		return fmt.Errorf("a BLOB is no text: use decode(%s)", quoteIdent(path))
	}
	return nil
}

// violation is a condition that is true where test is for the value of f or of
// a field in it; "" where it is for none.
func violation(f *meta.Field, value string, depth int, test func(*meta.Field, string) string) string {
	var bad []string
	if t := test(f, value); t != "" {
		bad = append(bad, t)
	}
	inner := func(condition string) {
		if condition != "" {
			bad = append(bad, "("+condition+")")
		}
	}
	x := "x" + strconv.Itoa(depth)
	switch f.Type.Kind {
	case meta.KindStruct:
		for _, m := range f.Type.Fields {
			if v := violation(m, "("+value+")."+quoteIdent(m.Name), depth, test); v != "" {
				inner(value + " IS NOT NULL AND (" + v + ")")
			}
		}
	case meta.KindList:
		if v := violation(f.Type.Element, x, depth+1, test); v != "" {
			inner("coalesce(len(list_filter(" + value + ", lambda " + x + ": " + v + ")) > 0, false)")
		}
	case meta.KindMap:
		if v := violation(f.Type.Value, x, depth+1, test); v != "" {
			inner("coalesce(len(list_filter(map_values(" + value + "), lambda " + x + ": " + v + ")) > 0, false)")
		}
	}
	return strings.Join(bad, " OR ")
}

// duckType is DuckDB's type for values of t as its Parquet writer needs them.
func duckType(t meta.Type) (string, error) {
	switch t.Kind {
	case meta.KindDecimal:
		return fmt.Sprintf("DECIMAL(%d, %d)", t.Precision, t.Scale), nil
	case meta.KindStruct:
		parts := make([]string, len(t.Fields))
		for i, f := range t.Fields {
			inner, err := duckType(f.Type)
			if err != nil {
				return "", err
			}
			parts[i] = quoteIdent(f.Name) + " " + inner
		}
		return "STRUCT(" + strings.Join(parts, ", ") + ")", nil
	case meta.KindList:
		inner, err := duckType(t.Element.Type)
		return inner + "[]", err
	case meta.KindMap:
		key, err := duckType(t.Key.Type)
		if err != nil {
			return "", err
		}
		value, err := duckType(t.Value.Type)
		return "MAP(" + key + ", " + value + ")", err
	}
	if name, ok := duckTypes[t.Kind]; ok {
		return name, nil
	}
	return "", fmt.Errorf("values of type %s cannot be written here: DuckDB's Parquet writer has no such type", t)
}

// Not here: fixed (a BLOB has no length in Parquet), timestamptz_ns, unknown,
// variant and the geometries.
var duckTypes = map[meta.Kind]string{
	meta.KindBoolean: "BOOLEAN", meta.KindInt: "INTEGER", meta.KindLong: "BIGINT", meta.KindFloat: "FLOAT", meta.KindDouble: "DOUBLE",
	meta.KindDate: "DATE", meta.KindTime: "TIME", meta.KindTimestamp: "TIMESTAMP", meta.KindTimestampTZ: "TIMESTAMP WITH TIME ZONE",
	meta.KindTimestampNS: "TIMESTAMP_NS", meta.KindString: "VARCHAR", meta.KindUUID: "UUID", meta.KindBinary: "BLOB",
}

// fieldIDs renders COPY's FIELD_IDS option.
func (p *projection) fieldIDs() string {
	parts := make([]string, len(p.columns))
	for i, c := range p.columns {
		parts[i] = quoteIdent(c.field.Name) + ": " + fieldID(c.field)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func fieldID(f *meta.Field) string {
	id := strconv.Itoa(f.ID)
	switch f.Type.Kind {
	case meta.KindStruct:
		parts := []string{"__duckdb_field_id: " + id}
		for _, m := range f.Type.Fields {
			parts = append(parts, quoteIdent(m.Name)+": "+fieldID(m))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case meta.KindList:
		return "{__duckdb_field_id: " + id + ", element: " + fieldID(f.Type.Element) + "}"
	case meta.KindMap:
		return "{__duckdb_field_id: " + id + ", key: " + fieldID(f.Type.Key) + ", value: " + fieldID(f.Type.Value) + "}"
	}
	return id
}
