package write_test

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"psyberg/engine/bridge"

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

// noLeftovers checks that the data files on disk are those that snapshots name.
func (f *fixture) noLeftovers(name string) {
	f.t.Helper()
	t, err := f.c.Load(f.ctx, name)
	if err != nil {
		f.t.Fatal(err)
	}
	named := map[string]bool{}
	for _, p := range strings.Split(f.run("SELECT DISTINCT file_path FROM iceberg_files("+engine.QuoteLiteral(name)+", all_snapshots := true)"), "\n") {
		named[strings.TrimPrefix(p, "file://")] = true
	}
	root := strings.TrimPrefix(t.Meta.Location, "file://") + "/data"
	err = filepath.WalkDir(root, func(p string, d os.DirEntry, err error) error {
		if err == nil && (!d.IsDir() && !named[p] || strings.HasPrefix(d.Name(), ".psyberg")) {
			f.t.Errorf("%s is left over", p)
		}
		return nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

func positionOf(err error) int {
	if e := (*bridge.Error)(nil); errors.As(err, &e) {
		return e.Position
	}
	return -1
}

// setSortOrder gives a table the order id desc nulls last, s asc nulls first.
func (f *fixture) setSortOrder(name string) {
	f.t.Helper()
	tbl, err := f.c.OpenTable(f.ctx, name)
	if err != nil {
		f.t.Fatal(err)
	}
	col := func(name string) int {
		field, ok := tbl.Schema().FindFieldByName(name)
		if !ok {
			f.t.Fatalf("no column %s", name)
		}
		return field.ID
	}
	order, err := table.NewSortOrder(1, []table.SortField{
		{SourceIDs: []int{col("id")}, Transform: iceberg.IdentityTransform{}, Direction: table.SortDESC, NullOrder: table.NullsLast},
		{SourceIDs: []int{col("s")}, Transform: iceberg.IdentityTransform{}, Direction: table.SortASC, NullOrder: table.NullsFirst},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	tx := tbl.NewTransaction()
	if err := tx.ReplaceSortOrder(order); err != nil {
		f.t.Fatal(err)
	}
	if _, err := tx.Commit(f.ctx); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) scan(req rows.Request) string {
	f.t.Helper()
	sql, err := rows.SQL(f.ctx, req)
	if err != nil {
		f.t.Fatal(err)
	}
	return sql
}
