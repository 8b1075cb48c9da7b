package predicate

import (
	"fmt"
	"strings"

	"psyberg/functions/meta"
)

type rewriter struct {
	tokens []token
	next   int
	out    rewritten
}

func (r *rewriter) peek(ahead int) token { return r.tokens[min(r.next+ahead, len(r.tokens)-1)] }

func (r *rewriter) emit(at int, text string) {
	r.out.places = append(r.out.places, placed{r.out.sql.Len(), at})
	r.out.sql.WriteString(text)
	r.out.sql.WriteByte(' ')
}

func (r *rewriter) literal(at int, l literal) {
	r.emit(at, fmt.Sprintf(":l%d", len(r.out.literals)))
	r.out.literals = append(r.out.literals, l)
}

// rewrite turns text into what the parser reads.
func rewrite(text string) (*rewritten, error) {
	tokens, err := scan(text)
	if err != nil {
		return nil, err
	}
	r := &rewriter{tokens: tokens}
	depth := 0
	for r.peek(0).kind != tokenEnd {
		t := r.peek(0)
		switch {
		case t.is("("):
			depth++
		case t.is(")"):
			depth--
		}
		if depth < 0 {
			return nil, syntaxError(t.at, "this parenthesis closes nothing")
		}
		if depth > maxDepth {
			return nil, syntaxError(t.at, "more than %d parentheses in one another", maxDepth)
		}
		if err := r.step(t); err != nil {
			return nil, err
		}
	}
	if depth > 0 {
		return nil, syntaxError(len(text), "a parenthesis is not closed")
	}
	return &r.out, nil
}

func (r *rewriter) step(t token) error {
	switch t.kind {
	case tokenText, tokenHex, tokenNumber:
		return r.constant(t)
	case tokenName:
		return r.column()
	case tokenWord:
		return r.word(t)
	}
	if t.text == "::" {
		return syntaxError(t.at, "a cast of anything but a literal is not supported; compare the column itself")
	}
	r.next++
	if t.text == "==" {
		t.text = "="
	}
	r.emit(t.at, t.text)
	return nil
}

func (r *rewriter) word(t token) error {
	lower := strings.ToLower(t.text)
	if what, ok := foreign[lower]; ok && !r.isColumn() {
		return syntaxError(t.at, "%s is not supported", what)
	}
	switch {
	case lower == "cast" && r.peek(1).is("("):
		return r.cast(t)
	case lower == "interval" && (r.peek(1).kind == tokenText || r.peek(1).kind == tokenNumber):
		return syntaxError(t.at, "INTERVAL is not supported; write the instant itself")
	case words[lower]:
		r.next++
		r.emit(t.at, lower)
		return nil
	case r.peek(1).is("("):
		return syntaxError(t.at, "the function %s is not supported", t.text)
	}
	if kind, size := r.typeName(0); size > 0 && r.peek(size).kind == tokenText && (prefixed[kind] || size > 1) {
		l, err := typed(literal{class: textLiteral, text: r.peek(size).text}, kind, t.at)
		if err != nil {
			return err
		}
		r.next += size + 1
		return r.casts(t.at, l)
	}
	return r.column()
}

// isColumn reports whether the word here, which DuckDB has a meaning for, can
// only be a column: an operator follows.
func (r *rewriter) isColumn() bool {
	next := r.peek(1)
	for _, word := range []string{"=", "==", "<>", "!=", "<", "<=", ">", ">=", "is", "in", "between", "like", "."} {
		if next.is(word) {
			return true
		}
	}
	return false
}

// typeName reads a type's name ahead of the next token and says how many
// tokens it has: TIMESTAMP WITH TIME ZONE has four, DECIMAL(9, 2) six.
func (r *rewriter) typeName(ahead int) (meta.Kind, int) {
	t := r.peek(ahead)
	if t.kind != tokenWord {
		return 0, 0
	}
	kind, ok := typeNames[strings.ToLower(t.text)]
	if !ok {
		return 0, 0
	}
	size := 1
	if kind == meta.KindTimestamp && r.peek(ahead+1).is("with") && r.peek(ahead+2).is("time") && r.peek(ahead+3).is("zone") {
		return meta.KindTimestampTZ, 4
	}
	if kind == meta.KindDouble && r.peek(ahead+1).is("precision") {
		size = 2
	}
	return kind, size
}

