package benchmarks

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"

	"psyberg/benchmarks/measure"
	"psyberg/benchmarks/tables"
	"psyberg/functions/manifest/unsnap"
)

// BenchmarkSnappy decompresses the blocks of T1 and T2 in snappy, each manifest
// just read, by package unsnap in turn with klauspost's decoder. It reports ns per
// entry of both, each in its best round, and the ratio of these.
func BenchmarkSnappy(b *testing.B) {
	decoders := []func(dst, src []byte) ([]byte, error){snappy.Decode, unsnap.Decode}
	for _, c := range []tables.Config{tables.T1(max(down(b), 10)), tables.T2(max(down(b), 10))} {
		b.Run(c.Name, func(b *testing.B) {
			t := table(b, c.With(tables.Snappy))
			var in measure.Buffer
			out := make([]byte, 1<<20)
			best := [2]time.Duration{math.MaxInt64, math.MaxInt64}
			for b.Loop() {
				for i, decode := range decoders {
					var took time.Duration
					for _, path := range t.Manifests {
						file, err := in.Read(path)
						if err != nil {
							b.Fatal(err)
						}
						start := time.Now()
						for block, err := range measure.Blocks(file) {
							if err == nil {
								_, err = decode(out, block.Body[:len(block.Body)-4])
							}
							if err != nil {
								b.Fatal(fmt.Errorf("read %q: %w", path, err))
							}
						}
						took += time.Since(start)
					}
					best[i] = min(best[i], took)
				}
			}
			n := float64(t.Config.Entries())
			b.ReportMetric(float64(best[0])/n, "klauspost-ns/entry")
			b.ReportMetric(float64(best[1])/n, "unsnap-ns/entry")
			b.ReportMetric(float64(best[0])/float64(best[1]), "x-klauspost")
		})
	}
}
