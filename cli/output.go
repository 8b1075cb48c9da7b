package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// output is where results go: stdout, or the file of -o.
type output struct {
	buf  *bufio.Writer
	file *os.File // nil: stdout
	// closed: whoever read stdout has gone; what comes is dropped.
	closed bool
}

// outputError is a failure to write a result: no fault of the statement.
type outputError struct{ err error }

func (e outputError) Error() string { return "write result: " + e.err.Error() }
func (e outputError) Unwrap() error { return e.err }

func newOutput(stdout io.Writer, path string) (*output, error) {
	o := &output{}
	w := stdout
	if path != "" && path != "-" {
		f, err := os.Create(path)
		if err != nil {
			return nil, fmt.Errorf("open output: %w", err)
		}
		o.file, w = f, f
	}
	o.buf = bufio.NewWriterSize(marked{w}, 1<<16)
	return o, nil
}

// marked marks the errors of a writer as outputErrors.
type marked struct{ w io.Writer }

func (m marked) Write(p []byte) (int, error) {
	n, err := m.w.Write(p)
	if err != nil {
		err = outputError{err}
	}
	return n, err
}

// readerGone reports whether err says that the reader of stdout has gone, as
// head does.
func readerGone(err error) bool {
	out := outputError{}
	return errors.As(err, &out) && (errors.Is(out, syscall.EPIPE) || errors.Is(out, io.ErrClosedPipe))
}

// gone is readerGone, and drops everything from then on.
func (o *output) gone(err error) bool {
	if !readerGone(err) {
		return false
	}
	o.closed = true
	o.buf.Reset(io.Discard)
	return true
}

// flush hands over what is there.
func (o *output) flush() error {
	err := o.buf.Flush()
	if err != nil && o.gone(err) {
		return nil
	}
	return err
}

func (o *output) close() error {
	err := o.flush()
	if o.file != nil {
		if e := o.file.Close(); err == nil && e != nil {
			err = outputError{e}
		}
	}
	return err
}
