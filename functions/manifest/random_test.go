package manifest

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
)

// randomSchema has the fields of format version 3 in the spec's order, which is
// what the head's and the tail's own ways are for, or with others between.
func randomSchema(mixed bool) string {
	pairs := func(name string, id int, value string) string {
		return fmt.Sprintf(`{"name":%q,"field-id":%d,"type":["null",{"type":"array","items":{"type":"record","name":"p%d","fields":[{"name":"key","type":"int"},{"name":"value","type":%q}]}}]},`, name, id, id, value)
	}
	more := ""
	if mixed {
		more = `{"name":"unknown","type":["null","bytes"],"field-id":9000},{"name":"odd","type":["double","null"],"field-id":9001},`
	}
	return `{"type":"record","name":"manifest_entry","fields":[
		{"name":"status","type":"int","field-id":0},` +
		`{"name":"snapshot_id","type":["null","long"],"field-id":1},{"name":"sequence_number","type":["null","long"],"field-id":3},{"name":"file_sequence_number","type":["null","long"],"field-id":4},
		{"name":"data_file","field-id":2,"type":{"type":"record","name":"r2","fields":[
			{"name":"content","type":"int","field-id":134},{"name":"file_path","type":"string","field-id":100},` + more + `{"name":"file_format","type":"string","field-id":101},
			{"name":"partition","field-id":102,"type":{"type":"record","name":"r102","fields":[{"name":"day","type":["null","int"],"field-id":1000},{"name":"batch","type":["null","string"],"field-id":1001}]}},
			{"name":"record_count","type":"long","field-id":103},{"name":"file_size_in_bytes","type":"long","field-id":104},` +
		pairs("column_sizes", 108, "long") + pairs("value_counts", 109, "long") + pairs("null_value_counts", 110, "long") + pairs("nan_value_counts", 137, "long") +
		pairs("lower_bounds", 125, "bytes") + pairs("upper_bounds", 128, "bytes") +
		`{"name":"key_metadata","type":["null","bytes"],"field-id":131},
			{"name":"split_offsets","type":["null",{"type":"array","items":"long"}],"field-id":132},{"name":"equality_ids","type":["null",{"type":"array","items":"int"}],"field-id":135},
			{"name":"sort_order_id","type":["null","int"],"field-id":140},{"name":"first_row_id","type":["null","long"],"field-id":142},{"name":"referenced_data_file","type":["null","string"],"field-id":143}]}}]}`
}

// maker makes entries as alike as those of a table are, and now and then not.
type maker struct {
	*rand.Rand
	b      []byte
	keys   []int64
	mixed  bool
	steady bool // most entries are like the one before, down to the lengths of numbers
	last   map[string][]byte
}

func (m *maker) num(v int64) { m.b = binary.AppendVarint(m.b, v) }

func (m *maker) long() {
	if m.steady && !m.rarely() {
		m.num(20_000 + m.Int64N(10_000))
		return
	}
	m.num(int64(m.Uint64()) >> m.IntN(64))
}

// again appends a part of an entry: of a steady one mostly the bytes of the entry before.
func (m *maker) again(name string, part func()) {
	if old, ok := m.last[name]; ok && m.steady && m.IntN(8) > 0 {
		m.b = append(m.b, old...)
		return
	}
	at := len(m.b)
	part()
	if m.last == nil {
		m.last = map[string][]byte{}
	}
	m.last[name] = append([]byte{}, m.b[at:]...)
}

func (m *maker) rarely() bool     { return m.IntN(40) == 0 }
func (m *maker) text(n int)       { m.num(int64(n)); m.letters(n) }
func (m *maker) some(p bool) bool { m.num(map[bool]int64{true: 1}[p]); return p }

func (m *maker) letters(n int) {
	for range n {
		m.b = append(m.b, byte('a'+m.IntN(26)))
	}
}

// items appends an array of n items; now and then in two blocks, or with its size.
func (m *maker) items(n int, item func(i int)) {
	switch {
	case n > 1 && m.rarely():
		m.num(1)
		item(0)
		m.num(int64(n - 1))
		for i := 1; i < n; i++ {
			item(i)
		}
	case n > 0 && m.rarely():
		outer := m.b
		m.b = nil
		for i := range n {
			item(i)
		}
		body := m.b
		m.b = outer
		m.num(int64(-n))
		m.num(int64(len(body)))
		m.b = append(m.b, body...)
	case n > 0:
		m.num(int64(n))
		for i := range n {
			item(i)
		}
	}
	m.num(0)
}

func (m *maker) pairs(value func(i int)) {
	if !m.some(!m.rarely()) {
		return
	}
	n := len(m.keys)
	if m.rarely() {
		n = m.IntN(n + 1)
	}
	m.items(n, func(i int) {
		key := m.keys[i]
		if m.rarely() {
			key ^= []int64{1, 64}[m.IntN(2)] // of as many bytes, or one more
		}
		m.num(key)
		value(i)
	})
}

