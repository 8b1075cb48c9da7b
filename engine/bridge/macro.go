package bridge

import (
	"strings"

	"psyberg/functions/surface"
)

// MacroSQL returns the statement that gives f its public name: a TEMP macro over
// psyql_<name> whose named arguments and optional positional ones default to
// NULL. A macro, since DuckDB's own iceberg extension claims some of the names,
// and TEMP, since a macro saved in a database file breaks without our functions.
func MacroSQL(f surface.Function) string {
	var params, args []string
	for _, a := range f.Positional {
		p := QuoteIdent(a.Name)
		args = append(args, p)
		if a.Optional {
			p += " := NULL"
		}
		params = append(params, p)
	}
	for _, a := range f.Named {
		q := QuoteIdent(a.Name)
		params = append(params, q+" := NULL")
		args = append(args, q+" := "+q)
	}
	return "CREATE OR REPLACE TEMP MACRO " + QuoteIdent(f.Name) + "(" + strings.Join(params, ", ") + ") AS TABLE FROM " +
		QuoteIdent(RawPrefix+f.Name) + "(" + strings.Join(args, ", ") + ")"
}
