package audit_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"psyberg/engine"
	"psyberg/engine/bridge"
	"psyberg/engine/catalog"
	"psyberg/internal/testtables"
)

func TestMain(m *testing.M) { testtables.Main(m) }

// archive is a session on the tables of one engine, read-only.
func archive(t *testing.T, suite string) *fixture {
	t.Helper()
	dir := testtables.Unpack(t, suite)
	s, err := engine.Start(context.Background(), engine.Config{Catalog: catalog.Config{
		URI: "sqlite:///" + filepath.Join(dir, "catalog.db"), PathMaps: []string{"/warehouse/" + suite + "=" + dir}, Dir: t.TempDir(), Home: t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &fixture{t: t, ctx: context.Background(), s: s, c: s.Catalogs()}
}

// TestAuditsAgreeWithTheRows: on every table of both engines, deletes of every
// kind among them, what the audits say from metadata is what the rows say:
// the count, the NULLs of each column, and that no value lies outside of its
// least and greatest.
func TestAuditsAgreeWithTheRows(t *testing.T) {
	t.Parallel()
	for _, suite := range []string{"spark", "pyiceberg"} {
		t.Run(suite, func(t *testing.T) {
			t.Parallel()
			f := archive(t, suite)
			tables, err := f.try(`SELECT table_name FROM iceberg_tables() ORDER BY 1`)
			if err != nil {
				t.Fatal(err)
			}
			checked := 0
			for _, name := range strings.Split(tables, "\n") {
				if f.agrees(name) {
					checked++
				}
			}
			t.Logf("%d tables checked", checked)
			if checked < 40 {
				t.Errorf("only %d tables were checked", checked)
			}
		})
	}
}

func (f *fixture) agrees(name string) bool {
	q := engine.QuoteLiteral
	rows := "iceberg_rows(" + q(name) + ")"
	count, err := f.try("SELECT count(*) FROM " + rows)
	if err != nil {
		f.t.Logf("%s: %v", name, err)
		return false
	}
	f.want("SELECT violation FROM psyberg_audit_counts_match("+q(name)+", NULL, "+count+")", "")
	f.want("SELECT target_rows FROM psyberg_audit_counts_match("+q(name)+", NULL, -1)", count)
	r, err := f.s.Query(f.ctx, "FROM "+rows+" LIMIT 0")
	if err != nil {
		f.t.Fatal(err)
	}
	columns := slices.Clone(r.Columns())
	r.Close()
	var parts, counts []string
	for _, c := range columns {
		parts, counts = append(parts, q(c.Name)), append(counts, "count(*) - count("+engine.QuoteIdent(c.Name)+")")
	}
	found, err := f.try("SELECT " + strings.Join(counts, ", ") + " FROM " + rows)
	if err != nil {
		f.t.Errorf("%s: %v", name, err)
		return false
	}
	var nulls []string
	for i, n := range strings.Split(found, "|") {
		if n != "0" {
			nulls = append(nulls, columns[i].Name+"|"+n)
		}
	}
	slices.Sort(nulls)
	f.want(fmt.Sprintf("SELECT column_name || '|' || sum(nulls) AS n FROM psyberg_audit_columns_should_not_have_nulls(%s, NULL, [%s]) GROUP BY column_name ORDER BY 1", q(name), strings.Join(parts, ", ")),
		strings.Join(nulls, "\n"))
	// One column a table: over all tables every type has its turn.
	f.inRange(name, rows, columns[len(name)%len(columns)])
	return true
}

// inRange asks for the range of a column's own values, and for one that its
// greatest value does not lie in.
func (f *fixture) inRange(name, rows string, c engine.Column) {
	if !slices.Contains([]bridge.Kind{bridge.KindInt, bridge.KindDecimal, bridge.KindText, bridge.KindDate, bridge.KindTimestamp, bridge.KindTimestampTZ}, c.Type.Kind) {
		return
	}
	col := engine.QuoteIdent(c.Name)
	f.run("SET VARIABLE low = (SELECT min("+col+") FROM "+rows+")", "SET VARIABLE high = (SELECT max("+col+") FROM "+rows+")")
	call := fmt.Sprintf("SELECT count(*) FROM psyberg_audit_values_in_range(%s, NULL, %s, getvariable('low'), %%s)", engine.QuoteLiteral(name), engine.QuoteLiteral(c.Name))
	some, err := f.try("SELECT getvariable('low') IS NOT NULL")
	if err != nil || some != "true" {
		return
	}
	f.want(fmt.Sprintf(call, "getvariable('high')"), "0")
	above, err := f.try("SELECT count(*) FROM " + rows + " WHERE " + col + " > getvariable('low')")
	if err != nil {
		f.t.Errorf("%s: %v", name, err)
	}
	f.want(fmt.Sprintf(call, "getvariable('low')"), above)
}
