package byname

import (
	"slices"
	"strings"

	"psyberg/engine/lex"
)

// place is a dotted name that stands where a table can stand.
type place struct {
	parts []string
	first int // index of its first token among the significant ones
	after int // index of the token behind it
	verb  string
	scope int // names of one number stand in one list of tables
}

// token is a token that is neither blank nor comment.
type token struct {
	lex.Token
	text string
}

// word is the token in lower case where it is an unquoted word, else "".
func (t token) word() string {
	if t.Kind != lex.Word {
		return ""
	}
	return strings.ToLower(t.text)
}

func significant(sql string) []token {
	var out []token
	for _, t := range lex.Tokens(sql) {
		if t.Kind != lex.Space && t.Kind != lex.Comment {
			out = append(out, token{t, sql[t.Start:t.End]})
		}
	}
	return out
}

// chain reads a.b.c from token i on: its parts, and the index behind it.
func chain(toks []token, i int) (parts []string, after int) {
	for {
		if i >= len(toks) || toks[i].Kind != lex.Word && toks[i].Kind != lex.Quoted {
			return nil, i
		}
		parts = append(parts, unquote(toks[i].text))
		if i+1 >= len(toks) || toks[i+1].text != "." {
			return parts, i + 1
		}
		i += 2
	}
}

func unquote(s string) string {
	if len(s) >= 2 && s[0] == '"' {
		return strings.ReplaceAll(s[1:len(s)-1], `""`, `"`)
	}
	return s
}

// notFrom are words before FROM, or before the bracket that FROM stands in,
// after which no table follows: IS DISTINCT FROM x, DELETE FROM t, trim(a FROM b).
var notFrom = map[string]bool{"distinct": true, "delete": true}

var callsWithFrom = map[string]bool{"extract": true, "substring": true, "trim": true, "overlay": true}

// ends are the words that end a list of tables.
var ends = map[string]bool{"select": true, "where": true, "group": true, "having": true, "order": true, "limit": true,
	"offset": true, "window": true, "qualify": true, "set": true, "values": true, "returning": true,
	"union": true, "intersect": true, "except": true}

// level is what is known inside one pair of brackets.
type level struct {
	from    bool   // between FROM and what ends it
	call    string // the word before the bracket
	grouped bool   // a bracket where a table can stand: (a JOIN b)
	scope   int
}

// places finds the names of two parts or more that stand where a table can.
func places(toks []token) []place {
	var out []place
	stack := []level{{}}
	expect, verb, scopes := false, "", 0
	for i := 0; i < len(toks); i++ {
		top := &stack[len(stack)-1]
		t, before := toks[i], ""
		if i > 0 {
			before = toks[i-1].word()
		}
		switch w := t.word(); {
		case t.text == "(":
			next := level{call: before, grouped: expect, from: expect, scope: top.scope}
			if !expect || i+1 < len(toks) && slices.Contains([]string{"from", "select", "with", "pivot", "values"}, toks[i+1].word()) {
				scopes++ // a query of its own
				next.scope = scopes
			}
			stack = append(stack, next)
		case t.text == ")":
			if len(stack) > 1 {
				stack = stack[:len(stack)-1]
			}
			expect = false
		case t.text == ",":
			expect, verb = top.from, ""
		case w == "from" && !notFrom[before] && !callsWithFrom[top.call], w == "join":
			top.from, expect, verb = true, true, ""
		case ends[w]:
			top.from, expect = false, false
			if w == "union" || w == "intersect" || w == "except" {
				scopes++
				top.scope = scopes
			}
		case begins(toks, i) && (w == "describe" || w == "desc" || w == "summarize" || w == "copy"):
			expect, verb = true, w
		case (w == "pivot" || w == "unpivot" || w == "pivot_wider" || w == "pivot_longer") && !operand(toks, i):
			expect, verb = true, ""
		case w == "table" && begins(toks, i):
			expect, verb = true, w
		case t.Kind == lex.Word || t.Kind == lex.Quoted:
			parts, after := chain(toks, i)
			if expect && len(parts) > 1 && (after >= len(toks) || toks[after].text != "(" || verb == "copy") {
				out = append(out, place{parts, i, after, verb, top.scope})
			}
			if w != "lateral" {
				expect = false
			}
			if after > i {
				i = after - 1
			}
		default:
			expect = false
		}
	}
	return out
}

// begins reports whether token i begins the statement, stands behind EXPLAIN
// [ANALYZE], or begins what is in brackets.
func begins(toks []token, i int) bool {
	if i > 0 && toks[i-1].text == "(" {
		return true
	}
	for j := range i {
		if w := toks[j].word(); w != "explain" && w != "analyze" {
			return false
		}
	}
	return true
}

// operand reports whether token i follows a table, so that PIVOT is its suffix.
func operand(toks []token, i int) bool {
	if i == 0 {
		return false
	}
	p := toks[i-1]
	return p.text == ")" || p.Kind == lex.Quoted || p.Kind == lex.Word && !follows[p.word()]
}
