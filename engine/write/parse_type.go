package write

import (
	"strconv"
	"strings"

	"github.com/apache/iceberg-go"
)

// maxTypeDepth bounds the nesting of types.
const maxTypeDepth = 64

// columns reads the column list of CREATE TABLE, after its bracket.
func (p *parser) columns() []iceberg.NestedField {
	var out []iceberg.NestedField
	seen := map[string]bool{}
	for {
		at := p.peek()
		f := p.field("a column name", false)
		if seen[strings.ToLower(f.Name)] {
			p.failAt(at.from, "column %q is given twice (names that differ in case only are one to DuckDB)", f.Name)
		}
		seen[strings.ToLower(f.Name)] = true
		out = append(out, f)
		if !p.accept(",") {
			return out
		}
	}
}

// field reads name type [NOT NULL] [COMMENT '...']; colon allows Spark's name: type.
func (p *parser) field(what string, colon bool) iceberg.NestedField {
	f := iceberg.NestedField{Name: p.identifier(what)}
	if colon {
		p.accept(":")
	}
	p.ids++
	f.ID = p.ids
	f.Type = p.dataType()
	for {
		switch {
		case p.accept("not", "null"):
			f.Required = true
		case p.accept("null"):
		case p.accept("comment"):
			f.Doc = p.text("COMMENT of " + f.Name)
		case p.is("default"), p.is("primary"), p.is("unique"), p.is("check"), p.is("references"), p.is("generated"):
			p.failf("column %q: %s is not supported for Iceberg tables", f.Name, strings.ToUpper(p.peek().text))
		default:
			return f
		}
	}
}

var primitiveTypes = map[string]iceberg.Type{
	"boolean": iceberg.PrimitiveTypes.Bool, "bool": iceberg.PrimitiveTypes.Bool, "logical": iceberg.PrimitiveTypes.Bool,
	"tinyint": iceberg.PrimitiveTypes.Int32, "smallint": iceberg.PrimitiveTypes.Int32, "byte": iceberg.PrimitiveTypes.Int32, "short": iceberg.PrimitiveTypes.Int32,
	"int": iceberg.PrimitiveTypes.Int32, "integer": iceberg.PrimitiveTypes.Int32, "int4": iceberg.PrimitiveTypes.Int32, "int32": iceberg.PrimitiveTypes.Int32,
	"bigint": iceberg.PrimitiveTypes.Int64, "long": iceberg.PrimitiveTypes.Int64, "int8": iceberg.PrimitiveTypes.Int64, "int64": iceberg.PrimitiveTypes.Int64,
	"float": iceberg.PrimitiveTypes.Float32, "real": iceberg.PrimitiveTypes.Float32, "float4": iceberg.PrimitiveTypes.Float32,
	"double": iceberg.PrimitiveTypes.Float64, "float8": iceberg.PrimitiveTypes.Float64,
	"date": iceberg.PrimitiveTypes.Date, "time": iceberg.PrimitiveTypes.Time,
	"timestamp": iceberg.PrimitiveTypes.Timestamp, "timestamp_ntz": iceberg.PrimitiveTypes.Timestamp, "datetime": iceberg.PrimitiveTypes.Timestamp,
	"timestamptz": iceberg.PrimitiveTypes.TimestampTz, "timestamp_ltz": iceberg.PrimitiveTypes.TimestampTz,
	"timestamp_ns": iceberg.PrimitiveTypes.TimestampNs,
	"varchar":      iceberg.PrimitiveTypes.String, "string": iceberg.PrimitiveTypes.String, "text": iceberg.PrimitiveTypes.String, "char": iceberg.PrimitiveTypes.String,
	"uuid": iceberg.PrimitiveTypes.UUID,
	"blob": iceberg.PrimitiveTypes.Binary, "bytea": iceberg.PrimitiveTypes.Binary, "binary": iceberg.PrimitiveTypes.Binary, "varbinary": iceberg.PrimitiveTypes.Binary,
}

// dataType reads a type in DuckDB's or Spark's spelling. TIMESTAMP is DuckDB's,
// without a zone: Spark's TIMESTAMP is spelled TIMESTAMPTZ or TIMESTAMP_LTZ here.
func (p *parser) dataType() iceberg.Type {
	if p.depth++; p.depth > maxTypeDepth {
		p.failf("types are nested deeper than %d", maxTypeDepth)
	}
	defer func() { p.depth-- }()
	t := p.baseType()
	for n := 0; p.accept("["); n++ {
		if p.depth+n > maxTypeDepth {
			p.failf("types are nested deeper than %d", maxTypeDepth)
		}
		if p.peek().kind == tokNumber {
			p.failf("arrays of a fixed length are not Iceberg types: write %s[]", t)
		}
		p.expect("]")
		p.ids++
		t = &iceberg.ListType{ElementID: p.ids, Element: t}
	}
	return t
}

