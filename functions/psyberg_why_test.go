package functions

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"psyberg/functions/discover"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// longIDs and fractions stand in the way of reading a reason.
var (
	longIDs   = regexp.MustCompile(`[0-9]{15,}`)
	fractions = regexp.MustCompile(`(:[0-9]{2})\.[0-9]+Z`)
)

// reasons prints rows of psyberg_why: yes or no, cause, source, reason.
func reasons(rows []map[string]any) string {
	var b strings.Builder
	for _, r := range rows {
		said := fractions.ReplaceAllString(longIDs.ReplaceAllString(fmt.Sprint(r["reason"]), "N"), "${1}Z")
		yes := map[any]string{true: "yes", false: "no "}[r["included"]]
		source := strings.TrimPrefix(strings.ReplaceAll(fmt.Sprint(r["source_table"]), "<nil>", "-"), "life.")
		fmt.Fprintf(&b, "%s %s, %s: %s\n", yes, r["cause"], source, said)
	}
	return b.String()
}

func (n *night) why(t *testing.T, pairs ...any) string {
	t.Helper()
	return reasons(n.call(t, whyFunction, named(lifeSources, append([]any{"process_name", "dim", "hwm_table", "ops.hwm"}, pairs...)...)))
}

func sameText(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n%swant\n%s", what, got, want)
	}
}

// bounds are the rows that every answer about an hour of dim has.
func bounds(low, plan, cancel, signup string) string {
	return low + ` lower bound, plan_fact: The range begins with hour 2023-09-14-02, since a file has event times from 2023-09-14T02:35:17Z on: it was added by snapshot N (APPEND, committed 2023-09-14T07:03:04Z).
` + plan + ` upper bound, plan_fact: The source is valid to 2023-09-14T06:00:00Z (greatest event time seen): its last complete hour is 2023-09-14-05. No source is slower: the range ends with this hour at the latest.
` + cancel + ` upper bound, cancel_fact: The source is valid to 2023-09-14T07:00:00Z (greatest event time seen): its last complete hour is 2023-09-14-06.
` + signup + ` upper bound, signup_fact: The source is valid to 2023-09-14T06:00:00Z (greatest event time seen): its last complete hour is 2023-09-14-05. No source is slower: the range ends with this hour at the latest.
`
}

