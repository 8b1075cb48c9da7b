package write

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// SyntaxError is a mistake in one of our statements.
type SyntaxError struct {
	At  int // bytes from the start of the statement
	Msg string
}

func (e *SyntaxError) Error() string { return e.Msg }

// Offset says where the mistake is, for the caret of a script runner.
func (e *SyntaxError) Offset() int { return e.At }

type tokenKind uint8

const (
	tokEnd    tokenKind = iota
	tokWord             // identifier or keyword, unquoted
	tokQuoted           // "identifier" or `identifier`
	tokString           // 'text', E'text', $tag$text$tag$
	tokNumber
	tokPunct // one character
)

// token is one token of a statement; text is its value (quotes and escapes
// removed), from and to its bytes in the source.
type token struct {
	kind     tokenKind
	text     string
	from, to int
}

// lex splits src into tokens, comments left out. It fails on what DuckDB could
// not read either: a string, quoted name or comment without an end.
func lex(src string) ([]token, error) {
	var out []token
	for i := 0; i < len(src); {
		t, next, err := lexOne(src, i)
		if err != nil {
			return nil, err
		}
		if t.kind != tokEnd {
			out = append(out, t)
		}
		i = next
	}
	return append(out, token{kind: tokEnd, from: len(src), to: len(src)}), nil
}

// lexOne reads the token, space or comment at i; kind is tokEnd for the latter.
func lexOne(src string, i int) (token, int, error) {
	c := src[i]
	switch {
	case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v':
		return token{}, i + 1, nil
	case strings.HasPrefix(src[i:], "--"):
		if n := strings.IndexByte(src[i:], '\n'); n >= 0 {
			return token{}, i + n + 1, nil
		}
		return token{}, len(src), nil
	case strings.HasPrefix(src[i:], "/*"):
		end, err := skipComment(src, i)
		return token{}, end, err
	case c == '\'':
		return lexQuoted(src, i, i, '\'', tokString)
	case (c == 'e' || c == 'E') && i+1 < len(src) && src[i+1] == '\'':
		return lexEscaped(src, i)
	case c == '"':
		return lexQuoted(src, i, i, '"', tokQuoted)
	case c == '`':
		return lexQuoted(src, i, i, '`', tokQuoted)
	case c == '$':
		if t, end, ok, err := lexDollar(src, i); ok || err != nil {
			return t, end, err
		}
	case c >= '0' && c <= '9':
		end := i
		for end < len(src) && (isWordByte(src[end]) || src[end] == '.') {
			end++
		}
		return token{tokNumber, src[i:end], i, end}, end, nil
	case isWordByte(c):
		end := i
		for end < len(src) && (isWordByte(src[end]) || src[end] == '$') {
			end++
		}
		return token{tokWord, src[i:end], i, end}, end, nil
	}
	_, n := utf8.DecodeRuneInString(src[i:])
	return token{tokPunct, src[i : i+n], i, i + n}, i + n, nil
}

// isWordByte reports whether c may be part of a name: letters of every script
// count, as for DuckDB.
func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf
}

func skipComment(src string, i int) (int, error) {
	depth, start := 0, i
	for i < len(src) {
		switch {
		case strings.HasPrefix(src[i:], "/*"):
			depth++
			i += 2
		case strings.HasPrefix(src[i:], "*/"):
			depth--
			i += 2
			if depth == 0 {
				return i, nil
			}
		default:
			i++
		}
	}
	return 0, &SyntaxError{start, "comment without an end: */ is missing"}
}

// lexQuoted reads a token between q at quote, where a doubled q stands for one.
func lexQuoted(src string, from, quote int, q byte, kind tokenKind) (token, int, error) {
	var b strings.Builder
	for i := quote + 1; i < len(src); i++ {
		if src[i] != q {
			b.WriteByte(src[i])
			continue
		}
		if i+1 < len(src) && src[i+1] == q {
			b.WriteByte(q)
			i++
			continue
		}
		return token{kind, b.String(), from, i + 1}, i + 1, nil
	}
	return token{}, 0, &SyntaxError{from, fmt.Sprintf("text without an end: the closing %c is missing", q)}
}

// lexEscaped reads E'...', with the escapes that DuckDB knows.
func lexEscaped(src string, from int) (token, int, error) {
	var b strings.Builder
	for i := from + 2; i < len(src); i++ {
		switch c := src[i]; {
		case c == '\\' && i+1 < len(src):
			i++
			switch src[i] {
			case 'n':
				b.WriteByte('\n')
			case 't':
				b.WriteByte('\t')
			case 'r':
				b.WriteByte('\r')
			case 'b':
				b.WriteByte('\b')
			case 'f':
				b.WriteByte('\f')
			default:
				b.WriteByte(src[i])
			}
		case c == '\'' && i+1 < len(src) && src[i+1] == '\'':
			b.WriteByte('\'')
			i++
		case c == '\'':
			return token{tokString, b.String(), from, i + 1}, i + 1, nil
		default:
			b.WriteByte(c)
		}
	}
	return token{}, 0, &SyntaxError{from, "text without an end: the closing ' is missing"}
}

// lexDollar reads $tag$text$tag$. ok is false where the dollar starts something
// else, a parameter for instance.
func lexDollar(src string, from int) (token, int, bool, error) {
	i := from + 1
	for i < len(src) && isWordByte(src[i]) {
		i++
	}
	if i >= len(src) || src[i] != '$' || i > from+1 && src[from+1] >= '0' && src[from+1] <= '9' {
		return token{}, 0, false, nil
	}
	tag := src[from : i+1]
	end := strings.Index(src[i+1:], tag)
	if end < 0 {
		return token{}, 0, false, &SyntaxError{from, "text without an end: the closing " + tag + " is missing"}
	}
	stop := i + 1 + end + len(tag)
	return token{tokString, src[i+1 : i+1+end], from, stop}, stop, true, nil
}
