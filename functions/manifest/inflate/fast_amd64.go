//go:build amd64 && !purego

package inflate

import "golang.org/x/sys/cpu"

// hasFast: is there a fast loop in assembly, and can this processor run it?
var hasFast = cpu.X86.HasBMI2 && cpu.X86.HasSSSE3

// state is what the loop in assembly begins with and leaves of a stream. in and
// out are indexes of src and dst, as start, from where a match may copy, and as
// lastIn and lastOut, the last ones at which a round may begin.
type state struct {
	bits, nbits                     uint64
	in, out, start, lastIn, lastOut int
}

// fastBMI2 is in fast_amd64.s. src and dst are the first bytes of the decoder's.
//
//go:noescape
func fastBMI2(s *state, t *tables, src, dst *byte) (end outcome)

// fastTwoBMI2 is fastBMI2 for two streams with codes of their own.
//
//go:noescape
func fastTwoBMI2(s *[2]state, w *twin, src0, dst0, src1, dst1 *byte) (end0, end1 outcome)

// state is where the loop begins; ok: with room for a round.
func (d *decoder) state() (s state, ok bool) {
	s = state{
		bits: d.bits, nbits: d.nbits, in: d.in, out: d.out, start: d.start,
		lastIn: len(d.src) + d.pad - slackIn, lastOut: len(d.dst) - slackOut,
	}
	return s, s.in <= s.lastIn && s.out <= s.lastOut
}

func (d *decoder) goOn(s *state) { d.bits, d.nbits, d.in, d.out = s.bits, s.nbits, s.in, s.out }

// fast decodes codes as portable does, in assembly.
func (d *decoder) fast(t *tables) outcome {
	s, ok := d.state()
	if !ok {
		return shortOfRoom
	}
	end := fastBMI2(&s, t, &d.src[:1][0], &d.dst[0])
	d.goOn(&s)
	return end
}

// fast decodes codes of both streams until one of them ends or is short of room;
// the other is still running then.
func (w *twin) fast() (end0, end1 outcome) {
	a, b := &w[0], &w[1]
	s0, ok0 := a.state()
	s1, ok1 := b.state()
	switch {
	case !ok0:
		return shortOfRoom, running
	case !ok1:
		return running, shortOfRoom
	}
	s := [2]state{s0, s1}
	end0, end1 = fastTwoBMI2(&s, w, &a.src[:1][0], &a.dst[0], &b.src[:1][0], &b.dst[0])
	a.goOn(&s[0])
	b.goOn(&s[1])
	return end0, end1
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
