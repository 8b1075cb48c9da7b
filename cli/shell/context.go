package shell

import (
	"strings"

	"psyberg/engine/lex"
)

// place is what stands around the cursor, read from the statement up to it.
type place struct {
	text   string // of the statement that the cursor is in
	word   string // the part of a word before the cursor
	from   int    // where it begins, in the whole text
	chain  []string
	quoted bool // inside a text in single quotes
	isDead bool // inside a comment: nothing is offered
	before string
	call   *callPlace
}

// callPlace is the innermost call around the cursor.
type callPlace struct {
	function string
	position int    // of the argument, from 0
	named    string // the argument's name, where it has one
	given    []string
	first    string // the first argument, where it is a text
	values   map[string]string
}

// placeAt reads the text before byte at.
func placeAt(text string, at int) place {
	head := text[:at]
	toks := lex.Tokens(head)
	begin := 0
	for i, t := range toks {
		if t.Kind == lex.Semicolon {
			begin = i + 1
		}
	}
	p := place{from: at}
	whole := text
	if strings.HasSuffix(head, ".") { // or "s. FROM t" would have a column from
		whole = head + "x" + text[at:]
	}
	p.text = statementAround(whole, lex.Tokens(whole), at)
	toks = toks[begin:]
	n := len(toks)
	if n > 0 {
		last := toks[n-1]
		switch {
		case last.Kind == lex.Comment && (last.Open || !strings.HasSuffix(head, "\n") && strings.HasPrefix(head[last.Start:], "--")):
			p.isDead = true
			return p
		case last.Kind == lex.Text && last.Open:
			p.quoted, p.from, p.word = true, last.Start+1, head[last.Start+1:]
			toks = toks[:n-1]
		case last.Kind == lex.Text && at < len(text): // closed by what follows the cursor
		case last.Kind == lex.Quoted && last.Open:
			p.from, p.word = last.Start, head[last.Start:]
			toks = toks[:n-1]
		case last.Kind == lex.Word, last.Kind == lex.Variable:
			p.from, p.word = last.Start, head[last.Start:]
			toks = toks[:n-1]
		}
	}
	toks = p.readChain(head, toks)
	for i := len(toks) - 1; i >= 0; i-- {
		if toks[i].Kind != lex.Space && toks[i].Kind != lex.Comment {
			p.before = strings.ToLower(head[toks[i].Start:toks[i].End])
			break
		}
	}
	p.call = enclosing(head, toks)
	return p
}

// statementAround is the statement that byte at is in.
func statementAround(text string, toks []lex.Token, at int) string {
	from, to := 0, len(text)
	for _, t := range toks {
		if t.Kind != lex.Semicolon {
			continue
		}
		if t.End <= at {
			from = t.End
		} else {
			to = t.Start
			break
		}
	}
	return text[from:to]
}

// readChain takes "a.b." before the word off toks.
func (p *place) readChain(head string, toks []lex.Token) []lex.Token {
	for len(toks) >= 2 && !p.quoted {
		dot, name := toks[len(toks)-1], toks[len(toks)-2]
		if head[dot.Start:dot.End] != "." || name.Kind != lex.Word && name.Kind != lex.Quoted {
			break
		}
		p.chain = append([]string{unquoted(head[name.Start:name.End])}, p.chain...)
		toks = toks[:len(toks)-2]
	}
	return toks
}

func unquoted(s string) string {
	if len(s) >= 2 && s[0] == '"' {
		return strings.ReplaceAll(s[1:len(s)-1], `""`, `"`)
	}
	return s
}

// enclosing finds the innermost open bracket that belongs to a call.
func enclosing(head string, toks []lex.Token) *callPlace {
	var sig []lex.Token
	for _, t := range toks {
		if t.Kind != lex.Space && t.Kind != lex.Comment {
			sig = append(sig, t)
		}
	}
	text := func(i int) string { return head[sig[i].Start:sig[i].End] }
	depth := 0
	for i := len(sig) - 1; i >= 0; i-- {
		switch text(i) {
		case ")", "]", "}":
			depth++
		case "[", "{":
			depth--
		case "(":
			if depth--; depth >= 0 {
				continue
			}
			if i == 0 || sig[i-1].Kind != lex.Word {
				return nil
			}
			return readCall(head, sig[i+1:], strings.ToLower(text(i-1)))
		}
	}
	return nil
}

// readCall reads the arguments before the cursor.
func readCall(head string, sig []lex.Token, function string) *callPlace {
	c := &callPlace{function: function, values: map[string]string{}}
	text := func(i int) string { return head[sig[i].Start:sig[i].End] }
	depth := 0
	for i := range sig {
		switch s := text(i); {
		case s == "(" || s == "[" || s == "{":
			depth++
		case s == ")" || s == "]" || s == "}":
			depth--
		case s == "," && depth == 0:
			c.position++
			c.named = ""
		case depth == 0 && sig[i].Kind == lex.Word && i+2 < len(sig) && isAssign(text(i+1)+text(i+2)):
			c.named = strings.ToLower(s)
			c.given = append(c.given, c.named)
		case sig[i].Kind == lex.Text && depth == 0 && len(s) >= 2:
			value := strings.ReplaceAll(s[1:len(s)-1], "''", "'")
			if c.named == "" && c.position == 0 {
				c.first = value
			} else if c.named != "" {
				c.values[c.named] = value
			}
		}
	}
	return c
}

func isAssign(s string) bool { return s == ":=" || s == "=>" }
