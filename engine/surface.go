package engine

import "psyberg/functions/surface"

// Functions are the table functions of the session, with their documentation.
// They are not to be changed.
func (s *Session) Functions() []*surface.Function { return s.opts.Functions }

// Queries are the functions whose rows are a SELECT (iceberg_rows), likewise.
func (s *Session) Queries() []*surface.Query { return s.opts.Queries }

// Surface are the functions and queries that every session of Start has, for
// those who only want their documentation: no catalog is opened, none may be called.
func Surface() ([]*surface.Function, []*surface.Query) {
	opts := assemble(nil, nil, &lateRunner{}, Config{})
	return opts.Functions, opts.Queries
}
