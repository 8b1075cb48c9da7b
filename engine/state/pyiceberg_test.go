package state_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"psyberg/engine/catalog"
	"psyberg/engine/state"
	"psyberg/psyberg"
)

// TestPyIcebergReadsAndWritesTheTables: the session table is an ordinary table
// to another engine, which finds a process by its partition; what that engine
// writes into it and deletes from it, we read.
func TestPyIcebergReadsAndWritesTheTables(t *testing.T) {
	py := os.Getenv("PSYBERG_PYTHON")
	if os.Getenv("PSYBERG_PYICEBERG") != "1" || py == "" {
		t.Skip("PSYBERG_PYICEBERG=1 and PSYBERG_PYTHON compare with PyIceberg")
	}
	dir := t.TempDir()
	ctx, s := storeIn(t, dir)
	if err := s.CreateTables(ctx, sessions, watermarks); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"p", "q"} {
		for i := range 2 {
			err := s.ChangeSessions(ctx, sessions, p, func(old []psyberg.SessionRow) ([]psyberg.SessionRow, error) {
				return append(old, fullSession(p, fmt.Sprint("s", i), psyberg.Instant(10*i))), nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	out, err := exec.Command(py, "testdata/pyiceberg_state.py", filepath.Join(dir, "psyberg-warehouse", "catalog.db"), catalogName(t, dir), sessions).Output()
	if err != nil {
		t.Fatalf("PyIceberg: %v\n%s", err, stderr(err))
	}
	var got []map[string]any
	dec := json.NewDecoder(strings.NewReader(string(out)))
	dec.UseNumber()
	if err := dec.Decode(&got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if len(got) != 2 {
		t.Fatalf("PyIceberg sees %d rows of process p", len(got))
	}
	for name, want := range map[string]string{"session_id": "s0", "hwm_snapshot_id": "4611686018427387905", "snapshot_ids": "[4611686018427387906 3]",
		"processing_uris": `[{"d":"2023-09-14","n":12345678901234567890},{}]`, "from_event_date": "1969-12-30", "from_event_hour": "18",
		"to_event_date": "1969-12-31", "to_event_hour": "20", "prev_hwm_ts": "1969-12-31 23:59:59.999999+00:00", "status": "PUBLISHED"} {
		if text := fmt.Sprint(got[0][name]); text != want {
			t.Errorf("PyIceberg reads %s = %s, want %s", name, text, want)
		}
	}
	// The script has deleted session s1 of q, and appended a session s9.
	seen, err := s.See(ctx, sessions, "q", "")
	if err != nil {
		t.Fatal(err)
	}
	if ids := slices.Sorted(slices.Values(psyberg.SessionIDs(seen.Rows))); !slices.Equal(ids, []string{"s0", "s9"}) {
		t.Errorf("after PyIceberg's delete and append: %v", ids)
	}
	if err := s.ReplaceSessions(ctx, sessions, "q", seen, seen.Rows[:1]); err != nil {
		t.Error(err)
	}
}

func fullWatermark(process string) psyberg.WatermarkRow {
	return psyberg.WatermarkRow{Process: process, Source: psyberg.SourceName{Table: "ns.a", Ref: "x"}, TableUUID: "u", HWMSnapshot: ptr(psyberg.SnapshotID(1<<62 + 9)),
		HWMSequence: ptr(psyberg.SequenceNumber(1)), HWM: ptr(psyberg.Instant(2)), Session: "s", LastProcessedURIs: []string{`{"a":1}`}, ValidTo: ptr(psyberg.Instant(-3)), CommittedAt: 5}
}

// fullWatermarkText is that as PyIceberg reads it.
var fullWatermarkText = map[string]string{"source_table": "ns.a", "source_ref": "x", "table_uuid": "u", "hwm_snapshot_id": "4611686018427387913", "hwm_sequence_number": "1",
	"hwm_ts": "1970-01-01 00:00:00.000002+00:00", "prev_hwm_snapshot_id": "<nil>", "session_id": "s", "last_processed_uris": `[{"a":1}]`,
	"valid_to": "1969-12-31 23:59:59.999997+00:00", "max_event_ts": "<nil>", "committed_at": "1970-01-01 00:00:00.000005+00:00"}

// TestPyIcebergReadsAuditsAndWatermarks: what audits found, one that was
// forced and one that could not run, and the watermark that a commit moved.
func TestPyIcebergReadsAuditsAndWatermarks(t *testing.T) {
	py := os.Getenv("PSYBERG_PYTHON")
	if os.Getenv("PSYBERG_PYICEBERG") != "1" || py == "" {
		t.Skip("PSYBERG_PYICEBERG=1 and PSYBERG_PYTHON compare with PyIceberg")
	}
	dir := t.TempDir()
	ctx, s := storeIn(t, dir)
	if err := s.CreateTables(ctx, sessions, watermarks); err != nil {
		t.Fatal(err)
	}
	audit := func(process, session, name string, change func(*psyberg.AuditRow)) psyberg.AuditRow {
		r := psyberg.AuditRow{Process: process, Session: session, Target: "ns.facts", Audit: name, Blocking: true, Passed: true, Staged: 1<<62 + 7, AuditedAt: -1}
		change(&r)
		return r
	}
	for _, process := range []string{"p", "q"} {
		err := s.RecordAudits(ctx, sessions, []psyberg.AuditRow{
			audit(process, "s", "a passes", func(*psyberg.AuditRow) {}),
			audit(process, "s", "b fails, é", func(r *psyberg.AuditRow) {
				r.Blocking, r.Passed, r.Violations, r.FirstViolation, r.Forced = false, false, 1<<40, `account_id = NULL, "x"`, true
			}),
			audit(process, "s", "c cannot run", func(r *psyberg.AuditRow) { r.Passed, r.NotRun, r.FirstViolation = false, true, "no such column" }),
		})
		if err != nil {
			t.Fatal(err)
		}
		err = s.ChangeWatermarks(ctx, watermarks, process, func([]psyberg.WatermarkRow) ([]psyberg.WatermarkRow, error) {
			return []psyberg.WatermarkRow{fullWatermark(process)}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, table := range []struct {
		name, by string
		want     []map[string]string
	}{
		{state.AuditTable(sessions), "audit", []map[string]string{
			{"session_id": "s", "target_table": "ns.facts", "audit": "a passes", "blocking": "true", "passed": "true", "violations": "0", "first_violation": "<nil>",
				"staged_snapshot_id": "4611686018427387911", "forced": "false", "audited_at": "1969-12-31 23:59:59.999999+00:00"},
			{"audit": "b fails, é", "blocking": "false", "passed": "false", "violations": "1099511627776", "first_violation": `account_id = NULL, "x"`, "forced": "true"},
			{"audit": "c cannot run", "passed": "<nil>", "violations": "<nil>", "first_violation": "no such column"},
		}},
		{watermarks, "source_table", []map[string]string{fullWatermarkText}},
	} {
		out, err := exec.Command(py, "testdata/pyiceberg_rows.py", filepath.Join(dir, "psyberg-warehouse", "catalog.db"), catalogName(t, dir), table.name, table.by).Output()
		if err != nil {
			t.Fatalf("PyIceberg: %v\n%s", err, stderr(err))
		}
		var got []map[string]any
		dec := json.NewDecoder(strings.NewReader(string(out)))
		dec.UseNumber()
		if err := dec.Decode(&got); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if len(got) != len(table.want) {
			t.Fatalf("PyIceberg sees %d rows of process p in %s, want %d", len(got), table.name, len(table.want))
		}
		for i, row := range table.want {
			for name, want := range row {
				if text := fmt.Sprint(got[i][name]); text != want {
					t.Errorf("PyIceberg reads %s = %s in row %d of %s, want %s", name, text, i, table.name, want)
				}
			}
		}
	}
}

func stderr(err error) string {
	if e := (*exec.ExitError)(nil); errors.As(err, &e) {
		return string(e.Stderr)
	}
	return ""
}

// catalogName is the name that the embedded catalog keeps its tables by.
func catalogName(t *testing.T, dir string) string {
	c, err := catalog.Open(t.Context(), catalog.Config{Dir: dir, Home: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.Default()
}
