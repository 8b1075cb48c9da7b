package unsnap

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/snappy"

	"psyberg/internal/fence"
	"psyberg/internal/sample"
)

// between decodes src where the bytes beside input and output cannot be touched:
// a loop that leaves its bounds ends the test binary. What comes out must be what
// comes out elsewhere.
func between(t testing.TB, src []byte) {
	t.Helper()
	n, size, err := header(src)
	if err != nil || n > fence.Size || len(src) > fence.Size {
		return
	}
	in, out := fence.Get(), fence.Get()
	defer in.Put()
	defer out.Put()
	want, _, ok := naive(src)
	sides := []func(*fence.Fence, int) []byte{(*fence.Fence).First, (*fence.Fence).Last}
	for i := range 4 * len(ways) {
		from := sides[i&1](in, len(src)-size)
		copy(from, src[size:])
		dst := sides[i>>1&1](out, n)
		if got := decode(dst, from, ways[i>>2].loop); got != ok || ok && !bytes.Equal(dst, want) {
			t.Fatalf("%s, between fences: %v, elsewhere %v; block %x", ways[i>>2].name, got, ok, cut(src))
		}
	}
}

// TestU3_Fences: no byte beside input or output is read or written, whole or
// damaged as the input is.
func TestU3_Fences(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(11, 12))
	for _, raw := range sample.Texts() {
		src := snappy.Encode(nil, raw)
		between(t, src)
		for range 8 {
			between(t, damaged(r, src))
		}
	}
}

// TestU3_Last: each kind of element, how near to the end of the input and of the
// output it may ever be.
func TestU3_Last(t *testing.T) {
	t.Parallel()
	for _, element := range []struct {
		n    int
		text string
	}{
		{60, lit(prefix[:60])}, {64, longLit(1, prefix[:64])}, {65, longLit(4, prefix[:65])}, {150, longLit(2, prefix[:150])},
		{11, back1(11, 100)}, {64, back2(64, 150)}, {64, back4(64, 150)},
		{64, back2(64, 1)}, {64, back2(64, 16)}, {64, back2(64, 17)}, {64, back2(64, 31)}, {64, back2(64, 32)}, {64, back2(64, 63)}, {64, back4(64, 63)},
	} {
		for _, before := range []string{"", lit(prefix[:60]), back2(60, 200)} {
			n := 200 + element.n
			if before != "" {
				n += 60
			}
			for behind := 0; behind < 200; behind += step() {
				wide, tight := block(n, lit(prefix), before, element.text), block(n, lit(prefix), before, element.text)
				if behind > 0 { // as many bytes of input as of output, or one byte of input for four of output
					wide = block(n+behind, lit(prefix), before, element.text, lit(prefix[:behind]))
					tight = block(n+4*behind, lit(prefix), before, element.text)
					for range behind / 2 {
						tight = append(tight, back1(8, 70)...)
					}
				}
				between(t, wide)
				between(t, tight)
			}
		}
	}
}
