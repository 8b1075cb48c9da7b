package audit_test

import (
	"testing"

	"psyberg/functions/surface"
)

// stagedFixture has a target with the events of hours 0 to 2 on main, and on
// top of it, staged as s1: hours 3 and 5, with a NULL, a value out of range
// and a key that main has.
func stagedFixture(t *testing.T, more ...func(*fixture) []*surface.Function) *fixture {
	f := newFixture(t, more...)
	f.run(
		`CREATE TABLE ns.t (id BIGINT, event_ts TIMESTAMPTZ, amount DOUBLE, name VARCHAR, info STRUCT(kind VARCHAR)) USING iceberg PARTITIONED BY (hours(event_ts))`,
		`COPY (SELECT i AS id, TIMESTAMPTZ '2023-09-14 00:00:00+00' + INTERVAL 1 HOUR * (i % 3) + INTERVAL 10 MINUTE AS event_ts, i::DOUBLE AS amount, 'n' || i AS name, {'kind': 'a'} AS info
		   FROM range(9) r(i)) TO 'ns.t' (FORMAT iceberg)`,
		`COPY (SELECT * FROM (VALUES
		     (9::BIGINT, TIMESTAMPTZ '2023-09-14 03:10:00+00', 1.0::DOUBLE, 'x', {'kind': 'a'}),
		     (10, TIMESTAMPTZ '2023-09-14 03:59:59.999999+00', 2.5, NULL, {'kind': NULL}),
		     (3, TIMESTAMPTZ '2023-09-14 05:00:00+00', 100.5, 'y', NULL)) v(id, event_ts, amount, name, info)) TO 'ns.t' (FORMAT iceberg, WAP_ID 's1')`,
	)
	return f
}

func TestCountsMatch(t *testing.T) {
	t.Parallel()
	f := stagedFixture(t)
	for _, ok := range []string{`3`, `'3'`, `'SELECT count(*) FROM range(3)'`, `'SELECT * FROM range(3); -- three'`, `'WITH a AS (SELECT 1), b AS (SELECT 2) SELECT sum(n) FROM (VALUES (1), (2)) v(n)'`,
		`'SELECT coalesce(sum(record_count), 0) FROM iceberg_files(''ns.t'') WHERE record_count = 3 LIMIT 1' , "where" := 'true and id < 9 and event_ts < timestamptz ''2023-09-14 03:00:00+00'''`} {
		f.want(`FROM psyberg_audit_counts_match('ns.t', 's1', `+ok+`)`, ``)
	}
	f.want(`FROM psyberg_audit_counts_match('ns.t', 's1', 4)`, `the source has 4 rows, the target 3|4|3`)
	f.want(`FROM psyberg_audit_counts_match('ns.t', NULL, 4)`, `the source has 4 rows, the target 9|4|9`)
	f.want(`FROM psyberg_audit_counts_match('ns.t', 's1', 'SELECT count(*) FROM range(0)')`, `the source has 0 rows, the target 3|0|3`)
	f.want(`FROM psyberg_audit_counts_match('ns.t', 's1', 'SELECT sum(x) FROM (SELECT 1 AS x WHERE false)')`, `the source has 0 rows, the target 3|0|3`)
	// Of a query that is no count the rows are counted, also where it is one row.
	f.want(`FROM psyberg_audit_counts_match('ns.t', 's1', 'SELECT 3')`, `the source has 1 rows, the target 3|1|3`)
	f.want(`FROM psyberg_audit_counts_match('ns.t', 's1', 'SELECT count(*) FROM range(3) GROUP BY 1=1')`, `the source has 1 rows, the target 3|1|3`)
	f.fails(`FROM psyberg_audit_counts_match('ns.t', 's1', 'SELECT 1; SELECT 2')`, "more than one statement")
	f.fails(`FROM psyberg_audit_counts_match('ns.t', 's1', NULL)`, "source")
	f.fails(`FROM psyberg_audit_counts_match('ns.t', 's2', 3)`, "no snapshot carries that wap.id", "s1")
	f.fails(`FROM psyberg_audit_counts_match('ns.x', 's1', 3)`, "ns.x")
}

func TestColumnsShouldNotHaveNulls(t *testing.T) {
	t.Parallel()
	f := stagedFixture(t)
	f.want(`FROM psyberg_audit_columns_should_not_have_nulls('ns.t', 's1', ['id', 'event_ts'])`, ``)
	f.want(`SELECT regexp_replace(violation, ' of file.*', ''), column_name, file_path LIKE '%event_ts_hour=2023-09-14-03%', nulls FROM psyberg_audit_columns_should_not_have_nulls('ns.t', 's1', ['id', 'name'])`,
		`column "name" is NULL in 1 rows|name|true|1`)
	f.want(`SELECT column_name, nulls FROM psyberg_audit_columns_should_not_have_nulls('ns.t', 's1', ['info.kind']) ORDER BY ALL`, "info.kind|1\ninfo.kind|1")
	// A struct has no counts of its own: its rows are read.
	f.want(`FROM psyberg_audit_columns_should_not_have_nulls('ns.t', 's1', ['info'])`, `column "info" is NULL in 1 rows|info|<nil>|1`)
	f.want(`FROM psyberg_audit_columns_should_not_have_nulls('ns.t', NULL, ['name', 'info', 'info.kind'])`, ``)
	f.fails(`FROM psyberg_audit_columns_should_not_have_nulls('ns.t', 's1', ['nam'])`, `no column "nam"`, "name")
	f.fails(`FROM psyberg_audit_columns_should_not_have_nulls('ns.t', 's1', [])`, "no column is named")
}

