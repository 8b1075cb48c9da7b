package meta

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
)

var primitiveNames = map[string]Kind{
	"boolean": KindBoolean, "int": KindInt, "long": KindLong, "float": KindFloat, "double": KindDouble,
	"date": KindDate, "time": KindTime, "timestamp": KindTimestamp, "timestamptz": KindTimestampTZ,
	"timestamp_ns": KindTimestampNS, "timestamptz_ns": KindTimestampTZNS,
	"string": KindString, "uuid": KindUUID, "binary": KindBinary, "unknown": KindUnknown, "variant": KindVariant,
}

var kindNames = func() map[Kind]string {
	names := map[Kind]string{KindInvalid: "invalid", KindDecimal: "decimal", KindFixed: "fixed",
		KindGeometry: "geometry", KindGeography: "geography",
		KindStruct: "struct", KindList: "list", KindMap: "map"}
	for n, k := range primitiveNames {
		names[k] = n
	}
	return names
}()

// String returns the spec's name of k.
func (k Kind) String() string { return kindNames[k] }

// ParseType reads the text of a type that is not nested: long,
// decimal(9,2), fixed[16], geography(srid:4326, karney). A name that no spec
// up to v3 has is an error.
func ParseType(text string) (Type, error) {
	name := strings.ToLower(strings.TrimSpace(text))
	if k, ok := primitiveNames[name]; ok {
		return Type{Kind: k}, nil
	}
	switch {
	case strings.HasPrefix(name, "decimal"):
		args, ok := arguments(name[len("decimal"):], '(', ')')
		if ok && len(args) == 2 {
			p, err1 := strconv.Atoi(args[0])
			s, err2 := strconv.Atoi(args[1])
			if err1 == nil && err2 == nil && p >= 1 && p <= 38 && s >= 0 && s <= p {
				return Type{Kind: KindDecimal, Precision: p, Scale: s}, nil
			}
		}
		return Type{}, fmt.Errorf("type %q is no decimal(precision, scale) with 1 <= precision <= 38 and 0 <= scale <= precision", text)
	case strings.HasPrefix(name, "fixed"):
		args, ok := arguments(name[len("fixed"):], '[', ']')
		if ok && len(args) == 1 {
			if n, err := strconv.Atoi(args[0]); err == nil && n >= 0 && n <= 1<<30 {
				return Type{Kind: KindFixed, Length: n}, nil
			}
		}
		return Type{}, fmt.Errorf("type %q is no fixed[length]", text)
	case name == "geometry" || strings.HasPrefix(name, "geometry("):
		return Type{Kind: KindGeometry, Text: text}, nil
	case name == "geography" || strings.HasPrefix(name, "geography("):
		return Type{Kind: KindGeography, Text: text}, nil
	}
	return Type{}, fmt.Errorf("type %q is none of the Iceberg spec, v1 to v3", text)
}

// knownTypeName reports whether text begins with a name that ParseType knows.
func knownTypeName(text string) bool {
	name, _, _ := strings.Cut(strings.ToLower(text), "(")
	name, _, _ = strings.Cut(name, "[")
	switch name = strings.TrimSpace(name); name {
	case "decimal", "fixed", "geometry", "geography":
		return true
	}
	_, ok := primitiveNames[name]
	return ok
}

