//go:build unix

package fetch

import (
	"errors"
	"io"
	"io/fs"

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

// mapped is the whole file; nil where its file system does not map.
func (f *localFile) mapped() (data []byte, free func(), err error) {
	data, err = unix.Mmap(f.fd, 0, int(f.size), unix.PROT_READ, unix.MAP_SHARED|populate)
	if err != nil {
		return nil, nil, nil //nolint:nilerr // it can be read
	}
	return data, func() { _ = unix.Munmap(data) }, nil // nothing is to be done about it
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