func (p *parser) baseType() iceberg.Type {
	at := p.peek()
	if at.kind != tokWord {
		p.failf("expected a type, found %s", p.show())
	}
	p.pos++
	name := strings.ToLower(at.text)
	switch name {
	case "decimal", "numeric", "dec":
		return p.decimal()
	case "struct", "row":
		return p.structType()
	case "map":
		return p.mapType()
	case "array", "list":
		end := p.openAngle()
		p.ids++
		t := &iceberg.ListType{ElementID: p.ids}
		t.Element = p.dataType()
		p.expect(end)
		return t
	case "fixed":
		p.expect("(")
		n := p.integer("the length of FIXED", 1, 1<<20)
		p.expect(")")
		return iceberg.FixedTypeOf(n)
	case "tinyblob", "hugeint", "uhugeint", "ubigint", "uinteger", "usmallint", "utinyint", "enum", "union", "interval", "bit", "json", "timetz":
		p.failAt(at.from, "type %s does not exist in Iceberg: %s", strings.ToUpper(name), replacement(name))
	}
	t, ok := primitiveTypes[name]
	if !ok {
		names := sortedKeys(primitiveTypes)
		p.failAt(at.from, "type %s is unknown: %s", strings.ToUpper(name), suggest(name, append(names, "decimal", "struct", "map", "array")))
	}
	switch {
	case name == "double":
		p.accept("precision")
	case name == "timestamp" || name == "time":
		if p.accept("with", "time", "zone") {
			if name == "time" {
				p.failAt(at.from, "type TIME WITH TIME ZONE does not exist in Iceberg: use TIME")
			}
			return iceberg.PrimitiveTypes.TimestampTz
		}
		p.accept("without", "time", "zone")
	case name == "varchar" || name == "char" || name == "text" || name == "string":
		if p.accept("(") { // a length means nothing, as in DuckDB
			p.integer("the length", 1, 1<<30)
			p.expect(")")
		}
	}
	return t
}

func replacement(name string) string {
	switch name {
	case "hugeint", "uhugeint", "ubigint":
		return "use DECIMAL(38, 0)"
	case "uinteger":
		return "use BIGINT"
	case "usmallint", "utinyint":
		return "use INTEGER"
	case "tinyblob", "bit":
		return "use BLOB"
	case "timetz":
		return "use TIME"
	case "interval":
		return "use BIGINT, of microseconds for instance"
	}
	return "use VARCHAR"
}

// openAngle reads ( or < and returns what closes it.
func (p *parser) openAngle() string {
	if p.accept("<") {
		return ">"
	}
	p.expect("(")
	return ")"
}

func (p *parser) decimal() iceberg.Type {
	precision, scale := 18, 3 // DuckDB's
	if p.accept("(") {
		precision, scale = p.integer("the precision of DECIMAL", 1, 38), 0
		if p.accept(",") {
			scale = p.integer("the scale of DECIMAL", 0, precision)
		}
		p.expect(")")
	}
	return iceberg.DecimalTypeOf(precision, scale)
}

func (p *parser) structType() iceberg.Type {
	end := p.openAngle()
	t := &iceberg.StructType{}
	seen := map[string]bool{}
	for {
		at := p.peek()
		f := p.field("a field name", true)
		if seen[strings.ToLower(f.Name)] {
			p.failAt(at.from, "field %q is given twice", f.Name)
		}
		seen[strings.ToLower(f.Name)] = true
		t.FieldList = append(t.FieldList, f)
		if !p.accept(",") {
			break
		}
	}
	p.expect(end)
	return t
}

func (p *parser) mapType() iceberg.Type {
	end := p.openAngle()
	p.ids += 2
	t := &iceberg.MapType{KeyID: p.ids - 1, ValueID: p.ids}
	t.KeyType = p.dataType()
	p.expect(",")
	t.ValueType = p.dataType()
	p.expect(end)
	return t
}

func (p *parser) integer(what string, low, high int) int {
	t := p.peek()
	n, err := strconv.Atoi(t.text)
	if t.kind != tokNumber || err != nil {
		p.failf("%s: expected a whole number, found %s", what, p.show())
	}
	if n < low || n > high {
		p.failf("%s: %d does not lie between %d and %d", what, n, low, high)
	}
	p.pos++
	return n
}

// partitionTerms reads days(ts), bucket(16, id), truncate(4, s), region.
func (p *parser) partitionTerms() []PartitionTerm {
	var out []PartitionTerm
	for {
		out = append(out, p.partitionTerm())
		if !p.accept(",") {
			return out
		}
	}
}

func (p *parser) partitionTerm() PartitionTerm {
	at := p.peek()
	t := PartitionTerm{Transform: iceberg.IdentityTransform{}, Offset: at.from}
	if at.kind != tokWord || !p.toks[p.pos+1].matches("(") {
		t.Column = p.columnPath()
		return t
	}
	p.pos += 2
	name := strings.ToLower(at.text)
	switch name {
	case "identity":
	case "year", "years":
		t.Transform = iceberg.YearTransform{}
	case "month", "months":
		t.Transform = iceberg.MonthTransform{}
	case "day", "days", "date":
		t.Transform = iceberg.DayTransform{}
	case "hour", "hours", "date_hour":
		t.Transform = iceberg.HourTransform{}
	case "void":
		t.Transform = iceberg.VoidTransform{}
	case "bucket":
		t.Transform = iceberg.BucketTransform{NumBuckets: p.integer("bucket(count, column)", 1, 1<<31-1)}
		p.expect(",")
	case "truncate":
		t.Transform = iceberg.TruncateTransform{Width: p.integer("truncate(width, column)", 1, 1<<31-1)}
		p.expect(",")
	default:
		p.failAt(at.from, "transform %s is unknown: %s", name, suggest(name, []string{"identity", "years", "months", "days", "hours", "bucket", "truncate", "void"}))
	}
	t.Column = p.columnPath()
	p.expect(")")
	return t
}

func (p *parser) columnPath() string {
	c := p.identifier("a column")
	for p.accept(".") {
		c += "." + p.identifier("a column")
	}
	return c
}
