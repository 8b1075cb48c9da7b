package write

import (
	"errors"
	"testing"
)

// TestWrappedStatements: EXPLAIN and PREPARE of our own statements are refused
// in words that help; all others are DuckDB's.
func TestWrappedStatements(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		sql, want string // "" is DuckDB's
		at        int
	}{
		{"EXPLAIN COPY (SELECT 1) TO 'ns.t' (FORMAT iceberg)", "EXPLAIN of a COPY that writes an Iceberg table is not supported: EXPLAIN its query", 8},
		{"explain analyze copy (SELECT 1) TO 'ns.t' (FORMAT iceberg)", "EXPLAIN of a COPY that writes an Iceberg table is not supported: EXPLAIN its query", 16},
		{"/* x */ EXPLAIN (FORMAT json) DROP TABLE ns.t USING iceberg", "EXPLAIN of a DROP that writes an Iceberg table is not supported: run the statement itself", 30},
		{"PREPARE p AS CREATE TABLE ns.t (id INT) USING iceberg", "PREPARE of a CREATE that writes an Iceberg table is not supported: run the statement itself", 13},
		{"PREPARE p AS COPY (SELECT ?) TO 'ns.t' (FORMAT iceberg)", "PREPARE of a COPY that writes an Iceberg table is not supported: run the statement itself", 13},
		{"EXPLAIN COPY (SELECT 1) TO 'x.parquet'", "", 0},
		{"EXPLAIN SELECT 'copy'", "", 0},
		{"EXPLAIN", "", 0},
		{"PREPARE p AS", "", 0},
		{"PREPARE p", "", 0},
		{"EXPLAIN (", "", 0},
		{"EXPLAIN 'open", "", 0},
	} {
		_, ours, err := Parse(tt.sql)
		if ours != (tt.want != "") || ours != (err != nil) {
			t.Errorf("%s: ours %v, %v", tt.sql, ours, err)
			continue
		}
		at := (*SyntaxError)(nil)
		if err != nil && (err.Error() != tt.want || !errors.As(err, &at) || at.At != tt.at) {
			t.Errorf("%s: %v at %+v, want at %d", tt.sql, err, at, tt.at)
		}
	}
}
