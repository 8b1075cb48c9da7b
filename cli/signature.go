package cli

import (
	"strings"

	"psyberg/functions/surface"
)

// signature is how a function is called, with a line for every argument:
//
//	iceberg_files(table_name, snapshot_id := NULL, ...)
func signature(name string, positional, named []surface.Arg) string {
	var params, lines []string
	for i, a := range append(append([]surface.Arg{}, positional...), named...) {
		p := a.Name
		if i >= len(positional) || a.Optional {
			p += " := NULL"
		}
		params = append(params, p)
		doc := a.Doc
		if t := argType(a); t != "" {
			doc = t + "  " + doc
		}
		lines = append(lines, "  "+a.Name+strings.Repeat(" ", max(1, 18-len(a.Name)))+strings.TrimSpace(doc))
	}
	text := name + "(" + strings.Join(params, ", ") + ")"
	if len(lines) > 0 {
		text += "\n\n" + strings.Join(lines, "\n")
	}
	return text
}

// argType is DuckDB's name of an argument's type, "" where any is taken.
func argType(a surface.Arg) string {
	if a.Type == nil || a.Type == surface.AnyType {
		return ""
	}
	switch t := strings.ToUpper(a.Type.String()); {
	case t == "UTF8":
		return "VARCHAR"
	case t == "INT64":
		return "BIGINT"
	case t == "INT32":
		return "INTEGER"
	case t == "BOOL":
		return "BOOLEAN"
	case strings.HasPrefix(t, "TIMESTAMP"):
		return "TIMESTAMPTZ"
	case strings.HasPrefix(t, "LIST"):
		return "LIST"
	case strings.HasPrefix(t, "MONTH_DAY_NANO"):
		return "INTERVAL"
	default:
		return t
	}
}
