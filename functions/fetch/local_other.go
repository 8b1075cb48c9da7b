//go:build !unix

package fetch

import "os"

// LocalFile is a file of a disk that is read once, from its beginning to its end.
type LocalFile struct {
	*os.File
	size int64
}

// OpenFile opens a local file.
func OpenFile(path string) (*LocalFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return &LocalFile{f, st.Size()}, nil
}

// Size is how many bytes it had when it was opened.
func (f *LocalFile) Size() int64 { return f.size }
