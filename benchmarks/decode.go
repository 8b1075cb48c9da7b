package benchmarks

import (
	"context"
	"fmt"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"psyberg/benchmarks/measure"
	"psyberg/benchmarks/tables"
	"psyberg/functions/fetch"
	"psyberg/functions/manifest"
)

// NarrowQ1 is what the decoder is asked for Q1: partitions with counts and bytes.
func NarrowQ1(c tables.Config) *manifest.Request {
	return &manifest.Request{Columns: []manifest.Column{manifest.RecordCount, manifest.FileSizeInBytes, manifest.Partition},
		Partition: tables.PartitionRequest(c), Live: true}
}

// NarrowQ2 is what the decoder is asked for Q2: with the bounds of event_ts.
func NarrowQ2(c tables.Config) *manifest.Request {
	r := NarrowQ1(c)
	r.Bounds = []int32{tables.EventColumn}
	return r
}

// Everything is every column of the decoder.
func Everything(c tables.Config) *manifest.Request {
	return &manifest.Request{Columns: manifest.AllColumns(), Partition: tables.PartitionRequest(c)}
}

// Decoder reads all manifests of a table, one after the other.
type Decoder struct {
	Table   *tables.Table
	Request *manifest.Request
	Alloc   memory.Allocator // nil is the default
	Done    func()           // called after each manifest of a pass, nil for nobody

	files []manifest.File
	in    []byte // of one file, used again
	maps  *fetch.Mappings
}

// NewDecoder reads the table's manifest list, which is not measured.
func NewDecoder(t *tables.Table, r *manifest.Request) (*Decoder, error) {
	list := t.Lists[len(t.Lists)-1]
	b, err := os.ReadFile(list)
	if err != nil {
		return nil, err
	}
	files, err := manifest.ReadList(list, b)
	return &Decoder{Table: t, Request: r, files: files}, err
}

// Half returns a decoder of every second manifest, beginning with the n-th.
func (d *Decoder) Half(n int) *Decoder {
	h := &Decoder{Table: d.Table, Request: d.Request, Alloc: d.Alloc}
	for i := n; i < len(d.files); i += 2 {
		h.files = append(h.files, d.files[i])
	}
	return h
}

// Manifests are what the manifest list says of them.
func (d *Decoder) Manifests() []manifest.File { return d.files }

// Pass decodes all of them; each gets every batch, nil to drop them.
func (d *Decoder) Pass(ctx context.Context, each func(arrow.RecordBatch) error) (entries int64, err error) {
	d.maps = &fetch.Mappings{Worth: manifest.IsPlain}
	defer d.maps.Close()
	for _, f := range d.files {
		err := d.scan(ctx, f, func(batch arrow.RecordBatch) error {
			entries += batch.NumRows()
			if each == nil {
				return nil
			}
			return each(batch)
		})
		if err != nil {
			return entries, err
		}
		if d.Done != nil {
			d.Done()
		}
	}
	return entries, nil
}

// scan reads and decodes one of them, as scans of local tables do.
func (d *Decoder) scan(ctx context.Context, f manifest.File, emit func(arrow.RecordBatch) error) error {
	const most = 1 << 30
	if f.Length >= fetch.LongFile {
		data, free, err := d.maps.Map(f.Path, most)
		if err != nil {
			return err
		}
		if data != nil {
			defer free()
			return manifest.ScanMapped(ctx, f, data, d.Request, d.Alloc, emit)
		}
	}
	data, err := fetch.ReadFile(ctx, f.Path, d.in, most)
	if err != nil {
		return err
	}
	d.in = data
	return manifest.Scan(ctx, f, data, d.Request, d.Alloc, emit)
}

// Variant is a pass that is measured, manifest by manifest; what it reads is dropped.
func (d *Decoder) Variant(ctx context.Context, name string) measure.Variant {
	return measure.ByFile(name, len(d.files), func(done func()) error {
		d.Done = done
		n, err := d.Pass(ctx, nil)
		d.Done = nil
		if err == nil && n == 0 {
			err = fmt.Errorf("no entries")
		}
		return err
	})
}

// Answer is the answer to a question out of what the decoder reads: slow and
// plain, for comparing before times are.
func (d *Decoder) Answer(ctx context.Context, q tables.Question) (tables.Answer, error) {
	type key struct {
		hour  int64
		batch string
	}
	sum := map[key]*tables.Partition{}
	_, err := d.Pass(ctx, func(b arrow.RecordBatch) error {
		for _, r := range tables.Rows(d.Table.Config, b) {
			if q == tables.Q2 && tables.Date(r.Hour) != d.Table.LastDay {
				continue
			}
			k := key{r.Hour, r.Batch}
			p := sum[k]
			if p == nil {
				c := r
				sum[k] = &c
				continue
			}
			p.Files, p.Bytes = p.Files+r.Files, p.Bytes+r.Bytes
			p.First, p.Last = min(p.First, r.First), max(p.Last, r.Last)
		}
		return nil
	})
	if err != nil {
		return tables.Answer{}, err
	}
	var rows []tables.Partition
	for _, p := range sum {
		rows = append(rows, *p)
	}
	return tables.Digest(q, rows), nil
}

// Compare reports an answer that is not the table's.
func Compare(t *tables.Table, who string, q tables.Question, got tables.Answer) error {
	if want := t.Answers[q]; got != want {
		return fmt.Errorf("%s on %s: %s answers %+v, right is %+v", q, t.Config.Name, who, got, want)
	}
	return nil
}
