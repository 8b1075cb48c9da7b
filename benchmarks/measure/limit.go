package measure

import (
	"bytes"
	stdflate "compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"

	"psyberg/functions/manifest/inflate"
)

// Buffer reads files into memory that is used again.
type Buffer struct{ b []byte }

// Read returns the file's bytes, good until the next Read.
func (r *Buffer) Read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	n := int(st.Size())
	if cap(r.b) < n {
		r.b = make([]byte, n+n/8)
	}
	_, err = io.ReadFull(f, r.b[:n])
	return r.b[:n], err
}

// Inflater decompresses a block into buf, grown where it must be, and returns
// what came out.
type Inflater func(buf, block []byte) ([]byte, error)

// Engine is an implementation of a codec.
type Engine struct {
	Name string
	New  func() Inflater
}

// Own is the name of the engine that is measured, not known from elsewhere.
const Own = "functions/manifest/inflate"

// Engines are those that this process has for a codec of Avro. Others in C
// are measured by Native.
func Engines(codec string) []Engine {
	switch codec {
	case "null":
		return []Engine{{"none", func() Inflater { return func(_, b []byte) ([]byte, error) { return b, nil } }}}
	case "snappy":
		return []Engine{{"klauspost", func() Inflater {
			return func(buf, b []byte) ([]byte, error) {
				if len(b) < 4 {
					return nil, io.ErrUnexpectedEOF
				}
				return snappy.Decode(buf[:cap(buf)], b[:len(b)-4])
			}
		}}}
	case "zstandard":
		return []Engine{{"klauspost", func() Inflater {
			d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
			if err != nil {
				return func(_, _ []byte) ([]byte, error) { return nil, err }
			}
			return func(buf, b []byte) ([]byte, error) { return d.DecodeAll(b, buf[:0]) }
		}}}
	case "deflate":
		return []Engine{
			{"compress/flate", func() Inflater { return stream(stdflate.NewReader(bytes.NewReader(nil))) }},
			{"klauspost", func() Inflater { return stream(flate.NewReader(bytes.NewReader(nil))) }},
			{Own, func() Inflater {
				return func(buf, b []byte) ([]byte, error) { return inflate.Append(buf[:0], b, 1<<30) }
			}},
		}
	}
	return nil
}

// stream makes an Inflater of a reader that can be reset.
func stream(r io.ReadCloser) Inflater {
	src := new(bytes.Reader)
	return func(buf, block []byte) ([]byte, error) {
		src.Reset(block)
		if err := r.(stdflate.Resetter).Reset(src, nil); err != nil {
			return nil, err
		}
		if cap(buf) == 0 {
			buf = make([]byte, 1<<17)
		}
		buf = buf[:cap(buf)]
		n := 0
		for {
			if n == len(buf) {
				buf = append(buf, make([]byte, len(buf))...)
			}
			k, err := r.Read(buf[n:])
			n += k
			if errors.Is(err, io.EOF) {
				return buf[:n], nil
			}
			if err != nil {
				return nil, err
			}
		}
	}
}

// By makes a variant of Limit. Its memory is kept from pass to pass, as that of
// the program in C and of the decoder is: new memory for large files is set to
// zero first, and brings a collection.
func By(e Engine, files []string) Variant {
	r := newReader(e)
	return ByFile(e.Name, len(files), func(done func()) error {
		_, err := r.pass(files, done)
		return err
	})
}

// InPairs makes a variant of Pairs, as By does of Limit.
func InPairs(name string, files []string) Variant {
	r := newPairs()
	return ByFile(name, len(files), func(done func()) error {
		_, err := r.pass(files, done)
		return err
	})
}

// Work is what a pass over files met.
type Work struct {
	Entries, Compressed, Raw int64
}

// Limit reads files and decompresses their blocks, nothing else. It calls done
// after each file.
func Limit(files []string, e Engine, done func()) (Work, error) {
	return newReader(e).pass(files, done)
}

// reader is the memory of a Limit.
type reader struct {
	in     Buffer
	out    []byte
	unpack Inflater
}

