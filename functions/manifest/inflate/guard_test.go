package inflate

import (
	"bytes"
	"math/rand/v2"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// fence is memory between two pages that cannot be touched.
type fence struct{ inner []byte }

const fenced = 1 << 17

var fences = sync.Pool{New: func() any {
	page := unix.Getpagesize()
	all, err := unix.Mmap(-1, 0, fenced+2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err == nil {
		err = unix.Mprotect(all[:page], unix.PROT_NONE)
	}
	if err == nil {
		err = unix.Mprotect(all[page+fenced:], unix.PROT_NONE)
	}
	if err != nil {
		panic(err)
	}
	return &fence{all[page : page+fenced : page+fenced]} // kept until the process ends
}}

// first and last are the n bytes at either end.
func (f *fence) first(n int) []byte { return f.inner[:n:n] }
func (f *fence) last(n int) []byte  { return f.inner[fenced-n:] }

// between decodes src where the bytes beside input and output cannot be touched:
// a loop that leaves its bounds ends the test binary. What comes out must be what
// comes out elsewhere.
func between(t testing.TB, src []byte) {
	t.Helper()
	if len(src) > fenced {
		return
	}
	in, out := fences.Get().(*fence), fences.Get().(*fence)
	defer fences.Put(in)
	defer fences.Put(out)
	want, wantErr := inflate(make([]byte, 0, fenced), src, fenced-slackOut, true)
	sides := []func(*fence, int) []byte{(*fence).first, (*fence).last}
	for i := range 4 * len(ways()) {
		from := sides[i&1](in, len(src))
		copy(from, src)
		room := min(fenced, max(slackOut, len(want)+slackOut*(i>>1&1)))
		got, err := ways()[i>>2].decode(sides[i>>1&1](out, room)[:0], from, fenced-slackOut)
		if (err == nil) != (wantErr == nil) || !bytes.Equal(got, want) {
			t.Fatalf("%s, between fences: %d bytes and %v, elsewhere %d and %v; input %x", ways()[i>>2].name, len(got), err, len(want), wantErr, cut(src))
		}
	}
}

// bothBetween decodes src and half of it, which ends earlier, at the same time, each
// between fences of its own.
func bothBetween(t testing.TB, src []byte) {
	t.Helper()
	const limit = fenced - slackOut
	var in, out [2]*fence
	for i := range in {
		in[i], out[i] = fences.Get().(*fence), fences.Get().(*fence)
		defer fences.Put(in[i])
		defer fences.Put(out[i])
	}
	half := src[:len(src)/2]
	want, wantErr := inflate(make([]byte, 0, fenced), src, limit, true)
	wantHalf, halfErr := inflate(make([]byte, 0, fenced), half, limit, true)
	for i := range 4 { // whichever of the fences lies higher, and whichever stream comes first
		src0, src1 := in[i&1].last(len(src)), in[1-i&1].last(len(half))
		copy(src0, src)
		copy(src1, half)
		dst0, dst1 := out[i&1].last(min(fenced, len(want)+slackOut))[:0], out[1-i&1].last(slackOut)[:0]
		var got, gotHalf []byte
		var err, errHalf error
		if i < 2 {
			got, gotHalf, err, errHalf = AppendTwo(dst0, src0, dst1, src1, limit)
		} else {
			gotHalf, got, errHalf, err = AppendTwo(dst1, src1, dst0, src0, limit)
		}
		if (err == nil) != (wantErr == nil) || (errHalf == nil) != (halfErr == nil) || !bytes.Equal(got, want) || !bytes.Equal(gotHalf, wantHalf) {
			t.Fatalf("two between fences: %d bytes and %v, %d and %v, elsewhere %d and %v, %d and %v; input %x",
				len(got), err, len(gotHalf), errHalf, len(want), wantErr, len(wantHalf), halfErr, cut(src))
		}
	}
}

// TestI3_Fences: no byte beside input or output is read or written, whole or
// damaged as the input is.
func TestI3_Fences(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	for i, raw := range texts() {
		if len(raw) > fenced-2*slackOut {
			continue
		}
		src := deflated(t, raw, i%12-2)
		between(t, src)
		bothBetween(t, src)
		for range 8 {
			b := bytes.Clone(src[:r.IntN(len(src)+1)])
			for range r.IntN(3) {
				if len(b) > 0 {
					b[r.IntN(len(b))] ^= 1 << r.IntN(8)
				}
			}
			between(t, b)
			bothBetween(t, b)
		}
	}
}
