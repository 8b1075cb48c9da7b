package state

import (
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// SessionColumns are the columns of the session table as psyberg_init returns
// them, in order; processing_uris is JSON.
func SessionColumns() *arrow.Schema {
	shown := shownColumns()
	fields := make([]arrow.Field, len(shown.columns))
	for i, c := range shown.columns {
		fields[i] = arrow.Field{Name: c.name, Type: c.kind.arrow(), Nullable: true}
		if c.name == "processing_uris" {
			fields[i] = surface.JSONField(c.name)
		}
	}
	return arrow.NewSchema(fields, nil)
}

// SessionBatch returns rows as a batch of SessionColumns.
func SessionBatch(rows []psyberg.SessionRow) (arrow.RecordBatch, error) {
	all, err := encodeAll(sessionCodec, rows)
	if err != nil {
		return nil, fmt.Errorf("show session rows: %w", err)
	}
	return record(SessionColumns(), shownColumns(), all)
}

// shownColumns are the columns that are for a reader.
func shownColumns() tableDef {
	def := sessionTable
	def.columns = slices.DeleteFunc(slices.Clone(def.columns), func(c column) bool { return c.name == foundColumn })
	return def
}

// SessionDoc lists the columns for \df+.
func SessionDoc() string {
	out := ""
	for _, c := range shownColumns().columns {
		out += fmt.Sprintf("  %-22s %-12s %s\n", c.name, c.kind.duckdb(), c.doc)
	}
	return out
}
