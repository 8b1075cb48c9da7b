package functions

import (
	"slices"

	"psyberg/functions/discover"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

const iterationsDoc = `The hours that a stateful session loads, in order, one a row, for a load in which an hour needs the state of the one before.

  iteration        INTEGER      from 1
  date             DATE         of the hour, UTC
  hour             INTEGER      0 to 23
  from_ts          TIMESTAMPTZ  its first instant
  to_ts            TIMESTAMPTZ  the first instant after it
  changed_sources  VARCHAR[]    the sources whose changes cover the hour; empty where it is there to carry the state on
  is_late          BOOLEAN      the hour lies before what the process had covered; false on a first run

No rows where there is nothing to do. Errors and cost: as psyberg_stateful_range, whose range this is.`

func iterationsFunction(d discover.Deps) *surface.Function {
	return discovery(d, "psyberg_iterations", iterationsDoc, discover.Request{Want: discover.WantRange}, iterationColumns(),
		func(found *discover.Result) []psyberg.Iteration { return found.Plan.Iterations() })
}

func iterationColumns() []column[psyberg.Iteration] {
	hour := func(r psyberg.Iteration) (psyberg.Hour, bool) { return r.Hour, true }
	return slices.Concat(
		[]column[psyberg.Iteration]{integer("iteration", func(r psyberg.Iteration) (int, bool) { return r.N, true })},
		hourColumns("date", "hour", hour),
		[]column[psyberg.Iteration]{
			instant("from_ts", func(r psyberg.Iteration) (psyberg.Instant, bool) { return r.Hour.Start(), true }),
			instant("to_ts", func(r psyberg.Iteration) (psyberg.Instant, bool) { return r.Hour.End(), true }),
			texts("changed_sources", func(r psyberg.Iteration) []string {
				out := []string{}
				for _, s := range r.Sources {
					out = append(out, s.String())
				}
				return out
			}),
			boolean("is_late", func(r psyberg.Iteration) (v, ok bool) { return r.Late, true }),
		})
}
