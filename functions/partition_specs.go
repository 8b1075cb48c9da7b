package functions

import (
	"context"

	"psyberg/functions/meta"
	"psyberg/functions/surface"
)

const partitionSpecsDoc = `The partition specs of a table, a row per field, in order of spec and field.

  spec_id      INTEGER
  is_default   BOOLEAN  true: new files are written by this spec
  position     INTEGER  of the field in its spec, from 1; NULL for an unpartitioned spec, which has one row
  field_id     INTEGER  1000 and up; NULL likewise, and below
  name         VARCHAR  the partition field's
  transform    VARCHAR  as the metadata spells it: identity, bucket[16], truncate[4], year, month, day, hour, void
  source_id    INTEGER  field id of the source column
  source_name  VARCHAR  its dotted name today; NULL where the column is gone

snapshot_id, ref and as_of are checked, and change nothing here.
Cost: the metadata.json only.`

func partitionSpecsFunction(tables surface.Tables) *surface.Function {
	return &surface.Function{
		Name: "iceberg_partition_specs", Doc: partitionSpecsDoc,
		Positional: []surface.Arg{tableArg}, Named: pinArgs,
		Bind: func(ctx context.Context, args surface.Args) (*surface.Relation, error) {
			p, err := pin(ctx, tables, args)
			if err != nil {
				return nil, err
			}
			return relationOf(specColumns, specRows(p.Meta)), nil
		},
	}
}

type specRow struct {
	spec       int
	isDefault  bool
	position   int
	field      *meta.PartitionField // nil: unpartitioned
	sourceName string
}

func specRows(m *meta.Metadata) []specRow {
	names := map[int]string{}
	walkFields(m.CurrentSchema().Fields, func(f placedField) { names[f.ID] = f.path })
	var rows []specRow
	for _, s := range m.Specs {
		if len(s.Fields) == 0 {
			rows = append(rows, specRow{spec: s.ID, isDefault: s.ID == m.DefaultSpecID})
		}
		for i := range s.Fields {
			f := &s.Fields[i]
			rows = append(rows, specRow{s.ID, s.ID == m.DefaultSpecID, i + 1, f, names[f.SourceID]})
		}
	}
	return rows
}

var specColumns = []column[specRow]{
	integer("spec_id", func(r specRow) (int, bool) { return r.spec, true }),
	boolean("is_default", func(r specRow) (bool, bool) { return r.isDefault, true }),
	integer("position", func(r specRow) (int, bool) { return r.position, r.field != nil }),
	integer("field_id", func(r specRow) (int, bool) {
		if r.field == nil {
			return 0, false
		}
		return r.field.ID, true
	}),
	text("name", func(r specRow) (string, bool) {
		if r.field == nil {
			return "", false
		}
		return r.field.Name, true
	}),
	text("transform", func(r specRow) (string, bool) {
		if r.field == nil {
			return "", false
		}
		return r.field.Transform.Text, true
	}),
	integer("source_id", func(r specRow) (int, bool) {
		if r.field == nil {
			return 0, false
		}
		return r.field.SourceID, true
	}),
	text("source_name", func(r specRow) (string, bool) { return r.sourceName, r.sourceName != "" }),
}
