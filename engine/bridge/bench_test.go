package bridge

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// fileRows are n rows of 12 columns as a row of iceberg_files has them: ids,
// a path of 110 bytes, times, a partition STRUCT, and one MAP if nested.
func fileRows(n int, nested bool) arrow.RecordBatch {
	fields := []arrow.Field{
		nullable("content", i32), nullable("file_path", str), nullable("file_format", str), nullable("spec_id", i32),
		nullable("record_count", i64), nullable("file_size_in_bytes", i64), nullable("committed_at", instant),
		nullable("snapshot_id", i64), nullable("sequence_number", i64), nullable("sort_order_id", i32),
		nullable("min_event_ts", instant), nullable("max_event_ts", instant),
	}
	if nested {
		fields[3] = nullable("partition", arrow.StructOf(nullable("landing_date", arrow.FixedWidthTypes.Date32), nullable("hour", i32)))
		fields[9] = nullable("value_counts", arrow.MapOf(i32, i64))
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil))
	defer b.Release()
	path := "s3://warehouse/ns/signup_fact/data/landing_date=2023-09-14/hour=%02d/batch_id=1692810122580_70666/%05d-part.parquet"
	for i := range n {
		for c, fb := range b.Fields() {
			switch fb := fb.(type) {
			case *array.Int32Builder:
				if c == 9 && i%3 == 0 {
					fb.AppendNull()
				} else {
					fb.Append(int32(i))
				}
			case *array.Int64Builder:
				fb.Append(int64(i) << 20)
			case *array.TimestampBuilder:
				fb.Append(arrow.Timestamp(1694704259000000 + i))
			case *array.StringBuilder:
				if c == 1 {
					fb.Append(fmt.Sprintf(path, i%24, i))
				} else {
					fb.Append("PARQUET")
				}
			case *array.StructBuilder:
				fb.Append(true)
				fb.FieldBuilder(0).(*array.Date32Builder).Append(19614)
				fb.FieldBuilder(1).(*array.Int32Builder).Append(int32(i % 24))
			case *array.MapBuilder:
				fb.Append(true)
				for k := range 4 {
					fb.KeyBuilder().(*array.Int32Builder).Append(int32(k))
					fb.ItemBuilder().(*array.Int64Builder).Append(int64(i))
				}
			}
		}
	}
	return b.NewRecordBatch()
}

// BenchmarkHandOver: what a row of 12 columns costs from an Arrow batch into
// DuckDB, in CPU time of the whole process (cpu-ns/row). The contract is 300 ns.
func BenchmarkHandOver(b *testing.B) {
	const batches, size = 64, 16 * 1024
	for _, tt := range []struct {
		name   string
		nested bool
	}{{"flat", false}, {"struct-and-map", true}} {
		batch := fileRows(size, tt.nested)
		all := make([]arrow.RecordBatch, batches)
		for i := range all {
			all[i] = batch
		}
		d := openDB(b, batchFunction("files", 1, all...))
		d.rows("SET threads = 1")
		var counts []string
		for _, f := range batch.Schema().Fields() {
			counts = append(counts, "count("+QuoteIdent(f.Name)+")")
		}
		query := "SELECT " + strings.Join(counts, ", ") + " FROM files()"
		if got := d.rows(query)[0][0]; got != int64(batches*size) {
			b.Fatalf("%v rows", got)
		}
		b.Run(tt.name, func(b *testing.B) {
			from := cpu(b)
			for b.Loop() {
				d.rows(query)
			}
			rows := float64(b.N) * batches * size
			b.ReportMetric(float64((cpu(b)-from).Nanoseconds())/rows, "cpu-ns/row")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/rows, "ns/row")
		})
	}
}

// cpu is the CPU time of this process so far.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
