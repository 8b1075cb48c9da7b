// Package surface says what a SQL function is to the rest of the project: its
// name, arguments, columns and batches. Functions are written against it, and
// engine/bridge makes DuckDB table functions of them.
package surface

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"
)

// Function is one table function of the SQL surface.
type Function struct {
	// Name is the public name (iceberg_files). The raw DuckDB function is
	// registered as psyql_<Name>; the public name is a TEMP macro over it.
	Name string
	// Doc is what \df+ prints: what a row is, columns with types, units, when
	// NULL, errors, cost. First line: one sentence.
	Doc string
	// Positional arguments in order, then named ones.
	Positional []Arg
	Named      []Arg
	// Bind checks the arguments and says what the result looks like. The
	// snapshot is pinned here. ctx is that of the running statement.
	Bind func(ctx context.Context, args Args) (*Relation, error)
	// Writes marks functions that change something (psyberg_publish): they
	// work when the scan is opened, never at bind, and run on one thread.
	Writes bool
}

// Arg is one argument. Type is an Arrow type as in Relation.Schema; AnyType
// takes a value of any DuckDB type.
type Arg struct {
	Name string
	Type arrow.DataType
	Doc  string
	// Optional positional arguments default to NULL through the macro.
	Optional bool
}

// AnyType marks an argument that takes values of every type.
var AnyType arrow.DataType = arrow.Null

// Relation is a bound call.
type Relation struct {
	// Schema of all columns. Type mapping to DuckDB: see engine/bridge. A
	// field with metadata key "duckdb" and value "JSON" becomes JSON (from
	// String), with "UUID" UUID (from FixedSizeBinary(16)).
	Schema *arrow.Schema
	// Rows is the expected number of rows, -1 when unknown.
	Rows int64
	// Open starts one execution that yields only the given columns (indices
	// into Schema, in the order wanted; may be empty for count(*)).
	Open func(ctx context.Context, columns []int) (Scan, error)
}

// Scan is one execution.
type Scan interface {
	// Threads is how many goroutines may call Next at the same time, >= 1.
	Threads() int
	// Next returns the next batch, of any number of rows, with the columns
	// that Open was given, in that order; io.EOF at the end. The caller
	// releases the batch, and has copied by then what he keeps, texts too:
	// its memory is used again. With no columns the batch has only NumRows. It
	// returns ctx's error soon after ctx is done.
	Next(ctx context.Context) (arrow.RecordBatch, error)
	// Close frees everything; Next is not running and is not called again.
	Close()
}

// JSONField returns a nullable JSON column.
func JSONField(name string) arrow.Field {
	return arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true,
		Metadata: arrow.NewMetadata([]string{"duckdb"}, []string{"JSON"})}
}
