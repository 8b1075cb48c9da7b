package cli

import (
	"errors"
	"fmt"
	"strings"

	"psyberg/engine/bridge"
	"psyberg/engine/lex"
)

// report writes what a run ended with to stderr, for people or, with
// --log-format json, as one JSON line. A run that ended well, or that somebody
// stopped, says nothing.
func (a *app) report(err error) {
	var (
		signal signalError
		usage  usageError
		at     *lex.Error
	)
	switch {
	case err == nil, errors.Is(err, errNothingToDo), errors.As(err, &signal):
		if err != nil {
			a.log.Info("ended", "reason", err.Error(), "exit", ExitCode(err))
		}
		return
	}
	located := errors.As(err, &at)
	if a.opts.logFormat == "json" {
		attrs := []any{"exit", ExitCode(err)}
		if code := Code(err); code != "" {
			attrs = append(attrs, "code", code)
		}
		if located {
			attrs = append(attrs, "file", at.File, "line", at.Line, "column", at.Col)
			err = at.Err
		}
		a.log.Error(words(err), attrs...)
		return
	}
	text := words(err)
	if located {
		text += "\n" + at.Excerpt
	}
	if errors.As(err, &usage) {
		text = "psyql: " + text + "\nTry 'psyql --help'."
	}
	if !located && !errors.As(err, &usage) {
		text = "psyql: " + text
	}
	fmt.Fprintln(a.io.Err, harmless(redact(text)))
}

// harmless is a text that a terminal shows and does not obey: what a script or a
// table holds may be in it.
func harmless(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 {
			return '\ufffd'
		}
		return r
	}, text)
}

// words is an error as a person reads it: DuckDB's near matches are in its
// message already, its excerpt of the statement is not.
func words(err error) string {
	text := err.Error()
	if duck := (*bridge.Error)(nil); errors.As(err, &duck) && len(duck.Candidates) > 0 && !mentions(text, duck.Candidates) {
		text += "; did you mean " + strings.Join(duck.Candidates, ", ") + "?"
	}
	return text
}

func mentions(text string, names []string) bool {
	for _, n := range names {
		if strings.Contains(text, n) {
			return true
		}
	}
	return false
}