func TestValuesInRange(t *testing.T) {
	t.Parallel()
	f := stagedFixture(t)
	for _, ok := range []string{`'amount', 0, 200`, `'amount', 1, 100.5`, `'amount', 1.0, NULL`, `'amount', -1e300::DOUBLE`, `'id', 3, 10`,
		`'event_ts', '2023-09-14 03:10', '2023-09-14T05:00:00Z'`, `'event_ts', DATE '2023-09-14', TIMESTAMPTZ '2023-09-14 05:00:00+00'`, `'name', 'x', 'y'`} {
		f.want(`SELECT violation FROM psyberg_audit_values_in_range('ns.t', 's1', `+ok+`)`, ``)
	}
	f.want(`SELECT violation, value, id, name FROM psyberg_audit_values_in_range('ns.t', 's1', 'amount', 0, 100)`, `amount = 100.5 is outside of [0, 100]|100.5|3|y`)
	f.want(`SELECT violation, id FROM psyberg_audit_values_in_range('ns.t', 's1', 'amount', 1.5, NULL)`, `amount = 1.0 is outside of [1.5, infinity]|9`)
	f.want(`SELECT violation FROM psyberg_audit_values_in_range('ns.t', 's1', 'event_ts', '2023-09-14 03:30')`, `event_ts = 2023-09-14 03:10:00+00 is outside of [2023-09-14T03:30:00Z, infinity]`)
	f.want(`SELECT violation FROM psyberg_audit_values_in_range('ns.t', 's1', 'name', 'y', NULL)`, `name = x is outside of ['y', infinity]`)
	f.want(`SELECT count(*) FROM psyberg_audit_values_in_range('ns.t', NULL, 'amount', 0, 7)`, `1`)
	f.run(`COPY (SELECT 1::BIGINT AS id, TIMESTAMPTZ '2023-09-14 07:00:00+00' AS event_ts, 'nan'::DOUBLE AS amount, 'z' AS name, NULL AS info) TO 'ns.t' (FORMAT iceberg, WAP_ID 's2')`)
	f.want(`SELECT violation FROM psyberg_audit_values_in_range('ns.t', 's2', 'amount', 0)`, `amount = nan is outside of [0, infinity]`)
	f.fails(`FROM psyberg_audit_values_in_range('ns.t', 's1', 'amount', NULL, NULL)`, "both NULL")
	f.fails(`FROM psyberg_audit_values_in_range('ns.t', 's1', 'amount', 'much')`, `"much" is no number`)
	f.fails(`FROM psyberg_audit_values_in_range('ns.t', 's1', 'event_ts', 'noon')`, `"noon" is no date`)
	f.fails(`FROM psyberg_audit_values_in_range('ns.t', 's1', 'info', 1)`, "struct")
}

func TestNoMissingHours(t *testing.T) {
	t.Parallel()
	f := stagedFixture(t)
	call := func(id, from, to string) string {
		return `SELECT violation, date::VARCHAR, hour, from_ts::VARCHAR, to_ts::VARCHAR FROM psyberg_audit_no_missing_hours('ns.t', ` + id + `, 'event_ts', '2023-09-14 ` + from + `+00', '2023-09-14 ` + to + `+00')`
	}
	f.want(call(`'s1'`, "03:00", "04:00"), ``)
	f.want(call(`'s1'`, "00:00", "04:00"), ``) // with what main has
	f.want(call(`'s1'`, "00:00", "06:00"), `hour 2023-09-14-04 has no row with event_ts in it|2023-09-14|4|2023-09-14 04:00:00+00|2023-09-14 05:00:00+00`)
	f.want(call(`NULL`, "02:30", "03:30"), `hour 2023-09-14-03 has no row with event_ts in it|2023-09-14|3|2023-09-14 03:00:00+00|2023-09-14 04:00:00+00`)
	f.want(call(`'s1'`, "04:00", "04:00"), ``)
	f.fails(call(`'s1'`, "05:00", "04:00"), "lies after")
	f.fails(`FROM psyberg_audit_no_missing_hours('ns.t', 's1', 'amount', '2023-09-14 00:00+00', '2023-09-14 01:00+00')`, "double, which has no hours")
	// A file of several hours: its rows are read.
	f.run(`CREATE TABLE ns.u (event_ts TIMESTAMP) USING iceberg`,
		`COPY (SELECT TIMESTAMP '2023-09-14 00:00:00' + INTERVAL 1 HOUR * i AS event_ts FROM range(6) r(i) WHERE i <> 2) TO 'ns.u' (FORMAT iceberg, WAP_ID 's')`)
	f.want(`SELECT hour FROM psyberg_audit_no_missing_hours('ns.u', 's', 'event_ts', '2023-09-14 00:00+00', '2023-09-14 07:00+00')`, "2\n6")
}

