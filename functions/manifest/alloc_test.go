package manifest

import (
	"context"
	"encoding/binary"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
)

// longManifest makes a manifest of n entries in one block, as an engine writes
// them that keeps bounds and counts of one column.
func longManifest(n int) []byte {
	const pairs = `["null",{"type":"array","items":{"type":"record","name":"p%","fields":[{"name":"key","type":"int","field-id":117},{"name":"value","type":"bytes","field-id":118}]},"logicalType":"map"}]`
	schema := `{"type":"record","name":"manifest_entry","fields":[
		{"name":"status","type":"int","field-id":0},
		{"name":"snapshot_id","type":["null","long"],"field-id":1},
		{"name":"data_file","field-id":2,"type":{"type":"record","name":"r2","fields":[
			{"name":"file_path","type":"string","field-id":100},
			{"name":"file_format","type":"string","field-id":101},
			{"name":"partition","field-id":102,"type":{"type":"record","name":"r102","fields":[{"name":"hour","type":["null","int"],"field-id":1000}]}},
			{"name":"record_count","type":"long","field-id":103},
			{"name":"file_size_in_bytes","type":"long","field-id":104},
			{"name":"lower_bounds","field-id":125,"type":` + pairs + `}]}}]}`
	var raw []byte
	for i := range n {
		raw = append(raw, 2, 2)
		raw = binary.AppendVarint(raw, 1<<60)
		raw = append(append(raw, 18), "file_path"...)
		raw = append(append(raw, 14), "PARQUET"...)
		raw = append(raw, 2)
		raw = binary.AppendVarint(raw, int64(i%24))
		raw = binary.AppendVarint(raw, int64(i)*1000)
		raw = binary.AppendVarint(raw, int64(i)<<30)
		raw = append(raw, 2, 4, 14, 2, 'x', 10, 4, 'a', byte(i), 0)
	}
	return avroBlock(avroHeader([]byte(schema)), n, raw)
}

// TestAllocations: what a narrow scan allocates does not grow with the entries.
func TestAllocations(t *testing.T) {
	const entries = 1000
	data := longManifest(entries)
	req := &Request{Columns: []Column{RecordCount, FileSizeInBytes, Partition}, Bounds: []int32{5}, Live: true,
		Partition: []PartitionField{{ID: 1000, Name: "hour", Type: arrow.PrimitiveTypes.Int32}}}
	rows := 0
	n := testing.AllocsPerRun(50, func() {
		rows = 0
		err := Scan(context.Background(), File{Path: "made"}, data, req, nil, func(b arrow.RecordBatch) error {
			rows += int(b.NumRows())
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	if rows != entries {
		t.Errorf("%d rows, want %d", rows, entries)
	}
	if n > 0.1*entries {
		t.Errorf("%v allocations for %d entries", n, entries)
	}
	t.Logf("%v allocations for %d entries", n, entries)
}
