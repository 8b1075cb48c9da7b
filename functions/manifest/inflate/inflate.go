package inflate

import (
	"errors"
	"sync"
)

// What can be wrong with the input.
var (
	ErrCorrupt = errors.New("corrupt deflate data")
	ErrShort   = errors.New("deflate data is cut short")
	ErrLimit   = errors.New("deflate data expands to more than is allowed")
)

// decoder is the state of one call. Its tables are large: decoders are pooled.
type decoder struct {
	src, dst []byte
	start    int // of what is appended, in dst
	limit    int // of len(dst)

	bits  uint64 // read from src and not used yet, the next one lowest
	nbits uint64 // how many of them there are
	in    int    // bytes of src that are in bits or used
	pad   int    // zeros that may be read behind src
	out   int    // bytes of dst that are written

	plain bool // keep to the portable loop
	last  bool // of the blocks

	own tables
	scratch
	tail [slackIn + 8 + slackIn]byte // the end of src, with zeros behind it
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

// Append inflates src and appends what comes out to dst, whose spare capacity
// it uses and overwrites; the result shares dst's memory where that is large
// enough. What is appended is at most limit bytes.
//
// src and the spare capacity of dst must not overlap. After an error (one of
// ErrCorrupt, ErrShort, ErrLimit) the result is dst itself, or a larger copy of
// it that is worth keeping for the next call.
func Append(dst, src []byte, limit int) ([]byte, error) {
	return inflate(dst, src, limit, !hasFast)
}

// inflate is Append, where plain is set by the portable loop.
func inflate(dst, src []byte, limit int, plain bool) ([]byte, error) {
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	d.begin(dst, src, limit, plain)
	in, err := d.next()
	return d.rest(in, err)
}

func (d *decoder) begin(dst, src []byte, limit int, plain bool) {
	n := len(dst)
	d.src, d.dst, d.start, d.limit = src, dst[:cap(dst)], n, n+limit
	d.bits, d.nbits, d.in, d.out, d.pad = 0, 0, 0, n, 0
	d.plain, d.last = plain, false
	if len(d.dst) < n+slackOut {
		d.dst = grown(dst, n+slackOut+3*len(src))
	}
}

// rest decodes what is left and returns what Append does.
func (d *decoder) rest(in bool, err error) ([]byte, error) {
	for in && err == nil {
		in, err = d.after(d.loop(&d.own))
	}
	if err == nil && d.out > d.limit {
		err = ErrLimit
	}
	dst, out := d.dst, d.out
	d.src, d.dst = nil, nil
	if err != nil {
		return dst[:d.start], err
	}
	return dst[:out], nil
}

// grown copies b into a larger slice of n bytes at least.
func grown(b []byte, n int) []byte {
	c := append(b, make([]byte, n-len(b))...)
	return c[:cap(c)]
}

// room makes sure that n more bytes can be written.
func (d *decoder) room(n int) error {
	if d.out+n > d.limit {
		return ErrLimit
	}
	if d.out+n+slackOut > len(d.dst) {
		d.dst = grown(d.dst[:d.out], max(d.out+n+slackOut, min(2*d.out, d.limit+slackOut)))
	}
	return nil
}

// next reads up to the first block that has codes of its own, and its tables. in
// is false at the end of the input, and after an error.
func (d *decoder) next() (in bool, err error) {
	for !d.last {
		if !d.need(3) {
			return false, ErrShort
		}
		kind := d.bits >> 1 & 3
		d.last = d.bits&1 != 0
		d.drop(3)
		switch kind {
		case 0:
			err = d.stored()
		case 1:
			err = d.fixed()
		case 2:
			err = d.readTables()
			return err == nil, err
		default:
			err = ErrCorrupt
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
}

// fixed decodes a block with fixed codes.
func (d *decoder) fixed() error {
	t := fixed()
	for done := false; !done; {
		var err error
		if done, err = d.handle(d.loop(t), t); err != nil {
			return err
		}
	}
	return nil
}

// loop is the fast loop.
func (d *decoder) loop(t *tables) outcome {
	if d.plain {
		return d.portable(t)
	}
	return d.fast(t)
}

// after does what is to be done where the fast loop ended in a block with codes of
// its own. in is as next has it.
func (d *decoder) after(end outcome) (in bool, err error) {
	done, err := d.handle(end, &d.own)
	if done && err == nil {
		return d.next()
	}
	return err == nil, err
}

// need makes n bits available, of at most 56.
func (d *decoder) need(n uint64) bool {
	d.fill()
	return d.nbits >= n
}

// fill reads as much as fits. What bits has above nbits, if anything, are the
// bits that come next.
func (d *decoder) fill() {
	if len(d.src)-d.in >= 8 {
		d.bits |= le.Uint64(d.src[d.in:]) << (d.nbits & 63)
		d.in += int(63-d.nbits) >> 3
		d.nbits |= 56
		return
	}
	for d.nbits <= 56 && d.in < len(d.src) {
		d.bits |= uint64(d.src[d.in]) << d.nbits
		d.in++
		d.nbits += 8
	}
}

func (d *decoder) drop(n uint64) {
	d.bits >>= n & 63
	d.nbits -= n
}

// stored copies a block that is not compressed.
func (d *decoder) stored() error {
	d.drop(d.nbits & 7)
	d.in -= int(d.nbits >> 3) // whole bytes go back
	d.bits, d.nbits = 0, 0
	if len(d.src)-d.in < 4 {
		return ErrShort
	}
	h := d.src[d.in : d.in+4]
	n, inv := int(h[0])|int(h[1])<<8, int(h[2])|int(h[3])<<8
	if n != inv^0xffff {
		return ErrCorrupt
	}
	d.in += 4
	if len(d.src)-d.in < n {
		return ErrShort
	}
	if err := d.room(n); err != nil {
		return err
	}
	d.out += copy(d.dst[d.out:], d.src[d.in:d.in+n])
	d.in += n
	return nil
}

// handle goes on where the fast loop ended, by the careful one where there is no
// more room for output; done at the end of the block.
func (d *decoder) handle(end outcome, t *tables) (done bool, err error) {
	switch end {
	case running:
		return false, nil
	case corrupt:
		return false, ErrCorrupt
	}
	if err := d.unpad(); err != nil || end == blockEnd {
		return err == nil, err
	}
	if d.pad == 0 && len(d.src)-d.in < slackIn {
		d.padded()
		return false, nil
	}
	for more := true; more && !done; {
		if done, err = d.careful(t); err != nil {
			return false, err
		}
		more = len(d.src)-d.in+d.pad < slackIn // with input left it was the output that ended
	}
	return done, nil
}

// padded puts the end of src where zeros follow it, for the fast loop to read it whole.
func (d *decoder) padded() {
	d.in -= int(d.nbits >> 3) // whole bytes go back
	d.nbits &= 7
	d.bits &= 1<<d.nbits - 1
	n := copy(d.tail[:slackIn+8], d.src[d.in:])
	clear(d.tail[n:])
	d.src, d.in, d.pad = d.tail[:n], 0, len(d.tail)-n
}

// unpad gives back what was read behind src, where that is not used.
func (d *decoder) unpad() error {
	if over := uint64(max(0, d.in-len(d.src))) * 8; over > 0 {
		if over > d.nbits {
			return ErrShort
		}
		d.in = len(d.src)
		d.nbits -= over
		d.bits &= 1<<d.nbits - 1
	}
	return nil
}

// careful decodes one symbol, however little input and output are left.
func (d *decoder) careful(t *tables) (done bool, err error) {
	d.fill()
	e := uint64(t.lit[d.bits&litMask])
	if e&fSub != 0 {
		if d.nbits < e&63 {
			return false, ErrShort
		}
		d.drop(e & 63)
		e = uint64(t.lit[e>>16+d.bits&(1<<(e>>8&15)-1)])
	}
	if e&63 > d.nbits {
		return false, ErrShort
	}
	if e&fLit != 0 {
		if err := d.room(1); err != nil {
			return false, err
		}
		d.dst[d.out] = byte(e >> 16)
		d.out++
		d.drop(e & 63)
		return false, nil
	}
	if e&fExc != 0 {
		if e>>16 != 0 {
			return false, ErrCorrupt
		}
		d.drop(e & 63)
		return true, nil
	}
	length := int(e>>16 + d.bits&(1<<(e&63)-1)>>(e>>8&15))
	d.drop(e & 63)
	d.fill()
	e = uint64(t.dist[d.bits&distMask])
	if e&fSub != 0 {
		if d.nbits < e&63 {
			return false, ErrShort
		}
		d.drop(e & 63)
		e = uint64(t.dist[e>>16+d.bits&(1<<(e>>8&15)-1)])
	}
	switch {
	case e&63 > d.nbits:
		return false, ErrShort
	case e&fExc != 0:
		return false, ErrCorrupt
	}
	dist := int(e>>16 + d.bits&(1<<(e&63)-1)>>(e>>8&15))
	d.drop(e & 63)
	if dist > d.out-d.start {
		return false, ErrCorrupt
	}
	if err := d.room(length); err != nil {
		return false, err
	}
	for range length {
		d.dst[d.out] = d.dst[d.out-dist]
		d.out++
	}
	return false, nil
}
