package engine

import (
	"fmt"
	"strings"
	"testing"
)

// metadataFunctions are called on every table of both archives.
var metadataFunctions = []string{
	"iceberg_snapshots(%s)", "iceberg_history(%s)", "iceberg_refs(%s)", "iceberg_metadata_log_entries(%s)", "iceberg_properties(%s)",
	"iceberg_schemas(%s)", "iceberg_partition_specs(%s)", "iceberg_manifests(%s)", "iceberg_manifests(%s, all_snapshots := true)",
	"iceberg_entries(%s)", "iceberg_entries(%s, all_snapshots := true)", "iceberg_files(%s)", "iceberg_partitions(%s)", "iceberg_changes(%s, NULL, NULL)",
}

// TestMetadataFunctionsThroughSQL: every column of every metadata function of
// every table arrives in DuckDB (whatever types its partitions and bounds
// have), and as many rows as count(*) says, which asks for no column.
func TestMetadataFunctionsThroughSQL(t *testing.T) {
	t.Parallel()
	for _, suite := range []string{"spark", "pyiceberg"} {
		s := startOn(t, suite)
		names := strings.Split(mustAsk(t, s, "SELECT table_name FROM iceberg_tables()"), "\n")
		if len(names) < 57 {
			t.Fatalf("%s: %d tables", suite, len(names))
		}
		for _, name := range names {
			if name == "conf.many_manifests" || name == "conf.many_snapshots" {
				continue // many rows of few kinds
			}
			var whole, bare []string
			for _, f := range metadataFunctions {
				from := fmt.Sprintf(f, QuoteLiteral(name))
				// The hash reads every value of every column.
				whole = append(whole, "SELECT count(hash(r)) FROM "+from+" r")
				bare = append(bare, "SELECT count(*) FROM "+from)
			}
			if got, want := mustAsk(t, s, strings.Join(whole, " UNION ALL ")), mustAsk(t, s, strings.Join(bare, " UNION ALL ")); got != want {
				t.Errorf("%s %s: rows %q, count(*) %q", suite, name, got, want)
			}
		}
	}
}

// TestMetadataArguments: as a user writes them.
func TestMetadataArguments(t *testing.T) {
	t.Parallel()
	s := startOn(t, "spark")
	for _, tc := range []struct{ sql, want string }{
		{"SELECT count(*), sum(record_count) FROM iceberg_files('life.signup_fact', \"where\" := 'landing_date = ''2023-09-13''')", "4|" + mustAsk(t, s, "SELECT count(*) FROM iceberg_rows('life.signup_fact') WHERE landing_date = '2023-09-13'")},
		{"SELECT bounds.i.min, bounds.i.max, bounds.i.nulls, bounds.i.files_without_bounds, typeof(bounds.i.min) FROM iceberg_partitions('conf.schema_evolve', bounds := ['i'])", "-9068189282640454605|6838694021158528573|6|0|BIGINT"},
		{"SELECT count(*) FROM iceberg_files('conf.ops_eqdel', content := 'deletes', \"where\" := $$cat = 'a'$$)", "4"},
		{"SELECT count(DISTINCT snapshot_id) FROM iceberg_changes('life.signup_fact', NULL, NULL, \"where\" := 'hour >= 20')", "4"},
		{"SELECT count(*) FROM iceberg_files('life.signup_fact', \"where\" := NULL, bounds := NULL, content := NULL, ref := NULL)", "12"},
		{"SELECT count(*) FROM iceberg_entries('life.signup_fact', as_of := '2100-01-01'::TIMESTAMPTZ)", "12"},
	} {
		if got := mustAsk(t, s, tc.sql); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.sql, got, tc.want)
		}
	}
}

// TestNamespaceNamedAsTheCatalog: PyIceberg's catalog "conf" has a namespace
// conf; a name that is a table's is not cut to one of the catalog.
func TestNamespaceNamedAsTheCatalog(t *testing.T) {
	t.Parallel()
	s := startOn(t, "pyiceberg")
	for _, name := range []string{`conf.deep.er."weird tbl"`, `conf.deep.er.weird tbl`, `conf.conf.deep.er."weird tbl"`, `local.conf.deep.er."weird tbl"`, `conf.conf.v1_basic`} {
		if got := mustAsk(t, s, "SELECT count(*) > 0 FROM iceberg_snapshots("+QuoteLiteral(name)+")"); got != "true" {
			t.Errorf("%s: %s", name, got)
		}
	}
}
