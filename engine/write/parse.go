package write

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/apache/iceberg-go"
)

// Parse reads one statement. ours is false where it is none of this package's:
// DuckDB's own, then, also when it is broken. An error is a *SyntaxError.
func Parse(sql string) (s Statement, ours bool, err error) {
	first := firstWord(sql)
	if first == "explain" || first == "prepare" {
		err = refuseWrapped(sql, first)
		return nil, err != nil, err
	}
	if first != "copy" && first != "create" && first != "drop" {
		return nil, false, nil
	}
	toks, err := lex(sql)
	if err != nil {
		return nil, false, nil // DuckDB says it in its own words
	}
	p := &parser{src: sql, toks: toks}
	defer func() {
		if r := recover(); r != nil {
			e, is := r.(*SyntaxError)
			if !is {
				panic(r)
			}
			s, err = nil, e
		}
	}()
	switch first {
	case "copy":
		at, found := p.copyOptions()
		if !found {
			return nil, false, nil
		}
		ours = true
		s = p.copy(at)
	default:
		if !p.usingIceberg() {
			return nil, false, nil
		}
		ours = true
		if first == "create" {
			s = p.create()
		} else {
			s = p.drop()
		}
	}
	if p.is(";") {
		p.pos++
	}
	if p.peek().kind != tokEnd {
		p.failf("unexpected %s after the end of the statement", p.show())
	}
	return s, true, nil
}

// firstWord returns the first word in lower case, comments skipped.
func firstWord(sql string) string {
	for i := 0; i < len(sql); {
		t, next, err := lexOne(sql, i)
		if err != nil {
			return ""
		}
		if t.kind != tokEnd {
			return strings.ToLower(t.text)
		}
		i = next
	}
	return ""
}

type parser struct {
	src   string
	toks  []token
	pos   int
	depth int // of nested types
	ids   int // of fields, given in reading order
}

func (p *parser) peek() token { return p.toks[p.pos] }

func (p *parser) next() token {
	t := p.toks[p.pos]
	if t.kind != tokEnd {
		p.pos++
	}
	return t
}

// is reports whether the next token is that punctuation or (unquoted) keyword.
func (p *parser) is(text string) bool { return p.toks[p.pos].matches(text) }

func (t token) matches(text string) bool {
	return t.kind == tokPunct && t.text == text || t.kind == tokWord && strings.EqualFold(t.text, text)
}

// accept skips the words where all of them come next.
func (p *parser) accept(words ...string) bool {
	for i, w := range words {
		if p.pos+i >= len(p.toks) || !p.toks[p.pos+i].matches(w) {
			return false
		}
	}
	p.pos += len(words)
	return true
}

func (p *parser) expect(words ...string) {
	for _, w := range words {
		if !p.accept(w) {
			p.failf("expected %s, found %s", strings.ToUpper(w), p.show())
		}
	}
}

func (p *parser) show() string {
	switch t := p.peek(); t.kind {
	case tokEnd:
		return "the end of the statement"
	case tokString:
		return "'" + t.text + "'"
	default:
		return strconv.Quote(t.text)
	}
}

func (p *parser) failf(format string, args ...any) { p.failAt(p.peek().from, format, args...) }

func (p *parser) failAt(offset int, format string, args ...any) {
	panic(&SyntaxError{offset, fmt.Sprintf(format, args...)})
}

// skipBrackets moves from an opening bracket to behind its closing one.
func (p *parser) skipBrackets() bool {
	depth := 0
	for ; p.peek().kind != tokEnd; p.pos++ {
		switch t := p.peek(); {
		case t.kind != tokPunct:
		case t.text == "(" || t.text == "[" || t.text == "{":
			depth++
		case t.text == ")" || t.text == "]" || t.text == "}":
			if depth--; depth <= 0 {
				p.pos++
				return depth == 0
			}
		}
	}
	return false
}

// copyOptions finds the bracket that opens the options of a COPY whose format
// is iceberg. The parser is left at the start.
func (p *parser) copyOptions() (at int, found bool) {
	defer func(pos int) { p.pos = pos }(p.pos)
	for p.peek().kind != tokEnd {
		if !p.is("(") {
			p.pos++
			continue
		}
		at = p.pos
		if !p.skipBrackets() {
			return 0, false
		}
		if at == 1 || !p.is(";") && p.peek().kind != tokEnd {
			continue
		}
		for i := at + 1; i+1 < p.pos; i++ {
			v := p.toks[i+1]
			if p.toks[i].matches("format") && (p.toks[i-1].matches("(") || p.toks[i-1].matches(",")) &&
				(v.kind == tokWord || v.kind == tokString || v.kind == tokQuoted) && strings.EqualFold(v.text, "iceberg") {
				return at, true
			}
		}
	}
	return 0, false
}

