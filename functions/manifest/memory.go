package manifest

import (
	"math/bits"
	"sync"

	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Memory is an allocator for batches whose rows are copied and then forgotten: the
// next batch takes their memory, where the garbage collector would have to find it
// again. It is for scans only whose every consumer keeps what it needs by Retain,
// or copies it: memory that was released has other rows soon. The zero value is
// ready, and for any number of goroutines.
type Memory struct {
	memory.GoAllocator
	free  [largestMemory + 1]sync.Pool // of *[]byte, by the logarithm of their size
	spoil bool
}

// Spoil has what is released be overwritten at once, so that a test finds who
// reads it.
func (m *Memory) Spoil() { m.spoil = true }

// What is smaller or larger is left to Go: powers of two.
const (
	smallestMemory = 9
	largestMemory  = 22
)

// sizeClass is the logarithm of the size in which n bytes are kept; ok is false
// where they are not.
func sizeClass(n int) (class int, ok bool) {
	class = max(bits.Len(uint(n-1)), smallestMemory)
	return class, n > 1<<(smallestMemory-1) && class <= largestMemory
}

// Allocate implements memory.Allocator. What is in the bytes is not said.
func (m *Memory) Allocate(n int) []byte {
	class, ok := sizeClass(n)
	if !ok {
		return m.GoAllocator.Allocate(n)
	}
	if b, ok := m.free[class].Get().(*[]byte); ok {
		return (*b)[:n]
	}
	return m.GoAllocator.Allocate(1 << class)[:n]
}

// Reallocate implements memory.Allocator.
func (m *Memory) Reallocate(n int, b []byte) []byte {
	if n <= cap(b) && (n > len(b) || n > cap(b)/2) {
		return b[:n]
	}
	out := m.Allocate(n)
	copy(out, b)
	m.Free(b)
	return out
}

// Free implements memory.Allocator.
func (m *Memory) Free(b []byte) {
	b = b[:cap(b)]
	if m.spoil {
		for i := range b {
			b[i] = 0xa5
		}
	}
	if class, ok := sizeClass(len(b)); ok && len(b) == 1<<class {
		m.free[class].Put(&b)
	}
}
