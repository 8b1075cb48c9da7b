package predicate

import (
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"psyberg/functions/meta"
)

// The parser behind this package is one of MySQL's dialect: it reads "x" as
// text, || as OR, and knows none of DuckDB's literals. So text is cut into
// tokens here, and what it gets has only its own words, operators and numbers:
// every column is a backquoted c<n>, every other literal a bind variable
// :l<n>.

// rewritten is text as the parser gets it.
type rewritten struct {
	sql      strings.Builder
	columns  [][]string // the dotted parts of c0, c1, ...
	literals []literal  // of :l0, :l1, ...
	places   []placed   // where each piece of sql came from
	where    []int      // byte offset of each column in the text
}

type placed struct{ sql, text int }

const (
	maxText   = 1 << 20 // bytes
	maxTokens = 100_000
	maxDepth  = 500 // parentheses and NOTs in one another
)

type tokenKind uint8

const (
	tokenEnd tokenKind = iota
	tokenWord
	tokenName // "quoted"
	tokenText // 'quoted'
	tokenHex  // X'ff'
	tokenNumber
	tokenSymbol
)

type token struct {
	kind tokenKind
	text string // without quotes
	at   int    // byte offset
}

func (t token) is(word string) bool {
	return t.kind == tokenWord && strings.EqualFold(t.text, word) || t.kind == tokenSymbol && t.text == word
}

// syntaxError is an error at a byte of the text.
func syntaxError(at int, format string, args ...any) error {
	return fmt.Errorf("parse condition at byte %d: %s", at+1, fmt.Sprintf(format, args...))
}

// words are those that the parser is to see. Any other word that no
// parenthesis follows is a column.
var words = map[string]bool{
	"and": true, "or": true, "not": true, "in": true, "between": true, "is": true, "null": true, "like": true,
	"true": true, "false": true, "escape": true, "case": true, "when": true, "then": true, "else": true, "end": true,
	"exists": true, "select": true, "from": true, "where": true, "interval": true, "regexp": true, "rlike": true,
	"div": true, "mod": true, "collate": true, "union": true, "order": false, "limit": true, "having": true, "group": false,
}

// foreign are words that mean something in DuckDB that is not supported here
// and that would otherwise be taken for columns.
var foreign = map[string]string{
	"ilike": "ILIKE", "similar": "SIMILAR TO", "glob": "GLOB", "isnull": "ISNULL; write IS NULL",
	"notnull": "NOTNULL; write IS NOT NULL", "distinct": "IS DISTINCT FROM", "any": "ANY", "all": "ALL",
}

func scan(text string) ([]token, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("parse condition: it is longer than %d bytes", maxText)
	}
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return nil, fmt.Errorf("parse condition: it is not valid UTF-8 text")
	}
	var out []token
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRuneInString(text[at:])
		if unicode.IsSpace(r) {
			at += size
			continue
		}
		t, end, err := scanToken(text, at, r)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
		if at = end; len(out) > maxTokens {
			return nil, fmt.Errorf("parse condition: it has more than %d words", maxTokens)
		}
	}
	return append(out, token{kind: tokenEnd, at: len(text)}), nil
}

func scanToken(text string, at int, r rune) (token, int, error) {
	rest := text[at:]
	switch {
	case r == '\'':
		body, end, err := quoted(text, at, "text")
		return token{tokenText, body, at}, end, err
	case r == '"':
		body, end, err := quoted(text, at, "name")
		if err == nil && body == "" {
			err = syntaxError(at, `"" is no name`)
		}
		return token{tokenName, body, at}, end, err
	case (r == 'x' || r == 'X') && strings.HasPrefix(rest[1:], "'"):
		body, end, err := quoted(text, at+1, "text")
		return token{tokenHex, body, at}, end, err
	case (r == 'e' || r == 'E') && strings.HasPrefix(rest[1:], "'"):
		return token{}, 0, syntaxError(at, "text with escapes, E'...', is not supported")
	case r == '_' || unicode.IsLetter(r):
		end := at
		for end < len(text) {
			r, size := utf8.DecodeRuneInString(text[end:])
			if r != '_' && r != '$' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
				break
			}
			end += size
		}
		return token{tokenWord, text[at:end], at}, end, nil
	case r >= '0' && r <= '9', r == '.' && len(rest) > 1 && rest[1] >= '0' && rest[1] <= '9':
		return scanNumber(text, at)
	}
	for _, comment := range []string{"--", "/*", "#"} {
		if strings.HasPrefix(rest, comment) {
			return token{}, 0, syntaxError(at, "comments are not supported")
		}
	}
	if strings.HasPrefix(rest, "||") {
		return token{}, 0, syntaxError(at, "|| is not supported")
	}
	for _, symbol := range []string{"::", "<>", "!=", "<=", ">=", "==", "=", "<", ">", "(", ")", ",", ".", "+", "-", "*", "/", "%"} {
		if strings.HasPrefix(rest, symbol) {
			return token{tokenSymbol, symbol, at}, at + len(symbol), nil
		}
	}
	return token{}, 0, syntaxError(at, "%q is not supported", r)
}

