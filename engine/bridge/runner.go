package bridge

import "context"

// Runner runs statements for the packages below engine (write, steps, audit),
// which must not import it. *engine.Session satisfies it.
type Runner interface {
	// Direct runs one statement on the session's own connection, handlers left
	// out: it sees variables, TEMP objects and the open transaction. For
	// statement handlers only: while a function runs, that connection is busy.
	Direct(ctx context.Context, stmt string) (Rows, error)
	// Inner runs one query on a connection of its own, which has the functions
	// and macros but none of the session's variables and TEMP objects. It may be
	// called from a function, and from several goroutines.
	Inner(ctx context.Context, query string) (Rows, error)
}

// Handler takes statements that DuckDB does not know, such as COPY ... (FORMAT
// iceberg). It gets the statement as DuckDB would, variables replaced, and runs
// what it needs with r.Direct. rows may be nil: a statement without a result.
// An error that has a method Offset() int says at which byte of stmt it is.
type Handler interface {
	Handle(ctx context.Context, r Runner, stmt string) (handled bool, rows Rows, err error)
}
