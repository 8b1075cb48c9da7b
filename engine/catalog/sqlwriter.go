package catalog

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/iceberg-go"
	icecatalog "github.com/apache/iceberg-go/catalog"
	icesql "github.com/apache/iceberg-go/catalog/sql"
	iceio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"
)

// sqlWriter is iceberg-go's SQL catalog with the three methods of our own that
// write metadata.json: iceberg-go takes locations for URLs, so that a folder "my
// data" becomes "my%20data", and does not make the file durable before the row
// names it.
type sqlWriter struct {
	*icesql.Catalog
	s *sqlSource
}

var _ icecatalog.Catalog = (*sqlWriter)(nil)

// LoadTable implements catalog.Catalog.
func (w *sqlWriter) LoadTable(ctx context.Context, id table.Identifier) (*table.Table, error) {
	namespace, name := id[:len(id)-1], id[len(id)-1]
	loc, err := w.s.locate(ctx, namespace, name)
	if errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("%w: %s", icecatalog.ErrNoSuchTable, quoteName(id))
	}
	if err != nil {
		return nil, err
	}
	m, err := w.read(ctx, loc)
	if err != nil {
		return nil, err
	}
	return w.table(id, m, loc), nil
}

func (w *sqlWriter) read(ctx context.Context, loc string) (table.Metadata, error) {
	b, err := w.s.files.Read(ctx, loc, -1)
	if err == nil {
		b, err = inflate(loc, b)
	}
	if err != nil {
		return nil, err
	}
	m, err := table.ParseMetadataBytes(b)
	if err != nil {
		return nil, fmt.Errorf("read metadata %q: %w", loc, err)
	}
	return m, nil
}

func (w *sqlWriter) table(id table.Identifier, m table.Metadata, loc string) *table.Table {
	props := w.s.writerProps()
	maps.Copy(props, m.Properties())
	return table.New(id, m, loc, iceio.LoadFSFunc(props, loc), w)
}

// CreateTable implements catalog.Catalog. The namespace is there.
func (w *sqlWriter) CreateTable(ctx context.Context, id table.Identifier, schema *iceberg.Schema, opts ...icecatalog.CreateTableOpt) (*table.Table, error) {
	var cfg icecatalog.CreateTableCfg
	for _, o := range opts {
		o(&cfg)
	}
	namespace, name := id[:len(id)-1], id[len(id)-1]
	key, err := w.namespaceKey(ctx, namespace)
	if err != nil {
		return nil, err
	}
	at, err := w.location(ctx, cfg.Location, namespace, key, name)
	if err != nil {
		return nil, err
	}
	m, err := table.NewMetadata(schema, cfg.PartitionSpec, cfg.SortOrder, at, cfg.Properties)
	if err != nil {
		return nil, err
	}
	loc, err := w.writeMetadata(m, 0)
	if err != nil {
		return nil, err
	}
	if err := w.insert(ctx, key, name, loc); err != nil {
		_ = w.s.files.Remove(loc) // else an orphan
		if _, there := w.s.locate(ctx, namespace, name); there == nil {
			return nil, fmt.Errorf("%w: %s", icecatalog.ErrTableAlreadyExists, quoteName(id))
		}
		return nil, err
	}
	return w.table(id, m, loc), nil
}

// location is where a new table goes: as asked for, else below its namespace's
// own location, else below the warehouse.
func (w *sqlWriter) location(ctx context.Context, asked string, namespace []string, key, name string) (string, error) {
	if asked != "" {
		return strings.TrimRight(fullLocation(asked), "/"), nil
	}
	props, err := w.LoadNamespaceProperties(ctx, namespace)
	if err != nil {
		return "", err
	}
	if l := props["location"]; l != "" {
		return strings.TrimRight(fullLocation(l), "/") + "/" + name, nil
	}
	warehouse := w.s.writerProps()["warehouse"]
	if warehouse == "" {
		return "", errors.New("no warehouse is given, nor a location: give --warehouse")
	}
	return strings.TrimRight(fullLocation(warehouse), "/") + "/" + key + ".db/" + name, nil
}

// fullLocation makes a relative path absolute: a table's location means the same
// to whoever reads it, from wherever.
func fullLocation(l string) string {
	if scheme, _, ok := strings.Cut(l, ":"); ok && !strings.Contains(scheme, "/") || filepath.IsAbs(l) {
		return l
	}
	if abs, err := filepath.Abs(l); err == nil {
		return abs
	}
	return l
}

// namespaceKey is how the catalog's rows spell a namespace.
func (w *sqlWriter) namespaceKey(ctx context.Context, namespace []string) (string, error) {
	all, err := w.s.namespaceRows(ctx)
	if err != nil {
		return "", err
	}
	for _, key := range all {
		if slices.Equal(levelsOf(key), namespace) {
			return key, nil
		}
	}
	return strings.Join(namespace, "."), nil
}

