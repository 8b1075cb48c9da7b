package discover

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"psyberg/functions/meta"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// marks is a process that has read one source up to a snapshot, retained or not.
func marks(source string, table *surface.Table, at psyberg.SnapshotID, sequence psyberg.SequenceNumber) *fakeState {
	if snap, ok := table.Meta.Snapshot(at); ok {
		sequence = snap.Sequence
	}
	return &fakeState{watermarks: []psyberg.WatermarkRow{{Process: "p", Source: psyberg.SourceName{Table: source},
		TableUUID: table.Meta.UUID, HWMSnapshot: &at, HWMSequence: &sequence}}}
}

// W5: what an abandoned line had added is withdrawn.
func TestW5_WithdrawnFiles(t *testing.T) {
	w := openWarehouse(t, "pyiceberg")
	const table = "conf.rolled_back"
	tables := w.usable(t)
	d := Deps{Tables: w, State: marks(table, tables[table], 1675803149131613232, 0)}
	req := Request{Want: WantFiles, Sources: sources(t, table), ProcessName: "p", HWMTable: "h"}
	_, err := Run(context.Background(), d, req)
	wantError(t, err, psyberg.CodeRolledBack, "1675803149131613232", "on_rollback := 'recover'", table)
	req.RecoverRollback = true
	s := run(t, d, req).Sources[0]
	if s.Window.Verdict != psyberg.RolledBack || len(s.Changes.Files) != 2 || s.Changes.Partitions[0].RemovedFiles != 2 {
		t.Fatalf("%s: %+v", s.Window.Verdict, s.Changes)
	}
	for _, f := range s.Changes.Files {
		if f.Change != psyberg.ChangeRemoved || f.Snapshot != 5213031154162685660 && f.Snapshot != 1675803149131613232 {
			t.Errorf("%s %s of %d", f.Change, f.Path, f.Snapshot)
		}
	}
	// Back on the line that was abandoned, its files would be the new ones.
	d.State = marks(table, tables[table], 4188133197076749929, 0)
	to := psyberg.SnapshotID(1675803149131613232)
	req.ToSnapshot = &to
	again := run(t, d, Request{Want: WantFiles, Sources: sources(t, table), FromSnapshot: s.HWM, ToSnapshot: &to})
	if got := again.Sources[0].Window.Verdict; got != psyberg.UpToDate {
		t.Errorf("from and to the same snapshot: %s", got)
	}
}

// W3: Java's expiry leaves the name of an expired parent in its child.
func TestW3_ExpiredButNamed(t *testing.T) {
	w := openWarehouse(t, "spark")
	const table = "conf.hist_expired"
	tab := w.usable(t)[table]
	d := Deps{Tables: w, State: marks(table, tab, 5882578544738056722, 5)}
	req := Request{Want: WantPartitions, Sources: sources(t, table), ProcessName: "p", HWMTable: "h"}
	s := run(t, d, req).Sources[0]
	if s.Window.Verdict != psyberg.OK || len(s.Window.Snapshots) != 3 || s.Changes.ChangedFiles != 3 {
		t.Errorf("verdict %s, %d snapshots, %d files", s.Window.Verdict, len(s.Window.Snapshots), s.Changes.ChangedFiles)
	}
	// One further back is named by nobody that the head descends from.
	d.State = marks(table, tab, 3585532328418239441, 2)
	_, err := Run(context.Background(), d, req)
	wantError(t, err, psyberg.CodeExpiredGap, "3585532328418239441", "1121391031832350979")
	// A table of another UUID is another table.
	state := marks(table, tab, 5882578544738056722, 5)
	state.watermarks[0].TableUUID = "00000000-0000-0000-0000-000000000000"
	d.State = state
	_, err = Run(context.Background(), d, req)
	wantError(t, err, psyberg.CodeReplaced, tab.Meta.UUID)
}