// constant reads a literal and the casts after it.
func (r *rewriter) constant(t token) error {
	l := literal{class: textLiteral, text: t.text}
	switch t.kind {
	case tokenNumber:
		l.class = numberLiteral
	case tokenHex:
		var err error
		if l, err = hexLiteral(t); err != nil {
			return err
		}
	}
	r.next++
	return r.casts(t.at, l)
}

func (r *rewriter) casts(at int, l literal) error {
	for r.peek(0).is("::") {
		kind, size := r.typeName(1)
		if size == 0 {
			return syntaxError(r.peek(1).at, "a cast to %q is not supported", r.peek(1).text)
		}
		var err error
		if l, err = typed(l, kind, at); err != nil {
			return err
		}
		r.next += 1 + size
		if err := r.precision(kind, l); err != nil {
			return err
		}
	}
	r.literal(at, l)
	return nil
}

// precision skips the (p, s) of a decimal type that l fits in exactly.
func (r *rewriter) precision(kind meta.Kind, l literal) error {
	open := r.peek(0)
	if kind != meta.KindDecimal {
		return nil
	}
	t := meta.Type{Kind: kind, Precision: 18, Scale: 3} // DuckDB's default
	if open.is("(") {
		size := 1
		text := "decimal("
		for ; size < 5 && !r.peek(size).is(")"); size++ {
			text += r.peek(size).text
		}
		if !strings.Contains(text, ",") {
			text += ",0"
		}
		var err error
		if t, err = meta.ParseType(text + ")"); err != nil {
			return syntaxError(open.at, "%v", err)
		}
		r.next += size + 1
	}
	if _, where, err := coerce(t, l); err != nil || where != exact {
		return syntaxError(open.at, "%s is not exactly a value of %s; leave the cast out", l, t)
	}
	return nil
}

// cast reads CAST(literal AS type).
func (r *rewriter) cast(t token) error {
	value := r.peek(2)
	l := literal{class: textLiteral, text: value.text}
	size := 3
	switch {
	case value.kind == tokenNumber:
		l.class = numberLiteral
	case value.is("-") && r.peek(3).kind == tokenNumber:
		l = literal{class: numberLiteral, text: "-" + r.peek(3).text}
		size = 4
	case value.is("null"):
		l = literal{class: nullLiteral, text: "NULL"}
	case value.kind != tokenText:
		return syntaxError(value.at, "a cast of anything but a literal is not supported; compare the column itself")
	}
	if !r.peek(size).is("as") {
		return syntaxError(r.peek(size).at, "CAST(literal AS type) is expected")
	}
	kind, words := r.typeName(size + 1)
	if words == 0 {
		return syntaxError(r.peek(size+1).at, "a cast to %q is not supported", r.peek(size+1).text)
	}
	if l.class != nullLiteral {
		var err error
		if l, err = typed(l, kind, t.at); err != nil {
			return err
		}
	}
	r.next += size + 1 + words
	if l.class != nullLiteral {
		if err := r.precision(kind, l); err != nil {
			return err
		}
	}
	if !r.peek(0).is(")") {
		return syntaxError(r.peek(0).at, "CAST(literal AS type) is expected")
	}
	r.next++
	return r.casts(t.at, l)
}

// column reads a dotted name.
func (r *rewriter) column() error {
	first := r.peek(0)
	parts := []string{first.text}
	r.next++
	for r.peek(0).is(".") {
		part := r.peek(1)
		if part.kind != tokenWord && part.kind != tokenName {
			return syntaxError(part.at, "a name is expected after the dot")
		}
		parts = append(parts, part.text)
		r.next += 2
	}
	if r.peek(0).is("(") && first.kind == tokenName {
		return syntaxError(first.at, "the function %q is not supported", first.text)
	}
	if r.peek(0).is("::") {
		return syntaxError(r.peek(0).at, "a cast of a column is not supported; compare the column itself with a literal of its type")
	}
	r.emit(first.at, fmt.Sprintf("`c%d`", len(r.out.columns)))
	r.out.columns = append(r.out.columns, parts)
	r.out.where = append(r.out.where, first.at)
	return nil
}
