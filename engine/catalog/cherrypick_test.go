package catalog

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/iceberg-go/table"

	"psyberg/internal/testtables"
	"psyberg/psyberg"
)

// experiment is what Spark's procedures did to a table: a line of
// expected/_experiments.jsonl.
type experiment struct {
	Experiment string             `json:"experiment"`
	Table      string             `json:"table"`
	OK         bool               `json:"ok"`
	Error      string             `json:"error"`
	Before     psyberg.SnapshotID `json:"head_before"`
	After      psyberg.SnapshotID `json:"head_after"`
	Snapshots  int                `json:"snapshots_before"`
	Source     psyberg.SnapshotID `json:"source_snapshot"`
	Head       struct {
		Parent    psyberg.SnapshotID `json:"parent_id"`
		Operation string             `json:"operation"`
		Summary   map[string]string  `json:"summary"`
	} `json:"head_after_snapshot"`
}

func experiments(t *testing.T) []experiment {
	t.Helper()
	f, err := os.Open(filepath.Join(testtables.Unpack(t, "spark"), "expected", "_experiments.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []experiment
	for in := bufio.NewScanner(f); in.Scan(); {
		var e experiment
		if err := json.Unmarshal(in.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

// rewind opens a copy of a table of Spark as it was before an experiment: its
// first snapshots, main at the head of then.
func rewind(t *testing.T, e experiment) *Catalogs {
	t.Helper()
	namespace, name, _ := strings.Cut(e.Table, ".")
	dir := testtables.Copy(t, "spark", namespace, name)
	db, err := sql.Open("sqlite", filepath.Join(dir, "catalog.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var loc string
	if err := db.QueryRow("SELECT metadata_location FROM iceberg_tables").Scan(&loc); err != nil {
		t.Fatal(err)
	}
	path, _ := localPath(loc)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if b, err = json.Marshal(rewound(t, b, e)); err != nil {
		t.Fatal(err)
	}
	then := filepath.Join(filepath.Dir(path), "00001-then.metadata.json")
	if err := os.WriteFile(then, b, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("UPDATE iceberg_tables SET metadata_location = ?", then); err != nil {
		t.Fatal(err)
	}
	c, err := Open(context.Background(), Config{URI: "sqlite:///" + filepath.Join(dir, "catalog.db"), Warehouse: dir, Dir: t.TempDir(), Home: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func rewound(t *testing.T, b []byte, e experiment) map[string]json.RawMessage {
	t.Helper()
	var doc map[string]json.RawMessage
	var snapshots []struct {
		ID       psyberg.SnapshotID `json:"snapshot-id"`
		Sequence int64              `json:"sequence-number"`
		At       int64              `json:"timestamp-ms"`
	}
	var raw []json.RawMessage
	for _, err := range []error{json.Unmarshal(b, &doc), json.Unmarshal(doc["snapshots"], &snapshots), json.Unmarshal(doc["snapshots"], &raw)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	last := snapshots[e.Snapshots-1]
	set := func(key string, v any) {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		doc[key] = text
	}
	set("snapshots", raw[:e.Snapshots])
	set("last-sequence-number", last.Sequence)
	set("last-updated-ms", last.At)
	set("current-snapshot-id", e.Before)
	set("refs", map[string]any{"main": map[string]any{"snapshot-id": e.Before, "type": "branch"}})
	for _, key := range []string{"snapshot-log", "metadata-log"} {
		set(key, []any{})
	}
	return doc
}

// TestPublishAsSpark puts every publish and cherry-pick that Spark was seen to
// do to ours: the same outcome, parent and operation, the same summary.
func TestPublishAsSpark(t *testing.T) {
	ran, skipped := 0, []string{}
	for _, e := range experiments(t) {
		if !strings.HasPrefix(e.Experiment, "publish_changes") && !strings.HasPrefix(e.Experiment, "cherrypick") {
			continue
		}
		id, ok := wapIDOf(t, e)
		if !ok { // we publish what has an id
			skipped = append(skipped, e.Experiment)
			continue
		}
		ran++
		t.Run(e.Experiment, func(t *testing.T) {
			c := rewind(t, e)
			p, err := c.Preflight(t.Context(), e.Table, id)
			if err != nil {
				t.Fatal(err)
			}
			before := describe(t, c, e.Table)
			staged := e.Source
			res, err := c.Publish(t.Context(), e.Table, PublishRequest{ID: id, Staged: staged, Verdict: Verdict{Kind: AuditsNotAsked}})
			if !e.OK {
				if want := "published already"; strings.Contains(e.Error, want) { // twice is no error of ours: nothing changes
					if err != nil || res.Method != psyberg.MethodAlreadyPublished || !strings.Contains(res.Reason, want) {
						t.Errorf("%+v %v; Spark: %s", res, err, e.Error)
					}
				} else if !errors.Is(err, ErrRefused) || p.Method != psyberg.MethodRefused || !sameReason(p.Reason, e.Error) {
					t.Errorf("%+v %v; Spark: %s", p, err, e.Error)
				}
				if got := describe(t, c, e.Table); got != before {
					t.Errorf("refused, and changed %s into %s", before, got)
				}
				return
			}
			if err != nil {
				t.Fatalf("%v; Spark did it", err)
			}
			if (e.After == e.Source) != (res.Method == psyberg.MethodFastForward) || p.Method != res.Method {
				t.Errorf("method %s, preflight %s; Spark's head is %d, staged was %d", res.Method, p.Method, e.After, e.Source)
			}
			tbl, err := c.Load(t.Context(), e.Table)
			if err != nil {
				t.Fatal(err)
			}
			head, _ := tbl.Meta.Snapshot(tbl.Meta.CurrentSnapshotID)
			if head.Parent != e.Head.Parent || head.Operation != e.Head.Operation || head.ID != res.Snapshot {
				t.Errorf("head %+v", head)
			}
			sameSummary(t, head, e)
		})
	}
	t.Logf("%d experiments, without an id %q", ran, skipped)
	if ran < 17 {
		t.Errorf("only %d experiments", ran)
	}
}

// wapIDOf is the id that an experiment publishes.
func wapIDOf(t *testing.T, e experiment) (string, bool) {
	t.Helper()
	_, at, found := strings.Cut(e.Error, "WAP ID '")
	if found {
		return strings.TrimSuffix(at, "'"), true
	}
	dir := testtables.Unpack(t, "spark")
	c, err := Open(context.Background(), Config{URI: "sqlite:///" + filepath.Join(dir, "catalog.db"), PathMaps: []string{"/warehouse/spark=" + dir}, Dir: t.TempDir(), Home: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	tbl, err := c.Load(t.Context(), e.Table)
	if err != nil {
		t.Fatal(err)
	}
	s, ok := tbl.Meta.Snapshot(e.Source)
	if !ok {
		return "", false
	}
	id, ok := s.Summary.Lookup("wap.id")
	return id, ok
}

func describe(t *testing.T, c *Catalogs, name string) string {
	t.Helper()
	tbl, err := c.Load(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return tbl.Location
}

// sameReason: Spark prints a partition as PartitionData{cat=a}, we as its path.
func sameReason(ours, spark string) bool {
	_, text, _ := strings.Cut(spark, ": ")
	text = strings.NewReplacer("PartitionData{", "", "}", "").Replace(text)
	return strings.HasPrefix(ours, text)
}

// sameSummary compares the summary with that of Spark's snapshot: key for key.
func sameSummary(t *testing.T, head *psyberg.Snapshot, e experiment) {
	t.Helper()
	ours := head.Summary.Map()
	for _, k := range slices.Sorted(maps.Keys(ours)) {
		if v, ok := e.Head.Summary[k]; !ok || v != ours[k] {
			t.Errorf("summary %s is %q, Spark's is %q", k, ours[k], v)
		}
		delete(e.Head.Summary, k)
	}
	for k, v := range e.Head.Summary {
		t.Errorf("summary lacks %s, which is %q", k, v)
	}
}

// change commits updates of a table's metadata as another engine would.
func (f *fixture) change(updates ...table.Update) {
	f.t.Helper()
	st := f.state()
	if _, _, err := st.cat.CommitTable(f.ctx, st.id.levels(), st.requirements(), updates); err != nil {
		f.t.Fatal(err)
	}
}

// TestPublishOfAnotherLine: what was staged on a snapshot that main does not
// have. An append does not mind, the rest is bound to what it has seen.
func TestPublishOfAnotherLine(t *testing.T) {
	eachVersion(t, func(t *testing.T, f *fixture) {
		a := f.commit(Change{Mode: Append, Added: f.files("a1")})
		f.commit(Change{Mode: Append, Added: f.files("b1")})
		add := f.commit(Change{Mode: Append, Added: f.files("c1"), WapID: "add"})
		replace := f.commit(Change{Mode: ReplacePartitions, Added: f.files("d1"), WapID: "replace"})
		f.change(f.state().setRef("other", f.state().head("main").ID), f.state().setRef("main", a.Snapshot)) // somebody rolls back
		if res, err := f.publish("add", add.Snapshot); err != nil || res.Method != psyberg.MethodCherryPick {
			t.Fatalf("append: %+v %v", res, err)
		}
		f.want("main", "a1 c1")
		_, err := f.publish("replace", replace.Snapshot)
		if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "Cannot cherry-pick overwrite not based on an ancestor of the current state") {
			t.Errorf("overwrite: %v", err)
		}
		f.want("main", "a1 c1")
	})
}

// TestPublishOfWhatHasExpired: a staged snapshot, or what a branch was made
// from, that an expiry has taken meanwhile.
func TestPublishOfWhatHasExpired(t *testing.T) {
	f := newFixture(t, "2")
	fork := f.commit(Change{Mode: Append, Added: f.files("a1")})
	s := f.commit(Change{Mode: Append, Added: f.files("b1"), WapID: "s1"})
	step := f.commit(Change{Mode: Append, Added: f.files("c1"), Branch: "psyberg_s2", Step: "1"})
	tip := f.commit(Change{Mode: Append, Added: f.files("c2"), Branch: "psyberg_s2", Step: "2"})
	f.commit(Change{Mode: Append, Added: f.files("d1")})
	f.change(table.NewRemoveSnapshotsUpdate([]int64{int64(s.Snapshot)}, false))
	if _, err := f.publish("s1", s.Snapshot); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "Cannot apply unknown WAP ID 's1'") {
		t.Errorf("an expired snapshot: %v", err)
	}
	f.change(table.NewRemoveSnapshotsUpdate([]int64{int64(fork.Snapshot), int64(step.Snapshot)}, false))
	if _, err := f.publish("s2", tip.Snapshot); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "has expired") {
		t.Errorf("a branch that lost its first step: %v", err)
	}
	f.want("main", "a1 d1")
}

// TestSparksUnstagedDelete: what Spark committed to main although a wap id was
// set is named where nothing is found staged.
func TestSparksUnstagedDelete(t *testing.T) {
	for _, e := range experiments(t) {
		if !strings.HasPrefix(e.Experiment, "stage: DELETE of a whole partition") {
			continue
		}
		app := e.Head.Summary["spark.app.id"]
		e.Before, e.Snapshots = e.After, e.Snapshots+1
		c := rewind(t, e)
		tbl, err := c.Load(t.Context(), e.Table)
		if err != nil {
			t.Fatal(err)
		}
		head, _ := tbl.Meta.Snapshot(e.After)
		h := psyberg.NewHistory(tbl.Meta.UUID, tbl.Meta.FormatVersion, tbl.Meta.Snapshots)
		why := psyberg.WhyUnstaged(h, psyberg.PinOf(e.After), "of-nobody", head.CommittedAt-1)
		for _, w := range []string{"Cannot apply unknown WAP ID 'of-nobody'", app, "Spark does not stage a DELETE that drops whole files", strings.TrimSpace(tbl.Meta.Snapshots[e.Snapshots-1].Operation)} {
			if !strings.Contains(why, w) {
				t.Errorf("%q lacks %q", why, w)
			}
		}
		if later := psyberg.WhyUnstaged(h, psyberg.PinOf(e.After), "of-nobody", head.CommittedAt+1); strings.Contains(later, app) {
			t.Errorf("a delete from before the session is blamed: %s", later)
		}
		return
	}
	t.Error("the experiment is gone")
}
