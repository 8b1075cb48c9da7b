package discover

import (
	"context"
	"errors"
	"testing"

	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// timeBases are the sources to ask of a table: without a column, and with each
// of its top-level time columns.
func timeBases(name string, table *surface.Table) []psyberg.SourceName {
	out := []psyberg.SourceName{{Table: name}}
	for _, f := range table.Meta.CurrentSchema().Fields {
		if isTime(f.Type) {
			out = append(out, psyberg.SourceName{Table: name, EventColumn: f.Name})
		}
	}
	return out
}

// Every table of both archives, as a first run by every time basis: an answer,
// or an error that says what to pass. C6: 'partition' only ever widens.
func TestEveryTableFirstRun(t *testing.T) {
	answers, missing := map[psyberg.TimeBasis]int{}, 0
	for _, suite := range []string{"spark", "pyiceberg"} {
		w := openWarehouse(t, suite)
		tables := loaded(w.usable(t))
		for name, table := range tables {
			for _, source := range timeBases(name, table) {
				req := Request{Want: WantRange, Sources: []psyberg.SourceName{source}, VTTS: psyberg.VTTSOf(hour(0))}
				exact, err := Run(context.Background(), Deps{Tables: tables}, req)
				var e *psyberg.Error
				if err != nil && !(errors.As(err, &e) && e.Code == psyberg.CodeMissingBounds && e.Advice != "") {
					t.Errorf("%s|%s: %v", name, source.EventColumn, err)
				}
				req.OnMissing = psyberg.MissingPartition
				wide, wideErr := Run(context.Background(), Deps{Tables: tables}, req)
				switch {
				case err != nil:
					missing++
					if wideErr == nil && wide.Sources[0].Changes.FilesWithoutBounds == 0 {
						t.Errorf("%s|%s: no file lacks bounds, but %v", name, source.EventColumn, err)
					}
					continue
				case wideErr != nil:
					t.Errorf("%s|%s: with on_missing_bounds 'partition' only: %v", name, source.EventColumn, wideErr)
					continue
				}
				a, b := exact.Sources[0], wide.Sources[0]
				answers[a.Basis]++
				if show(a.Changes.Partitions) != show(b.Changes.Partitions) || exact.Plan.Status != wide.Plan.Status {
					t.Errorf("%s|%s: nothing lacks bounds, but 'partition' changes the answer", name, source.EventColumn)
				}
				if a.Basis == psyberg.BasisColumn && a.Changes.Events != nil && exact.Plan.Status == psyberg.StatusReady && exact.Plan.Range.From != psyberg.HourOf(a.Changes.Events.Min) {
					t.Errorf("%s|%s: range from %s, the least event is %s", name, source.EventColumn, exact.Plan.Range.From, a.Changes.Events.Min)
				}
			}
		}
	}
	t.Logf("answers %v, bounds missing %d", answers, missing)
	if answers[psyberg.BasisColumn] < 60 || answers[psyberg.BasisPartition] < 5 || answers[psyberg.BasisCommit] < 40 || missing == 0 {
		t.Errorf("answers %v, bounds missing %d: too few to mean anything", answers, missing)
	}
}

// Every window between two retained snapshots, by every time basis: stateful
// windows count overwrites and deletes, and never fail but for missing bounds.
func TestEveryWindowStateful(t *testing.T) {
	w := openWarehouse(t, "spark")
	done, withTimes := 0, 0
	tables := loaded(w.usable(t))
	for name, table := range tables {
		lines(table, func(from, to *psyberg.Snapshot) {
			if from == nil || (int(from.Sequence)+int(to.Sequence))%3 != 0 { // a third of them
				return
			}
			for _, source := range timeBases(name, table) {
				req := window(name, from, to, WantFiles)
				req.Sources, req.EventTimes = []psyberg.SourceName{source}, true
				res, err := Run(context.Background(), Deps{Tables: tables}, req)
				var e *psyberg.Error
				if err != nil && !(errors.As(err, &e) && e.Code == psyberg.CodeMissingBounds) {
					t.Errorf("%s|%s (%d, %d]: %v", name, source.EventColumn, from.ID, to.ID, err)
				}
				if err != nil {
					continue
				}
				done++
				c := res.Sources[0].Changes
				if c.Events != nil {
					withTimes++
				}
				for _, f := range c.Files {
					if f.Times != nil && (c.Events == nil || f.Times.Min < c.Events.Min || f.Times.Max > c.Events.Max) {
						t.Errorf("%s (%d, %d]: %s has times %v outside of %v", name, from.ID, to.ID, f.Path, f.Times, c.Events)
					}
				}
			}
		})
	}
	t.Logf("%d windows, %d with event times", done, withTimes)
	if done < 300 || withTimes < 200 {
		t.Errorf("only %d windows, %d with event times", done, withTimes)
	}
}
