package state

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"

	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// SessionColumns are the columns of the session table as psyberg_init returns
// them, in order; processing_uris is JSON.
func SessionColumns() *arrow.Schema {
	fields := make([]arrow.Field, len(sessionTable.columns))
	for i, c := range sessionTable.columns {
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
	return record(SessionColumns(), sessionTable, all)
}

// SessionDoc lists the columns for \df+.
func SessionDoc() string {
	out := ""
	for _, c := range sessionTable.columns {
		out += fmt.Sprintf("  %-22s %-12s %s\n", c.name, c.kind.duckdb(), c.doc)
	}
	return out
}
