package functions

import (
	"context"
	"slices"

	"psyberg/functions/surface"
)

const tablesDoc = `The Iceberg tables of a catalog, one a row, without loading any of them.

  catalog            VARCHAR  the catalog's name
  namespace          VARCHAR  dotted; a level with a dot or other odd character is double-quoted
  name               VARCHAR  the table's own name, as the catalog has it
  table_name         VARCHAR  namespace and name as the other functions take them, quoted where needed
  metadata_location  VARCHAR  of the current metadata.json; NULL where the catalog does not say without loading (REST)

namespace := 'ns' lists that namespace and those below it. catalog := 'name' looks
into another configured catalog than the default one.
Cost: one request (a query, or a list call per namespace) to the catalog.`

func tablesFunction(tables surface.Tables) *surface.Function {
	return &surface.Function{
		Name: "iceberg_tables", Doc: tablesDoc,
		Named: []surface.Arg{
			{Name: "namespace", Type: typeText, Doc: "only tables of this namespace and those below it"},
			{Name: "catalog", Type: typeText, Doc: "a configured catalog; default: the session's"},
		},
		Bind: func(_ context.Context, args surface.Args) (*surface.Relation, error) {
			catalog, _, err := args.Text("catalog")
			if err != nil {
				return nil, err
			}
			ns, given, err := args.Text("namespace")
			if err != nil {
				return nil, err
			}
			var levels []string
			if given {
				if levels, err = splitLevels(ns); err != nil {
					return nil, err
				}
			}
			return lazyRelation(tablesColumns, func(ctx context.Context) ([]surface.ListedTable, error) {
				return tables.List(ctx, catalog, levels)
			}), nil
		},
	}
}

var tablesColumns = []column[surface.ListedTable]{
	text("catalog", func(t surface.ListedTable) (string, bool) { return t.Catalog, true }),
	text("namespace", func(t surface.ListedTable) (string, bool) { return quoteLevels(t.Namespace...), true }),
	text("name", func(t surface.ListedTable) (string, bool) { return t.Name, true }),
	text("table_name", func(t surface.ListedTable) (string, bool) {
		return quoteLevels(append(slices.Clone(t.Namespace), t.Name)...), true
	}),
	text("metadata_location", func(t surface.ListedTable) (string, bool) {
		return t.MetadataLocation, t.MetadataLocation != ""
	}),
}
