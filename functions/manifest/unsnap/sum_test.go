package unsnap

import (
	"hash/crc32"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"psyberg/internal/fence"
	"psyberg/internal/sample"
)

// TestU4_Sum: what hash/crc32 says, of every length and between fences.
func TestU4_Sum(t *testing.T) {
	t.Parallel()
	f := fence.Get()
	defer f.Put()
	r := rand.New(rand.NewPCG(1, 2))
	lengths := []int{1 << 16, fence.Size}
	for n := range 1000 {
		lengths = append(lengths, n, 4000+n)
	}
	for range 100 {
		lengths = append(lengths, r.IntN(fence.Size))
	}
	for _, n := range lengths {
		for _, b := range [][]byte{f.First(n), f.Last(n)} {
			for i := range b {
				b[i] = byte(r.Uint32())
			}
			if got, want := Sum(b), crc32.ChecksumIEEE(b); got != want {
				t.Fatalf("%d bytes: %08x, want %08x", n, got, want)
			}
		}
	}
}

// BenchmarkSum reports MB/s of Sum and of hash/crc32, each in its best round, and
// how many times faster ours is (x-crc32).
func BenchmarkSum(b *testing.B) {
	for _, n := range []int{1 << 10, 4 << 10, 16 << 10, 64 << 10} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			const times = 100
			buf := sample.Entries(1000)[:n]
			ours, theirs := time.Duration(math.MaxInt64), time.Duration(math.MaxInt64)
			for b.Loop() {
				start := time.Now()
				for range times {
					crc32.ChecksumIEEE(buf)
				}
				middle := time.Now()
				for range times {
					Sum(buf)
				}
				theirs, ours = min(theirs, middle.Sub(start)), min(ours, time.Since(middle))
			}
			total := float64(times*n) * 1e3
			b.ReportMetric(total/float64(ours), "MB/s")
			b.ReportMetric(total/float64(theirs), "hash/crc32-MB/s")
			b.ReportMetric(float64(theirs)/float64(ours), "x-crc32")
		})
	}
}
