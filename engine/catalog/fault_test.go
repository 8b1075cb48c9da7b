package catalog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// scenario is one operation that may be stopped anywhere and is then run again.
type scenario struct {
	name  string
	setup func(*fixture)
	run   func(*fixture) error
	// before and after are what live and refs say.
	before, after string
}

func (f *fixture) stage(ch Change) { f.t.Helper(); f.commit(ch) }

func (f *fixture) do(ch Change) error {
	_, err := f.c.Commit(f.ctx, "ns.t", ch)
	return err
}

// picture is all that a reader can see of the table.
func (f *fixture) picture() string {
	st := f.state()
	var out []string
	for name := range st.m.Refs {
		out = append(out, name+": "+f.live(name))
	}
	slices.Sort(out)
	return fmt.Sprintf("%s; %d snapshots; p=%s", strings.Join(out, ", "), len(st.m.Snapshots), st.m.Properties["p"])
}

func scenarios() []scenario {
	start := func(f *fixture) { f.stage(Change{Mode: Append, Added: f.files("a1", "b1")}) }
	publish := func(f *fixture) error {
		st := f.state()
		p, err := st.plan("s", nil)
		if err != nil {
			return err
		}
		if p.Staged == nil {
			p.Staged = p.Published
		}
		_, err = f.publish("s", *p.Staged)
		return err
	}
	return []scenario{
		{"stage", start, func(f *fixture) error { return f.do(Change{Mode: ReplacePartitions, Added: f.files("a2"), WapID: "s"}) },
			"main: a1 b1; 1 snapshots; p=", "main: a1 b1; 2 snapshots; p="},
		{"branch step", start, func(f *fixture) error {
			return f.do(Change{Mode: Append, Added: f.files("a2"), Branch: "psyberg_s", Step: "1"})
		}, "main: a1 b1; 1 snapshots; p=", "main: a1 b1, psyberg_s: a1 a2 b1; 2 snapshots; p="},
		{"fast-forward", func(f *fixture) {
			start(f)
			f.stage(Change{Mode: Append, Added: f.files("a2"), WapID: "s"})
		}, publish, "main: a1 b1; 2 snapshots; p=", "main: a1 a2 b1; 2 snapshots; p="},
		{"cherry-pick", func(f *fixture) {
			start(f)
			f.stage(Change{Mode: ReplacePartitions, Added: f.files("a2"), WapID: "s"})
			f.stage(Change{Mode: Append, Added: f.files("c1")})
		}, publish, "main: a1 b1 c1; 3 snapshots; p=", "main: a2 b1 c1; 4 snapshots; p="},
		{"branch replayed", func(f *fixture) {
			start(f)
			f.stage(Change{Mode: Append, Added: f.files("a2"), Branch: "psyberg_s", Step: "1"})
			f.stage(Change{Mode: ReplacePartitions, Added: f.files("d2"), Branch: "psyberg_s", Step: "2"})
			f.stage(Change{Mode: Append, Added: f.files("c1")})
		}, publish, "main: a1 b1 c1, psyberg_s: a1 a2 b1 d2; 4 snapshots; p=", "main: a1 a2 b1 c1 d2; 6 snapshots; p="},
		{"swap", start, func(f *fixture) error {
			_, err := f.c.ReplaceRows(f.ctx, "ns.t", Swap{Field: "cat", Value: "a", Seen: paths("a1"), Added: f.files("a2")})
			if errors.Is(err, ErrConflict) && f.live("main") == "a2 b1" {
				return nil // its own rows: the caller knows them by their content
			}
			return err
		}, "main: a1 b1; 1 snapshots; p=", "main: a2 b1; 2 snapshots; p="},
		{"set properties", start, func(f *fixture) error { return f.c.SetProperties(f.ctx, "ns.t", map[string]string{"p": "1"}) },
			"main: a1 b1; 1 snapshots; p=", "main: a1 b1; 1 snapshots; p=1"},
		{"discard", func(f *fixture) {
			start(f)
			f.stage(Change{Mode: Append, Added: f.files("a2"), Branch: "psyberg_s", Step: "1"})
		}, func(f *fixture) error {
			_, err := f.c.Discard(f.ctx, "ns.t", "s")
			if errors.Is(err, ErrNotFound) {
				return nil // gone already
			}
			return err
		}, "main: a1 b1, psyberg_s: a1 a2 b1; 2 snapshots; p=", "main: a1 b1; 1 snapshots; p="},
	}
}

