// Package lex reads SQL as DuckDB's own scanner does, as far as a script runner
// must: where a statement ends, what is text or comment, where a variable
// stands, which argument names need quotes. Splitting, substitution and the
// shell's colours all come from its tokens.
package lex

import (
	"strings"
	"unicode/utf8"
)

// Kind is the kind of a token.
type Kind uint8

// Kinds. Every byte of a text belongs to exactly one token.
const (
	Space     Kind = iota
	Comment        // -- to the end of the line, or /* nested */
	Word           // keyword or unquoted identifier
	Quoted         // "identifier"
	Text           // 'text', E'text', X'00', $tag$text$tag$
	Number         // 1, 1_000, 1.5e-3, 0xFF
	Variable       // $name, :'name', :"name"
	Parameter      // ?, $1
	Operator       // every other sign
	Semicolon
	Command // \word and what follows it in its line, up to a semicolon
)

// Token is text[Start:End].
type Token struct {
	Kind       Kind
	Start, End int
	// Open says that the text ends inside this token: a quote or comment is
	// not closed.
	Open bool
}

// Tokens takes text apart.
func Tokens(text string) []Token {
	var out []Token
	s := scanner{text: text}
	for s.at < len(text) {
		out = append(out, s.next())
	}
	return out
}

type scanner struct {
	text string
	at   int
}

func (s *scanner) peek(i int) byte {
	if s.at+i < len(s.text) {
		return s.text[s.at+i]
	}
	return 0
}

func (s *scanner) next() Token {
	t := Token{Start: s.at}
	t.Kind, t.Open = s.scan()
	if s.at == t.Start { // cannot be, but a scanner that stands still hangs
		s.at++
	}
	t.End = s.at
	return t
}

func (s *scanner) scan() (Kind, bool) {
	c := s.peek(0)
	switch {
	case s.space() > 0:
		for n := s.space(); n > 0; n = s.space() {
			s.at += n
		}
		return Space, false
	case c == '-' && s.peek(1) == '-':
		if i := strings.IndexAny(s.text[s.at:], "\r\n"); i >= 0 {
			s.at += i
		} else {
			s.at = len(s.text)
		}
		return Comment, false
	case c == '/' && s.peek(1) == '*':
		return Comment, s.blockComment()
	case c == '\'':
		return Text, s.quote('\'', false)
	case c == '"':
		return Quoted, s.quote('"', false)
	case (c == 'e' || c == 'E') && s.peek(1) == '\'':
		s.at++
		return Text, s.quote('\'', true)
	case (c == 'x' || c == 'X' || c == 'b' || c == 'B') && s.peek(1) == '\'':
		s.at++
		return Text, s.quote('\'', false)
	case isWordStart(c):
		s.word()
		return Word, false
	case isDigit(c) || c == '.' && isDigit(s.peek(1)):
		s.number()
		return Number, false
	case c == '$':
		return s.dollar()
	case c == ':':
		return s.colon()
	case c == '?':
		s.at++
		return Parameter, false
	case c == ';':
		s.at++
		return Semicolon, false
	case c == '\\' && isWordStart(s.peek(1)): // no operator of DuckDB begins so
		if i := strings.IndexAny(s.text[s.at:], ";\r\n"); i >= 0 {
			s.at += i
		} else {
			s.at = len(s.text)
		}
		return Command, false
	}
	s.at++
	return Operator, false
}

// quote reads to the closing quote; a doubled one is part of the text, and so
// is what follows a backslash in E'...'.
func (s *scanner) quote(q byte, escapes bool) (open bool) {
	for s.at++; s.at < len(s.text); s.at++ {
		switch c := s.peek(0); {
		case c == '\\' && escapes:
			s.at++
		case c == q && s.peek(1) == q:
			s.at++
		case c == q:
			s.at++
			return false
		}
	}
	s.at = len(s.text)
	return true
}

