package manifest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
)

// window is what is in memory of a file that is read piece by piece, while it is
// decoded: the header, and a part of what follows it. A piece is decoded while it
// is still near the processor, and a file of any length takes little memory.
type window struct {
	src  io.Reader
	size int64  // of the file
	read int64  // so many bytes of it were read
	head int    // so many bytes of data are the header, which stays
	gone int    // so many bytes behind the header have made room for others
	buf  []byte // the memory of data
	low  int    // of how many bytes there is a choice of blocks
	kept *[]byte
	held bool // nothing moves: what was returned last is still needed
	cut  bool // the file ended before its size
}

// LongFile is from how many bytes on ScanFrom is for: others are in memory whole as well.
const LongFile = 2 * windowBytes

const (
	// windowBytes is how much of a file is in memory, unless a block is larger:
	// little enough to stay near the processor, and many blocks.
	windowBytes = 512 << 10
	// lowWater is so many bytes that there are two blocks in them, mostly: these
	// can be decompressed at a time.
	lowWater = 64 << 10
)

// windows keeps memory of windows between scans.
var windows = sync.Pool{New: func() any {
	b := make([]byte, windowBytes+ample)
	return &b
}}

// newWindow is of a file of so many bytes. It must be released.
func newWindow(src io.Reader, size int64) *window {
	kept := windows.Get().(*[]byte)
	return &window{src: src, size: size, buf: *kept, low: lowWater, kept: kept}
}

// open reads the header.
func (w *window) open(what, name string) (*container, error) {
	c := &container{what: what, name: name, more: w}
	for need := syncLen; ; need = 2 * len(c.data) {
		err := c.fill(need)
		if err == nil {
			err = c.begin()
		}
		switch {
		case err == nil:
			w.head = c.pos
			return c, nil
		case !errors.Is(err, errShort) || w.read == w.size:
			return nil, err
		}
		c.pos = 0 // the header is longer than what was read
	}
}

// release gives the memory back; nothing of the file is needed any more.
func (w *window) release() { windows.Put(w.kept) }

// left is how many bytes of the file follow a place in data.
func (c *container) left(pos int) int64 {
	if c.more == nil {
		return int64(len(c.data) - pos)
	}
	return int64(len(c.data)-pos) + c.more.size - c.more.read
}

// length is how many bytes the file has.
func (c *container) length() int {
	if c.more == nil {
		return len(c.data)
	}
	return int(c.more.size)
}

// where is the place in the file of one in data.
func (c *container) where(pos int) int {
	if c.more == nil || pos < c.more.head {
		return pos
	}
	return pos + c.more.gone
}

// choose has the next block be in memory, and another one, if they are small.
func (c *container) choose() error {
	if c.more == nil {
		return nil
	}
	return c.fill(max(c.more.low, 2*binary.MaxVarintLen64)) // of the block's head
}

// fill has so many bytes from the next block's place on be in data, as far as the
// file goes. What lies before that place, but for the header, is gone then.
func (c *container) fill(need int) error {
	w := c.more
	if w == nil || w.held || len(c.data)-c.pos >= need || w.read == w.size {
		return nil
	}
	rest := c.data[c.pos:]
	if len(w.buf) < w.head+need+ample {
		larger := make([]byte, w.head+need+ample)
		copy(larger, w.buf[:w.head])
		w.buf = larger
	}
	n := w.head + copy(w.buf[w.head:], rest)
	w.gone += c.pos - w.head
	c.pos = w.head
	end := min(int64(len(w.buf)-ample), int64(n)+w.size-w.read)
	m, err := io.ReadFull(w.src, w.buf[n:end])
	w.read += int64(m)
	c.data = w.buf[:n+m]
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		w.size, w.cut = w.read, true
	case err != nil:
		return fmt.Errorf("read %s %q: %w", c.what, c.name, err)
	}
	return nil
}

// hold has nothing move, or lets it.
func (c *container) hold(is bool) {
	if c.more != nil {
		c.more.held = is
	}
}

func (c *container) held() bool { return c.more != nil && c.more.held }

// ended reports an end of the file that is not where it should be.
func (c *container) ended() error {
	if c.more != nil && c.more.cut {
		return c.damage(c.where(c.pos), errShort)
	}
	return nil
}
