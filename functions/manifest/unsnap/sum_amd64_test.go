//go:build amd64 && !purego

package unsnap

import (
	"hash/crc32"
	"math/bits"
	"math/rand/v2"
	"testing"

	"psyberg/internal/fence"
)

// TestU4_Folded: lengths from the least that can be, too, between fences.
func TestU4_Folded(t *testing.T) {
	t.Parallel()
	if !hasFold {
		t.Skip("not on this processor")
	}
	f := fence.Get()
	defer f.Put()
	r := rand.New(rand.NewPCG(1, 2))
	for n := 256; n < 3000; n += step() {
		for _, b := range [][]byte{f.First(n), f.Last(n)} {
			for i := range b {
				b[i] = byte(r.Uint32())
			}
			if got, want := folded(b), crc32.ChecksumIEEE(b); got != want {
				t.Fatalf("%d bytes: %08x, want %08x", n, got, want)
			}
		}
	}
}

// TestFoldConstants: each is x to the power that its comment says.
func TestFoldConstants(t *testing.T) {
	t.Parallel()
	power := func(n int) uint64 {
		r := bits.Reverse32(1)
		for range n {
			r = r>>1 ^ crc32.IEEE*(r&1)
		}
		return uint64(r) << 1
	}
	for _, c := range []struct {
		bits      int
		low, high uint64
	}{{2048, fold2048, fold2048High}, {512, fold512, fold512High}} {
		if low, high := power(c.bits+32), power(c.bits-32); low != c.low || high != c.high {
			t.Errorf("%d bits: %#x and %#x, want %#x and %#x", c.bits, c.low, c.high, low, high)
		}
	}
}
