package engine

import "psyberg/functions/surface"

// Functions are the table functions of the session, with their documentation.
// They are not to be changed.
func (s *Session) Functions() []*surface.Function { return s.opts.Functions }

// Queries are the functions whose rows are a SELECT (iceberg_rows), likewise.
func (s *Session) Queries() []*surface.Query { return s.opts.Queries }