func (m *maker) entry() {
	m.again("head", func() {
		m.num([]int64{1, 1, 1, 0, 2}[m.IntN(5)])
		for range 3 {
			if m.some(m.IntN(2) == 0) {
				m.num(int64(m.Uint64()) >> m.IntN(64))
			}
		}
		m.num(int64(m.IntN(3)))
	})
	m.again("path", func() { m.text(m.IntN(200)) })
	if m.mixed {
		if m.some(m.rarely()) {
			m.text(3)
		}
		m.num(0)
		m.letters(8)
	}
	m.again("format", func() {
		if m.IntN(4) > 0 {
			m.num(7)
			m.b = append(m.b, "PARQUET"...)
			return
		}
		m.text([]int{7, 3}[m.IntN(2)])
	})
	m.again("partition", func() {
		if m.some(m.IntN(4) > 0) {
			m.num(int64(m.Int32()) >> m.IntN(32))
		}
		if m.some(m.IntN(4) > 0) {
			m.text(m.IntN(24))
		}
	})
	m.long()
	m.long()
	for range 4 {
		m.pairs(func(int) { m.long() })
	}
	for range 2 {
		m.pairs(func(i int) {
			switch {
			case m.rarely():
				m.text(m.IntN(300))
			case i%3 == 1 && len(m.keys) > 1:
				m.text(4 + m.IntN(50)) // a value whose length keeps changing
			default:
				m.text(8)
			}
		})
	}
	m.rest()
}

func (m *maker) list() {
	if m.some(m.IntN(2) == 0) {
		m.items(m.IntN(5), func(int) { m.num(int64(m.Int32()) >> m.IntN(31)) })
	}
}

// splits appends split offsets as they are mostly, the first one 4 and others of
// four bytes; now and then as many bytes that are something else.
func (m *maker) splits() {
	n := m.IntN(5)
	if m.num(1); n == 0 {
		m.num(0)
		return
	}
	m.num(int64(n))
	m.num(4)
	for i := 1; i < n; i++ {
		odd := i == n-1 && m.rarely()
		if m.num(20_000_000 + m.Int64N(1_000_000)); odd { // of three bytes, then a block of one item, with its size
			m.b = append(m.b[:len(m.b)-2], 1, 0x81, 0, 0, 2)
		}
	}
	if m.rarely() { // one more block
		m.num(1)
		m.num(0)
	}
	m.num(0)
}

func (m *maker) rest() {
	if m.some(m.rarely()) {
		m.text(m.IntN(90))
	}
	if m.steady {
		m.splits()
	} else {
		m.list()
	}
	m.again("list", m.list)
	m.again("end", func() {
		if m.some(!m.rarely()) {
			m.num(int64(m.IntN(200)))
		}
		if m.some(m.IntN(2) == 0) {
			m.num(int64(m.IntN(1 << 30)))
		}
		if m.some(m.rarely()) {
			m.text(m.IntN(200))
		}
	})
}

// TestFastWays: entries of every sort, whole and with a byte changed: the fast
// ways yield what the slow one does, or fail as it does.
func TestFastWays(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 8))
	whole, rows := 0, 0
	for round := range 40 {
		m := &maker{Rand: r, mixed: round%4 == 3, steady: round%5 > 1}
		step := []int64{1, 1, 40, 3000}[r.IntN(4)]
		for key := 1 + r.Int64N(step); len(m.keys) < []int{1, 6, 22, 90}[round%4]; key += 1 + r.Int64N(step) {
			m.keys = append(m.keys, key)
		}
		const entries = 60
		for range entries {
			m.entry()
		}
		parts := []PartitionField{{ID: 1000, Name: "day", Type: arrow.PrimitiveTypes.Int64}, {ID: 1001, Name: "batch"}}
		reqs := variety(parts)
		reqs[1].Bounds = []int32{int32(m.keys[len(m.keys)-1]), int32(m.keys[0])}
		reqs[1].Counts = []int32{int32(m.keys[len(m.keys)/2]), int32(m.keys[0])}
		reqs[0].Counts = reqs[1].Counts[:1]
		narrow := *reqs[1]
		narrow.Bounds, narrow.Counts = reqs[1].Bounds[:1], nil
		reqs = append(reqs, &narrow, &Request{Columns: reqs[0].Columns, Partition: parts, Live: true})
		header := avroHeader([]byte(randomSchema(m.mixed)))
		data := avroBlock(header, entries, m.b)
		for _, req := range reqs {
			n := fastAsSlow(t, data, req)
			rows += n
			if n > 0 {
				whole++
			}
		}
		for range 12 {
			b := append([]byte{}, m.b...)
			b[r.IntN(len(b))] ^= 1 << r.IntN(8)
			fastAsSlow(t, avroBlock(header[:len(header):len(header)], entries, b[:len(b)-r.IntN(2)*r.IntN(20)]), reqs[r.IntN(len(reqs))])
		}
	}
	if whole < 80 || rows < 3000 {
		t.Errorf("only %d files were read, %d rows", whole, rows)
	}
}
