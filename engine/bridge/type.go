package bridge

import (
	"strconv"
	"strings"

	"github.com/duckdb/duckdb-go/v2/mapping"
)

// Kind says how a value of a Type looks in Go.
type Kind uint8

// Kinds. NULL is nil in every one of them.
const (
	KindNull        Kind = iota // always nil
	KindBool                    // bool
	KindInt                     // int64: TINYINT, SMALLINT, INTEGER, BIGINT
	KindUint                    // uint64: UTINYINT .. UBIGINT
	KindBigInt                  // *big.Int: HUGEINT, UHUGEINT, BIGNUM
	KindFloat                   // float64; a FLOAT prints right with 32 bits
	KindDecimal                 // Decimal
	KindText                    // string: VARCHAR, ENUM, BIT as 0s and 1s
	KindJSON                    // string
	KindBlob                    // []byte: BLOB, GEOMETRY
	KindUUID                    // [16]byte, big endian
	KindDate                    // time.Time at midnight UTC, or Infinite
	KindTime                    // TimeOfDay: TIME, TIME_NS
	KindTimeTZ                  // TimeTZ
	KindTimestamp               // time.Time in UTC meaning local time, or Infinite
	KindTimestampTZ             // time.Time in UTC, or Infinite
	KindInterval                // Interval
	KindList                    // []any: LIST, ARRAY
	KindStruct                  // Struct
	KindMap                     // Map
	KindUnion                   // the value of the member that is set
)

// Type is the DuckDB type of a column.
type Type struct {
	Kind Kind
	// Name is the type without its parameters as DuckDB writes it: BIGINT,
	// TIMESTAMP WITH TIME ZONE, DECIMAL, STRUCT, LIST.
	Name string
	// Width and Scale of a DECIMAL.
	Width, Scale uint8
	// Size of an ARRAY.
	Size int
	// Elem of LIST and ARRAY, value of MAP; Key of MAP.
	Elem, Key *Type
	// Fields of STRUCT and UNION.
	Fields []Field
	// Values of an ENUM.
	Values []string

	id       mapping.Type
	internal mapping.Type // storage of DECIMAL and ENUM
}

// Field is one field of a STRUCT or member of a UNION.
type Field struct {
	Name string
	Type *Type
}

// String is the type as DuckDB prints it (typeof).
func (t *Type) String() string {
	switch t.Name {
	case "DECIMAL":
		return "DECIMAL(" + strconv.Itoa(int(t.Width)) + "," + strconv.Itoa(int(t.Scale)) + ")"
	case "LIST":
		return t.Elem.String() + "[]"
	case "ARRAY":
		return t.Elem.String() + "[" + strconv.Itoa(t.Size) + "]"
	case "MAP":
		return "MAP(" + t.Key.String() + ", " + t.Elem.String() + ")"
	case "STRUCT", "UNION":
		parts := make([]string, len(t.Fields))
		for i, f := range t.Fields {
			parts[i] = typeFieldName(f.Name) + " " + f.Type.String()
		}
		return t.Name + "(" + strings.Join(parts, ", ") + ")"
	case "ENUM":
		parts := make([]string, len(t.Values))
		for i, v := range t.Values {
			parts[i] = "'" + strings.ReplaceAll(v, "'", "''") + "'"
		}
		return "ENUM(" + strings.Join(parts, ", ") + ")"
	}
	return t.Name
}

func typeFieldName(s string) string {
	plain := s != ""
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c == '_' || c >= 'a' && c <= 'z' || i > 0 && c >= '0' && c <= '9') {
			plain = false
		}
	}
	if plain {
		return s
	}
	return QuoteIdent(s)
}

