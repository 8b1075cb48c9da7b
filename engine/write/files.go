package write

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/apache/iceberg-go"
	iceio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"

	"psyberg/engine/bridge"
	"psyberg/functions/meta"
)

// Query runs one statement: Runner.Direct in a statement handler, Runner.Inner
// in a function.
type Query func(ctx context.Context, sql string) (bridge.Rows, error)

// Remove deletes files that were written and not committed. A
// file that stays is an orphan, no more.
func Remove(ctx context.Context, t *table.Table, files []iceberg.DataFile) error {
	if len(files) == 0 {
		return nil
	}
	store, err := t.FS(ctx)
	if err != nil {
		return fmt.Errorf("remove files of %s: %w", t.Location(), err)
	}
	var errs []error
	for _, f := range files {
		errs = append(errs, removeFile(store, f.FilePath()))
	}
	return errors.Join(errs...)
}

func removeFile(store iceio.IO, location string) error {
	if p, ok := localPath(location); ok { // iceberg-go would decode a '%' in it
		return os.Remove(p)
	}
	return store.Remove(location)
}

// fileWriter writes the data files of one statement.
type fileWriter struct {
	run    Query
	table  *table.Table
	name   string // for errors
	meta   *meta.Metadata
	schema *meta.Schema
	spec   *meta.PartitionSpec
	fields []meta.BoundField
	store  iceio.IO
	id     string // in the name of every file
	dir    string // location of the data files
	// step, where it is not nil, is called before every step that touches the
	// world: tests fail or kill there.
	step func(string) error
}

func newFileWriter(ctx context.Context, run Query, t *table.Table) (*fileWriter, error) {
	name := strings.Join(t.Identifier(), ".")
	m, err := metadataOf(t)
	if err != nil {
		return nil, fmt.Errorf("write to %s: %w", name, err)
	}
	w := &fileWriter{run: run, table: t, name: name, meta: m, schema: m.CurrentSchema(), id: uuid.NewString()}
	var ok bool
	if w.spec, ok = m.Spec(m.DefaultSpecID); !ok {
		return nil, fmt.Errorf("write to %s: the table has no partition spec %d", name, m.DefaultSpecID)
	}
	w.fields = m.Bind(w.spec)
	for _, f := range w.fields {
		if f.SourceDropped && f.Transform.Kind != meta.TransformVoid {
			return nil, fmt.Errorf("write to %s: partition field %q: its source column is gone: change the table's partition spec", name, f.Name)
		}
	}
	if w.store, err = t.FS(ctx); err != nil {
		return nil, fmt.Errorf("write to %s: %w", name, err)
	}
	w.dir = strings.TrimRight(m.Location, "/") + "/data"
	if d := m.Properties["write.data.path"]; d != "" {
		w.dir = strings.TrimRight(d, "/")
	}
	return w, nil
}

// metadataOf is the same metadata as functions read it.
func metadataOf(t *table.Table) (*meta.Metadata, error) {
	b, err := json.Marshal(t.Metadata())
	if err != nil {
		return nil, fmt.Errorf("read metadata: %w", err)
	}
	return meta.Parse(t.MetadataLocation(), b)
}

func (w *fileWriter) before(ctx context.Context, what string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if w.step == nil {
		return nil
	}
	return w.step(what)
}

// write writes the rows of a SELECT as Parquet files below the table's data
// location, one set of files for each partition, and returns them with the
// metrics that a manifest entry has. Nothing is committed.
//
// Columns are matched by name (upper and lower case are one) and cast to the
// table's types; a column that the table does not have is an error, one that is
// missing is its write default or NULL, or an error where it is required. No
// rows: no files.
//
// Killed in it: files that no manifest names. An error leaves none.
func (w *fileWriter) write(ctx context.Context, query string) (out []iceberg.DataFile, err error) {
	columns, err := w.columns(ctx, query)
	if err != nil {
		return nil, err
	}
	p, err := project(w.name, w.schema, columns)
	if err != nil {
		return nil, err
	}
	scratch, err := w.scratch()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	if err := w.before(ctx, "write rows"); err != nil {
		return nil, err
	}
	local, err := w.copy(ctx, p, query, scratch)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = Remove(context.WithoutCancel(ctx), w.table, out) // else orphans
			out = nil
		}
	}()
	for i, f := range local {
		if err := w.before(ctx, "place file"); err != nil {
			return out, err
		}
		df, err := w.place(ctx, p, f, i)
		if err != nil {
			return out, err
		}
		out = append(out, df)
	}
	return out, nil
}

