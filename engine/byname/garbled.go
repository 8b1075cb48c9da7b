package byname

import (
	"slices"
	"strings"

	"psyberg/engine/lex"
	"psyberg/functions/meta"
)

// verbs begin statements.
var verbs = []string{"SELECT", "FROM", "WITH", "VALUES", "INSERT", "UPDATE", "DELETE", "MERGE", "CREATE", "DROP", "ALTER", "COPY",
	"CALL", "DESCRIBE", "SUMMARIZE", "SHOW", "EXPLAIN", "SET", "RESET", "BEGIN", "COMMIT", "ROLLBACK", "ATTACH", "DETACH", "USE",
	"PRAGMA", "INSTALL", "LOAD", "PIVOT", "UNPIVOT", "PREPARE", "EXECUTE", "TRUNCATE", "VACUUM", "ANALYZE", "CHECKPOINT", "TABLE"}

// Garbled says what was probably meant where DuckDB's parser gave up at byte at:
// a table's name with a part too many, or one that needs quotes; the statement's
// first word mistyped. "" where it does not know.
func Garbled(sql string, at int) string {
	toks := significant(sql)
	if len(toks) == 0 || at < 0 || at > len(sql) {
		return ""
	}
	if first := toks[0]; at == first.Start && first.Kind == lex.Word {
		if near := meta.NearMatches(first.text, verbs); len(near) > 0 {
			return "Did you mean " + strings.Join(near, ", ") + "?"
		}
		return ""
	}
	from, to := run(sql, at)
	i := slices.IndexFunc(toks, func(t token) bool { return t.Start >= from })
	if i < 1 && from < len(sql) || !tableFollows(toks, i) {
		return ""
	}
	return wrongName(sql[from:to])
}

// run is the text around byte at that has no blank and nothing that ends a name.
func run(sql string, at int) (from, to int) {
	part := func(c byte) bool { return c > ' ' && !strings.ContainsRune("(),;'=", rune(c)) }
	for from = at; from > 0 && part(sql[from-1]); from-- {
	}
	for to = at; to < len(sql) && part(sql[to]); to++ {
	}
	return from, to
}

// tableFollows reports whether a table can stand at token i.
func tableFollows(toks []token, i int) bool {
	if i < 1 {
		return false
	}
	switch toks[i-1].word() {
	case "from", "join", "describe", "desc", "summarize", "table", "pivot", "unpivot":
		return true
	}
	return toks[i-1].text == ","
}

// wrongName says what is wrong with a dotted name.
func wrongName(name string) string {
	if table, ref, ok := strings.Cut(name, "@"); ok && ref != "" && strings.Contains(table, ".") {
		return "A branch or tag is named FROM " + table + ".branch_" + ref + ", or " + table + ".tag_" + ref
	}
	parts := strings.Split(name, ".")
	if len(parts) < 2 || strings.Contains(name, `"`) {
		return ""
	}
	if given := slices.IndexFunc(parts, func(p string) bool { return p == "" || p == "*" }); given == 1 {
		return "A table's name has two parts: FROM iceberg_tables() lists all"
	} else if given > 1 {
		if _, _, is := selector(parts[given-1]); is && given > 2 {
			return "All columns of a table are FROM " + strings.Join(parts[:given], ".")
		}
		table := strings.Join(parts[:given], ".")
		return "The rows of a table are FROM " + table + ", what Iceberg says of it FROM " + table + ".snapshots, .files, .partitions ... (\\d " + table + " shows most)"
	}
	quotes := quoted(parts)
	if quotes == name {
		return ""
	}
	return "A name with other characters than letters, digits and _ stands in quotes: " + quotes
}
