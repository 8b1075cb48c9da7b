package catalog

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	icesql "github.com/apache/iceberg-go/catalog/sql"
	_ "github.com/jackc/pgx/v5/stdlib" // database/sql driver "pgx"
	_ "modernc.org/sqlite"             // database/sql driver "sqlite"

	"psyberg/functions/surface"
)

// sqlSource is a SQL catalog: the tables iceberg_tables and
// iceberg_namespace_properties as PyIceberg (V0, V1) and Java's JdbcCatalog
// (V0, V1) have them. Reading is SQL of our own; writing goes through
// iceberg-go.
type sqlSource struct {
	def     definition
	driver  string
	dialect icesql.SupportedDialect
	path    string // of the SQLite file; "" for others
	dsn     string // for drivers other than sqlite

	mu     sync.Mutex
	reader *sql.DB
	wdb    *sql.DB
	cat    *sqlWriter
	files  *files // set by Open
	taken  string // the catalog name in use, once known
}

func newSQLSource(d definition) (*sqlSource, error) {
	uri := d.props["uri"]
	s := &sqlSource{def: d}
	if n := d.props["catalog-name"]; n != "" {
		s.def.name, s.def.nameGiven = n, true
	}
	switch {
	case strings.HasPrefix(uri, "sqlite:"), strings.HasPrefix(uri, "file:"):
		p := d.file
		if p == "" {
			var err error
			if p, err = sqlitePath(uri); err != nil {
				return nil, fmt.Errorf("open catalog %q of %s: %w", d.name, d.origin, err)
			}
		}
		s.driver, s.dialect, s.path = "sqlite", icesql.SQLite, p
		return s, nil
	case strings.HasPrefix(uri, "postgres"):
		_, rest, ok := strings.Cut(uri, "://") // SQLAlchemy's postgresql+psycopg2:// too
		if !ok {
			return nil, fmt.Errorf("open catalog %q of %s: uri %q: postgresql://user@host/db is expected",
				d.name, d.origin, redact(uri))
		}
		s.driver, s.dialect, s.dsn = "pgx", icesql.Postgres, "postgres://"+rest
		return s, nil
	}
	return nil, fmt.Errorf("open catalog %q of %s: uri %q is none of sqlite:///path, postgresql://",
		d.name, d.origin, redact(uri))
}

var errNoCatalogFile = errors.New("the catalog's file is not there")

// db opens the catalog for reading.
func (s *sqlSource) db() (*sql.DB, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reader != nil {
		return s.reader, nil
	}
	dsn := s.dsn
	if s.path != "" {
		if _, err := os.Stat(s.path); err != nil {
			if os.IsNotExist(err) {
				return nil, fmt.Errorf("open catalog %q: %w: %s", s.def.name, errNoCatalogFile, s.path)
			}
			return nil, fmt.Errorf("open catalog %q: %w", s.def.name, err)
		}
		dsn = sqliteDSN(s.path, "rw", false)
	}
	db, err := sql.Open(s.driver, dsn)
	if err != nil {
		return nil, s.openError(err)
	}
	if s.path != "" {
		if db, err = readable(db, s.path); err != nil {
			return nil, s.openError(err)
		}
	}
	s.reader = db
	return db, nil
}

func (s *sqlSource) openError(err error) error {
	if strings.Contains(err.Error(), "unknown driver") {
		return fmt.Errorf("open catalog %q: no driver for %s in this program", s.def.name, s.dialect)
	}
	if isReadonly(err) {
		return fmt.Errorf("open catalog %q to write: this user may not write %s, or not its folder: %w", s.def.name, s.path, err)
	}
	return fmt.Errorf("open catalog %q: %w", s.def.name, err)
}

// texts returns the rows of a query of one column; none where the catalog's
// tables have not been made.
func (s *sqlSource) texts(ctx context.Context, db *sql.DB, query string, args ...any) ([]string, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		if noSuchTable(err) {
			return nil, nil
		}
		return nil, fmt.Errorf("read catalog %q: %w", s.def.name, err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	var out []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("read catalog %q: %w", s.def.name, err)
		}
		out = append(out, text)
	}
	return out, rows.Err()
}

