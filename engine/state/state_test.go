package state_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"

	"psyberg/engine"
	"psyberg/engine/catalog"
	"psyberg/engine/state"
	"psyberg/psyberg"
)

const (
	sessions   = "meta.psyberg_session_f"
	watermarks = "meta.high_water_mark"
)

func newStore(t *testing.T) (context.Context, *state.Store) {
	t.Helper()
	return storeIn(t, t.TempDir())
}

func storeIn(t *testing.T, dir string) (context.Context, *state.Store) {
	t.Helper()
	ctx := context.Background()
	cat, err := catalog.Open(ctx, catalog.Config{Dir: dir, Home: dir})
	if err != nil {
		t.Fatal(err)
	}
	s, err := engine.Open(ctx, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.Close(), cat.Close()); err != nil {
			t.Error(err)
		}
	})
	return ctx, state.New(cat, s.Inner)
}

func ptr[T any](v T) *T { return &v }

func fullSession(process, session string, at psyberg.Instant) psyberg.SessionRow {
	return psyberg.SessionRow{
		Process: process, Session: session, Source: psyberg.SourceName{Table: `ns."odd, näme"`, Ref: "audit", EventColumn: "s.ts"},
		Pattern: psyberg.Stateful, Verdict: psyberg.OK, DiscoveredBy: psyberg.LevelManifests,
		HWMSnapshot: ptr(psyberg.SnapshotID(1<<62 + 1)), EndSnapshot: ptr(psyberg.SnapshotID(7)), EndSequence: ptr(psyberg.SequenceNumber(3)),
		PrevHWM: ptr(psyberg.Instant(-1)), NextHWM: ptr(psyberg.Instant(1694704259000001)),
		Snapshots: []psyberg.SnapshotID{1<<62 + 2, 3}, ProcessingURIs: []string{`{"d":"2023-09-14","n":12345678901234567890}`, `{}`},
		ChangedPartitions: 2, ChangedFiles: 3, ChangedRecords: 1 << 40,
		EventHours: &psyberg.HourRange{From: -30, To: -3}, LandingHours: &psyberg.HourRange{From: 470000, To: 470001},
		VTTS: ptr(psyberg.Instant(5)), VTTSSource: "argument", LoadHours: &psyberg.HourRange{From: 23, To: 49},
		ClippedHours: psyberg.NewHourSet(psyberg.HourRange{From: 1, To: 4}, psyberg.HourRange{From: 9, To: 10}),
		NextValidTo:  ptr(psyberg.Instant(1)), Target: "ns.t", StagedSnapshot: ptr(psyberg.SnapshotID(4)), PublishedSnapshot: ptr(psyberg.SnapshotID(5)),
		Status: psyberg.StatusPublished, CreatedAt: at, PsyqlVersion: "0.1", TableUUID: "u", ValidTo: ptr(psyberg.Instant(2)),
		MaxEventTS: ptr(psyberg.Instant(3)), ChangedHours: psyberg.NewHourSet(psyberg.HourRange{From: 0, To: 2}),
		LoadType: psyberg.LoadChanged, Options: `{"on_gap": "recover"}`,
	}
}

