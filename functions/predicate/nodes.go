package predicate

import (
	"bytes"
	"strings"

	"psyberg/functions/meta"
)

// node is a bound condition or a part of one.
type node interface {
	// outcomes returns every value that the condition may have for rows whose
	// columns lie in the domains.
	outcomes(know func(*column) domain) truths
	eval(row func(id int) meta.Value) Truth
	sql() string
}

// column is a column of the schema.
type column struct {
	id   int
	typ  meta.Type
	text string // quoted, as DuckDB's SQL names it
}

type constant Truth

func (n constant) outcomes(func(*column) domain) truths { return Truth(n) }
func (n constant) eval(func(int) meta.Value) Truth      { return Truth(n) }
func (n constant) sql() string {
	return map[Truth]string{True: "TRUE", False: "FALSE", Unknown: "CAST(NULL AS BOOLEAN)"}[Truth(n)]
}

type and struct{ left, right node }

func (n and) outcomes(know func(*column) domain) truths {
	a, b := n.left.outcomes(know), n.right.outcomes(know)
	if a == 0 || b == 0 {
		return 0
	}
	out := a & b & True
	out |= (a | b) & False
	if a&Unknown != 0 && b&(True|Unknown) != 0 || b&Unknown != 0 && a&(True|Unknown) != 0 {
		out |= Unknown
	}
	return out
}

func (n and) eval(row func(int) meta.Value) Truth {
	a, b := n.left.eval(row), n.right.eval(row)
	switch {
	case a == False || b == False:
		return False
	case a == Unknown || b == Unknown:
		return Unknown
	}
	return True
}

func (n and) sql() string { return "(" + n.left.sql() + " AND " + n.right.sql() + ")" }

type or struct{ left, right node }

func (n or) outcomes(know func(*column) domain) truths {
	return not{and{not{n.left}, not{n.right}}}.outcomes(know)
}

func (n or) eval(row func(int) meta.Value) Truth {
	return not{and{not{n.left}, not{n.right}}}.eval(row)
}

func (n or) sql() string { return "(" + n.left.sql() + " OR " + n.right.sql() + ")" }

type not struct{ of node }

func (n not) outcomes(know func(*column) domain) truths { return negate(n.of.outcomes(know)) }
func (n not) eval(row func(int) meta.Value) Truth       { return negate(n.of.eval(row)) }
func (n not) sql() string                               { return "(NOT " + n.of.sql() + ")" }

// negate swaps True and False.
func negate(t truths) truths {
	out := t & Unknown
	if t&True != 0 {
		out |= False
	}
	if t&False != 0 {
		out |= True
	}
	return out
}

// isTruth is IS [NOT] TRUE, IS [NOT] FALSE.
type isTruth struct {
	of   node
	want Truth
	not  bool
}

func (n isTruth) apply(t truths) truths {
	var out truths
	if t&n.want != 0 {
		out |= True
	}
	if t&^n.want != 0 {
		out |= False
	}
	if n.not {
		return negate(out)
	}
	return out
}

func (n isTruth) outcomes(know func(*column) domain) truths { return n.apply(n.of.outcomes(know)) }
func (n isTruth) eval(row func(int) meta.Value) Truth       { return n.apply(n.of.eval(row)) }

func (n isTruth) sql() string {
	word := " IS "
	if n.not {
		word = " IS NOT "
	}
	return "(" + n.of.sql() + word + constant(n.want).sql() + ")"
}

// isNull is IS NULL.
type isNull struct{ column *column }

func (n isNull) outcomes(know func(*column) domain) truths {
	var out truths
	d := know(n.column)
	if d.null {
		out |= True
	}
	if d.nan || d.value {
		out |= False
	}
	return out
}

func (n isNull) eval(row func(int) meta.Value) Truth { return truthOf(row(n.column.id).IsNull()) }
func (n isNull) sql() string                         { return "(" + n.column.text + " IS NULL)" }

func truthOf(b bool) Truth {
	if b {
		return True
	}
	return False
}

// unlessNull is a comparison whose answer does not depend on the value: x > 1e30
// of an int column. It is Unknown for NULL.
type unlessNull struct {
	column *column
	truth  Truth
}

func (n unlessNull) outcomes(know func(*column) domain) truths {
	var out truths
	d := know(n.column)
	if d.null {
		out |= Unknown
	}
	if d.nan || d.value {
		out |= n.truth
	}
	return out
}

func (n unlessNull) eval(row func(int) meta.Value) Truth {
	if row(n.column.id).IsNull() {
		return Unknown
	}
	return n.truth
}

