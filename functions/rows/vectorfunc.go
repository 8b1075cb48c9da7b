package rows

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"psyberg/functions/surface"
)

// VectorFunctionName is the public name of VectorFunction; the SQL of a scan
// calls the raw function, psyql_ before it.
const VectorFunctionName = "iceberg_deletion_vectors"

const vectorBatch = 64 * 1024

var vectorSchema = arrow.NewSchema([]arrow.Field{
	{Name: "file", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "pos", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
}, nil)

// VectorFunction is the table function that yields the positions of deletion
// vectors.
func VectorFunction(tables surface.Tables) *surface.Function {
	blob := arrow.StructOf(
		arrow.Field{Name: "path", Type: arrow.BinaryTypes.String, Nullable: true},
		arrow.Field{Name: "offset", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		arrow.Field{Name: "length", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		arrow.Field{Name: "file", Type: arrow.BinaryTypes.String, Nullable: true},
	)
	return &surface.Function{
		Name: VectorFunctionName,
		Doc: `One row per row that a deletion vector deletes.

Columns: file VARCHAR, the text given with the vector; pos BIGINT, the row's position in its data file, 0 is the
first. Neither is ever NULL. iceberg_rows calls this; by itself it is a way to look at a deletion vector. A Puffin
file that is damaged is an error [PSY_DAMAGED].`,
		Positional: []surface.Arg{
			{Name: "t", Type: arrow.BinaryTypes.String, Doc: "the table whose files they are"},
			{Name: "vectors", Type: arrow.ListOf(blob), Doc: "path, content_offset and content_size_in_bytes as iceberg_files has them, and a text that names the data file in the rows"},
		},
		Bind: func(ctx context.Context, args surface.Args) (*surface.Relation, error) {
			name, err := args.PositionalText(0, "t")
			if err != nil {
				return nil, err
			}
			if len(args.Positional) < 2 {
				return nil, fmt.Errorf("argument 2 (vectors) is missing")
			}
			blobs, err := vectorBlobs(args.Positional[1])
			if err != nil {
				return nil, err
			}
			return &surface.Relation{Schema: vectorSchema, Rows: -1, Open: func(ctx context.Context, columns []int) (surface.Scan, error) {
				t, err := tables.Load(ctx, name)
				if err != nil {
					return nil, err
				}
				return &vectorScan{files: t.Files, blobs: blobs, columns: columns}, nil
			}}, nil
		},
	}
}

// blobRef is one element of the function's list, all vectors of a Puffin file
// together, so that it is read once.
type blobRef struct {
	path    string
	vectors []vectorRef
}

type vectorRef struct {
	offset, length int64
	file           string
}

func vectorBlobs(arg any) ([]blobRef, error) {
	list, ok := arg.([]any)
	if !ok {
		return nil, fmt.Errorf("argument 2 (vectors) is %T, not a list of structs", arg)
	}
	var out []blobRef
	at := map[string]int{}
	for i, e := range list {
		m, ok := e.(map[string]any)
		path, ok1 := m["path"].(string)
		offset, ok2 := m["offset"].(int64)
		length, ok3 := m["length"].(int64)
		file, ok4 := m["file"].(string)
		if !ok || !ok1 || !ok2 || !ok3 || !ok4 {
			return nil, fmt.Errorf("argument 2 (vectors): element %d lacks one of path, offset, length, file", i+1)
		}
		n, seen := at[path]
		if !seen {
			n = len(out)
			at[path] = n
			out = append(out, blobRef{path: path})
		}
		out[n].vectors = append(out[n].vectors, vectorRef{offset, length, file})
	}
	return out, nil
}

// vectorScan hands out Puffin files to the threads that ask for batches.
type vectorScan struct {
	files   surface.Files
	blobs   []blobRef
	columns []int
	nextRef atomic.Int64

	mu      sync.Mutex
	started []*vectorCursor // files that still have batches
}

// vectorCursor is where a thread stands in one Puffin file.
type vectorCursor struct {
	path    string
	data    []byte
	vectors []vectorRef
	pending []int64 // positions of vectors[0] not yet handed out
}

func (s *vectorScan) Threads() int { return max(1, min(4, len(s.blobs))) }

func (s *vectorScan) Close() {}

func (s *vectorScan) take() *vectorCursor {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.started); n > 0 {
		c := s.started[n-1]
		s.started = s.started[:n-1]
		return c
	}
	return nil
}

func (s *vectorScan) Next(ctx context.Context) (arrow.RecordBatch, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c := s.take()
		if c == nil {
			i := s.nextRef.Add(1) - 1
			if i >= int64(len(s.blobs)) {
				return nil, io.EOF
			}
			b := s.blobs[i]
			data, err := s.files.Read(ctx, b.path, -1)
			if err != nil {
				return nil, fmt.Errorf("read deletion vectors %q: %w", b.path, err)
			}
			c = &vectorCursor{path: b.path, data: data, vectors: b.vectors}
		}
		batch, err := c.batch(s.columns)
		if err != nil {
			return nil, err
		}
		if len(c.vectors) > 0 {
			s.mu.Lock()
			s.started = append(s.started, c)
			s.mu.Unlock()
		}
		if batch.NumRows() > 0 {
			return batch, nil
		}
		batch.Release()
	}
}

// batch returns the next positions, of one vector or of many small ones.
func (c *vectorCursor) batch(columns []int) (arrow.RecordBatch, error) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, vectorSchema)
	defer b.Release()
	files, pos := b.Field(0).(*array.StringBuilder), b.Field(1).(*array.Int64Builder)
	for pos.Len() < vectorBatch && len(c.vectors) > 0 {
		if c.pending == nil {
			v, err := vectorOf(c.data, c.vectors[0].offset, c.vectors[0].length)
			if err != nil {
				return nil, fmt.Errorf("read deletion vector %q at %d: %w [PSY_DAMAGED]", c.path, c.vectors[0].offset, err)
			}
			c.pending = make([]int64, 0, min(v.Len(), 1<<24))
			v.Positions(func(p []int64) bool { c.pending = append(c.pending, p...); return true })
		}
		n := min(len(c.pending), vectorBatch-pos.Len())
		pos.AppendValues(c.pending[:n], nil)
		for range n {
			files.Append(c.vectors[0].file)
		}
		if c.pending = c.pending[n:]; len(c.pending) == 0 {
			c.pending, c.vectors = nil, c.vectors[1:]
		}
	}
	all := b.NewRecordBatch()
	defer all.Release()
	fields, cols := make([]arrow.Field, len(columns)), make([]arrow.Array, len(columns))
	for i, n := range columns {
		fields[i], cols[i] = vectorSchema.Field(n), all.Column(n)
	}
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), cols, all.NumRows()), nil
}
