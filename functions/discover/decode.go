package discover

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"psyberg/functions/manifest"
	"psyberg/functions/manifest/cache"
	"psyberg/functions/meta"
	"psyberg/psyberg"
)

// deleteFilePath is the reserved field id of file_path in position delete
// files (spec, "Reserved Field IDs"): where both its bounds are one path, the
// file deletes from that data file only, though v2 writers need not say so.
const deleteFilePath = 2147483546

// decoder turns manifests into entries: each partition by its own spec, and
// the range of the event-time column.
type decoder struct {
	specs map[int32]*spec
	event *eventColumn // nil: no range is asked for

	mu     sync.Mutex
	tuples map[tupleID][]meta.Value // of every partition that was met
}

// tupleID tells partitions apart, as psyberg does.
type tupleID struct {
	spec int
	uri  string
}

// tuple returns the values of a partition that was decoded.
func (d *decoder) tuple(p psyberg.Partition) []meta.Value {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.tuples[tupleID{p.SpecID, p.URI}]
}

// spec is a partition spec, bound to the table's schemas.
type spec struct {
	id     int
	fields []meta.BoundField
	times  partitionTimes

	request *manifest.Request // of its manifests
}

func newDecoder(m *meta.Metadata, event *eventColumn) *decoder {
	d := &decoder{specs: map[int32]*spec{}, event: event, tuples: map[tupleID][]meta.Value{}}
	for _, s := range m.Specs {
		d.specs[int32(s.ID)] = bindSpec(m, s, event)
	}
	return d
}

func bindSpec(m *meta.Metadata, s *meta.PartitionSpec, event *eventColumn) *spec {
	out := &spec{id: s.ID, fields: m.Bind(s)}
	out.times = findPartitionTimes(out.fields, event)
	var want []manifest.PartitionField
	for _, f := range out.fields {
		p := manifest.PartitionField{ID: f.ID, Name: f.Name, Type: meta.ArrowType(f.Result)}
		if f.Result.Kind == meta.KindUnknown || f.Result.Kind == meta.KindInvalid {
			p.Type = nil // no schema has the column any more: as the manifest has it
		}
		want = append(want, p)
	}
	out.request = makeRequest(want, event)
	return out
}

// request asks for what a file of psyberg needs. Entries of status deleted
// are wanted too: one decoding serves every question about the manifest.
//
// It is one request for all manifests of a spec: what is kept of them is found
// by it (manifest/cache).
func (d *decoder) request(f manifest.File) (*manifest.Request, error) {
	s, ok := d.specs[f.SpecID]
	if !ok {
		return nil, fmt.Errorf("read manifest %q: partition spec %d is not in the table's metadata [PSY_DAMAGED]", f.Path, f.SpecID)
	}
	return s.request, nil
}

func makeRequest(want []manifest.PartitionField, event *eventColumn) *manifest.Request {
	r := &manifest.Request{
		Columns: []manifest.Column{
			manifest.Status, manifest.SnapshotID, manifest.SequenceNumber, manifest.FileContent, manifest.FilePath, manifest.FileFormat,
			manifest.Partition, manifest.RecordCount, manifest.FileSizeInBytes, manifest.ReferencedDataFile, manifest.ContentOffset,
		},
		Partition: want,
		Bounds:    []int32{deleteFilePath},
	}
	if event != nil {
		id := int32(event.field.ID)
		r.Bounds = append(r.Bounds, id)
		r.Counts = []int32{id}
	}
	return r
}

// entries decodes one manifest, for which a request was made.
func (d *decoder) entries(ctx context.Context, f manifest.File, from *cache.Source) ([]psyberg.Entry, error) {
	s := d.specs[f.SpecID]
	var out []psyberg.Entry
	known := map[string]psyberg.Partition{} // a manifest has few partitions and many files
	err := from.Scan(ctx, nil, func(in arrow.RecordBatch) error {
		b := newBatch(in)
		out = slices.Grow(out, int(in.NumRows()))
		for row := range int(in.NumRows()) {
			e, err := d.entry(b, s, row, known)
			if err != nil {
				return fmt.Errorf("read manifest %q: file %q: %w", f.Path, b.text("file_path", row), err)
			}
			out = append(out, e)
		}
		return nil
	})
	return out, err
}

var contents = [...]psyberg.Content{psyberg.Data, psyberg.PositionDeletes, psyberg.EqualityDeletes}

