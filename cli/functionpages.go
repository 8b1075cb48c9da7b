package cli

import (
	"maps"
	"slices"
	"strings"

	"psyberg/functions/surface"
)

// functionPage is what help says of a function of the surface.
type functionPage struct{ signature, doc string }

// functionDocs are the pages of functions and queries, by name.
func functionDocs(functions []*surface.Function, queries []*surface.Query) (names []string, docs map[string]functionPage) {
	docs = map[string]functionPage{}
	for _, f := range functions {
		docs[f.Name] = functionPage{signature(f.Name, f.Positional, f.Named), f.Doc}
	}
	for _, q := range queries {
		docs[q.Name] = functionPage{signature(q.Name, q.Positional, q.Named), q.Doc}
	}
	return slices.Sorted(maps.Keys(docs)), docs
}

// first is the first sentence of the documentation, or its first line.
func (p functionPage) first() string {
	line, _, _ := strings.Cut(p.doc, "\n")
	if sentence, _, ok := strings.Cut(line, ". "); ok {
		line = sentence + "."
	}
	if r := []rune(line); len(r) > 90 {
		line = string(r[:89]) + "…"
	}
	return line
}

func (p functionPage) text() string {
	return p.signature + "\n\n" + strings.TrimSpace(p.doc) + "\n"
}
