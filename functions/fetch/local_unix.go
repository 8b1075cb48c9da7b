//go:build unix

package fetch

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"reflect"

	"golang.org/x/sys/unix"
)

// localFile is a file of a disk that is read once, from its beginning to its end.
// It asks the system for no more than that: to open a small file with package os
// costs about as much as to copy it.
type localFile struct {
	path string
	fd   int
	size int64 // bytes, when it was opened
}

func openFile(path string) (*localFile, error) {
	f := &localFile{path: path}
	err := again(func() (err error) {
		f.fd, err = unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	var st unix.Stat_t
	if err := again(func() error { return unix.Fstat(f.fd, &st) }); err != nil {
		_ = f.Close()
		return nil, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	f.size = st.Size
	return f, nil
}

// Read implements io.Reader.
func (f *localFile) Read(b []byte) (n int, err error) {
	if len(b) == 0 {
		return 0, nil
	}
	err = again(func() (err error) {
		n, err = unix.Read(f.fd, b)
		return err
	})
	switch {
	case err != nil:
		return 0, &fs.PathError{Op: "read", Path: f.path, Err: err}
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// mapTo maps the whole file, as long as it was when opened, to addresses that were
// reserved, for reading; false where its file system does not map.
func (f *localFile) mapTo(data []byte) bool {
	at := reflect.ValueOf(data).UnsafePointer()
	_, err := unix.MmapPtr(f.fd, 0, at, uintptr(len(data)), unix.PROT_READ, unix.MAP_SHARED|unix.MAP_FIXED|populate)
	return err == nil
}

// reserve returns addresses at which nothing is, whole pages; nil where there are none.
func reserve(size int) []byte {
	mem, err := unix.Mmap(-1, 0, size, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil
	}
	return mem
}

// release ends what is mapped to addresses that were reserved.
func release(mem []byte) {
	_ = unix.Munmap(mem) // nothing is to be done about it
}

// wholePages is how many bytes the pages have that so many bytes are in.
func wholePages(size int) int {
	page := os.Getpagesize()
	return (size + page - 1) / page * page
}

// Close implements io.Closer.
func (f *localFile) Close() error { return unix.Close(f.fd) }

// again asks as often as a signal comes between.
func again(ask func() error) error {
	for {
		if err := ask(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