// arguments splits "(9, 2)" into its trimmed parts.
func arguments(s string, open, shut byte) ([]string, bool) {
	s = strings.TrimSpace(s)
	if len(s) < 2 || s[0] != open || s[len(s)-1] != shut {
		return nil, false
	}
	parts := strings.Split(s[1:len(s)-1], ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts, true
}

// String prints t as Iceberg does: decimal(9, 2), fixed[16],
// struct<1: lat: required double>, list<string>, map<string, long>.
func (t Type) String() string {
	switch t.Kind {
	case KindDecimal:
		return fmt.Sprintf("decimal(%d, %d)", t.Precision, t.Scale)
	case KindFixed:
		return fmt.Sprintf("fixed[%d]", t.Length)
	case KindGeometry, KindGeography, KindInvalid:
		if t.Text != "" {
			return t.Text
		}
	case KindStruct:
		parts := make([]string, len(t.Fields))
		for i, f := range t.Fields {
			parts[i] = fmt.Sprintf("%d: %s: %s %s", f.ID, f.Name, requiredness(f), f.Type)
		}
		return "struct<" + strings.Join(parts, ", ") + ">"
	case KindList:
		return "list<" + t.Element.Type.String() + ">"
	case KindMap:
		return "map<" + t.Key.Type.String() + ", " + t.Value.Type.String() + ">"
	}
	return t.Kind.String()
}

func requiredness(f *Field) string {
	if f.Required {
		return "required"
	}
	return "optional"
}

// ArrowType returns the Arrow type that carries values of t: times in
// microseconds, timestamptz with zone UTC, uuid as 16 bytes, decimals as
// decimal128, unknown as null, variant and geometries as binary.
func ArrowType(t Type) arrow.DataType {
	switch t.Kind {
	case KindBoolean:
		return arrow.FixedWidthTypes.Boolean
	case KindInt:
		return arrow.PrimitiveTypes.Int32
	case KindLong:
		return arrow.PrimitiveTypes.Int64
	case KindFloat:
		return arrow.PrimitiveTypes.Float32
	case KindDouble:
		return arrow.PrimitiveTypes.Float64
	case KindDecimal:
		return &arrow.Decimal128Type{Precision: int32(t.Precision), Scale: int32(t.Scale)}
	case KindDate:
		return arrow.FixedWidthTypes.Date32
	case KindTime:
		return arrow.FixedWidthTypes.Time64us
	case KindTimestamp:
		return &arrow.TimestampType{Unit: arrow.Microsecond}
	case KindTimestampTZ:
		return &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
	case KindTimestampNS:
		return &arrow.TimestampType{Unit: arrow.Nanosecond}
	case KindTimestampTZNS:
		return &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}
	case KindString:
		return arrow.BinaryTypes.String
	case KindUUID:
		return &arrow.FixedSizeBinaryType{ByteWidth: 16}
	case KindFixed:
		return &arrow.FixedSizeBinaryType{ByteWidth: t.Length}
	case KindBinary, KindVariant, KindGeometry, KindGeography:
		return arrow.BinaryTypes.Binary
	case KindStruct:
		fields := make([]arrow.Field, len(t.Fields))
		for i, f := range t.Fields {
			fields[i] = ArrowField(f)
		}
		return arrow.StructOf(fields...)
	case KindList:
		return arrow.ListOfField(named(ArrowField(t.Element), "element"))
	case KindMap:
		return arrow.MapOfFields(named(ArrowField(t.Key), "key"), named(ArrowField(t.Value), "value"))
	}
	return arrow.Null
}

func named(f arrow.Field, name string) arrow.Field {
	f.Name = name
	return f
}

// ArrowField returns f as an Arrow field with its id as the metadata key
// PARQUET:field_id; a uuid column also has "duckdb" = "UUID" (functions/surface).
func ArrowField(f *Field) arrow.Field {
	keys, values := []string{"PARQUET:field_id"}, []string{strconv.Itoa(f.ID)}
	if f.Type.Kind == KindUUID {
		keys, values = append(keys, "duckdb"), append(values, "UUID")
	}
	return arrow.Field{Name: f.Name, Type: ArrowType(f.Type), Nullable: !f.Required,
		Metadata: arrow.NewMetadata(keys, values)}
}

// ArrowSchema returns s, nested columns nested.
func ArrowSchema(s *Schema) *arrow.Schema {
	fields := make([]arrow.Field, len(s.Fields))
	for i, f := range s.Fields {
		fields[i] = ArrowField(f)
	}
	return arrow.NewSchema(fields, nil)
}
