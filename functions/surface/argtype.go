package surface

import "strings"

// TypeName is DuckDB's name of an argument's type, "" where any is taken.
func (a Arg) TypeName() string {
	if a.Type == nil || a.Type == AnyType {
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
