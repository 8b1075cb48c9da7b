package shell

import (
	"strings"

	"psyberg/engine/lex"
)

// span is text[start:end] in one style.
type span struct {
	start, end int
	code       string
}

// paintSQL says how a text looks: in spans that follow one another from the
// first byte to the last.
func paintSQL(text string) []span {
	if IsCommand(text) {
		n := strings.IndexAny(text, " \t\n")
		if n < 0 {
			n = len(text)
		}
		return []span{{0, n, styleCommand}, {n, len(text), ""}}
	}
	toks := lex.Tokens(text)
	out := make([]span, 0, len(toks))
	for i, t := range toks {
		out = append(out, span{t.Start, t.End, codeOf(text, toks, i)})
	}
	return out
}

func codeOf(text string, toks []lex.Token, i int) string {
	t := toks[i]
	switch t.Kind {
	case lex.Comment:
		return styleComment
	case lex.Text:
		return styleText
	case lex.Number:
		return styleNumber
	case lex.Variable, lex.Parameter:
		return styleVariable
	case lex.Word:
		called := i+1 < len(toks) && text[toks[i+1].Start] == '('
		word := strings.ToLower(text[t.Start:t.End])
		part := i > 0 && text[toks[i-1].Start] == '.'
		switch {
		case called && !statementWords[word]:
			return styleFunction
		case !part && (statementWords[word] || lex.Reserved(word)) && !(called && word == "replace"):
			return styleKeyword
		}
	}
	return ""
}

// statementWords are words of statements beside those that the lexer calls reserved.
var statementWords = func() map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(`
	add alter anti asof at attach authorization begin by call cascade checkpoint columns comment commit conflict copy cross
	cte cube current delete describe detach drop each enum escape exclude execute explain export extension filter
	first following force format full function glob if ignore ilike import include index inner insert install is join
	key last left like load macro map materialized natural next no nothing nulls of overwrite over partition
	partitioned percent positional pragma preceding prepare range recursive rename replace reset respect restrict right
	rollback rollup row rows sample savepoint schema secret semi sequence set sets similar summarize start struct
	table tablesample tblproperties temp temporary ties to transaction trigger truncate type unbounded update use
	vacuum values version view views volatile within without work write`) {
		out[w] = true
	}
	return out
}()

// Highlight is text in colours, for what is printed.
func (st Styles) Highlight(text string) string {
	var b strings.Builder
	for _, s := range paintSQL(text) {
		// A code ends with its line, so that a cut line does not colour what follows.
		for n, line := range strings.Split(text[s.start:s.end], "\n") {
			if n > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(st.Paint(s.code, line))
		}
	}
	return b.String()
}
