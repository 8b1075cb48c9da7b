package psyberg

import (
	"strings"
	"testing"
)

// TestJudgeAudits: what a publish may do after what its audits said
// (semantics.md, section 8).
func TestJudgeAudits(t *testing.T) {
	row := func(name string, blocking, passed bool, staged SnapshotID, at Instant) AuditRow {
		return AuditRow{Process: "p", Session: "s", Target: "ns.t", Audit: name, Blocking: blocking, Passed: passed, Staged: staged, AuditedAt: at,
			Violations: map[bool]int64{false: 3}[passed], FirstViolation: map[bool]string{false: "id is NULL"}[passed]}
	}
	for _, c := range []struct {
		name    string
		rows    []AuditRow
		force   []string
		require bool
		kind    AuditVerdictKind
		by      string
		err     string // a part of it; "" is none
	}{
		{name: "none recorded", kind: AuditsNotAsked},
		{name: "none recorded, but required", require: true, err: "none is recorded for this snapshot; run psyql audit first [PSY_AUDIT_FAILED]"},
		{name: "passed", rows: []AuditRow{row("a", true, true, 7, 1), row("b", false, true, 7, 1)}, require: true, kind: AuditsPassed},
		{name: "one that does not block failed", rows: []AuditRow{row("a", false, false, 7, 1)}, kind: AuditsPassed},
		{name: "a blocking one failed", rows: []AuditRow{row("a", true, true, 7, 1), row("b", true, false, 7, 1)},
			err: `blocking audits failed: "b" (3 violations, first: id is NULL)`},
		{name: "a blocking one failed once", rows: []AuditRow{{Audit: "b", Blocking: true, Staged: 7, Violations: 1, FirstViolation: "id is NULL"}},
			err: `blocking audits failed: "b" (1 violation: id is NULL)`},
		{name: "a blocking one did not run", rows: []AuditRow{row("a", true, true, 7, 1), {Audit: "b", Blocking: true, NotRun: true, Staged: 7, FirstViolation: "no column x"}},
			err: `blocking audits failed: "b" (it did not run: no column x)`},
		{name: "one that does not block did not run", rows: []AuditRow{{Audit: "b", NotRun: true, Staged: 7}}, kind: AuditsPassed},
		{name: "did not run, forced by name", rows: []AuditRow{{Audit: "b", Blocking: true, NotRun: true, Staged: 7}}, force: []string{"b"}, kind: AuditsForced, by: "b"},
		{name: "forced by name", rows: []AuditRow{row("b", true, false, 7, 1)}, force: []string{"b"}, kind: AuditsForced, by: "b"},
		{name: "another one forced", rows: []AuditRow{row("a", true, false, 7, 1), row("b", true, false, 7, 1)}, force: []string{"b"}, err: `"a" (3`},
		{name: "forced, though it passed", rows: []AuditRow{row("b", true, true, 7, 1)}, force: []string{"b"}, kind: AuditsPassed},
		{name: "forced, though it never ran", rows: []AuditRow{row("b", true, true, 7, 1)}, force: []string{"bb"}, err: "recorded are: b"},
		{name: "what is staged was loaded again", rows: []AuditRow{row("a", true, false, 6, 1)}, err: `not audited: "a" looked at 6; run the audits again`},
		{name: "loaded again and audited again", rows: []AuditRow{row("a", true, false, 6, 1), row("a", true, true, 7, 2)}, kind: AuditsPassed},
		{name: "loaded again, one of two audited again: the other was taken out of the file", rows: []AuditRow{row("a", true, true, 6, 1), row("b", true, false, 6, 1), row("a", true, true, 7, 2)}, kind: AuditsPassed},
		{name: "loaded again, nothing blocks", rows: []AuditRow{row("a", false, false, 6, 1)}, kind: AuditsNotAsked},
		{name: "loaded again, nothing blocks, but required", rows: []AuditRow{row("a", false, false, 6, 1)}, require: true, err: "none is recorded"},
		{name: "loaded again, forced by name", rows: []AuditRow{row("a", true, false, 6, 1)}, force: []string{"a"}, kind: AuditsForced, by: "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := JudgeAudits(c.rows, 7, c.force, c.require)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("error %v, want one with %q", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if v.Kind != c.kind || strings.Join(v.By, ",") != c.by {
				t.Errorf("verdict %q by %v, want %q by %s", v.Kind, v.By, c.kind, c.by)
			}
			for _, m := range v.Mark {
				if !m.Forced {
					t.Errorf("row %q is not marked as forced", m.Audit)
				}
			}
		})
	}
}

// TestAuditsOf: a failure on the staged snapshot counts, however the target was
// written; what another target's audits said does not.
func TestAuditsOf(t *testing.T) {
	rows := []AuditRow{{Audit: "a", Target: "ns.t", Staged: 7}, {Audit: "b", Target: "local.ns.t", Staged: 7}, {Audit: "c", Target: "ns.t", Staged: 6}, {Audit: "d", Target: "ns.u", Staged: 8}}
	var got string
	for _, r := range AuditsOf(rows, "ns.t", 7) {
		got += r.Audit
	}
	if got != "abc" {
		t.Errorf("audits %s, want abc", got)
	}
}

// TestRecordAudits: the latest result of an audit on a snapshot is the one
// that counts, and that it was forced is kept while it fails.
func TestRecordAudits(t *testing.T) {
	failed := AuditRow{Process: "p", Session: "s", Target: "t", Audit: "a", Blocking: true, Staged: 7, Violations: 1, AuditedAt: 1}
	forced := failed
	forced.Forced = true
	again := failed
	again.AuditedAt, again.Violations = 2, 2
	passed := failed
	passed.AuditedAt, passed.Violations, passed.Passed = 3, 0, true
	other := failed
	other.Staged = 8

	rows := RecordAudits(nil, []AuditRow{failed, other})
	rows = RecordAudits(rows, []AuditRow{forced})
	rows = RecordAudits(rows, []AuditRow{again})
	if len(rows) != 2 || !rows[0].Forced || rows[0].Violations != 2 || rows[1] != other {
		t.Fatalf("after a second failure: %+v", rows)
	}
	if rows = RecordAudits(rows, []AuditRow{passed}); len(rows) != 2 || rows[0] != passed {
		t.Fatalf("after it passed: %+v", rows)
	}
}

// TestRecordAudits_NotRun: one that did not run counts until a whole run has a
// result without it; a force of others leaves it.
func TestRecordAudits_NotRun(t *testing.T) {
	row := func(name string, notRun bool, staged SnapshotID) AuditRow {
		return AuditRow{Process: "p", Session: "s", Target: "t", Audit: name, Blocking: true, NotRun: notRun, Staged: staged}
	}
	begun := RecordAudits(nil, []AuditRow{row("a", true, 7), row("b", true, 7), row("b", true, 8)})
	if got := RecordAudits(begun, []AuditRow{row("a", false, 7), row("b", true, 7)}); len(got) != 3 || got[0].NotRun || !got[1].NotRun {
		t.Errorf("one of two has a result: %+v", got)
	}
	forced := row("a", false, 7)
	forced.Forced = true
	if got := RecordAudits(begun, []AuditRow{forced}); len(got) != 3 {
		t.Errorf("one was forced: %+v", got)
	}
	if got := RecordAudits(begun, []AuditRow{row("a", false, 7)}); len(got) != 2 || got[0].Staged != 8 || got[1].NotRun {
		t.Errorf("a run without b: %+v", got)
	}
}
