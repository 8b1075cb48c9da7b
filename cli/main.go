package cli

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync/atomic"

	"github.com/spf13/cobra"
)

// app is one run of psyql.
type app struct {
	io   IO
	opts options
	log  *slog.Logger
	// explained takes the lines of --explain.
	explained *slog.Logger
	// statementLevel is the level of the line that each statement logs.
	statementLevel slog.Level
	// cancel ends the run with a cause.
	cancel context.CancelCauseFunc
	// given are the options of the command line itself.
	given []string
	// hands: the command runs statements, so that it hands outputs on.
	hands   bool
	outputs []outputValue
	lineage *lineage
	// done is closed when the run is over.
	done chan struct{}
	// onInterrupt is asked first at a SIGINT; true: taken care of.
	onInterrupt atomic.Pointer[func() bool]
}

// Main runs psyql with the arguments after its name and returns the exit code.
func Main(ctx context.Context, args []string, io IO) int {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	a := &app{io: io, cancel: cancel, done: make(chan struct{})}
	defer close(a.done)
	a.log = newLogger(io.Err, slog.LevelWarn, "text")
	go a.heed()

	root := newRoot(a)
	root.SetArgs(args)
	if len(args) > 0 && args[0] == cobra.ShellCompRequestCmd {
		plainUsages(root)
	}
	err := root.ExecuteContext(ctx)
	if cause := (signalError{}); err != nil && errors.As(context.Cause(ctx), &cause) {
		err = cause // whatever a cancelled statement said
	}
	if a.hands {
		a.lineage.end(err)
		if e := a.handOn(err); err == nil {
			err = e
		} else if e != nil {
			a.log.Warn("the outputs of a failed run could not be written", "error", e.Error())
		}
	}
	a.report(err)
	return ExitCode(err)
}

// heed cancels the run at the first signal, and ends the process at the second:
// now, whatever is still running. A SIGINT that the prompt takes for its
// statement counts as none.
func (a *app) heed() {
	for stopping := false; ; {
		select {
		case s := <-a.io.Signals:
			take := a.onInterrupt.Load()
			switch {
			case s == os.Interrupt && take != nil && (*take)():
			case stopping && a.io.Abort != nil:
				a.io.Abort(ExitCode(signalError{s}))
			default:
				stopping = true
				a.cancel(signalError{s})
			}
		case <-a.done:
			return
		}
	}
}
