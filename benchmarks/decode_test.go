package benchmarks

import (
	"errors"
	"os"
	"strconv"
	"testing"
	"time"

	"psyberg/benchmarks/measure"
	"psyberg/benchmarks/tables"
	"psyberg/functions/manifest"
)

// down is by how much tables are smaller than the issue's: $PSYBERG_BENCH_DOWN.
func down(b *testing.B) int {
	s := os.Getenv("PSYBERG_BENCH_DOWN")
	if s == "" {
		return 1
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		b.Fatalf("PSYBERG_BENCH_DOWN is %q: want a whole number from 1", s)
	}
	return n
}

func table(b *testing.B, c tables.Config) *tables.Table {
	b.Helper()
	dir, err := tables.Dir()
	if err != nil {
		b.Fatal(err)
	}
	t, err := tables.Ensure(b.Context(), dir, c)
	if err != nil {
		b.Fatal(err)
	}
	return t
}

// BenchmarkDecode is the decoder alone on T1, T2 and T3. It reports CPU time
// (cpu-ns/entry), the same for reading and inflating alone (limit-ns/entry, by
// the best inflater of this machine), the ratio of the two in the same round
// (x-limit), and allocations per entry.
func BenchmarkDecode(b *testing.B) {
	for _, c := range []tables.Config{tables.T1(down(b)), tables.T2(down(b)), tables.T3(down(b))} {
		for _, q := range []struct {
			name    string
			request func(tables.Config) *manifest.Request
		}{{"Q1", NarrowQ1}, {"Q2", NarrowQ2}, {"All", Everything}} {
			b.Run(c.Name+"/"+q.name, func(b *testing.B) { decode(b, table(b, c), q.request(c)) })
		}
	}
}

// BenchmarkDecodeCodec is Q1 on T2 in each codec.
func BenchmarkDecodeCodec(b *testing.B) {
	for _, codec := range []string{tables.Null, tables.Snappy, tables.Zstd} {
		c := tables.T2(max(down(b), 10)).With(codec)
		b.Run(codec, func(b *testing.B) { decode(b, table(b, c), NarrowQ1(c)) })
	}
}

func decode(b *testing.B, t *tables.Table, r *manifest.Request) {
	d, err := NewDecoder(t, r)
	if err != nil {
		b.Fatal(err)
	}
	d.Alloc = &manifest.Memory{}
	var ours, limit []float64
	var allocs float64
	entries := float64(t.Config.Entries())
	pass := limitPass(b, t)
	if _, err := d.Pass(b.Context(), nil); err != nil { // files into the page cache
		b.Fatal(err)
	}
	var ratios []float64
	for b.Loop() {
		l := pass()
		cost, err := measure.Once(measure.In("ours", func() error { _, err := d.Pass(b.Context(), nil); return err }))
		if err != nil {
			b.Fatal(err)
		}
		ours, limit = append(ours, float64(cost.CPU)), append(limit, float64(l))
		ratios = append(ratios, float64(cost.CPU)/float64(l))
		allocs = float64(cost.Allocs)
	}
	b.ReportMetric(measure.Median(ours)/entries, "cpu-ns/entry")
	b.ReportMetric(measure.Median(limit)/entries, "limit-ns/entry")
	b.ReportMetric(measure.Median(ratios), "x-limit")
	b.ReportMetric(allocs/entries, "allocs/entry")
}

// limitPass returns a pass over the table's manifests that only reads and
// inflates, by the fastest engine of this machine.
func limitPass(b *testing.B, t *tables.Table) func() time.Duration {
	dir, err := tables.Dir()
	if err != nil {
		b.Fatal(err)
	}
	n, err := measure.StartNative(dir, t.Config.Codec, t.Manifests)
	if err == nil {
		b.Cleanup(func() { n.Close() })
		return func() time.Duration {
			cpu, _, err := n.Pass()
			if err != nil {
				b.Fatal(err)
			}
			return cpu
		}
	}
	if !errors.Is(err, measure.ErrNative) {
		b.Fatal(err)
	}
	engines := measure.Engines(t.Config.Codec)
	e := engines[len(engines)-1]
	b.Logf("the limit is %s's: %v", e.Name, err)
	return func() time.Duration {
		cost, err := measure.Once(measure.In(e.Name, func() error { _, err := measure.Limit(t.Manifests, e); return err }))
		if err != nil {
			b.Fatal(err)
		}
		return cost.CPU
	}
}
