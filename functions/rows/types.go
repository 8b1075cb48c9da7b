package rows

import (
	"fmt"
	"strings"

	"psyberg/functions/meta"
)

// duckType returns DuckDB's name of t, as iceberg_rows returns it. Nanosecond
// timestamps with a zone become TIMESTAMPTZ (DuckDB has no finer one), variants
// JSON (the client API hands no VARIANT over), the geometries BLOB in WKB.
func duckType(t meta.Type) (string, error) { return typeName(t, "JSON") }

// scanType is the type that the reader is asked for: duckType but for variants.
func scanType(t meta.Type) (string, error) { return typeName(t, "VARIANT") }

func typeName(t meta.Type, variant string) (string, error) {
	switch t.Kind {
	case meta.KindDecimal:
		return fmt.Sprintf("DECIMAL(%d, %d)", t.Precision, t.Scale), nil
	case meta.KindStruct:
		parts := make([]string, len(t.Fields))
		for i, f := range t.Fields {
			inner, err := typeName(f.Type, variant)
			if err != nil {
				return "", err
			}
			parts[i] = quoteIdent(f.Name) + " " + inner
		}
		return "STRUCT(" + strings.Join(parts, ", ") + ")", nil
	case meta.KindList:
		inner, err := typeName(t.Element.Type, variant)
		return inner + "[]", err
	case meta.KindMap:
		key, err := typeName(t.Key.Type, variant)
		if err != nil {
			return "", err
		}
		value, err := typeName(t.Value.Type, variant)
		return "MAP(" + key + ", " + value + ")", err
	case meta.KindVariant:
		return variant, nil
	}
	if name, ok := duckTypes[t.Kind]; ok {
		return name, nil
	}
	return "", fmt.Errorf("type %s is not known: a newer Iceberg wrote it; leave the column out by reading another snapshot", t)
}

var duckTypes = map[meta.Kind]string{
	meta.KindBoolean: "BOOLEAN", meta.KindInt: "INTEGER", meta.KindLong: "BIGINT", meta.KindFloat: "FLOAT", meta.KindDouble: "DOUBLE",
	meta.KindDate: "DATE", meta.KindTime: "TIME", meta.KindTimestamp: "TIMESTAMP", meta.KindTimestampTZ: "TIMESTAMP WITH TIME ZONE",
	meta.KindTimestampNS: "TIMESTAMP_NS", meta.KindTimestampTZNS: "TIMESTAMP WITH TIME ZONE",
	meta.KindString: "VARCHAR", meta.KindUUID: "UUID", meta.KindFixed: "BLOB", meta.KindBinary: "BLOB",
	meta.KindUnknown: "INTEGER", meta.KindGeometry: "BLOB", meta.KindGeography: "BLOB",
}

func quoteIdent(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

func quoteText(s string) string { return `'` + strings.ReplaceAll(s, `'`, `''`) + `'` }

// quoteGlob quotes a path for read_parquet, which takes patterns: * ? [ stand
// for themselves.
func quoteGlob(path string) (string, error) {
	if !strings.ContainsAny(path, "*?[") {
		return quoteText(path), nil
	}
	if strings.Contains(path, `\`) {
		return "", fmt.Errorf("read %q: DuckDB cannot open a path with a backslash beside one of * ? [: move the table, and name its new place with --path-map", path)
	}
	return quoteText(strings.NewReplacer("*", "[*]", "?", "[?]", "[", "[[]").Replace(path)), nil
}

// plainPath is the one spelling by which paths are compared: position deletes,
// tables and manifests write file:, file:/// and plain paths for one file.
func plainPath(location string) string {
	rest, ok := strings.CutPrefix(location, "file:")
	if !ok {
		return location
	}
	return "/" + strings.TrimLeft(rest, "/")
}

// plainPathSQL is plainPath of a column in SQL.
func plainPathSQL(column string) string {
	return "regexp_replace(" + column + ", '^file:/*', '/')"
}
