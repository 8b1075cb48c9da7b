package cli

import (
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"sync/atomic"
	"unicode/utf8"
)

// newLogger writes logs as text or JSON, secrets redacted.
func newLogger(w io.Writer, level slog.Level, format string) *slog.Logger {
	opts := &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if err, isError := a.Value.Any().(error); isError {
			a.Value = slog.StringValue(err.Error())
		}
		if a.Value.Kind() == slog.KindString {
			a.Value = slog.StringValue(redact(a.Value.String()))
		}
		return a
	}}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// setUpLog makes the logger that the flags ask for. The line of each statement
// is there unless a person watches who did not ask for it.
func (a *app) setUpLog() error {
	level := slog.LevelInfo
	a.statementLevel = slog.LevelInfo
	if a.io.ErrTerminal && a.opts.logLevel == "" {
		a.statementLevel = slog.LevelDebug
	}
	switch {
	case a.opts.quiet && a.opts.logLevel == "":
		level = slog.LevelWarn
	case a.opts.verbose && a.opts.logLevel == "":
		level, a.statementLevel = slog.LevelDebug, slog.LevelInfo
	}
	if a.opts.logLevel != "" {
		if err := level.UnmarshalText([]byte(a.opts.logLevel)); err != nil {
			return usageError{fmt.Errorf("--log-level %q is none of debug, info, warn, error", a.opts.logLevel)}
		}
	}
	if f := a.opts.logFormat; f != "text" && f != "json" {
		a.opts.logFormat = "text"
		return usageError{fmt.Errorf("--log-format %q is none of text, json", f)}
	}
	a.log = newLogger(a.io.Err, level, a.opts.logFormat)
	// What --explain asks for is an answer: neither --quiet nor a level takes it away.
	a.explained = newLogger(a.io.Err, min(level, slog.LevelInfo), a.opts.logFormat)
	return nil
}

// Secrets as they turn up in texts: the password of a URI, the values of
// properties and parameters with a telling name, and those of CREATE SECRET.
var (
	sqlSecret   = regexp.MustCompile(`(?i)\b((?:secret|password|token|session_token|bearer_token|client_secret|oauth2?_token)\s+')([^']+)'`)
	uriPassword = regexp.MustCompile(`(://[^/\s:@'"]*):[^/\s@'"]+@`)
	// Not behind a slash: the last part of a path is a place, no name of a value.
	namedSecret = regexp.MustCompile(`(?i)((?:^|[^/\w.-])[\w.-]*(?:password|passwd|secret|token|credential|access[-_.]?key)[\w.-]*(?:["']?\s*=\s*|["']\s*:\s*)["']?)[^\s"'&,;}]+`)
)

// known takes out the credentials of the configuration, whatever stands around
// them: a server may repeat what it was sent.
var known atomic.Pointer[strings.Replacer]

func init() { hide(nil) }

// hide makes redact take these texts out.
func hide(secrets []string) {
	var pairs []string
	for _, s := range secrets {
		pairs = append(pairs, s, "***")
	}
	known.Store(strings.NewReplacer(pairs...))
}

// telling are the texts of which each pattern above needs one: looking for
// them costs a hundredth of the patterns.
var telling = []string{"://", "secret", "password", "passwd", "token", "credential", "access"}

// tells reports whether a text may hold what the patterns look for.
func tells(s string) bool { return containsAny(strings.ToLower(s), telling) }

// People read the first mostShown bytes of a text; the patterns take a second a
// megabyte on a busy machine. They see mostSecret more, so that no secret is
// half in view.
const (
	mostShown  = 256 << 10
	mostSecret = 64 << 10
)

// redact takes passwords, tokens and keys out of a text that people will see,
// and cuts it after mostShown bytes, saying so.
func redact(s string) string {
	size := len(s)
	s = (*known.Load()).Replace(s[:min(size, mostShown+mostSecret)])
	if tells(s) {
		s = sqlSecret.ReplaceAllStringFunc(s, func(m string) string {
			// As long as before, so that a caret in the next line stands right.
			at := strings.IndexByte(m, '\'') + 1
			return m[:at] + strings.Repeat("*", utf8.RuneCountInString(m[at:])-1) + "'"
		})
		s = namedSecret.ReplaceAllString(uriPassword.ReplaceAllString(s, "$1:***@"), "$1***")
	}
	if size <= mostShown {
		return s
	}
	at := min(len(s), mostShown)
	for at > 0 && at < len(s) && !utf8.RuneStart(s[at]) {
		at--
	}
	return fmt.Sprintf("%s ... (cut: the whole text has %d bytes)", s[:at], size)
}

// holdsSecret reports whether a text is not to be kept or passed on. One longer
// than what redact shows counts as soon as a telling word is in it.
func holdsSecret(s string) bool {
	if len(s) > mostShown {
		return tells(s) || (*known.Load()).Replace(s) != s
	}
	return redact(s) != s
}
