package testtables

import (
	"math/rand/v2"
	"runtime/metrics"
	"slices"
	"testing"
	"time"
)

// Damaged returns n files that are data but for an accident: half of them are
// cut short, in the others some bits are flipped. They are the same each time.
func Damaged(data []byte, n int) [][]byte {
	if len(data) == 0 {
		return nil
	}
	r := rand.New(rand.NewPCG(uint64(len(data)), uint64(n)))
	var out [][]byte
	for i := range n {
		if i%2 == 0 {
			out = append(out, slices.Clone(data[:len(data)*i/n]))
			continue
		}
		bad := slices.Clone(data)
		for range 1 + r.IntN(3) {
			bad[r.IntN(len(bad))] ^= 1 << r.IntN(8)
		}
		out = append(out, bad)
	}
	return out
}

// Bounded runs f, which reads input bytes, and fails where it takes more
// memory than 8 times these and 64 MiB, all allocations counted together, or
// more than half a minute. Nothing else may run beside it.
func Bounded(t testing.TB, input int, f func()) {
	t.Helper()
	hung := time.AfterFunc(30*time.Second, func() { panic("a reader hangs") })
	defer hung.Stop()
	before := allocated()
	f()
	if took, most := allocated()-before, 8*uint64(input)+64<<20; took > most {
		t.Fatalf("%d bytes were allocated for an input of %d, at most %d may be", took, input, most)
	}
}

// allocated is how many bytes this process has allocated so far. Unlike
// runtime.ReadMemStats it stops nobody.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
