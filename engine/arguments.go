package engine

import (
	"regexp"
	"slices"
	"strings"

	"psyberg/engine/bridge"
	"psyberg/engine/lex"
	"psyberg/functions/meta"
)

// macroCall is what DuckDB says of a call whose arguments fit no macro of that
// name: it lists the whole of them, whatever was wrong.
var (
	macroCall  = regexp.MustCompile(`^Macro (\w+)\(\) does not support the supplied arguments`)
	macroNamed = regexp.MustCompile(`(\w+) := `)
)

// unknownArgument makes of such an error which name no argument has, and its place.
func unknownArgument(sql string, duck *bridge.Error) {
	m := macroCall.FindStringSubmatch(duck.Message)
	if m == nil || duck.Position < 0 || duck.Position > len(sql) {
		return
	}
	known := []string{}
	for _, n := range macroNamed.FindAllStringSubmatch(duck.Message, -1) {
		known = append(known, n[1])
	}
	for _, at := range namedArguments(sql[duck.Position:]) {
		from := duck.Position + at.Start
		name := sql[from : duck.Position+at.End]
		if slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, name) }) {
			continue
		}
		duck.Position = from
		duck.Message = m[1] + " has no argument " + name
		if duck.Candidates = meta.NearMatches(name, known); len(duck.Candidates) > 0 {
			duck.Message += "\nDid you mean " + strings.Join(duck.Candidates, ", ") + "?"
		} else {
			duck.Message += "\nIts named arguments are " + strings.Join(known, ", ")
		}
		return
	}
}

// namedArguments are the names in the call that a text begins with: f(a := 1, b => 2).
func namedArguments(call string) []lex.Token {
	var out []lex.Token
	depth := 0
	for _, t := range lex.Tokens(call) {
		switch text := call[t.Start:t.End]; {
		case text == "(" || text == "[" || text == "{":
			depth++
		case text == ")" || text == "]" || text == "}":
			if depth--; depth == 0 {
				return out
			}
		case t.Kind == lex.Word && depth == 1:
			if rest := strings.TrimLeft(call[t.End:], " \t\r\n"); strings.HasPrefix(rest, ":=") || strings.HasPrefix(rest, "=>") {
				out = append(out, t)
			}
		}
	}
	return out
}
