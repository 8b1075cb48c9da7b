package bridge

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/duckdb/duckdb-go/v2/mapping"

	"psyberg/functions/surface"
)

// metaKey is the field metadata that picks a DuckDB type where one Arrow type
// stands for several (surface.JSONField).
const metaKey = "duckdb"

// logicalType makes the DuckDB type of a column. The caller destroys it.
func logicalType(f arrow.Field) (mapping.LogicalType, error) {
	lt, err := logicalTypeOf(f.Type, f.Metadata)
	if err != nil {
		return lt, fmt.Errorf("column %s: %w", f.Name, err)
	}
	return lt, nil
}

var fixedLogical = map[arrow.Type]mapping.Type{
	arrow.NULL: mapping.TypeSQLNull, arrow.BOOL: mapping.TypeBoolean,
	arrow.INT8: mapping.TypeTinyInt, arrow.INT16: mapping.TypeSmallInt, arrow.INT32: mapping.TypeInteger, arrow.INT64: mapping.TypeBigInt,
	arrow.UINT8: mapping.TypeUTinyInt, arrow.UINT16: mapping.TypeUSmallInt, arrow.UINT32: mapping.TypeUInteger, arrow.UINT64: mapping.TypeUBigInt,
	arrow.FLOAT32: mapping.TypeFloat, arrow.FLOAT64: mapping.TypeDouble,
	arrow.BINARY: mapping.TypeBlob, arrow.DATE32: mapping.TypeDate, arrow.INTERVAL_MONTH_DAY_NANO: mapping.TypeInterval,
}

func logicalTypeOf(t arrow.DataType, md arrow.Metadata) (mapping.LogicalType, error) {
	special, _ := md.GetValue(metaKey)
	switch t := t.(type) {
	case *arrow.StringType:
		lt := mapping.CreateLogicalType(mapping.TypeVarchar)
		if special == "JSON" {
			mapping.LogicalTypeSetAlias(lt, "JSON")
		}
		return lt, nil
	case *arrow.FixedSizeBinaryType:
		if special == "UUID" && t.ByteWidth == 16 {
			return mapping.CreateLogicalType(mapping.TypeUUID), nil
		}
		return mapping.CreateLogicalType(mapping.TypeBlob), nil
	case *arrow.TimestampType:
		return mapping.CreateLogicalType(timestampType(t)), nil
	case *arrow.Time64Type:
		if t.Unit == arrow.Nanosecond {
			return mapping.CreateLogicalType(mapping.TypeTimeNS), nil
		}
		return mapping.CreateLogicalType(mapping.TypeTime), nil
	case *arrow.Decimal128Type:
		if t.Precision < 1 || t.Precision > 38 || t.Scale < 0 || t.Scale > t.Precision {
			return mapping.LogicalType{}, fmt.Errorf("DuckDB has no decimal(%d, %d)", t.Precision, t.Scale)
		}
		return mapping.CreateDecimalType(uint8(t.Precision), uint8(t.Scale)), nil
	case *arrow.StructType:
		return structType(t)
	case *arrow.ListType:
		el := t.ElemField()
		child, err := logicalTypeOf(el.Type, el.Metadata)
		if err != nil {
			return child, fmt.Errorf("list element: %w", err)
		}
		defer mapping.DestroyLogicalType(&child)
		return mapping.CreateListType(child), nil
	case *arrow.MapType:
		return mapType(t)
	case *arrow.DictionaryType:
		if id := t.ValueType.ID(); id != arrow.STRING && id != arrow.BINARY {
			return mapping.LogicalType{}, fmt.Errorf("no DuckDB type for %s: dictionaries hold utf8 or binary", t)
		}
		return logicalTypeOf(t.ValueType, md)
	}
	if id, ok := fixedLogical[t.ID()]; ok {
		return mapping.CreateLogicalType(id), nil
	}
	return mapping.LogicalType{}, fmt.Errorf("no DuckDB type for Arrow's %s", t)
}

func timestampType(t *arrow.TimestampType) mapping.Type {
	if t.TimeZone != "" {
		return mapping.TypeTimestampTZ
	}
	switch t.Unit {
	case arrow.Second:
		return mapping.TypeTimestampS
	case arrow.Millisecond:
		return mapping.TypeTimestampMS
	case arrow.Nanosecond:
		return mapping.TypeTimestampNS
	}
	return mapping.TypeTimestamp
}

func structType(t *arrow.StructType) (mapping.LogicalType, error) {
	if t.NumFields() == 0 {
		return mapping.LogicalType{}, fmt.Errorf("a STRUCT without fields does not exist in DuckDB: leave the column out or give it a null field")
	}
	names := make([]string, t.NumFields())
	types := make([]mapping.LogicalType, 0, t.NumFields())
	defer func() {
		for i := range types {
			mapping.DestroyLogicalType(&types[i])
		}
	}()
	for i, f := range t.Fields() {
		lt, err := logicalTypeOf(f.Type, f.Metadata)
		if err != nil {
			return lt, fmt.Errorf("field %s: %w", f.Name, err)
		}
		names[i], types = f.Name, append(types, lt)
	}
	return mapping.CreateStructType(types, names), nil
}

func mapType(t *arrow.MapType) (mapping.LogicalType, error) {
	k, err := logicalTypeOf(t.KeyField().Type, t.KeyField().Metadata)
	if err != nil {
		return k, fmt.Errorf("map key: %w", err)
	}
	defer mapping.DestroyLogicalType(&k)
	v, err := logicalTypeOf(t.ItemField().Type, t.ItemField().Metadata)
	if err != nil {
		return v, fmt.Errorf("map value: %w", err)
	}
	defer mapping.DestroyLogicalType(&v)
	return mapping.CreateMapType(k, v), nil
}

// argType makes the DuckDB type of an argument. The caller destroys it.
func argType(a surface.Arg) (mapping.LogicalType, error) {
	if a.Type == nil || a.Type.ID() == arrow.NULL {
		return mapping.CreateLogicalType(mapping.TypeAny), nil
	}
	lt, err := logicalTypeOf(a.Type, arrow.Metadata{})
	if err != nil {
		return lt, fmt.Errorf("argument %s: %w", a.Name, err)
	}
	return lt, nil
}
