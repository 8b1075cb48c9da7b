package write_test

import (
	"context"
	"strings"
	"testing"

	"psyberg/engine"
	"psyberg/engine/catalog"
	"psyberg/engine/catalog/committer"
	"psyberg/engine/write"
	"psyberg/functions"
	"psyberg/functions/rows"
	"psyberg/internal/testtables"
)

func TestMain(m *testing.M) { testtables.Main(m) }

// TestWritesToTablesOfOtherEngines: rows of a table that Spark or PyIceberg
// made, written into it once more, and taken out again by a condition that
// cuts through its files.
func TestWritesToTablesOfOtherEngines(t *testing.T) {
	t.Parallel()
	for _, suite := range []string{"spark", "pyiceberg"} {
		dir := testtables.Copy(t, suite, "life")
		f := &fixture{t: t, ctx: context.Background(), dir: dir}
		var err error
		f.c, err = catalog.Open(f.ctx, catalog.Config{URI: "sqlite://" + dir + "/catalog.db", Warehouse: dir, Dir: t.TempDir(), Home: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		f.w = write.New(committer.New(f.c), f.c)
		f.s, err = engine.Open(f.ctx, engine.Options{Handlers: []engine.Handler{f.w}, Functions: append(functions.All(f.c), rows.VectorFunction(f.c))})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _, _ = f.s.Close(), f.c.Close() })
		all, err := f.c.List(f.ctx, "", []string{"life"})
		if err != nil || len(all) == 0 {
			t.Fatalf("%s: %d tables, %v", suite, len(all), err)
		}
		for _, l := range all {
			name := "life." + l.Name
			f.run("CREATE OR REPLACE TEMP TABLE before AS " + f.rows1(name))
			f.run("COPY (FROM before) TO '" + name + "' (FORMAT iceberg)")
			f.wantRows(name, "", "SELECT count(*) = 2 * (SELECT count(*) FROM before), count(*) > 0 FROM $t", "true|true")
			column, value := f.someValue(name)
			f.run(`COPY (SELECT * FROM before WHERE false) TO '` + name + `' (FORMAT iceberg, MODE overwrite, WHERE '` +
				strings.ReplaceAll(column+" = "+value, "'", "''") + `')`)
			got := f.rows(name, "", "SELECT count(*) FROM (FROM $t EXCEPT ALL (SELECT * FROM (FROM before UNION ALL FROM before) WHERE ("+column+" = "+value+") IS NOT TRUE))")
			if got != "0" {
				t.Errorf("%s %s: %s rows too many after %s = %s", suite, name, got, column, value)
			}
			got = f.rows(name, "", "SELECT count(*) FROM (SELECT * FROM (FROM before UNION ALL FROM before) WHERE ("+column+" = "+value+") IS NOT TRUE EXCEPT ALL FROM $t)")
			if got != "0" {
				t.Errorf("%s %s: %s rows too few after %s = %s", suite, name, got, column, value)
			}
		}
	}
}

// rows1 is the SELECT of a table's rows.
func (f *fixture) rows1(name string) string {
	f.t.Helper()
	live, err := f.c.Live(f.ctx, name, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	req, err := live.Scan()
	if err != nil {
		f.t.Fatal(err)
	}
	return f.scan(req)
}

// someValue is a column and one of its values in the table that was before.
func (f *fixture) someValue(name string) (column, literal string) {
	f.t.Helper()
	r, err := f.s.Query(f.ctx, "SELECT column_name FROM duckdb_columns() WHERE table_name = 'before' AND data_type IN ('BIGINT', 'VARCHAR') ORDER BY column_index LIMIT 1")
	if err != nil {
		f.t.Fatal(err)
	}
	if !r.Next() {
		f.t.Fatalf("%s: no column to choose by", name)
	}
	column = engine.QuoteIdent(r.Row()[0].(string))
	_ = r.Close()
	return column, engine.QuoteLiteral(f.run("SELECT max(" + column + ") FROM before"))
}