func (s *scanner) blockComment() (open bool) {
	depth := 0
	for s.at < len(s.text) {
		switch {
		case s.peek(0) == '/' && s.peek(1) == '*':
			depth++
			s.at += 2
		case s.peek(0) == '*' && s.peek(1) == '/':
			depth--
			s.at += 2
			if depth == 0 {
				return false
			}
		default:
			s.at++
		}
	}
	s.at = len(s.text)
	return true
}

func (s *scanner) word() {
	for s.at < len(s.text) && (isWordStart(s.peek(0)) || isDigit(s.peek(0)) || s.peek(0) == '$') && s.space() == 0 {
		s.at++
	}
}

func (s *scanner) number() {
	digits := func() {
		for isDigit(s.peek(0)) || s.peek(0) == '_' && isDigit(s.peek(1)) {
			s.at++
		}
	}
	if c := s.peek(1) | 0x20; s.peek(0) == '0' && (c == 'x' || c == 'b' || c == 'o') && isHex(s.peek(2)) {
		for s.at += 2; isHex(s.peek(0)) || s.peek(0) == '_'; s.at++ {
		}
		return
	}
	digits()
	if s.peek(0) == '.' && s.peek(1) != '.' {
		s.at++
		digits()
	}
	if s.peek(0)|0x20 == 'e' && (isDigit(s.peek(1)) || (s.peek(1) == '-' || s.peek(1) == '+') && isDigit(s.peek(2))) {
		s.at += 2
		digits()
	}
}

// dollar reads $1, $name, or $tag$ text $tag$. As in PostgreSQL, $name$ always
// begins a text.
func (s *scanner) dollar() (Kind, bool) {
	n := 1
	for c := s.peek(n); isDigit(c) || isWordStart(c); c = s.peek(n) {
		n++
	}
	name := s.text[s.at+1 : s.at+n]
	digits := name != "" && isDigit(name[0])
	if s.peek(n) == '$' && !digits {
		tag := s.text[s.at : s.at+n+1]
		s.at += len(tag)
		if i := strings.Index(s.text[s.at:], tag); i >= 0 {
			s.at += i + len(tag)
			return Text, false
		}
		s.at = len(s.text)
		return Text, true
	}
	s.at++
	switch {
	case digits:
		for isDigit(s.peek(0)) {
			s.at++
		}
		return Parameter, false
	case name != "":
		s.at += len(name)
		return Variable, false
	}
	return Operator, false
}

// colon reads :'name' and :"name" where an operand can stand. Directly behind
// an operand a colon is something else: {'a':'b'}, x:'text', a[1:'2'], a::text.
func (s *scanner) colon() (Kind, bool) {
	if s.peek(1) == ':' {
		s.at += 2
		return Operator, false
	}
	q := s.peek(1)
	if q != '\'' && q != '"' || s.at > 0 && endsOperand(s.text[s.at-1]) {
		s.at++
		return Operator, false
	}
	n := 2
	for c := s.peek(n); isWordStart(c) || n > 2 && isDigit(c); c = s.peek(n) {
		n++
	}
	if n == 2 || s.peek(n) != q {
		s.at++
		return Operator, false
	}
	s.at += n + 1
	return Variable, false
}

func endsOperand(c byte) bool {
	return isWordStart(c) || isDigit(c) || strings.IndexByte(`'"$)]}:`, c) >= 0
}

// space is the length of the space that comes next, 0 where none does. DuckDB
// takes Unicode's spaces for blanks, as they come with text from web pages.
func (s *scanner) space() int {
	c := s.peek(0)
	if c < utf8.RuneSelf {
		return b2i(s.at < len(s.text) && isSpace(c))
	}
	switch r, n := utf8.DecodeRuneInString(s.text[s.at:]); {
	case r == '\u00a0', r >= '\u2000' && r <= '\u200d', r == '\u202f', r == '\u205f', r == '\u2060', r == '\u3000', r == '\ufeff':
		return n
	}
	return 0
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'
}
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isHex(c byte) bool   { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }
func isWordStart(c byte) bool {
	return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= utf8.RuneSelf
}
