//go:build amd64 && !purego

package pattern

import "golang.org/x/sys/cpu"

// fast: can this processor run the loop in assembly?
var fast = cpu.X86.HasAVX2 && cpu.X86.HasBMI1 && cpu.X86.HasBMI2 && cpu.X86.HasPOPCNT

// walkAVX2 is in walk_amd64.s.
//
//go:noescape
func walkAVX2(steps *step, chunks *common, next *next, b *byte, from, length, last, most int, places *int32) (n, to int)

func (p *Pattern) walk(b []byte, from, last, most int, places []int32) (n, to int) {
	if !fast {
		return p.portable(b, from, last, most, places)
	}
	n, to = walkAVX2(&p.steps[0], &p.chunks[0], &p.next, &b[0], from, len(b), last, most, &places[0])
	p.next.learn(n, to-from)
	return n, to
}

// enough is after how many entries it is seen whether it is worth looking for the
// next one.
const enough = 512

// learn notes that so many entries were found, which have so many bytes.
func (x *next) learn(n, size int) {
	if n == 0 {
		return
	}
	x.lines = uint32(size / n / line)
	if x.seen += uint32(n); x.seen < enough {
		return
	}
	if x.missed > x.seen/2 {
		x.mark = 0
	}
	x.seen, x.missed = 0, 0
}

// line is how many bytes a processor fetches at a time.
const line = 64

// pairsBMI2 is in walk_amd64.s.
//
//go:noescape
func pairsBMI2(b *byte, places *int32, steps, offset, n int, first, second *int64)

func pairs(b []byte, places []int32, steps, offset int, first, second []int64) {
	if !fast {
		portablePairs(b, places, steps, offset, first, second)
		return
	}
	pairsBMI2(&b[0], &places[0], steps, offset, len(first), &first[0], &second[0])
}
