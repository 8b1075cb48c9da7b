package functions

import (
	"context"
	"slices"
	"strings"

	"psyberg/functions/surface"
)

const auditUniqueKeysDoc = `Violated where a key that the staged snapshot added occurs more than once in the table as it is staged. A row per key, the most frequent first.

  violation    VARCHAR
  <columns>             the key, in the table's types
  occurrences  BIGINT

columns are names, nested ones dotted. NULL is a value like any other: two rows without a key are duplicates. Keys that occur several
times in the table, but in no row that was added, are not listed; wap_id NULL: all keys of the head are looked at.
Errors: nothing staged under wap_id; an unknown column (with near matches); a column inside a list or a map.
Cost: reads the key columns of the staged table.`

func auditUniqueKeys(tables surface.Tables) *surface.Query {
	return &surface.Query{
		Name: "psyberg_audit_unique_keys", Doc: auditUniqueKeysDoc,
		Positional: slices.Concat(auditArgs, []surface.Arg{{Name: "columns", Type: typeTexts, Doc: "names of the columns that are the key"}}),
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
			return a.uniqueKeysSQL(ctx, columns)
		},
	}
}

func (a *auditTarget) uniqueKeysSQL(ctx context.Context, columns []auditColumn) (string, error) {
	keys, joins := make([]string, len(columns)), make([]string, len(columns))
	shown, names := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		q := surface.QuoteIdent(c.name)
		names[i] = "k." + q
		keys[i] = c.expr + " AS " + q
		joins[i] = "k." + q + " IS NOT DISTINCT FROM n." + q
		shown[i] = surface.QuoteLiteral(c.name+" = ") + " || coalesce(CAST(k." + q + " AS VARCHAR), 'NULL')"
	}
	list := strings.Join(keys, ", ")
	from := "(SELECT " + list + " FROM " + a.rowsOf(nil) + ") AS k"
	if !a.whole {
		files, err := a.subject(ctx, nil)
		if err != nil {
			return "", err
		}
		if len(files) == 0 {
			from += noRows
		} else {
			from += "\nSEMI JOIN (SELECT DISTINCT " + list + " FROM " + a.rowsOf(paths(files)) + ") AS n ON " + strings.Join(joins, " AND ")
		}
	}
	by := strings.Join(names, ", ")
	return "SELECT 'key ' || " + strings.Join(shown, " || ', ' || ") + " || ' occurs ' || count(*) || ' times' AS violation, " + by + ", count(*) AS occurrences\nFROM " +
		from + "\nGROUP BY " + by + " HAVING count(*) > 1\nORDER BY occurrences DESC, violation", nil
}
