package discover

import (
	"context"
	"testing"

	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// record makes session rows of a result, as init does.
func record(res *Result, session string) []psyberg.SessionRow {
	var rows []psyberg.SessionRow
	for i, s := range res.Sources {
		row := psyberg.SessionRow{Process: "p", Session: session, Source: s.Name, Pattern: res.Request.Pattern, Verdict: s.Window.Verdict,
			DiscoveredBy: s.Changes.Level, HWMSnapshot: s.HWM, TableUUID: s.Table.Meta.UUID, ValidTo: s.ValidTo, MaxEventTS: s.MaxEvent,
			Status: psyberg.StatusCommitted, Options: res.Request.Options(), LoadType: res.Request.LoadType}
		if end := s.EndSnapshot(); end != nil {
			row.EndSnapshot = &end.ID
		}
		for _, snap := range s.Window.Snapshots {
			if snap.Counted {
				row.Snapshots = append(row.Snapshots, snap.ID)
			}
		}
		if p := res.Plan; p != nil {
			row.VTTS, row.VTTSSource, row.NextValidTo, row.ClippedHours = &s.VTTS.At, s.VTTS.Source, p.NextValidTo, p.Clipped
			row.ChangedHours = p.ChangedHours(i)
			if !p.Range.Empty() {
				row.LoadHours = &p.Range
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// older shows tables as they were when a session began: their main is at an
// older snapshot.
func older(w *warehouse, heads map[string]psyberg.SnapshotID) surface.Tables {
	return changed{w, func(t *surface.Table) {
		if id, ok := heads[t.Name]; ok {
			ref := t.Meta.Refs["main"]
			ref.SnapshotID = id
			t.Meta.Refs["main"] = ref
			t.Meta.CurrentSnapshotID = id
		}
	}}
}

// A session looks the same whenever it is asked about: its tables have moved
// on, its watermarks have been committed.
func TestRecordedSessions(t *testing.T) {
	w := openWarehouse(t, "pyiceberg")
	then := older(w, map[string]psyberg.SnapshotID{"life.cancel_fact": 351460746171143511, "life.signup_fact": 6205878797651087161})
	state := lifeState(t, w)
	atPlan := psyberg.SnapshotID(1638219575088516145)
	for name, req := range map[string]Request{
		"stateless":           {Want: WantPartitions, Pattern: psyberg.Stateless, Sources: sources(t, "life.signup_fact|event_ts"), HWMTable: "h"},
		"stateless, skip":     {Want: WantPartitions, Pattern: psyberg.Stateless, Sources: sources(t, "life.cancel_fact"), HWMTable: "h", OnOverwrite: psyberg.OverwriteSkip},
		"stateless, added":    {Want: WantPartitions, Pattern: psyberg.Stateless, Sources: sources(t, "life.cancel_fact|event_ts"), HWMTable: "h", OnOverwrite: psyberg.OverwriteAdded},
		"first run":           {Want: WantPartitions, Pattern: psyberg.Stateless, Sources: sources(t, "life.plan_fact,life.signup_fact")},
		"first run, latest":   {Want: WantPartitions, Pattern: psyberg.Stateless, Sources: sources(t, "life.plan_fact"), Start: psyberg.Start{Kind: psyberg.StartLatest}},
		"first run, snapshot": {Want: WantPartitions, Pattern: psyberg.Stateless, Sources: sources(t, "life.plan_fact"), Start: psyberg.Start{Kind: psyberg.StartAfter, Snapshot: atPlan}},
		"stateful":            {Want: WantRange, Sources: sources(t, lifeSources), HWMTable: "h", VTTS: psyberg.VTTSOf(hour(7))},
		"stateful, changed":   {Want: WantRange, Sources: sources(t, lifeSources), HWMTable: "h", VTTS: psyberg.VTTSOf(hour(7)), LoadType: psyberg.LoadChanged},
		"baseline":            {Want: WantRange, Sources: sources(t, lifeSources), Start: psyberg.Start{Kind: psyberg.StartLatest}},
		"nothing to do":       {Want: WantRange, Sources: sources(t, lifeSources), HWMTable: "h", VTTS: psyberg.VTTSOf(hour(1))},
	} {
		t.Run(name, func(t *testing.T) {
			req.ProcessName = "dim"
			first := run(t, Deps{Tables: then, State: state}, req)
			later := &fakeState{sessions: append(record(first, "s1"), psyberg.SessionRow{Process: "p", Session: "s2"})}
			again := run(t, Deps{Tables: w, State: later}, Request{Want: req.Want, SessionID: "s1", SessionTable: "sessions"})
			if len(again.Sources) != len(first.Sources) {
				t.Fatalf("%d sources, recorded %d", len(again.Sources), len(first.Sources))
			}
			for i, s := range again.Sources {
				was := first.Sources[i]
				if s.Head != was.Head || s.Window.Verdict != was.Window.Verdict || len(s.Window.Snapshots) != len(was.Window.Snapshots) || s.Changes.Level != was.Changes.Level {
					t.Errorf("%s: window to %v, %s, %d snapshots, %s; was %v, %s, %d, %s", s.Name, s.Head, s.Window.Verdict, len(s.Window.Snapshots), s.Changes.Level,
						was.Head, was.Window.Verdict, len(was.Window.Snapshots), was.Changes.Level)
				}
				if got, want := show(s.Changes.Partitions), show(was.Changes.Partitions); got != want {
					t.Errorf("%s: partitions\n%s\nwere\n%s", s.Name, got, want)
				}
				if req.Want == WantRange && s.VTTS != was.VTTS {
					t.Errorf("%s: VTTS %v, was %v", s.Name, s.VTTS, was.VTTS)
				}
			}
			if req.Want == WantRange {
				if got, want := showPlan(again.Plan), showPlan(first.Plan); got != want {
					t.Errorf("plan %s, was %s", got, want)
				}
			}
		})
	}
}

// What a recovery after a gap found is found again: its watermark has expired,
// so the session keeps its sequence number.
func TestRecordedGap(t *testing.T) {
	w := openWarehouse(t, "pyiceberg")
	tab := w.usable(t)["life.plan_fact"]
	for _, pattern := range []psyberg.Pattern{psyberg.Stateless, psyberg.Stateful} {
		req := Request{Want: WantPartitions, Pattern: pattern, Sources: sources(t, "life.plan_fact|event_ts"), ProcessName: "p", HWMTable: "h",
			RecoverGap: true, VTTS: psyberg.VTTSOf(hour(7))}
		if pattern == psyberg.Stateful {
			req.Want = WantRange
		}
		first := run(t, Deps{Tables: w, State: marks("life.plan_fact", tab, 12345, 3)}, req)
		again := run(t, Deps{Tables: w, State: &fakeState{sessions: record(first, "s")}}, Request{Want: req.Want, SessionID: "s", SessionTable: "t"})
		was, is := first.Sources[0], again.Sources[0]
		if is.Window.Verdict != psyberg.ExpiredGap || len(was.Changes.Files) != 2 || show(is.Changes.Partitions) != show(was.Changes.Partitions) {
			t.Errorf("verdict %s, partitions\n%s\nwere\n%s", is.Window.Verdict, show(is.Changes.Partitions), show(was.Changes.Partitions))
		}
		if pattern == psyberg.Stateful && showPlan(again.Plan) != showPlan(first.Plan) {
			t.Errorf("plan %s, was %s", showPlan(again.Plan), showPlan(first.Plan))
		}
	}
}

// Some of the sources of a session, by name; another is an error.
func TestRecordedSources(t *testing.T) {
	w := openWarehouse(t, "pyiceberg")
	first := run(t, Deps{Tables: w}, Request{Want: WantPartitions, Pattern: psyberg.Stateless, Sources: sources(t, "life.plan_fact,life.signup_fact")})
	d := Deps{Tables: w, State: &fakeState{sessions: record(first, "s1")}}
	req := Request{Want: WantFiles, SessionID: "s1", SessionTable: "sessions", Sources: sources(t, "life.signup_fact")}
	if res := run(t, d, req); len(res.Sources) != 1 || res.Sources[0].Name.Table != "life.signup_fact" || len(res.Sources[0].Changes.Files) != 6 {
		t.Errorf("%d sources", len(res.Sources))
	}
	req.Sources = sources(t, "local.life.signup_fact")
	if res := run(t, d, req); len(res.Sources) != 1 {
		t.Errorf("with the catalog's name: %d sources", len(res.Sources))
	}
	req.Sources = sources(t, "life.cancel_fact")
	if _, err := Run(context.Background(), d, req); err == nil {
		t.Error("a source that the session did not read is accepted")
	}
	req.Want, req.Sources = WantRange, nil
	if _, err := Run(context.Background(), d, req); err == nil {
		t.Error("a stateless session has a range")
	}
	rows := record(first, "s1")
	gone := psyberg.SnapshotID(12345)
	rows[0].EndSnapshot = &gone
	d.State = &fakeState{sessions: rows}
	req.Want = WantFiles
	_, err := Run(context.Background(), d, req)
	wantError(t, err, psyberg.CodeExpiredGap, "12345", "s1", "run init again")
	rows[0].EndSnapshot, rows[0].HWMSnapshot, rows[0].Verdict = record(first, "s1")[0].EndSnapshot, &gone, psyberg.OK
	_, err = Run(context.Background(), d, req)
	wantError(t, err, psyberg.CodeExpiredGap, "12345", "s1", "run init again")
}
