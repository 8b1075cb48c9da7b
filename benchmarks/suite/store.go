package suite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"psyberg/benchmarks"
	"psyberg/benchmarks/measure"
	"psyberg/benchmarks/tables"
	"psyberg/functions/manifest"
	"psyberg/functions/manifest/cache"
	"psyberg/functions/surface"
)

// inflaterRows compare package inflate with libdeflate on the blocks of
// manifests: both read the files too.
func inflaterRows(ctx context.Context, e *env) ([]Row, error) {
	var rows []Row
	for _, c := range []tables.Config{tables.T1(e.Down), tables.T2(e.Down), tables.T3(e.Down)} {
		t, err := e.table(ctx, c)
		if err != nil {
			return rows, err
		}
		engines := measure.Engines(c.Codec)
		own := engines[len(engines)-1]
		n, err := measure.StartNative(e.Dir, c.Codec, t.Manifests)
		if errors.Is(err, measure.ErrNative) {
			return append(rows, Row{Measure: "inflater", What: "libdeflate is not installed", Unit: "", Note: err.Error()}), nil
		}
		if err != nil {
			return rows, err
		}
		e.natives = append(e.natives, n)
		samples, err := measure.Alternate(e.Rounds, measure.By(own, t.Manifests),
			measure.InPairs("two at a time", t.Manifests), n.Variant())
		if err != nil {
			return rows, err
		}
		for i, what := range []string{", one block", ", two at a time, as scans do"} {
			rows = append(rows, Row{Measure: "inflater", What: c.Name + what + ", speed against " + n.Name(), Value: 1 / measure.Times(samples[i], samples[2]), Unit: "x", Limit: 0.95, AtLeast: true,
				Note: fmt.Sprintf("%.0f MB/s of what is packed; %s", float64(t.Bytes)/1e6/samples[i].Needs().Seconds(), measure.Scatter(samples[2], samples[i]))})
		}
	}
	return rows, nil
}

