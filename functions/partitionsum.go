package functions

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/apache/arrow-go/v18/arrow/array"

	"psyberg/functions/manifest"
	"psyberg/functions/meta"
	"psyberg/psyberg"
)

// partitionRow is one live partition.
type partitionRow struct {
	key     string       // tells partitions apart
	values  []meta.Value // by unified field
	spec    int32
	counts  [3]struct{ records, files int64 } // by content
	bytes   int64                             // of data files
	updated *psyberg.Snapshot                 // nil: expired
	ranges  []partitionRange                  // by column asked for
}

// merge adds what others counted of the same partition.
func (r *partitionRow) merge(o *partitionRow) {
	for i, c := range o.counts {
		r.counts[i].records += c.records
		r.counts[i].files += c.files
	}
	r.bytes += o.bytes
	if o.updated != nil && (r.updated == nil || laterCommit(o.updated, r.updated)) {
		r.updated = o.updated
	}
	for i := range r.ranges {
		r.ranges[i].merge(o.ranges[i])
	}
}

// partitionRange is a columnRange over several files.
type partitionRange struct {
	columnRange
	any          bool // a data file was seen
	without      int64
	noMin, noMax bool // a file lacks the bound it needs: the range ends nowhere
}

// add widens r by one more file. Unknown counts make the sum unknown.
func (r *partitionRange) add(f columnRange) {
	one := partitionRange{columnRange: f, any: true}
	if f.unbounded() {
		one.without, one.noMin, one.noMax = 1, f.min.IsNull(), f.max.IsNull()
	}
	one.values = 0 // has no meaning of several
	r.merge(one)
}

// merge widens r by what others saw.
func (r *partitionRange) merge(o partitionRange) {
	if !o.any {
		return
	}
	if !r.any {
		*r = o
		return
	}
	r.without += o.without
	r.noMin, r.noMax = r.noMin || o.noMin, r.noMax || o.noMax
	if !o.min.IsNull() && (r.min.IsNull() || meta.Compare(o.min, r.min) < 0) {
		r.min = o.min
	}
	if !o.max.IsNull() && (r.max.IsNull() || meta.Compare(o.max, r.max) > 0) {
		r.max = o.max
	}
	r.nulls, r.nan = sumKnown(r.nulls, o.nulls), sumKnown(r.nan, o.nan)
}

func sumKnown(a, b int64) int64 {
	if a < 0 || b < 0 {
		return -1
	}
	return a + b
}

// partitionSum adds files up, for one decoder at a time.
type partitionSum struct {
	p       *pinned
	unified []meta.UnifiedField
	leaves  []metricsLeaf
	rows    map[string]*partitionRow

	key  []byte
	same []bool
	last manifestSnapshot
}

// manifestSnapshot is the snapshot that was looked up last.
type manifestSnapshot struct {
	id psyberg.SnapshotID
	s  *psyberg.Snapshot
}

