package state

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"psyberg/engine/catalog"
	"psyberg/psyberg"
)

// auditTable is the table that AuditTable names: the runner (engine/audit) writes it
// with RecordAudits, publish reads it with Verdict.
var auditTable = tableDef{"audit table", "psyberg: one row per audit of a staged snapshot, the latest run", []column{
	{"process_name", text, "pipeline that owns the session"},
	{"session_id", text, "session whose staged rows were looked at"},
	{"target_table", text, "target as it was given"},
	{"audit", text, "name"},
	{"blocking", truth, "a failure stops the publish"},
	{"passed", truth, "NULL where it was begun and has no result: it cannot run, or was killed"},
	{"violations", long, "rows that violate; NULL where passed is"},
	{"first_violation", text, "NULL where it passed; where it has no result, why"},
	{"staged_snapshot_id", long, "snapshot that the audit looked at"},
	{"forced", truth, "a publish was forced over this failure"},
	{"audited_at", instant, ""},
}, nil, true}

// AuditTable is the name of the audit table of a session table: psyberg_audit_f
// beside psyberg_session_f, <session_table>_audits beside one of another name.
func AuditTable(sessionTable string) string {
	name, quote := strings.CutSuffix(sessionTable, `"`)
	if usual, ok := strings.CutSuffix(name, "_session_f"); ok {
		name = usual + "_audit_f"
	} else {
		name += "_audits"
	}
	if quote {
		name += `"`
	}
	return name
}

// RecordAudits stores rows of one session in one commit, each in place of the
// one that it supersedes (psyberg.RecordAudits). The table is made where it is
// missing. What it costs does not grow with the sessions before it.
func (s *Store) RecordAudits(ctx context.Context, sessionTable string, rows []psyberg.AuditRow) error {
	if len(rows) == 0 {
		return nil
	}
	for _, r := range rows {
		if r.Process != rows[0].Process || r.Session != rows[0].Session {
			return fmt.Errorf("record audits: rows of session %q of %q and of %q of %q in one call", rows[0].Session, rows[0].Process, r.Session, r.Process)
		}
	}
	name := AuditTable(sessionTable)
	if err := s.create(ctx, name, auditTable); err != nil {
		return err
	}
	return change(ctx, s, name, auditCodec, want{process: rows[0].Process, session: rows[0].Session, alone: true}, func(_ *part, old []psyberg.AuditRow) ([]psyberg.AuditRow, error) {
		return psyberg.RecordAudits(old, rows), nil
	})
}

// Audits returns the recorded rows of one session, of every target and
// snapshot. None, and no error, where nothing was recorded.
func (s *Store) Audits(ctx context.Context, sessionTable, process, session string) ([]psyberg.AuditRow, error) {
	all, err := read(ctx, s, AuditTable(sessionTable), auditCodec, want{process: process, session: session})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(r psyberg.AuditRow) bool { return r.Session != session }), nil
}

// VerdictRequest asks what the audits say of a staged snapshot.
type VerdictRequest struct {
	SessionTable, Process, Session, Target string
	Staged                                 psyberg.SnapshotID
	Require                                bool     // no recorded audit is a refusal
	Force                                  []string // names of failed audits that are let through
}

// Verdict is what Publish has to be given (psyberg.JudgeAudits). That an audit
// was forced is recorded before the verdict is given. Errors: [PSY_AUDIT_FAILED].
func (s *Store) Verdict(ctx context.Context, q VerdictRequest) (catalog.Verdict, error) {
	all, err := s.Audits(ctx, q.SessionTable, q.Process, q.Session)
	if err != nil {
		return catalog.Verdict{}, err
	}
	j, err := psyberg.JudgeAudits(psyberg.AuditsOf(all, q.Target, q.Staged), q.Staged, q.Force, q.Require)
	if err != nil {
		return catalog.Verdict{}, err
	}
	if err := s.RecordAudits(ctx, q.SessionTable, j.Mark); err != nil {
		return catalog.Verdict{}, err
	}
	switch j.Kind {
	case psyberg.AuditsNotAsked:
		return catalog.Verdict{Kind: catalog.AuditsNotAsked}, nil
	case psyberg.AuditsForced:
		return catalog.Verdict{Kind: catalog.AuditsForced, Snapshot: q.Staged, By: j.By}, nil
	}
	return catalog.Verdict{Kind: catalog.AuditsPassed, Snapshot: q.Staged}, nil
}

func encodeAudit(a psyberg.AuditRow) (row, error) {
	r := row{
		"process_name": a.Process, "session_id": a.Session, "target_table": textOf(a.Target), "staged_snapshot_id": int64(a.Staged),
		"audit": a.Audit, "blocking": a.Blocking, "passed": a.Passed, "forced": a.Forced, "violations": a.Violations,
		"first_violation": textOf(a.FirstViolation), "audited_at": a.AuditedAt,
	}
	if a.NotRun {
		delete(r, "passed")
		delete(r, "violations")
	}
	return r, nil
}

func decodeAudit(r row) (psyberg.AuditRow, error) {
	a := psyberg.AuditRow{
		Process: r.text("process_name"), Session: r.text("session_id"), Target: r.text("target_table"),
		Staged: psyberg.SnapshotID(r.long("staged_snapshot_id")), Audit: r.text("audit"), Violations: r.long("violations"),
		FirstViolation: r.text("first_violation"),
	}
	a.Blocking, _ = r["blocking"].(bool)
	ran := false
	a.Passed, ran = r["passed"].(bool)
	a.NotRun = !ran
	a.Forced, _ = r["forced"].(bool)
	if at := r.instant("audited_at"); at != nil {
		a.AuditedAt = *at
	}
	return a, nil
}
