package cli

import (
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"
)

// IO is what psyql sees of the process that it runs in.
type IO struct {
	In       io.Reader
	Out, Err io.Writer
	// Env looks up an environment variable.
	Env func(string) (string, bool)
	// Signals are SIGINT and SIGTERM; nil where none are to be heeded.
	Signals <-chan os.Signal
	// Abort ends the process at once, for a second signal; nil: ignored.
	Abort func(code int)
	// Whether these streams are terminals, and how many cells wide Out is (0: unknown).
	InTerminal, OutTerminal, ErrTerminal bool
	Width                                func() int
	// Height is how many rows Out has (0: unknown).
	Height func() int
}

// System is the IO of this process. It takes over SIGINT, SIGTERM and SIGPIPE.
func System() IO {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	// With SIGPIPE noted a closed stdout is an error of Write (EPIPE), which
	// ends a result quietly, not the process.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	out := int(os.Stdout.Fd())
	return IO{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.LookupEnv,
		Signals: signals, Abort: os.Exit,
		InTerminal:  term.IsTerminal(int(os.Stdin.Fd())),
		OutTerminal: term.IsTerminal(out),
		ErrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		Width: func() int {
			w, _, err := term.GetSize(out)
			if err != nil {
				return 0
			}
			return w
		},
		Height: func() int {
			_, h, err := term.GetSize(out)
			if err != nil {
				return 0
			}
			return h
		},
	}
}
