package engine

import (
	"context"
	"errors"
	"strings"

	"psyberg/engine/bridge"
	"psyberg/engine/byname"
	"psyberg/functions/meta"
)

// ask runs a statement on a connection. Where DuckDB misses a table, those names
// of the statement that are tables of the session's catalogs are put in their
// place (package byname), and it is asked again: it has run nothing by then.
func (s *Session) ask(ctx context.Context, c *connection, stmt string) (Rows, error) {
	rows, err := s.registry.Query(ctx, c.native, stmt)
	if err == nil || s.catalogs == nil {
		return rows, err
	}
	var named *byname.Statement
	for {
		at, missed := missedTable(err)
		if !missed {
			break
		}
		if named == nil {
			named = byname.New(stmt)
		}
		if !named.Names() || isParserError(err) && !named.Deep() {
			break
		}
		taken, failed := s.ownNames(ctx, c)
		if failed != nil {
			return nil, errors.Join(err, failed)
		}
		changed, failed := named.Replace(ctx, at, taken, s.catalogs.Exists)
		if failed != nil {
			return nil, failed
		}
		if !changed {
			s.suggest(ctx, named, at, err)
			break
		}
		if rows, err = s.registry.Query(ctx, c.native, named.SQL()); err == nil {
			return rows, nil
		}
	}
	if duck := (*bridge.Error)(nil); named != nil && errors.As(err, &duck) && duck.Position >= 0 {
		duck.Position = named.Offset(duck.Position)
	}
	return nil, err
}

// missedTable reports whether DuckDB knows no such table, schema or database,
// and where it says so; -1: nowhere.
func missedTable(err error) (at int, missed bool) {
	duck := (*bridge.Error)(nil)
	if !errors.As(err, &duck) {
		return -1, false
	}
	switch duck.Type {
	case "Catalog Error":
		return duck.Position, strings.HasPrefix(duck.Message, "Table with name ")
	case "Binder Error":
		return -1, strings.HasPrefix(duck.Message, `Catalog "`) && strings.Contains(duck.Message, `" does not exist!`)
	case "Parser Error": // names of four parts, and Spark's words for a snapshot
		return -1, true
	}
	return -1, false
}

func isParserError(err error) bool {
	duck := (*bridge.Error)(nil)
	return errors.As(err, &duck) && duck.Type == "Parser Error"
}

// ownNames says which names are schemas or databases of DuckDB.
func (s *Session) ownNames(ctx context.Context, c *connection) (func(string) bool, error) {
	rows, err := s.registry.Query(ctx, c.native, "SELECT lower(schema_name), lower(database_name) FROM duckdb_schemas()")
	if err != nil {
		return nil, err
	}
	own := map[any]bool{}
	for rows.Next() {
		for _, v := range rows.Row() {
			own[v] = true
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	return func(name string) bool { return own[strings.ToLower(name)] }, nil
}

// suggest adds near matches among the catalogs' tables to an error about a
// name of two parts or more.
func (s *Session) suggest(ctx context.Context, named *byname.Statement, at int, err error) {
	duck := (*bridge.Error)(nil)
	parts := named.Parts(at)
	if !errors.As(err, &duck) || len(parts) < 2 || len(duck.Candidates) > 0 {
		return
	}
	tables, failed := s.catalogs.List(ctx, "", nil)
	if failed != nil {
		return // the error is about the statement
	}
	var names []string
	for _, t := range tables {
		names = append(names, byname.Name(append(append([]string{}, t.Namespace...), t.Name)))
	}
	if near := meta.NearMatches(byname.Name(parts), names); len(near) > 0 {
		duck.Candidates = near
		duck.Message += "\nDid you mean " + strings.Join(near, ", ") + "?"
	}
}