// QuoteIdent returns s as a quoted SQL identifier.
func QuoteIdent(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// QuoteLiteral returns s as a SQL string literal.
func QuoteLiteral(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// simpleTypes are the types without parameters.
var simpleTypes = map[mapping.Type]Type{
	mapping.TypeSQLNull:     {Kind: KindNull, Name: `"NULL"`},
	mapping.TypeBoolean:     {Kind: KindBool, Name: "BOOLEAN"},
	mapping.TypeTinyInt:     {Kind: KindInt, Name: "TINYINT"},
	mapping.TypeSmallInt:    {Kind: KindInt, Name: "SMALLINT"},
	mapping.TypeInteger:     {Kind: KindInt, Name: "INTEGER"},
	mapping.TypeBigInt:      {Kind: KindInt, Name: "BIGINT"},
	mapping.TypeUTinyInt:    {Kind: KindUint, Name: "UTINYINT"},
	mapping.TypeUSmallInt:   {Kind: KindUint, Name: "USMALLINT"},
	mapping.TypeUInteger:    {Kind: KindUint, Name: "UINTEGER"},
	mapping.TypeUBigInt:     {Kind: KindUint, Name: "UBIGINT"},
	mapping.TypeHugeInt:     {Kind: KindBigInt, Name: "HUGEINT"},
	mapping.TypeUHugeInt:    {Kind: KindBigInt, Name: "UHUGEINT"},
	mapping.TypeBigNum:      {Kind: KindBigInt, Name: "BIGNUM"},
	mapping.TypeFloat:       {Kind: KindFloat, Name: "FLOAT"},
	mapping.TypeDouble:      {Kind: KindFloat, Name: "DOUBLE"},
	mapping.TypeVarchar:     {Kind: KindText, Name: "VARCHAR"},
	mapping.TypeBit:         {Kind: KindText, Name: "BIT"},
	mapping.TypeBlob:        {Kind: KindBlob, Name: "BLOB"},
	mapping.TypeGeometry:    {Kind: KindBlob, Name: "GEOMETRY"},
	mapping.TypeUUID:        {Kind: KindUUID, Name: "UUID"},
	mapping.TypeDate:        {Kind: KindDate, Name: "DATE"},
	mapping.TypeTime:        {Kind: KindTime, Name: "TIME"},
	mapping.TypeTimeNS:      {Kind: KindTime, Name: "TIME_NS"},
	mapping.TypeTimeTZ:      {Kind: KindTimeTZ, Name: "TIME WITH TIME ZONE"},
	mapping.TypeTimestamp:   {Kind: KindTimestamp, Name: "TIMESTAMP"},
	mapping.TypeTimestampS:  {Kind: KindTimestamp, Name: "TIMESTAMP_S"},
	mapping.TypeTimestampMS: {Kind: KindTimestamp, Name: "TIMESTAMP_MS"},
	mapping.TypeTimestampNS: {Kind: KindTimestamp, Name: "TIMESTAMP_NS"},
	mapping.TypeTimestampTZ: {Kind: KindTimestampTZ, Name: "TIMESTAMP WITH TIME ZONE"},
	mapping.TypeInterval:    {Kind: KindInterval, Name: "INTERVAL"},
}

// Simple returns a type without parameters by its DuckDB name ("BIGINT",
// "JSON", "TIMESTAMP WITH TIME ZONE"), for results made in Go. It panics on
// an unknown name.
func Simple(name string) *Type {
	if name == "JSON" {
		return &Type{Kind: KindJSON, Name: name, id: mapping.TypeVarchar}
	}
	for id, t := range simpleTypes {
		if t.Name == name {
			t.id = id
			return &t
		}
	}
	panic("bridge: no simple type " + name)
}

// typeOf describes lt, which stays the caller's.
func typeOf(lt mapping.LogicalType) *Type {
	id := mapping.GetTypeId(lt)
	if t, ok := simpleTypes[id]; ok {
		t.id = id
		if id == mapping.TypeVarchar && mapping.LogicalTypeGetAlias(lt) == "JSON" {
			t.Kind, t.Name = KindJSON, "JSON"
		}
		return &t
	}
	t := &Type{id: id}
	child := func(c mapping.LogicalType) *Type {
		defer mapping.DestroyLogicalType(&c)
		return typeOf(c)
	}
	switch id {
	case mapping.TypeDecimal:
		t.Kind, t.Name = KindDecimal, "DECIMAL"
		t.Width, t.Scale = mapping.DecimalWidth(lt), mapping.DecimalScale(lt)
		t.internal = mapping.DecimalInternalType(lt)
	case mapping.TypeEnum:
		t.Kind, t.Name = KindText, "ENUM"
		t.internal = mapping.EnumInternalType(lt)
		for i := range mapping.EnumDictionarySize(lt) {
			t.Values = append(t.Values, mapping.EnumDictionaryValue(lt, mapping.IdxT(i)))
		}
	case mapping.TypeList:
		t.Kind, t.Name, t.Elem = KindList, "LIST", child(mapping.ListTypeChildType(lt))
	case mapping.TypeArray:
		t.Kind, t.Name, t.Elem = KindList, "ARRAY", child(mapping.ArrayTypeChildType(lt))
		t.Size = int(mapping.ArrayTypeArraySize(lt))
	case mapping.TypeMap:
		t.Kind, t.Name = KindMap, "MAP"
		t.Key, t.Elem = child(mapping.MapTypeKeyType(lt)), child(mapping.MapTypeValueType(lt))
	case mapping.TypeStruct:
		t.Kind, t.Name = KindStruct, "STRUCT"
		for i := range mapping.StructTypeChildCount(lt) {
			t.Fields = append(t.Fields, Field{mapping.StructTypeChildName(lt, i), child(mapping.StructTypeChildType(lt, i))})
		}
	case mapping.TypeUnion:
		t.Kind, t.Name = KindUnion, "UNION"
		for i := range mapping.UnionTypeMemberCount(lt) {
			t.Fields = append(t.Fields, Field{mapping.UnionTypeMemberName(lt, i), child(mapping.UnionTypeMemberType(lt, i))})
		}
	default:
		t.Name = "type " + strconv.Itoa(int(id))
		if id == mapping.TypeVariant {
			t.Name = "VARIANT"
		}
	}
	return t
}
