package byname

import (
	"strings"

	"psyberg/engine/lex"
	"psyberg/functions/surface"
)

func quoteIdent(s string) string   { return surface.QuoteIdent(s) }
func quoteLiteral(s string) string { return surface.QuoteLiteral(s) }

// follows are the words that may stand behind a table and are no alias: those
// that DuckDB does not take as one without AS. A test asks DuckDB.
var follows = func() map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(`
	all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create
	default deferrable desc describe distinct do else end except false fetch for foreign from group having in
	initially intersect into lambda lateral leading limit not null offset on only or order pivot pivot_longer
	pivot_wider placing primary qualify references returning select show some summarize symmetric table then to
	trailing true union unique unpivot using variadic when where window with anti asof at authorization binary by
	collation columns concurrently cross freeze full generated glob ilike inner is isnull join left like map
	natural notnull outer overlaps positional right semi similar struct tablesample try_cast unpack verbose`) {
		out[w] = true
	}
	return out
}()

// aliased reports whether token i begins an alias.
func (s *Statement) aliased(i int) bool {
	if i >= len(s.toks) {
		return false
	}
	t := s.toks[i]
	return t.Kind == lex.Quoted || t.word() == "as" || t.Kind == lex.Word && !follows[t.word()]
}

// pin reads what pins a snapshot behind a name: VERSION AS OF 123 (or 'ref'),
// TIMESTAMP AS OF '2026-01-01', with FOR before or not; AT (VERSION => 123), AT
// (TIMESTAMP => expression). It returns the arguments and the index behind it.
func (s *Statement) pin(p place) (args string, after int, ok bool) {
	i := p.after
	word := func(n int) string {
		if i+n < len(s.toks) {
			return s.toks[i+n].word()
		}
		return ""
	}
	text := func(n int) string {
		if i+n < len(s.toks) {
			return s.toks[i+n].text
		}
		return ""
	}
	if word(0) == "at" && text(1) == "(" && text(3) == "=" && text(4) == ">" {
		end := i + 5
		for depth := 1; end < len(s.toks); end++ {
			switch s.toks[end].text {
			case "(":
				depth++
			case ")":
				depth--
			}
			if depth == 0 {
				break
			}
		}
		if end >= len(s.toks) || end == i+5 {
			return "", 0, false
		}
		value := s.sql[s.toks[i+5].Start:s.toks[end-1].End]
		args, ok = pinned(word(2), value, s.toks[i+5].Kind == lex.Text)
		return args, end + 1, ok
	}
	if word(0) == "for" {
		i++
	}
	if word(1) == "as" && word(2) == "of" && i+3 < len(s.toks) {
		value := s.toks[i+3]
		if value.Kind != lex.Text && value.Kind != lex.Number && value.Kind != lex.Parameter {
			return "", 0, false
		}
		args, ok = pinned(strings.TrimPrefix(word(0), "system_"), value.text, value.Kind == lex.Text)
		return args, i + 4, ok
	}
	return "", 0, false
}

func pinned(what, value string, isText bool) (string, bool) {
	switch {
	case what == "version" && isText:
		return ", ref := " + value, true
	case what == "version":
		return ", snapshot_id := " + value, true
	case what == "timestamp" || what == "time":
		return ", as_of := CAST(" + value + " AS TIMESTAMPTZ)", true
	}
	return "", false
}

// Follows reports whether word may stand behind a table and is no alias.
func Follows(word string) bool { return follows[strings.ToLower(word)] }