// columns asks DuckDB what a query returns.
func (w *fileWriter) columns(ctx context.Context, query string) ([]bridge.Column, error) {
	rows, err := w.run(ctx, probeHead+query+probeTail)
	if err != nil {
		return nil, atQuery(err, len(probeHead), len(query))
	}
	columns := rows.Columns()
	for rows.Next() {
	}
	return columns, errors.Join(rows.Err(), rows.Close())
}

// A comment may end the query: the bracket stands on a line of its own.
const probeHead, probeTail = "SELECT * FROM (", "\n) LIMIT 0"

// scratch makes a folder that DuckDB writes into: beside the data where that is
// local, so that files only have to be renamed.
func (w *fileWriter) scratch() (string, error) {
	dir, ok := localPath(w.dir)
	if !ok {
		return os.MkdirTemp("", "psyberg-")
	}
	dir = filepath.Join(dir, ".psyberg-"+w.id)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("write to %s: %w", w.name, err)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("write to %s: %w", w.name, err)
	}
	return abs, nil
}

// copy lets DuckDB write the rows, and returns the files that have some.
func (w *fileWriter) copy(ctx context.Context, p *projection, query, scratch string) ([]string, error) {
	sql, err := w.copySQL(p, query, scratch)
	if err != nil {
		return nil, err
	}
	rows, err := w.run(ctx, sql)
	if err != nil {
		return nil, fmt.Errorf("write to %s: %w", w.name, err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		r := rows.Row()
		name, ok := r[0].(string)
		if !ok {
			return nil, fmt.Errorf("write to %s: DuckDB returned %v for a file name", w.name, r[0])
		}
		if count := fmt.Sprint(r[1]); count != "0" {
			out = append(out, name)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("write to %s: %w", w.name, err)
	}
	return out, nil
}

// copySQL is the COPY to Parquet. Rows of one partition have one number (the
// MD5 of their values), by which DuckDB sorts them into folders; the values
// themselves are read back from each file's first row, since a folder's name
// cannot hold every value, nor tell NULL from a text.
func (w *fileWriter) copySQL(p *projection, query, scratch string) (string, error) {
	cols := make([]string, len(p.columns))
	for i, c := range p.columns {
		cols[i] = c.value + " AS " + quoteIdent(c.field.Name)
	}
	sel := "SELECT " + strings.Join(cols, ", ") + " FROM (" + query + "\n)"
	key, helpers, err := w.partitionKey()
	if err != nil {
		return "", fmt.Errorf("write to %s: %w", w.name, err)
	}
	opts := w.parquetOptions(p) + ", RETURN_STATS true"
	if key != "" {
		name := w.freeName("psyberg_partition")
		all := "*"
		if len(helpers) > 0 {
			sel = "SELECT *, " + strings.Join(helpers, ", ") + " FROM (" + sel + ")"
			all = "COLUMNS(lambda c: NOT starts_with(c, " + quoteText(w.helper("")) + "))"
		}
		sel = "SELECT " + all + ", " + key + " AS " + quoteIdent(name) + " FROM (" + sel + ") ORDER BY " + quoteIdent(name)
		opts += ", PARTITION_BY (" + quoteIdent(name) + "), FILENAME_PATTERN 'part-{i}'"
		return "COPY (" + sel + ") TO " + quoteText(scratch) + " (" + opts + ", OVERWRITE_OR_IGNORE true)", nil
	}
	order, err := w.orderBy()
	if err != nil {
		return "", fmt.Errorf("write to %s: %w", w.name, err)
	}
	if order != "" {
		return "COPY (SELECT * FROM (" + sel + ") ORDER BY " + order + ") TO " + quoteText(filepath.Join(scratch, "part-0.parquet")) +
			" (" + opts + ")", nil
	}
	opts += ", FILENAME_PATTERN 'part-{i}', OVERWRITE_OR_IGNORE true, FILE_SIZE_BYTES " + strconv.FormatInt(w.targetSize(), 10)
	return "COPY (" + sel + ") TO " + quoteText(filepath.Join(scratch, "files")) + " (" + opts + ")", nil
}

// freeName is a column name that the table does not have.
func (w *fileWriter) freeName(name string) string {
	for taken := true; taken; {
		taken = false
		for _, f := range w.schema.Fields {
			if strings.EqualFold(f.Name, name) {
				name, taken = name+"_", true
			}
		}
	}
	return name
}

// partitionKey is a number that is equal for two rows exactly where their
// partition values are; "" for an unpartitioned table. helpers are columns that
// it needs beside the table's.
func (w *fileWriter) partitionKey() (key string, helpers []string, err error) {
	var parts []string
	for _, f := range w.fields {
		if f.Transform.Kind == meta.TransformVoid {
			continue
		}
		column := w.access(f.SourceID)
		value, err := transformSQL(f.Transform, f.Source, column)
		if err != nil {
			return "", nil, fmt.Errorf("partition field %q: %w", f.Name, err)
		}
		if x := hexSQL(f.Source, column); x != "" && f.Transform.Kind == meta.TransformBucket {
			// Computed once: DuckDB would do it again for every block of four bytes.
			h := w.helper(strconv.Itoa(f.ID))
			helpers = append(helpers, x+" AS "+quoteIdent(h))
			value = bucketSQL(hashHexSQL(quoteIdent(h)), f.Transform.Arg)
		}
		text := "(" + value + ")::VARCHAR" // with its length: two fields never run together
		parts = append(parts, "coalesce('v' || strlen("+text+") || ':' || "+text+", 'n')")
	}
	if len(parts) == 0 {
		return "", nil, nil
	}
	return "md5_number(" + strings.Join(parts, " || ") + ")", helpers, nil
}

// helper is the name of a helper column.
func (w *fileWriter) helper(name string) string { return "psyberg_hex_" + w.id + "_" + name }

// orderBy is the table's sort order as SQL; "" where it has none.
func (w *fileWriter) orderBy() (string, error) {
	if w.meta.DefaultSortOrderID == 0 {
		return "", nil
	}
	for _, o := range w.meta.SortOrders {
		if o.ID != w.meta.DefaultSortOrderID {
			continue
		}
		var parts []string
		for _, f := range o.Fields {
			field, ok := w.schema.FieldByID(f.SourceID)
			if !ok {
				return "", nil // by a column that is gone: the rows are not sorted
			}
			value, err := transformSQL(f.Transform, field.Type, w.access(f.SourceID))
			if err != nil {
				return "", fmt.Errorf("sort order %d: %w", o.ID, err)
			}
			dir, nulls := "ASC", "NULLS FIRST"
			if strings.EqualFold(f.Direction, "desc") {
				dir = "DESC"
			}
			if strings.EqualFold(f.NullOrder, "nulls-last") {
				nulls = "NULLS LAST"
			}
			parts = append(parts, value+" "+dir+" "+nulls)
		}
		return strings.Join(parts, ", "), nil
	}
	return "", nil
}

// parquetOptions are the options that every COPY of this statement has.
func (w *fileWriter) parquetOptions(p *projection) string {
	opts := "FORMAT parquet, FIELD_IDS " + p.fieldIDs()
	codec := strings.ToLower(w.meta.Properties["write.parquet.compression-codec"])
	switch codec {
	case "snappy", "gzip", "brotli", "uncompressed":
	case "lz4":
		codec = "lz4_raw"
	case "none":
		codec = "uncompressed"
	default:
		codec = "zstd" // Iceberg's default
	}
	opts += ", COMPRESSION " + codec
	if n, err := strconv.Atoi(w.meta.Properties["write.parquet.compression-level"]); err == nil && codec == "zstd" && 1 <= n && n <= 22 {
		opts += ", COMPRESSION_LEVEL " + strconv.Itoa(n)
	}
	if n, err := strconv.Atoi(w.meta.Properties["write.parquet.row-group-limit"]); err == nil && n > 0 {
		opts += ", ROW_GROUP_SIZE " + strconv.Itoa(n)
	}
	return opts
}

// targetSize is where DuckDB begins a new file.
func (w *fileWriter) targetSize() int64 {
	if n, err := strconv.ParseInt(w.meta.Properties["write.target-file-size-bytes"], 10, 64); err == nil && n > 0 {
		return n
	}
	return 512 << 20 // Iceberg's default
}

// location is where file i of a partition goes: folders as Iceberg names them,
// where the file system can hold such names.
func (w *fileWriter) location(partition string, i int) string {
	name := fmt.Sprintf("%05d-%s.parquet", i, w.id)
	if partition == "" {
		return w.dir + "/" + name
	}
	levels := strings.Split(partition, "/")
	for j, l := range levels {
		if len(l) > maxFolderName || strings.HasPrefix(l, ".") {
			levels[j] = "p" + uuid.NewSHA1(uuid.NameSpaceURL, []byte(l)).String()
		}
	}
	return w.dir + "/" + path.Join(levels...) + "/" + name
}

const maxFolderName = 200
