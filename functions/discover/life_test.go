package discover

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"psyberg/psyberg"
)

// story is what the writer of the pyiceberg suite's life tables says of one:
// the snapshot up to which it was read, those after, and the event hours of
// 2023-09-14 that these changed, by the rows themselves.
type story struct {
	Watermark psyberg.SnapshotID   `json:"watermark_snapshot_id"`
	Window    []psyberg.SnapshotID `json:"window_snapshot_ids"`
	Changed   map[string][]int     `json:"window_changed_event_hours"`
}

func lifeStory(t *testing.T, w *warehouse) map[string]story {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(w.dir, "expected", "life_story.json"))
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]story
	if err := json.Unmarshal(data, &out); err != nil || len(out) != 3 {
		t.Fatalf("life_story.json: %d tables, %v", len(out), err)
	}
	return out
}

var day = psyberg.HourOf(psyberg.InstantOf(time.Date(2023, 9, 14, 0, 0, 0, 0, time.UTC)))

func hour(h int) psyberg.Instant { return (day + psyberg.Hour(h)).Start() }

func instant(i psyberg.Instant) *psyberg.Instant { return &i }

// lifeState is a process that has read all three tables up to their
// watermarks, and processed all before 6:00.
func lifeState(t *testing.T, w *warehouse) *fakeState {
	state := &fakeState{}
	for name, s := range lifeStory(t, w) {
		table, err := w.Load(context.Background(), "life."+name)
		if err != nil {
			t.Fatal(err)
		}
		snap, _ := table.Meta.Snapshot(s.Watermark)
		state.watermarks = append(state.watermarks, psyberg.WatermarkRow{Process: "dim", Source: psyberg.SourceName{Table: "life." + name},
			TableUUID: table.Meta.UUID, HWMSnapshot: &s.Watermark, HWMSequence: &snap.Sequence, HWM: &snap.CommittedAt,
			ValidTo: instant(hour(6)), MaxEventTS: instant(hour(6) - 1)})
	}
	return state
}

const lifeSources = "life.plan_fact|event_ts,life.cancel_fact|event_ts,life.signup_fact|event_ts"

// showPlan prints a plan by hour of 2023-09-14.
func showPlan(p *psyberg.RangePlan) string {
	var b strings.Builder
	b.WriteString(string(p.Status))
	for _, it := range p.Iterations() {
		fmt.Fprintf(&b, " %d", it.Hour-day)
		for _, s := range it.Sources {
			b.WriteString(strings.TrimSuffix(strings.TrimPrefix(s.Table, "life."), "_fact")[:1])
		}
	}
	if p.NextValidTo != nil {
		fmt.Fprintf(&b, " then %d:00", psyberg.HourOf(*p.NextValidTo)-day)
	}
	return b.String()
}

