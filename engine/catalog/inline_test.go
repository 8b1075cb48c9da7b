package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// inlined has every snapshot of ns.t name its manifests in metadata.json, as
// writers of before Iceberg 0.8 left them, and takes the manifest lists away.
func (f *fixture) inlined() {
	f.t.Helper()
	st := f.state()
	name, _ := localPath(st.loc)
	text, err := os.ReadFile(name)
	if err != nil {
		f.t.Fatal(err)
	}
	var all map[string]any
	numbers := json.NewDecoder(bytes.NewReader(text))
	numbers.UseNumber() // snapshot ids have 64 bits
	if err := numbers.Decode(&all); err != nil {
		f.t.Fatal(err)
	}
	var snapshots []map[string]any
	for _, s := range st.ice.Snapshots() {
		ms, err := s.Manifests(reader{st.files})
		if err != nil {
			f.t.Fatal(err)
		}
		one := map[string]any{"snapshot-id": s.SnapshotID, "timestamp-ms": s.TimestampMs, "summary": s.Summary}
		var paths []string
		for _, m := range ms {
			paths = append(paths, m.FilePath())
		}
		one["manifests"] = paths
		if s.ParentSnapshotID != nil {
			one["parent-snapshot-id"] = *s.ParentSnapshotID
		}
		snapshots = append(snapshots, one)
		list, _ := localPath(s.ManifestList)
		if err := os.Remove(list); err != nil {
			f.t.Fatal(err)
		}
	}
	all["snapshots"] = snapshots
	text, err = json.Marshal(all)
	if err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(name, text, 0o644); err != nil {
		f.t.Fatal(err)
	}
	f.c = f.open() // nothing of before is remembered
}

// TestWritesBesideInlineManifests: a table whose snapshots name their manifests
// in metadata.json is written to: the new list says of the old manifests what
// one written then would have said, and the old snapshots stay as they are.
func TestWritesBesideInlineManifests(t *testing.T) {
	f := newFixture(t, "1")
	f.commit(Change{Mode: Append, Added: f.files("a1", "b2")})
	f.commit(Change{Mode: Append, Added: f.files("c3")})
	f.commit(Change{Mode: Overwrite, Added: f.files("b5"), Removed: paths("b2")}) // one manifest has ADDED, EXISTING and DELETED somewhere
	f.commit(Change{Mode: Append, Added: f.files("d1"), WapID: "w1"})
	told := func() map[string]string {
		st, out := f.state(), map[string]string{}
		head := st.head("main")
		list, err := surface.Manifests(f.ctx, st.files, head)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			out[m.Path] = fmt.Sprint("by ", m.AddedSnapshotID, " files ", m.AddedFiles, m.ExistingFiles, m.DeletedFiles, " rows ", m.AddedRows, m.ExistingRows, m.DeletedRows)
		}
		return out
	}
	want := told()
	f.inlined()
	f.want("main", "a1 b5 c3")
	f.commit(Change{Mode: Append, Added: f.files("e1")})
	f.want("main", "a1 b5 c3 e1")
	got := told()
	kept := 0
	for path, what := range got {
		if want[path] == "" {
			continue
		}
		kept++
		if what != want[path] {
			t.Errorf("the list says of %s: %s, want %s", path, what, want[path])
		}
	}
	if kept < 2 {
		t.Errorf("%d manifests of before are left: %v", kept, got)
	}
	f.commit(Change{Mode: Delete, Removed: paths("a1")})
	f.want("main", "b5 c3 e1")
	pre, err := f.c.Preflight(f.ctx, "ns.t", "w1")
	if err != nil || pre.Method != psyberg.MethodCherryPick {
		t.Fatalf("preflight of what is staged inline: %+v, %v", pre, err)
	}
	if _, err := f.c.Publish(f.ctx, "ns.t", PublishRequest{ID: "w1", Staged: *pre.Staged, Verdict: Verdict{Kind: AuditsNotAsked}}); err != nil {
		t.Fatal(err)
	}
	f.want("main", "b5 c3 d1 e1")
	for _, s := range f.state().m.Snapshots[:3] {
		if s.ManifestList != "" || len(s.Manifests) == 0 {
			t.Errorf("snapshot %d names its manifests no more: %+v", s.ID, s)
		}
	}
	if _, err := f.c.Expire(f.ctx, "ns.t", 2); err != nil {
		t.Fatal(err)
	}
	f.want("main", "b5 c3 d1 e1")
}
