package write

import (
	"fmt"
	"strings"
)

// refuseWrapped refuses EXPLAIN and PREPARE of a statement of ours, which DuckDB
// would run: it does not know the statement, and says to install an extension.
func refuseWrapped(sql, first string) error {
	toks, err := lex(sql)
	if err != nil {
		return nil //nolint:nilerr // DuckDB says it in its own words
	}
	p := &parser{src: sql, toks: toks, pos: 1}
	if first == "prepare" {
		for p.peek().kind != tokEnd && !p.accept("as") {
			p.pos++
		}
	} else {
		p.accept("analyze")
		if p.is("(") && !p.skipBrackets() {
			return nil
		}
	}
	word := strings.ToLower(p.peek().text)
	switch from := p.peek().from; word {
	case "copy", "create", "drop":
		if _, ours, _ := Parse(sql[from:]); !ours {
			return nil
		}
		msg := fmt.Sprintf("%s of a %s that writes an Iceberg table is not supported", strings.ToUpper(first), strings.ToUpper(word))
		if word == "copy" && first == "explain" {
			msg += ": EXPLAIN its query"
		} else {
			msg += ": run the statement itself"
		}
		return &SyntaxError{from, msg}
	}
	return nil
}
