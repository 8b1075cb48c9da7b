//go:build !unix

package fetch

import "os"

// localFile is a file of a disk that is read once, from its beginning to its end.
type localFile struct {
	*os.File
	size int64 // bytes, when it was opened
}

func openFile(path string) (*localFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return &localFile{f, st.Size()}, nil
}

// Nothing is mapped here: files are read.

func (f *localFile) mapTo([]byte) bool { return false }

func reserve(int) []byte { return nil }

func release([]byte) {}

func wholePages(size int) int { return size }