func noSuchTable(err error) bool {
	return strings.Contains(err.Error(), "no such table") || strings.Contains(err.Error(), "does not exist")
}

// catalogName is the name whose rows are ours: the one asked for, or, where
// none was asked for, the only one that the file holds.
func (s *sqlSource) catalogName(ctx context.Context) (string, error) {
	s.mu.Lock()
	taken := s.taken
	s.mu.Unlock()
	if taken != "" {
		return taken, nil
	}
	held, err := s.heldNames(ctx)
	if errors.Is(err, errNoCatalogFile) {
		return s.def.name, nil
	}
	if err != nil {
		return "", err
	}
	name := s.def.name
	if !s.def.nameGiven && len(held) == 1 {
		name = held[0]
	}
	if slices.Contains(held, name) {
		s.mu.Lock()
		s.taken = name
		s.mu.Unlock()
	}
	return name, nil
}

func (s *sqlSource) aliases(ctx context.Context) []string {
	if name, err := s.catalogName(ctx); err == nil && name != s.def.name {
		return []string{name}
	}
	return nil
}

// hint says which names the file holds where ours is none of them: a wrong
// name hides every table.
func (s *sqlSource) hint(ctx context.Context) string {
	held, err := s.heldNames(ctx)
	if err != nil || len(held) == 0 {
		return ""
	}
	name, err := s.catalogName(ctx)
	if err != nil || slices.Contains(held, name) {
		return ""
	}
	return fmt.Sprintf("; the catalog's database has nothing under the name %q, only under %s: give --catalog-name",
		name, strings.Join(held, ", "))
}

type sqlTable struct {
	namespace, name, location string
}

// tables returns all rows of our name that are tables (JdbcCatalog V1 keeps
// views there too), or those of a table's name, a namespace's; "" is any.
func (s *sqlSource) tables(ctx context.Context, table, namespace string) ([]sqlTable, error) {
	name, err := s.catalogName(ctx)
	if err != nil {
		return nil, err
	}
	db, err := s.db()
	if errors.Is(err, errNoCatalogFile) && s.def.embedded {
		return nil, nil // made at the first write: empty until then
	}
	if err != nil {
		return nil, err
	}
	filter, args := "", []any{name}
	for column, value := range map[string]string{"table_name": table, "table_namespace": namespace} {
		if value != "" {
			args = append(args, value)
			filter += " AND " + column + " = " + s.mark(len(args))
		}
	}
	out, err := s.query(ctx, db, filter+" AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL)", args)
	if err != nil && (strings.Contains(err.Error(), "iceberg_type")) {
		out, err = s.query(ctx, db, filter, args) // schema V0
	}
	if err != nil && noSuchTable(err) {
		return nil, nil
	}
	return out, err
}

