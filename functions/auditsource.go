package functions

import (
	"fmt"
	"strings"

	"psyberg/functions/surface"
)

// valuesSQL writes a SELECT of rows that are known already. A column is its
// name and type; values are SQL.
func valuesSQL(columns []string, rows [][]string) string {
	names, casts := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		name, typ, _ := strings.Cut(c, " ")
		names[i] = surface.QuoteIdent(name)
		value := names[i]
		if len(rows) == 0 {
			value = "NULL"
		}
		casts[i] = "CAST(" + value + " AS " + typ + ") AS " + names[i]
	}
	if len(rows) == 0 {
		return "SELECT " + strings.Join(casts, ", ") + " WHERE false"
	}
	tuples := make([]string, len(rows))
	for i, r := range rows {
		tuples[i] = "(" + strings.Join(r, ", ") + ")"
	}
	return "SELECT " + strings.Join(casts, ", ") + " FROM (VALUES " + strings.Join(tuples, ",\n") + ") AS v(" + strings.Join(names, ", ") + ")"
}

// sourceQuery takes a query of the user's as one that can stand in brackets:
// without the semicolon after it. Everything else is DuckDB's to judge.
func sourceQuery(text string) (string, error) {
	words := outerWords(text)
	end := len(text)
	for i := len(words) - 1; i >= 0 && words[i].text == ";"; i-- {
		end = words[i].at
		words = words[:i]
	}
	if len(words) == 0 {
		return "", fmt.Errorf("argument source is empty: a query is needed")
	}
	for _, w := range words {
		if w.text == ";" {
			return "", fmt.Errorf("argument source holds more than one statement: a single query is needed")
		}
	}
	return text[:end], nil
}

// yieldsCount reports whether a query is of the form SELECT count(...) or
// SELECT sum(...), also within coalesce(...), one column and no GROUP BY, so
// that its value is a count.
func yieldsCount(query string) bool {
	selects, after, inner := 0, "", ""
	words := outerWords(query)
	for i, w := range words {
		switch w.text {
		case "select":
			selects++
			if i+2 < len(words) && words[i+2].text == "(" {
				after, inner = words[i+1].text, strings.ToLower(strings.TrimSpace(query[words[i+2].at+1:]))
			}
		case "group", "union", "intersect", "except", "over", "having", "qualify", "values":
			return false
		case ",":
			if selects > 0 && !hasWord(words[:i], "from", selectAt(words)) {
				return false
			}
		}
	}
	if after == "coalesce" {
		after, _, _ = strings.Cut(inner, "(")
	}
	return selects == 1 && (after == "count" || after == "sum")
}

// outerWord is a word or sign of a query outside of brackets, in lower case.
type outerWord struct {
	text string
	at   int // byte
}

// selectAt returns the index of the first word select.
func selectAt(words []outerWord) int {
	for i, w := range words {
		if w.text == "select" {
			return i
		}
	}
	return len(words)
}

func hasWord(words []outerWord, text string, from int) bool {
	for i := from; i < len(words); i++ {
		if words[i].text == text {
			return true
		}
	}
	return false
}

// outerWords splits a query into the words and signs outside of brackets (an
// opening one is a sign of its own), without comments. Quoted text and names
// are one word each, as they stand.
func outerWords(query string) []outerWord {
	var out []outerWord
	depth := 0
	for i := 0; i < len(query); {
		start := i
		c := query[i]
		switch {
		case c <= ' ':
			i++
			continue
		case strings.HasPrefix(query[i:], "--"):
			i = cut(query, i, "\n")
			continue
		case strings.HasPrefix(query[i:], "/*"):
			i = cut(query, i+2, "*/")
			continue
		case c == '\'' || c == '"':
			i = cut(query, i+1, string(c))
		case c == '$' && dollarTag(query[i:]) != "":
			tag := dollarTag(query[i:])
			i = cut(query, i+len(tag), tag)
		case isWordByte(c):
			for i < len(query) && isWordByte(query[i]) {
				i++
			}
		default:
			i++
		}
		if c == ')' || c == ']' || c == '}' {
			depth = max(0, depth-1)
			continue
		}
		if depth == 0 {
			out = append(out, outerWord{strings.ToLower(query[start:i]), start})
		}
		if c == '(' || c == '[' || c == '{' {
			depth++
		}
	}
	return out
}

// cut returns the byte after the next end at or after from, or the end of s.
func cut(s string, from int, end string) int {
	if i := strings.Index(s[from:], end); i >= 0 {
		return from + i + len(end)
	}
	return len(s)
}

// dollarTag returns the opening $tag$ of a dollar-quoted text.
func dollarTag(s string) string {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '$':
			return s[:i+1]
		case !isWordByte(s[i]) || i == 1 && s[i] >= '0' && s[i] <= '9':
			return ""
		}
	}
	return ""
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
