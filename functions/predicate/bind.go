package predicate

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/xwb1989/sqlparser"

	"psyberg/functions/meta"
)

// parsed is a condition that names columns but knows no schema.
type parsed struct {
	root sqlparser.Expr
	*rewritten
}

const selectPrefix = "select 1 from t where ("

// parseText parses a condition.
func parseText(text string) (*parsed, error) {
	if strings.TrimSpace(text) == "" {
		return nil, fmt.Errorf("parse condition: it is empty")
	}
	out, err := rewrite(text)
	if err != nil {
		return nil, err
	}
	statement, err := sqlparser.Parse(selectPrefix + out.sql.String() + ")")
	if err != nil {
		return nil, out.explain(text, err)
	}
	sel, ok := statement.(*sqlparser.Select)
	if !ok || sel.Where == nil || len(sel.GroupBy) > 0 || sel.Having != nil || len(sel.OrderBy) > 0 || sel.Limit != nil || sel.Lock != "" {
		return nil, fmt.Errorf("parse condition: it is more than a condition")
	}
	return &parsed{sel.Where.Expr, out}, nil
}

var parserPosition = regexp.MustCompile(`position ([0-9]+)`)

// explain turns the parser's error into one about the text as it was written.
func (w *rewritten) explain(text string, err error) error {
	m := parserPosition.FindStringSubmatch(err.Error())
	if m == nil {
		return fmt.Errorf("parse condition: %w", err)
	}
	end, _ := strconv.Atoi(m[1])
	end -= len(selectPrefix)
	at := 0
	for _, p := range w.places {
		if p.sql+1 < end {
			at = p.text
		}
	}
	near := text[at:]
	if len(near) > 30 {
		near = strings.ToValidUTF8(near[:30], "") + "..."
	}
	return syntaxError(at, "not understood near %s", strconv.Quote(near))
}

type binder struct {
	*parsed
	schema  *meta.Schema
	columns map[int]*column
	depth   int
}

func bind(tree *parsed, schema *meta.Schema) (*Expr, error) {
	b := &binder{parsed: tree, schema: schema, columns: map[int]*column{}}
	root, err := b.condition(tree.root)
	if err != nil {
		return nil, err
	}
	e := &Expr{root: root}
	for id := range b.columns {
		e.columns = append(e.columns, id)
	}
	slices.Sort(e.columns)
	return e, nil
}

func (b *binder) condition(e sqlparser.Expr) (node, error) {
	if b.depth++; b.depth > 4*maxDepth {
		// AND and OR nest to the left: a AND b AND c is two deep.
		return nil, fmt.Errorf("parse condition: more than %d conditions in one another", 4*maxDepth)
	}
	defer func() { b.depth-- }()
	switch e := e.(type) {
	case *sqlparser.ParenExpr:
		return b.condition(e.Expr)
	case *sqlparser.AndExpr:
		left, right, err := b.pair(e.Left, e.Right)
		return and{left, right}, err
	case *sqlparser.OrExpr:
		left, right, err := b.pair(e.Left, e.Right)
		return or{left, right}, err
	case *sqlparser.NotExpr:
		of, err := b.condition(e.Expr)
		return not{of}, err
	case *sqlparser.ComparisonExpr:
		return b.comparison(e)
	case *sqlparser.RangeCond:
		return b.between(e)
	case *sqlparser.IsExpr:
		return b.is(e)
	case sqlparser.BoolVal:
		return constant(truthOf(bool(e))), nil
	case *sqlparser.NullVal:
		return constant(Unknown), nil
	case *sqlparser.ColName:
		c, err := b.column(e)
		if err != nil {
			return nil, err
		}
		if c.typ.Kind != meta.KindBoolean {
			return nil, fmt.Errorf("condition: column %s of type %s alone is no condition; compare it with something", c.text, c.typ)
		}
		return compare{c, "=", meta.BoolValue(true)}, nil
	}
	return nil, b.refuse(e)
}

func (b *binder) pair(left, right sqlparser.Expr) (node, node, error) {
	l, err := b.condition(left)
	if err != nil {
		return nil, nil, err
	}
	r, err := b.condition(right)
	return l, r, err
}

var nodeNames = map[string]string{
	"*sqlparser.BinaryExpr": "arithmetic", "*sqlparser.UnaryExpr": "a sign before anything but a number",
	"*sqlparser.FuncExpr": "a function", "*sqlparser.Subquery": "a subquery", "*sqlparser.ExistsExpr": "EXISTS",
	"*sqlparser.CaseExpr": "CASE", "*sqlparser.IntervalExpr": "INTERVAL", "*sqlparser.ConvertExpr": "CAST",
	"sqlparser.ValTuple": "a row of values", "*sqlparser.SQLVal": "a literal alone", "*sqlparser.CollateExpr": "COLLATE",
	"*sqlparser.NullVal": "NULL in this place", "sqlparser.BoolVal": "TRUE or FALSE in this place",
}

// refuse names a node that the language does not have.
func (b *binder) refuse(e sqlparser.Expr) error {
	kind := fmt.Sprintf("%T", e)
	name, ok := nodeNames[kind]
	if !ok {
		name = strings.TrimPrefix(kind, "*sqlparser.")
	}
	return fmt.Errorf("condition: %s is not supported: %s", name, b.original(e))
}