// TestRowsComeBackAsTheyWereWritten: every field, at its extremes, and NULL.
func TestRowsComeBackAsTheyWereWritten(t *testing.T) {
	ctx, s := newStore(t)
	if got, err := s.Sessions(ctx, sessions, "p"); err != nil || got != nil {
		t.Fatalf("a table that is not there: %v %v", got, err)
	}
	for range 2 { // made once
		if err := s.CreateTables(ctx, sessions, watermarks); err != nil {
			t.Fatal(err)
		}
	}
	const odd = "p=1/é %2F'\"\x01"
	empty := psyberg.SessionRow{Process: odd, Session: "s0", Source: psyberg.SourceName{Table: "ns.a"}, Pattern: psyberg.Stateless,
		Verdict: psyberg.FirstRun, Status: psyberg.StatusReady}
	want := []psyberg.SessionRow{empty, fullSession(odd, "s1", 10), fullSession(odd, "s2", 20)}
	for i := range want {
		err := s.ChangeSessions(ctx, sessions, odd, func(old []psyberg.SessionRow) ([]psyberg.SessionRow, error) {
			if !psyberg.SameRows(old, want[:i]) {
				t.Errorf("stored %d rows: %+v", i, old)
			}
			return append(old, want[i]), nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Sessions(ctx, sessions, odd)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if i < len(got) && !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("row %d:\n got %+v\nwant %+v", i, got[i], want[i])
		}
	}
	if len(got) != 3 {
		t.Errorf("%d rows", len(got))
	}
	mark := psyberg.WatermarkRow{Process: "q", Source: psyberg.SourceName{Table: "ns.a"}, TableUUID: "u", HWMSnapshot: ptr(psyberg.SnapshotID(9)),
		HWMSequence: ptr(psyberg.SequenceNumber(1)), HWM: ptr(psyberg.Instant(2)), PrevHWMSnapshot: ptr(psyberg.SnapshotID(8)), PrevHWM: ptr(psyberg.Instant(1)),
		Session: "s", LastProcessedURIs: []string{`{"a":1}`}, ValidTo: ptr(psyberg.Instant(3)), MaxEventTS: ptr(psyberg.Instant(4)), CommittedAt: 5}
	err = s.ChangeWatermarks(ctx, watermarks, "q", func([]psyberg.WatermarkRow) ([]psyberg.WatermarkRow, error) {
		return []psyberg.WatermarkRow{mark, {Process: "q", Source: psyberg.SourceName{Table: "ns.b", Ref: "x"}, Session: "s"}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	marks, err := s.Watermarks(ctx, watermarks, "")
	if err != nil || len(marks) != 2 || !reflect.DeepEqual(marks[0], mark) || marks[1].Source.Ref != "x" {
		t.Errorf("watermarks %+v %v", marks, err)
	}
	if all, err := s.Sessions(ctx, sessions, ""); err != nil || len(all) != 3 {
		t.Errorf("of all processes: %d %v", len(all), err)
	}
	// The one's name given for the other's.
	if _, err := s.Watermarks(ctx, sessions, odd); err == nil || !strings.Contains(err.Error(), "so it is no watermark table") {
		t.Errorf("watermarks of a session table: %v", err)
	}
	if _, err := s.Sessions(ctx, watermarks, ""); err == nil || !strings.Contains(err.Error(), "so it is no session table") {
		t.Errorf("sessions of a watermark table: %v", err)
	}
}

// TestChangesOfOneProcessDoNotLoseEachOther: twelve sessions of two processes
// are added at once from three connections to the catalog.
func TestChangesOfOneProcessDoNotLoseEachOther(t *testing.T) {
	ctx, s := newStore(t)
	if err := s.CreateTables(ctx, sessions, watermarks); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 12 {
		p := []string{"p", "q"}[i%2]
		wg.Go(func() {
			err := s.ChangeSessions(ctx, sessions, p, func(old []psyberg.SessionRow) ([]psyberg.SessionRow, error) {
				return append(old, fullSession(p, fmt.Sprint(i), psyberg.Instant(i))), nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, p := range []string{"p", "q"} {
		if got, err := s.Sessions(ctx, sessions, p); err != nil || len(got) != 6 {
			t.Errorf("process %s: %d rows, %v", p, len(got), err)
		}
	}
	seen, err := s.See(ctx, sessions, "p", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.ReplaceSessions(ctx, sessions, "p", seen, seen.Rows[:5]); err != nil {
		t.Fatal(err)
	}
	if err := s.ReplaceSessions(ctx, sessions, "p", seen, nil); !errors.Is(err, catalog.ErrConflict) {
		t.Errorf("rows that changed since: %v", err)
	}
	if seen, err = s.See(ctx, sessions, "p", ""); err != nil || len(seen.Rows) != 5 {
		t.Fatal(err, len(seen.Rows))
	}
	if err := s.ReplaceSessions(ctx, sessions, "p", seen, nil); err != nil {
		t.Error(err)
	}
	if got, err := s.Sessions(ctx, sessions, ""); err != nil || len(got) != 6 {
		t.Errorf("after all of p are gone: %d %v", len(got), err)
	}
}

func TestAuditTable(t *testing.T) {
	for session, want := range map[string]string{"ops.psyberg_session_f": "ops.psyberg_audit_f", `"a b"."my_session_f"`: `"a b"."my_audit_f"`,
		"ops.sessions": "ops.sessions_audits", `ops."x y"`: `ops."x y_audits"`, "c.n.psyberg_session_f": "c.n.psyberg_audit_f"} {
		if got := state.AuditTable(session); got != want {
			t.Errorf("%s: %s, want %s", session, got, want)
		}
	}
}

// TestVerdict: psyberg.JudgeAudits decides; what is recorded, and that a
// forced audit is remembered, is this package's.
func TestVerdict(t *testing.T) {
	ctx, s := newStore(t)
	ask := func(staged psyberg.SnapshotID, force ...string) string {
		v, err := s.Verdict(ctx, state.VerdictRequest{SessionTable: sessions, Process: "p", Session: "s", Target: "ns.t", Staged: staged, Force: force})
		if err != nil {
			return err.Error()
		}
		return fmt.Sprint(v.Kind, v.Snapshot, v.By)
	}
	record := func(target string, staged psyberg.SnapshotID, passed bool, at psyberg.Instant) {
		t.Helper()
		err := s.RecordAudits(ctx, sessions, []psyberg.AuditRow{{Process: "p", Session: "s", Target: target, Staged: staged, Audit: "a",
			Blocking: true, Passed: passed, Violations: 2, FirstViolation: "v", AuditedAt: at}})
		if err != nil {
			t.Fatal(err)
		}
	}
	check := func(what, got, want string) {
		t.Helper()
		if !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	check("none recorded", ask(7), fmt.Sprint(catalog.AuditsNotAsked, 0, []string{}))
	record("ns.other", 9, false, 1)
	check("of another target", ask(7), fmt.Sprint(catalog.AuditsNotAsked, 0, []string{}))
	record("ns.t", 7, false, 1)
	check("failed", ask(7), "[PSY_AUDIT_FAILED]")
	check("forced", ask(7, "a"), fmt.Sprint(catalog.AuditsForced, 7, []string{"a"}))
	got, err := s.Audits(ctx, sessions, "p", "s")
	if err != nil || len(got) != 2 || !got[1].Forced || got[1].FirstViolation != "v" || got[0].Forced {
		t.Errorf("recorded %+v %v", got, err)
	}
	record("ns.t", 7, true, 201)
	check("mended", ask(7), fmt.Sprint(catalog.AuditsPassed, 7, []string{}))
}

// TestAuditsCostWhatIsNew: an audit writes the rows of its session, not those
// of the sessions before it, which stand in a few files; one of long ago that
// is audited again replaces its rows and nobody else's, also where its id says
// nothing of its time.
func TestAuditsCostWhatIsNew(t *testing.T) {
	t.Parallel()
	ctx, s := newStore(t)
	const n = 64
	id := func(i int) string {
		if i%2 == 0 {
			return fmt.Sprintf("scheduled__2023-09-14T%02d:00:00+00:00", i)
		}
		return fmt.Sprintf("%x-manual", 0x9e3779b97f4a7c15*uint64(i)) // in no order
	}
	record := func(i int, passed bool, at int) {
		t.Helper()
		var rows []psyberg.AuditRow
		for _, name := range []string{"a", "b"} {
			rows = append(rows, psyberg.AuditRow{Process: "p", Session: id(i), Target: "ns.t", Staged: psyberg.SnapshotID(i), Audit: name, Blocking: true,
				Passed: passed, AuditedAt: psyberg.Instant(at)})
		}
		if err := s.RecordAudits(ctx, sessions, rows); err != nil {
			t.Fatal(err)
		}
	}
	files := func() (int, int64) {
		t.Helper()
		live, err := s.Catalogs().Live(ctx, state.AuditTable(sessions), nil)
		if err != nil {
			t.Fatal(err)
		}
		head := live.Table.Meta.Snapshots[len(live.Table.Meta.Snapshots)-1]
		text, _ := head.Summary.Lookup("added-records")
		added, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return len(live.Locations()), added
	}
	written := int64(0)
	for i := range n {
		record(i, false, i)
		_, added := files()
		written += added
	}
	if live, _ := files(); live > 20 {
		t.Errorf("%d files of one process with %d audited sessions", live, n)
	}
	if most := int64(2 * n * 4); written > most { // all of them each time: 4,160
		t.Errorf("%d rows written for %d, want at most %d", written, 2*n, most)
	}
	for _, i := range []int{3, 8, 0, n - 1} {
		record(i, true, n+i)
	}
	for i := range n {
		got, err := s.Audits(ctx, sessions, "p", id(i))
		again := i == 3 || i == 8 || i == 0 || i == n-1
		if err != nil || len(got) != 2 || got[0].Session != id(i) || got[0].Passed != again || got[1].Passed != again || got[0].Audit == got[1].Audit {
			t.Errorf("session %d: %+v %v", i, got, err)
		}
	}
	if all, err := s.Audits(ctx, sessions, "p", ""); err != nil || len(all) != 0 {
		t.Errorf("no session: %d rows %v", len(all), err)
	}
}

// TestAuditsOfTwoSessionsAtOnce: sessions of a process that are audited side by
// side keep each other's rows.
func TestAuditsOfTwoSessionsAtOnce(t *testing.T) {
	t.Parallel()
	ctx, s := newStore(t)
	var wg sync.WaitGroup
	const workers, each = 4, 5
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				row := psyberg.AuditRow{Process: "p", Session: fmt.Sprint("s", w), Target: "ns.t", Audit: fmt.Sprint(i), Passed: true, Staged: 7}
				if err := s.RecordAudits(ctx, sessions, []psyberg.AuditRow{row}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for w := range workers {
		if got, err := s.Audits(ctx, sessions, "p", fmt.Sprint("s", w)); err != nil || len(got) != each {
			t.Errorf("session %d has %d audits: %v", w, len(got), err)
		}
	}
}
