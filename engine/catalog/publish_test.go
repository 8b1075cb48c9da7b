package catalog

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"psyberg/psyberg"
)

func (f *fixture) publish(id string, staged psyberg.SnapshotID) (PublishResult, error) {
	return f.c.Publish(f.ctx, "ns.t", PublishRequest{ID: id, Staged: staged, Verdict: Verdict{Kind: AuditsNotAsked}})
}

func TestP1_FastForwardMovesTheRef(t *testing.T) {
	eachVersion(t, func(t *testing.T, f *fixture) {
		f.commit(Change{Mode: Append, Added: f.files("a1")})
		s := f.commit(Change{Mode: Delete, Removed: paths("a1"), WapID: "s1"})
		r, err := f.publish("s1", s.Snapshot)
		if err != nil || r.Method != psyberg.MethodFastForward || r.Snapshot != s.Snapshot {
			t.Fatalf("publish: %+v %v", r, err)
		}
		f.want("main", "")
		again, err := f.publish("s1", s.Snapshot)
		if err != nil || again.Method != psyberg.MethodAlreadyPublished || again.Snapshot != s.Snapshot {
			t.Errorf("publish again: %+v %v", again, err)
		}
	})
}

func TestP2_AppendIsReplayed(t *testing.T) {
	eachVersion(t, func(t *testing.T, f *fixture) {
		s := f.commit(Change{Mode: Append, Added: f.files("a1"), WapID: "s1", Summary: map[string]string{"mine": "1"}})
		f.commit(Change{Mode: Append, Added: f.files("b2")})
		before := f.state().ice.NextRowID()
		r, err := f.publish("s1", s.Snapshot)
		if err != nil || r.Method != psyberg.MethodCherryPick {
			t.Fatalf("publish: %+v %v", r, err)
		}
		f.want("main", "a1 b2")
		head := f.state().head("main")
		sum := head.Summary.Map()
		if sum["published-wap-id"] != "s1" || sum["wap.id"] != "" || sum["psyberg.session-id"] != "s1" || sum["mine"] != "1" ||
			sum["total-data-files"] != "2" || sum["source-snapshot-id"] == "" {
			t.Errorf("summary %v", sum)
		}
		if head.FirstRowID != nil && *head.FirstRowID != before {
			t.Errorf("first row id %d, want the fresh %d", *head.FirstRowID, before)
		}
		if again, err := f.publish("s1", s.Snapshot); err != nil || again.Method != psyberg.MethodAlreadyPublished {
			t.Errorf("publish again: %+v %v", again, err)
		}
		f.want("main", "a1 b2")
	})
}

func TestP3_PartitionOverwrite(t *testing.T) {
	eachVersion(t, func(t *testing.T, f *fixture) {
		f.commit(Change{Mode: Append, Added: f.files("a1", "b1")})
		s := f.commit(Change{Mode: ReplacePartitions, Added: f.files("a9"), WapID: "ok"})
		bad := f.commit(Change{Mode: ReplacePartitions, Added: f.files("b9"), WapID: "bad"})
		f.commit(Change{Mode: Append, Added: f.files("b2")})
		if _, err := f.publish("ok", s.Snapshot); err != nil {
			t.Fatal(err)
		}
		f.want("main", "a9 b1 b2")
		p, err := f.c.Preflight(f.ctx, "ns.t", "bad")
		if err != nil || p.Method != psyberg.MethodRefused || strings.Join(p.ConflictingPartition, "") != "cat=b" || len(p.ConflictingSnapshots) != 1 {
			t.Errorf("preflight: %+v %v", p, err)
		}
		_, err = f.publish("bad", bad.Snapshot)
		if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "replace partitions with changed partition: cat=b") {
			t.Errorf("publish over a changed partition: %v", err)
		}
		f.want("main", "a9 b1 b2")
	})
}

func TestP4_OthersAreRefusedAfterTheHeadMoved(t *testing.T) {
	f := newFixture(t, "2")
	f.commit(Change{Mode: Append, Added: f.files("a1", "b1")})
	s := f.commit(Change{Mode: Overwrite, Added: f.files("a2"), Removed: paths("a1"), WapID: "m"})
	f.commit(Change{Mode: Append, Added: f.files("c1")})
	_, err := f.publish("m", s.Snapshot)
	if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "not append, dynamic overwrite, or fast-forward") {
		t.Errorf("publish: %v", err)
	}
	if _, err := f.publish("nobody", 1); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "unknown WAP ID") {
		t.Errorf("unknown id: %v", err)
	}
}

func TestP5_OnlyTheIntentsSnapshotMoves(t *testing.T) {
	f := newFixture(t, "2")
	s := f.commit(Change{Mode: Append, Added: f.files("a1"), WapID: "s1"})
	if _, err := f.publish("s1", s.Snapshot+1); !errors.Is(err, ErrRefused) {
		t.Errorf("another snapshot: %v", err)
	}
	_, err := f.c.Publish(f.ctx, "ns.t", PublishRequest{ID: "s1", Staged: s.Snapshot})
	if err == nil {
		t.Error("a publish without a verdict")
	}
	_, err = f.c.Publish(f.ctx, "ns.t", PublishRequest{ID: "s1", Staged: s.Snapshot,
		Verdict: Verdict{Kind: AuditsPassed, Snapshot: s.Snapshot + 1}})
	if !errors.Is(err, ErrRefused) {
		t.Errorf("a verdict on another snapshot: %v", err)
	}
	f.want("main", "")
}

