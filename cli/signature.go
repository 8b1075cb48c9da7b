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
		if t := a.TypeName(); t != "" {
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
