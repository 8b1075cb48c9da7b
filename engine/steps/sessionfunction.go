package steps

import (
	"cmp"
	"context"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"psyberg/engine/state"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

var sessionDoc = `The rows of one session as they stand, one row per source, in the order of the sources' names.

` + state.SessionDoc() + `
No such session: no row. Errors: the session table is none.
Cost: the files of the process's unfinished sessions, and one column of those of its history; iceberg_rows(session_table) reads every process's.`

func (s *Steps) sessionFunction() *surface.Function {
	return &surface.Function{
		Name: "psyberg_session", Doc: sessionDoc,
		Positional: texts("process_name", "session_id", "session_table"),
		Bind: func(_ context.Context, args surface.Args) (*surface.Relation, error) {
			r := reader{args: args}
			process, id, table := r.positional(0, "process_name", true), r.positional(1, "session_id", true), r.positional(2, "session_table", true)
			return step(state.SessionColumns(), func(ctx context.Context) (arrow.RecordBatch, error) {
				seen, err := s.Store.See(ctx, table, process, id)
				if err != nil {
					return nil, err
				}
				rows := psyberg.RowsOf(seen.Rows, id)
				slices.SortFunc(rows, func(a, b psyberg.SessionRow) int {
					return cmp.Or(cmp.Compare(a.Source.Table, b.Source.Table), cmp.Compare(a.Source.Ref, b.Source.Ref))
				})
				return state.SessionBatch(rows)
			}), r.err
		},
	}
}
