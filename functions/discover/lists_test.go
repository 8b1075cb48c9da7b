package discover

import (
	"context"
	"slices"
	"strings"
	"testing"

	"psyberg/functions/manifest"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// What snapshots added is the same, read from few lists, as each one's own
// list has it: of every run of snapshots of both archives, in any order.
func TestAddedIsWhatEachListSays(t *testing.T) {
	spared, read := int64(0), int64(0)
	for _, suite := range []string{"spark", "pyiceberg"} {
		w := openWarehouse(t, suite)
		for name, table := range w.usable(t) {
			snapshots := table.Meta.Snapshots[:min(30, len(table.Meta.Snapshots))] // the long history repeats itself
			lists, err := table.Lists(t.Context(), snapshots)
			if err != nil {
				t.Fatal(err)
			}
			own := map[psyberg.SnapshotID]string{}
			for i, s := range snapshots {
				own[s.ID] = paths(slices.DeleteFunc(slices.Clone(lists[i]), func(f manifest.File) bool {
					return f.AddedSnapshotID != s.ID && f.AddedSnapshotID != manifest.Unknown
				}))
			}
			backwards := slices.Clone(snapshots)
			slices.Reverse(backwards)
			for n := range len(snapshots) {
				for _, run := range [][]*psyberg.Snapshot{snapshots[:n+1], snapshots[n:], backwards[n:]} {
					trace := &surface.Trace{}
					ctx := surface.WithTrace(context.Background(), trace)
					head := run[len(run)-1]
					r := surface.NewListReader(table, head)
					got, err := r.Added(ctx, run)
					if err != nil {
						t.Fatal(err)
					}
					for i, s := range run {
						if paths(got[i]) != own[s.ID] {
							t.Errorf("%s, %d snapshots: %d added %s, its own list says %s", name, len(run), s.ID, paths(got[i]), own[s.ID])
						}
					}
					all, err := r.Of(ctx, head)
					if err != nil || paths(all) != paths(lists[slices.Index(snapshots, head)]) {
						t.Errorf("%s: all manifests of %d are %s, %v", name, head.ID, paths(all), err)
					}
					files, distinct := int64(0), map[string]bool{}
					for _, c := range trace.Calls() {
						files += c.Lists
					}
					for _, s := range run {
						distinct[s.ManifestList] = s.ManifestList != ""
					}
					if files > int64(len(distinct)) {
						t.Errorf("%s: %d lists are read of %d", name, files, len(distinct))
					}
					read, spared = read+files, spared+int64(len(distinct))-files
				}
			}
		}
	}
	t.Logf("%d lists read, %d spared", read, spared)
	if read < 1000 || spared < 1000 {
		t.Errorf("%d lists read, %d spared: too few to mean anything", read, spared)
	}
}

// paths are those of manifests, in order.
func paths(files []manifest.File) string {
	var out []string
	for _, f := range files {
		out = append(out, f.Path)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}
