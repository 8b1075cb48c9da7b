package shell

import (
	"strings"

	"psyberg/engine/lex"
)

// tableCall is a call iceberg_*('ns.table', ...) in a statement.
type tableCall struct{ alias, table string }

// callsIn are the calls of iceberg_rows in a statement, with their aliases: the
// one function whose columns are the table's own.
func callsIn(text string) []tableCall {
	var out []tableCall
	var sig []lex.Token
	for _, t := range lex.Tokens(text) {
		if t.Kind != lex.Space && t.Kind != lex.Comment {
			sig = append(sig, t)
		}
	}
	at := func(i int) string {
		if i < len(sig) {
			return text[sig[i].Start:sig[i].End]
		}
		return ""
	}
	for i := range sig {
		if !strings.EqualFold(at(i), "iceberg_rows") || at(i+1) != "(" || i+2 >= len(sig) || sig[i+2].Kind != lex.Text {
			continue
		}
		name := strings.ReplaceAll(strings.Trim(at(i+2), "'"), "''", "'")
		c := tableCall{"iceberg_rows", name}
		depth := 0
		for j := i + 1; j < len(sig); j++ {
			switch at(j) {
			case "(":
				depth++
			case ")":
				depth--
			}
			if depth > 0 {
				continue
			}
			next := j + 1
			if strings.EqualFold(at(next), "as") {
				next++
			}
			if next < len(sig) && (sig[next].Kind == lex.Word && !lex.Reserved(at(next)) || sig[next].Kind == lex.Quoted) {
				c.alias = unquoted(at(next))
			}
			break
		}
		out = append(out, c)
	}
	return out
}