func (n unlessNull) sql() string {
	switch n.truth {
	case True:
		return "(" + n.column.text + " IS NOT NULL OR CAST(NULL AS BOOLEAN))"
	case Unknown: // i IN (2.5, NULL) of an int
		return constant(Unknown).sql()
	}
	return "(" + n.column.text + " IS NULL AND CAST(NULL AS BOOLEAN))"
}

// compare is column op value; value is of the column's kind and not NULL.
type compare struct {
	column *column
	op     string // = <> < <= > >=
	value  meta.Value
}

// holds says what op gives for the sign of a comparison.
func (n compare) holds(sign int) Truth {
	switch n.op {
	case "=":
		return truthOf(sign == 0)
	case "<>":
		return truthOf(sign != 0)
	case "<":
		return truthOf(sign < 0)
	case "<=":
		return truthOf(sign <= 0)
	case ">":
		return truthOf(sign > 0)
	}
	return truthOf(sign >= 0)
}

func (n compare) outcomes(know func(*column) domain) truths {
	var out truths
	d := know(n.column)
	if d.null {
		out |= Unknown
	}
	if d.nan {
		out |= n.holds(1 - signOf(n.value.IsNaN()))
	}
	if !d.value {
		return out
	}
	if n.value.IsNaN() {
		return out | n.holds(-1)
	}
	if d.lo.IsNull() || meta.Compare(d.lo, n.value) < 0 {
		out |= n.holds(-1)
	}
	if d.mayEqual(n.value) {
		out |= n.holds(0)
	}
	if d.hi.IsNull() || meta.Compare(d.hi, n.value) > 0 {
		out |= n.holds(1)
	}
	return out
}

func signOf(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (n compare) eval(row func(int) meta.Value) Truth {
	v := row(n.column.id)
	if v.IsNull() {
		return Unknown
	}
	return n.holds(meta.Compare(v, n.value))
}

func (n compare) sql() string {
	return "(" + n.column.text + " " + n.op + " " + literalSQL(n.column.typ, n.value) + ")"
}

// in is column IN (values); values are of the column's kind and not NULL.
type in struct {
	column *column
	values []meta.Value
	null   bool // the list also had NULL: what is not in it is Unknown
}

func (n in) miss() Truth {
	if n.null {
		return Unknown
	}
	return False
}

func (n in) outcomes(know func(*column) domain) truths {
	var out truths
	d := know(n.column)
	if d.null {
		out |= Unknown
	}
	listed, sole := false, false
	for _, v := range n.values {
		if v.IsNaN() {
			listed = true
		} else if d.mayEqual(v) {
			out |= True
			sole = sole || d.only(v)
		}
	}
	if d.nan && listed {
		out |= True
	}
	if d.nan && !listed || d.value && !sole {
		out |= n.miss()
	}
	return out
}

func (n in) eval(row func(int) meta.Value) Truth {
	v := row(n.column.id)
	if v.IsNull() {
		return Unknown
	}
	for _, w := range n.values {
		if meta.Compare(v, w) == 0 {
			return True
		}
	}
	return n.miss()
}

func (n in) sql() string {
	parts := make([]string, 0, len(n.values)+1)
	for _, v := range n.values {
		parts = append(parts, literalSQL(n.column.typ, v))
	}
	if n.null {
		parts = append(parts, "NULL")
	}
	return "(" + n.column.text + " IN (" + strings.Join(parts, ", ") + "))"
}

// prefix is column LIKE 'prefix%' of a text column.
type prefix struct {
	column *column
	prefix []byte
}

func (n prefix) outcomes(know func(*column) domain) truths {
	var out truths
	d := know(n.column)
	if d.null {
		out |= Unknown
	}
	if !d.value {
		return out
	}
	end, bounded := afterPrefix(n.prefix)
	below := d.hi.IsNull() || bytes.Compare(d.hi.Bytes, n.prefix) > 0 || !d.hiOpen && bytes.Equal(d.hi.Bytes, n.prefix)
	above := d.lo.IsNull() || !bounded || bytes.Compare(d.lo.Bytes, end) < 0
	if below && above {
		out |= True
	}
	hi := !d.hi.IsNull() && (bytes.HasPrefix(d.hi.Bytes, n.prefix) || d.hiOpen && bounded && bytes.Compare(d.hi.Bytes, end) <= 0)
	lo := !d.lo.IsNull() && bytes.HasPrefix(d.lo.Bytes, n.prefix)
	if !lo || !hi {
		out |= False
	}
	return out
}

func (n prefix) eval(row func(int) meta.Value) Truth {
	v := row(n.column.id)
	if v.IsNull() {
		return Unknown
	}
	return truthOf(bytes.HasPrefix(v.Bytes, n.prefix))
}

func (n prefix) sql() string {
	return "starts_with(" + n.column.text + ", " + quoteText(string(n.prefix)) + ")"
}