func (s *sqlSource) query(ctx context.Context, db *sql.DB, filter string, args []any) ([]sqlTable, error) {
	rows, err := db.QueryContext(ctx, "SELECT table_namespace, table_name, metadata_location FROM iceberg_tables "+
		"WHERE catalog_name = "+s.mark(1)+filter+" ORDER BY 1, 2", args...)
	if err != nil {
		return nil, fmt.Errorf("read catalog %q: %w", s.def.name, err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	var out []sqlTable
	for rows.Next() {
		var t sqlTable
		var loc sql.NullString
		if err := rows.Scan(&t.namespace, &t.name, &loc); err != nil {
			return nil, fmt.Errorf("read catalog %q: %w", s.def.name, err)
		}
		t.location = loc.String
		out = append(out, t)
	}
	return out, rows.Err()
}

// encodedNamespace begins iceberg-go's encoding of levels that hold a dot.
const encodedNamespace = "__iceberg_namespace_v1__:"

func levelsOf(namespace string) []string {
	if text, ok := strings.CutPrefix(namespace, encodedNamespace); ok {
		var levels []string
		if json.Unmarshal([]byte(text), &levels) == nil && len(levels) > 0 {
			return levels
		}
	}
	return strings.Split(namespace, ".")
}

func (s *sqlSource) list(ctx context.Context) ([]surface.ListedTable, error) {
	all, err := s.tables(ctx, "", "")
	if err != nil {
		return nil, err
	}
	out := make([]surface.ListedTable, len(all))
	for i, t := range all {
		out[i] = surface.ListedTable{Catalog: s.def.name, Namespace: levelsOf(t.namespace), Name: t.name, MetadataLocation: t.location}
	}
	return out, nil
}

func (s *sqlSource) namespaces(ctx context.Context) ([][]string, error) {
	rows, err := s.namespaceRows(ctx)
	if err != nil {
		return nil, err
	}
	out := make([][]string, len(rows))
	for i, n := range rows {
		out[i] = levelsOf(n)
	}
	return out, nil
}

// namespaceRows are the namespaces as the catalog spells them.
func (s *sqlSource) namespaceRows(ctx context.Context) ([]string, error) {
	name, err := s.catalogName(ctx)
	if err != nil {
		return nil, err
	}
	db, err := s.db()
	if errors.Is(err, errNoCatalogFile) && s.def.embedded {
		return nil, nil // made at the first write: empty until then
	}
	if err != nil {
		return nil, err
	}
	return s.texts(ctx, db, "SELECT table_namespace FROM iceberg_tables WHERE catalog_name = "+s.mark(1)+
		" UNION SELECT namespace FROM iceberg_namespace_properties WHERE catalog_name = "+s.mark(2)+" ORDER BY 1", name, name)
}

func (s *sqlSource) strict() bool { return true }

// writer opens the catalog for writing. Only a file that we make ourselves is
// put into WAL mode: the mode stays with the file, and WAL does not work on
// network file systems.
func (s *sqlSource) writer(ctx context.Context) (catalog.Catalog, error) {
	name, err := s.catalogName(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cat != nil {
		return s.cat, nil
	}
	dsn := s.dsn
	if s.path != "" {
		fresh := !exists(s.path)
		if fresh && !s.def.embedded && !exists(filepath.Dir(s.path)) {
			return nil, fmt.Errorf("open catalog %q: folder %s is not there", s.def.name, filepath.Dir(s.path))
		}
		if err := os.MkdirAll(filepath.Dir(s.path), 0o755); err != nil {
			return nil, fmt.Errorf("open catalog %q: %w", s.def.name, err)
		}
		dsn = sqliteDSN(s.path, "rwc", fresh || s.def.embedded)
	}
	db, err := sql.Open(s.driver, dsn)
	if err != nil {
		return nil, s.openError(err)
	}
	cat, err := icesql.NewCatalog(name, db, s.dialect, iceberg.Properties(s.writerProps()))
	if err != nil {
		return nil, errors.Join(s.openError(err), db.Close())
	}
	s.wdb, s.cat = db, &sqlWriter{cat, s}
	return s.cat, nil
}

// exec changes rows of the catalog and says how many. The writer is open.
func (s *sqlSource) exec(ctx context.Context, query string, args ...any) (int64, error) {
	if s.dialect == icesql.Postgres {
		for i := range args {
			query = strings.Replace(query, "?", fmt.Sprintf("$%d", i+1), 1)
		}
	}
	s.mu.Lock()
	db := s.wdb
	s.mu.Unlock()
	if db == nil {
		return 0, errors.New("the catalog is closed")
	}
	r, err := db.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (s *sqlSource) writerProps() map[string]string {
	props := map[string]string{}
	for k, v := range s.def.props {
		props[k] = v
	}
	if props["warehouse"] == "" && s.path != "" {
		if abs, err := filepath.Abs(filepath.Dir(s.path)); err == nil {
			props["warehouse"] = abs
		}
	}
	return props
}

func (s *sqlSource) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	for _, db := range []*sql.DB{s.reader, s.wdb} {
		if db != nil {
			err = errors.Join(err, db.Close())
		}
	}
	s.reader, s.wdb, s.cat = nil, nil, nil
	return err
}