// An expired watermark: the head's live entries above its sequence number; the
// manifests that can hold none of them are not read.
func TestExpiredGap(t *testing.T) {
	w := openWarehouse(t, "pyiceberg")
	const table = "conf.many_manifests"
	tab := w.usable(t)[table]
	head, err := tab.Meta.Head("")
	if err != nil {
		t.Fatal(err)
	}
	d := Deps{Tables: w, State: marks(table, tab, 12345, head.Sequence-2)}
	req := Request{Want: WantPartitions, Pattern: psyberg.Stateless, Sources: sources(t, table), ProcessName: "p", HWMTable: "h"}
	_, err = Run(context.Background(), d, req)
	wantError(t, err, psyberg.CodeExpiredGap, "12345", "on_gap := 'recover'")
	req.RecoverGap = true
	w.manifests()
	s := run(t, d, req).Sources[0]
	read, _ := w.manifests()
	if len(read) != 2 {
		t.Errorf("read %d manifests, two were added since", len(read))
	}
	if !s.Window.Recovered || s.Changes.Level != psyberg.LevelLive || len(s.Changes.Files) == 0 {
		t.Errorf("recovered %v, level %s, %d files", s.Window.Recovered, s.Changes.Level, len(s.Changes.Files))
	}
	for _, f := range s.Changes.Files {
		if f.Sequence <= head.Sequence-2 {
			t.Errorf("file %s of sequence number %d", f.Path, f.Sequence)
		}
	}
}

// Stateful after a gap: every hour from the earliest live one.
func TestExpiredGapStateful(t *testing.T) {
	w := openWarehouse(t, "pyiceberg")
	const table = "life.plan_fact"
	tab := w.usable(t)[table]
	state := marks(table, tab, 12345, 3)
	state.watermarks[0].ValidTo = instant(hour(6))
	d := Deps{Tables: w, State: state}
	req := Request{Want: WantRange, Sources: sources(t, table+"|event_ts"), ProcessName: "p", HWMTable: "h", RecoverGap: true, VTTS: psyberg.VTTSOf(hour(7))}
	res := run(t, d, req)
	// The earliest live plan is of hour 23 of the day before.
	if got, want := showPlan(res.Plan), "READY -1p 0p 1p 2p 3p 4p 5p 6p then 7:00"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if s := res.Sources[0]; s.Changes.ChangedFiles != 2 || *s.Earliest >= hour(0) {
		t.Errorf("%d files changed, earliest %v", s.Changes.ChangedFiles, s.Earliest)
	}
}

// C6: a file without the bound it needs.
func TestC6_MissingBounds(t *testing.T) {
	w := openWarehouse(t, "pyiceberg")
	d := Deps{Tables: w}
	req := Request{Want: WantRange, Sources: sources(t, "conf.added_nostats|ts"), VTTS: psyberg.VTTSOf(hour(7))}
	_, err := Run(context.Background(), d, req)
	wantError(t, err, psyberg.CodeMissingBounds, ".parquet", `"ts"`, "'partition'", "'read'")
	req.OnMissing = psyberg.MissingPartition
	_, err = Run(context.Background(), d, req)
	wantError(t, err, psyberg.CodeMissingBounds, "no time range either", "'read'")
	req.OnMissing = psyberg.MissingRead
	if _, err = Run(context.Background(), d, req); err == nil || !strings.Contains(err.Error(), "[PSY_MISSING_BOUNDS]") {
		t.Errorf("without a reader: %v", err)
	}
	asked := 0
	d.ReadBounds = func(_ context.Context, r BoundsRequest) (map[string]*psyberg.TimeRange, error) {
		if r.Path != "ts" || r.Column.Name != "ts" || len(r.Files) != 1 || r.Table.Name != "conf.added_nostats" {
			return nil, fmt.Errorf("asked for %q of %d files of %s", r.Path, len(r.Files), r.Table.Name)
		}
		asked++
		return map[string]*psyberg.TimeRange{r.Files[0].Path: {Min: hour(2), Max: hour(3) + 1}}, nil
	}
	res := run(t, d, req)
	if got, want := showPlan(res.Plan), "READY 2c 3c 4 5 6 then 7:00"; strings.ReplaceAll(got, "conf.added_nostats", "c") != want && asked == 1 {
		t.Errorf("got %s, want %s", got, want)
	}
	if n := res.Sources[0].Changes.FilesWithoutBounds; n != 1 || asked != 1 {
		t.Errorf("%d files without bounds, asked %d times", n, asked)
	}
	d.ReadBounds = func(context.Context, BoundsRequest) (map[string]*psyberg.TimeRange, error) {
		return nil, errors.New("no such file")
	}
	if _, err = Run(context.Background(), d, req); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a reader that fails: %v", err)
	}
}

