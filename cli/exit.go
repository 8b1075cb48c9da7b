package cli

import (
	"context"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"psyberg/engine/lex"
)

// The exit codes of psyql. Airflow, Argo and shell scripts decide by them
// whether to retry, so a code never changes its meaning.
const (
	ExitDone        = 0   // done, also: nothing to do
	ExitFailure     = 1   // own, file or configuration failure
	ExitUsage       = 2   // wrong flag or argument
	ExitSQL         = 3   // SQL or data error
	ExitAudit       = 4   // a blocking audit failed: do not retry
	ExitTransient   = 5   // I/O, HTTP, commit conflict: retry
	ExitDecision    = 6   // a source needs a decision: expired gap, rollback, replaced, threshold
	ExitNothingToDo = 99  // nothing to do, only with --exit-nothing-to-do
	ExitTimeout     = 124 // --timeout or --statement-timeout ran out
	ExitInterrupted = 130 // SIGINT
	ExitTerminated  = 143 // SIGTERM
)

// exitByCode is the one table from the codes in brackets to exit codes. An
// error that crosses DuckDB arrives as text, so the code is looked for there.
var exitByCode = map[string]int{
	"PSY_EXPIRED_GAP":       ExitDecision,
	"PSY_ROLLED_BACK":       ExitDecision,
	"PSY_REPLACED":          ExitDecision,
	"PSY_CATCHUP_THRESHOLD": ExitDecision,
	"PSY_OVERWRITE":         ExitDecision,
	"PSY_MISSING_BOUNDS":    ExitDecision,
	"PSY_NO_VTTS":           ExitDecision,
	"PSY_AUDIT_FAILED":      ExitAudit,
	"PSY_CONFLICT":          ExitTransient,
	"PSY_SUPERSEDED":        ExitFailure,
	"PSY_PUBLISH_REFUSED":   ExitFailure,
	"PSY_DAMAGED":           ExitFailure,
}

// transientTexts are what errors that a retry may mend say: DuckDB's error
// kinds, a SQLite catalog that others hold, a network or a server that is away
// for a while. Errors of functions cross DuckDB as text, so text is all there is.
var transientTexts = []string{
	"IO Error:", "HTTP Error:", "Connection Error:",
	"SQLITE_BUSY", "database is locked",
	"connection refused", "connection reset", "broken pipe", "i/o timeout", "TLS handshake timeout", "unexpected EOF",
	"Client.Timeout exceeded", "server misbehaving", "failure in name resolution",
	"StatusCode: 429", "StatusCode: 500", "StatusCode: 503", "SlowDown",
	"REST error: service unavailable", "REST error: server error", "ServiceUnavailableException", "Too Many Requests",
}

// notTransient are those among them that say the same again: the file is not there,
// or may not be read.
var notTransient = []string{"No files found", "No such file", "does not exist", "Permission denied", "not a valid DuckDB database"}

// configTexts begin errors of the configuration that only turn up in a
// statement: a catalog is not connected to before it is used.
var configTexts = []string{`open catalog "`, "read configuration "}

var bracketed = regexp.MustCompile(`\[(PSY_[A-Z_]+)\]`)

// errNothingToDo is returned under --exit-nothing-to-do where a session has
// nothing to do.
var errNothingToDo = errors.New("nothing to do")

// usageError is a wrong flag or argument: the caller's mistake, shown with
// where help is.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// signalError is the cause of a cancelled run: the signal that came.
type signalError struct{ signal os.Signal }

func (e signalError) Error() string { return "stopped by " + e.signal.String() }

// errTimeout is the cause of a run that --timeout, or a statement that
// --statement-timeout, ended.
var errTimeout = errors.New("timed out")

// Code returns the code in brackets that err carries ("PSY_CONFLICT"), or "".
// Where several errors are wrapped into one text, the first known one counts: it
// is the outermost.
func Code(err error) string {
	if err == nil {
		return ""
	}
	for _, m := range bracketed.FindAllStringSubmatch(err.Error(), -1) {
		if _, known := exitByCode[m[1]]; known {
			return m[1]
		}
	}
	return ""
}

// ExitCode returns the exit code for what Run ended with.
func ExitCode(err error) int {
	var (
		usage  usageError
		signal signalError
		out    outputError
		at     *lex.Error
	)
	switch {
	case err == nil:
		return ExitDone
	case errors.Is(err, errNothingToDo):
		return ExitNothingToDo
	case errors.As(err, &signal):
		if signal.signal == syscall.SIGTERM {
			return ExitTerminated
		}
		return ExitInterrupted
	case errors.Is(err, errTimeout), errors.Is(err, context.DeadlineExceeded):
		return ExitTimeout
	case errors.As(err, &usage):
		return ExitUsage
	case errors.As(err, &out):
		return ExitFailure
	}
	if code := Code(err); code != "" {
		return exitByCode[code]
	}
	if transient(err.Error()) {
		return ExitTransient
	}
	if errors.As(err, &at) && !containsAny(err.Error(), configTexts) {
		return ExitSQL
	}
	return ExitFailure
}

// transient reports whether an error's text is of a kind that a retry may mend.
func transient(text string) bool {
	return containsAny(text, transientTexts) && !containsAny(text, notTransient)
}

func containsAny(text string, parts []string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}