func (d *decoder) entry(b *batch, s *spec, row int, known map[string]psyberg.Partition) (e psyberg.Entry, err error) {
	e.Status = psyberg.EntryStatus(b.int32("status", row))
	e.Content = contents[b.int32("content", row)] // Scan has checked the range
	e.Path, e.Format = b.text("file_path", row), b.text("file_format", row)
	e.Names = b.text("referenced_data_file", row)
	records, _ := b.int64("record_count", row)
	bytes, _ := b.int64("file_size_in_bytes", row)
	sequence, _ := b.int64("sequence_number", row)
	snapshot, _ := b.int64("snapshot_id", row)
	e.Records, e.Bytes = records, bytes
	e.Sequence, e.Snapshot = psyberg.SequenceNumber(sequence), psyberg.SnapshotID(snapshot)
	if offset, ok := b.int64("content_offset", row); ok {
		e.Offset = &offset
	}
	if e.Partition, err = d.partition(s, b.column("partition").(*array.Struct), row, known); err != nil {
		return e, err
	}
	if e.Content == psyberg.PositionDeletes && e.Names == "" {
		lower, upper := b.bytes("lower", deleteFilePath, row), b.bytes("upper", deleteFilePath, row)
		if len(lower) > 0 && string(lower) == string(upper) {
			e.Names = string(lower)
		}
	}
	if d.event != nil && e.Content == psyberg.Data {
		d.event.read(b, row, &e.File)
	}
	return e, nil
}

// partition reads the tuple of one row. known holds those of the manifest
// that were met before, by their values.
func (d *decoder) partition(s *spec, tuple *array.Struct, row int, known map[string]psyberg.Partition) (psyberg.Partition, error) {
	values := make([]meta.Value, len(s.fields))
	for i, f := range s.fields {
		if f.Transform.Kind == meta.TransformVoid {
			continue
		}
		v, err := meta.ValueAt(f.Result, tuple.Field(i), row)
		if err != nil {
			return psyberg.Partition{}, fmt.Errorf("partition field %q: %w", f.Name, err)
		}
		values[i] = v
	}
	key := meta.TupleKey(s.id, values)
	if p, ok := known[key]; ok {
		return p, nil
	}
	p := s.make(values)
	known[key] = p
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tuples[tupleID{p.SpecID, p.URI}] = values
	return p, nil
}

func (s *spec) make(values []meta.Value) psyberg.Partition {
	return psyberg.Partition{
		SpecID: s.id, URI: meta.PartitionURI(s.fields, values), Path: meta.PartitionPath(s.fields, values),
		Unpartitioned: len(s.fields) == 0, Time: s.times.of(values),
	}
}

// batch finds the columns of a decoded batch by name.
type batch struct {
	in     arrow.RecordBatch
	index  map[string]int
	bounds map[boundOf]*array.Binary // when first asked for
}

// boundOf names a column of bounds: "lower" or "upper", and the field's id.
type boundOf struct {
	side string
	id   int
}

func newBatch(in arrow.RecordBatch) *batch {
	b := &batch{in: in, index: map[string]int{}, bounds: map[boundOf]*array.Binary{}}
	for i, f := range in.Schema().Fields() {
		b.index[f.Name] = i
	}
	return b
}

func (b *batch) column(name string) arrow.Array { return b.in.Column(b.index[name]) }

func (b *batch) int32(name string, row int) int32 {
	return b.column(name).(*array.Int32).Value(row)
}

func (b *batch) int64(name string, row int) (int64, bool) {
	a := b.column(name).(*array.Int64)
	if a.IsNull(row) {
		return 0, false
	}
	return a.Value(row), true
}

// text returns "" for NULL. The text does not share the batch's memory.
func (b *batch) text(name string, row int) string {
	a := b.column(name).(*array.String)
	if a.IsNull(row) {
		return ""
	}
	return string([]byte(a.Value(row)))
}

// bytes returns a bound, nil where there is none. They are the batch's own, not a
// copy.
func (b *batch) bytes(side string, id int, row int) []byte {
	a, ok := b.bounds[boundOf{side, id}]
	if !ok {
		a = b.column(fmt.Sprintf("%s_%d", side, id)).(*array.Binary)
		b.bounds[boundOf{side, id}] = a
	}
	if a.IsNull(row) {
		return nil
	}
	if v := a.Value(row); v != nil {
		return v
	}
	return []byte{} // the empty text, which is not "no bound"
}
