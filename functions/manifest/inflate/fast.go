package inflate

import "encoding/binary"

// How much input and output the fast loop must have before it begins a round.
// A round reads at most three times eight bytes, and writes at most three pairs
// of literals and one match of 258, in steps of 32.
const (
	slackIn  = 32
	slackOut = 6 + 258 + 64
)

// outcome says why the fast loop ended.
type outcome uint8

const (
	shortOfRoom outcome = iota
	blockEnd
	corrupt
)

var le = binary.LittleEndian

// nearBack is, for each distance below eight, its least multiple from eight on.
var nearBack = [8]uint8{0, 8, 8, 9, 8, 10, 12, 14}

// fast decodes codes for as long as nothing can run out. It keeps in nbits only
// the low six bits true: to mask what is subtracted would take longer than the
// lookups do. A round starts with 56 bits at least: three lookups of 11 bits, or
// two and a length (20), and a glance at the distance (8).
//
// It is one function because every call would spill the eleven values it keeps
// in registers.
func (d *decoder) fast(t *tables) outcome {
	src, dst := d.src, d.dst
	lit, dtab := &t.lit, &t.dist
	lmask := (uint64(1)<<(t.litBits&15) - 1) & (1<<litBits - 1)
	dmask := (uint64(1)<<(t.distBits&15) - 1) & (1<<distBits - 1)
	bits, nbits, in, out := d.bits, d.nbits, d.in, d.out
	inEnd, outEnd := len(src)-slackIn, len(dst)-slackOut
	end := shortOfRoom
	for in < inEnd && out < outEnd {
		bits |= le.Uint64(src[in:]) << (nbits & 63)
		in += int(7 - nbits>>3&7)
		nbits |= 56

		e := uint64(lit[bits&lmask])
		if e&fLit != 0 {
			bits >>= e & 63
			nbits -= e
			le.PutUint16(dst[out:], uint16(e>>16))
			out += int(1 + e>>14&1)
			e = uint64(lit[bits&lmask])
			if e&fLit != 0 {
				bits >>= e & 63
				nbits -= e
				le.PutUint16(dst[out:], uint16(e>>16))
				out += int(1 + e>>14&1)
				e = uint64(lit[bits&lmask])
				if e&fLit != 0 {
					bits >>= e & 63
					nbits -= e
					le.PutUint16(dst[out:], uint16(e>>16))
					out += int(1 + e>>14&1)
					continue
				}
			}
		}
		if e&fExc != 0 {
			if e&fSub != 0 {
				bits >>= e & 63
				nbits -= e
				e = uint64(lit[e>>16+bits&(1<<(e>>8&15)-1)])
				if e&fLit != 0 {
					bits >>= e & 63
					nbits -= e
					dst[out] = byte(e >> 16)
					out++
					continue
				}
			}
			if e&fExc != 0 {
				end = blockEnd
				if e>>16 != 0 {
					end = corrupt
				}
				bits >>= e & 63
				nbits -= e
				break
			}
		}
		length := int(e>>16 + bits&(1<<(e&63)-1)>>(e>>8&15))
		bits >>= e & 63
		nbits -= e

		e = uint64(dtab[bits&dmask])
		bits |= le.Uint64(src[in:]) << (nbits & 63)
		in += int(7 - nbits>>3&7)
		nbits |= 56
		if e&fExc != 0 {
			if e&fSub != 0 {
				bits >>= e & 63
				nbits -= e
				e = uint64(dtab[e>>16+bits&(1<<(e>>8&15)-1)])
			}
			if e&fExc != 0 {
				end = corrupt
				break
			}
		}
		dist := int(e>>16 + bits&(1<<(e&63)-1)>>(e>>8&15))
		bits >>= e & 63
		nbits -= e
		if dist > out-d.start {
			end = corrupt
			break
		}
		from := out - dist
		if dist >= 8 {
			le.PutUint64(dst[out:], le.Uint64(dst[from:]))
			le.PutUint64(dst[out+8:], le.Uint64(dst[from+8:]))
			for i := 16; i < length; i += 16 {
				le.PutUint64(dst[out+i:], le.Uint64(dst[from+i:]))
				le.PutUint64(dst[out+i+8:], le.Uint64(dst[from+i+8:]))
			}
			out += length
			continue
		}
		// Near matches repeat their bytes: eight by hand, then from so far back
		// that eight can be taken at once.
		for i := range 8 {
			dst[out+i] = dst[from+i]
		}
		back := int(nearBack[dist&7])
		for i := 8; i < length; i += 8 {
			le.PutUint64(dst[out+i:], le.Uint64(dst[out+i-back:]))
		}
		out += length
	}
	nbits &= 63
	d.bits, d.nbits, d.in, d.out = bits&(1<<nbits-1), nbits, in, out
	return end
}
