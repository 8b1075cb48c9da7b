package catalog

import (
	"context"
	"fmt"
	"slices"
	"strings"

	icesql "github.com/apache/iceberg-go/catalog/sql"
)

// What follows looks up single rows by the key (catalog_name, table_namespace,
// table_name): a catalog with 10,000 tables answers as fast as one with ten.

// mark is the dialect's place of argument n, from 1.
func (s *sqlSource) mark(n int) string {
	if s.dialect == icesql.Postgres {
		return fmt.Sprintf("$%d", n)
	}
	return "?"
}

// heldNames returns the catalog names that the file holds, in order.
func (s *sqlSource) heldNames(ctx context.Context) ([]string, error) {
	db, err := s.db()
	if err != nil {
		return nil, err
	}
	var out []string
	for _, table := range []string{"iceberg_tables", "iceberg_namespace_properties"} {
		const order = " ORDER BY catalog_name LIMIT 1"
		next, err := s.texts(ctx, db, "SELECT catalog_name FROM "+table+order)
		for ; err == nil && len(next) == 1; next, err = s.texts(ctx, db, "SELECT catalog_name FROM "+table+" WHERE catalog_name > "+s.mark(1)+order, next[0]) {
			out = append(out, next[0])
		}
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// locate returns where the metadata.json of a table is.
func (s *sqlSource) locate(ctx context.Context, namespace []string, table string) (string, error) {
	// Levels with a dot have several spellings: there all tables of the name are looked at.
	spelling := strings.Join(namespace, ".")
	if strings.Contains(spelling, encodedNamespace) || strings.Count(spelling, ".") != len(namespace)-1 {
		spelling = ""
	}
	found, err := s.tables(ctx, table, spelling)
	if err != nil {
		return "", err
	}
	for _, t := range found {
		if t.name == table && slices.Equal(levelsOf(t.namespace), namespace) {
			if t.location == "" {
				return "", fmt.Errorf("load table %s: the catalog has no metadata location for it", quoteName(append(namespace, table)))
			}
			return t.location, nil
		}
	}
	return "", ErrNotFound
}
