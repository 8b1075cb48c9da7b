package manifest

import (
	"math/bits"
)

// skipCode says in one word how a field is stepped over: the lowest three bits
// are its kind since opSkipNumber, the next says whether it is optional, the
// second byte is the branch's, the rest is fieldOp.n or shape.
type skipCode uint32

const codeOptional = 8

func (o *fieldOp) code() skipCode {
	n := o.n
	if o.kind == opSkipPairs {
		n = o.shape
	}
	c := skipCode(o.kind-opSkipNumber) | skipCode(o.there)<<8 | skipCode(n)<<16
	if o.optional {
		c |= codeOptional
	}
	return c
}

// fastSkips steps over fields.
func fastSkips(s *scanner, o *op, p int) int {
	b := s.dec.ahead
	for _, c := range o.codes {
		if p < 0 || p > len(b)-8 {
			return -1
		}
		w := le.Uint64(b[p:])
		if c&codeOptional != 0 {
			p++
			if x := byte(w) ^ byte(c>>8); x != 0 {
				if x != 2 {
					return -1
				}
				continue
			}
			w >>= 8 // its highest byte is none of the data
		}
		switch c & 7 {
		case 0: // opSkipNumber
			if w&0x80 == 0 {
				p++
			} else if p = afterNumber(b, p); p < 0 {
				return -1
			}
		case 1: // opSkipBytes
			if w&0x81 == 0 {
				p += 1 + int(w>>1&0x3f)
			} else if w&0x8081 == 0x80 {
				p += 2 + int(w&0x7f>>1|w>>2&0x1fc0)
			} else {
				return -1
			}
		case skipCode(opSkipTuples - opSkipNumber):
			p = afterTuples(b, p, int(c>>16))
		case skipCode(opSkipPairs - opSkipNumber):
			p = s.shapes[c>>16].afterPairs(b, p)
		default:
			p += int(c >> 16)
		}
	}
	return p
}

// What follows returns the place after what it stepped over; -1 where the bytes
// are odd, which says nothing about whether they are right. Behind the data it
// looks at other bytes, but not further than pad.

// afterNumber steps over a number.
func afterNumber(b []byte, p int) int {
	if p < 0 || p > len(b)-10 {
		return -1
	}
	if stops := ^le.Uint64(b[p:]) & stopBits; stops != 0 {
		return p + bits.TrailingZeros64(stops)>>3 + 1
	}
	switch {
	case b[p+8] < 0x80:
		return p + 9
	case b[p+9] <= 1:
		return p + 10
	}
	return -1
}

// count reads the head of a block of fewer than 8192 items without its size.
// It is 0 for the end of an array, and after is 0 where it cannot be read.
func count(b []byte, p int) (n, after int) {
	if p < 0 || p > len(b)-2 {
		return 0, 0
	}
	w := uint(le.Uint16(b[p:]))
	switch {
	case w&0x81 == 0:
		return int(w >> 1 & 0x3f), p + 1
	case w&0x8081 == 0x80:
		return int(w&0x7f>>1 | w>>8<<6), p + 2
	}
	return 0, 0
}

// eachByte repeats a byte in all eight by multiplication.
const eachByte = 0x0101010101010101

// afterTuples steps over an array of one block or none, of records of k
// numbers, many bytes at a time: a number ends in the byte whose high bit is
// clear, and as long as more numbers are left than there are bytes in a step,
// nobody need ask where in it the last one ends. The 0 that ends the array, a
// byte of its own, is stepped over as one number more.
func afterTuples(b []byte, p, k int) int {
	n, p := count(b, p)
	if n == 0 {
		return orOdd(p)
	}
	left := n*k + 1
	for left > 32 {
		if p < 0 || p > len(b)-32 {
			return -1
		}
		more := le.Uint64(b[p:])&stopBits>>7 + le.Uint64(b[p+8:])&stopBits>>7 + le.Uint64(b[p+16:])&stopBits>>7 + le.Uint64(b[p+24:])&stopBits>>7
		left -= 32 - int(more*eachByte>>56)
		p += 32
	}
	nothing := 0
	return afterNumbers(b, p, left, &nothing)
}
