package measure

import (
	"errors"
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
				got, err := Limit(tab.Manifests, e)
				if err != nil {
					t.Fatal(err)
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
				if got, err := Pairs(tab.Manifests); err != nil || got != want {
					t.Errorf("two at a time met %+v, one %+v: %v", got, want, err)
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
			cpu, got, err := n.Pass()
			if err != nil || cpu < 0 || got.Entries != want.Entries || got.Raw != want.Raw {
				t.Errorf("%s met %+v in %s: %v; want %+v", n.Name(), got, cpu, err, want)
			}
		})
	}
}

// TestAlternate: variants take turns, and a ratio is that of the same round.
func TestAlternate(t *testing.T) {
	t.Parallel()
	var order []string
	cost := time.Duration(0)
	fake := func(name string, times time.Duration) Variant {
		return Variant{Name: name, Run: func() (time.Duration, error) {
			order = append(order, name)
			cost++
			return times * (cost/2 + 1) * time.Millisecond, nil
		}}
	}
	samples, err := Alternate(3, fake("a", 2), fake("b", 1))
	if err != nil {
		t.Fatal(err)
	}
	if got := len(order); got != 8 || order[0] != "a" || order[1] != "b" || order[6] != "a" {
		t.Errorf("order is %v", order)
	}
	if n := len(samples[0].Rounds); n != 3 {
		t.Errorf("%d rounds were kept, want 3", n)
	}
	if r := Ratio(samples[0], samples[1]); r <= 1 || r > 2 {
		t.Errorf("ratio is %v", r)
	}
	if Least(samples).Name != "b" {
		t.Error("b is the cheaper one")
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
