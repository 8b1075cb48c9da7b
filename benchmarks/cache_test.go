package benchmarks

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"psyberg/benchmarks/measure"
	"psyberg/benchmarks/tables"
	"psyberg/functions/manifest"
	"psyberg/functions/manifest/cache"
	"psyberg/functions/surface"
)

// lastFiles are the manifests of the table's last snapshot.
func lastFiles(b *testing.B, t *tables.Table) []manifest.File {
	b.Helper()
	d, err := NewDecoder(t, nil)
	if err != nil {
		b.Fatal(err)
	}
	return d.files
}

func fromDisk(f manifest.File) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return os.ReadFile(f.Path) }
}

// scanAll scans manifests one after the other by way of the cache, and counts
// their rows.
func scanAll(b *testing.B, c *cache.Cache, files []manifest.File, req *manifest.Request) (rows int64) {
	defer c.Flush()
	b.Helper()
	for _, f := range files {
		src, err := c.Fetch(b.Context(), f, req, fromDisk(f))
		if err != nil {
			b.Fatal(err)
		}
		err = src.Scan(b.Context(), nil, func(in arrow.RecordBatch) error {
			rows += in.NumRows()
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return rows
}

// BenchmarkCache asks narrow questions of T1 and T2 without a cache (cold),
// with an empty one (fill), and with one that has the answer (warm), CPU time
// of one core. The first two in turns with the third: warm-times is how much
// faster warm is than cold.
func BenchmarkCache(b *testing.B) {
	for _, c := range []tables.Config{tables.T1(down(b)), tables.T2(down(b))} {
		for _, q := range []struct {
			name    string
			request *manifest.Request
		}{{"Q1", NarrowQ1(c)}, {"Q2", NarrowQ2(c)}} {
			b.Run(c.Name+"/"+q.name, func(b *testing.B) {
				files := lastFiles(b, table(b, c))
				kept, err := cache.Open(filepath.Join(b.TempDir(), "kept"), 0)
				if err != nil {
					b.Fatal(err)
				}
				want := scanAll(b, nil, files, q.request)
				fill := cost(b, func() { scanAll(b, kept, files, q.request) })
				var cold, warm, times []float64
				for b.Loop() {
					x := cost(b, func() { scanAll(b, nil, files, q.request) })
					// Several: one pass is short beside what measuring costs.
					const passes = 5
					y := cost(b, func() {
						for range passes {
							if got := scanAll(b, kept, files, q.request); got != want {
								b.Fatalf("%d rows, want %d", got, want)
							}
						}
					}) / passes
					cold, warm, times = append(cold, x), append(warm, y), append(times, x/y)
				}
				if kept.Stats().Misses != int64(len(files)) {
					b.Fatalf("the cache is not warm: %+v", kept.Stats())
				}
				b.ReportMetric(measure.Median(cold)/1e6, "cold-ms")
				b.ReportMetric(fill/1e6, "fill-ms")
				b.ReportMetric(measure.Median(warm)/1e6, "warm-ms")
				b.ReportMetric(measure.Median(times), "warm-times")
			})
		}
	}
}

func cost(b *testing.B, f func()) float64 {
	b.Helper()
	c, err := measure.Once(measure.In("", func() error { f(); return nil }))
	if err != nil {
		b.Fatal(err)
	}
	return float64(c.CPU)
}

// far is a store that takes a while to answer.
type far struct{ surface.Files }

const latency = 30 * time.Millisecond

func (far) Read(ctx context.Context, location string, _ int64) ([]byte, error) {
	select {
	case <-time.After(latency):
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	return os.ReadFile(location)
}

// BenchmarkLatency decodes T2's manifests from a store that takes 30 ms to
// answer: one after the other would wait (wait-ms) and work; read ahead is what
// is left of that, by wall clock.
func BenchmarkLatency(b *testing.B) {
	c := tables.T2(max(down(b), 10))
	files := lastFiles(b, table(b, c))
	req := NarrowQ1(c)
	for _, tc := range []struct{ name, location string }{{"local", "/w/t/metadata.json"}, {"remote", "s3://w/t/metadata.json"}} {
		b.Run(tc.name, func(b *testing.B) {
			t := &surface.Table{Location: tc.location, Files: far{}}
			begin := time.Now()
			for b.Loop() {
				err := t.Scans(b.Context(), files, func(int) (*manifest.Request, error) { return req, nil },
					func(ctx context.Context, _ int, from *cache.Source) error {
						return from.Scan(ctx, nil, func(arrow.RecordBatch) error { return nil })
					})
				if err != nil {
					b.Fatal(err)
				}
			}
			took := time.Since(begin).Seconds() * 1e3 / float64(b.N)
			waited := float64(len(files)) * latency.Seconds() * 1e3
			b.ReportMetric(took, "wall-ms")
			b.ReportMetric(waited, "wait-ms")
			b.ReportMetric(waited/took, "in-flight")
		})
	}
}
