package unsnap

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"

	"psyberg/internal/sample"
)

// BenchmarkDecode decodes blocks of 64 KB of several kinds, in turn with
// klauspost's decoder. It reports MB/s of both, each in its best round, and how
// many times faster ours is (x-klauspost). Blocks of tables are measured by
// BenchmarkSnappy of package benchmarks.
func BenchmarkDecode(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 1<<16)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	var words []byte
	for len(words) < 1<<20 {
		words = append(words, prefix[r.IntN(150):][:2+r.IntN(12)]...)
	}
	for _, kind := range []struct {
		name string
		raw  []byte
	}{
		{"entries", sample.Entries(6000)}, {"words", words}, {"noise", noise}, {"zeros", make([]byte, 1<<16)},
		{"period 9", bytes.Repeat([]byte(prefix[:9]), 7000)}, {"period 70", bytes.Repeat([]byte(prefix[:70]), 900)}, {"period 130", bytes.Repeat([]byte(prefix[:130]), 500)},
		{"period 20", bytes.Repeat([]byte(prefix[:20]), 3000)}, {"period 50", bytes.Repeat([]byte(prefix[:50]), 1300)},
	} {
		var blocks [][]byte
		for raw := kind.raw; len(raw) > 0; raw = raw[min(len(raw), 1<<16):] {
			blocks = append(blocks, snappy.Encode(nil, raw[:min(len(raw), 1<<16)]))
		}
		b.Run(kind.name, func(b *testing.B) {
			buf := make([]byte, 1<<16)
			ours, theirs := time.Duration(math.MaxInt64), time.Duration(math.MaxInt64)
			for b.Loop() {
				start := time.Now()
				for _, src := range blocks {
					if _, err := snappy.Decode(buf, src); err != nil {
						b.Fatal(err)
					}
				}
				middle := time.Now()
				for _, src := range blocks {
					if _, err := Decode(buf, src); err != nil {
						b.Fatal(err)
					}
				}
				theirs, ours = min(theirs, middle.Sub(start)), min(ours, time.Since(middle))
			}
			total := float64(len(kind.raw)) * 1e3
			b.ReportMetric(total/float64(ours), "MB/s")
			b.ReportMetric(total/float64(theirs), "klauspost-MB/s")
			b.ReportMetric(float64(theirs)/float64(ours), "x-klauspost")
		})
	}
}
