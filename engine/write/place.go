package write

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/iceberg-go"
	iceio "github.com/apache/iceberg-go/io"
	"github.com/google/uuid"

	"psyberg/functions/meta"
)

// place moves a file that DuckDB wrote to its place in the table and describes
// it. It is durable afterwards: a commit must not name a file that a power cut
// can take away.
func (w *fileWriter) place(ctx context.Context, p *projection, local string, i int) (iceberg.DataFile, error) {
	tuple, err := w.tuple(local)
	if err != nil {
		return nil, fmt.Errorf("write to %s: %w", w.name, err)
	}
	sorted, err := w.sort(ctx, p, &local)
	if err != nil {
		return nil, err
	}
	location := w.location(meta.PartitionPath(w.fields, tuple), i)
	df, err := w.describe(local, location, tuple, sorted)
	if err == nil {
		err = w.put(local, location)
	}
	if err != nil {
		return nil, fmt.Errorf("write to %s: %w", w.name, err)
	}
	return df, nil
}

// sort sorts the rows of one partition's file by the table's sort order, which
// DuckDB does not keep when it writes partitions. Unpartitioned files are
// written in order already.
func (w *fileWriter) sort(ctx context.Context, p *projection, local *string) (bool, error) {
	order, err := w.orderBy()
	if err != nil || order == "" {
		return false, err
	}
	if !w.partitioned() {
		return true, nil
	}
	from, err := quoteGlob(*local)
	if err != nil {
		return false, fmt.Errorf("write to %s: %w", w.name, err)
	}
	to := strings.TrimSuffix(*local, ".parquet") + "-sorted.parquet"
	rows, err := w.run(ctx, "COPY (SELECT * FROM read_parquet("+from+", hive_partitioning = false) ORDER BY "+order+") TO "+quoteText(to)+
		" ("+w.parquetOptions(p)+")")
	if err != nil {
		return false, fmt.Errorf("write to %s: sort: %w", w.name, err)
	}
	for rows.Next() {
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return false, fmt.Errorf("write to %s: sort: %w", w.name, err)
	}
	*local = to
	return true, nil
}

func (w *fileWriter) partitioned() bool {
	for _, f := range w.fields {
		if f.Transform.Kind != meta.TransformVoid {
			return true
		}
	}
	return false
}

// put makes the local file the one at location.
func (w *fileWriter) put(local, location string) error {
	to, ok := localPath(location)
	if !ok {
		return upload(w.store, local, location)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	f, err := os.Open(local)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(local, to); err != nil {
		return err
	}
	return syncDir(filepath.Dir(to))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func upload(store iceio.IO, local, location string) (err error) {
	writer, ok := store.(iceio.WriteFileIO)
	if !ok {
		return fmt.Errorf("create file %q: this store cannot be written", location)
	}
	from, err := os.Open(local)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := writer.Create(location)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

// tuple reads the partition of a file: the transforms of its first row's
// values. All its rows have the same.
func (w *fileWriter) tuple(local string) (_ []meta.Value, err error) {
	out := make([]meta.Value, len(w.fields))
	if !w.partitioned() {
		return out, nil
	}
	r, err := file.OpenParquetFile(local, false)
	if err != nil {
		return nil, fmt.Errorf("read %q back: %w", local, err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for i, f := range w.fields {
		if f.Transform.Kind == meta.TransformVoid {
			continue
		}
		v, err := firstValue(r, f.SourceID, f.Source)
		if err == nil {
			out[i], err = f.Transform.Apply(v)
		}
		if err != nil {
			return nil, fmt.Errorf("partition field %q: %w", f.Name, err)
		}
	}
	return out, nil
}

// firstValue reads the first value of the column with a field id.
func firstValue(r *file.Reader, id int, t meta.Type) (meta.Value, error) {
	schema := r.MetaData().Schema
	for i := range schema.NumColumns() {
		if int(schema.Column(i).SchemaNode().FieldID()) != id {
			continue
		}
		col, err := r.RowGroup(0).Column(i)
		if err != nil {
			return meta.Null, err
		}
		raw, err := firstRaw(col)
		if err != nil || raw == nil {
			return meta.Null, err
		}
		return meta.DecodeBound(t, boundBytes(t, raw))
	}
	return meta.Null, nil // the file does not have the column
}

// firstRaw returns the plain encoding of a column's first value, nil for NULL.
func firstRaw(col file.ColumnChunkReader) ([]byte, error) {
	def := make([]int16, 1)
	var n int
	var err error
	var raw []byte
	switch c := col.(type) {
	case *file.BooleanColumnChunkReader:
		v := make([]bool, 1)
		if _, n, err = c.ReadBatch(1, v, def, nil); n == 1 {
			raw = []byte{0}
			if v[0] {
				raw[0] = 1
			}
		}
	case *file.Int32ColumnChunkReader:
		v := make([]int32, 1)
		if _, n, err = c.ReadBatch(1, v, def, nil); n == 1 {
			raw = arrow.Int32Traits.CastToBytes(v)
		}
	case *file.Int64ColumnChunkReader:
		v := make([]int64, 1)
		if _, n, err = c.ReadBatch(1, v, def, nil); n == 1 {
			raw = arrow.Int64Traits.CastToBytes(v)
		}
	case *file.Float32ColumnChunkReader:
		v := make([]float32, 1)
		if _, n, err = c.ReadBatch(1, v, def, nil); n == 1 {
			raw = arrow.Float32Traits.CastToBytes(v)
		}
	case *file.Float64ColumnChunkReader:
		v := make([]float64, 1)
		if _, n, err = c.ReadBatch(1, v, def, nil); n == 1 {
			raw = arrow.Float64Traits.CastToBytes(v)
		}
	case *file.ByteArrayColumnChunkReader:
		v := make([]parquet.ByteArray, 1)
		if _, n, err = c.ReadBatch(1, v, def, nil); n == 1 {
			raw = append([]byte{}, v[0]...)
		}
	case *file.FixedLenByteArrayColumnChunkReader:
		v := make([]parquet.FixedLenByteArray, 1)
		if _, n, err = c.ReadBatch(1, v, def, nil); n == 1 {
			raw = append([]byte{}, v[0]...)
		}
	default:
		return nil, fmt.Errorf("a column of type %T cannot partition a table", col)
	}
	return raw, err
}

// partitionValue is a value as iceberg-go's manifest writer takes it.
func partitionValue(v meta.Value) (any, error) {
	switch v.Kind {
	case meta.KindInvalid:
		return nil, nil
	case meta.KindBoolean:
		return v.Int != 0, nil
	case meta.KindInt:
		return int32(v.Int), nil
	case meta.KindLong:
		return v.Int, nil
	case meta.KindDate:
		return iceberg.Date(v.Int), nil
	case meta.KindTime:
		return iceberg.Time(v.Int), nil
	case meta.KindTimestamp, meta.KindTimestampTZ:
		return iceberg.Timestamp(v.Int), nil
	case meta.KindTimestampNS, meta.KindTimestampTZNS:
		return iceberg.TimestampNano(v.Int), nil
	case meta.KindFloat:
		return float32(v.Float), nil
	case meta.KindDouble:
		return v.Float, nil
	case meta.KindString:
		return string(v.Bytes), nil
	case meta.KindUUID:
		return uuid.FromBytes(v.Bytes)
	case meta.KindBinary, meta.KindFixed:
		return v.Bytes, nil
	case meta.KindDecimal:
		return decimalLiteral(v)
	}
	return nil, fmt.Errorf("partition values of type %s are not written", v.Kind)
}
