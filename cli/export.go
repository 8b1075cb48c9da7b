package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"psyberg/cli/format"
)

// Formats of files, which hold one result: package format has those of texts.
var fileFormats = []string{"parquet", "arrow"}

// batchRows is how many rows are handed over at once: one batch of an Arrow file.
const batchRows = 1 << 16

// export writes one result as a file. It implements format.Writer.
type export struct {
	format string
	used   bool
}

// batches is the part that Parquet and Arrow files have in common.
type batches interface {
	Write(arrow.RecordBatch) error
	Close() error
}

// Write implements format.Writer for results of the engine.
func (e *export) Write(w io.Writer, rows format.Rows) (int64, error) {
	s, ok := rows.(*shown)
	if !ok {
		return 0, fmt.Errorf("write %s: %T is no result of the engine", e.format, rows)
	}
	if e.used {
		return 0, fmt.Errorf("write %s: a file holds one result, and this is the second one: write each to a file of its own", e.format)
	}
	e.used = true
	fields := make([]arrow.Field, len(s.columns))
	for i, c := range s.columns {
		fields[i] = arrow.Field{Name: c.Name, Type: arrowType(s.types[i]), Nullable: true}
	}
	schema := arrow.NewSchema(fields, nil)
	file, err := e.open(w, schema)
	if err != nil {
		return 0, fmt.Errorf("write %s: %w", e.format, err)
	}
	n, err := copyBatches(file, schema, s)
	return n, errors.Join(err, file.Close())
}

func (e *export) open(w io.Writer, schema *arrow.Schema) (batches, error) {
	if e.format == "arrow" {
		return ipc.NewFileWriter(w, ipc.WithSchema(schema))
	}
	props := []parquet.WriterProperty{parquet.WithCompression(compress.Codecs.Zstd), parquet.WithMaxRowGroupLength(rowGroupRows)}
	for _, f := range schema.Fields() {
		// A dictionary of numbers and times costs as much as all the rest, and those
		// that repeat are small without one.
		if _, scalar := f.Type.(arrow.FixedWidthDataType); scalar {
			props = append(props, parquet.WithDictionaryFor(f.Name, false))
		}
	}
	file, err := pqarrow.NewFileWriter(schema, w, parquet.NewWriterProperties(props...), pqarrow.NewArrowWriterProperties(pqarrow.WithStoreSchema()))
	if err != nil {
		return nil, err
	}
	return parquetFile{file}, nil
}

// A row group of a Parquet file is held until it has so many bytes, or rows.
const (
	rowGroupBytes = 32 << 20
	rowGroupRows  = 1 << 20
)

// parquetFile writes row groups of several batches.
type parquetFile struct{ *pqarrow.FileWriter }

// Write implements batches.
func (f parquetFile) Write(batch arrow.RecordBatch) error {
	if err := f.WriteBuffered(batch); err != nil {
		return err
	}
	if f.RowGroupTotalCompressedBytes() < rowGroupBytes {
		return nil
	}
	return f.NewBufferedRowGroupChecked()
}

func copyBatches(file batches, schema *arrow.Schema, s *shown) (n int64, err error) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	flush := func() error {
		batch := b.NewRecordBatch()
		defer batch.Release()
		return file.Write(batch)
	}
	for held := 0; ; {
		err := s.Advance()
		if errors.Is(err, io.EOF) {
			if held > 0 || n == 0 {
				err = flush()
				return n, err
			}
			return n, nil
		}
		if err != nil {
			return n, err
		}
		for i, field := range b.Fields() {
			if err := s.appendArrow(field, i); err != nil {
				return n, fmt.Errorf("column %s: %w", s.columns[i].Name, err)
			}
		}
		n++
		if held++; held == batchRows {
			if err := flush(); err != nil {
				return n, err
			}
			held = 0
		}
	}
}

// appendArrow appends column i of the row that Advance went to.
func (s *shown) appendArrow(b array.Builder, i int) error {
	if s.cells == nil {
		return appendArrow(b, s.row[i], s.types[i])
	}
	if s.cells.AppendArrow(b, i) {
		return nil
	}
	v, err := s.cells.Cell(i)
	if err != nil {
		return err
	}
	return appendArrow(b, v, s.types[i])
}
