package suite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"

	"psyberg/benchmarks/measure"
	"psyberg/benchmarks/tables"
)

// Config says what to measure with.
type Config struct {
	Dir    string // of the tables, see tables.Dir
	Down   int    // by how much the tables are smaller; 1 is the real ones
	Rounds int    // how often each variant is measured at least
	Psyql  string // the binary that is run
	// SkipOld leaves out the table whose old part is ten times larger: it takes
	// half an hour and 5 GB to make.
	SkipOld bool
	Only    *regexp.Regexp // measures by name; nil is all
	Log     io.Writer      // what is going on
}

// Row is one measured number beside its limit.
type Row struct {
	Measure string  `json:"measure"`
	What    string  `json:"what"`
	Value   float64 `json:"value"`
	Unit    string  `json:"unit"`
	// Limit that Value must not exceed, or must reach where AtLeast; 0 is none:
	// the row is there to explain another.
	Limit   float64 `json:"limit,omitempty"`
	AtLeast bool    `json:"at_least,omitempty"`
	Note    string  `json:"note,omitempty"`
}

// Verdict is "ok", "missed", or "" where there is no limit.
func (r Row) Verdict() string {
	switch {
	case r.Limit == 0:
		return ""
	case r.AtLeast && r.Value >= r.Limit, !r.AtLeast && r.Value <= r.Limit:
		return "ok"
	}
	return "missed"
}

// measureFunc measures rows of one name.
type measureFunc struct {
	name string
	run  func(context.Context, *env) ([]Row, error)
}

var measures = []measureFunc{
	{"decoder", decoderRows},
	{"all columns", allColumnsRows},
	{"two threads", twoThreadsRows},
	{"codecs", codecRows},
	{"inflater", inflaterRows},
	{"cache", cacheRows},
	{"store", storeRows},
	{"sql", sqlRows},
	{"cold", coldRows},
	{"metadata.json", jsonRows},
	{"memory", memoryRows},
	{"start", startRows},
	{"growth", growthRows},
}

// Names are the measures' names.
func Names() []string {
	var out []string
	for _, m := range measures {
		out = append(out, m.name)
	}
	return out
}

// Run measures everything that c asks for. What cannot be measured is an
// error; the rows of the others are returned with it.
func Run(ctx context.Context, c Config) ([]Row, error) {
	e := newEnv(c)
	defer e.close()
	var rows []Row
	var errs []error
	for _, m := range measures {
		if c.Only != nil && !c.Only.MatchString(m.name) {
			continue
		}
		fmt.Fprintf(c.Log, "measuring: %s (load %s)\n", m.name, measure.Load())
		got, err := m.run(ctx, e)
		rows = append(rows, got...)
		if err := Print(c.Log, got); err != nil {
			return rows, err
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", m.name, err))
			fmt.Fprintf(c.Log, "%s: %v\n", m.name, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return rows, errors.Join(errs...)
}

// env is what the measures share.
type env struct {
	Config
	natives []*measure.Native
	slow    map[string]bool // engines, by codec and name, that were no match for the fastest one
}

func newEnv(c Config) *env { return &env{Config: c, slow: map[string]bool{}} }

func (e *env) close() {
	for _, n := range e.natives {
		_ = n.Close() // every pass was checked
	}
}

func (e *env) table(ctx context.Context, c tables.Config) (*tables.Table, error) {
	return tables.Ensure(ctx, e.Dir, c)
}

// limits are the variants that read and inflate files, nothing else: those of
// this process and the one in C. Where there is the one in C, our own inflater is
// none: a limit that falls when we get faster would measure nothing.
func (e *env) limits(codec string, files []string) ([]measure.Variant, error) {
	var out []measure.Variant
	for _, engine := range measure.Engines(codec) {
		if engine.Name == "compress/flate" || e.slow[codec+engine.Name] {
			continue // not the fastest, and slow enough to matter
		}
		out = append(out, measure.By(engine, files))
	}
	n, err := measure.StartNative(e.Dir, codec, files)
	if errors.Is(err, measure.ErrNative) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	e.natives = append(e.natives, n)
	out = slices.DeleteFunc(out, func(v measure.Variant) bool { return v.Name == measure.Own })
	return append(out, n.Variant()), nil
}

// against runs variants and the limits over files in turn, and returns the
// samples of the variants and that of the fastest limit.
func (e *env) against(rounds int, codec string, files []string, variants ...measure.Variant) ([]measure.Sample, measure.Sample, error) {
	limits, err := e.limits(codec, files)
	if err != nil {
		return nil, measure.Sample{}, err
	}
	samples, err := measure.Alternate(rounds, append(variants, limits...)...)
	if err != nil {
		return nil, measure.Sample{}, err
	}
	ours, all := samples[:len(variants)], samples[len(variants):]
	for _, name := range noMatch(all) {
		e.slow[codec+name] = true
	}
	return ours, measure.Least(all), nil
}

// noMatch names the limits that take half as long again as the fastest one: they
// will not be the fastest on the next table either, and the time is better spent
// on more rounds.
func noMatch(limits []measure.Sample) (names []string) {
	fastest := measure.Least(limits).Limit()
	for _, s := range limits {
		if s.Limit() > fastest*3/2 {
			names = append(names, s.Name)
		}
	}
	return names
}
