package meta

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// BoundField is a partition field with the types that it has in a table.
type BoundField struct {
	PartitionField
	// Source is the type of the source column: of the current schema, else of
	// the newest schema that still has the column, else unknown.
	Source Type
	// Result is the type of the partition value.
	Result Type
	// SourceName is the source column's dotted name, "" where no schema has it.
	SourceName string
	// SourceDropped: the current schema no longer has the source column.
	// Iceberg Java leaves such a field out of its partition columns.
	SourceDropped bool
}

// Bind returns the fields of spec, in spec order, with their types.
func (m *Metadata) Bind(spec *PartitionSpec) []BoundField {
	out := make([]BoundField, len(spec.Fields))
	for i, f := range spec.Fields {
		out[i] = m.bindField(f)
	}
	return out
}

func (m *Metadata) bindField(f PartitionField) BoundField {
	b := BoundField{PartitionField: f, Source: Type{Kind: KindUnknown}, SourceDropped: true}
	schemas := []*Schema{m.CurrentSchema()}
	for _, s := range slices.Backward(m.Schemas) {
		schemas = append(schemas, s)
	}
	for i, s := range schemas {
		if s == nil {
			continue
		}
		if source, ok := s.FieldByID(f.SourceID); ok {
			b.Source, b.SourceDropped = source.Type, i > 0
			b.SourceName, _ = s.NameOf(f.SourceID)
			break
		}
	}
	b.Result = f.Transform.ResultType(b.Source)
	return b
}

// PartitionPath returns the path of a partition exactly as Iceberg Java's
// PartitionSpec.partitionToPath does: name=value joined by slashes, both parts
// encoded by URLEncoder in UTF-8, NULL as null; "" for an unpartitioned spec.
// values are in spec order; missing ones are NULL.
func PartitionPath(fields []BoundField, values []Value) string {
	var b strings.Builder
	for i, f := range fields {
		if i > 0 {
			b.WriteByte('/')
		}
		javaURLEncode(&b, f.Name)
		b.WriteByte('=')
		javaURLEncode(&b, f.Transform.Human(at(values, i)))
	}
	return b.String()
}

func at(values []Value, i int) Value {
	if i < len(values) {
		return values[i]
	}
	return Null
}

// javaURLEncode is java.net.URLEncoder: letters, digits and .-*_ stay, a space
// becomes +, other bytes of the UTF-8 text become %XX.
func javaURLEncode(b *strings.Builder, s string) {
	const hexDigits = "0123456789ABCDEF"
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte(".-*_", c) >= 0:
			b.WriteByte(c)
		case c == ' ':
			b.WriteByte('+')
		default:
			b.WriteByte('%')
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		}
	}
}

// PartitionURI returns the partition as a JSON object: the fields' names in
// spec order, numbers and booleans as such, dates and hours as Iceberg prints
// them, NULL as null, binary as base64; {} for an unpartitioned spec.
func PartitionURI(fields []BoundField, values []Value) string {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, f := range fields {
		if i > 0 {
			b.WriteByte(',')
		}
		writeJSONString(&b, f.Name)
		b.WriteByte(':')
		f.Transform.writeJSON(&b, at(values, i))
	}
	b.WriteByte('}')
	return b.String()
}

// JSON returns a partition value of t as PartitionURI writes it.
func (t Transform) JSON(v Value) string {
	var b bytes.Buffer
	t.writeJSON(&b, v)
	return b.String()
}

func (t Transform) writeJSON(b *bytes.Buffer, v Value) {
	human := t.Human(v)
	switch {
	case v.IsNull() || t.Kind == TransformVoid:
		b.WriteString("null")
	case t.Kind == TransformYear, t.Kind == TransformMonth, t.Kind == TransformDay, t.Kind == TransformHour:
		writeJSONString(b, human)
	case v.Kind == KindBoolean, v.Kind == KindInt, v.Kind == KindLong:
		b.WriteString(human)
	case v.Kind == KindDecimal:
		b.WriteString(plainDecimal(v.Big, v.Scale))
	case v.Kind == KindFloat, v.Kind == KindDouble:
		// JSON has no NaN and no infinity: they stay text.
		if json.Valid([]byte(human)) {
			b.WriteString(human)
		} else {
			writeJSONString(b, human)
		}
	default:
		writeJSONString(b, human)
	}
}

func writeJSONString(b *bytes.Buffer, s string) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil { // strings always encode
		panic(err)
	}
	b.Write(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
}

// TupleKey returns a string that is equal for two partitions exactly if they
// are of one spec and have equal values. Paths do not tell partitions apart.
func TupleKey(specID int, values []Value) string {
	b := strconv.AppendInt(nil, int64(specID), 10)
	b = append(b, ':')
	for _, v := range values {
		b = v.AppendKey(b)
	}
	return string(b)
}

// UnifiedField is one column of the partition struct that covers all specs.
type UnifiedField struct {
	// ID is the partition field's id, 1000 and up; one column per id.
	ID int
	// Name is the name in the newest spec that has the field, suffixed
	// _r<field id> where a newer field has that name (names that differ by
	// case only conflict too: DuckDB's struct members are not case sensitive).
	Name string
	// Type is the result type.
	Type Type
	// Transform is the one in force, not the void that v1 tables leave behind
	// when a field is dropped, unless the field was never anything else.
	Transform Transform
	SourceID  int
	// SourceDropped: see BoundField.
	SourceDropped bool
}

// UnifiedPartition returns one column for every partition field id of every
// spec, ordered by id, as Iceberg Java's Partitioning.partitionType does. It
// differs in that fields whose source column was dropped are kept.
func UnifiedPartition(m *Metadata) []UnifiedField {
	specs := slices.Clone(m.Specs)
	slices.SortFunc(specs, func(a, b *PartitionSpec) int { return cmp.Compare(b.ID, a.ID) })
	index := map[int]int{}
	var out []UnifiedField // in order of the newest appearance
	for _, spec := range specs {
		for _, f := range m.Bind(spec) {
			i, known := index[f.ID]
			if !known {
				index[f.ID] = len(out)
				out = append(out, UnifiedField{ID: f.ID, Name: f.Name, Type: f.Result, Transform: f.Transform,
					SourceID: f.SourceID, SourceDropped: f.SourceDropped})
				continue
			}
			if out[i].Transform.Kind == TransformVoid && f.Transform.Kind != TransformVoid {
				out[i].Type, out[i].Transform = f.Result, f.Transform
				out[i].SourceID, out[i].SourceDropped = f.SourceID, f.SourceDropped
			}
		}
	}
	taken := map[string]bool{}
	for i := range out {
		name := out[i].Name
		for taken[strings.ToLower(name)] {
			name += "_r" + strconv.Itoa(out[i].ID)
		}
		taken[strings.ToLower(name)] = true
		out[i].Name = name
	}
	slices.SortFunc(out, func(a, b UnifiedField) int { return cmp.Compare(a.ID, b.ID) })
	return out
}