// original prints a node with the columns and literals of the text.
func (b *binder) original(e sqlparser.Expr) string {
	text := sqlparser.String(e)
	if len(text) > 300 {
		text = text[:300] + "..."
	}
	return placeholder.ReplaceAllStringFunc(text, func(p string) string {
		i, _ := strconv.Atoi(strings.TrimLeft(p, ":lc"))
		switch {
		case p[0] == 'c' && i < len(b.parsed.columns):
			return strings.Join(b.parsed.columns[i], ".")
		case p[0] == ':' && i < len(b.literals):
			return b.literals[i].String()
		}
		return p
	})
}

var placeholder = regexp.MustCompile(`:l[0-9]+|\bc[0-9]+\b`)

// column finds the column that a placeholder stands for.
func (b *binder) column(e *sqlparser.ColName) (*column, error) {
	i, err := strconv.Atoi(strings.TrimPrefix(e.Name.String(), "c"))
	if err != nil || i < 0 || i >= len(b.parsed.columns) || !e.Qualifier.IsEmpty() {
		return nil, fmt.Errorf("condition: %s is not understood", sqlparser.String(e))
	}
	path := strings.Join(b.parsed.columns[i], ".")
	field, ok := b.schema.FieldByName(path)
	if !ok {
		return nil, fmt.Errorf("condition at byte %d: no column %q%s", b.where[i]+1, path, meta.Suggest(path, b.schema.Names()))
	}
	if c := b.columns[field.ID]; c != nil {
		return c, nil
	}
	text, ok := reach(b.schema.Fields, field.ID, "")
	if !ok {
		return nil, fmt.Errorf("condition at byte %d: column %q is inside a list or map: only struct members have one value a row", b.where[i]+1, path)
	}
	c := &column{id: field.ID, typ: field.Type, text: text}
	b.columns[field.ID] = c
	return c, nil
}

// reach returns the SQL that names a column, through structs only.
func reach(fields []*meta.Field, id int, parent string) (string, bool) {
	for _, f := range fields {
		text := quoteName(f.Name)
		if parent != "" {
			text = "(" + parent + ")." + text
		}
		if f.ID == id {
			return text, true
		}
		if f.Type.Kind == meta.KindStruct {
			if text, ok := reach(f.Type.Fields, id, text); ok {
				return text, true
			}
		}
	}
	return "", false
}

// operand returns e without parentheses.
func operand(e sqlparser.Expr) sqlparser.Expr {
	for {
		p, ok := e.(*sqlparser.ParenExpr)
		if !ok {
			return e
		}
		e = p.Expr
	}
}

// literalOf reads a literal; ok is false where e is something else.
func (b *binder) literalOf(e sqlparser.Expr) (literal, bool) {
	switch e := operand(e).(type) {
	case *sqlparser.NullVal:
		return literal{class: nullLiteral, text: "NULL"}, true
	case sqlparser.BoolVal:
		return literal{class: boolLiteral, text: strconv.FormatBool(bool(e))}, true
	case *sqlparser.UnaryExpr:
		l, ok := b.literalOf(e.Expr)
		if !ok || l.class != numberLiteral || e.Operator != "-" && e.Operator != "+" {
			return literal{}, false
		}
		if e.Operator == "-" {
			if strings.HasPrefix(l.text, "-") {
				l.text = l.text[1:]
			} else {
				l.text = "-" + l.text
			}
		}
		return l, true
	case *sqlparser.SQLVal:
		name := string(e.Val)
		i, err := strconv.Atoi(strings.TrimPrefix(name, ":l"))
		if e.Type == sqlparser.ValArg && err == nil && i >= 0 && i < len(b.literals) {
			return b.literals[i], true
		}
	}
	return literal{}, false
}

// sides returns the column and the literal of a comparison, and whether the
// literal stood on the left.
func (b *binder) sides(left, right sqlparser.Expr) (*column, literal, bool, error) {
	left, right = operand(left), operand(right)
	flipped := false
	name, ok := left.(*sqlparser.ColName)
	if !ok {
		left, right, flipped = right, left, true
		if name, ok = left.(*sqlparser.ColName); !ok {
			_, isLiteral := b.literalOf(right)
			if _, other := b.literalOf(left); isLiteral && other {
				return nil, literal{}, false, fmt.Errorf("condition: a comparison of two literals is not supported: %s, %s", b.original(right), b.original(left))
			}
			if isLiteral {
				return nil, literal{}, false, b.refuse(left)
			}
			return nil, literal{}, false, b.refuse(right)
		}
	}
	c, err := b.column(name)
	if err != nil {
		return nil, literal{}, false, err
	}
	l, ok := b.literalOf(right)
	if !ok {
		if other, ok := right.(*sqlparser.ColName); ok {
			if _, err := b.column(other); err != nil {
				return nil, literal{}, false, err // = "x", where 'x' was meant
			}
			return nil, literal{}, false, fmt.Errorf("condition: a comparison of two columns is not supported: %s, %s", b.original(left), b.original(right))
		}
		return nil, literal{}, false, b.refuse(right)
	}
	return c, l, flipped, nil
}
