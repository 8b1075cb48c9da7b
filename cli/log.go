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

// redact takes passwords, tokens and keys out of a text that people will see.
func redact(s string) string {
	s = (*known.Load()).Replace(s)
	s = sqlSecret.ReplaceAllStringFunc(s, func(m string) string {
		// As long as before, so that a caret in the next line stands right.
		at := strings.IndexByte(m, '\'') + 1
		return m[:at] + strings.Repeat("*", utf8.RuneCountInString(m[at:])-1) + "'"
	})
	return namedSecret.ReplaceAllString(uriPassword.ReplaceAllString(s, "$1:***@"), "$1***")
}
