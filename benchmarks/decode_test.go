package benchmarks

import (
	"errors"
	"os"
	"strconv"
	"testing"

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
// the best inflater of this machine), the ratio of the two (x-limit), all three
// of times of each manifest, and allocations per entry.
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
	var ours, limit measure.Sample
	pass, decoding := limitPass(b, t), d.Variant(b.Context(), "ours")
	if _, err := measure.Once(decoding); err != nil { // files into the page cache
		b.Fatal(err)
	}
	for b.Loop() {
		for _, x := range []struct {
			measure.Variant
			*measure.Sample
		}{{pass, &limit}, {decoding, &ours}} {
			cost, err := measure.Once(x.Variant)
			if err == nil {
				err = x.Add(cost)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	entries := float64(t.Config.Entries())
	b.ReportMetric(float64(ours.Needs())/entries, "cpu-ns/entry")
	b.ReportMetric(float64(limit.Limit())/entries, "limit-ns/entry")
	b.ReportMetric(measure.Times(ours, limit), "x-limit")
	b.ReportMetric(ours.Allocs()/entries, "allocs/entry")
}

// limitPass is a pass over the table's manifests that only reads and inflates,
// by the fastest engine of this machine.
func limitPass(b *testing.B, t *tables.Table) measure.Variant {
	dir, err := tables.Dir()
	if err != nil {
		b.Fatal(err)
	}
	n, err := measure.StartNative(dir, t.Config.Codec, t.Manifests)
	if err == nil {
		b.Cleanup(func() { n.Close() })
		return n.Variant()
	}
	if !errors.Is(err, measure.ErrNative) {
		b.Fatal(err)
	}
	engines := measure.Engines(t.Config.Codec)
	e := engines[len(engines)-1]
	b.Logf("the limit is %s's: %v", e.Name, err)
	return measure.By(e, t.Manifests)
}
