package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// LongFile is from how many bytes on a local file is better mapped than read:
// what is in the system's memory is not copied, which costs more than to map it.
const LongFile = 1 << 20

// MapFile maps a local file, all of which is in memory then, where the system can
// do that. free ends it. Whoever reads the bytes has to expect that they are gone:
// a disk may fail, and somebody may cut the file short. data is nil for a file of
// fewer than LongFile bytes, for one that worth says no of when it sees how it
// begins, and where files are not mapped: it is to be read then. One of more than
// most bytes is refused.
func MapFile(path string, most int64, worth func(head []byte) bool) (data []byte, free func(), err error) {
	f, err := openFile(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = f.Close() }() // nothing is written
	if err := f.check(most); err != nil || f.size < LongFile {
		return nil, nil, err
	}
	head := make([]byte, headBytes)
	n, err := f.Read(head)
	if err != nil || !worth(head[:n]) {
		return nil, nil, err
	}
	return f.mapped()
}

// headBytes is how much is seen of how a file begins: more than a manifest's header.
const headBytes = 16 << 10

// mostAtOnce is how much is read of a local file before ctx is looked at again.
const mostAtOnce = 16 << 20

// ReadFile returns a whole local file, in buf where it has room for it. One of
// more than most bytes is refused. Errors name the path as package os does.
func ReadFile(ctx context.Context, path string, buf []byte, most int64) ([]byte, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing is written: what matters was read
	if err := f.check(most); err != nil {
		return nil, err
	}
	if f.size == 0 { // one that does not know its size
		b, err := io.ReadAll(io.LimitReader(f, most))
		return append(buf[:0], b...), err
	}
	if int64(cap(buf)) < f.size {
		buf = make([]byte, f.size+f.size/8)
	}
	buf = buf[:f.size]
	for n := 0; n < len(buf); {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m, err := f.Read(buf[n:min(len(buf), n+mostAtOnce)])
		n += m
		if errors.Is(err, io.EOF) { // it is shorter than it was
			return buf[:n], nil
		}
		if err != nil {
			return nil, err
		}
	}
	return buf, nil
}

// check refuses a file that is too long.
func (f *localFile) check(most int64) error {
	if f.size > most {
		return fmt.Errorf("%d bytes long, more than %d", f.size, most)
	}
	return nil
}
