package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"psyberg/engine/bridge"
	"psyberg/engine/lex"
	"psyberg/functions"
	"psyberg/functions/meta"
	"psyberg/psyberg"
)

// Request is one run of an audits.yaml.
type Request struct {
	Process, Session, SessionTable, Target string
	File                                   string // path of the audits.yaml
}

// Finding is what one audit found.
type Finding struct {
	psyberg.AuditRow
	// Sample are the texts of the first violations, at most maxSample.
	Sample []string
	// ReadFrom is FromMetadata where no row was read, else FromRows.
	ReadFrom string
	// Query returns all violations.
	Query string
}

// What an audit looked at. An audit function reads rows only where metadata
// leaves a doubt.
const (
	FromMetadata = "metadata"
	FromRows     = "rows"
)

// maxSample is how many violations are shown; all are counted.
const maxSample = 5

// maxText is how long the text of a violation may be, in bytes.
const maxText = 500

// Run runs every audit of the file on what the session has staged, and records
// what they found. A session that has nothing to do has nothing staged: no
// audit runs. A failed blocking audit is no error here: Verdict says so.
//
// Before the first one runs, all are recorded as not run: killed, or with an
// audit that cannot run, the snapshot is not publishable for want of a verdict
// (A3). The others are run all the same.
//
// Errors: an unknown session (with near matches); nothing staged, or more than
// one snapshot; a file that cannot be read: nothing is recorded then. An audit
// that cannot run; [PSY_CONFLICT] where what is staged changed meanwhile.
func Run(ctx context.Context, d Deps, req Request) ([]Finding, error) {
	file, err := ReadFile(req.File)
	if err != nil {
		return nil, err
	}
	own, err := d.session(ctx, req)
	if err != nil {
		return nil, err
	}
	if own.Status == psyberg.StatusNothingToDo || own.Status == psyberg.StatusBaseline {
		return nil, nil
	}
	if req, err = d.canonical(ctx, req); err != nil {
		return nil, err
	}
	staged, err := d.staged(ctx, req, own)
	if err != nil {
		return nil, err
	}
	out := begin(file, req, staged, d.Now())
	if err := d.record(ctx, req, out); err != nil {
		return nil, err
	}
	failed := d.all(ctx, file, variables(req, own), out)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	again, err := d.staged(ctx, req, own)
	if err != nil {
		return nil, err
	}
	if again != staged {
		return nil, &psyberg.Error{Code: psyberg.CodeConflict, Op: "audit", Object: fmt.Sprintf("session %q", req.Session),
			Cause: fmt.Sprintf("snapshot %d was staged when the audits began, now it is %d", staged, again), Advice: "run the audits again"}
	}
	if err := d.record(ctx, req, out); err != nil {
		return nil, err
	}
	return out, failed
}

// begin are the findings of audits that have not run.
func begin(file *File, req Request, staged psyberg.SnapshotID, now psyberg.Instant) []Finding {
	out := make([]Finding, len(file.Audits))
	for i, a := range file.Audits {
		out[i].AuditRow = psyberg.AuditRow{Process: req.Process, Session: req.Session, Target: req.Target, Audit: a.Name, Blocking: a.Blocking,
			Staged: staged, AuditedAt: now, NotRun: true, FirstViolation: "the audits did not come to their end"}
	}
	return out
}

func (d Deps) record(ctx context.Context, req Request, found []Finding) error {
	rows := make([]psyberg.AuditRow, len(found))
	for i, f := range found {
		rows[i] = f.AuditRow
	}
	return d.Store.RecordAudits(ctx, req.SessionTable, rows)
}

// all runs the audits, each into its finding, and returns the error of the
// first one that cannot run. All are checked before the first one runs.
func (d Deps) all(ctx context.Context, file *File, vars lex.Vars, out []Finding) (failed error) {
	known := functions.Audits(d.Tables)
	queries := make([]query, len(file.Audits))
	fail := func(i int, err error) {
		if out[i].FirstViolation = cut(err.Error()); failed == nil {
			failed = err
		}
	}
	for i, a := range file.Audits {
		var err error
		if queries[i], err = file.query(a, known, vars); err != nil {
			fail(i, err)
		}
	}
	if failed != nil {
		return failed
	}
	for i, a := range file.Audits {
		f, err := d.one(ctx, queries[i])
		if err != nil {
			fail(i, fmt.Errorf("run audit %q: %w", a.Name, err))
			continue
		}
		r := &out[i]
		r.NotRun, r.Passed, r.Violations, r.FirstViolation = false, f.Violations == 0, f.Violations, f.FirstViolation
		r.Sample, r.ReadFrom, r.Query = f.Sample, f.ReadFrom, queries[i].text
	}
	return failed
}

// canonical writes the target without the default catalog's name, so that a
// target is one, however it was given.
func (d Deps) canonical(ctx context.Context, req Request) (Request, error) {
	t, err := d.Tables.Load(ctx, req.Target)
	if err == nil && t.Ref == "" { // with a ref, staged says what is wrong
		req.Target = t.Name
	}
	return req, err
}

