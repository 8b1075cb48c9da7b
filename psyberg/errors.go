package psyberg

import "strings"

// Code tells apart the errors that a script may have to act on (cli.md lists
// their exit codes).
type Code string

// The codes of this package. Every one but CodeConflict, CodeSuperseded and
// CodePublishRefused asks for a decision about a source.
const (
	CodeExpiredGap       Code = "PSY_EXPIRED_GAP"
	CodeRolledBack       Code = "PSY_ROLLED_BACK"
	CodeReplaced         Code = "PSY_REPLACED"
	CodeCatchupThreshold Code = "PSY_CATCHUP_THRESHOLD"
	CodeOverwrite        Code = "PSY_OVERWRITE"
	CodeMissingBounds    Code = "PSY_MISSING_BOUNDS"
	CodeNoVTTS           Code = "PSY_NO_VTTS"
	CodeConflict         Code = "PSY_CONFLICT"
	CodeSuperseded       Code = "PSY_SUPERSEDED"
	CodePublishRefused   Code = "PSY_PUBLISH_REFUSED"
)

// Error is an error of this package: operation, object, cause, and apart from
// them what to do. Code is "" where no script needs to tell it apart (a wrong
// argument).
type Error struct {
	Code   Code
	Op     string // find window
	Object string // source "ns.plan_fact"
	Cause  string
	Advice string // which argument continues, "" where nothing does
}

// Error prints "find window of source "x": cause; advice [CODE]".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	if e.Object != "" {
		b.WriteString(" of ")
		b.WriteString(e.Object)
	}
	b.WriteString(": ")
	b.WriteString(e.Cause)
	if e.Advice != "" {
		b.WriteString("; ")
		b.WriteString(e.Advice)
	}
	if e.Code != "" {
		b.WriteString(" [")
		b.WriteString(string(e.Code))
		b.WriteString("]")
	}
	return b.String()
}
