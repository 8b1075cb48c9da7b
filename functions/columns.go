package functions

import (
	"context"
	"io"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"psyberg/functions/surface"
)

// batchRows is how many rows a batch of a relation held in memory has at most:
// DuckDB's vectors hold 2048, so a batch fills whole ones.
const batchRows = 4 * 2048

// column is one column of a relation whose rows are Go values of type T: its
// field and how a row appends itself. One list of columns gives the schema,
// the projection and the batches.
type column[T any] struct {
	field  arrow.Field
	append func(b array.Builder, row T)
}

// schemaOf returns the schema of a list of columns.
func schemaOf[T any](cols []column[T]) *arrow.Schema {
	fields := make([]arrow.Field, len(cols))
	for i, c := range cols {
		fields[i] = c.field
	}
	return arrow.NewSchema(fields, nil)
}

// relationOf returns the relation of rows that are known at bind.
func relationOf[T any](cols []column[T], rows []T) *surface.Relation {
	rel := lazyRelation(cols, func(context.Context) ([]T, error) { return rows, nil })
	rel.Rows = int64(len(rows))
	return rel
}

// lazyRelation returns a relation whose rows are fetched when it is opened:
// functions that do I/O beyond the metadata.json keep it out of bind, so that
// EXPLAIN and CREATE VIEW stay cheap.
func lazyRelation[T any](cols []column[T], fetch func(ctx context.Context) ([]T, error)) *surface.Relation {
	return &surface.Relation{
		Schema: schemaOf(cols),
		Rows:   -1,
		Open: func(ctx context.Context, columns []int) (surface.Scan, error) {
			rows, err := fetch(ctx)
			if err != nil {
				return nil, err
			}
			picked := make([]column[T], len(columns))
			for i, c := range columns {
				picked[i] = cols[c]
			}
			return &rowScan[T]{cols: picked, schema: schemaOf(picked), rows: rows}, nil
		},
	}
}

// rowScan yields rows held in memory, a batch at a time.
type rowScan[T any] struct {
	cols   []column[T]
	schema *arrow.Schema
	mu     sync.Mutex
	rows   []T
}

func (s *rowScan[T]) Threads() int { return 1 }
func (s *rowScan[T]) Close()       {}

func (s *rowScan[T]) Next(ctx context.Context) (arrow.RecordBatch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	n := min(len(s.rows), batchRows)
	part := s.rows[:n]
	s.rows = s.rows[n:]
	s.mu.Unlock()
	if n == 0 {
		return nil, io.EOF
	}
	return buildBatch(s.schema, s.cols, part), nil
}

// buildBatch makes one batch of rows.
func buildBatch[T any](schema *arrow.Schema, cols []column[T], rows []T) arrow.RecordBatch {
	arrays := make([]arrow.Array, len(cols))
	for i, c := range cols {
		b := array.NewBuilder(memory.DefaultAllocator, c.field.Type)
		b.Reserve(len(rows))
		for _, r := range rows {
			c.append(b, r)
		}
		arrays[i] = b.NewArray()
		b.Release()
	}
	batch := array.NewRecordBatch(schema, arrays, int64(len(rows)))
	for _, a := range arrays {
		a.Release()
	}
	return batch
}