func TestUniqueKeys(t *testing.T) {
	t.Parallel()
	f := stagedFixture(t)
	f.want(`FROM psyberg_audit_unique_keys('ns.t', 's1', ['id'])`, `key id = 3 occurs 2 times|3|2`)
	f.want(`FROM psyberg_audit_unique_keys('ns.t', 's1', ['id', 'event_ts'])`, ``)
	f.want(`FROM psyberg_audit_unique_keys('ns.t', NULL, ['id'])`, ``)
	f.run(`COPY (SELECT i::BIGINT AS id, TIMESTAMPTZ '2023-09-14 07:00:00+00' AS event_ts, 1.0 AS amount, 'z' AS name, NULL AS info FROM (VALUES (NULL), (NULL), (77)) v(i)) TO 'ns.t' (FORMAT iceberg, WAP_ID 's2')`)
	f.want(`FROM psyberg_audit_unique_keys('ns.t', 's2', ['id'])`, `key id = NULL occurs 2 times|<nil>|2`)
	// Duplicates that were there before and are in no added row are not the session's.
	f.want(`SELECT violation FROM psyberg_audit_unique_keys('ns.t', 's2', ['name'])`, `key name = z occurs 3 times`)
	f.want(`SELECT count(*) FROM psyberg_audit_unique_keys('ns.t', NULL, ['event_ts'])`, `3`)
}

func TestNoMissingEvents(t *testing.T) {
	t.Parallel()
	f := stagedFixture(t)
	f.want(`FROM psyberg_audit_no_missing_events('ns.t', 's1', 'SELECT i AS id FROM range(11) r(i)', ['id'])`, ``)
	f.want(`FROM psyberg_audit_no_missing_events('ns.t', 's1', 'SELECT i AS id, i * 2 AS twice FROM range(10, 13) r(i);', ['id']) ORDER BY 2`,
		"event id = 11 is not in the target|11|22\nevent id = 12 is not in the target|12|24")
	f.fails(`FROM psyberg_audit_no_missing_events('ns.t', 's1', 'SELECT 1 AS i', ['id'])`, "id")
}

func TestFilesPerPartition(t *testing.T) {
	t.Parallel()
	f := stagedFixture(t)
	f.want(`FROM psyberg_audit_files_per_partition('ns.t', 's1', 1)`, ``)
	f.run(`COPY (SELECT 1::BIGINT AS id, TIMESTAMPTZ '2023-09-14 01:00:00+00' AS event_ts, 1.0 AS amount, 'z' AS name, NULL AS info) TO 'ns.t' (FORMAT iceberg)`)
	f.want(`FROM psyberg_audit_files_per_partition('ns.t', NULL, 1)`, `partition event_ts_hour=2023-09-14-01 has 2 files, at most 1 are allowed|0|event_ts_hour=2023-09-14-01|2|4`)
	f.fails(`FROM psyberg_audit_files_per_partition('ns.t', 's1', 0)`, "at least 1")
}

// TestAuditsOfABranch: all steps of a staged branch are one change.
func TestAuditsOfABranch(t *testing.T) {
	t.Parallel()
	f := stagedFixture(t)
	for _, h := range []string{"3", "4"} {
		f.run(`COPY (SELECT ` + h + `0::BIGINT AS id, TIMESTAMPTZ '2023-09-14 0` + h + `:00:00+00' AS event_ts, 1.0 AS amount, 'z' AS name, NULL AS info) TO 'ns.t'
			(FORMAT iceberg, WAP_BRANCH 'psyberg_b1', STEP 'hour ` + h + `')`)
	}
	for _, id := range []string{"b1", "psyberg_b1"} {
		f.want(`FROM psyberg_audit_counts_match('ns.t', '`+id+`', 3)`, `the source has 3 rows, the target 2|3|2`)
		f.want(`SELECT hour FROM psyberg_audit_no_missing_hours('ns.t', '`+id+`', 'event_ts', '2023-09-14 00:00+00', '2023-09-14 06:00+00')`, "5")
	}
	// One step overwrites what the step before it wrote: counted is what is left.
	f.run(`COPY (SELECT 40::BIGINT AS id, TIMESTAMPTZ '2023-09-14 04:00:00+00' AS event_ts, 1.0 AS amount, 'z' AS name, NULL AS info FROM range(5)) TO 'ns.t'
		(FORMAT iceberg, MODE 'overwrite_partitions', WAP_BRANCH 'psyberg_b1', STEP 'hour 4 again')`)
	f.want(`FROM psyberg_audit_counts_match('ns.t', 'b1', 2)`, `the source has 2 rows, the target 6|2|6`)
	f.want(`SELECT violation FROM psyberg_audit_unique_keys('ns.t', 'b1', ['id'])`, `key id = 40 occurs 5 times`)
}
