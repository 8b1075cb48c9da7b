package suite

import (
	"io"
	"os"
	"strconv"
	"testing"

	"psyberg/benchmarks"
	"psyberg/benchmarks/measure"
	"psyberg/benchmarks/tables"
	"psyberg/functions/manifest"
)

// BenchmarkSQL asks the questions through SQL, in turn with the decoder alone
// and with the limit. It reports CPU time (sql-ms), the decoder's for the same
// question (decoder-ms), what SQL adds to it an entry (share-ns/entry), and
// SQL's ratio to the limit (x-limit).
func BenchmarkSQL(b *testing.B) {
	e := benchEnv(b)
	s, err := e.session(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for _, c := range []tables.Config{tables.T1(e.Down), tables.T2(e.Down)} {
		t, err := e.table(b.Context(), c)
		if err != nil {
			b.Fatal(err)
		}
		for _, q := range []struct {
			name    string
			q       tables.Question
			sql     string
			request *manifest.Request
		}{
			{"Q1/partitions", tables.Q1, q1(t), benchmarks.NarrowQ1(c)},
			{"Q1/files", tables.Q1, q1Files(t), benchmarks.NarrowQ1(c)},
			{"Q2/files", tables.Q2, q2(t), benchmarks.NarrowQ2(c)},
			{"Q2/where", tables.Q2, q2Pruned(t), benchmarks.NarrowQ2(c)},
		} {
			b.Run(c.Name+"/"+q.name, func(b *testing.B) {
				d, err := benchmarks.NewDecoder(t, q.request)
				if err != nil {
					b.Fatal(err)
				}
				alone := measure.In("decoder", func() error { _, err := d.Pass(b.Context(), nil); return err })
				ours, limit, err := e.against(e.Rounds, c.Codec, t.Manifests, asks(b.Context(), s, t, q.q, q.sql), alone)
				if err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					if err := ask(b.Context(), s, t, q.q, q.sql); err != nil {
						b.Fatal(err)
					}
				}
				share := ours[0].Whole() - ours[1].Whole()
				b.ReportMetric(float64(ours[0].Whole())/1e6, "sql-ms")
				b.ReportMetric(float64(ours[1].Whole())/1e6, "decoder-ms")
				b.ReportMetric(float64(share)/float64(c.Entries()), "share-ns/entry")
				b.ReportMetric(measure.Times(ours[0], limit), "x-limit")
				b.ReportMetric(measure.Times(ours[1], limit), "decoder-x-limit")
			})
		}
	}
}

// benchEnv is where `make bench` keeps its tables, as small as
// $PSYBERG_BENCH_DOWN says.
func benchEnv(b *testing.B) *env {
	b.Helper()
	dir, err := tables.Dir()
	if err != nil {
		b.Fatal(err)
	}
	down := 1
	if s := os.Getenv("PSYBERG_BENCH_DOWN"); s != "" {
		if down, err = strconv.Atoi(s); err != nil || down < 1 {
			b.Fatalf("PSYBERG_BENCH_DOWN is %q: want a whole number from 1", s)
		}
	}
	e := newEnv(Config{Dir: dir, Down: down, Rounds: 5, Log: io.Discard})
	b.Cleanup(e.close)
	return e
}

// BenchmarkChanged is Q3 in a session that is open already: what the last ten
// snapshots added to T2 and T4.
func BenchmarkChanged(b *testing.B) {
	e := benchEnv(b)
	s, err := e.session(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for _, c := range []tables.Config{tables.T2(e.Down), tables.T4(e.Down, 1)} {
		t, err := e.table(b.Context(), c)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.Name, func(b *testing.B) {
			cpu := measure.CPU()
			for b.Loop() {
				if err := ask(b.Context(), s, t, tables.Q3, q3(t)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(measure.CPU()-cpu)/1e6/float64(b.N), "cpu-ms")
		})
	}
}