// kept scans manifests one after the other by way of a cache, nil for none. As
// psyql's scans do, it gives batches their memory back; what is not cached does
// too.
func kept(ctx context.Context, c *cache.Cache, files []manifest.File, req *manifest.Request, alloc memory.Allocator) (rows int64, err error) {
	defer c.Flush()
	for _, f := range files {
		src, err := c.Fetch(ctx, f, req, func(context.Context) ([]byte, error) { return os.ReadFile(f.Path) })
		if err != nil {
			return rows, err
		}
		if err := src.Scan(ctx, alloc, func(in arrow.RecordBatch) error { rows += in.NumRows(); return nil }); err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// cacheRows ask narrow questions again: in the session that asked before, and
// in another process, which has only the files.
func cacheRows(ctx context.Context, e *env) ([]Row, error) {
	var rows []Row
	for _, c := range []tables.Config{tables.T1(e.Down), tables.T2(e.Down)} {
		t, err := e.table(ctx, c)
		if err != nil {
			return rows, err
		}
		for _, a := range narrow {
			got, err := e.cached(ctx, t, a)
			if err != nil {
				return rows, err
			}
			rows = append(rows, got...)
		}
	}
	return rows, nil
}

func (e *env) cached(ctx context.Context, t *tables.Table, a asked) ([]Row, error) {
	dir, err := os.MkdirTemp(e.Dir, "kept-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	d, err := compared(ctx, t, a)
	if err != nil {
		return nil, err
	}
	files, req := d.Manifests(), d.Request
	alloc := &manifest.Memory{}
	const passes = 5 // one is short beside what measuring costs
	scan := func(open func() (*cache.Cache, error), passes int) func() error {
		return func() error {
			for range passes {
				c, err := open()
				if err != nil {
					return err
				}
				n, err := kept(ctx, c, files, req, alloc)
				if err == nil && n != int64(t.Config.Entries()) {
					err = fmt.Errorf("%d rows of %d", n, t.Config.Entries())
				}
				if err != nil {
					return err
				}
			}
			return nil
		}
	}
	folder := filepath.Join(dir, "c")
	session, err := cache.Open(folder, 0)
	if err != nil {
		return nil, err
	}
	same := func() (*cache.Cache, error) { return session, nil }
	if err := scan(same, 1)(); err != nil {
		return nil, err
	}
	filled := 0
	samples, err := measure.Alternate(e.Rounds,
		measure.In("cold", scan(func() (*cache.Cache, error) { return nil, nil }, 1)), //nolint:nilnil // no cache is none
		measure.In("again", scan(same, passes)),
		measure.In("files", scan(func() (*cache.Cache, error) { return cache.Open(folder, 0) }, 1)),
		measure.In("fill", scan(func() (*cache.Cache, error) {
			filled++
			return cache.Open(fmt.Sprint(folder, filled), 0)
		}, 1)))
	if err != nil {
		return nil, err
	}
	if n := session.Stats().Misses; n != int64(len(files)) {
		return nil, fmt.Errorf("%d manifests of %d were decoded: the cache is not warm", n, len(files))
	}
	what := t.Config.Name + " " + string(a.q)
	return []Row{
		{Measure: "cache", What: what + ", asked again by a session", Value: passes * measure.Times(samples[0], samples[1]), Unit: "times faster", Limit: 50, AtLeast: true,
			Note: fmt.Sprintf("%.2f ms CPU for %d manifests", float64(samples[1].Whole())/passes/1e6, len(files))},
		{Measure: "cache", What: what + ", asked again by another process", Value: measure.Times(samples[0], samples[2]), Unit: "times faster",
			Note: "from the files alone, " + ms(samples[2].Whole()) + " CPU"},
		{Measure: "cache", What: what + ", the first time", Value: measure.Times(samples[3], samples[0]), Unit: "x without a cache", Note: "decodes and writes"},
	}, nil
}

// far is a store that takes a while to answer; it counts who waits.
type far struct {
	surface.Files
	waiting, most atomic.Int64
}

const latency = 30 * time.Millisecond

func (f *far) Read(ctx context.Context, location string, _ int64) ([]byte, error) {
	n := f.waiting.Add(1)
	defer f.waiting.Add(-1)
	for most := f.most.Load(); n > most && !f.most.CompareAndSwap(most, n); most = f.most.Load() {
	}
	select {
	case <-time.After(latency):
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	return os.ReadFile(location)
}

// storeRows decode T2's manifests from a store that takes 30 ms to answer.
func storeRows(ctx context.Context, e *env) ([]Row, error) {
	t, err := e.table(ctx, tables.T2(max(e.Down, 10)))
	if err != nil {
		return nil, err
	}
	d, err := benchmarks.NewDecoder(t, benchmarks.NarrowQ1(t.Config))
	if err != nil {
		return nil, err
	}
	files, store := d.Manifests(), &far{}
	table := &surface.Table{Location: "s3://w/t/metadata.json", Files: store}
	var entries atomic.Int64
	begun := time.Now()
	err = table.Scans(ctx, files, func(int) (*manifest.Request, error) { return d.Request, nil },
		func(ctx context.Context, _ int, from *cache.Source) error {
			return from.Scan(ctx, nil, func(b arrow.RecordBatch) error { entries.Add(b.NumRows()); return nil })
		})
	if err != nil {
		return nil, err
	}
	took := time.Since(begun)
	if n := entries.Load(); n != int64(t.Config.Entries()) {
		return nil, fmt.Errorf("%d entries of %d", n, t.Config.Entries())
	}
	return []Row{{Measure: "store", What: t.Config.Name + " Q1 from a store that takes 30 ms", Value: float64(store.most.Load()), Unit: "requests in flight", Limit: float64(min(8, len(files))), AtLeast: true,
		Note: fmt.Sprintf("%s by the clock for %d manifests, one after the other would wait %s", ms(took), len(files), ms(time.Duration(len(files))*latency))}}, nil
}
