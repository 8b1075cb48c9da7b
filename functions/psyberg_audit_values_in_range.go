package functions

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"psyberg/functions/surface"
)

const auditValuesInRangeDoc = `Violated where staged rows have values outside of a range. A row per such row.

  violation  VARCHAR
  value               the column's value
  ...                 the columns of the target

column is a name, a nested one dotted; min and max are both allowed values, NULL is no limit on that side. NULLs are not looked at
(columns_should_not_have_nulls does), NaN lies outside of every range. Rows that the staged snapshot (all snapshots of a staged branch) added
are looked at; wap_id NULL: all rows of the head.
Errors: nothing staged under wap_id; an unknown column (with near matches), one inside a list or a map; neither min nor max; a limit that the column's type cannot be compared with.
Cost: the manifests that the staged snapshots added; read are only files whose bounds are missing or not within the range.`

func auditValuesInRange(tables surface.Tables) *surface.Query {
	return &surface.Query{
		Name: "psyberg_audit_values_in_range", Doc: auditValuesInRangeDoc,
		Positional: slices.Concat(auditArgs, []surface.Arg{
			{Name: "column", Type: typeText, Doc: "name of the column"},
			{Name: "min", Type: surface.AnyType, Doc: "the least allowed value; NULL: no limit"},
			{Name: "max", Type: surface.AnyType, Doc: "the greatest allowed value; NULL: no limit", Optional: true},
		}),
		SQL: func(ctx context.Context, args surface.Args) (string, error) {
			a, err := auditOf(ctx, tables, args)
			if err != nil {
				return "", err
			}
			name, err := args.PositionalText(2, "column")
			if err != nil {
				return "", err
			}
			c, err := a.column(name)
			if err != nil {
				return "", err
			}
			var limits [2]*auditLimit
			for i, side := range []string{"min", "max"} {
				if limits[i], err = newAuditLimit(c.typ, args.Positional[3+i]); err != nil {
					return "", fmt.Errorf("argument %d (%s) for column %q: %w", 4+i, side, name, err)
				}
			}
			if limits[0] == nil && limits[1] == nil {
				return "", fmt.Errorf("audit column %q of table %q: min and max are both NULL; give one at least", name, a.Name)
			}
			files, err := a.subject(ctx, leavesOf([]auditColumn{c}))
			if err != nil {
				return "", err
			}
			return a.valuesInRangeSQL(c, limits[0], limits[1], files), nil
		},
	}
}

func (a *auditTarget) valuesInRangeSQL(c auditColumn, low, high *auditLimit, files []auditFile) string {
	var doubt []auditFile
	for _, f := range files {
		if f.Records > 0 && !(c.leaf && withinRange(f.ranges[0], c, low, high)) {
			doubt = append(doubt, f)
		}
	}
	var out []string
	if low != nil {
		out = append(out, c.expr+" < "+low.sql)
	}
	if high != nil {
		out = append(out, c.expr+" > "+high.sql)
	}
	if c.isFloat() {
		out = append(out, "isnan("+c.expr+")")
	}
	where := noRows
	from := a.rowsOf(nil)
	if len(doubt) > 0 {
		from, where = a.rowsOf(paths(doubt)), "\nWHERE "+strings.Join(out, " OR ")
	}
	return "SELECT " + surface.QuoteLiteral(c.name+" = ") + " || CAST(" + c.expr + " AS VARCHAR) || " + surface.QuoteLiteral(" is outside of "+rangeText(low, high)) +
		" AS violation, " + c.expr + " AS value, *\nFROM " + from + where
}

func rangeText(low, high *auditLimit) string {
	from, to := "-infinity", "infinity"
	if low != nil {
		from = low.text
	}
	if high != nil {
		to = high.text
	}
	return "[" + from + ", " + to + "]"
}

// withinRange reports whether a file's bounds prove that none of its values
// lies outside. Bounds cover what is there, so this is exact.
func withinRange(r columnRange, c auditColumn, low, high *auditLimit) bool {
	if c.isFloat() && r.nan != 0 { // unknown, or some
		return false
	}
	if r.min.IsNull() || r.max.IsNull() {
		return !r.unbounded()
	}
	if low != nil {
		if cmp, ok := low.compare(r.min, false); !ok || cmp < 0 {
			return false
		}
	}
	if high != nil {
		if cmp, ok := high.compare(r.max, true); !ok || cmp > 0 {
			return false
		}
	}
	return true
}
