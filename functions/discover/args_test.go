package discover

import (
	"context"
	"slices"
	"strings"
	"testing"

	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// What a person gets wrong, and what is said about it.
func TestErrorsSayWhatToPass(t *testing.T) {
	w := openWarehouse(t, "pyiceberg")
	state := &fakeState{sessions: []psyberg.SessionRow{
		{Process: "a", Session: "run-1", Source: psyberg.SourceName{Table: "life.plan_fact"}, Pattern: psyberg.Stateless},
		{Process: "b", Session: "run-1", Source: psyberg.SourceName{Table: "life.plan_fact"}, Pattern: psyberg.Stateless},
	}}
	plan := surface.Args{Positional: []any{"life.plan_fact"}}
	with := func(pairs ...any) surface.Args {
		a := surface.Args{Positional: plan.Positional, Named: map[string]any{}}
		for i := 0; i < len(pairs); i += 2 {
			a.Named[pairs[i].(string)] = pairs[i+1]
		}
		return a
	}
	of := func(sources any) surface.Args { return surface.Args{Positional: []any{sources}} }
	for _, tc := range []struct {
		args surface.Args
		want []string
	}{
		{of(nil), []string{"src_tables", "'ns.table|event_ts'"}},
		{of(""), []string{"src_tables"}},
		{of("a.b,,c.d"), []string{"source 2", "'ns.table'"}},
		{of("life.plan_fact|"), []string{"no event-time column after it"}},
		{of("life.plan_facts"), []string{`did you mean "life.plan_fact"`}},
		{of("life.plan_fact,local.life.plan_fact"), []string{"twice"}},
		{of("life.plan_fact|even_ts"), []string{`no column "even_ts"`, `"event_ts"`}},
		{of("life.plan_fact|user_id"), []string{"type long", `"event_ts"`}},
		{of("life.plan_fact@watermrk"), []string{`"watermark"`}},
		{with("start", "yesterday"), []string{"'earliest'", "'latest'", "snapshot id"}},
		{with("start", "2023-09-14 10:00:00"), []string{"offset"}},
		{with("start", "42"), []string{"start snapshot 42 is not in the table"}},
		{with("on_gap", "ignore"), []string{"'recover'"}},
		{with("on_overwrite", "drop"), []string{"'error', 'skip', 'added'"}},
		{with("hwm_table", "ops.hwm"), []string{"process_name"}},
		{with("session_id", "run-1"), []string{"session_table"}},
		{with("session_table", "ops.s"), []string{"session_id"}},
		{with("session_id", "run-1", "session_table", "ops.s"), []string{"process_name", `"a", "b"`}},
		{with("session_id", "run-2", "session_table", "ops.s"), []string{`did you mean "run-1"`}},
		{with("session_id", "run-2", "session_table", "ops.s", "process_name", "c"), []string{"ops.s", "no such table"}},
		{with("session_id", "run-1", "session_table", "ops.s", "start", "latest"), []string{"instead of start"}},
		{with("to_snapshot_id", int64(42)), []string{"to_snapshot_id 42", "retained"}},
		{with("from_snapshot_id", int64(42)), []string{"from_snapshot_id 42", "retained", "on_gap := 'recover'", "[PSY_EXPIRED_GAP]"}},
		{with("from_snapshot_id", int64(501746157187355182)), []string{`did you mean "501746157187355181"`}},
		{with("max_hours", int64(0)), []string{"positive"}},
		{with("vtts", "tomorrow"), []string{"ISO 8601"}},
		{with("vtts", `{"life.plans": "2023-09-14T07:00Z"}`), []string{`"life.plan_fact"`}},
		{with("catchup_threshold", surface.Interval{Months: 1}), []string{"days or hours"}},
		{with("catchup_threshold", surface.Interval{Micros: -1}), []string{"between zero"}},
		{with("load_type", "all"), []string{"'range', 'changed'"}},
		{with("on_missing_bounds", int64(1)), []string{"VARCHAR"}},
	} {
		req, err := ParseRequest(tc.args)
		if err == nil {
			req.Want = WantRange
			_, err = Run(context.Background(), Deps{Tables: w, State: state}, req)
		}
		for _, word := range tc.want {
			if err == nil || !strings.Contains(err.Error(), word) {
				t.Errorf("%v %v: error %v does not say %s", tc.args.Positional, tc.args.Named, err, word)
			}
		}
	}
	_, err := Run(context.Background(), Deps{Tables: w}, Request{Sources: sources(t, "life.plan_fact,life.signup_fact"), FromSnapshot: new(psyberg.SnapshotID)})
	if err == nil || !strings.Contains(err.Error(), "single source") {
		t.Errorf("a window of two sources: %v", err)
	}
}

// Arguments of every type that they can have.
func TestParseRequest(t *testing.T) {
	var names []string
	for _, a := range Named {
		names = append(names, a.Name)
	}
	if slices.Contains(names, "") || len(slices.Compact(slices.Sorted(slices.Values(names)))) != len(names) {
		t.Errorf("arguments %v", names)
	}
	r, err := ParseRequest(surface.Args{Positional: []any{"a.b|ts, c.d@x"}, Named: map[string]any{
		"process_name": "p", "hwm_table": "h", "start": "2023-09-14T02:00:00+02:00", "on_gap": "recover", "on_rollback": "RECOVER",
		"on_overwrite": "added", "on_missing_bounds": "read", "with_preexisting": true, "vtts": hour(7).Time(),
		"catchup_threshold": surface.Interval{Days: 1, Micros: 3_600_000_000}, "on_threshold": "clip", "load_type": "changed", "max_hours": int64(5),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Sources) != 2 || r.Sources[1].Ref != "x" || r.Start != (psyberg.Start{Kind: psyberg.StartAt, At: hour(0)}) ||
		!r.RecoverGap || !r.RecoverRollback || *r.VTTS.All != hour(7) || r.Threshold.Hours() != 25 || !r.HasThreshold || !r.Clip || r.MaxHours != 5 {
		t.Errorf("%+v", r)
	}
	if got, want := r.Options(), `{"on_gap":"recover","on_missing_bounds":"read","on_overwrite":"added","on_rollback":"recover","start":"2023-09-14T00:00:00Z"}`; got != want {
		t.Errorf("options %s, want %s", got, want)
	}
	again, err := Request{}.asRecorded(&psyberg.SessionRow{Options: r.Options()})
	if err != nil || again.Start != r.Start || again.OnOverwrite != r.OnOverwrite || again.OnMissing != r.OnMissing || !again.RecoverGap || !again.RecoverRollback {
		t.Errorf("options read back: %+v, %v", again, err)
	}

	for name, value := range map[string]any{
		"JSON":   `{"a.b": "2023-09-14T07:00Z", "c.d@x": null}`,
		"STRUCT": map[string]any{"a.b": hour(7).Time(), "c.d@x": nil},
		"MAP":    []surface.KeyValue{{Key: "a.b", Value: hour(7).Time()}},
	} {
		r, err := ParseRequest(surface.Args{Positional: []any{"a.b|ts, c.d@x"}, Named: map[string]any{"vtts": value}})
		if err != nil {
			t.Errorf("vtts as %s: %v", name, err)
			continue
		}
		at, ok := r.VTTS.For(r.Sources[0])
		if _, other := r.VTTS.For(r.Sources[1]); !ok || at != hour(7) || other {
			t.Errorf("vtts as %s: %+v", name, r.VTTS)
		}
	}
}
