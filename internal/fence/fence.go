// Package fence has memory for tests of code that keeps within bounds by itself:
// who touches a byte beside it ends the test binary.
package fence

import (
	"sync"

	"golang.org/x/sys/unix"
)

// Size is how many bytes a Fence has.
const Size = 1 << 17

// Fence is memory between two pages that cannot be touched.
type Fence struct{ inner []byte }

var fences = sync.Pool{New: func() any {
	page := unix.Getpagesize()
	all, err := unix.Mmap(-1, 0, Size+2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err == nil {
		err = unix.Mprotect(all[:page], unix.PROT_NONE)
	}
	if err == nil {
		err = unix.Mprotect(all[page+Size:], unix.PROT_NONE)
	}
	if err != nil {
		panic(err)
	}
	return &Fence{all[page : page+Size : page+Size]} // kept until the process ends
}}

// Get returns a Fence that nobody else has; what is in it is not said.
func Get() *Fence { return fences.Get().(*Fence) }

// Put gives it back.
func (f *Fence) Put() { fences.Put(f) }

// First and Last are the n bytes at either end.
func (f *Fence) First(n int) []byte { return f.inner[:n:n] }

// Last is the other end.
func (f *Fence) Last(n int) []byte { return f.inner[Size-n:] }