// session finds the session's row.
func (d Deps) session(ctx context.Context, req Request) (psyberg.SessionRow, error) {
	rows, err := d.Store.Sessions(ctx, req.SessionTable, req.Process)
	if err != nil {
		return psyberg.SessionRow{}, fmt.Errorf("find session %q: %w", req.Session, err)
	}
	var ids []string
	for _, r := range rows {
		if r.Session == req.Session {
			return r, nil
		}
		if !slices.Contains(ids, r.Session) {
			ids = append(ids, r.Session)
		}
	}
	if len(rows) == 0 {
		if _, err := d.Tables.Load(ctx, req.SessionTable); err != nil {
			return psyberg.SessionRow{}, fmt.Errorf("find session %q: session table: %w", req.Session, err)
		}
		all, err := d.Store.Sessions(ctx, req.SessionTable, "")
		if err != nil {
			return psyberg.SessionRow{}, fmt.Errorf("find session %q: %w", req.Session, err)
		}
		return psyberg.SessionRow{}, fmt.Errorf("find session %q: process %q has none in %q%s", req.Session, req.Process, req.SessionTable,
			meta.Suggest(req.Process, psyberg.ProcessNames(all)))
	}
	return psyberg.SessionRow{}, fmt.Errorf("find session %q of process %q in %q: there is no such session%s", req.Session, req.Process, req.SessionTable, meta.Suggest(req.Session, ids))
}

// staged finds the snapshot that the session has staged, or, where it was
// published already, the published one.
func (d Deps) staged(ctx context.Context, req Request, own psyberg.SessionRow) (psyberg.SnapshotID, error) {
	p, err := d.Preflight.Preflight(ctx, req.Target, req.Session)
	switch {
	case err != nil:
		return 0, err
	case p.Staged != nil:
		return *p.Staged, nil
	case p.Published != nil && own.StagedSnapshot != nil:
		return *own.StagedSnapshot, nil
	case p.Published != nil:
		return *p.Published, nil
	}
	reason := p.Reason
	if hint := d.unstaged(ctx, req, own); hint != "" {
		reason = hint
	}
	return 0, &psyberg.Error{Op: "audit", Object: fmt.Sprintf("session %q on %q", req.Session, req.Target), Cause: reason,
		Advice: "load with COPY ... (WAP_ID) or (WAP_BRANCH) before the audits"}
}

// unstaged asks whether the session's snapshot went to main instead: Spark
// does not stage a DELETE that drops whole files.
func (d Deps) unstaged(ctx context.Context, req Request, own psyberg.SessionRow) string {
	t, err := d.Tables.Load(ctx, req.Target)
	if err != nil {
		return ""
	}
	h, head := psyberg.NewHistory(t.Meta.UUID, t.Meta.FormatVersion, t.Meta.Snapshots), psyberg.Pin{}
	if t.Meta.HasCurrent {
		head = psyberg.PinOf(t.Meta.CurrentSnapshotID)
	}
	return psyberg.WhyUnstaged(h, head, req.Session, own.CreatedAt)
}

// one runs a query and counts its rows. What an audit function comes to is
// written first: it tells whether rows are read.
func (d Deps) one(ctx context.Context, q query) (Finding, error) {
	f := Finding{ReadFrom: FromRows}
	text := q.text
	if q.plan != "" {
		var err error
		if text, err = d.planned(ctx, q.plan); err != nil {
			return f, err
		}
		if !functions.AuditReadsRows(text) {
			f.ReadFrom = FromMetadata
		}
	}
	rows, err := d.Run.Inner(ctx, text)
	if err != nil {
		return f, err
	}
	defer rows.Close()
	columns := rows.Columns()
	if len(columns) == 0 || rows.Changed() >= 0 {
		return f, errNotQuery
	}
	for rows.Next() {
		if f.Violations++; len(f.Sample) < maxSample {
			f.Sample = append(f.Sample, violation(columns, rows.Row()))
		}
	}
	if len(f.Sample) > 0 {
		f.FirstViolation = f.Sample[0]
	}
	return f, rows.Err()
}

// planned runs the SELECT of one text.
func (d Deps) planned(ctx context.Context, plan string) (text string, err error) {
	rows, err := d.Run.Inner(ctx, plan)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		text, _ = rows.Row()[0].(string)
	}
	return text, rows.Err()
}

// violation is the text of a violating row: its column violation, else all
// columns with their names.
func violation(columns []bridge.Column, row []any) string {
	if s, ok := row[0].(string); ok && strings.EqualFold(columns[0].Name, "violation") {
		return cut(s)
	}
	var b strings.Builder
	for i, c := range columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(c.Name + " = " + valueText(row[i]))
		if b.Len() > maxText {
			break
		}
	}
	return cut(b.String())
}

func valueText(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case time.Time:
		return v.UTC().Format("2006-01-02 15:04:05.999999")
	}
	return fmt.Sprint(v)
}

// cut keeps a text short, and whole characters.
func cut(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "") + "..."
}

// Verdict says whether what the session has staged may be published: an *Error
// with PSY_AUDIT_FAILED where a blocking audit failed. A session that has
// nothing to do needs no audit.
func Verdict(ctx context.Context, d Deps, req Request, require bool) (psyberg.AuditVerdict, psyberg.SnapshotID, error) {
	own, err := d.session(ctx, req)
	if err != nil {
		return psyberg.AuditVerdict{}, 0, err
	}
	if own.Status == psyberg.StatusNothingToDo || own.Status == psyberg.StatusBaseline {
		return psyberg.AuditVerdict{Kind: psyberg.AuditsNotAsked}, 0, nil
	}
	if req, err = d.canonical(ctx, req); err != nil {
		return psyberg.AuditVerdict{}, 0, err
	}
	staged, err := d.staged(ctx, req, own)
	if err != nil {
		return psyberg.AuditVerdict{}, 0, err
	}
	rows, err := d.Store.Audits(ctx, req.SessionTable, req.Process, req.Session)
	if err != nil {
		return psyberg.AuditVerdict{}, 0, err
	}
	v, err := psyberg.JudgeAudits(psyberg.AuditsOf(rows, req.Target, staged), staged, nil, require)
	return v, staged, err
}
