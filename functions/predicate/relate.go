package predicate

import (
	"fmt"
	"strings"

	"github.com/xwb1989/sqlparser"

	"psyberg/functions/meta"
)

func (b *binder) comparison(e *sqlparser.ComparisonExpr) (node, error) {
	switch e.Operator {
	case sqlparser.InStr, sqlparser.NotInStr:
		return b.in(e)
	case sqlparser.LikeStr, sqlparser.NotLikeStr:
		return b.like(e)
	case "=", "!=", "<", "<=", ">", ">=":
	default:
		return nil, fmt.Errorf("condition: %s is not supported: %s", strings.ToUpper(e.Operator), b.original(e))
	}
	c, l, flipped, err := b.sides(e.Left, e.Right)
	if err != nil {
		return nil, err
	}
	op := e.Operator
	if op == "!=" {
		op = "<>"
	}
	if flipped {
		op = map[string]string{"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}[op]
	}
	return relate(c, op, l)
}

// relate makes a comparison of a column with a literal, which may lie between
// two values of the column's type or beyond all.
func relate(c *column, op string, l literal) (node, error) {
	if l.class == nullLiteral {
		return constant(Unknown), nil
	}
	v, where, err := coerce(c.typ, l)
	if err != nil {
		return nil, fmt.Errorf("condition: column %s: %w", c.text, err)
	}
	switch {
	case where == exact:
		return compare{c, op, v}, nil
	case op == "=":
		return unlessNull{c, False}, nil
	case op == "<>":
		return unlessNull{c, True}, nil
	case where == most:
		return unlessNull{c, truthOf(op == "<" || op == "<=")}, nil
	case where == least:
		return unlessNull{c, truthOf(op == ">" || op == ">=")}, nil
	case op == "<" || op == "<=":
		return compare{c, "<=", v}, nil
	}
	return compare{c, ">", v}, nil
}

func (b *binder) between(e *sqlparser.RangeCond) (node, error) {
	var halves [2]node
	for i, half := range []struct {
		op string
		to sqlparser.Expr
	}{{">=", e.From}, {"<=", e.To}} {
		c, l, flipped, err := b.sides(e.Left, half.to)
		if err == nil && flipped {
			err = fmt.Errorf("condition: BETWEEN of a literal is not supported: %s", b.original(e))
		}
		if err == nil {
			halves[i], err = relate(c, half.op, l)
		}
		if err != nil {
			return nil, err
		}
	}
	if e.Operator == sqlparser.NotBetweenStr {
		return not{and{halves[0], halves[1]}}, nil
	}
	return and{halves[0], halves[1]}, nil
}

func (b *binder) is(e *sqlparser.IsExpr) (node, error) {
	switch e.Operator {
	case sqlparser.IsNullStr, sqlparser.IsNotNullStr:
		name, ok := operand(e.Expr).(*sqlparser.ColName)
		if !ok {
			return nil, b.refuse(e.Expr)
		}
		c, err := b.column(name)
		if err != nil {
			return nil, err
		}
		if e.Operator == sqlparser.IsNotNullStr {
			return not{isNull{c}}, nil
		}
		return isNull{c}, nil
	}
	of, err := b.condition(e.Expr)
	if err != nil {
		return nil, err
	}
	switch e.Operator {
	case sqlparser.IsTrueStr:
		return isTruth{of, True, false}, nil
	case sqlparser.IsNotTrueStr:
		return isTruth{of, True, true}, nil
	case sqlparser.IsFalseStr:
		return isTruth{of, False, false}, nil
	case sqlparser.IsNotFalseStr:
		return isTruth{of, False, true}, nil
	}
	return nil, b.refuse(e)
}

func (b *binder) in(e *sqlparser.ComparisonExpr) (node, error) {
	list, ok := e.Right.(sqlparser.ValTuple)
	if !ok {
		return nil, b.refuse(e.Right)
	}
	n := in{}
	for _, item := range list {
		c, l, flipped, err := b.sides(e.Left, item)
		if err == nil && flipped {
			err = fmt.Errorf("condition: IN of a literal is not supported: %s", b.original(e))
		}
		if err != nil {
			return nil, err
		}
		n.column = c
		if l.class == nullLiteral {
			n.null = true
			continue
		}
		v, where, err := coerce(c.typ, l)
		if err != nil {
			return nil, fmt.Errorf("condition: column %s: %w", c.text, err)
		}
		if where == exact { // nothing else can be equal
			n.values = append(n.values, v)
		}
	}
	var out node = n
	if len(n.values) == 0 {
		out = unlessNull{n.column, n.miss()}
	}
	if e.Operator == sqlparser.NotInStr {
		return not{out}, nil
	}
	return out, nil
}

// like binds LIKE 'text', 'text%' and '%'.
func (b *binder) like(e *sqlparser.ComparisonExpr) (node, error) {
	c, l, flipped, err := b.sides(e.Left, e.Right)
	switch {
	case err != nil:
		return nil, err
	case e.Escape != nil:
		return nil, fmt.Errorf("condition: ESCAPE is not supported: %s", b.original(e))
	case flipped || c.typ.Kind != meta.KindString || l.class != textLiteral && l.class != nullLiteral:
		return nil, fmt.Errorf("condition: LIKE needs a text column and a pattern in single quotes: %s", b.original(e))
	}
	var out node
	start, wild := strings.CutSuffix(l.text, "%")
	switch {
	case l.class == nullLiteral:
		return constant(Unknown), nil
	case strings.ContainsAny(start, "%_"):
		return nil, fmt.Errorf("condition: LIKE with a pattern other than 'prefix%%' is not supported: %s", b.original(e))
	case !wild:
		out = compare{c, "=", meta.StringValue(l.text)}
	default:
		out = prefix{c, []byte(start)}
	}
	if e.Operator == sqlparser.NotLikeStr {
		return not{out}, nil
	}
	return out, nil
}
