//go:build amd64 && !purego

package unsnap

import "golang.org/x/sys/cpu"

// hasFast: can this processor run the loop in assembly?
var hasFast = cpu.X86.HasAVX2 && cpu.X86.HasBMI2

// tables are what the loop looks up.
type tables struct {
	// copies says what there is in a copy's tag: from the lowest bits on a byte of
	// length, a byte with the number of bits of the offset that follow the tag, and
	// the bits of the offset above those. A copy4 has oddCopy for a length: longer
	// than its offset of no bits, as is what overlaps.
	copies [256]uint32
	// periods says from where each of 64 bytes comes that repeat the first 1 to 16.
	periods [17][64]uint8
	// steps is how many of these 64 are whole periods.
	steps [17]uint8
}

const oddCopy = 255

var lookup = func() *tables {
	t := new(tables)
	for tag := range uint32(256) {
		switch tag & 3 {
		case copy1:
			t.copies[tag] = (tag>>2&7 + 4) | 8<<8 | tag>>5<<24
		case copy2:
			t.copies[tag] = (tag>>2 + 1) | 16<<8
		case copy4:
			t.copies[tag] = oddCopy
		}
	}
	for p := 1; p < len(t.periods); p++ {
		for i := range t.periods[p] {
			t.periods[p][i] = uint8(i % p)
		}
		t.steps[p] = uint8(64 - 64%p)
	}
	return t
}()

// fastAVX2 is in fast_amd64.s. dst and src are first bytes, the others indexes of
// them: lastIn and lastOut the last at which a round may begin.
//
//go:noescape
func fastAVX2(dst, src *byte, in, out, lastIn, lastOut int, t *tables) (nextIn, nextOut int)

func fast(dst, src []byte, in, out int) (nextIn, nextOut int) {
	if !hasFast {
		return portable(dst, src, in, out)
	}
	return fastAVX2(&dst[0], &src[0], in, out, len(src)-slackIn, len(dst)-slackOut, lookup)
}