// add adds the files of a batch to their partitions, those of one partition
// that follow each other together.
func (a *partitionSum) add(spec int32, in *entryBatch) error {
	n := int(in.NumRows())
	partition := in.entry(manifest.Partition).(*array.Struct)
	cols := make([]keyColumn, len(a.unified))
	a.same = slices.Grow(a.same[:0], n)[:n]
	for i := range a.same {
		a.same[i] = i > 0
	}
	for i, u := range a.unified {
		cols[i] = keyColumnOf(u.Type, partition.Field(i))
		cols[i].sameAsBefore(a.same)
	}
	files := a.files(in)
	for from := 0; from < n; {
		to := from + 1
		for to < n && a.same[to] {
			to++
		}
		row, err := a.row(spec, cols, partition, from)
		if err != nil {
			return err
		}
		if err := files.add(row, from, to); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// row returns the partition of a row.
func (a *partitionSum) row(spec int32, cols []keyColumn, partition *array.Struct, row int) (*partitionRow, error) {
	var err error
	a.key = append(a.key[:0], byte(spec>>24), byte(spec>>16), byte(spec>>8), byte(spec))
	for i, c := range cols {
		if a.key, err = c.appendKey(a.key, row); err != nil {
			return nil, fmt.Errorf("read partition field %q: %w", a.unified[i].Name, err)
		}
	}
	if r, ok := a.rows[string(a.key)]; ok {
		return r, nil
	}
	r := &partitionRow{key: string(a.key), values: make([]meta.Value, len(cols)), spec: spec, ranges: make([]partitionRange, len(a.leaves))}
	for i, u := range a.unified {
		if r.values[i], err = meta.ValueAt(u.Type, partition.Field(i), row); err != nil {
			return nil, fmt.Errorf("read partition field %q: %w", u.Name, err)
		}
	}
	a.rows[r.key] = r
	return r, nil
}

// batchFiles are the columns of a batch that are added up; nil where nobody
// asked for one.
type batchFiles struct {
	*partitionSum
	in            *entryBatch
	content       []int32
	records, size []int64
	snapshot      *array.Int64
}

func (a *partitionSum) files(in *entryBatch) batchFiles {
	f := batchFiles{partitionSum: a, in: in, content: in.entry(manifest.FileContent).(*array.Int32).Int32Values()}
	if in.has(manifest.RecordCount) {
		f.records = in.entry(manifest.RecordCount).(*array.Int64).Int64Values()
	}
	if in.has(manifest.FileSizeInBytes) {
		f.size = in.entry(manifest.FileSizeInBytes).(*array.Int64).Int64Values()
	}
	if in.has(manifest.SnapshotID) {
		f.snapshot = in.entry(manifest.SnapshotID).(*array.Int64)
	}
	return f
}

// add adds rows from up to, not with, to a partition.
func (f batchFiles) add(p *partitionRow, from, to int) error {
	for row, c := range f.content[from:to] {
		row += from
		if c < 0 || int(c) >= len(p.counts) {
			return fmt.Errorf("read partitions of table %q: content %d of a file is none of 0, 1, 2", f.p.Name, c)
		}
		p.counts[c].files++
		if f.records != nil {
			p.counts[c].records += f.records[row]
		}
		if c != int32(manifest.ContentData) {
			continue
		}
		if f.size != nil {
			p.bytes += f.size[row]
		}
		for i, l := range f.leaves {
			p.ranges[i].add(f.in.rangeOf(l, row))
		}
	}
	if f.snapshot != nil {
		f.addSnapshots(p, from, to)
	}
	return nil
}

// addSnapshots looks for the newest snapshot that added one of the files.
func (f batchFiles) addSnapshots(p *partitionRow, from, to int) {
	done := psyberg.SnapshotID(-1) // of no snapshot
	for row := from; row < to; row++ {
		id := psyberg.SnapshotID(f.snapshot.Value(row))
		if f.snapshot.IsNull(row) || id == done {
			continue
		}
		if done = id; f.last.s == nil || f.last.id != id {
			f.last = manifestSnapshot{id, f.p.byID[id]}
		}
		if s := f.last.s; s != nil && (p.updated == nil || laterCommit(s, p.updated)) {
			p.updated = s
		}
	}
}

// partitionSums are the sums of the decoders: as many as were at work at the
// same time.
type partitionSums struct {
	new func() *partitionSum

	mu        sync.Mutex
	all, free []*partitionSum
}

func (s *partitionSums) take() *partitionSum {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.free); n > 0 {
		sum := s.free[n-1]
		s.free = s.free[:n-1]
		return sum
	}
	sum := s.new()
	s.all = append(s.all, sum)
	return sum
}

func (s *partitionSums) give(sum *partitionSum) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, sum)
}

// rows are the partitions of all sums, in order of spec, then values.
func (s *partitionSums) rows() []*partitionRow {
	byKey := map[string]*partitionRow{}
	for i, sum := range s.all {
		if i == 0 {
			byKey = sum.rows
			continue
		}
		for key, r := range sum.rows {
			if have, ok := byKey[key]; ok {
				have.merge(r)
			} else {
				byKey[key] = r
			}
		}
	}
	rows := make([]*partitionRow, 0, len(byKey))
	for _, r := range byKey {
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b *partitionRow) int {
		if a.spec != b.spec {
			return int(a.spec) - int(b.spec)
		}
		for i := range a.values {
			if c := meta.Compare(a.values[i], b.values[i]); c != 0 {
				return c
			}
		}
		return strings.Compare(a.key, b.key) // 0.0 and -0.0 are two
	})
	return rows
}
