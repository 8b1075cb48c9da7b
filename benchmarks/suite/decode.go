package suite

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"psyberg/benchmarks"
	"psyberg/benchmarks/measure"
	"psyberg/benchmarks/tables"
	"psyberg/functions/manifest"
)

// asked is a question as the decoder is asked for it.
type asked struct {
	q       tables.Question
	request func(tables.Config) *manifest.Request
}

var narrow = []asked{{tables.Q1, benchmarks.NarrowQ1}, {tables.Q2, benchmarks.NarrowQ2}}

// whole is a decoder's pass as a variant whose files are not measured one by one.
func whole(ctx context.Context, name string, d *benchmarks.Decoder) measure.Variant {
	return measure.In(name, func() error { _, err := d.Pass(ctx, nil); return err })
}

// perEntry says what a pass over n entries needs, what of it is garbage collection
// and the like, and how much whole passes differ.
func perEntry(s, limit measure.Sample, n int) string {
	return fmt.Sprintf("%.0f ns CPU/entry, %.1f of it beside the manifests; %s", float64(s.Needs())/float64(n), float64(s.Rest())/float64(n), measure.Scatter(s, limit))
}

// compared makes a decoder for a question after the answer was found right. It
// decodes into memory that is used again, as iceberg_files and the like do.
func compared(ctx context.Context, t *tables.Table, a asked) (*benchmarks.Decoder, error) {
	r := a.request(t.Config)
	d, err := benchmarks.NewDecoder(t, benchmarks.NarrowQ2(t.Config)) // its columns do for both
	if err != nil {
		return nil, err
	}
	got, err := d.Answer(ctx, a.q)
	if err != nil {
		return nil, err
	}
	d.Request, d.Alloc = r, &manifest.Memory{}
	return d, benchmarks.Compare(t, "the decoder", a.q, got)
}

func decoderRows(ctx context.Context, e *env) ([]Row, error) {
	var rows []Row
	for _, c := range []struct {
		tables.Config
		limit float64
	}{{tables.T1(e.Down), 1.2}, {tables.T2(e.Down), 1.35}, {tables.T3(e.Down), 1.1}} {
		t, err := e.table(ctx, c.Config)
		if err != nil {
			return rows, err
		}
		var variants []measure.Variant
		for _, a := range narrow {
			d, err := compared(ctx, t, a)
			if err != nil {
				return rows, err
			}
			variants = append(variants, d.Variant(ctx, string(a.q)))
		}
		samples, limit, err := e.against(e.Rounds, c.Codec, t.Manifests, variants...)
		if err != nil {
			return rows, err
		}
		n := float64(c.Entries())
		rows = append(rows, Row{Measure: "decoder", What: c.Name + ": the limit", Value: float64(limit.Limit()) / n, Unit: "ns CPU/entry",
			Note: fmt.Sprintf("%s; %d entries, %.0f MB of manifests", limit.Name, c.Entries(), float64(t.Bytes)/1e6)})
		for i, s := range samples {
			rows = append(rows, Row{Measure: "decoder", What: c.Name + " " + variants[i].Name, Value: measure.Times(s, limit), Unit: "x limit", Limit: c.limit,
				Note: perEntry(s, limit, c.Entries())})
		}
		for i, s := range samples {
			rows = append(rows, Row{Measure: "decoder", What: c.Name + " " + variants[i].Name + ": allocations", Value: s.Allocs() / n, Unit: "per entry", Limit: 0.1})
		}
	}
	return rows, nil
}

func allColumnsRows(ctx context.Context, e *env) ([]Row, error) {
	c := tables.T1(e.Down)
	t, err := e.table(ctx, c)
	if err != nil {
		return nil, err
	}
	fresh, err := compared(ctx, t, asked{tables.Q2, benchmarks.Everything})
	if err != nil {
		return nil, err
	}
	reused := *fresh
	fresh.Alloc = nil
	samples, limit, err := e.against(e.Rounds, c.Codec, t.Manifests, reused.Variant(ctx, "reused"), fresh.Variant(ctx, "fresh"))
	if err != nil {
		return nil, err
	}
	return []Row{
		{Measure: "all columns", What: c.Name + ", reused memory", Value: measure.Times(samples[0], limit), Unit: "x limit", Limit: 1.7, Note: perEntry(samples[0], limit, c.Entries())},
		{Measure: "all columns", What: c.Name + ", fresh memory", Value: measure.Times(samples[1], limit), Unit: "x limit", Limit: 2.0, Note: perEntry(samples[1], limit, c.Entries())},
	}, nil
}

// twoRounds is by how much more often two threads are measured: by the clock and
// as a whole, when both cores have to be free at once.
const twoRounds = 3

func twoThreadsRows(ctx context.Context, e *env) ([]Row, error) {
	var rows []Row
	for _, c := range []tables.Config{tables.T1(e.Down), tables.T2(e.Down)} {
		t, err := e.table(ctx, c)
		if err != nil {
			return rows, err
		}
		one, err := compared(ctx, t, narrow[0])
		if err != nil {
			return rows, err
		}
		halves := []*benchmarks.Decoder{one.Half(0), one.Half(1)}
		samples, err := measure.Alternate(twoRounds*e.Rounds, whole(ctx, "one", one), measure.In("two", func() error {
			var wg sync.WaitGroup
			errs := make([]error, 2)
			for i, d := range halves {
				wg.Go(func() { _, errs[i] = d.Pass(ctx, nil) })
			}
			wg.Wait()
			return errors.Join(errs...)
		}))
		if err != nil {
			return rows, err
		}
		rows = append(rows, Row{Measure: "two threads", What: c.Name + " Q1, against one", Value: float64(samples[0].Clock()) / float64(samples[1].Clock()), Unit: "times faster",
			Limit: 1.8, AtLeast: true, Note: fmt.Sprintf("by the clock: a loaded machine has no second core to give; medians %.2f; CPU time grows %.2f-fold",
				float64(samples[0].Wall())/float64(samples[1].Wall()), measure.Times(samples[1], samples[0]))})
	}
	return rows, nil
}

// codecRounds is by how much more often codecs are measured: of a tenth of a table
// a pass is short, and has few files to meet a quiet moment with.
const codecRounds = 2

// unlimited is why long tables that are not compressed have no limit: it is one for
// the wide table's entries, which the prototypes were measured with.
const unlimited = "no limit: to map and unmap the pages of entries so short costs two thirds of what it costs to copy them, before any is looked at; "

func codecRows(ctx context.Context, e *env) ([]Row, error) {
	var rows []Row
	for _, codec := range codecs {
		for _, c := range codecTables(e.Down, codec) {
			t, err := e.table(ctx, c)
			if err != nil {
				return rows, err
			}
			d, err := compared(ctx, t, narrow[0])
			if err != nil {
				return rows, err
			}
			samples, limit, err := e.against(codecRounds*e.Rounds, codec, t.Manifests, d.Variant(ctx, "Q1"))
			if err != nil {
				return rows, err
			}
			row := Row{Measure: "codecs", What: c.Name + " Q1", Value: measure.Times(samples[0], limit), Unit: "x limit", Limit: 1.3,
				Note: fmt.Sprintf("limit %.0f ns CPU/entry (%s); %s", float64(limit.Limit())/float64(c.Entries()), limit.Name, perEntry(samples[0], limit, c.Entries()))}
			if codec == tables.Null && !c.Wide {
				row.Limit = 0
				row.Note = unlimited + row.Note
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}
