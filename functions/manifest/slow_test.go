package manifest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// slowPlan is a plan whose every op goes the slow way, by dec, field by field.
func slowPlan(t testing.TB, schema *node, req *Request) (*plan, error) {
	t.Helper()
	p, err := newPlan(schema, req)
	if err != nil {
		return nil, err
	}
	for _, prog := range []*program{p.prog, p.odd, p.check[0], p.check[1]} {
		if prog == nil {
			continue
		}
		prog.fields = nil
		for i := range prog.ops {
			prog.ops[i].fast = noFastWay
		}
	}
	return p, nil
}

// outcomeOf is what a scan yields: its rows, and its error.
func outcomeOf(scan func(emit func(arrow.RecordBatch) error) error) (rows []string, failed string) {
	err := scan(func(rec arrow.RecordBatch) error {
		for _, row := range rowsOf(rec) {
			rows = append(rows, fmt.Sprint(row))
		}
		return nil
	})
	if err != nil {
		failed = err.Error()
	}
	return rows, failed
}

// fastAsSlow fails where the fast ways and the slow one differ on a file.
func fastAsSlow(t testing.TB, data []byte, req *Request) (rows int) {
	t.Helper()
	first := int64(7)
	file := File{Path: "fuzzed", AddedSnapshotID: 7, Sequence: 3, FirstRowID: &first}
	fast, fastErr := outcomeOf(func(emit func(arrow.RecordBatch) error) error {
		return Scan(context.Background(), file, data, req, nil, emit)
	})
	slow, slowErr := outcomeOf(func(emit func(arrow.RecordBatch) error) error {
		c, err := open("manifest", "fuzzed", data)
		if err != nil {
			return err
		}
		p, err := slowPlan(t, c.schema, req)
		if err != nil {
			return fmt.Errorf("read manifest %q: %w", file.Path, err)
		}
		s := &scanner{ctx: context.Background(), file: file, alloc: memory.DefaultAllocator, emit: emit, c: c}
		s.follow(p)
		return s.all()
	})
	if fastErr != slowErr {
		t.Fatalf("%+v: fast: %d rows, %q; slow: %d rows, %q", req, len(fast), fastErr, len(slow), slowErr)
	}
	if !slices.Equal(fast, slow) {
		t.Fatalf("%+v: fast: %d rows, %.2000q; slow: %d rows, %.2000q", req, len(fast), fast, len(slow), slow)
	}
	return len(fast)
}

// variety are requests that take different ways; everything needs parts.
func variety(parts []PartitionField) []*Request {
	return []*Request{
		{Columns: []Column{RecordCount, FileSizeInBytes, Partition}, Partition: parts, Live: true},
		{Columns: []Column{Status, FilePath, SortOrderID}, Bounds: []int32{2}, Counts: []int32{1, 3}},
		{Columns: []Column{SnapshotID, SequenceNumber, FirstRowID, LowerBounds, ValueCounts}, Bounds: []int32{1, 2, 5}, BatchRows: 3},
		{Columns: AllColumns(), Partition: parts, BatchRows: 100},
	}
}

// FuzzFastWays: whatever the entries' bytes are, the fast ways yield what the
// slow one does, or fail as it does.
func FuzzFastWays(f *testing.F) {
	var schemas [][]byte
	for _, s := range append(seedsOf(f, isManifest), longManifest(3)) {
		c, err := open("seed", "seed", s)
		if err != nil {
			f.Fatal(err)
		}
		if c.codec.name != "null" || slices.ContainsFunc(schemas, func(b []byte) bool { return bytes.Equal(b, c.meta.get("avro.schema")) }) {
			continue
		}
		schemas = append(schemas, c.meta.get("avro.schema"))
		if b, ok, err := c.next(); ok && err == nil {
			f.Add(uint8(len(schemas)-1), uint8(0), uint16(b.count), b.packed)
			f.Add(uint8(len(schemas)-1), uint8(3), uint16(b.count), b.packed)
		}
	}
	f.Fuzz(func(t *testing.T, schema, req uint8, n uint16, raw []byte) {
		if len(raw) > 1<<15 {
			return
		}
		data := avroBlock(avroHeader(schemas[int(schema)%len(schemas)]), int(n), raw)
		parts, err := PartitionType("fuzzed", data)
		if err != nil {
			parts = nil
		}
		reqs := variety(parts)
		fastAsSlow(t, data, reqs[int(req)%len(reqs)])
	})
}
