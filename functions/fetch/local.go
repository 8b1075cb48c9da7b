package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
)

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
