//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package cache

import (
	"io"
	"os"
)

// mapFile reads the file, where package syscall cannot map it.
func mapFile(f *os.File, size int64) (data []byte, free func(), err error) {
	data = make([]byte, size)
	_, err = io.ReadFull(f, data)
	return data, func() {}, err
}