// Golden case (a) of semantics.md, section 5, on tables that PyIceberg wrote:
// late plans at hours 2 and 6, cancels at 5 to 7, signups at 3 and 6.
func TestR1_GoldenCatchUpOnTables(t *testing.T) {
	w := openWarehouse(t, "pyiceberg")
	d := Deps{Tables: w, State: lifeState(t, w)}
	base := Request{Want: WantRange, Sources: sources(t, lifeSources), ProcessName: "dim", HWMTable: "hwm",
		VTTS: &psyberg.VTTSArgument{BySource: map[string]psyberg.Instant{"life.plan_fact": hour(7), "life.cancel_fact": hour(8), "life.signup_fact": hour(7)}}}
	res := run(t, d, base)
	if got, want := showPlan(res.Plan), "READY 2p 3s 4 5c 6pcs then 7:00"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for i, s := range res.Sources {
		told := lifeStory(t, w)[strings.TrimPrefix(s.Name.Table, "life.")]
		var hours []int
		for _, h := range s.Changes.Hours.Hours() {
			hours = append(hours, int(h-day))
		}
		if want := told.Changed["2023-09-14"]; !slices.Equal(hours, want) {
			t.Errorf("%s: hours %v, the writer says %v", s.Name, hours, want)
		}
		var ids []psyberg.SnapshotID
		for _, snap := range s.Window.Snapshots {
			ids = append(ids, snap.ID)
		}
		if !slices.Equal(ids, told.Window) {
			t.Errorf("%s: window %v, the writer says %v", s.Name, ids, told.Window)
		}
		if s.Changes.Level != psyberg.LevelManifests || s.Window.Verdict != psyberg.OK || s.Changes.FilesWithoutBounds != 0 {
			t.Errorf("source %d: level %s, verdict %s, %d files without bounds", i, s.Changes.Level, s.Window.Verdict, s.Changes.FilesWithoutBounds)
		}
	}

	for name, tc := range map[string]struct {
		change func(*Request)
		want   string
	}{
		// Hour 6 is the greatest that signups and plans have: it is not known to be complete.
		"without vtts":  {func(r *Request) { r.VTTS = nil }, "READY 2p 3s 4 5c then 6:00"},
		"max_hours 2":   {func(r *Request) { r.MaxHours = 2 }, "READY 2p 3s then 4:00"},
		"changed hours": {func(r *Request) { r.LoadType = psyberg.LoadChanged }, "READY 2p 3s 5c 6pcs then 7:00"},
		"threshold":     {func(r *Request) { r.HasThreshold, r.Threshold = true, 3*time.Hour }, "PSY_CATCHUP_THRESHOLD"},
		"clipped":       {func(r *Request) { r.HasThreshold, r.Threshold, r.Clip = true, 3*time.Hour, true }, "READY 3s 4 5c 6pcs then 7:00"},
		// Hours of landing: 6 and 7 of all three.
		"by partition": {func(r *Request) { r.Sources = sources(t, strings.ReplaceAll(lifeSources, "|event_ts", "")) }, "READY 5c 6pcs then 7:00"},
		"first run":    {func(r *Request) { r.HWMTable = "" }, "READY -1pcs 0 1 2pc 3pcs 4 5pcs 6pcs then 7:00"},
		"baseline":     {func(r *Request) { r.HWMTable, r.Start.Kind = "", psyberg.StartLatest }, "BASELINE then 7:00"},
		// The greatest live event time decides: plans' and signups' hour 6.
		"baseline without vtts": {func(r *Request) { r.HWMTable, r.Start.Kind, r.VTTS = "", psyberg.StartLatest, nil }, "BASELINE then 6:00"},
		"baseline of one, by partition": {func(r *Request) {
			r.Sources, r.HWMTable, r.Start.Kind, r.VTTS = sources(t, "life.plan_fact"), "", psyberg.StartLatest, nil
		}, "BASELINE then 6:00"},
	} {
		req := base
		tc.change(&req)
		res, err := Run(context.Background(), d, req)
		var e *psyberg.Error
		switch {
		case errors.As(err, &e) && string(e.Code) == tc.want:
		case err != nil:
			t.Errorf("%s: %v", name, err)
		default:
			if got := showPlan(res.Plan); got != tc.want {
				t.Errorf("%s: got %s, want %s", name, got, tc.want)
			}
		}
	}
}

