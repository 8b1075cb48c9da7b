package byname

import (
	"slices"
	"strings"

	"psyberg/engine/lex"
)

// Target is what a statement of SQL's own writes to: INSERT INTO a.b, DROP TABLE a.b.
type Target struct {
	Verb  string // insert, update, delete, merge, truncate, drop, alter, create table, create view
	Parts []string
	At    int  // byte of the name
	Maybe bool // IF EXISTS: DuckDB does nothing, and says nothing, where it has none of that name
}

// between are words that may stand between a verb and its name.
var between = []string{"into", "from", "or", "replace", "ignore", "abort", "temp", "temporary", "recursive",
	"table", "view", "if", "not", "exists", "only", "unlogged", "materialized"}

// Written is the target of a statement that writes; ok is false for others, and
// for names of one part.
func Written(sql string) (t Target, ok bool) {
	toks := significant(sql)
	if len(toks) == 0 {
		return t, false
	}
	t.Verb = toks[0].word()
	if !slices.Contains([]string{"insert", "update", "delete", "merge", "truncate", "drop", "alter", "create"}, t.Verb) {
		return t, false
	}
	i := 1
	for ; i < len(toks) && toks[i].Kind == lex.Word && slices.Contains(between, toks[i].word()); i++ {
		w := toks[i].word()
		if t.Verb == "create" && (w == "table" || w == "view") {
			t.Verb += " " + w
		}
		t.Maybe = t.Maybe || w == "exists" && (t.Verb == "drop" || t.Verb == "alter")
	}
	if t.Parts, _ = chain(toks, i); len(t.Parts) < 2 {
		return t, false
	}
	t.At = toks[i].Start
	return t, true
}

// Hint says that the statement cannot write to an Iceberg table, and what does.
func (t Target) Hint() string {
	const more = "\n\\h COPY (psyql help COPY) says more"
	name := Name(t.Parts)
	text := quoteLiteral(name)
	is := name + " is an Iceberg table, which " + strings.ToUpper(t.Verb) + " does not write to: "
	switch t.Verb {
	case "insert":
		return is + "append rows with COPY (query) TO " + text + " (FORMAT iceberg)" + more
	case "update", "delete", "merge", "truncate":
		return is + "replace the rows of a predicate by those of a query with COPY (query) TO " + text + " (FORMAT iceberg, MODE 'overwrite', WHERE 'predicate')" + more
	case "drop":
		return is + "drop it with DROP TABLE " + quoted(t.Parts) + " USING iceberg"
	case "alter":
		return is + "psyql does not change schemas; Spark, Trino and PyIceberg do"
	case "create table":
		return Name(t.Parts[:len(t.Parts)-1]) + " is a namespace of Iceberg tables: make one with CREATE TABLE " + quoted(t.Parts) +
			" (...) USING iceberg, or COPY (query) TO " + text + " (FORMAT iceberg, CREATE_TABLE true)" + more
	case "create view":
		return Name(t.Parts[:len(t.Parts)-1]) + " is a namespace of Iceberg tables, and a view is DuckDB's own: name it without " + Name(t.Parts[:len(t.Parts)-1])
	}
	return ""
}

// quoted is a name as SQL has it, its parts in quotes only where they need them.
func quoted(parts []string) string {
	out := make([]string, len(parts))
	for i, p := range parts {
		out[i] = p
		if toks := lex.Tokens(p); len(toks) != 1 || toks[0].Kind != lex.Word {
			out[i] = quoteIdent(p)
		}
	}
	return strings.Join(out, ".")
}
