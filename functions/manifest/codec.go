package manifest

import (
	"bytes"
	"compress/bzip2"
	stdflate "compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"

	"psyberg/functions/manifest/inflate"
	"psyberg/functions/manifest/unsnap"
)

// codec decompresses one block, to at most so many bytes. decode may use buf's
// memory and returns it, grown or not, for the next call; raw may lie in buf or in src.
type codec struct {
	name   string
	decode func(buf, src []byte, most int) (raw, newBuf []byte, err error)
}

var codecs = []codec{
	{"null", func(buf, src []byte, _ int) ([]byte, []byte, error) { return src, buf, nil }},
	{"deflate", unflate},
	{"snappy", unsnappy},
	{"zstandard", unzstd},
	{"bzip2", func(buf, src []byte, most int) ([]byte, []byte, error) {
		return readAll(buf, bzip2.NewReader(bytes.NewReader(src)), most)
	}},
}

// codecNamed finds the codec of a header; a file that names none has "null".
func codecNamed(name string) (codec, error) {
	if name == "" {
		name = "null"
	}
	for _, c := range codecs {
		if c.name == name {
			return c, nil
		}
	}
	return codec{}, fmt.Errorf("codec %q is none of null, deflate, snappy, zstandard, bzip2", name)
}

// Inflater says who decompresses deflate blocks. All give the same bytes.
type Inflater int32

const (
	OwnInflater       Inflater = iota // package inflate; the fastest
	KlauspostInflater                 // github.com/klauspost/compress/flate
	StandardInflater                  // compress/flate
)

var inflater atomic.Int32

// SetInflater chooses the inflater of all scans that begin from now on. It is
// there to fall back, should package inflate be suspected of an error.
func SetInflater(i Inflater) { inflater.Store(int32(i)) }

// streams keeps the windows and tables of the streaming inflaters between blocks.
var streams = map[Inflater]*sync.Pool{
	KlauspostInflater: {New: func() any { return flate.NewReader(bytes.NewReader(nil)) }},
	StandardInflater:  {New: func() any { return stdflate.NewReader(bytes.NewReader(nil)) }},
}

// unflate reads raw deflate (RFC 1951), as Avro has it: no zlib header.
func unflate(buf, src []byte, most int) ([]byte, []byte, error) {
	if pool := streams[Inflater(inflater.Load())]; pool != nil {
		r := pool.Get().(io.ReadCloser)
		defer pool.Put(r)
		if err := r.(flate.Resetter).Reset(bytes.NewReader(src), nil); err != nil {
			return nil, buf, err
		}
		return readAll(buf, r, most)
	}
	raw, err := inflate.Append(buf[:0], src, most)
	switch {
	case errors.Is(err, inflate.ErrLimit):
		return nil, raw, errTooBig
	case errors.Is(err, inflate.ErrShort):
		return nil, raw, errShort
	case err != nil:
		return nil, raw, err
	}
	return raw, raw, nil
}

// readAll reads r to its end into buf.
func readAll(buf []byte, r io.Reader, most int) ([]byte, []byte, error) {
	buf = buf[:cap(buf)]
	n := 0
	for {
		if n == len(buf) {
			if n > most {
				return nil, buf, errTooBig
			}
			buf = append(buf, make([]byte, min(max(64<<10, len(buf)), most+1-n))...)
			buf = buf[:cap(buf)]
		}
		m, err := r.Read(buf[n:])
		n += m
		switch {
		case n > most:
			return nil, buf, errTooBig
		case errors.Is(err, io.EOF):
			return buf[:n], buf, nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			return nil, buf, errShort
		case err != nil:
			return nil, buf, err
		}
	}
}

// unsnappy reads Avro's snappy: the block format, then the CRC-32 of the
// decompressed bytes, big endian.
func unsnappy(buf, src []byte, most int) ([]byte, []byte, error) {
	if len(src) < 4 {
		return nil, buf, errShort
	}
	body, sum := src[:len(src)-4], binary.BigEndian.Uint32(src[len(src)-4:])
	n, err := unsnap.Len(body)
	if err != nil {
		return nil, buf, err
	}
	if n > most || n > 64*len(body)+64 { // no snappy stream expands more (M2)
		return nil, buf, errTooBig
	}
	if cap(buf) < n+ample {
		buf = make([]byte, n+ample)
	}
	raw, err := unsnap.Decode(buf, body)
	if err != nil {
		return nil, buf, err
	}
	if unsnap.Sum(raw) != sum {
		return nil, buf, errors.New("checksum is wrong")
	}
	return raw, buf, nil
}

// zstdDecoders are one decoder for each limit, a power of two; DecodeAll may be
// called at the same time.
var zstdDecoders sync.Map // log2 -> func() (*zstd.Decoder, error)

func zstdDecoder(most int) (*zstd.Decoder, error) {
	log := bits.Len(uint(most)) - 1
	f, ok := zstdDecoders.Load(log)
	if !ok {
		f, _ = zstdDecoders.LoadOrStore(log, sync.OnceValues(func() (*zstd.Decoder, error) {
			return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(1<<log))
		}))
	}
	return f.(func() (*zstd.Decoder, error))()
}

// unzstd takes at least half of most for too much. What Java writes does not
// say its size beforehand.
func unzstd(buf, src []byte, most int) ([]byte, []byte, error) {
	d, err := zstdDecoder(most)
	if err != nil {
		return nil, buf, err
	}
	raw, err := d.DecodeAll(src, buf[:0])
	switch {
	case errors.Is(err, zstd.ErrDecoderSizeExceeded), errors.Is(err, zstd.ErrWindowSizeExceeded):
		return nil, buf, errTooBig
	case err != nil:
		return nil, buf, err
	}
	return raw, raw, nil
}
