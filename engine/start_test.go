package engine

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"psyberg/engine/catalog"
	"psyberg/functions/surface"
	"psyberg/internal/testtables"
)

func TestMain(m *testing.M) { testtables.Main(m) }

// startOn opens the archive of a suite where it was unpacked, read-only.
func startOn(t testing.TB, suite string) *Session {
	t.Helper()
	dir := testtables.Unpack(t, suite)
	s, err := Start(context.Background(), Config{Catalog: catalog.Config{
		URI:      "sqlite:///" + filepath.Join(dir, "catalog.db"),
		PathMaps: []string{"/warehouse/" + suite + "=" + dir},
		Dir:      t.TempDir(), Home: t.TempDir(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// TestStart: the functions on the tables of both engines, through SQL.
func TestStart(t *testing.T) {
	t.Parallel()
	for suite, want := range map[string]string{
		"spark":     "12|12",
		"pyiceberg": "5|5",
	} {
		s := startOn(t, suite)
		got := mustAsk(t, s, "SELECT count(*), count(snapshot_id) FROM iceberg_snapshots('life.signup_fact')")
		if got != want {
			t.Errorf("%s: %s snapshots, want %s", suite, got, want)
		}
		_, err := ask(s, "FROM iceberg_snapshots('life.signup_fct')")
		if err == nil || !strings.Contains(err.Error(), "signup_fact") {
			t.Errorf("%s: unknown table: %v", suite, err)
		}
		if s.Catalogs() == nil {
			t.Error("no catalogs")
		}
	}
}

// TestStartedSessionWrites: CREATE, COPY and reading back, at the embedded default.
func TestStartedSessionWrites(t *testing.T) {
	t.Parallel()
	s, err := Start(context.Background(), Config{Catalog: catalog.Config{Dir: t.TempDir(), Home: t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	mustAsk(t, s, "CREATE TABLE ns.t (id BIGINT, day DATE) USING iceberg PARTITIONED BY (day)")
	if got := mustAsk(t, s, "COPY (SELECT i AS id, DATE '2023-09-14' + (i % 2)::INTEGER AS day FROM range(10) t(i)) TO 'ns.t' (FORMAT iceberg)"); got != "10" {
		t.Errorf("COPY: %s", got)
	}
	if got := mustAsk(t, s, "SELECT count(*), sum(id), count(DISTINCT day) FROM iceberg_rows('ns.t')"); got != "10|45|2" {
		t.Errorf("rows: %s", got)
	}
	if got := mustAsk(t, s, "SELECT partition_path, added_records FROM psyberg_new_partitions('ns.t')"); got != "day=2023-09-14|5\nday=2023-09-15|5" {
		t.Errorf("new partitions: %s", got)
	}
	mustAsk(t, s, "DROP TABLE ns.t USING iceberg")
	if _, err := ask(s, "FROM iceberg_rows('ns.t')"); err == nil {
		t.Error("a dropped table has rows")
	}
}

// TestPushdown: what a query asks of iceberg_rows reaches the Parquet scan.
func TestPushdown(t *testing.T) {
	t.Parallel()
	s := startOn(t, "spark")
	plan := mustAsk(t, s, "EXPLAIN SELECT plan FROM iceberg_rows('life.signup_fact') WHERE customer_id = 7")
	for _, want := range []string{"READ_PARQUET", "Filters:", "customer_id=7"} {
		if !strings.Contains(plan, want) {
			t.Errorf("EXPLAIN lacks %q:\n%s", want, plan)
		}
	}
	if strings.Contains(plan, "event_ts") {
		t.Errorf("EXPLAIN reads columns that nobody asked for:\n%s", plan)
	}
}

// TestSurfaceIsComplete: every function that the contract names is there, with
// what \\df+ prints.
func TestSurfaceIsComplete(t *testing.T) {
	t.Parallel()
	s, err := Start(context.Background(), Config{Catalog: catalog.Config{Dir: t.TempDir(), Home: t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	there := map[string]bool{}
	check := func(name, doc string, args []surface.Arg) {
		there[name] = true
		if first, _, _ := strings.Cut(doc, "\n"); !strings.HasSuffix(strings.TrimSpace(first), ".") && !strings.Contains(first, ". ") {
			t.Errorf("%s: its documentation does not begin with a sentence: %q", name, first)
		}
		for _, a := range args {
			if a.Doc == "" {
				t.Errorf("%s: argument %s has no documentation", name, a.Name)
			}
		}
	}
	for _, f := range s.Functions() {
		check(f.Name, f.Doc, append(append([]surface.Arg{}, f.Positional...), f.Named...))
	}
	for _, q := range s.Queries() {
		check(q.Name, q.Doc, append(append([]surface.Arg{}, q.Positional...), q.Named...))
	}
	for _, name := range strings.Fields(`
		iceberg_tables iceberg_snapshots iceberg_history iceberg_refs iceberg_metadata_log_entries iceberg_properties iceberg_schemas
		iceberg_partition_specs iceberg_manifests iceberg_entries iceberg_files iceberg_partitions iceberg_changes iceberg_rows
		psyberg_window psyberg_new_partitions psyberg_stateful_range psyberg_iterations psyberg_files psyberg_late psyberg_why
		psyberg_expiry_floor psyberg_publish_preflight psyberg_init psyberg_publish psyberg_commit psyberg_discard
		psyberg_audit_counts_match psyberg_audit_no_missing_hours psyberg_audit_columns_should_not_have_nulls
		psyberg_audit_values_in_range psyberg_audit_unique_keys psyberg_audit_no_missing_events psyberg_audit_files_per_partition`) {
		if !there[name] {
			t.Errorf("%s is not there", name)
		}
	}
}
