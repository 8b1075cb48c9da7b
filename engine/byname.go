package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"psyberg/engine/bridge"
	"psyberg/engine/byname"
	"psyberg/functions/meta"
)

// ask runs a statement on a connection, with tables by name.
func (s *Session) ask(ctx context.Context, c *connection, stmt string) (rows Rows, err error) {
	err = s.named(ctx, c, stmt, func(sql string) (err error) {
		rows, err = s.registry.Query(ctx, c.native, sql)
		return err
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// named tries a statement, to run it or to check it. Where DuckDB misses a table,
// those names of the statement that are tables of the session's catalogs are put in
// their place (package byname), and it is tried again: nothing has run by then.
func (s *Session) named(ctx context.Context, c *connection, stmt string, try func(sql string) error) error {
	if err := s.notDropped(ctx, c, stmt); err != nil {
		return err
	}
	err := try(stmt)
	if err == nil || s.catalogs == nil {
		return err
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
		if isParserError(err) && !named.Deep() {
			break
		}
		taken, failed := s.ownNames(ctx, c)
		if failed != nil {
			return errors.Join(err, failed)
		}
		changed, failed := named.Replace(ctx, at, taken, s.catalogs.Exists)
		if failed != nil {
			return failed
		}
		if !changed {
			s.suggest(ctx, named, at, err)
			break
		}
		if err = try(named.SQL()); err == nil {
			return nil
		}
	}
	if duck := (*bridge.Error)(nil); errors.As(err, &duck) && duck.Position >= 0 {
		if named != nil {
			duck.Position = named.Offset(duck.Position)
		}
		if hint := byname.Garbled(stmt, duck.Position); hint != "" && isParserError(err) {
			duck.Message += "\n" + hint
		}
		unknownArgument(stmt, duck)
	}
	return err
}

// notDropped refuses DROP TABLE IF EXISTS, and ALTER TABLE IF EXISTS, of an Iceberg
// table: DuckDB, which knows no such table, would do nothing and say nothing.
func (s *Session) notDropped(ctx context.Context, c *connection, stmt string) error {
	first, _, _ := strings.Cut(strings.TrimLeft(stmt, " \t\r\n"), " ")
	if s.catalogs == nil || !strings.EqualFold(first, "drop") && !strings.EqualFold(first, "alter") {
		return nil
	}
	t, ok := byname.Written(stmt)
	if !ok || !t.Maybe {
		return nil
	}
	own, err := s.ownNames(ctx, c)
	if err != nil || own(t.Parts[0]) || !s.writesIceberg(ctx, t) {
		return err
	}
	return &bridge.Error{Type: "Catalog Error", Message: t.Hint(), Position: t.At}
}

// missedTable reports whether DuckDB knows no such table, schema or database,
// and where it says so; -1: nowhere.
func missedTable(err error) (at int, missed bool) {
	duck := (*bridge.Error)(nil)
	if !errors.As(err, &duck) {
		return -1, false
	}
	switch duck.Type {
	case "Catalog Error": // of a table that is read, and of a schema that is written to
		return duck.Position, strings.HasPrefix(duck.Message, "Table with name ") || strings.HasPrefix(duck.Message, "View with name ") ||
			strings.HasPrefix(duck.Message, "Schema with name ")
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

// suggest makes of an error about a name of two parts or more how an Iceberg table
// is written to, or adds near matches among the catalogs' tables and metadata tables.
func (s *Session) suggest(ctx context.Context, named *byname.Statement, at int, err error) {
	duck := (*bridge.Error)(nil)
	if !errors.As(err, &duck) || isParserError(err) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, suggestFor)
	defer cancel()
	if name, ok := bareTable(duck); ok {
		s.suggestBare(ctx, duck, name)
	}
	if len(duck.Candidates) > 0 {
		return
	}
	if t, ok := byname.Written(named.Given()); ok && s.writesIceberg(ctx, t) {
		duck.Message, duck.Position = t.Hint(), t.At
		return
	}
	parts, place := named.Missed(at)
	if len(parts) < 2 {
		return
	}
	if at < 0 {
		duck.Position = place
	}
	table, last := parts[:len(parts)-1], parts[len(parts)-1]
	if found, failed := s.catalogs.Exists(ctx, table); len(parts) > 2 && failed == nil && found {
		duck.Message = "Iceberg table " + byname.Name(table) + " has no metadata table " + last
		near := meta.NearMatches(last, byname.MetadataNames())
		for i, n := range near {
			near[i] = byname.Name(append(slices.Clone(table), n))
		}
		if len(near) == 0 {
			duck.Message += "\nThere are " + strings.Join(byname.MetadataNames(), ", ")
		}
		suggested(duck, near)
		return
	}
	names, failed := s.tableNames(ctx)
	if failed != nil {
		duck.Message += "\n" + failed.Error() // which may well be why
		return
	}
	suggested(duck, meta.NearMatches(byname.Name(parts), names))
}

// suggestFor is how long an error may wait for the catalog's tables.
const suggestFor = 2 * time.Second

func (s *Session) tableNames(ctx context.Context) ([]string, error) {
	tables, err := s.catalogs.List(ctx, "", nil)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = byname.Name(append(slices.Clone(t.Namespace), t.Name))
	}
	return names, nil
}

// bareTable is the name of one part that DuckDB has no table of.
func bareTable(duck *bridge.Error) (string, bool) {
	rest, ok := strings.CutPrefix(duck.Message, "Table with name ")
	name, _, found := strings.Cut(rest, " does not exist!")
	return name, ok && found && !strings.ContainsAny(name, ". ")
}

// suggestBare adds the Iceberg tables whose last part is what was written, or near
// it, in the place of near matches among DuckDB's own catalog tables.
func (s *Session) suggestBare(ctx context.Context, duck *bridge.Error, name string) {
	names, err := s.tableNames(ctx)
	if err != nil {
		return
	}
	near := meta.NearMatches(name, names)
	if len(near) == 0 {
		return
	}
	for _, c := range duck.Candidates {
		if !strings.HasPrefix(c, "pg_") && !strings.HasPrefix(c, "duckdb_") && !strings.HasPrefix(c, "sqlite_") {
			near = append(near, c)
		}
	}
	duck.Message, _, _ = strings.Cut(duck.Message, "\n")
	suggested(duck, near)
}

func suggested(duck *bridge.Error, near []string) {
	if len(near) > 0 {
		duck.Candidates = near
		duck.Message += "\nDid you mean " + strings.Join(near, ", ") + "?"
	}
}

// writesIceberg reports whether a statement of SQL's own would write to a table
// of a catalog, or make something in a namespace of one.
func (s *Session) writesIceberg(ctx context.Context, t byname.Target) bool {
	if !strings.HasPrefix(t.Verb, "create") {
		found, err := s.catalogs.Exists(ctx, t.Parts)
		return err == nil && found
	}
	all, err := s.catalogs.Namespaces(ctx, s.catalogs.Default())
	space := t.Parts[:len(t.Parts)-1]
	if space[0] == s.catalogs.Default() {
		space = space[1:]
	}
	return err == nil && slices.ContainsFunc(all, func(n []string) bool { return slices.Equal(n, space) })
}
