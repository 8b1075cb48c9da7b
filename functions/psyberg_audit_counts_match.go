package functions

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"psyberg/functions/surface"
)

const auditCountsMatchDoc = `Violated where the staged snapshot did not add as many rows as the source has. One row, or none.

  violation    VARCHAR
  source_rows  BIGINT  what source says
  target_rows  BIGINT  rows that the staged snapshot (all snapshots of a staged branch) added, its own deletes applied

source is a number, or a query in SQL: SELECT count(...) or SELECT sum(...) without GROUP BY gives the number, of every other query
the rows are counted. where := 'condition' compares rows of the staged table instead, those for which the condition is true: for a load
that writes rows again which it did not change (MODE 'overwrite'). wap_id NULL: all rows of the head.
Errors: nothing staged under wap_id (with near matches); no source.
Cost: the manifests that the staged snapshots added; rows are read only where they delete rows that they added, and with where.`

func auditCountsMatch(tables surface.Tables) *surface.Query {
	return &surface.Query{
		Name: "psyberg_audit_counts_match", Doc: auditCountsMatchDoc,
		Positional: slices.Concat(auditArgs, []surface.Arg{{Name: "source", Type: surface.AnyType, Doc: "a number, or a query"}}),
		Named:      []surface.Arg{{Name: "where", Type: typeText, Doc: "count the staged table's rows for which this is true"}},
		SQL: func(ctx context.Context, args surface.Args) (string, error) {
			a, err := auditOf(ctx, tables, args)
			if err != nil {
				return "", err
			}
			source, err := countOf(args)
			if err != nil {
				return "", err
			}
			where, hasWhere, err := args.Text("where")
			if err != nil {
				return "", err
			}
			target := "(SELECT count(*) FROM " + a.rowsOf(nil) + " WHERE (" + where + "\n))"
			if !hasWhere {
				if target, err = a.countAdded(ctx); err != nil {
					return "", err
				}
			}
			return "SELECT 'the source has ' || source_rows || ' rows, the target ' || target_rows AS violation, source_rows, target_rows\n" +
				"FROM (SELECT CAST(" + source + " AS BIGINT) AS source_rows, CAST(" + target + " AS BIGINT) AS target_rows)\n" +
				"WHERE source_rows <> target_rows", nil
		},
	}
}

// countAdded writes the number of rows of the audit's subject.
func (a *auditTarget) countAdded(ctx context.Context) (string, error) {
	files, err := a.subject(ctx, nil)
	if err != nil {
		return "", err
	}
	known := int64(0)
	var doubt []auditFile
	for _, f := range files {
		if f.deleted {
			doubt = append(doubt, f)
		} else {
			known += f.Records
		}
	}
	if len(doubt) == 0 {
		return strconv.FormatInt(known, 10), nil
	}
	return fmt.Sprintf("%d + (SELECT count(*) FROM %s)", known, a.rowsOf(paths(doubt))), nil
}

// countOf writes the number that the argument source stands for.
func countOf(args surface.Args) (string, error) {
	var v any
	if len(args.Positional) > 2 {
		v = args.Positional[2]
	}
	switch v := v.(type) {
	case int64:
		return strconv.FormatInt(v, 10), nil
	case string:
		if n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64); err == nil {
			return strconv.FormatInt(n, 10), nil
		}
		query, err := sourceQuery(v)
		if err != nil {
			return "", err
		}
		if yieldsCount(query) {
			return "coalesce((\n" + query + "\n), 0)", nil
		}
		return "(SELECT count(*) FROM (\n" + query + "\n))", nil
	case nil:
		return "", fmt.Errorf("argument 3 (source) is NULL: a number or a query is needed")
	}
	return "", fmt.Errorf("argument 3 (source) is %v: a whole number or a query is needed", v)
}