type killed struct{}

// TestK1_StoppedAtEveryStep fails, then kills, every operation at its k-th
// step, for every k: the table is as before or as after, never between, and
// the operation run again ends as if nothing had happened.
func TestK1_StoppedAtEveryStep(t *testing.T) {
	// The versions take turns: they differ in how a file is written, which
	// every scenario goes through.
	for i, sc := range scenarios() {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			stopEverywhere(t, sc, strconv.Itoa(i%3+1), false)
			stopEverywhere(t, sc, strconv.Itoa((i+1)%3+1), true)
		})
	}
}

// stopEverywhere stops a scenario at its k-th step, for every k: it fails
// there, or its process is killed.
func stopEverywhere(t *testing.T, sc scenario, version string, kill bool) {
	errInjected := errors.New("injected")
	for k := 1; ; k++ {
		f := newFixture(t, version)
		sc.setup(f)
		if got := f.picture(); got != sc.before {
			t.Fatalf("%s: starts as %q, want %q", sc.name, got, sc.before)
		}
		steps := 0
		f.c.hooks.step = func(string) error {
			if steps++; steps != k {
				return nil
			}
			if kill {
				panic(killed{})
			}
			return errInjected
		}
		err := untilKilled(func() error { return sc.run(f) })
		f.c.hooks = hooks{}
		if steps < k {
			return // k is past the end
		}
		at := fmt.Sprintf("%s v%s step %d kill %v", sc.name, version, k, kill)
		got := f.picture()
		if got != sc.before && got != sc.after {
			t.Fatalf("%s: between two states: %q", at, got)
		}
		if err == nil && !kill && got != sc.after {
			t.Fatalf("%s: no error, but %q", at, got)
		}
		if err != nil && !errors.Is(err, errInjected) {
			t.Fatalf("%s: %v", at, err)
		}
		if !kill {
			f.noOrphans(at)
		}
		f.c = f.open()
		f.sweptClean(at)
		if err := sc.run(f); err != nil {
			t.Fatalf("%s: run again: %v", at, err)
		}
		if got := f.picture(); got != sc.after {
			t.Fatalf("%s: run again: %q, want %q", at, got, sc.after)
		}
	}
}

func untilKilled(run func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(killed); !ok {
				panic(p)
			}
		}
	}()
	return run()
}

// sweptClean sweeps what a killed process left, and checks that the table has
// lost nothing by it.
func (f *fixture) sweptClean(at string) {
	f.t.Helper()
	before := f.picture()
	if _, err := f.c.Sweep(f.ctx, "ns.t", SweepRequest{Before: time.Now().Add(time.Hour), Delete: true}); err != nil {
		f.t.Fatalf("%s: %v", at, err)
	}
	if got := f.picture(); got != before {
		f.t.Fatalf("%s: swept from %q to %q", at, before, got)
	}
	f.noOrphans(at)
}

// noOrphans checks that the manifests and lists on disk are those in use.
func (f *fixture) noOrphans(at string) {
	f.t.Helper()
	st := f.state()
	used := map[string]bool{}
	for _, s := range st.m.Snapshots {
		used[filepath.Base(s.ManifestList)] = true
		all, err := st.manifests(s)
		if err != nil {
			f.t.Fatal(err)
		}
		for _, mf := range all {
			used[filepath.Base(mf.FilePath())] = true
		}
	}
	dir, _ := localPath(st.loc)
	entries, err := os.ReadDir(filepath.Dir(dir))
	if err != nil {
		f.t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".avro") && !used[e.Name()] && !strings.Contains(at, "discard") {
			f.t.Errorf("%s: orphaned %s", at, e.Name())
		}
	}
}
