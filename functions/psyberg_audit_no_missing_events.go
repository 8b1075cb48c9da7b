package functions

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"psyberg/functions/surface"
)

const auditNoMissingEventsDoc = `Violated where an event of the source is not in the table as it is staged. A row per missing event.

  violation  VARCHAR
  ...                 the columns of source

source is a query in SQL; keys are the columns, named alike in the source and the target, by which an event is found again. NULL is a value like any other.
The staged snapshot's table is looked at, with what was there before; wap_id NULL: the head's.
Errors: nothing staged under wap_id; a key that the target lacks (with near matches) or the source lacks; source is no single query.
Cost: runs source, and reads the key columns of the staged table.`

func auditNoMissingEvents(tables surface.Tables) *surface.Query {
	return &surface.Query{
		Name: "psyberg_audit_no_missing_events", Doc: auditNoMissingEventsDoc,
		Positional: slices.Concat(auditArgs, []surface.Arg{
			{Name: "source", Type: typeText, Doc: "a query whose rows are the events"},
			{Name: "keys", Type: typeTexts, Doc: "names of the columns by which an event is found again"},
		}),
		SQL: func(ctx context.Context, args surface.Args) (string, error) {
			a, err := auditOf(ctx, tables, args)
			if err != nil {
				return "", err
			}
			text, err := args.PositionalText(2, "source")
			if err != nil {
				return "", err
			}
			source, err := sourceQuery(text)
			if err != nil {
				return "", err
			}
			names, err := positionalTexts(args, 3, "keys")
			if err != nil {
				return "", err
			}
			keys, err := a.columns(names)
			if err != nil {
				return "", err
			}
			return a.missingEventsSQL(source, keys), nil
		},
	}
}

func (a *auditTarget) missingEventsSQL(source string, keys []auditColumn) string {
	var list, joins, shown []string
	for _, k := range keys {
		q := surface.QuoteIdent(k.name)
		list = append(list, k.expr+" AS "+q)
		joins = append(joins, "s."+q+" IS NOT DISTINCT FROM t."+q)
		shown = append(shown, surface.QuoteLiteral(k.name+" = ")+" || coalesce(CAST(s."+q+" AS VARCHAR), 'NULL')")
	}
	return fmt.Sprintf("SELECT 'event ' || %s || ' is not in the target' AS violation, s.*\nFROM (\n%s\n) AS s\nANTI JOIN (SELECT %s FROM %s) AS t ON %s",
		strings.Join(shown, " || ', ' || "), source, strings.Join(list, ", "), a.rowsOf(nil), strings.Join(joins, " AND "))
}
