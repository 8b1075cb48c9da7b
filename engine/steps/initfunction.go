package steps

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"psyberg/engine/state"
	"psyberg/functions/discover"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// initArgs are init's own arguments; the choices about sources are those of
// the functions that discover.
var initArgs = []surface.Arg{
	{Name: "process_name", Type: typeText, Doc: argDocs["process_name"]},
	{Name: "src_tables", Type: typeText, Doc: "sources, separated by commas: 'ns.table', 'ns.table|event_ts', 'ns.table@ref'"},
	{Name: "psyberg_session_id", Type: typeText, Doc: argDocs["session_id"]},
	{Name: "psyberg_hwm_table", Type: typeText, Doc: argDocs["psyberg_hwm_table"]},
	{Name: "psyberg_session_table", Type: typeText, Doc: "the session table; made where it is missing"},
	{Name: "etl_pattern_id", Type: typeLong, Doc: "1: stateless, the changed partitions are loaded; 2: stateful, a range of hours"},
}

// notInit are arguments of the functions that discover which init has under
// other names, or not at all.
var notInit = []string{"process_name", "hwm_table", "session_id", "session_table", "from_snapshot_id", "to_snapshot_id", "with_preexisting"}

func (s *Steps) initFunction() *surface.Function {
	named := slices.Clone(initArgs)
	for _, a := range discover.Named {
		if !slices.Contains(notInit, a.Name) {
			named = append(named, a)
		}
	}
	return &surface.Function{
		Name: "psyberg_init", Doc: initDoc, Writes: true, Named: named,
		Bind: func(_ context.Context, args surface.Args) (*surface.Relation, error) {
			q, err := initRequest(args)
			if err != nil {
				return nil, err
			}
			return step(state.SessionColumns(), func(ctx context.Context) (arrow.RecordBatch, error) {
				rows, err := s.Init(ctx, q)
				if err != nil {
					return nil, err
				}
				return state.SessionBatch(rows)
			}), nil
		},
	}
}

func initRequest(args surface.Args) (InitRequest, error) {
	var q InitRequest
	need := func(name string) (string, error) {
		v, _, err := args.Text(name)
		if err == nil && v == "" {
			err = fmt.Errorf("argument %s is not given", name)
		}
		return v, err
	}
	sources := ""
	for _, a := range []struct {
		name string
		to   *string
	}{{"process_name", &q.Process}, {"src_tables", &sources}, {"psyberg_session_id", &q.Session}, {"psyberg_hwm_table", &q.HWMTable},
		{"psyberg_session_table", &q.SessionTable}} {
		v, err := need(a.name)
		if err != nil {
			return q, err
		}
		*a.to = v
	}
	pattern, _, err := args.Int("etl_pattern_id")
	if err != nil {
		return q, err
	}
	if pattern != int64(psyberg.Stateless) && pattern != int64(psyberg.Stateful) {
		return q, fmt.Errorf("argument etl_pattern_id is %d; pass 1 (stateless) or 2 (stateful)", pattern)
	}
	q.Pattern = psyberg.Pattern(pattern)
	rest := surface.Args{Positional: []any{sources}, Named: maps.Clone(args.Named)}
	delete(rest.Named, "process_name") // the caller's, with its own tables
	q.Discover, err = discover.ParseRequest(rest)
	return q, err
}
