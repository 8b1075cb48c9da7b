package surface

import "context"

// Query is a function of the SQL surface whose rows are those of a SELECT that
// it writes: iceberg_rows plans a scan and leaves the reading to DuckDB's own
// Parquet reader, so that projections and filters reach it.
//
// engine/bridge registers the scalar function psyql_<Name>_sql, with all
// arguments positional, and the public macro <Name> over query(...) of it.
type Query struct {
	Name, Doc string
	// Positional arguments in order, then named ones, all constants.
	Positional []Arg
	Named      []Arg
	// SQL returns one SELECT. DuckDB calls it while it binds, and may do so
	// more than once for a statement: it has no side effects. ctx is that of
	// the running statement.
	SQL func(ctx context.Context, args Args) (string, error)
}
