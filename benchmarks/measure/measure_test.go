package measure

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"psyberg/benchmarks/tables"
)

// TestLimits: every engine, and C where it is there, reads the same.
func TestLimits(t *testing.T) {
	t.Parallel()
	for _, codec := range []string{tables.Null, tables.Deflate, tables.Snappy, tables.Zstd} {
		t.Run(codec, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			tab, err := tables.Ensure(t.Context(), dir, tables.T2(200).With(codec))
			if err != nil {
				t.Fatal(err)
			}
			want := Work{}
			for i, e := range Engines(codec) {
				files := 0
				got, err := Limit(tab.Manifests, e, func() { files++ })
				if err != nil {
					t.Fatal(err)
				}
				if files != len(tab.Manifests) {
					t.Errorf("%s was done with %d files of %d", e.Name, files, len(tab.Manifests))
				}
				if got.Entries != int64(tab.Config.Entries()) {
					t.Errorf("%s met %d entries, want %d", e.Name, got.Entries, tab.Config.Entries())
				}
				if i == 0 {
					want = got
				}
				if got != want {
					t.Errorf("%s met %+v, the first engine %+v", e.Name, got, want)
				}
			}
			if codec == tables.Deflate {
				files := 0
				if got, err := Pairs(tab.Manifests, func() { files++ }); err != nil || got != want || files != len(tab.Manifests) {
					t.Errorf("two at a time met %+v in %d files, one %+v: %v", got, files, want, err)
				}
			}
			n, err := StartNative(dir, codec, tab.Manifests)
			if errors.Is(err, ErrNative) {
				t.Log(err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer n.Close()
			for range 2 {
				times, got, err := n.Pass()
				if err != nil || got.Entries != want.Entries || got.Raw != want.Raw {
					t.Errorf("%s met %+v: %v; want %+v", n.Name(), got, err, want)
				}
				if len(times) != len(tab.Manifests) || slices.Min(times) <= 0 || slices.Max(times) > time.Minute {
					t.Errorf("%s took %v for %d files", n.Name(), times, len(tab.Manifests))
				}
			}
			if _, got, err := n.some(1, 3); err != nil || got.Entries == 0 || got.Entries >= want.Entries {
				t.Errorf("%s met %+v in two files: %v", n.Name(), got, err)
			}
			if _, got, err := n.some(2, 2); err != nil || got != (Work{}) {
				t.Errorf("%s met %+v in no files: %v", n.Name(), got, err)
			}
			taken := 0
			for d, err := range n.Variant().files(3) {
				if err != nil || d <= 0 {
					t.Errorf("%s took %s for a file: %v", n.Name(), d, err)
				}
				taken++
			}
			if taken != len(tab.Manifests) {
				t.Errorf("%s stopped after %d files of %d", n.Name(), taken, len(tab.Manifests))
			}
			c, err := Once(n.Variant())
			if err != nil || c.CPU != sum(c.Files) || len(c.Files) != len(tab.Manifests) || c.Rest != 0 {
				t.Errorf("measured as %+v: %v", c, err)
			}
		})
	}
}

// TestAnswersInC: what the program in C says, and what it may not say.
func TestAnswersInC(t *testing.T) {
	t.Parallel()
	times, w, err := parsePass([]byte("800 12345 40100 39900\n"), 2)
	if err != nil || w.Entries != 800 || w.Raw != 12345 || !slices.Equal(times, []time.Duration{40100, 39900}) {
		t.Errorf("read as %v, %+v: %v", times, w, err)
	}
	for _, line := range []string{"", "800 12345\n", "800 12345 40100\n", "800 12345 1 2 3\n", "800 12345 1 x\n", "800 12345 1 -2\n", "123 800 12345\n"} {
		if times, _, err := parsePass([]byte(line), 2); err == nil {
			t.Errorf("%q is taken as times of two files: %v", line, times)
		}
	}
}

// TestAlternate: variants take turns, all of them equally often, and what is
// short more often.
func TestAlternate(t *testing.T) {
	t.Parallel()
	var order []string
	fake := func(name string, cpu time.Duration) Variant {
		return Variant{Name: name, Run: func(c *Cost) error {
			order = append(order, name)
			c.CPU = cpu
			return nil
		}}
	}
	samples, err := Alternate(3, fake("a", 2), fake("b", 1))
	if err != nil {
		t.Fatal(err)
	}
	n := len(samples[0].Rounds)
	if n < 3 || n > 30 || len(samples[1].Rounds) != n {
		t.Errorf("%d and %d rounds, want equally many, 3 to 30", n, len(samples[1].Rounds))
	}
	for i, name := range order {
		if want := "ab"[i%2 : i%2+1]; name != want {
			t.Fatalf("%s comes %d-th, want %s: %v", name, i, want, order)
		}
	}
	if len(order) != 2*(n+1) {
		t.Errorf("%d runs of two variants in %d rounds and one that is not measured", len(order), n)
	}
	if Least(samples).Name != "b" {
		t.Error("b is the cheaper one")
	}
	files := 0
	if _, err := Alternate(3, Variant{Name: "other files", Run: func(c *Cost) error {
		files++
		c.Files, c.CPU = make([]time.Duration, files), 1
		return nil
	}}); err == nil {
		t.Error("rounds of different files are compared")
	}
}

// TestTurns: variants that can stop take turns every few files, each does all of
// them, and the clock is right though all run as coroutines of one thread.
func TestTurns(t *testing.T) {
	t.Parallel()
	var order []byte
	work := func(name byte, files int) Variant {
		return ByFile(string(name), files, func(done func()) error {
			for range files {
				order = append(order, name)
				for begun := threadCPU(); threadCPU()-begun < 100*time.Microsecond; {
				}
				done()
			}
			return nil
		})
	}
	variants := []Variant{work('a', 5), work('b', 5)}
	samples := make([]Sample, 2)
	for i := range samples {
		samples[i].Rounds = []Cost{{Files: make([]time.Duration, 5)}}
	}
	for step, want := range map[int]string{1: "ababababab", 2: "aabbaabbab", 7: "aaaaabbbbb"} {
		order = nil
		if err := turns(step, variants, samples); err != nil {
			t.Fatal(err)
		}
		if string(order) != want {
			t.Errorf("%d files a turn: %s, want %s", step, order, want)
		}
	}
	for _, s := range samples {
		if len(s.Laps) != 3 || len(s.Laps[0]) != 5 {
			t.Fatalf("%d rounds: %v", len(s.Laps), s.Laps)
		}
		if got := s.Files(); got < 500*time.Microsecond || got > 5*time.Millisecond {
			t.Errorf("five files of 0.1 ms are %s: %v", got, s.Laps)
		}
	}
	fails := ByFile("fails", 5, func(done func()) error { done(); return io.ErrUnexpectedEOF })
	for want, v := range map[string]Variant{"fails: unexpected EOF": fails, "fewer files": work('c', 4), "more files": work('d', 6)} {
		if err := turns(1, []Variant{variants[0], v}, samples); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if n := len(samples[1].Laps); n != 3 {
		t.Errorf("%d rounds were kept, three were whole", n)
	}
}

func TestStepOf(t *testing.T) {
	t.Parallel()
	pass := func(files int, cpu time.Duration) Sample {
		return Sample{Rounds: []Cost{{CPU: cpu, Files: make([]time.Duration, files)}}}
	}
	for _, c := range []struct {
		samples []Sample
		want    int
	}{
		{[]Sample{pass(50, time.Second), pass(50, 2*time.Second)}, 1},
		{[]Sample{pass(1000, 300*time.Millisecond), pass(1000, 200*time.Millisecond)}, 25},
		{[]Sample{pass(1, 0)}, int(turn)},
	} {
		if got := stepOf(c.samples); got != c.want {
			t.Errorf("%d files a turn, want %d", got, c.want)
		}
	}
}

func TestEnough(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rounds, done int
		took         time.Duration
		want         bool
	}{
		{5, 4, time.Hour, false}, // what was asked for
		{5, 5, 5 * short, true},
		{5, 5, 2 * short, false}, // short rounds: more
		{5, 20, 5 * short, true},
		{5, 49, 2 * short, false},
		{5, 50, 2 * short, true}, // very short ones: not for ever
	} {
		if got := enough(c.rounds, c.done, c.took); got != c.want {
			t.Errorf("%d of %d rounds in %s are enough: %v, want %v", c.done, c.rounds, c.took, got, c.want)
		}
	}
}

// TestBlocksOfDamage: no panic on what is no Avro file.
func TestBlocksOfDamage(t *testing.T) {
	tab, err := tables.Ensure(t.Context(), t.TempDir(), tables.T4(5000, 1))
	if err != nil {
		t.Fatal(err)
	}
	var buf Buffer
	b, err := buf.Read(tab.Manifests[0])
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(b) {
		for _, err := range Blocks(b[:cut:cut]) {
			if err != nil {
				break
			}
		}
	}
}
