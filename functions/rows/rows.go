// Package rows plans the reading of an Iceberg table's rows as SQL for DuckDB's
// own Parquet reader: which files, their columns by field id, promoted types,
// default values, partition constants, and the three kinds of deletes.
//
// It reads no manifest (the caller hands over files and delete files) and runs
// no SQL. The one thing that it decodes itself is the deletion vector.
package rows

import (
	"context"

	"psyberg/functions/meta"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// Content says what a delete file holds.
type Content int

// The kinds of delete files (Iceberg spec, "Delete Formats").
const (
	PositionDeletes Content = iota // Parquet rows (file_path, pos)
	EqualityDeletes                // Parquet rows with the columns of EqualityIDs
	DeletionVector                 // a blob of a Puffin file
)

// DataFile is one live data file.
type DataFile struct {
	Path      string // as the manifest has it
	Format    string // PARQUET, AVRO, ORC; any case, "" is PARQUET
	Size      int64  // bytes, 0 where unknown
	SpecID    int
	Partition []meta.Value // one per field of the spec
	Sequence  psyberg.SequenceNumber
	// Columns are the field ids that the entry has counts for; nil where that
	// is not known. A partition's source column that is not among them is looked
	// for in the file's footer, and taken from the partition where it is missing.
	Columns map[int]bool
}

// DeleteFile is one live delete file.
type DeleteFile struct {
	Content     Content
	Path        string
	Format      string
	Size        int64
	SpecID      int
	Partition   []meta.Value
	Sequence    psyberg.SequenceNumber
	EqualityIDs []int  // equality deletes only
	Referenced  string // referenced_data_file; always there for a deletion vector
	Offset      int64  // content_offset, deletion vectors only
	Length      int64  // content_size_in_bytes, likewise
}

// Request is one scan.
type Request struct {
	Table   *surface.Table
	Schema  *meta.Schema // of the pinned snapshot
	Data    []DataFile
	Deletes []DeleteFile // those of the same snapshot; ones that apply to nothing do no harm
	// FilePath and Position add the columns _file (as the manifest has it) and
	// _pos (0 is the first row of the file) after the others.
	FilePath, Position bool
	// Where is a predicate in SQL over the schema's columns, "" for none. It is
	// put into the query as it stands, in brackets: parse it first.
	Where string
}

// SQL returns the SELECT that yields the rows of r, deletes applied, columns
// named and ordered as r.Schema. It reads footers only of tables where the
// manifests do not say what a file's columns are: those with a name mapping,
// and those whose nested columns have changed. Files in Avro or ORC are errors.
func SQL(ctx context.Context, r Request) (string, error) {
	p := &planner{Request: r, ctx: ctx, columns: columnsOf(r.Schema)}
	return p.sql()
}
