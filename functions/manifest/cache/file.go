package cache

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
)

// A file:
//
//	Arrow IPC: magic, schema, batches of one manifest after the other, end of stream
//	for each manifest its index: key, counts, and for each batch its nodes and buffers
//	directory: for each manifest the hash of its key, place, length and CRC-32C of its index
//	trailer: manifests, CRC-32C of the directory, magic
//	Arrow IPC: footer, its length, magic
//
// Arrow's readers find footer and batches by their offsets, and step over all
// between; the reader here finds the directory from the end.
const (
	trailerMagic  = "psyidx3\n"
	trailerSize   = 4 + 4 + len(trailerMagic)
	directorySize = len(hash{}) + 8 + 4 + 4
	arrowMagic    = "ARROW1"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var (
	errDamaged = errors.New("damaged")
	errOther   = errors.New("of another manifest")
)

// index is what a file holds of one manifest, and where.
type index struct {
	key     string
	rows    int64
	deleted int64 // rows of status 2
	batches []batchIndex
}

type batchIndex struct {
	rows    int64
	nodes   []node
	buffers []buffer
}

// node is the length of an array and how many of its values are NULL.
type node struct{ length, nulls int64 }

// buffer is a place in the file.
type buffer struct {
	offset, length int64
	sum            uint32
}

// encoder makes a file of one group in memory.
type encoder struct {
	out    *bytes.Buffer // of outs
	writer *ipc.FileWriter
	of     []*index // the manifests so far; add is about the last one
}

func newEncoder(schema *arrow.Schema) (*encoder, error) {
	e := &encoder{out: outs.Get().(*bytes.Buffer)}
	var err error
	e.writer, err = ipc.NewFileWriter(e.out, ipc.WithSchema(schema))
	return e, err
}

// outs keeps memory for files: growing it anew for each costs more than what
// goes into it.
var outs = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// free gives the memory back: nothing of the file may be used any more.
func (e *encoder) free() {
	e.out.Reset()
	outs.Put(e.out)
	e.out = nil
}

// begin begins a manifest.
func (e *encoder) begin(key string) { e.of = append(e.of, &index{key: key}) }

func (e *encoder) add(batch arrow.RecordBatch, deleted int64) error {
	x := e.of[len(e.of)-1]
	x.rows += batch.NumRows()
	x.deleted += deleted
	start := e.out.Len()
	if err := e.writer.Write(batch); err != nil {
		return err
	}
	written := e.out.Bytes()
	// The first write puts magic and schema before the batch.
	if start == 0 {
		start = 8
		for {
			n, err := messageSize(written[start:])
			if err != nil {
				return err
			}
			if messageKind(written[start:]) == recordBatchKind {
				break
			}
			start += n
		}
	}
	b, err := indexBatch(written, start)
	x.batches = append(x.batches, b)
	return err
}

// finish returns the file, in parts.
func (e *encoder) finish() ([][]byte, error) {
	if err := e.writer.Close(); err != nil {
		return nil, err
	}
	data := e.out.Bytes()
	at := footerAt(data)
	if at < 0 {
		return nil, errors.New("no footer was written")
	}
	le := binary.LittleEndian
	var bodies, directory []byte
	for _, x := range e.of {
		body, h := x.encode(), hashOf(x.key)
		directory = append(directory, h[:]...)
		directory = le.AppendUint64(directory, uint64(at+len(bodies)))
		directory = le.AppendUint32(directory, uint32(len(body)))
		directory = le.AppendUint32(directory, crc32.Checksum(body, castagnoli))
		bodies = append(bodies, body...)
	}
	// Arrow's footer stays aligned.
	padding := make([]byte, -(at+len(bodies)+len(directory)+trailerSize)&7)
	trailer := le.AppendUint32(nil, uint32(len(e.of)))
	trailer = le.AppendUint32(trailer, crc32.Checksum(directory, castagnoli))
	trailer = append(trailer, trailerMagic...)
	return [][]byte{data[:at], bodies, padding, directory, trailer, data[at:]}, nil
}

// located is where a file has the index of a manifest.
type located struct {
	offset int64
	length int64
	sum    uint32
}

// readDirectory finds, checks and reads the directory of a file; whatever the
// bytes are, it returns an error, or places that lie within data.
func readDirectory(data []byte) (map[hash]located, error) {
	end := footerAt(data)
	if end < trailerSize || string(data[end-len(trailerMagic):end]) != trailerMagic {
		return nil, errDamaged
	}
	trailer := data[end-trailerSize:]
	size := int64(binary.LittleEndian.Uint32(trailer)) * int64(directorySize)
	start := int64(end-trailerSize) - size
	if start < 0 {
		return nil, errDamaged
	}
	directory := bytes.Clone(data[start : start+size])
	if crc32.Checksum(directory, castagnoli) != binary.LittleEndian.Uint32(trailer[4:]) {
		return nil, errDamaged
	}
	out := make(map[hash]located, len(directory)/directorySize)
	for r := (&fields{b: directory}); len(r.b) > 0; {
		h := hash(r.take(int64(len(hash{}))))
		l := located{offset: r.i64(), length: int64(r.u32()), sum: r.u32()}
		if r.bad || l.offset > start || l.length > start-l.offset {
			return nil, errDamaged
		}
		out[h] = l
	}
	return out, nil
}

// footerAt is where Arrow's footer begins; -1: nowhere.
func footerAt(data []byte) int {
	tail := len(data) - 4 - len(arrowMagic)
	if tail < 0 || string(data[tail+4:]) != arrowMagic {
		return -1
	}
	n := int64(binary.LittleEndian.Uint32(data[tail:]))
	if n > int64(tail) {
		return -1
	}
	return tail - int(n)
}

func (x *index) encode() []byte {
	le := binary.LittleEndian
	out := le.AppendUint32(nil, uint32(len(x.key)))
	out = append(out, x.key...)
	out = le.AppendUint64(out, uint64(x.rows))
	out = le.AppendUint64(out, uint64(x.deleted))
	out = le.AppendUint32(out, uint32(len(x.batches)))
	for _, b := range x.batches {
		out = le.AppendUint64(out, uint64(b.rows))
		out = le.AppendUint32(out, uint32(len(b.nodes)))
		out = le.AppendUint32(out, uint32(len(b.buffers)))
		for _, n := range b.nodes {
			out = le.AppendUint64(le.AppendUint64(out, uint64(n.length)), uint64(n.nulls))
		}
		for _, f := range b.buffers {
			out = le.AppendUint32(le.AppendUint64(le.AppendUint64(out, uint64(f.offset)), uint64(f.length)), f.sum)
		}
	}
	return out
}

// readIndex checks and reads the index, at a place that readDirectory has
// found, of a manifest of group g and the key; whatever the bytes are, it
// returns an error or an index all of whose offsets and lengths lie within data.
func readIndex(data []byte, at located, key string, g *group) (*index, error) {
	if at.offset+at.length > int64(len(data)) {
		return nil, errDamaged
	}
	start, body := at.offset, bytes.Clone(data[at.offset:at.offset+at.length])
	if crc32.Checksum(body, castagnoli) != at.sum {
		return nil, errDamaged
	}
	r := &fields{b: body}
	if k := r.take(int64(r.u32())); r.bad || string(k) != key {
		return nil, errOther
	}
	x := &index{key: key, rows: r.i64(), deleted: r.i64()}
	if x.deleted > x.rows {
		return nil, errDamaged
	}
	n := int64(r.u32())
	nodes, buffers := g.nodes[len(g.nodes)-1], g.buffers[len(g.buffers)-1]
	if r.bad || n*int64(16+16*nodes+20*buffers) != int64(len(r.b)) {
		return nil, errDamaged
	}
	rows := int64(0)
	x.batches = make([]batchIndex, 0, n)
	allNodes, allBuffers := make([]node, int(n)*nodes), make([]buffer, int(n)*buffers)
	for i := range int(n) {
		b := batchIndex{rows: r.i64(), nodes: allNodes[i*nodes : (i+1)*nodes], buffers: allBuffers[i*buffers : (i+1)*buffers]}
		if int(r.u32()) != nodes || int(r.u32()) != buffers {
			return nil, errDamaged
		}
		for i := range b.nodes {
			b.nodes[i] = node{r.i64(), r.i64()}
			if b.nodes[i].nulls > b.nodes[i].length {
				return nil, errDamaged
			}
		}
		for i := range b.buffers {
			f := buffer{offset: r.i64(), length: r.i64(), sum: r.u32()}
			if f.offset > start || f.length > start-f.offset {
				return nil, errDamaged
			}
			b.buffers[i] = f
		}
		if rows += b.rows; r.bad || b.rows == 0 || rows > x.rows {
			return nil, errDamaged
		}
		x.batches = append(x.batches, b)
	}
	if rows != x.rows {
		return nil, errDamaged
	}
	return x, nil
}

// fields reads little-endian numbers; bad is set at the first that is not
// there, or is not a length.
type fields struct {
	b   []byte
	bad bool
}

func (r *fields) take(n int64) []byte {
	if r.bad || n < 0 || n > int64(len(r.b)) {
		r.bad = true
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *fields) u32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *fields) i64() int64 {
	b := r.take(8)
	if b == nil {
		return 0
	}
	v := int64(binary.LittleEndian.Uint64(b))
	if v < 0 {
		r.bad = true
		return 0
	}
	return v
}

// What follows reads the messages that Arrow's writer has just written, to
// learn where it put the buffers (Arrow columnar format, "Encapsulated message
// format"; Message.fbs). Nothing here sees a file.

const recordBatchKind = 3

// messageSize is the size of a message with its body.
func messageSize(b []byte) (int, error) {
	if len(b) < 8 || binary.LittleEndian.Uint32(b) != 0xffffffff {
		return 0, fmt.Errorf("no Arrow message was written where one is expected")
	}
	meta := int(binary.LittleEndian.Uint32(b[4:]))
	message := flatRoot(b[8 : 8+meta])
	return 8 + meta + int(message.u64(3)), nil
}

func messageKind(b []byte) byte {
	message := flatRoot(b[8 : 8+int(binary.LittleEndian.Uint32(b[4:]))])
	if at := message.field(1); at > 0 {
		return message.b[at]
	}
	return 0
}

// indexBatch reads the record batch at start of written.
func indexBatch(written []byte, start int) (batchIndex, error) {
	size, err := messageSize(written[start:])
	if err != nil {
		return batchIndex{}, err
	}
	if start+size != len(written) || messageKind(written[start:]) != recordBatchKind {
		return batchIndex{}, errors.New("a batch was not written as one message")
	}
	meta := int(binary.LittleEndian.Uint32(written[start+4:]))
	body := start + 8 + meta
	batch := flatRoot(written[start+8 : body]).table(2)
	out := batchIndex{rows: int64(batch.u64(0))}
	at, n := batch.vector(1)
	for i := range n {
		b := batch.b[at+16*i:]
		out.nodes = append(out.nodes, node{int64(binary.LittleEndian.Uint64(b)), int64(binary.LittleEndian.Uint64(b[8:]))})
	}
	at, n = batch.vector(2)
	for i := range n {
		b := batch.b[at+16*i:]
		f := buffer{offset: int64(body) + int64(binary.LittleEndian.Uint64(b)), length: int64(binary.LittleEndian.Uint64(b[8:]))}
		f.sum = crc32.Checksum(written[f.offset:f.offset+f.length], castagnoli)
		out.buffers = append(out.buffers, f)
	}
	return out, nil
}

// flat is a flatbuffer table.
type flat struct {
	b  []byte
	at int
}

func flatRoot(b []byte) flat { return flat{b, int(binary.LittleEndian.Uint32(b))} }

// field is where a field lies; 0: it is not there.
func (t flat) field(i int) int {
	vtable := t.at - int(int32(binary.LittleEndian.Uint32(t.b[t.at:])))
	if 4+2*i+2 > int(binary.LittleEndian.Uint16(t.b[vtable:])) {
		return 0
	}
	off := int(binary.LittleEndian.Uint16(t.b[vtable+4+2*i:]))
	if off == 0 {
		return 0
	}
	return t.at + off
}

func (t flat) u64(i int) uint64 {
	if at := t.field(i); at > 0 {
		return binary.LittleEndian.Uint64(t.b[at:])
	}
	return 0
}

func (t flat) table(i int) flat {
	at := t.field(i)
	return flat{t.b, at + int(binary.LittleEndian.Uint32(t.b[at:]))}
}

func (t flat) vector(i int) (at, n int) {
	at = t.field(i)
	at += int(binary.LittleEndian.Uint32(t.b[at:]))
	return at + 4, int(binary.LittleEndian.Uint32(t.b[at:]))
}
