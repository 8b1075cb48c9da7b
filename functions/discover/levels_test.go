package discover

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"psyberg/functions/manifest"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// lines yields, for every retained snapshot of a table, the retained
// ancestors that a window up to it can begin after; nil is the beginning.
func lines(table *surface.Table, visit func(from, to *psyberg.Snapshot)) {
	h := psyberg.NewHistory(table.Meta.UUID, table.Meta.FormatVersion, table.Meta.Snapshots)
	for i, to := range table.Meta.Snapshots {
		if n := len(table.Meta.Snapshots); n > 40 && i%40 != 0 && i != n-1 {
			continue // the long history: every 40th will do
		}
		line := h.Line(to.ID)
		for j, from := range line.Snapshots {
			if j > 0 && (len(line.Snapshots) <= 20 || j < 6 || j%40 == 0) {
				visit(from, to)
			}
		}
		visit(nil, to)
	}
}

func window(table string, from, to *psyberg.Snapshot, want Want) Request {
	req := Request{Want: want, Sources: []psyberg.SourceName{{Table: table}}, ToSnapshot: id(to)}
	if from != nil {
		req.FromSnapshot = id(from)
	}
	return req
}

// C2, D2: over every table and window of both archives, SUMMARY reads no
// manifest and says what MANIFESTS says; MANIFESTS reads only manifests that
// snapshots of the window added, each once, and LIVE those of the head.
func TestC2_LevelsAgree(t *testing.T) {
	for _, suite := range []string{"spark", "pyiceberg"} {
		t.Run(suite, func(t *testing.T) {
			t.Parallel()
			w := openWarehouse(t, suite)
			taken := map[psyberg.Level]int{}
			tables := loaded(w.usable(t))
			for name, table := range tables {
				lines(table, func(from, to *psyberg.Snapshot) { compareLevels(t, w, tables, name, from, to, taken) })
			}
			t.Log(taken)
			if taken[psyberg.LevelSummary] < 25 || taken[psyberg.LevelManifests] < 150 || taken[psyberg.LevelLive] < 150 {
				t.Errorf("levels taken: %v: too few to mean anything", taken)
			}
		})
	}
}

func compareLevels(t *testing.T, w *warehouse, tables loaded, name string, from, to *psyberg.Snapshot, taken map[psyberg.Level]int) {
	t.Helper()
	where := fmt.Sprintf("%s to %d", name, to.ID)
	if from != nil {
		where = fmt.Sprintf("%s (%d, %d]", name, from.ID, to.ID)
	}
	d := Deps{Tables: tables}
	w.manifests()
	cheap, err := Run(context.Background(), d, window(name, from, to, WantPartitions))
	if err != nil {
		t.Errorf("%s: %v", where, err)
		return
	}
	read, _ := w.manifests()
	set := cheap.Sources[0].Changes
	if set.Level == psyberg.LevelSummary && len(read) > 0 {
		t.Errorf("%s: level SUMMARY read %v", where, read)
	}
	full := run(t, d, window(name, from, to, WantFiles)).Sources[0]
	read, _ = w.manifests()
	if cheap.Sources[0].Window.HasNews() || set.Level != psyberg.LevelSummary {
		taken[set.Level]++
	}
	if want, got := show(full.Changes.Partitions), show(set.Partitions); got != want {
		t.Errorf("%s: level %s says\n%s\nlevel %s\n%s", where, set.Level, got, full.Changes.Level, want)
	}
	if set.ChangedRecords != full.Changes.ChangedRecords {
		t.Errorf("%s: %d records changed, by files %d", where, set.ChangedRecords, full.Changes.ChangedRecords)
	}
	checkRead(t, where, full, read)
}

func show(parts []psyberg.PartitionChange) string {
	var b strings.Builder
	for _, p := range parts {
		text, _ := json.Marshal(p)
		b.Write(append(text, '\n'))
	}
	return b.String()
}

// checkRead checks which manifests were read, against the lists.
func checkRead(t *testing.T, where string, s *Source, read []string) {
	t.Helper()
	allowed := map[string]bool{}
	add := func(snap *psyberg.Snapshot, ok func(manifest.File) bool) {
		files, err := surface.Manifests(context.Background(), s.Table.Files, snap)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if ok(f) {
				allowed[f.Path] = true
			}
		}
	}
	deletes := slices.ContainsFunc(s.Changes.Files, func(f psyberg.FileChange) bool { return f.Content != psyberg.Data })
	for _, snap := range s.Window.Snapshots {
		if !s.Window.Live && (snap.Counted || deletes) {
			add(snap.Snapshot, func(f manifest.File) bool { return f.AddedSnapshotID == snap.ID })
		}
	}
	if s.Window.Live || deletes {
		add(s.EndSnapshot(), func(f manifest.File) bool { return f.Content == manifest.ContentData })
	}
	slices.Sort(read)
	for i, path := range read {
		if !allowed[path] {
			t.Errorf("%s: read manifest %s, which the window does not need", where, path)
		}
		if i > 0 && read[i-1] == path {
			t.Errorf("%s: read manifest %s twice", where, path)
		}
	}
}
