package functions

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"psyberg/functions/discover"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// fakeState is a session and a watermark table.
type fakeState struct {
	sessions   []psyberg.SessionRow
	watermarks []psyberg.WatermarkRow
}

func (s *fakeState) Sessions(_ context.Context, _, process string) (out []psyberg.SessionRow, _ error) {
	for _, r := range s.sessions {
		if process == "" || r.Process == process {
			out = append(out, r)
		}
	}
	return out, nil
}

func (s *fakeState) Watermarks(_ context.Context, _, process string) (out []psyberg.WatermarkRow, _ error) {
	for _, r := range s.watermarks {
		if process == "" || r.Process == process {
			out = append(out, r)
		}
	}
	return out, nil
}

const lifeSources = "life.plan_fact|event_ts,life.cancel_fact|event_ts,life.signup_fact|event_ts"

// lifeHour is an hour of the day that the life tables tell of.
func lifeHour(h int) psyberg.Instant {
	return psyberg.InstantOf(time.Date(2023, 9, 14, h, 0, 0, 0, time.UTC))
}

// night is process dim of the pyiceberg suite's life tables: it has read them
// up to the watermarks that the story names, and processed all before 6:00.
type night struct {
	*warehouse
	state *fakeState
	story map[string]struct {
		Watermark psyberg.SnapshotID   `json:"watermark_snapshot_id"`
		Window    []psyberg.SnapshotID `json:"window_snapshot_ids"`
	}
}

