package functions

import (
	"context"

	"psyberg/functions/meta"
	"psyberg/functions/surface"
)

const schemasDoc = `The schemas of a table, a row per column or nested field, in order of schema and place.

  schema_id        INTEGER
  is_current       BOOLEAN  true: the one that reads name columns by: that of the snapshot given by id, time or tag, else the table's current one
  position         INTEGER  place in the schema from 1, a parent before its members
  field_id         INTEGER
  name             VARCHAR  dotted: struct.member, list.element, map.key, map.value
  parent_id        INTEGER  field id of the struct, list or map it belongs to; NULL for a column
  type             VARCHAR  as Iceberg spells it: decimal(9, 2), struct<1: lat: required double>
  required         BOOLEAN
  doc              VARCHAR  NULL where there is none
  is_identifier    BOOLEAN  one of the schema's identifier fields
  initial_default  JSON     v3: what rows written before the column read; NULL where there is none
  write_default    JSON     v3: what writers put where no value is given; NULL likewise

Cost: the metadata.json only.`

func schemasFunction(tables surface.Tables) *surface.Function {
	return &surface.Function{
		Name: "iceberg_schemas", Doc: schemasDoc,
		Positional: []surface.Arg{tableArg}, Named: pinArgs,
		Bind: func(ctx context.Context, args surface.Args) (*surface.Relation, error) {
			p, err := pin(ctx, tables, args)
			if err != nil {
				return nil, err
			}
			var rows []schemaRow
			for _, s := range p.Meta.Schemas {
				rows = append(rows, schemaRows(s, s.ID == p.Schema.ID)...)
			}
			return relationOf(schemaColumns, rows), nil
		},
	}
}

type schemaRow struct {
	schema     int
	current    bool
	position   int
	field      placedField
	identifier bool
}

func schemaRows(s *meta.Schema, current bool) []schemaRow {
	ids := map[int]bool{}
	for _, id := range s.IdentifierFields {
		ids[id] = true
	}
	var rows []schemaRow
	walkFields(s.Fields, func(f placedField) {
		rows = append(rows, schemaRow{s.ID, current, len(rows) + 1, f, ids[f.ID]})
	})
	return rows
}

var schemaColumns = []column[schemaRow]{
	integer("schema_id", func(r schemaRow) (int, bool) { return r.schema, true }),
	boolean("is_current", func(r schemaRow) (bool, bool) { return r.current, true }),
	integer("position", func(r schemaRow) (int, bool) { return r.position, true }),
	integer("field_id", func(r schemaRow) (int, bool) { return r.field.ID, true }),
	text("name", func(r schemaRow) (string, bool) { return r.field.path, true }),
	integer("parent_id", func(r schemaRow) (int, bool) {
		if r.field.parent == nil {
			return 0, false
		}
		return r.field.parent.ID, true
	}),
	text("type", func(r schemaRow) (string, bool) { return r.field.Type.String(), true }),
	boolean("required", func(r schemaRow) (bool, bool) { return r.field.Required, true }),
	text("doc", func(r schemaRow) (string, bool) { return r.field.Doc, r.field.Doc != "" }),
	boolean("is_identifier", func(r schemaRow) (bool, bool) { return r.identifier, true }),
	jsonText("initial_default", func(r schemaRow) []byte { return r.field.InitialDefault }),
	jsonText("write_default", func(r schemaRow) []byte { return r.field.WriteDefault }),
}