// C6: over every table of both archives, the time that a partition says it
// covers holds the event times of its files, whatever the spec's transform.
func TestC6_PartitionTimesCoverColumns(t *testing.T) {
	compared := map[string]int{}
	for _, suite := range []string{"spark", "pyiceberg"} {
		w := openWarehouse(t, suite)
		for name, table := range w.usable(t) {
			head, err := table.Meta.Head("")
			if err != nil || head == nil || name == "conf.many_manifests" {
				continue
			}
			for _, spec := range table.Meta.Specs {
				for _, bound := range table.Meta.Bind(spec) {
					if bound.SourceDropped || !isTime(bound.Source) {
						continue
					}
					source := psyberg.SourceName{Table: name, EventColumn: bound.SourceName}
					event, err := findEventColumn(source, table.Meta)
					if err != nil {
						t.Fatal(err)
					}
					r := newReader(table, head, newDecoder(table.Meta, event))
					files, err := r.live(context.Background(), head, false)
					if err != nil {
						t.Fatal(err)
					}
					entries, err := r.liveEntries(context.Background(), files)
					if err != nil {
						t.Fatal(err)
					}
					for _, e := range entries {
						p := e.Partition.Time
						if e.Events == nil || p == nil {
							continue
						}
						compared[bound.Transform.String()]++
						if e.Events.Min < p.Min || e.Events.Max > p.Max {
							t.Errorf("%s: file of %s has %s from %s to %s, the partition covers %s to %s",
								name, e.Partition.Path, bound.SourceName, e.Events.Min, e.Events.Max, p.Min, p.Max)
						}
					}
				}
			}
		}
	}
	t.Log(compared)
	for _, transform := range []string{"year", "month", "day", "hour", "identity"} {
		if compared[transform] == 0 {
			t.Errorf("no file compared for %s", transform)
		}
	}
}

// C4: a delete file stands for the data files that it can apply to.
func TestC4_DeleteFilesHaveTheirDataFilesTimes(t *testing.T) {
	w := openWarehouse(t, "spark")
	from, to := psyberg.SnapshotID(8278324876047623896), psyberg.SnapshotID(1315617690249678999)
	req := Request{Want: WantFiles, Sources: sources(t, "conf.ops_mor_v2|ts"), FromSnapshot: &from, ToSnapshot: &to}
	s := run(t, Deps{Tables: w}, req).Sources[0]
	everything := run(t, Deps{Tables: w}, Request{Want: WantFiles, Sources: req.Sources, ToSnapshot: &to}).Sources[0]
	want := map[string]psyberg.TimeRange{}
	for _, p := range everything.Changes.Partitions {
		want[p.Path] = *p.Events
	}
	if len(s.Changes.Files) != 2 || len(want) != 3 {
		t.Fatalf("%d files, %d partitions", len(s.Changes.Files), len(want))
	}
	for _, f := range s.Changes.Files {
		if f.Content != psyberg.PositionDeletes || f.Times == nil || *f.Times != want[f.Partition.Path] {
			t.Errorf("%s of %s: %v, its data files have %v", f.Content, f.Partition.Path, f.Times, want[f.Partition.Path])
		}
	}
}

