package suite

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync"

	"psyberg/benchmarks"
	"psyberg/benchmarks/measure"
	"psyberg/benchmarks/tables"
	"psyberg/engine"
	"psyberg/engine/catalog"
)

// parts are the SQL of a row's hour and batch.
func parts(c tables.Config) string {
	batch := "''"
	if c.Wide {
		batch = "partition.batch_id"
	}
	return "(epoch(partition.landing_date) / 3600)::BIGINT + partition.landing_hour AS hour, " + batch + " AS batch"
}

// q1 asks for partitions, as one would.
func q1(t *tables.Table) string {
	return "SELECT " + parts(t.Config) + ", file_count::BIGINT, total_data_file_size_in_bytes FROM iceberg_partitions(" + engine.QuoteLiteral(t.Metadata) + ")"
}

// q1Files asks for all files and adds them up in SQL.
func q1Files(t *tables.Table) string {
	return "SELECT " + parts(t.Config) + ", count(*), sum(file_size_in_bytes)::BIGINT FROM iceberg_files(" + engine.QuoteLiteral(t.Metadata) + ") GROUP BY ALL"
}

const eventRange = ", count(*), epoch_us(min(bounds.event_ts.min)), epoch_us(max(bounds.event_ts.max)) FROM iceberg_files("

// q2 asks for all files and keeps the last day's: no manifest is left out.
func q2(t *tables.Table) string {
	return "SELECT " + parts(t.Config) + eventRange + engine.QuoteLiteral(t.Metadata) + ", bounds := ['event_ts']) WHERE partition.landing_date = DATE " +
		engine.QuoteLiteral(t.LastDay) + " GROUP BY ALL"
}

// q2Pruned says beforehand which day it wants.
func q2Pruned(t *tables.Table) string {
	return "SELECT " + parts(t.Config) + eventRange + engine.QuoteLiteral(t.Metadata) + ", bounds := ['event_ts'], \"where\" := " +
		engine.QuoteLiteral("landing_date = DATE '"+t.LastDay+"'") + ") GROUP BY ALL"
}

// q3 asks what the last ten snapshots added.
func q3(t *tables.Table) string {
	n := len(t.Snapshots)
	batch := "''"
	if t.Config.Wide {
		batch = "uri->>'batch_id'"
	}
	return "SELECT (epoch((uri->>'landing_date')::DATE) / 3600)::BIGINT + (uri->>'landing_hour')::BIGINT AS hour, " + batch + " AS batch, added_files, epoch_us(min_event_ts), epoch_us(max_event_ts)" +
		fmt.Sprintf(" FROM psyberg_new_partitions(%s, from_snapshot_id := %d, to_snapshot_id := %d)", engine.QuoteLiteral(t.Metadata+"|event_ts"), t.Snapshots[n-11], t.Snapshots[n-1])
}

// read makes partitions of the rows of such a query.
func read(q tables.Question, next func() ([]any, bool)) ([]tables.Partition, error) {
	var out []tables.Partition
	for {
		row, ok := next()
		if !ok {
			return out, nil
		}
		var n []int64
		for i, v := range row {
			if i == 1 {
				continue
			}
			x, err := strconv.ParseInt(fmt.Sprint(v), 10, 64)
			if err != nil {
				return nil, fmt.Errorf("answer %s: column %d: %w", q, i+1, err)
			}
			n = append(n, x)
		}
		p := tables.Partition{Hour: n[0], Batch: fmt.Sprint(row[1]), Files: n[1]}
		if q == tables.Q1 {
			p.Bytes = n[2]
		} else {
			p.First, p.Last = n[2], n[3]
		}
		out = append(out, p)
	}
}

// session opens one on no catalog but bare locations.
func (e *env) session(ctx context.Context) (*engine.Session, error) {
	if err := os.MkdirAll(e.Dir, 0o755); err != nil {
		return nil, err
	}
	return engine.Start(ctx, engine.Config{Catalog: catalog.Config{Dir: e.Dir, Home: e.Dir}, Version: "bench", Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
}

// ask runs a query and compares its answer.
func ask(ctx context.Context, s *engine.Session, t *tables.Table, q tables.Question, sql string) error {
	rows, err := s.Query(ctx, sql)
	if err != nil {
		return err
	}
	defer rows.Close()
	got, err := read(q, func() ([]any, bool) {
		if !rows.Next() {
			return nil, false
		}
		return rows.Row(), true
	})
	if err == nil {
		err = rows.Err()
	}
	if err != nil {
		return err
	}
	return benchmarks.Compare(t, "psyql", q, tables.Digest(q, got))
}

// shared is the session of Ask.
var shared = sync.OnceValues(func() (*engine.Session, error) {
	e := newEnv(Config{Dir: os.TempDir()})
	return e.session(context.Background())
})

// Ask asks Q1 or Q2 of a table, as the measure "sql" does, in a session of this
// process, and compares the answer.
func Ask(ctx context.Context, t *tables.Table, q tables.Question) error {
	s, err := shared()
	if err != nil {
		return err
	}
	if q == tables.Q1 {
		return ask(ctx, s, t, q, q1(t))
	}
	return ask(ctx, s, t, q, q2(t))
}

// asks is a query as a variant: the answer is compared each time, which is
// little beside it.
func asks(ctx context.Context, s *engine.Session, t *tables.Table, q tables.Question, sql string) measure.Variant {
	return measure.In(string(q), func() error { return ask(ctx, s, t, q, sql) })
}

// sqlRounds is by how much more often statements are measured: as a whole, they
// never have the machine for themselves.
const sqlRounds = 2

func sqlRows(ctx context.Context, e *env) ([]Row, error) {
	var rows []Row
	s, err := e.session(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	for _, c := range []struct {
		tables.Config
		limit float64
	}{{tables.T1(e.Down), 1.5}, {tables.T2(e.Down), 2.2}} {
		t, err := e.table(ctx, c.Config)
		if err != nil {
			return rows, err
		}
		queries := []struct {
			q          tables.Question
			name, sql  string
			limit      float64
			everything bool
		}{
			{tables.Q1, "Q1, iceberg_partitions", q1(t), c.limit, true},
			{tables.Q1, "Q1, iceberg_files and GROUP BY", q1Files(t), 0, true},
			{tables.Q2, "Q2, iceberg_files and WHERE", q2(t), c.limit, true},
			{tables.Q2, "Q2, iceberg_files with where :=", q2Pruned(t), 0, false},
		}
		var variants []measure.Variant
		for _, x := range queries {
			variants = append(variants, asks(ctx, s, t, x.q, x.sql))
		}
		samples, limit, err := e.against(sqlRounds*e.Rounds, c.Codec, t.Manifests, variants...)
		if err != nil {
			return rows, err
		}
		for i, x := range queries {
			r := Row{Measure: "sql", What: c.Name + " " + x.name, Value: measure.Times(samples[i], limit), Unit: "x limit", Limit: x.limit,
				Note: fmt.Sprintf("%s CPU, %s by the clock; %s", ms(samples[i].Whole()), ms(samples[i].Clock()), measure.Scatter(samples[i], limit))}
			if !x.everything {
				r.Note += "; the limit is of the whole table, only the last day's manifests are opened"
			}
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// parseCSV reads what psyql printed with --format csv.
func parseCSV(q tables.Question, text string) ([]tables.Partition, error) {
	lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return nil, err
	}
	i := 0 // the first line names the columns
	return read(q, func() ([]any, bool) {
		if i++; i >= len(lines) {
			return nil, false
		}
		var row []any
		for _, v := range lines[i] {
			row = append(row, v)
		}
		return row, true
	})
}