// TestWhyHour: at night somebody asks about the hours of the catch-up.
func TestWhyHour(t *testing.T) {
	t.Parallel()
	n := newNight(t)
	sameText(t, "changed", n.why(t, "hour", "2023-09-14 03:30"),
		"yes answer, -: It is loaded: files of life.signup_fact that cover it changed, and it lies in the session's range 2023-09-14-02 to 2023-09-14-05.\n"+
			bounds("yes", "yes", "yes", "yes")+
			"yes file, signup_fact: A data file with 4 rows and event times from 2023-09-14T03:01:56Z to 2023-09-14T03:53:07Z was added by snapshot N (APPEND, committed 2023-09-14T08:03:18Z).\n")
	sameText(t, "carried over", n.why(t, "hour", "2023-09-14 04:00"),
		"yes answer, -: It is loaded although no changed file covers it: every hour of the range 2023-09-14-02 to 2023-09-14-05 is, since a state carries over from hour to hour.\n"+
			bounds("yes", "yes", "yes", "yes"))
	sameText(t, "too early", n.why(t, "hour", "2023-09-14 01:00"),
		"no  answer, -: It is not loaded: it lies before the range 2023-09-14-02 to 2023-09-14-05, since no file that changed has event times in it, and all before valid_to 2023-09-14T06:00:00Z was processed before.\n"+
			bounds("no ", "yes", "yes", "yes"))
	sameText(t, "not complete", n.why(t, "hour", "2023-09-14 08:00"),
		"no  answer, -: It is not loaded: it is not complete yet. The slowest source, life.plan_fact, is valid to 2023-09-14T06:00:00Z (greatest event time seen), so the last complete hour is 2023-09-14-05.\n"+
			bounds("yes", "no ", "no ", "no "))

	first := func(pairs ...any) string {
		line, _, _ := strings.Cut(n.why(t, pairs...), "\n")
		return line
	}
	for what, c := range map[string]struct {
		args []any
		want string
	}{
		"clipped": {[]any{"hour", "2023-09-14 02:00", "catchup_threshold", surface.Interval{Micros: 3600e6}},
			"no  answer, -: It is not loaded: it changed, but lies further before valid_to than catchup_threshold allows, and is clipped; without on_threshold := 'clip' init stops with PSY_CATCHUP_THRESHOLD."},
		"limited": {[]any{"hour", "2023-09-14 04:00", "max_hours", int64(2)},
			"no  answer, -: It is not loaded by this session, which is limited to the range 2023-09-14-02 to 2023-09-14-03 (max_hours): it is the next one's."},
		"unchanged": {[]any{"hour", "2023-09-14 04:00", "load_type", "changed"},
			"no  answer, -: It is not loaded: it lies in the range 2023-09-14-02 to 2023-09-14-05, but load_type 'changed' leaves out hours that no changed file covers."},
		"never processed": {[]any{"hour", "2023-09-14 07:00", "vtts", "2023-09-15T00:00Z"},
			"yes answer, -: It is loaded: files of life.cancel_fact that cover it changed, and it lies in the session's range 2023-09-14-02 to 2023-09-14-23."},
		"never processed, unchanged": {[]any{"hour", "2023-09-14 12:00", "vtts", "2023-09-15T00:00Z"},
			"yes answer, -: It is loaded: it was never processed, and lies in the session's range 2023-09-14-02 to 2023-09-14-23."},
	} {
		sameText(t, what, first(c.args...), c.want)
	}
}

// TestWhyNothing: hours of a session that has nothing to do, or stops.
func TestWhyNothing(t *testing.T) {
	t.Parallel()
	n := newNight(t)
	for i := range n.state.watermarks {
		m := &n.state.watermarks[i]
		head := n.line(t, m.Source.Table)[0]
		m.HWMSnapshot = &head
	}
	got := n.why(t, "hour", "2023-09-14 03:00")
	if want := "no  answer, -: It is not loaded: there is nothing to do: up to the last complete hour 2023-09-14-04 (of life.plan_fact) no hour has changed, and all before valid_to 2023-09-14T06:00:00Z was processed before.\n"; !strings.HasPrefix(got, want) {
		t.Errorf("nothing to do:\n%swant\n%s", got, want)
	}
	if want := "no  processed, signup_fact: The last snapshot that changed it is not new: snapshot N (APPEND, committed 2023-09-14T08:03:18Z) lies at or before the watermark N.\n"; !strings.Contains(got, want) {
		t.Errorf("nothing to do:\n%swant\n%s", got, want)
	}
	lost := psyberg.SnapshotID(4711)
	n.state.watermarks[0].HWMSnapshot = &lost
	got = n.why(t, "hour", "2023-09-14 03:00")
	if !strings.HasPrefix(got, "no  stopped, -: Init stops here, and nothing is read or loaded: find window of source") || !strings.Contains(got, "on_gap := 'recover'") || !strings.Contains(got, "PSY_EXPIRED_GAP") {
		t.Errorf("stopped:\n%s", got)
	}
	if _, err := n.try(whyFunction, named(lifeSources, "hour", "noon")); err == nil || !strings.Contains(err.Error(), "argument hour") {
		t.Errorf("no time: %v", err)
	}
	if _, err := n.try(whyFunction, named(lifeSources, "hour", "2023-09-14", "partition", "x=1")); err == nil || !strings.Contains(err.Error(), "one of them") {
		t.Errorf("both: %v", err)
	}
	if _, err := n.try(whyFunction, named(lifeSources, "partition", "{x")); err == nil || !strings.Contains(err.Error(), "no JSON object") {
		t.Errorf("no JSON: %v", err)
	}
}