func newNight(t *testing.T) *night {
	t.Helper()
	n := &night{warehouse: openWarehouse(t, "pyiceberg"), state: &fakeState{}}
	data, err := os.ReadFile(filepath.Join(n.dir, "expected", "life_story.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &n.story); err != nil {
		t.Fatal(err)
	}
	for name, s := range n.story {
		table, err := n.Load(context.Background(), "life."+name)
		if err != nil {
			t.Fatal(err)
		}
		snap, _ := table.Meta.Snapshot(s.Watermark)
		validTo, most := lifeHour(6), lifeHour(6)-1
		n.state.watermarks = append(n.state.watermarks, psyberg.WatermarkRow{Process: "dim", Source: psyberg.SourceName{Table: "life." + name},
			TableUUID: table.Meta.UUID, HWMSnapshot: &s.Watermark, HWMSequence: &snap.Sequence, HWM: &snap.CommittedAt, ValidTo: &validTo, MaxEventTS: &most})
	}
	return n
}

func (n *night) try(f func(discover.Deps) *surface.Function, args surface.Args) ([]map[string]any, error) {
	return tryCall(f(discover.Deps{Tables: n, State: n.state}), args)
}

func (n *night) call(t *testing.T, f func(discover.Deps) *surface.Function, args surface.Args) []map[string]any {
	t.Helper()
	rows, err := n.try(f, args)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// show prints some columns of rows, a row a line.
func show(rows []map[string]any, columns ...string) string {
	var b strings.Builder
	for _, r := range rows {
		for i, c := range columns {
			if i > 0 {
				b.WriteString(" | ")
			}
			fmt.Fprint(&b, r[c])
		}
		b.WriteString("\n")
	}
	return b.String()
}

// TestLate: all before 6:00 was covered, then plans of hour 2, cancels of hour
// 5 (corrected, and some in the batch of hour 6) and signups of hour 3 came.
func TestLate(t *testing.T) {
	t.Parallel()
	n := newNight(t)
	rows := n.call(t, lateFunction, named(lifeSources, "process_name", "dim", "hwm_table", "ops.hwm"))
	want := `life.plan_fact | landing_date=2023-09-14/hour=6/batch_id=20230914T06 | 2023-09-14T02:35:17.428986Z | 2023-09-14T02:52:34.944517Z | 2023-09-14T06:00:00.000000Z | 0 months 0 days 3h24m42.571014s | 1 | 2
life.cancel_fact | landing_date=2023-09-14/hour=5/batch_id=20230914T05-fix | 2023-09-14T05:00:29.312921Z | 2023-09-14T05:54:08.157031Z | 2023-09-14T06:00:00.000000Z | 0 months 0 days 59m30.687079s | 1 | 4
life.cancel_fact | landing_date=2023-09-14/hour=6/batch_id=20230914T06 | 2023-09-14T05:23:06.422237Z | 2023-09-14T05:23:06.422237Z | 2023-09-14T06:00:00.000000Z | 0 months 0 days 36m53.577763s | 1 | 1
life.signup_fact | landing_date=2023-09-14/hour=7/batch_id=20230914T07 | 2023-09-14T03:01:56.009110Z | 2023-09-14T03:53:07.567454Z | 2023-09-14T06:00:00.000000Z | 0 months 0 days 2h58m3.99089s | 1 | 4
`
	if got := show(rows, "source_table", "partition_path", "min_event_ts", "max_event_ts", "covered_to", "lateness", "files", "records"); got != want {
		t.Errorf("late:\n%swant\n%s", got, want)
	}

	// A stateless process has no valid_to: the hour that it had begun is what
	// it has covered.
	for i := range n.state.watermarks {
		n.state.watermarks[i].ValidTo = nil
	}
	rows = n.call(t, lateFunction, named(lifeSources, "process_name", "dim", "hwm_table", "ops.hwm"))
	want = `life.plan_fact | 2023-09-14T02:35:17.428986Z | 2023-09-14T05:00:00.000000Z
life.signup_fact | 2023-09-14T03:01:56.009110Z | 2023-09-14T05:00:00.000000Z
`
	if got := show(rows, "source_table", "min_event_ts", "covered_to"); got != want {
		t.Errorf("late, stateless:\n%swant\n%s", got, want)
	}

	// Nothing is late on a first run.
	if rows = n.call(t, lateFunction, named(lifeSources)); len(rows) != 0 {
		t.Errorf("late on a first run: %v", rows)
	}
}

// line returns the ids of a table's line, newest first.
func (n *night) line(t *testing.T, table string) []psyberg.SnapshotID {
	t.Helper()
	loaded, err := n.Load(context.Background(), table)
	if err != nil {
		t.Fatal(err)
	}
	var out []psyberg.SnapshotID
	for s := range loaded.Meta.Ancestors(loaded.Meta.CurrentSnapshotID) {
		out = append(out, s.ID)
	}
	return out
}

// TestExpiryFloor: of all that processes need, the oldest snapshot of each
// source counts, and what has been lost is said.
func TestExpiryFloor(t *testing.T) {
	t.Parallel()
	n := newNight(t)
	floor := func(args surface.Args) string {
		t.Helper()
		return show(n.call(t, expiryFloorFunction, args), "source_table", "snapshot_id", "needed_by", "retained", "expire_before")
	}
	marks := func(table string) psyberg.SnapshotID { return n.story[table].Watermark }
	plan, cancel, signup := marks("plan_fact"), marks("cancel_fact"), marks("signup_fact")
	all := namedOnly("hwm_table", "ops.hwm", "session_table", "ops.sessions")
	got, want := floor(all), fmt.Sprintf(`life.cancel_fact | %d | [dim] | true | 2023-09-14T06:30:17.404000Z
life.plan_fact | %d | [dim] | true | 2023-09-14T06:08:52.900000Z
life.signup_fact | %d | [dim] | true | 2023-09-14T06:05:11.562000Z
`, cancel, plan, signup)
	if got != want {
		t.Errorf("watermarks:\n%swant\n%s", got, want)
	}

	// An unfinished session of another process still reads from an older one;
	// committed and superseded ones need nothing.
	line := n.line(t, "life.signup_fact")
	oldest, lost := line[len(line)-1], psyberg.SnapshotID(12345)
	source := psyberg.SourceName{Table: "life.signup_fact", EventColumn: "event_ts"}
	n.state.sessions = []psyberg.SessionRow{
		{Process: "slow", Session: "s7", Source: source, HWMSnapshot: &oldest, Status: psyberg.StatusReady},
		{Process: "slow", Session: "s6", Source: source, HWMSnapshot: &lost, Status: psyberg.StatusSuperseded},
		{Process: "done", Session: "s5", Source: source, HWMSnapshot: &lost, Status: psyberg.StatusCommitted},
	}
	signups := named("life.signup_fact", "hwm_table", "ops.hwm", "session_table", "ops.sessions")
	got, want = floor(signups), fmt.Sprintf("life.signup_fact | %d | [slow (session s7, READY)] | true | 2023-09-14T00:02:43.905000Z\n", oldest)
	if got != want {
		t.Errorf("with a session:\n%swant\n%s", got, want)
	}

	// A watermark that has expired is lost, and said so before the floor.
	n.state.watermarks = append(n.state.watermarks, psyberg.WatermarkRow{Process: "gone", Source: psyberg.SourceName{Table: "life.signup_fact"}, HWMSnapshot: &lost})
	rows := n.call(t, expiryFloorFunction, signups)
	if len(rows) != 2 || rows[0]["retained"] != false || !strings.Contains(fmt.Sprint(rows[0]["reason"]), "PSY_EXPIRED_GAP") || rows[1]["retained"] != true {
		t.Errorf("with an expired watermark: %v", rows)
	}

	// A source that nobody reads, one that is gone, one that never was.
	n.state.watermarks = []psyberg.WatermarkRow{{Process: "p", Source: psyberg.SourceName{Table: "life.dropped"}, HWMSnapshot: &lost}}
	n.state.sessions = nil
	if rows = n.call(t, expiryFloorFunction, signups); len(rows) != 1 || rows[0]["snapshot_id"] != nil || rows[0]["retained"] != nil {
		t.Errorf("nobody reads it: %v", rows)
	}
	if rows = n.call(t, expiryFloorFunction, all); len(rows) != 1 || rows[0]["retained"] != false || !strings.Contains(fmt.Sprint(rows[0]["reason"]), "cannot be loaded") {
		t.Errorf("dropped: %v", rows)
	}
	if _, err := n.try(expiryFloorFunction, named("life.signup_fct", "hwm_table", "ops.hwm")); err == nil || !strings.Contains(err.Error(), "signup_fact") {
		t.Errorf("unknown table: %v", err)
	}
	if _, err := n.try(expiryFloorFunction, namedOnly()); err == nil || !strings.Contains(err.Error(), "hwm_table") {
		t.Errorf("no table: %v", err)
	}
}

// TestExpiryFloorOfTablesThatExpired: Java's expiry leaves the name of the
// expired parent, so its watermark is met by name; all that is left is needed.
func TestExpiryFloorOfTablesThatExpired(t *testing.T) {
	t.Parallel()
	w := openWarehouse(t, "spark")
	table, err := w.Load(context.Background(), "conf.hist_expired")
	if err != nil {
		t.Fatal(err)
	}
	line := psyberg.NewHistory(table.Meta.UUID, 2, table.Meta.Snapshots).Line(table.Meta.CurrentSnapshotID)
	if !line.Cut {
		t.Fatal("conf.hist_expired has no expired parent")
	}
	state := &fakeState{watermarks: []psyberg.WatermarkRow{{Process: "p", Source: psyberg.SourceName{Table: "conf.hist_expired"}, HWMSnapshot: &line.Beyond}}}
	rows, err := tryCall(expiryFloorFunction(discover.Deps{Tables: w, State: state}), namedOnly("hwm_table", "ops.hwm"))
	if err != nil {
		t.Fatal(err)
	}
	oldest := line.Snapshots[len(line.Snapshots)-1]
	want := fmt.Sprintf("%d | [p] | false\n%d | [p] | true\n", line.Beyond, oldest.ID)
	if got := show(rows, "snapshot_id", "needed_by", "retained"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// plannedPublish answers every preflight with one plan.
type plannedPublish struct{ psyberg.PublishPlan }

func (p plannedPublish) Preflight(context.Context, string, string) (psyberg.PublishPlan, error) {
	return p.PublishPlan, nil
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	staged, head := psyberg.SnapshotID(7), psyberg.SnapshotID(9)
	plan := psyberg.PublishPlan{Method: psyberg.MethodRefused, Reason: "no", Operation: "overwrite", Staged: &staged, Head: &head,
		ConflictingPartition: []string{"h=1"}, ConflictingSnapshots: []psyberg.SnapshotID{9}}
	rows, err := tryCall(Preflight(plannedPublish{plan}), surface.Args{Positional: []any{"ns.t", "s1"}})
	if err != nil {
		t.Fatal(err)
	}
	want := "7 | <nil> | 9 | overwrite | refused | no | [h=1] | [9]\n"
	if got := show(rows, "staged_snapshot_id", "staged_parent_id", "head_snapshot_id", "operation", "method", "reason", "conflicting_partitions", "conflicting_snapshot_ids"); got != want {
		t.Errorf("got %swant %s", got, want)
	}
	if _, err := tryCall(Preflight(plannedPublish{}), surface.Args{Positional: []any{"ns.t", nil}}); err == nil {
		t.Error("wap_id NULL is no error")
	}
}
