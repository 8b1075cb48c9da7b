package psyberg

import (
	"fmt"
	"slices"
	"strings"
)

// CodeAuditFailed: a blocking audit failed, or audits are required and none
// was recorded (exit 4).
const CodeAuditFailed Code = "PSY_AUDIT_FAILED"

// AuditRow is the recorded result of one audit of one session: the latest one
// for this audit and this staged snapshot. It is told apart by process,
// session, target, audit and staged snapshot.
type AuditRow struct {
	Process  string
	Session  string
	Target   string // as it was given
	Audit    string // its name, unique among the session's audits
	Blocking bool
	Passed   bool
	// NotRun: it was begun and has no result: it cannot run, or was killed.
	// FirstViolation says why, Violations is 0.
	NotRun         bool
	Violations     int64  // rows that violate
	FirstViolation string // "" where it passed
	// Staged is the snapshot that the audit looked at: the staged one, or the
	// head of the session's branch.
	Staged SnapshotID
	// Forced: a publish was forced over this failure, by the audit's name.
	Forced    bool
	AuditedAt Instant
}

// key tells audit rows apart.
func (r AuditRow) key() auditKey { return auditKey{r.Process, r.Session, r.Target, r.Audit, r.Staged} }

type auditKey struct {
	process, session, target, audit string
	staged                          SnapshotID
}

// RecordAudits returns the rows to store after some audits ran (or were
// forced): each replaces the one of the same key, which keeps that a publish
// was forced; the others stay. But where all of a run have a result, those of
// the same snapshot that never had one go: their audit was taken out of the
// file, or got another name.
func RecordAudits(stored, results []AuditRow) []AuditRow {
	out := slices.Clone(stored)
	if len(results) > 0 && !slices.ContainsFunc(results, func(r AuditRow) bool { return r.NotRun || r.Forced }) {
		of := results[0].key()
		out = slices.DeleteFunc(out, func(s AuditRow) bool {
			k := s.key()
			k.audit = of.audit
			return s.NotRun && k == of
		})
	}
	for _, r := range results {
		i := slices.IndexFunc(out, func(s AuditRow) bool { return s.key() == r.key() })
		if i < 0 {
			out = append(out, r)
			continue
		}
		r.Forced = r.Forced || out[i].Forced && !r.Passed
		out[i] = r
	}
	return out
}

// AuditsOf returns the rows that say something of a staged snapshot of target:
// those of the target, and those that looked at this very snapshot, however
// the target was written then.
func AuditsOf(rows []AuditRow, target string, staged SnapshotID) []AuditRow {
	var out []AuditRow
	for _, r := range rows {
		if r.Target == target || r.Staged == staged {
			out = append(out, r)
		}
	}
	return out
}

// AuditVerdictKind is what the audits of a staged snapshot say.
type AuditVerdictKind string

// The kinds of verdicts that let a publish go on; a refusal is an *Error.
const (
	AuditsPassed   AuditVerdictKind = "passed"
	AuditsForced   AuditVerdictKind = "forced"
	AuditsNotAsked AuditVerdictKind = "none asked for"
)

// AuditVerdict is the answer of JudgeAudits.
type AuditVerdict struct {
	Kind AuditVerdictKind
	By   []string   // names of the audits that were forced
	Mark []AuditRow // rows to record: the forced ones, marked so
}

// JudgeAudits decides whether the staged snapshot of a session may be
// published (semantics.md, section 8). rows are those that AuditsOf returns of
// the session's, force the names given by force_audit.
//
// A blocking audit that failed on this snapshot, or that did not run, refuses
// it, until it passes or is forced by name. Where no audit looked at this snapshot, but a blocking one
// at another of the session's, what is staged now was not audited: refused as
// well. No row at all counts as none asked for, which require refuses too. A
// name in force that no recorded audit has is an error.
func JudgeAudits(rows []AuditRow, staged SnapshotID, force []string, require bool) (AuditVerdict, error) {
	names := auditNames(rows)
	for _, name := range force {
		if !slices.Contains(names, name) {
			return AuditVerdict{}, &Error{Op: "force audit", Object: fmt.Sprintf("%q", name),
				Cause: "no recorded audit of the session has that name", Advice: "recorded are: " + listOr(names, "none")}
		}
	}
	if slices.ContainsFunc(rows, func(r AuditRow) bool { return r.Staged == staged }) {
		return judgeRows(rows, staged, force)
	}
	var v AuditVerdict
	var others []string
	for _, name := range names {
		last := lastOf(rows, name)
		switch {
		case !last.Blocking:
		case slices.Contains(force, name):
			v.By = append(v.By, name)
		default:
			others = append(others, fmt.Sprintf("%q looked at %d", name, last.Staged))
		}
	}
	switch {
	case len(others) > 0:
		return v, auditError(staged, "it was not audited: "+strings.Join(others, "; "), "run the audits again")
	case len(v.By) > 0:
		v.Kind = AuditsForced
	case require:
		return v, auditError(staged, "audits are required and none is recorded for this snapshot", "run psyql audit first")
	default:
		v.Kind = AuditsNotAsked
	}
	return v, nil
}

// judgeRows judges by the audits that looked at the staged snapshot itself.
func judgeRows(rows []AuditRow, staged SnapshotID, force []string) (AuditVerdict, error) {
	v := AuditVerdict{Kind: AuditsPassed}
	var failed []string
	for _, r := range rows {
		switch {
		case r.Staged != staged || r.Passed || !r.Blocking:
		case slices.Contains(force, r.Audit):
			r.Forced = true
			v.Kind, v.By, v.Mark = AuditsForced, append(v.By, r.Audit), append(v.Mark, r)
		default:
			failed = append(failed, r.failure())
		}
	}
	if len(failed) > 0 {
		return v, auditError(staged, "blocking audits failed: "+strings.Join(failed, "; "),
			"correct the audit and run it again, or discard what is staged and load again, or force it by name (--force_audit)")
	}
	return v, nil
}

// failure says how an audit failed.
func (r AuditRow) failure() string {
	switch {
	case r.NotRun:
		return fmt.Sprintf("%q (it did not run: %s)", r.Audit, r.FirstViolation)
	case r.Violations == 1:
		return fmt.Sprintf("%q (1 violation: %s)", r.Audit, r.FirstViolation)
	}
	return fmt.Sprintf("%q (%d violations, first: %s)", r.Audit, r.Violations, r.FirstViolation)
}

func auditError(staged SnapshotID, cause, advice string) *Error {
	return &Error{Code: CodeAuditFailed, Op: "publish", Object: fmt.Sprintf("snapshot %d", staged), Cause: cause, Advice: advice}
}

// auditNames returns the names of the audits in order, each once.
func auditNames(rows []AuditRow) []string {
	var out []string
	for _, r := range rows {
		if !slices.Contains(out, r.Audit) {
			out = append(out, r.Audit)
		}
	}
	slices.Sort(out)
	return out
}

// lastOf returns the latest row of an audit.
func lastOf(rows []AuditRow, name string) AuditRow {
	var last AuditRow
	for _, r := range rows {
		if r.Audit == name && (last.Audit == "" || r.AuditedAt >= last.AuditedAt) {
			last = r
		}
	}
	return last
}

func listOr(names []string, none string) string {
	if len(names) == 0 {
		return none
	}
	return strings.Join(names, ", ")
}