// quoted reads a piece of text whose quote is doubled inside it.
func quoted(text string, at int, what string) (string, int, error) {
	quote := text[at]
	var b strings.Builder
	for i := at + 1; i < len(text); i++ {
		if text[i] != quote {
			b.WriteByte(text[i])
			continue
		}
		if i+1 < len(text) && text[i+1] == quote {
			b.WriteByte(quote)
			i++
			continue
		}
		return b.String(), i + 1, nil
	}
	return "", 0, syntaxError(at, "the %s that begins here has no closing quote", what)
}

func scanNumber(text string, at int) (token, int, error) {
	end := at
	digits := func() {
		for end < len(text) && (text[end] >= '0' && text[end] <= '9' || text[end] == '_') {
			end++
		}
	}
	digits()
	if end < len(text) && text[end] == '.' {
		end++
		digits()
	}
	if end < len(text) && (text[end] == 'e' || text[end] == 'E') {
		end++
		if end < len(text) && (text[end] == '+' || text[end] == '-') {
			end++
		}
		digits()
	}
	number := strings.ReplaceAll(text[at:end], "_", "")
	next, _ := utf8.DecodeRuneInString(text[end:])
	if _, _, ok := parseNumber(number); !ok || end < len(text) && (next == '_' || next == '.' || unicode.IsLetter(next)) {
		return token{}, 0, syntaxError(at, "%q is not a number", text[at:end])
	}
	return token{tokenNumber, number, at}, end, nil
}

// typeNames are the types that a literal may be cast to.
var typeNames = map[string]meta.Kind{
	"date": meta.KindDate, "timestamp": meta.KindTimestamp, "datetime": meta.KindTimestamp,
	"timestamptz": meta.KindTimestampTZ, "time": meta.KindTime, "uuid": meta.KindUUID,
	"boolean": meta.KindBoolean, "bool": meta.KindBoolean, "blob": meta.KindBinary, "bytea": meta.KindBinary,
	"varchar": meta.KindString, "text": meta.KindString, "string": meta.KindString,
	"double": meta.KindDouble, "float8": meta.KindDouble, "float": meta.KindFloat, "real": meta.KindFloat, "float4": meta.KindFloat,
	"bigint": meta.KindLong, "int8": meta.KindLong, "long": meta.KindLong, "integer": meta.KindInt, "int": meta.KindInt, "int4": meta.KindInt,
	"decimal": meta.KindDecimal, "numeric": meta.KindDecimal,
}

// prefixed are the types that may stand before their text: DATE '2023-09-14'.
var prefixed = map[meta.Kind]bool{meta.KindDate: true, meta.KindTimestamp: true, meta.KindTimestampTZ: true,
	meta.KindTime: true, meta.KindUUID: true, meta.KindBoolean: true, meta.KindBinary: true}

// typed makes a literal of a cast one. A cast that would change the value is
// refused rather than done in another way than DuckDB does it.
func typed(l literal, kind meta.Kind, at int) (literal, error) {
	switch kind {
	case meta.KindString:
		if l.class == textLiteral {
			return l, nil
		}
	case meta.KindInt, meta.KindLong, meta.KindDecimal, meta.KindFloat, meta.KindDouble:
		text := strings.TrimSpace(l.text)
		if l.class != textLiteral && l.class != numberLiteral {
			break
		}
		bits := meta.Type{Kind: kind, Precision: 38}
		if kind == meta.KindDecimal {
			return literal{class: numberLiteral, text: text}, nil
		}
		v, where, err := coerce(bits, literal{class: numberLiteral, text: text})
		if err != nil || where != exact || kind == meta.KindFloat && v.IsNaN() {
			return l, syntaxError(at, "%s is not exactly a value of that type; leave the cast out", l)
		}
		if kind == meta.KindFloat {
			text = floatText(v.Float, 64) // as DuckDB has it when it is compared with anything wider
		}
		return literal{class: numberLiteral, text: text}, nil
	default:
		if l.class == textLiteral {
			return literal{class: typedLiteral, kind: kind, text: l.text}, nil
		}
	}
	return l, syntaxError(at, "a cast of %s to this type is not supported", l)
}

func hexLiteral(t token) (literal, error) {
	b, err := hex.DecodeString(t.text)
	if err != nil {
		return literal{}, syntaxError(t.at, "X'%s' is not pairs of hexadecimal digits", t.text)
	}
	return literal{class: bytesLiteral, bytes: b, text: t.text}, nil
}