// The stateless discovery of the same: by summaries, no manifest read.
func TestStatelessOnTables(t *testing.T) {
	w := openWarehouse(t, "pyiceberg")
	d := Deps{Tables: w, State: lifeState(t, w)}
	req := Request{Want: WantPartitions, Pattern: psyberg.Stateless, Sources: sources(t, "life.signup_fact"), ProcessName: "dim", HWMTable: "hwm"}
	show := func(res *Result) string {
		var out []string
		s := res.Sources[0]
		for _, p := range s.Changes.Partitions {
			text := fmt.Sprintf("%s +%d/%d -%d", p.URI, p.AddedFiles, p.AddedRecords, p.RemovedFiles)
			if p.Events != nil {
				text += fmt.Sprintf(" %d", psyberg.HourOf(p.Events.Min)-day)
			}
			if late := p.IsLate(s.ValidTo); late != nil && *late {
				text += " late"
			}
			if p.Preexisting != nil {
				text += fmt.Sprintf(" pre %d", *p.Preexisting)
			}
			out = append(out, text)
		}
		return string(s.Changes.Level) + "\n" + strings.Join(out, "\n")
	}
	w.manifests()
	if got, want := show(run(t, d, req)), `SUMMARY
{"landing_date":"2023-09-14","hour":6,"batch_id":"20230914T06"} +1/3 -0
{"landing_date":"2023-09-14","hour":7,"batch_id":"20230914T07"} +1/4 -0`; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if read, lists := w.manifests(); len(read)+len(lists) > 0 {
		t.Errorf("read manifests %v, lists %v", read, lists)
	}
	req.Sources = sources(t, "life.signup_fact|event_ts")
	if got, want := show(run(t, d, req)), `MANIFESTS
{"landing_date":"2023-09-14","hour":6,"batch_id":"20230914T06"} +1/3 -0 6
{"landing_date":"2023-09-14","hour":7,"batch_id":"20230914T07"} +1/4 -0 3 late`; got != want {
		t.Errorf("with event times: got %s\nwant %s", got, want)
	}

	req.Sources = sources(t, "life.cancel_fact|event_ts")
	_, err := Run(context.Background(), d, req)
	var e *psyberg.Error
	if !errors.As(err, &e) || e.Code != psyberg.CodeOverwrite || !strings.Contains(err.Error(), "351460746171143511") || !strings.Contains(err.Error(), "'added'") {
		t.Errorf("an overwrite in a stateless source: %v", err)
	}
	req.OnOverwrite = psyberg.OverwriteSkip
	if got, want := show(run(t, d, req)), `MANIFESTS
{"landing_date":"2023-09-14","hour":5,"batch_id":"20230914T05-fix"} +1/4 -0 5 late
{"landing_date":"2023-09-14","hour":6,"batch_id":"20230914T06"} +1/2 -0 6
{"landing_date":"2023-09-14","hour":7,"batch_id":"20230914T07"} +1/4 -0 7`; got != want {
		t.Errorf("skip: got %s\nwant %s", got, want)
	}
	// 7709210092817644451 added a file that 351460746171143511 took away again.
	req.OnOverwrite, req.WithPreexisting = psyberg.OverwriteAdded, true
	if got, want := show(run(t, d, req)), `MANIFESTS
{"landing_date":"2023-09-14","hour":5,"batch_id":"20230914T05-fix"} +1/4 -0 5 late pre 0
{"landing_date":"2023-09-14","hour":6,"batch_id":"20230914T06"} +2/5 -0 5 late pre 0
{"landing_date":"2023-09-14","hour":7,"batch_id":"20230914T07"} +1/4 -0 7 pre 0`; got != want {
		t.Errorf("added: got %s\nwant %s", got, want)
	}

	// Spark's plan_fact: the batch of hour 4 landed in two snapshots.
	spark := openWarehouse(t, "spark")
	to := psyberg.SnapshotID(5061818113293057377)
	from := psyberg.SnapshotID(481837433942716132)
	req = Request{Want: WantPartitions, Sources: sources(t, "life.plan_fact"), FromSnapshot: &from, ToSnapshot: &to, WithPreexisting: true}
	if got, want := show(run(t, Deps{Tables: spark}, req)), `MANIFESTS
{"landing_date":"2023-09-14","hour":4,"batch_id":"b2023091404"} +1/1 -0 pre 1`; got != want {
		t.Errorf("preexisting: got %s\nwant %s", got, want)
	}
	// Its cancel_fact: one batch delivered again, one partition deleted.
	from = 8298322185084134660
	req = Request{Want: WantPartitions, Sources: sources(t, "life.cancel_fact"), FromSnapshot: &from}
	if got, want := show(run(t, Deps{Tables: spark}, req)), `SUMMARY
{"landing_date":"2023-09-13","hour":21,"batch_id":"b2023091321"} +0/0 -1
{"landing_date":"2023-09-14","hour":4,"batch_id":"b2023091404"} +1/1 -1`; got != want {
		t.Errorf("redelivery and delete: got %s\nwant %s", got, want)
	}
}