// usingIceberg reports whether USING iceberg stands outside all brackets of a
// CREATE or DROP TABLE.
func (p *parser) usingIceberg() bool {
	defer func(pos int) { p.pos = pos }(p.pos)
	p.pos++
	p.accept("or", "replace")
	if !p.is("table") {
		return false
	}
	for p.peek().kind != tokEnd {
		if p.is("(") {
			if !p.skipBrackets() {
				return false
			}
			continue
		}
		if p.accept("using") {
			return p.is("iceberg")
		}
		if p.is("as") {
			return false
		}
		p.pos++
	}
	return false
}

// name reads a table name, written as identifiers or as one string, into the
// form that the functions take: odd levels in double quotes.
func (p *parser) name() string {
	if t := p.peek(); t.kind == tokString {
		p.pos++
		if t.text == "" {
			p.failAt(t.from, "the table's name is empty")
		}
		return t.text
	}
	var levels []string
	for {
		levels = append(levels, quoteLevel(p.identifier("a table name")))
		if !p.accept(".") {
			return strings.Join(levels, ".")
		}
	}
}

func quoteLevel(s string) string {
	for i := range len(s) {
		if !isWordByte(s[i]) {
			return quoteIdent(s)
		}
	}
	return s
}

func (p *parser) identifier(what string) string {
	t := p.peek()
	if t.kind != tokWord && t.kind != tokQuoted || t.text == "" {
		p.failf("expected %s, found %s", what, p.show())
	}
	p.pos++
	return t.text
}

func (p *parser) text(what string) string {
	t := p.peek()
	if t.kind != tokString {
		p.failf("%s: expected a text in single quotes, found %s", what, p.show())
	}
	p.pos++
	return t.text
}

func (p *parser) drop() Statement {
	p.expect("drop", "table")
	s := &DropTable{IfExists: p.accept("if", "exists")}
	s.Table = p.name()
	p.expect("using", "iceberg")
	if p.is("purge") {
		p.failf("PURGE is not supported: the table leaves the catalog, its files stay")
	}
	return s
}

func (p *parser) create() Statement {
	p.expect("create")
	if p.is("or") {
		p.failf("OR REPLACE is not supported for Iceberg tables: drop the table first")
	}
	p.expect("table")
	s := &CreateTable{IfNotExists: p.accept("if", "not", "exists"), Properties: iceberg.Properties{}}
	s.Table = p.name()
	if p.is("using") {
		p.failf("the columns are missing: CREATE TABLE %s (name type, ...) USING iceberg; to make a table from a query, use COPY (query) TO '%s' (FORMAT iceberg, CREATE_TABLE true)", s.Table, s.Table)
	}
	p.expect("(")
	s.Columns = p.columns()
	p.expect(")", "using", "iceberg")
	seen := map[string]bool{}
	for p.peek().kind != tokEnd && !p.is(";") {
		at := p.peek()
		word := strings.ToLower(at.text)
		if at.kind == tokWord && seen[word] {
			p.failf("%s is given twice", strings.ToUpper(word))
		}
		seen[word] = true
		switch {
		case p.accept("partitioned", "by"):
			p.expect("(")
			s.PartitionBy = p.partitionTerms()
			p.expect(")")
		case p.accept("tblproperties"):
			s.Properties = p.properties()
		case p.accept("location"):
			s.Location = p.text("LOCATION")
		case p.accept("comment"):
			s.Comment = p.text("COMMENT")
		default:
			p.failf("expected PARTITIONED BY, TBLPROPERTIES, LOCATION or COMMENT, found %s", p.show())
		}
	}
	return s
}

// properties reads ('key' = 'value', ...); keys may be dotted identifiers,
// values numbers and booleans, as in Spark.
func (p *parser) properties() iceberg.Properties {
	out := iceberg.Properties{}
	p.expect("(")
	for !p.accept(")") {
		at := p.peek()
		var key string
		if at.kind == tokString {
			key = p.next().text
		} else {
			key = p.identifier("a property's name")
			for p.accept(".") {
				key += "." + p.identifier("a property's name")
			}
		}
		if _, twice := out[key]; twice {
			p.failAt(at.from, "property %q is given twice", key)
		}
		if !p.accept("=") {
			p.accept(":")
		}
		out[key] = p.scalar("property " + key)
		if !p.accept(",") {
			p.expect(")")
			break
		}
	}
	return out
}

// scalar reads a text, a number, true or false, or a bare word, as text.
func (p *parser) scalar(what string) string {
	sign := ""
	if p.is("-") {
		p.pos++
		sign = "-"
	}
	t := p.peek()
	if t.kind == tokEnd || t.kind == tokPunct || sign != "" && t.kind != tokNumber {
		p.failf("%s: expected a value, found %s", what, p.show())
	}
	p.pos++
	return sign + t.text
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