// insert adds a table's row. JdbcCatalog's first layout has no iceberg_type.
func (w *sqlWriter) insert(ctx context.Context, key, name, loc string) error {
	catalogName := w.Catalog.Name()
	_, err := w.s.exec(ctx, "INSERT INTO iceberg_tables (catalog_name, table_namespace, table_name, metadata_location, iceberg_type) VALUES (?, ?, ?, ?, 'TABLE')",
		catalogName, key, name, loc)
	if err != nil && strings.Contains(err.Error(), "iceberg_type") {
		_, err = w.s.exec(ctx, "INSERT INTO iceberg_tables (catalog_name, table_namespace, table_name, metadata_location) VALUES (?, ?, ?, ?)",
			catalogName, key, name, loc)
	}
	return err
}

// CommitTable implements catalog.Catalog: requirements, updates, a new
// metadata.json, and the compare-and-set of the row that names it.
func (w *sqlWriter) CommitTable(ctx context.Context, id table.Identifier, reqs []table.Requirement, updates []table.Update) (table.Metadata, string, error) {
	now, err := w.LoadTable(ctx, id)
	if err != nil {
		return nil, "", err
	}
	for _, r := range reqs {
		if err := r.Validate(now.Metadata()); err != nil {
			return nil, "", fmt.Errorf("%w: %w", table.ErrCommitFailed, err)
		}
	}
	from := now.MetadataLocation()
	m, err := table.UpdateTableMetadata(now.Metadata(), updates, from)
	if err != nil {
		return nil, "", err
	}
	if m.Equals(now.Metadata()) {
		return m, from, nil
	}
	loc, err := w.writeMetadata(m, metadataVersion(from)+1)
	if err != nil {
		return nil, "", err
	}
	key, err := w.namespaceKey(ctx, id[:len(id)-1])
	if err != nil {
		return nil, "", errors.Join(err, w.s.files.Remove(loc))
	}
	n, err := w.s.exec(ctx, "UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ? "+
		"WHERE catalog_name = ? AND table_namespace = ? AND table_name = ? AND metadata_location = ?",
		loc, from, w.Catalog.Name(), key, id[len(id)-1], from)
	if err != nil {
		// The row may name the file: who reads it again finds out.
		return nil, "", fmt.Errorf("commit to %s: %w", quoteName(id), err)
	}
	if n == 0 {
		_ = w.s.files.Remove(loc) // else an orphan
		return nil, "", fmt.Errorf("%w: %s: its metadata is no longer %q", table.ErrCommitFailed, quoteName(id), from)
	}
	return m, loc, nil
}

// metadataVersion reads the number of 00017-<uuid>.metadata.json or
// v17.metadata.json; another name counts as -1, and so the next one from 0.
func metadataVersion(location string) int {
	name := strings.TrimPrefix(path.Base(location), "v")
	digits := len(name) - len(strings.TrimLeft(name, "0123456789"))
	n, err := strconv.Atoi(name[:digits])
	if err != nil {
		return -1
	}
	return n
}

// writeMetadata writes a metadata.json under a name that nobody else uses.
func (w *sqlWriter) writeMetadata(m table.Metadata, version int) (loc string, err error) {
	ending := ".metadata.json"
	codec := strings.ToLower(m.Properties()["write.metadata.compression-codec"])
	switch codec {
	case "", "none":
	case "gzip":
		ending = ".gz.metadata.json"
	default:
		return "", fmt.Errorf("write metadata: property write.metadata.compression-codec = %q is none of none, gzip", codec)
	}
	loc = locationsOf(m).metadata(fmt.Sprintf("%05d-%s%s", version, uuid.NewString(), ending))
	out, err := w.s.files.Create(loc)
	if err != nil {
		return "", fmt.Errorf("write metadata %q: %w", loc, err)
	}
	var to io.Writer = out
	var zipped *gzip.Writer
	if codec == "gzip" {
		zipped = gzip.NewWriter(out)
		to = zipped
	}
	err = json.NewEncoder(to).Encode(m)
	if zipped != nil {
		err = errors.Join(err, zipped.Close())
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return "", fmt.Errorf("write metadata %q: %w", loc, errors.Join(err, w.s.files.Remove(loc)))
	}
	return loc, nil
}

// locations are where a table's files go. Nothing is encoded: a location is a
// text, not a URL.
type locations struct{ data, meta string }

func locationsOf(m table.Metadata) locations {
	at := strings.TrimRight(m.Location(), "/")
	l := locations{data: at + "/data", meta: at + "/metadata"}
	if p := m.Properties()["write.data.path"]; p != "" {
		l.data = strings.TrimRight(p, "/")
	}
	if p := m.Properties()["write.metadata.path"]; p != "" {
		l.meta = strings.TrimRight(p, "/")
	}
	return l
}

func (l locations) metadata(name string) string { return l.meta + "/" + name }

func (l locations) dataFile(name string) string { return l.data + "/" + name }
