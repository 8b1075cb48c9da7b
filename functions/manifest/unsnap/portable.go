package unsnap

import "encoding/binary"

var le = binary.LittleEndian

// portable is the loop in Go: what is short is moved as two words, of which the
// element's bytes are kept.
func portable(dst, src []byte, in, out int) (nextIn, nextOut int) {
	lastIn, lastOut := len(src)-slackIn, len(dst)-slackOut
	for in <= lastIn && out <= lastOut {
		tag := src[in]
		n := int(tag>>2) + 1
		var offset, size int // of a copy, and what it takes in src
		switch tag & 3 {
		case literal:
			switch {
			case n <= 16:
				le.PutUint64(dst[out:], le.Uint64(src[in+1:]))
				le.PutUint64(dst[out+8:], le.Uint64(src[in+9:]))
			case tag < firstLong:
				copy(dst[out:out+n], src[in+1:])
			default:
				return in, out
			}
			in += 1 + n
			out += n
			continue
		case copy1:
			n = int(tag>>2&7) + 4
			offset = int(tag>>5)<<8 | int(src[in+1])
			size = 2
		case copy2:
			offset = int(le.Uint16(src[in+1:]))
			size = 3
		default:
			return in, out
		}
		from := out - offset
		switch {
		case from < 0 || offset == 0:
			return in, out
		case n <= 16 && offset >= 8:
			le.PutUint64(dst[out:], le.Uint64(dst[from:]))
			le.PutUint64(dst[out+8:], le.Uint64(dst[from+8:])) // after the first: it may read what that wrote
		case offset >= n:
			copy(dst[out:out+n], dst[from:])
		default:
			repeat(dst, out, offset, n)
		}
		in += size
		out += n
	}
	return in, out
}
