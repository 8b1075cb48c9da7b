//go:build unix

package fetch

import (
	"errors"
	"io"
	"io/fs"

	"golang.org/x/sys/unix"
)

// LocalFile is a file of a disk that is read once, from its beginning to its end.
// It asks the system for no more than that: to open a small file with package os
// costs about as much as to copy it.
type LocalFile struct {
	path string
	fd   int
	size int64
	at   int64 // of what is read next
}

// OpenFile opens a local file.
func OpenFile(path string) (*LocalFile, error) {
	f := &LocalFile{path: path}
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

// Size is how many bytes it had when it was opened.
func (f *LocalFile) Size() int64 { return f.size }

// Read implements io.Reader.
func (f *LocalFile) Read(b []byte) (n int, err error) {
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
	if f.at += int64(n); n >= long && f.at < f.size { // the disk is busy with it while this piece is decoded
		_ = willNeed(f.fd, f.at, int64(n)) // a wish
	}
	return n, nil
}

// long is how much of a file is read at a time at least, for more to be wished for.
const long = 256 << 10

// Close implements io.Closer.
func (f *LocalFile) Close() error { return unix.Close(f.fd) }

// again asks as often as a signal comes between.
func again(ask func() error) error {
	for {
		if err := ask(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
