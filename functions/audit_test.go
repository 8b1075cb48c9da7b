package functions

import (
	"context"
	"strings"
	"testing"

	"psyberg/functions/surface"
)

// auditSQL is the SELECT that an audit writes.
func auditSQL(t *testing.T, w *warehouse, name string, args ...any) string {
	t.Helper()
	for _, q := range Audits(w) {
		if q.Name == "psyberg_audit_"+name {
			for len(args) < len(q.Positional) {
				args = append(args, nil)
			}
			sql, err := q.SQL(context.Background(), surface.Args{Positional: args})
			if err != nil {
				t.Fatalf("%s%v: %v", name, args, err)
			}
			return sql
		}
	}
	t.Fatalf("no audit %s", name)
	return ""
}

// TestAuditsFromMetadataAlone: where counts and bounds tell exactly, no row is
// read; where deletes or missing bounds leave a doubt, only those files are.
func TestAuditsFromMetadataAlone(t *testing.T) {
	t.Parallel()
	w := openWarehouse(t, "spark")
	for _, c := range []struct {
		audit string
		args  []any
		reads string // "" none; else what is read of the table
	}{
		{"counts_match", []any{"conf.wap_publish", "w-left-staged", int64(1)}, ""},
		{"counts_match", []any{"conf.v2_basic", nil, int64(1)}, ""},
		{"counts_match", []any{"conf.ops_mor_v2", nil, int64(1)}, "files"},
		{"counts_match", []any{"conf.ops_mor_unpart", nil, int64(1)}, "files"},
		{"columns_should_not_have_nulls", []any{"conf.types_all", nil, []any{"k", "c_l", "c_s", "c_dec38"}}, ""},
		{"columns_should_not_have_nulls", []any{"conf.types_all", nil, []any{"c_st"}}, "files"},
		{"values_in_range", []any{"conf.types_all", nil, "k", int64(-1 << 62), int64(1 << 62)}, ""},
		{"values_in_range", []any{"conf.types_all", nil, "c_dec38", "-99999999999999999999999999999999999999", "99999999999999999999999999999999999999"}, ""},
		{"values_in_range", []any{"conf.types_all", nil, "c_d", "0001-01-01", "9999-12-31"}, ""},
		{"values_in_range", []any{"conf.types_all", nil, "k", int64(1 << 61), nil}, "files"},
		{"no_missing_hours", []any{"life.raw_signups", nil, "landing_ts", "2023-09-14 00:00", "2023-09-14 01:00"}, ""},
		{"files_per_partition", []any{"life.plan_fact", nil, int64(1)}, ""},
		{"unique_keys", []any{"life.plan_fact", nil, []any{"hour"}}, "all"},
	} {
		sql := auditSQL(t, w, c.audit, c.args...)
		got := ""
		if strings.Contains(sql, "iceberg_rows(") && !strings.Contains(sql, "WHERE false") {
			got = "all"
			if strings.Contains(sql, "files := [") {
				got = "files"
			}
		}
		if strings.Contains(sql, "iceberg_rows(") && !strings.Contains(sql, "snapshot_id := ") {
			t.Errorf("%s%v reads a snapshot that is not pinned:\n%s", c.audit, c.args, sql)
		}
		if c.reads == "files" && got == "" && strings.Contains(sql, "iceberg_rows(") {
			got = "files" // beside a part that has no rows
		}
		if got != c.reads {
			t.Errorf("%s%v reads %q, want %q:\n%s", c.audit, c.args, got, c.reads, sql)
		}
	}
}

// TestAuditsFindWhatIsStaged: by wap.id, by branch, after the publish; and say
// so where they cannot.
func TestAuditsFindWhatIsStaged(t *testing.T) {
	t.Parallel()
	w := openWarehouse(t, "spark")
	for id, want := range map[string]string{"w-left-staged": "", "w-ff": "", "ow-ff": "conf.wap_cherrypick", "del-moved": "conf.wap_cherrypick"} {
		table := "conf.wap_publish"
		if want != "" {
			table = want
		}
		auditSQL(t, w, "counts_match", table, id, int64(1))
	}
	for id, want := range map[string]string{"w-replay": "both carry that wap.id", "w-left": `"w-left-staged"`} {
		q := Audits(w)[0]
		_, err := q.SQL(context.Background(), surface.Args{Positional: []any{"conf.wap_publish", id, int64(1)}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", id, err, want)
		}
	}
	q := Audits(w)[0]
	_, err := q.SQL(context.Background(), surface.Args{Positional: []any{"conf.branch_audit@main", "x", int64(1)}})
	if err == nil || !strings.Contains(err.Error(), "give one of them") {
		t.Errorf("ref and wap_id: %v", err)
	}
}

func TestYieldsCount(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]bool{
		"SELECT count(*) FROM a":                                       true,
		"select COUNT(DISTINCT x) AS n from a, b where y in (1)":       true,
		"FROM a SELECT sum(n)":                                         true,
		"WITH x AS (SELECT 1), y AS (SELECT 2) SELECT count(*) FROM x": true,
		"SELECT coalesce(sum(n), 0) FROM a":                            true,
		"SELECT /* a, b */ count(*) FROM a -- GROUP BY":                true,
		"SELECT count(*), sum(n) FROM a":                               false,
		"SELECT count(*) FROM a GROUP BY b":                            false,
		"SELECT count(*) OVER () FROM a":                               false,
		"SELECT count(*) FROM a UNION ALL SELECT count(*) FROM b":      false,
		"SELECT counted FROM a":                                        false,
		"SELECT 'count(' FROM a":                                       false,
		"FROM a":                                                       false,
		"VALUES (1), (2)":                                              false,
		"SELECT coalesce(a, count) FROM b":                             false,
	} {
		if got := yieldsCount(query); got != want {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
}

// FuzzSourceQuery: a source is any text; what is taken of it is its beginning,
// without a semicolon outside of quotes and brackets.
func FuzzSourceQuery(f *testing.F) {
	for _, s := range []string{"SELECT 1;", "SELECT ';' -- ;\n;;", "SELECT $a$;$a$, \"a;b\" /* ; */", "((((", "')", "$1 $$ $", "SELECT count(*) FROM t;x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		query, err := sourceQuery(text)
		if err != nil {
			return
		}
		if !strings.HasPrefix(text, query) || query == "" {
			t.Fatalf("%q is no beginning of %q", query, text)
		}
		for _, w := range outerWords(query) {
			if w.text == ";" || query[w.at:] == "" {
				t.Fatalf("%q holds %q", query, w.text)
			}
		}
		yieldsCount(query)
	})
}
