//go:build amd64 && !purego

package inflate

import "golang.org/x/sys/cpu"

// hasFast: is there a fast loop in assembly, and can this processor run it?
var hasFast = cpu.X86.HasBMI2 && cpu.X86.HasSSSE3

// state is what the loop in assembly begins with and leaves. in and out are
// indexes of src and dst, as start, from where a match may copy, and as lastIn
// and lastOut, the last ones at which a round may begin.
type state struct {
	bits, nbits                     uint64
	in, out, start, lastIn, lastOut int
}

// fastBMI2 is in fast_amd64.s. src and dst are the first bytes of the decoder's.
//
//go:noescape
func fastBMI2(s *state, t *tables, src, dst *byte) outcome

// fast decodes codes as portable does, in assembly.
func (d *decoder) fast(t *tables) outcome {
	s := state{
		bits: d.bits, nbits: d.nbits, in: d.in, out: d.out, start: d.start,
		lastIn: len(d.src) + d.pad - slackIn, lastOut: len(d.dst) - slackOut,
	}
	if s.in > s.lastIn || s.out > s.lastOut {
		return shortOfRoom
	}
	end := fastBMI2(&s, t, &d.src[:1][0], &d.dst[0])
	d.bits, d.nbits, d.in, d.out = s.bits, s.nbits, s.in, s.out
	return end
}

// lensBMI2 is in fast_amd64.s. src is the first byte of the decoder's.
//
//go:noescape
func lensBMI2(d *decoder, src *byte, i, n, k int, last uint16) (nextI, nextK int, nextLast uint16)

// plainLens reads lengths from i on that are no runs, as readLens does, and
// returns where that goes on. It stops at the latest where fewer than eight bytes
// are left.
func (d *decoder) plainLens(i, n, k int, last uint16) (nextI, nextK int, nextLast uint16) {
	return lensBMI2(d, &d.src[0], i, n, k, last)
}