func TestP6_BranchesArePublishedWhole(t *testing.T) {
	eachVersion(t, func(t *testing.T, f *fixture) {
		for _, moved := range []bool{false, true} {
			id := map[bool]string{false: "x", true: "y"}[moved]
			f.commit(Change{Mode: Append, Added: f.files("a" + map[bool]string{false: "1", true: "2"}[moved])})
			ch := func(step string, c Change) Result {
				c.Branch, c.Step = "psyberg_"+id, step
				return f.commit(c)
			}
			ch("1", Change{Mode: ReplacePartitions, Added: f.files(id + "1")})
			ch("2", Change{Mode: ReplacePartitions, Added: f.files(id + "3")})
			tip := ch("3", Change{Mode: ReplacePartitions})
			if moved {
				f.commit(Change{Mode: Append, Added: f.files("b2")})
			}
			r, err := f.publish(id, tip.Snapshot)
			if err != nil || (r.Method == psyberg.MethodCherryPick) != moved {
				t.Fatalf("moved %v: %+v %v", moved, r, err)
			}
			if f.state().head("psyberg_"+id) != nil {
				t.Error("the branch is still there")
			}
			if again := ch("2", Change{Mode: ReplacePartitions, Added: f.files(id + "3")}); !again.Existed {
				t.Errorf("a step of a published session is written again: %+v", again)
			}
			if again, err := f.publish(id, tip.Snapshot); err != nil || again.Method != psyberg.MethodAlreadyPublished {
				t.Errorf("publish again: %+v %v", again, err)
			}
			_, err = f.c.Commit(f.ctx, "ns.t", Change{Mode: Append, Added: f.files(id + "5"), Branch: "psyberg_" + id, Step: "4"})
			if !errors.Is(err, ErrRefused) {
				t.Errorf("a new step after the publish: %v", err)
			}
		}
		f.want("main", "a1 a2 b2 x3 y3")
	})
}

func TestDiscard(t *testing.T) {
	f := newFixture(t, "2")
	f.commit(Change{Mode: Append, Added: f.files("a1")})
	s := f.commit(Change{Mode: Append, Added: f.files("b1"), WapID: "s1"})
	f.commit(Change{Mode: Append, Added: f.files("c1"), Branch: "psyberg_s2", Step: "1"})
	for _, id := range []string{"s1", "s2"} {
		r, err := f.c.Discard(f.ctx, "ns.t", id)
		if err != nil || len(r.Snapshots) != 1 {
			t.Errorf("discard %s: %+v %v", id, r, err)
		}
		if _, err := f.c.Discard(f.ctx, "ns.t", id); !errors.Is(err, ErrNotFound) {
			t.Errorf("discard %s again: %v", id, err)
		}
	}
	if n := len(f.state().m.Snapshots); n != 1 {
		t.Errorf("%d snapshots are left", n)
	}
	f.want("main", "a1")
	again := f.commit(Change{Mode: Append, Added: f.files("b1"), WapID: "s1"})
	if again.Existed || again.Snapshot == s.Snapshot {
		t.Errorf("staging after a discard: %+v", again)
	}
	if _, err := f.publish("s1", again.Snapshot); err != nil {
		t.Fatal(err)
	}
	if _, err := f.c.Discard(f.ctx, "ns.t", "s1"); !errors.Is(err, ErrRefused) {
		t.Errorf("discard of what is published: %v", err)
	}
}

// TestP6_EachAttemptLooksOn: a publish that has seen at one attempt that the
// target had not moved needs nothing older at the next: others may commit and
// expire in between what they like, but for that head. Where they take that one
// too, the metadata files of before have it; where one of those cannot be read
// the doubt stays, and names it.
func TestP6_EachAttemptLooksOn(t *testing.T) {
	t.Parallel()
	for what, spoil := range map[string]func(path string) error{
		"":                      func(string) error { return nil },
		"no such file":          os.Remove,
		"the file is cut short": func(path string) error { return os.WriteFile(path, []byte(`{"format-version": 2, `), 0o644) },
	} {
		for commits, named := range map[int]bool{1: true, 2: false} { // the newest one, which is left, names the head of the first attempt, or does not
			t.Run(fmt.Sprintf("%d commits in between, older metadata: %q", commits, what), func(t *testing.T) {
				t.Parallel()
				f := newFixture(t, "2")
				seen := psyberg.PinOf(f.commit(Change{Mode: Append, Added: f.files("a1")}).Snapshot)
				staged := f.commit(Change{Mode: Append, Added: f.files("s1"), WapID: "s"}).Snapshot
				f.commit(Change{Mode: Append, Added: f.files("a2")})
				other, older := f.open(), ""
				f.c.hooks.step = func(what string) error {
					if what != "commit" {
						return nil
					}
					f.c.hooks = hooks{}
					for i := range commits {
						if _, err := other.Commit(f.ctx, "ns.t", Change{Mode: Append, Added: f.files(fmt.Sprint("a", 3+i))}); err != nil {
							return err
						}
					}
					if _, err := other.Expire(f.ctx, "ns.t", 1); err != nil {
						return err
					}
					log := f.state().m.MetadataLog
					older, _ = localPath(log[len(log)-1].Location)
					return spoil(older)
				}
				_, err := f.c.Publish(f.ctx, "ns.t", PublishRequest{ID: "s", Staged: staged, Verdict: Verdict{Kind: AuditsNotAsked}, Seen: &seen})
				if named || what == "" {
					if err != nil {
						t.Error(err)
					}
					f.want("main", map[int]string{1: "a1 a2 a3 s1", 2: "a1 a2 a3 a4 s1"}[commits])
					return
				}
				if !errors.Is(err, ErrUnseen) || !strings.Contains(err.Error(), older) || !strings.Contains(err.Error(), what) {
					t.Errorf("%v, want %q of %s", err, what, older)
				}
			})
		}
	}
}
