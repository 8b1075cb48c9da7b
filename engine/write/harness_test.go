package write_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"psyberg/engine"
	"psyberg/engine/catalog"
	"psyberg/engine/catalog/committer"
	"psyberg/engine/write"
	"psyberg/functions"
	"psyberg/functions/rows"
)

// fixture is a session over an embedded catalog of its own.
type fixture struct {
	t   testing.TB
	ctx context.Context
	dir string
	c   *catalog.Catalogs
	w   *write.Writer
	s   *engine.Session
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	return openFixture(t, t.TempDir())
}

func openFixture(t testing.TB, dir string) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: context.Background(), dir: dir}
	var err error
	if f.c, err = catalog.Open(f.ctx, catalog.Config{Dir: dir, Home: dir}); err != nil {
		t.Fatal(err)
	}
	f.w = write.New(committer.New(f.c), f.c)
	f.s, err = engine.Open(f.ctx, engine.Options{Handlers: []engine.Handler{f.w},
		Functions: append(functions.All(f.c), rows.VectorFunction(f.c))})
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

func (f *fixture) run(sql string) string {
	f.t.Helper()
	got, err := f.try(sql)
	if err != nil {
		f.t.Fatalf("%s: %v", sql, err)
	}
	return got
}

func (f *fixture) want(sql, want string) {
	f.t.Helper()
	if got := f.run(sql); got != want {
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

// rows reads a table, at a snapshot or ref, through DuckDB.
func (f *fixture) rows(name, ref, sel string) string {
	f.t.Helper()
	t, err := f.c.Load(f.ctx, name)
	if err != nil {
		f.t.Fatal(err)
	}
	if ref == "" {
		ref = "main"
	}
	at, ok := t.Meta.Refs[ref]
	if !ok {
		return "no " + ref
	}
	live, err := f.c.LiveAt(f.ctx, name, at.SnapshotID)
	if err != nil {
		f.t.Fatal(err)
	}
	req, err := live.Scan()
	if err != nil {
		f.t.Fatal(err)
	}
	sql, err := rows.SQL(f.ctx, req)
	if err != nil {
		f.t.Fatal(err)
	}
	return f.run(strings.ReplaceAll(sel, "$t", "("+sql+")"))
}

func (f *fixture) wantRows(name, ref, sel, want string) {
	f.t.Helper()
	if got := f.rows(name, ref, sel); got != want {
		f.t.Errorf("%s@%s: %s:\n%s\nwant\n%s", name, ref, sel, got, want)
	}
}
