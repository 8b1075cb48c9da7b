package functions

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"psyberg/functions/surface"
)

const auditNoNullsDoc = `Violated where the staged rows have NULLs in columns that should have none. A row per column and file with NULLs.

  violation    VARCHAR
  column_name  VARCHAR  as it was given
  file_path    VARCHAR  NULL where rows had to be read: the count is then of all files that were
  nulls        BIGINT

columns are names, nested ones dotted. Rows that the staged snapshot (all snapshots of a staged branch) added are looked at; wap_id NULL: all rows of the head.
Errors: nothing staged under wap_id; an unknown column (with near matches); a column inside a list or a map.
Cost: the manifests that the staged snapshots added: their null counts tell. Read are files without a count, and those with NULLs that deletes may have removed.`

func auditNoNulls(tables surface.Tables) *surface.Query {
	return &surface.Query{
		Name: "psyberg_audit_columns_should_not_have_nulls", Doc: auditNoNullsDoc,
		Positional: slices.Concat(auditArgs, []surface.Arg{{Name: "columns", Type: typeTexts, Doc: "names of columns"}}),
		SQL: func(ctx context.Context, args surface.Args) (string, error) {
			a, err := auditOf(ctx, tables, args)
			if err != nil {
				return "", err
			}
			names, err := positionalTexts(args, 2, "columns")
			if err != nil {
				return "", err
			}
			columns, err := a.columns(names)
			if err != nil {
				return "", err
			}
			files, err := a.subject(ctx, leavesOf(columns))
			if err != nil {
				return "", err
			}
			return a.nullsSQL(columns, files), nil
		},
	}
}

// leavesOf returns the columns that manifests can have metrics of, in order.
func leavesOf(columns []auditColumn) []metricsLeaf {
	var out []metricsLeaf
	for _, c := range columns {
		if c.leaf {
			out = append(out, c.metricsLeaf)
		}
	}
	return out
}

func (a *auditTarget) nullsSQL(columns []auditColumn, files []auditFile) string {
	var known [][]string
	var read []string
	leaf := 0
	for _, c := range columns {
		var doubt []auditFile
		for _, f := range files {
			nulls := int64(-1)
			if c.leaf {
				nulls = f.ranges[leaf].nulls
			}
			switch {
			case f.Records == 0 || nulls == 0:
			case nulls < 0 || f.deleted:
				doubt = append(doubt, f)
			default:
				known = append(known, []string{surface.QuoteLiteral(fmt.Sprintf("column %q is NULL in %d rows of file %s", c.name, nulls, f.Path)),
					surface.QuoteLiteral(c.name), surface.QuoteLiteral(f.Path), strconv.FormatInt(nulls, 10)})
			}
		}
		if c.leaf {
			leaf++
		}
		if len(doubt) > 0 {
			read = append(read, fmt.Sprintf("SELECT %s || n || ' rows', %s, NULL, n FROM (SELECT count(*) AS n FROM %s WHERE %s IS NULL) WHERE n > 0",
				surface.QuoteLiteral(fmt.Sprintf("column %q is NULL in ", c.name)), surface.QuoteLiteral(c.name), a.rowsOf(paths(doubt)), c.expr))
		}
	}
	fixed := valuesSQL([]string{"violation VARCHAR", "column_name VARCHAR", "file_path VARCHAR", "nulls BIGINT"}, known)
	return strings.Join(append([]string{fixed}, read...), "\nUNION ALL\n")
}