// A table property and the newest summary that carries one: the least decides.
func TestR5_VTTSOfTables(t *testing.T) {
	w := openWarehouse(t, "pyiceberg")
	for name, tc := range map[string]struct {
		property string
		summary  map[int]map[string]string // by place in the line, 0 is the oldest
		argument *psyberg.VTTSArgument
		want     psyberg.Instant
		source   string
	}{
		"greatest event":   {want: hour(6), source: "greatest event time seen"},
		"property":         {property: "2023-09-14T05:00Z", want: hour(5), source: "property psyberg.valid-to"},
		"summary":          {property: "2023-09-14T07:00Z", summary: map[int]map[string]string{1: {"psyberg.valid-to": "2023-09-14T06:30:00Z"}}, want: hour(6) + 30*60e6, source: "summary psyberg.valid-to of snapshot 6399057887199729632"},
		"kafka":            {summary: map[int]map[string]string{0: {"kafka.connect.valid-through-ts": "1694671200000"}, 3: {"kafka.connect.valid-through-ts": "1694674800000"}}, want: hour(7), source: "summary kafka.connect.valid-through-ts of snapshot 501746157187355181"},
		"argument decides": {property: "2023-09-14T05:00Z", argument: psyberg.VTTSOf(hour(3)), want: hour(3), source: "argument vtts"},
	} {
		d := Deps{Tables: changed{w, func(table *surface.Table) {
			if tc.property != "" {
				table.Meta.Properties[psyberg.PropertyValidTo] = tc.property
			}
			for i, add := range tc.summary {
				sum := table.Meta.Snapshots[i].Summary.Map()
				maps.Copy(sum, add)
				table.Meta.Snapshots[i].Summary = psyberg.SummaryOf(sum)
			}
		}}}
		s := run(t, d, Request{Want: WantRange, Sources: sources(t, "life.plan_fact|event_ts"), VTTS: tc.argument}).Sources[0]
		if s.VTTS.At != tc.want || s.VTTS.Source != tc.source {
			t.Errorf("%s: %s by %s, want %s by %s", name, s.VTTS.At, s.VTTS.Source, tc.want, tc.source)
		}
	}
	// The default catalog's name may be there or not.
	named := Request{Want: WantRange, Sources: sources(t, "local.life.plan_fact"), VTTS: &psyberg.VTTSArgument{BySource: map[string]psyberg.Instant{"local.life.plan_fact": hour(2)}}}
	if s := run(t, Deps{Tables: w}, named).Sources[0]; s.VTTS.At != hour(2) || s.Name.Table != "life.plan_fact" {
		t.Errorf("with the catalog's name: %s by %s of %s", s.VTTS.At, s.VTTS.Source, s.Name.Table)
	}
	_, err := Run(context.Background(), Deps{Tables: w}, Request{Want: WantRange, Sources: sources(t, "conf.empty_v2")})
	wantError(t, err, psyberg.CodeNoVTTS, "psyberg.valid-to", "pass vtts")
}

// R5: of a day's partition, or a date, only the beginning is known to have
// been seen: a day with events is not a day that is complete.
func TestR5_ADayIsNoGuess(t *testing.T) {
	day := psyberg.TimeRange{Min: hour(0), Max: hour(24) - 1}
	p := psyberg.PartitionChange{Partition: psyberg.Partition{Time: &day}, Events: &day}
	file := psyberg.FileChange{File: psyberg.File{Partition: p.Partition}, Times: &day}
	exact := psyberg.FileChange{File: psyberg.File{Events: &psyberg.TimeRange{Min: hour(1), Max: hour(5)}}}
	date := &eventColumn{field: &meta.Field{Type: meta.Type{Kind: meta.KindDate}}}
	stamp := &eventColumn{field: &meta.Field{Type: meta.Type{Kind: meta.KindTimestampTZ}}}
	for name, tc := range map[string]struct {
		basis   psyberg.TimeBasis
		event   *eventColumn
		missing int64
		want    psyberg.Instant
	}{
		"by partition":                  {psyberg.BasisPartition, nil, 0, hour(0)},
		"by a date column":              {psyberg.BasisColumn, date, 0, hour(0)},
		"by a timestamp":                {psyberg.BasisColumn, stamp, 0, hour(24) - 1},
		"a partition instead of bounds": {psyberg.BasisColumn, stamp, 1, hour(5)},
	} {
		f := &finder{Source: &Source{Basis: tc.basis}, event: tc.event, req: &Request{OnMissing: psyberg.MissingPartition}}
		got := f.greatest(&psyberg.ChangeSet{Events: &day, Partitions: []psyberg.PartitionChange{p}, Files: []psyberg.FileChange{file, exact}, FilesWithoutBounds: tc.missing})
		if got == nil || *got != tc.want {
			t.Errorf("%s: %v, want %s", name, got, tc.want)
		}
	}
}

// changed changes tables as they are loaded.
type changed struct {
	surface.Tables
	change func(*surface.Table)
}

func (c changed) Load(ctx context.Context, name string) (*surface.Table, error) {
	t, err := c.Tables.Load(ctx, name)
	if err == nil {
		c.change(t)
	}
	return t, err
}

// wantError checks the code of an error and the words that it must have.
func wantError(t *testing.T, err error, code psyberg.Code, words ...string) {
	t.Helper()
	var e *psyberg.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("error %v, want one of code %s", err, code)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not say %q", err, w)
		}
	}
}
