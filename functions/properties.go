package functions

import (
	"context"

	"psyberg/functions/surface"
)

const propertiesDoc = `The properties of a table, one a row, in order of key.

  key    VARCHAR
  value  VARCHAR

snapshot_id, ref and as_of are checked, and change nothing here: properties belong to the table, not to a snapshot.
Cost: the metadata.json only.`

func propertiesFunction(tables surface.Tables) *surface.Function {
	return &surface.Function{
		Name: "iceberg_properties", Doc: propertiesDoc,
		Positional: []surface.Arg{tableArg}, Named: pinArgs,
		Bind: func(ctx context.Context, args surface.Args) (*surface.Relation, error) {
			p, err := pin(ctx, tables, args)
			if err != nil {
				return nil, err
			}
			var rows [][2]string
			for _, k := range sortedKeys(p.Meta.Properties) {
				rows = append(rows, [2]string{k, p.Meta.Properties[k]})
			}
			return relationOf(propertyColumns, rows), nil
		},
	}
}

var propertyColumns = []column[[2]string]{
	text("key", func(r [2]string) (string, bool) { return r[0], true }),
	text("value", func(r [2]string) (string, bool) { return r[1], true }),
}
