package audit_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"psyberg/engine"
	"psyberg/engine/bridge"
	"psyberg/engine/catalog"
	"psyberg/engine/catalog/committer"
	"psyberg/engine/state"
	"psyberg/engine/write"
	"psyberg/functions"
	"psyberg/functions/rows"
	"psyberg/functions/surface"
)

// fixture is a session over an embedded catalog of its own.
type fixture struct {
	t   testing.TB
	ctx context.Context
	dir string
	c   *catalog.Catalogs
	s   *engine.Session

	store *state.Store // sessionFixture
}

func newFixture(t testing.TB, more ...func(*fixture) []*surface.Function) *fixture {
	t.Helper()
	dir := t.TempDir()
	f := &fixture{t: t, ctx: context.Background(), dir: dir}
	var err error
	if f.c, err = catalog.Open(f.ctx, catalog.Config{Dir: dir, Home: dir}); err != nil {
		t.Fatal(err)
	}
	fns := append(functions.All(f.c), rows.VectorFunction(f.c))
	for _, m := range more {
		fns = append(fns, m(f)...)
	}
	f.s, err = engine.Open(f.ctx, engine.Options{
		Handlers:  []engine.Handler{write.New(committer.New(f.c), f.c)},
		Functions: fns,
		Queries:   append([]*surface.Query{functions.Rows(f.c)}, functions.Audits(f.c)...),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.s.Close(); err != nil {
			t.Error(err)
		}
		if err := f.c.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// try runs a statement and returns its rows as text: values by '|', rows by newlines.
func (f *fixture) try(sql string) (string, error) {
	r, err := f.s.Query(f.ctx, sql)
	if err != nil {
		return "", err
	}
	defer r.Close()
	var out []string
	for r.Next() {
		parts := make([]string, len(r.Row()))
		for i, v := range r.Row() {
			parts[i] = fmt.Sprint(v)
		}
		out = append(out, strings.Join(parts, "|"))
	}
	return strings.Join(out, "\n"), r.Err()
}

func (f *fixture) run(sql ...string) {
	f.t.Helper()
	for _, s := range sql {
		if _, err := f.try(s); err != nil {
			f.t.Fatalf("%s: %v", s, err)
		}
	}
}

func (f *fixture) want(sql, want string) {
	f.t.Helper()
	got, err := f.try(sql)
	if err != nil {
		f.t.Errorf("%s: %v", sql, err)
	} else if got != want {
		f.t.Errorf("%s:\n%s\nwant\n%s", sql, got, want)
	}
}

func (f *fixture) fails(sql string, words ...string) {
	f.t.Helper()
	_, err := f.try(sql)
	if err == nil {
		f.t.Errorf("%s: no error, want %q", sql, words)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			f.t.Errorf("%s: error %q lacks %q", sql, err, w)
		}
	}
}

func (i inner) Inner(ctx context.Context, q string) (bridge.Rows, error) { return i.f.s.Inner(ctx, q) }

// meddler stages something else while the first audit runs.
type meddler struct {
	f    *fixture
	done bool
}

func (m *meddler) Inner(ctx context.Context, q string) (bridge.Rows, error) {
	if !m.done {
		m.done = true
		if _, err := m.f.c.Discard(ctx, "ns.t", "s1"); err != nil {
			return nil, err
		}
		m.f.run(`COPY (SELECT 1::BIGINT AS id, TIMESTAMPTZ '2023-09-14 03:10:00+00' AS event_ts, 1.0 AS amount, 'x' AS name, NULL AS info) TO 'ns.t' (FORMAT iceberg, WAP_ID 's1')`)
	}
	return m.f.s.Inner(ctx, q)
}

func containsAll(s string, words ...string) bool {
	for _, w := range words {
		if !strings.Contains(s, w) {
			return false
		}
	}
	return true
}
