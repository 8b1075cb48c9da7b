package inflate

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"psyberg/internal/fence"
	"psyberg/internal/sample"
)

// between decodes src where the bytes beside input and output cannot be touched:
// a loop that leaves its bounds ends the test binary. What comes out must be what
// comes out elsewhere.
func between(t testing.TB, src []byte) {
	t.Helper()
	if len(src) > fence.Size {
		return
	}
	in, out := fence.Get(), fence.Get()
	defer in.Put()
	defer out.Put()
	want, wantErr := inflate(make([]byte, 0, fence.Size), src, fence.Size-slackOut, true)
	sides := []func(*fence.Fence, int) []byte{(*fence.Fence).First, (*fence.Fence).Last}
	for i := range 4 * len(ways()) {
		from := sides[i&1](in, len(src))
		copy(from, src)
		room := min(fence.Size, max(slackOut, len(want)+slackOut*(i>>1&1)))
		got, err := ways()[i>>2].decode(sides[i>>1&1](out, room)[:0], from, fence.Size-slackOut)
		if (err == nil) != (wantErr == nil) || !bytes.Equal(got, want) {
			t.Fatalf("%s, between fences: %d bytes and %v, elsewhere %d and %v; input %x", ways()[i>>2].name, len(got), err, len(want), wantErr, cut(src))
		}
	}
}

// bothBetween decodes src and half of it, which ends earlier, at the same time, each
// between fences of its own.
func bothBetween(t testing.TB, src []byte) {
	t.Helper()
	const limit = fence.Size - slackOut
	var in, out [2]*fence.Fence
	for i := range in {
		in[i], out[i] = fence.Get(), fence.Get()
		defer in[i].Put()
		defer out[i].Put()
	}
	half := src[:len(src)/2]
	want, wantErr := inflate(make([]byte, 0, fence.Size), src, limit, true)
	wantHalf, halfErr := inflate(make([]byte, 0, fence.Size), half, limit, true)
	for i := range 4 { // whichever of the fences lies higher, and whichever stream comes first
		src0, src1 := in[i&1].Last(len(src)), in[1-i&1].Last(len(half))
		copy(src0, src)
		copy(src1, half)
		dst0, dst1 := out[i&1].Last(min(fence.Size, len(want)+slackOut))[:0], out[1-i&1].Last(slackOut)[:0]
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
	for i, raw := range sample.Texts() {
		if len(raw) > fence.Size-2*slackOut {
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