// TestWhyPartition: a partition that is part of the session, one that was
// processed before, one that nobody has seen.
func TestWhyPartition(t *testing.T) {
	t.Parallel()
	n := newNight(t)
	got := n.why(t, "partition", "landing_date=2023-09-14/hour=6/batch_id=20230914T06")
	for _, want := range []string{
		"yes answer, plan_fact: It is part of the session: 2 files with 5 rows added by snapshot N (APPEND, committed 2023-09-14T07:03:04Z).\n",
		"yes late, plan_fact: It came late: it holds event times from 2023-09-14T02:35:17Z on, and the process had covered all before 2023-09-14T06:00:00Z.\n",
		"yes answer, cancel_fact: It is part of the session: 2 files with 5 rows added by 2 snapshots, the last of them snapshot N (OVERWRITE, committed 2023-09-14T07:36:25Z).\n",
		"yes answer, signup_fact: It is part of the session: 1 file with 3 rows added by snapshot N (APPEND, committed 2023-09-14T07:02:16Z).\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%slacks\n%s", got, want)
		}
	}
	if strings.Contains(got, "late, signup_fact") {
		t.Errorf("signups were on time:\n%s", got)
	}
	// By its URI, keys left out.
	got = n.why(t, "partition", `{"hour": 5, "landing_date": "2023-09-14"}`)
	for _, want := range []string{
		"no  answer, plan_fact: It is not part of the session: no snapshot that counts has changed it (1 snapshot since the watermark).\n" +
			"no  processed, plan_fact: The last snapshot that changed it is not new: snapshot N (APPEND, committed 2023-09-14T06:08:52Z) lies at or before the watermark N.\n",
		"yes answer, cancel_fact: It is part of the session: 1 file with 4 rows added by",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%slacks\n%s", got, want)
		}
	}
	got = n.why(t, "partition", "landing_date=2023-09-14/hour=6/batch_id=20230914T99")
	if strings.Contains(got, "yes") || !strings.Contains(got, "Partitions that changed have similar names: landing_date=2023-09-14/hour=6/batch_id=20230914T06.") {
		t.Errorf("unknown partition:\n%s", got)
	}
	for text, want := range map[string]string{
		"2023-09-14-03": "pass hour :=", "landing_day=2023-09-14": `did you mean "landing_date"`, `{"hours": 5}`: `did you mean "hour"`,
	} {
		if _, err := n.try(whyFunction, named(lifeSources, "partition", text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("partition %s: error %v does not say %s", text, err, want)
		}
	}
}

// TestWhyNot: every snapshot that does not count says why not, on tables that
// Spark compacted, staged into, rolled back.
func TestWhyNot(t *testing.T) {
	t.Parallel()
	w := openWarehouse(t, "spark")
	why := func(table string, pairs ...any) string {
		t.Helper()
		rows, err := tryCall(whyFunction(discover.Deps{Tables: w}), named(table, pairs...))
		if err != nil {
			t.Fatal(err)
		}
		return reasons(rows)
	}
	snapshots := func(table string) []*psyberg.Snapshot {
		t.Helper()
		loaded, err := w.Load(context.Background(), table)
		if err != nil {
			t.Fatal(err)
		}
		return loaded.Meta.Snapshots
	}
	rewritten := snapshots("conf.ops_rewrite")
	first, fourth := int64(rewritten[0].ID), int64(rewritten[3].ID)
	got := why("conf.ops_rewrite", "from_snapshot_id", first)
	if strings.Count(got, "no  skipped, conf.ops_rewrite: It does not count: snapshot N (REPLACE, ") != 3 || !strings.Contains(got, "the same rows in other files") {
		t.Errorf("compacted:\n%s", got)
	}
	got = why("conf.ops_rewrite", "to_snapshot_id", fourth)
	if strings.Count(got, "no  later, ") != 4 || !strings.Contains(got, "the next session will see it") {
		t.Errorf("pinned before the compaction:\n%s", got)
	}
	got = why("conf.hist_rollback")
	if !strings.Contains(got, "no  abandoned, conf.hist_rollback: It does not count: snapshot N (APPEND, ") {
		t.Errorf("rolled back:\n%s", got)
	}
	got = why("conf.wap_publish")
	if !strings.Contains(got, `is staged under wap.id "w-left-staged" and not published.`) || strings.Contains(got, `"w-ff"`) {
		t.Errorf("staged:\n%s", got)
	}
	if got = why("conf.branch_audit"); !strings.Contains(got, "no  other branch, ") {
		t.Errorf("on another branch:\n%s", got)
	}
	// Asked about the one partition of an unpartitioned table, or one of the
	// table's: what is staged into it is said.
	if got = why("conf.wap_publish", "partition", "{}"); !strings.Contains(got, "yes answer, ") || !strings.Contains(got, `"w-left-staged"`) {
		t.Errorf("staged into a partition:\n%s", got)
	}
}

