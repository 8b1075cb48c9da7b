package catalog

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestLocate: a table is found under each spelling of its namespace, by a look at
// rows of that key alone; and no other one is.
func TestLocate(t *testing.T) {
	t.Parallel()
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "catalog.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`CREATE TABLE iceberg_tables (catalog_name TEXT, table_namespace TEXT, table_name TEXT, metadata_location TEXT, PRIMARY KEY (catalog_name, table_namespace, table_name));
		CREATE TABLE iceberg_namespace_properties (catalog_name TEXT, namespace TEXT, property_key TEXT, property_value TEXT);
		INSERT INTO iceberg_namespace_properties VALUES ('void', 'x', 'exists', 'true'), ('mine', 'x', 'exists', 'true');
		INSERT INTO iceberg_tables VALUES
			('mine', 'a', 't', 'plain'), ('mine', 'a.b', 't', 'nested'), ('mine', '__iceberg_namespace_v1__:["a.b"]', 't', 'dotted'),
			('mine', '__iceberg_namespace_v1__:["a.b","c"]', 't', 'mixed'), ('mine', '__iceberg_namespace_v1__:x', 't', 'legacy'),
			('mine', 'a', 'u', NULL), ('other', 'a', 'v', 'others'), ('zoo', 'a', 'w', 'z')`); err != nil {
		t.Fatal(err)
	}
	s, err := newSQLSource(definition{name: "mine", nameGiven: true, props: map[string]string{"uri": "sqlite:///" + path}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		levels []string
		want   string
	}{
		{[]string{"a", "t"}, "plain"}, {[]string{"a", "b", "t"}, "nested"}, {[]string{"a.b", "t"}, "dotted"}, {[]string{"a.b", "c", "t"}, "mixed"},
		{[]string{"__iceberg_namespace_v1__:x", "t"}, "legacy"},
		{[]string{"a", "b", "c", "t"}, "not found"}, {[]string{"A", "t"}, "not found"}, {[]string{"a", "T"}, "not found"}, {[]string{"a", "v"}, "not found"},
		{[]string{"a", "u"}, "no metadata location"},
	} {
		last := len(tt.levels) - 1
		got, err := s.locate(ctx, tt.levels[:last], tt.levels[last])
		switch {
		case errors.Is(err, ErrNotFound):
			got = "not found"
		case err != nil:
			got = err.Error()
		}
		if !strings.Contains(got, tt.want) {
			t.Errorf("%q: %q, want %q", tt.levels, got, tt.want)
		}
	}
	if held, err := s.heldNames(ctx); err != nil || !slices.Equal(held, []string{"mine", "other", "void", "zoo"}) {
		t.Errorf("catalog names %q %v", held, err)
	}
	if rows, err := s.tables(ctx, "t", "a"); err != nil || len(rows) != 1 {
		t.Errorf("%v of the catalog's rows are read, %v", rows, err)
	}
}
