package inflate

import "encoding/binary"

// How much input and output the fast loop must have before it begins a round.
// A round reads at most three times eight bytes, and writes at most three literals
// and one match of 258, in steps of 32.
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
	running // it is another stream that ended
)

var le = binary.LittleEndian

// nearBack is, for each distance below eight, its least multiple from eight on.
var nearBack = [8]uint8{0, 8, 8, 9, 8, 10, 12, 14}

// portable is the fast loop for any processor, and what fast_amd64.s does is
// what it does: it decodes codes for as long as nothing can run out. A round
// starts with 56 bits at least: three lookups of 11 bits, or two and a length
// (20), and a glance at the distance (8).
//
// What a symbol costs is the way from its entry to the next one: a shift, a
// mask, a load. So the next entry is always looked up before anything else is
// done with this one; nbits keeps only its low six bits true, for to mask what
// is subtracted takes longer; and all is in one function with few variables,
// for a value that is spilled on that way costs as much as the load.
func (d *decoder) portable(t *tables) outcome {
	all := d.src[:len(d.src)+d.pad]
	src, dst := all[d.in:len(all):len(all)], d.dst[:len(d.dst):len(d.dst)]
	bits, nbits, out := d.bits, d.nbits, d.out
	if len(src) < slackIn || out+slackOut > len(dst) {
		return shortOfRoom
	}
	bits |= le.Uint64(src) << (nbits & 63)
	src = src[7-nbits>>3&7:]
	nbits |= 56
	end := shortOfRoom
	e := t.lit[bits&litMask]
	for len(src) >= slackIn && out+slackOut <= len(dst) {
		if e&fLit != 0 {
			w := (*[4]byte)(dst[out : out+4 : out+4])
			bits >>= e & 63
			nbits -= uint64(e)
			f := t.lit[bits&litMask]
			w[0] = byte(e >> 16)
			if f&fLit != 0 {
				bits >>= f & 63
				nbits -= uint64(f)
				e = t.lit[bits&litMask]
				w[1] = byte(f >> 16)
				if e&fLit != 0 {
					bits >>= e & 63
					nbits -= uint64(e)
					f = t.lit[bits&litMask]
					bits |= le.Uint64(src) << (nbits & 63)
					src = src[7-nbits>>3&7:]
					nbits |= 56
					w[2] = byte(e >> 16)
					out += 3
					e = f
					continue
				}
				out += 2
			} else {
				out++
				e = f
			}
		}
		if e&fExc != 0 {
			if e&fSub != 0 {
				bits >>= e & 63
				nbits -= uint64(e)
				e = t.lit[e>>16+uint32(bits)&(1<<(e>>8&15)-1)]
				if e&fLit != 0 {
					bits >>= e & 63
					nbits -= uint64(e)
					f := t.lit[bits&litMask]
					bits |= le.Uint64(src) << (nbits & 63)
					src = src[7-nbits>>3&7:]
					nbits |= 56
					dst[out] = byte(e >> 16)
					out++
					e = f
					continue
				}
			}
			if e&fExc != 0 {
				bits >>= e & 63
				nbits -= uint64(e)
				end = blockEnd
				if e>>16 != 0 {
					end = corrupt
				}
				break
			}
		}
		length := int(e>>16) + int(bits&(1<<(e&63)-1)>>(e>>8&15))
		bits >>= e & 63
		nbits -= uint64(e)
		e = t.dist[bits&distMask]
		bits |= le.Uint64(src) << (nbits & 63)
		src = src[7-nbits>>3&7:]
		nbits |= 56
		if e&fExc != 0 {
			if e&fSub != 0 {
				bits >>= e & 63
				nbits -= uint64(e)
				e = t.dist[e>>16+uint32(bits)&(1<<(e>>8&15)-1)]
			}
			if e&fExc != 0 {
				end = corrupt
				break
			}
		}
		from := out - int(e>>16) - int(bits&(1<<(e&63)-1)>>(e>>8&15))
		bits >>= e & 63
		nbits -= uint64(e)
		e = t.lit[bits&litMask]
		bits |= le.Uint64(src) << (nbits & 63)
		src = src[7-nbits>>3&7:]
		nbits |= 56
		if from < d.start {
			end = corrupt
			break
		}
		// Most matches end within 32 bytes: no branch asks for their length.
		if out-from >= 16 {
			*(*[16]byte)(dst[out : out+16 : out+16]) = *(*[16]byte)(dst[from : from+16 : from+16])
			*(*[16]byte)(dst[out+16 : out+32 : out+32]) = *(*[16]byte)(dst[from+16 : from+32 : from+32])
			next := out + length
			for length > 32 {
				out += 16
				from += 16
				length -= 16
				*(*[16]byte)(dst[out+16 : out+32 : out+32]) = *(*[16]byte)(dst[from+16 : from+32 : from+32])
			}
			out = next
			continue
		}
		if out-from >= 8 {
			next := out + length
			for out < next {
				le.PutUint64(dst[out:out+8:out+8], le.Uint64(dst[from:from+8:from+8]))
				le.PutUint64(dst[out+8:out+16:out+16], le.Uint64(dst[from+8:from+16:from+16]))
				out += 16
				from += 16
			}
			out = next
			continue
		}
		near(dst[from:], out-from, length)
		out += length
	}
	nbits &= 63
	d.bits, d.nbits, d.in, d.out = bits&(1<<nbits-1), nbits, len(all)-len(src), out
	return end
}

// near repeats the first dist bytes of b, fewer than eight, length times behind
// them: eight by hand, then from so far back that eight can be taken at once.
func near(b []byte, dist, length int) {
	for j := range 8 {
		b[dist+j] = b[j]
	}
	back := int(nearBack[dist&7])
	for i := dist + 8; i < dist+length; i += 8 {
		le.PutUint64(b[i:i+8:i+8], le.Uint64(b[i-back:i-back+8:i-back+8]))
	}
}