// TestWhyRecorded: a recorded session is told about as it was recorded.
func TestWhyRecorded(t *testing.T) {
	t.Parallel()
	n := newNight(t)
	validTo := lifeHour(6)
	hour := func(h int) psyberg.Hour { return psyberg.HourOf(lifeHour(h)) }
	for _, m := range n.state.watermarks {
		line := n.line(t, m.Source.Table)
		r := psyberg.SessionRow{Process: "dim", Session: "s9", Source: psyberg.SourceName{Table: m.Source.Table, EventColumn: "event_ts"}, Pattern: psyberg.Stateful,
			Verdict: psyberg.OK, HWMSnapshot: m.HWMSnapshot, EndSnapshot: &line[0], TableUUID: m.TableUUID, ValidTo: &validTo, LoadType: psyberg.LoadRange,
			LoadHours: &psyberg.HourRange{From: hour(2), To: hour(6)}, Status: psyberg.StatusCommitted, VTTSSource: "argument vtts"}
		vtts := lifeHour(8)
		r.VTTS = &vtts
		if m.Source.Table == "life.plan_fact" {
			r.ChangedHours = psyberg.NewHourSet(psyberg.HourRange{From: hour(2), To: hour(3)})
		}
		n.state.sessions = append(n.state.sessions, r)
	}
	args := func(pairs ...any) surface.Args {
		a := namedOnly(append([]any{"session_id", "s9", "session_table", "ops.sessions"}, pairs...)...)
		a.Positional = []any{nil}
		return a
	}
	got := reasons(n.call(t, whyFunction, args("hour", "2023-09-14 02:00")))
	if !strings.HasPrefix(got, "yes answer, -: It is loaded: files of life.plan_fact that cover it changed, and it lies in the session's range 2023-09-14-02 to 2023-09-14-05.\n") {
		t.Errorf("hour 2:\n%s", got)
	}
	got = reasons(n.call(t, whyFunction, args("hour", "2023-09-14 06:00")))
	if !strings.HasPrefix(got, "no  answer, -: It is not loaded by this session, which is limited to the range") {
		t.Errorf("hour 6:\n%s", got)
	}
	// Nothing asked: a stateful session says its bounds.
	got = reasons(n.call(t, whyFunction, args()))
	if !strings.HasPrefix(got, "yes answer, -: 4 hours of the range 2023-09-14-02 to 2023-09-14-05: this is what is loaded.\n") || !strings.Contains(got, "valid to 2023-09-14T08:00:00Z (argument vtts)") {
		t.Errorf("session:\n%s", got)
	}
	if _, err := n.try(whyFunction, surface.Args{Positional: []any{nil}, Named: map[string]any{"session_id": "s8", "session_table": "ops.sessions"}}); err == nil || !strings.Contains(err.Error(), "s9") {
		t.Errorf("unknown session: %v", err)
	}
}