func newReader(e Engine) *reader { return &reader{unpack: e.New()} }

func (r *reader) pass(files []string, done func()) (Work, error) {
	var w Work
	for _, path := range files {
		b, err := r.in.Read(path)
		if err != nil {
			return w, err
		}
		for block, err := range Blocks(b) {
			if err != nil {
				return w, fmt.Errorf("read %q: %w", path, err)
			}
			raw, err := r.unpack(r.out, block.Body)
			if err != nil {
				return w, fmt.Errorf("read %q: %w", path, err)
			}
			if cap(raw) > cap(r.out) {
				r.out = raw
			}
			w.Entries += block.Count
			w.Compressed += int64(len(block.Body))
			w.Raw += int64(len(raw))
		}
		done()
	}
	return w, nil
}

// Block is one of an Avro object container file.
type Block struct {
	Count int64 // records
	Body  []byte
}

var errFormat = errors.New("not an Avro object container file")

// Blocks iterates over the blocks of a file.
func Blocks(b []byte) func(yield func(Block, error) bool) {
	return func(yield func(Block, error) bool) {
		pos, err := headerEnd(b)
		if err != nil {
			yield(Block{}, err)
			return
		}
		for pos < len(b) {
			count, n := binary.Varint(b[pos:])
			size, k := binary.Varint(b[pos+max(n, 0):])
			pos += n + k
			if n <= 0 || k <= 0 || count < 0 || size < 0 || size > int64(len(b)-pos-16) {
				yield(Block{}, errFormat)
				return
			}
			if !yield(Block{Count: count, Body: b[pos : pos+int(size)]}, nil) {
				return
			}
			pos += int(size) + 16
		}
	}
}

// headerEnd is where the first block begins.
func headerEnd(b []byte) (int, error) {
	if !bytes.HasPrefix(b, []byte("Obj\x01")) {
		return 0, errFormat
	}
	pos := 4
	for {
		count, n := binary.Varint(b[pos:])
		if n <= 0 || count < 0 {
			return 0, errFormat
		}
		pos += n
		if count == 0 {
			break
		}
		for range 2 * count {
			size, n := binary.Varint(b[pos:])
			if n <= 0 || size < 0 || size > int64(len(b)-pos-n) {
				return 0, errFormat
			}
			pos += n + int(size)
		}
	}
	if len(b)-pos < 16 {
		return 0, errFormat
	}
	return pos + 16, nil
}

// Pairs is Limit by our own inflater as scans use it: two blocks at a time.
func Pairs(files []string, done func()) (Work, error) { return newPairs().pass(files, done) }

// pairs is the memory of Pairs.
type pairs struct {
	in          Buffer
	out, second []byte
}

func newPairs() *pairs { return &pairs{second: make([]byte, inflate.Apart)} }

func (r *pairs) pass(files []string, done func()) (Work, error) {
	var w Work
	for _, path := range files {
		b, err := r.in.Read(path)
		if err != nil {
			return w, err
		}
		waiting := []byte(nil)
		for block, err := range Blocks(b) {
			if err != nil {
				return w, fmt.Errorf("read %q: %w", path, err)
			}
			w.Entries += block.Count
			w.Compressed += int64(len(block.Body))
			if waiting == nil {
				waiting = block.Body
				continue
			}
			var otherErr error
			if r.out, r.second, err, otherErr = inflate.AppendTwo(r.out[:0], waiting, r.second[:inflate.Apart], block.Body, 1<<30); err != nil || otherErr != nil {
				return w, fmt.Errorf("read %q: %w", path, errors.Join(err, otherErr))
			}
			w.Raw += int64(len(r.out) + len(r.second) - inflate.Apart)
			waiting = nil
		}
		if waiting != nil {
			if r.out, err = inflate.Append(r.out[:0], waiting, 1<<30); err != nil {
				return w, fmt.Errorf("read %q: %w", path, err)
			}
			w.Raw += int64(len(r.out))
		}
		done()
	}
	return w, nil
}
