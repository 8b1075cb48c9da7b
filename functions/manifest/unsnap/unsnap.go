package unsnap

import (
	"encoding/binary"
	"errors"
)

// ErrCorrupt is the error of whatever is no block.
var ErrCorrupt = errors.New("snappy: corrupt input")

// The kinds of elements are the two lowest bits of their first byte, the tag. The
// others are a length, and in copy1 the highest bits of the offset.
const (
	literal = iota // without a length in the tag from maxShort on
	copy1          // one byte of offset
	copy2          // two
	copy4          // four
)

// maxShort is the longest literal whose length is in its tag.
const maxShort = 60

// firstLong is the tag of the first kind of literal that is longer.
const firstLong = maxShort << 2

// What a round of fast reads and writes at most, a literal, a copy and the next tag.
const (
	slackIn  = 80  // a tag, 64 bytes from the last of four of a length on, a copy4, a tag
	slackOut = 128 // a literal of 60, then a copy in steps of 64
)

// Len is how many bytes src says that it decompresses to.
func Len(src []byte) (int, error) {
	n, _, err := header(src)
	return n, err
}

// header reads that number, and how many bytes it takes.
func header(src []byte) (n, size int, err error) {
	v, size := binary.Uvarint(src)
	if size <= 0 || size > 5 || v > 1<<32-1 || int(v) < 0 {
		return 0, 0, ErrCorrupt
	}
	return int(v), size, nil
}

// Decode decompresses src, into dst's memory if that has room for all of it. They
// must not overlap.
func Decode(dst, src []byte) ([]byte, error) {
	n, size, err := header(src)
	if err != nil {
		return nil, err
	}
	if n > cap(dst) {
		dst = make([]byte, n)
	}
	dst = dst[:n]
	if !decode(dst, src[size:], fast) {
		return nil, ErrCorrupt
	}
	return dst, nil
}

// loop decodes elements from src[in] and dst[out] on, as long as there is room for
// more than one needs, and stops before whatever it does not do itself.
type loop func(dst, src []byte, in, out int) (nextIn, nextOut int)

// decode: do the elements of src fill dst exactly?
func decode(dst, src []byte, fast loop) bool {
	in, out := 0, 0
	for in < len(src) {
		if in <= len(src)-slackIn && out <= len(dst)-slackOut {
			in, out = fast(dst, src, in, out)
		}
		var ok bool
		if in, out, ok = element(dst, src, in, out); !ok {
			return false
		}
	}
	return out == len(dst)
}

// element decodes the element at src[in], whatever it is.
func element(dst, src []byte, in, out int) (nextIn, nextOut int, ok bool) {
	tag := src[in]
	in++
	size := int(tag & 3) // of what follows the tag: an offset, or a literal's length
	switch {
	case tag&3 == copy4:
		size = 4
	case tag&3 == literal && tag >= firstLong:
		size = int(tag>>2) - maxShort + 1
	}
	if size > len(src)-in {
		return in, out, false
	}
	v := uint32(0)
	for i := size - 1; i >= 0; i-- {
		v = v<<8 | uint32(src[in+i])
	}
	in += size
	n := int(tag>>2) + 1
	if tag&3 == literal {
		if size > 0 {
			n = int(v) + 1
		}
		if n <= 0 || n > len(src)-in || n > len(dst)-out { // n <= 0: on 32 bits
			return in, out, false
		}
		copy(dst[out:out+n], src[in:])
		return in + n, out + n, true
	}
	if tag&3 == copy1 {
		n = int(tag>>2&7) + 4
		v |= uint32(tag>>5) << 8
	}
	if v == 0 || uint64(v) > uint64(out) || n > len(dst)-out {
		return in, out, false
	}
	repeat(dst, out, int(v), n)
	return in, out + n, true
}

// repeat writes n bytes from dst[out] on, each as the one that is offset before it.
func repeat(dst []byte, out, offset, n int) {
	from := out - offset
	for end := out + n; out < end; {
		out += copy(dst[out:end], dst[from:out])
	}
}
