package manifest

import (
	"bytes"
	"testing"
)

// TestMemory: memory has the size that was asked for, keeps what was in it
// when it grows, and comes back when it was released.
func TestMemory(t *testing.T) {
	t.Parallel()
	m := &Memory{}
	m.Spoil()
	for _, n := range []int{0, 1, 64, 256, 257, 512, 513, 8000, 1 << 16, 1<<22 - 1, 1 << 22, 1<<22 + 1} {
		b := m.Allocate(n)
		if len(b) != n {
			t.Fatalf("%d bytes of %d", len(b), n)
		}
		for i := range b {
			b[i] = byte(i)
		}
		want := bytes.Clone(b)
		grown := m.Reallocate(3*n, b)
		if len(grown) != 3*n || !bytes.Equal(grown[:n], want) {
			t.Errorf("%d bytes: what was in them is lost when they grow", n)
		}
		shrunk := m.Reallocate(n/3, grown)
		if len(shrunk) != n/3 || !bytes.Equal(shrunk, want[:n/3]) {
			t.Errorf("%d bytes: what was in them is lost when they shrink", n)
		}
		m.Free(shrunk)
	}
	b := m.Allocate(1000)
	copy(b, "rows")
	m.Free(b)
	if string(b[:4]) == "rows" {
		t.Error("what was released is as it was")
	}
}
