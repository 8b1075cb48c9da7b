package manifest

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// likeness says how entries of a test differ from each other.
type likeness struct {
	status    func(i int) int64
	partition func(i int) int64 // the day; the batch is a text of so many letters
	path      func(i int) int   // its length
	rows      func(i int) int64
	null      func(i int) bool  // counts of nulls are missing
	size      func(i int) int64 // the file's
}

// entries are n entries of randomSchema, alike but for what l says.
func (l likeness) entries(r *rand.Rand, n int) []byte {
	m := &maker{Rand: r}
	value := func(f func(int) int64, i int, or int64) int64 {
		if f == nil {
			return or
		}
		return f(i)
	}
	for i := range n {
		m.num(value(l.status, i, added))
		m.num(1)
		m.num(1 << 60)
		m.num(0)
		m.num(0)
		m.num(0)
		length := 90
		if l.path != nil {
			length = l.path(i)
		}
		m.text(length)
		m.num(7)
		m.b = append(m.b, "PARQUET"...)
		day := value(l.partition, i, 5)
		m.num(1)
		m.num(day)
		m.num(1)
		m.num(day % 7)
		m.b = append(m.b, "abcdefg"[:day%7]...)
		m.num(value(l.rows, i, 1000+int64(i)%5000))
		m.num(value(l.size, i, 70_000))
		for k := range 4 {
			if k == 2 && l.null != nil && l.null(i) {
				m.num(0)
				continue
			}
			m.num(1)
			m.num(3)
			for key := range int64(3) {
				m.num(key + 1)
				m.num(m.Int64N(30))
			}
			m.num(0)
		}
		for range 2 {
			m.num(1)
			m.num(2)
			for key := range int64(2) {
				m.num(key + 1)
				m.text(8 + int(key)*m.IntN(3))
			}
			m.num(0)
		}
		m.num(0)
		m.num(1)
		splits := 1 + m.Int64N(4)
		m.num(splits)
		for at := range splits {
			m.num(4 + at*20_000_000)
		}
		m.num(0)
		m.num(0)
		m.num(1)
		m.num(0)
		m.num(0)
		m.num(0)
	}
	return m.b
}

// oneByOne scans data and returns how many of its entries were read op by op.
func oneByOne(t *testing.T, data []byte, req *Request) (entries int) {
	t.Helper()
	c, err := open("manifest", "alike", data)
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPlan(c.schema, req)
	if err != nil {
		t.Fatal(err)
	}
	first := p.prog.ops[0].fast
	p.prog.ops[0].fast = func(s *scanner, o *op, p int) int { entries++; return first(s, o, p) }
	s := &scanner{ctx: context.Background(), file: File{Path: "alike"}, alloc: memory.DefaultAllocator, c: c,
		emit: func(arrow.RecordBatch) error { return nil }}
	s.follow(p)
	if err := s.all(); err != nil {
		t.Fatal(err)
	}
	return entries
}

// TestAlike: of entries that are alike few are read op by op, in whatever way they
// are not quite; and all of them come out as they do when each is read so.
func TestAlike(t *testing.T) {
	t.Parallel()
	source := rand.NewPCG(9, 10)
	r := rand.New(source)
	any := func(n int64) func(int) int64 { return func(int) int64 { return r.Int64N(n) } }
	by := func(n int) func(int) int64 { return func(i int) int64 { return int64(i / n) } }
	for name, c := range map[string]struct {
		likeness
		most int // read op by op, of 3000
	}{
		"the same":              {likeness{}, 20},
		"sorted partitions":     {likeness{partition: by(50)}, 120},
		"sorted, of one length": {likeness{partition: func(i int) int64 { return 70 + 7*int64(i/50) }}, 20},
		"a byte less and a row count's more": {likeness{partition: func(i int) int64 { return 2 - int64(i/50%2) },
			rows: func(i int) int64 { return []int64{5, 1000}[i/50%2] }}, 120},
		"unsorted partitions":     {likeness{partition: any(90)}, 60},
		"paths of two lengths":    {likeness{path: func(i int) int { return 90 + i/7%2 }}, 30},
		"paths of any length":     {likeness{path: func(int) int { return r.IntN(300) }}, 30},
		"sizes of any length":     {likeness{size: func(int) int64 { return r.Int64() >> r.IntN(60) }}, 60},
		"existing and added ones": {likeness{status: func(i int) int64 { return int64(i & 1) }}, 30},
		"deleted ones":            {likeness{status: func(i int) int64 { return []int64{1, 1, 1, 1, 1, 1, 1, 2}[i&7] }}, 800},
		"some without a map":      {likeness{null: func(int) bool { return r.IntN(3) == 0 }}, 60},
		"nothing is":              {likeness{status: any(3), partition: any(90), path: func(int) int { return r.IntN(300) }, null: func(int) bool { return r.IntN(2) == 0 }}, 3000},
	} {
		source.Seed(9, 10) // whichever comes first
		const n = 3000
		parts := []PartitionField{{ID: 1000, Name: "day", Type: arrow.PrimitiveTypes.Int64}, {ID: 1001, Name: "batch", Type: arrow.BinaryTypes.String}}
		header := avroHeader([]byte(randomSchema(false)))
		data := avroBlock(header[:len(header):len(header)], 500, c.entries(r, 500))
		narrow := &Request{Columns: []Column{RecordCount, FileSizeInBytes, Partition}, Partition: parts, Live: true}
		for _, req := range []*Request{
			narrow,
			{Columns: narrow.Columns, Partition: parts, Live: true, Bounds: []int32{1, 2, 3}, Counts: []int32{2, 9}},
			{Columns: []Column{FilePath, FileFormat, SortOrderID, Status, SnapshotID, FileContent, SequenceNumber, FirstRowID}, BatchRows: 100},
			{Columns: []Column{RecordCount, Partition}, Partition: parts[1:]},
		} {
			if got := fastAsSlow(t, data, req); got < 250 {
				t.Fatalf("%s: %d rows", name, got)
			}
		}
		if got := oneByOne(t, avroBlock(header, n, c.entries(r, n)), narrow); got > c.most {
			t.Errorf("%s: %d of %d entries are read op by op, want %d at most", name, got, n, c.most)
		}
	}
}
