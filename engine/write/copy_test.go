package write_test

import (
	"errors"
	"strings"
	"testing"

	"psyberg/engine/catalog"
)

func TestCopyMakesAndFillsATable(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.run("CREATE TABLE ns.t (id BIGINT NOT NULL, cat VARCHAR, ts TIMESTAMP) USING iceberg PARTITIONED BY (cat, days(ts))")
	f.want(`COPY (SELECT i AS ID, 'c' || i % 2 AS cat, TIMESTAMP '2023-09-14 23:00:00' + INTERVAL (i) HOUR AS ts FROM range(4) r(i) -- by name
		) TO 'ns.t' (FORMAT iceberg)`, "4")
	f.wantRows("ns.t", "", "SELECT id, cat, ts::VARCHAR FROM $t ORDER BY id",
		"0|c0|2023-09-14 23:00:00\n1|c1|2023-09-15 00:00:00\n2|c0|2023-09-15 01:00:00\n3|c1|2023-09-15 02:00:00")
	f.want("SELECT partition.cat, partition.ts_day::VARCHAR, record_count, file_count FROM iceberg_partitions('ns.t') ORDER BY ALL",
		"c0|2023-09-14|1|1\nc0|2023-09-15|1|1\nc1|2023-09-15|2|1")
}

func TestCopyMatchesColumnsByName(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.run("CREATE TABLE ns.t (id BIGINT NOT NULL, name VARCHAR, st STRUCT(a INTEGER NOT NULL, b VARCHAR), l INTEGER[]) USING iceberg")
	f.want("COPY (SELECT 'x' AS name, 1::TINYINT AS id) TO 'ns.t' (FORMAT iceberg)", "1")
	f.want("COPY (SELECT {'b': 'q', 'a': 7} AS st, '2' AS id, [1, NULL] AS l) TO 'ns.t' (FORMAT iceberg)", "1")
	f.wantRows("ns.t", "", "SELECT id, name, st.a, st.b, l::VARCHAR FROM $t ORDER BY id", "1|x|<nil>|<nil>|<nil>\n2|<nil>|7|q|[1, NULL]")
	f.fails("COPY (SELECT 1 AS id, 2 AS nam) TO 'ns.t' (FORMAT iceberg)", `no column "nam"`, "name")
	f.fails("COPY (SELECT 'x' AS name) TO 'ns.t' (FORMAT iceberg)", `"id"`, "required")
	f.fails("COPY (SELECT unnest([1, NULL]) AS id) TO 'ns.t' (FORMAT iceberg)", `"id"`, "NULL")
	f.fails("COPY (SELECT 1 AS id, {'b': 'q'} AS st) TO 'ns.t' (FORMAT iceberg)", "st.a", "required")
	f.fails("COPY (SELECT 1 AS id, {'b': 'q', 'a': NULL} AS st) TO 'ns.t' (FORMAT iceberg)", `"st"`, "NULL")
	f.fails("COPY (SELECT 1 AS id, {'b': 'q', 'a': 1, 'c': 3} AS st) TO 'ns.t' (FORMAT iceberg)", `no member "c"`)
	f.fails("COPY (SELECT 'many' AS id) TO 'ns.t' (FORMAT iceberg)", "many")
	f.fails("COPY (SELECT 1 AS id) TO 'ns.tt' (FORMAT iceberg)", "ns.tt", "ns.t")
	f.fails("COPY (SELECT nope AS id) TO 'ns.t' (FORMAT iceberg)", "nope")
	f.wantRows("ns.t", "", "SELECT count(*) FROM $t", "2")
	f.noLeftovers("ns.t")
}

func TestInfiniteTimesAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.run("CREATE TABLE ns.t (id INT, d DATE, ts TIMESTAMP, tz TIMESTAMPTZ[], st STRUCT(n TIMESTAMP_NS)) USING iceberg TBLPROPERTIES ('format-version' = 3)")
	f.want("COPY (SELECT 1 AS id, DATE '2023-09-14' AS d, TIMESTAMP '2023-09-14 01:00:00' AS ts, [TIMESTAMPTZ '2023-09-14 01:00:00+00', NULL] AS tz, {'n': TIMESTAMP_NS '2023-09-14 01:00:00.123456789'} AS st UNION ALL SELECT 2, NULL, NULL, NULL, NULL) TO 'ns.t' (FORMAT iceberg)", "2")
	f.wantRows("ns.t", "", "SELECT count(d), count(ts), count(tz), any_value(st.n::VARCHAR) FROM $t", "1|1|1|2023-09-14 01:00:00.123456789")
	for column, value := range map[string]string{"d": "DATE 'infinity'", "ts": "TIMESTAMP '-infinity'", "tz": "[TIMESTAMPTZ 'infinity']", "st": "{'n': 'infinity'::TIMESTAMP_NS}"} {
		f.fails("COPY (SELECT "+value+" AS "+column+") TO 'ns.t' (FORMAT iceberg)", `"`+column+`"`, "infinite")
	}
	f.noLeftovers("ns.t")
}

func TestCopyErrorPointsIntoTheQuery(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.run("CREATE TABLE ns.t (id BIGINT) USING iceberg")
	sql := "COPY (SELECT id, nope FROM (SELECT 1 AS id)) TO 'ns.t' (FORMAT iceberg)"
	_, err := f.try(sql)
	at := positionOf(err)
	if at < 0 || !strings.HasPrefix(sql[at:], "nope") {
		t.Errorf("error at %d: %v", at, err)
	}
}

func TestCopyModes(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"1", "2", "3"} {
		f := newFixture(t)
		f.run("CREATE TABLE ns.t (id BIGINT, cat VARCHAR) USING iceberg PARTITIONED BY (cat) TBLPROPERTIES ('format-version' = " + version + ")")
		all := "SELECT string_agg(cat || id, ' ' ORDER BY cat, id) FROM $t"
		f.want("COPY (SELECT 1 AS id, 'a' AS cat UNION ALL SELECT 2, 'a' UNION ALL SELECT 3, 'b' UNION ALL SELECT 4, NULL) TO 'ns.t' (FORMAT iceberg)", "4")
		f.want("COPY (SELECT 5 AS id, 'a' AS cat) TO 'ns.t' (FORMAT iceberg, MODE append)", "1")
		f.wantRows("ns.t", "", all, "a1 a2 a5 b3")
		f.want("COPY (SELECT 6 AS id, 'a' AS cat UNION ALL SELECT 7, 'c') TO 'ns.t' (FORMAT iceberg, MODE overwrite_partitions)", "2")
		f.wantRows("ns.t", "", all, "a6 b3 c7")
		f.wantRows("ns.t", "", "SELECT id FROM $t WHERE cat IS NULL", "4")
		f.want("COPY (SELECT 8 AS id, 'b' AS cat) TO 'ns.t' (FORMAT iceberg, MODE overwrite, WHERE 'cat = ''b''')", "1")
		f.wantRows("ns.t", "", all, "a6 b8 c7")
		f.want("COPY (SELECT 9 AS id, 'z' AS cat WHERE false) TO 'ns.t' (FORMAT iceberg, MODE overwrite, WHERE 'cat IN (''a'', ''c'')')", "0")
		f.wantRows("ns.t", "", all, "b8")
		f.want("COPY (SELECT 10 AS id, 'x' AS cat) TO 'ns.t' (FORMAT iceberg, MODE overwrite)", "1")
		f.wantRows("ns.t", "", "SELECT string_agg(cat || id, ' ') FROM $t", "x10")
		f.want("SELECT string_agg(operation, ' ' ORDER BY committed_at, sequence_number) FROM iceberg_snapshots('ns.t')",
			"append append overwrite overwrite delete overwrite")
	}
}

// TestOverwriteWhereKeepsWhatDoesNotMatch: files are removed whole, left alone
// or written again without the rows, whatever the bounds say.
func TestOverwriteWhereKeepsWhatDoesNotMatch(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"1", "2", "3"} {
		f := newFixture(t)
		f.run("CREATE TABLE ns.t (id BIGINT, v DOUBLE, s VARCHAR) USING iceberg TBLPROPERTIES ('format-version' = " + version + ")")
		f.run("COPY (SELECT i AS id, i / 2 AS v, 's' || i AS s FROM range(0, 10) r(i)) TO 'ns.t' (FORMAT iceberg)")
		f.run("COPY (SELECT i AS id, NULL AS v FROM range(10, 20) r(i)) TO 'ns.t' (FORMAT iceberg)")
		f.run("COPY (SELECT i AS id, 'nan' AS v FROM range(20, 30) r(i)) TO 'ns.t' (FORMAT iceberg)")
		files := f.run("SELECT string_agg(file_path, ' ' ORDER BY file_path) FROM iceberg_files('ns.t')")
		// 1. in the first file some rows match, in the others none or all.
		f.want("COPY (SELECT 100 AS id, 1 AS v) TO 'ns.t' (FORMAT iceberg, MODE overwrite, WHERE 'id >= 5 AND id < 20')", "1")
		f.wantRows("ns.t", "", "SELECT string_agg(id, ' ' ORDER BY id) FROM $t", "0 1 2 3 4 20 21 22 23 24 25 26 27 28 29 100")
		f.want("SELECT count(*) FROM iceberg_files('ns.t') WHERE list_contains(string_split('"+files+"', ' '), file_path)", "1")
		f.want("SELECT operation, summary['added-records'], summary['deleted-records'], summary['total-records'] FROM iceberg_snapshots('ns.t') ORDER BY committed_at DESC, sequence_number DESC LIMIT 1",
			"overwrite|6|20|16")
		// 2. NaN is greater than all; NULL stays.
		f.want("COPY (SELECT 1 AS id WHERE false) TO 'ns.t' (FORMAT iceberg, MODE overwrite, WHERE 'v > 1.4')", "0")
		f.wantRows("ns.t", "", "SELECT string_agg(id, ' ' ORDER BY id) FROM $t", "0 1 2 100")
		// 3. Bounds that might match and do not: nothing is written again.
		before := f.run("SELECT count(*) FROM iceberg_snapshots('ns.t')")
		f.want("COPY (SELECT 1 AS id WHERE false) TO 'ns.t' (FORMAT iceberg, MODE overwrite, WHERE 'v = 0.7')", "0")
		f.want("SELECT count(*) FROM iceberg_snapshots('ns.t')", before)
		f.fails("COPY (SELECT 1 AS id) TO 'ns.t' (FORMAT iceberg, MODE overwrite, WHERE 'nope = 1')", "nope")
		f.fails("COPY (SELECT 1 AS id) TO 'ns.t' (FORMAT iceberg, MODE overwrite, WHERE 'lower(s) = 1')", "lower")
		f.noLeftovers("ns.t")
	}
}

func TestOverwriteIsRefusedWhereRowsCameSince(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.run("CREATE TABLE ns.t (id BIGINT) USING iceberg")
	f.run("COPY (SELECT 1 AS id) TO 'ns.t' (FORMAT iceberg)")
	other := openFixture(t, f.dir)
	interfere := func(id string) {
		f.w.SetStep(func(what string) error {
			if what == "commit" {
				f.w.SetStep(nil)
				other.run("COPY (SELECT " + id + " AS id) TO 'ns.t' (FORMAT iceberg)")
			}
			return nil
		})
	}
	interfere("5")
	_, err := f.try("COPY (SELECT 2 AS id) TO 'ns.t' (FORMAT iceberg, MODE overwrite, WHERE 'id < 10')")
	if !errors.Is(err, catalog.ErrConflict) {
		t.Errorf("a row that matches was added meanwhile: %v", err)
	}
	interfere("50")
	f.want("COPY (SELECT 2 AS id) TO 'ns.t' (FORMAT iceberg, MODE overwrite, WHERE 'id < 10')", "1")
	f.wantRows("ns.t", "", "SELECT string_agg(id, ' ' ORDER BY id) FROM $t", "2 50")
	f.noLeftovers("ns.t")
}

func TestStagingIsFoundAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.run("CREATE TABLE ns.t (id BIGINT, cat VARCHAR) USING iceberg PARTITIONED BY (cat)")
	f.run("COPY (SELECT 1 AS id, 'a' AS cat) TO 'ns.t' (FORMAT iceberg)")
	stage := "COPY (SELECT 2 AS id, 'a' AS cat) TO 'ns.t' (FORMAT iceberg, WAP_ID 's1', PROCESS_NAME 'p', VALID_TO '2023-09-14T22:00:00Z', SUMMARY MAP {'mine': 'x'})"
	f.want(stage, "1")
	f.want(stage, "0")
	f.wantRows("ns.t", "", "SELECT count(*) FROM $t", "1")
	f.want(`SELECT count(*), any_value(summary['psyberg.session-id']), any_value(summary['psyberg.process-name']), any_value(summary['psyberg.valid-to']),
		any_value(summary['mine']) FROM iceberg_snapshots('ns.t') WHERE summary['wap.id'] = 's1'`, "1|s1|p|2023-09-14T22:00:00Z|x")
	f.fails("COPY (SELECT 2 AS id, 'a' AS cat) TO 'ns.t' (FORMAT iceberg, SUMMARY MAP {'wap.id': 'x'})", "wap.id")
	f.noLeftovers("ns.t")
}

func TestStepsOfABranch(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.run("CREATE TABLE ns.t (id BIGINT, cat VARCHAR) USING iceberg PARTITIONED BY (cat)")
	f.run("COPY (SELECT 1 AS id, 'a' AS cat) TO 'ns.t' (FORMAT iceberg)")
	step := func(name, query, more string) string {
		return "COPY (" + query + ") TO 'ns.t' (FORMAT iceberg, WAP_BRANCH 'psyberg_s', STEP '" + name + "'" + more + ")"
	}
	f.want(step("1", "SELECT 2 AS id, 'a' AS cat", ""), "1")
	f.want(step("1", "SELECT 3 AS id, 'a' AS cat", ""), "0")
	f.want(step("2", "SELECT 3 AS id, 'a' AS cat WHERE false", ", MODE overwrite_partitions"), "0")
	f.want(step("3", "SELECT 4 AS id, 'a' AS cat", ", MODE overwrite, WHERE 'id = 2'"), "1")
	f.wantRows("ns.t", "psyberg_s", "SELECT string_agg(id, ' ' ORDER BY id) FROM $t", "1 4")
	f.wantRows("ns.t", "", "SELECT string_agg(id, ' ' ORDER BY id) FROM $t", "1")
	f.want("SELECT string_agg(summary['psyberg.step'], ' ' ORDER BY sequence_number) FROM iceberg_snapshots('ns.t')", "1 2 3")
	pre, err := f.c.Preflight(f.ctx, "ns.t", "s")
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.c.Publish(f.ctx, "ns.t", catalog.PublishRequest{ID: "s", Staged: *pre.Staged, Verdict: catalog.Verdict{Kind: catalog.AuditsNotAsked}})
	if err != nil {
		t.Fatal(err)
	}
	f.want(step("2", "SELECT 9 AS id, 'a' AS cat", ""), "0")
	f.fails(step("9", "SELECT 9 AS id, 'a' AS cat", ""), "published already")
	f.wantRows("ns.t", "", "SELECT string_agg(id, ' ' ORDER BY id) FROM $t", "1 4")
	f.noLeftovers("ns.t")
}

func TestCreateTableFromAQuery(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	sql := `COPY (SELECT 1::UTINYINT AS u, 'x'::ENUM('x','y') AS e, {'a': [1::BIGINT], 'm': MAP {'k': 1.5::DECIMAL(4,1)}} AS n, now() AS ts, gen_random_uuid() AS id, '\xAA'::BLOB AS b, NULL AS nothing)
		TO 'deep.ns.t' (FORMAT iceberg, CREATE_TABLE true, PARTITION_BY 'days(ts), bucket(4, id), truncate(1, e)')`
	f.want(sql, "1")
	f.want(sql, "1")
	f.wantRows("deep.ns.t", "", "SELECT count(*), any_value(u), any_value(e), any_value(n.a::VARCHAR), any_value(n.m['k']), any_value(b::VARCHAR), count(nothing) FROM $t", `2|1|x|[1]|1.5|\xAA|0`)
	f.fails("COPY (SELECT INTERVAL 1 DAY AS i) TO 'ns.other' (FORMAT iceberg, CREATE_TABLE)", "INTERVAL")
	f.fails("COPY (SELECT 1 AS i) TO 'ns.other' (FORMAT iceberg, CREATE_TABLE, PARTITION_BY 'days(i)')", "day")
	f.fails("COPY (SELECT 1 AS i) TO 'ns.other' (FORMAT iceberg)", "ns.other")
}

func TestCreateAndDrop(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	location := f.dir + "/else where"
	f.want(`CREATE TABLE a.b.t (id INT, ts TIMESTAMPTZ COMMENT 'when') USING iceberg PARTITIONED BY (hours(ts), bucket(8, id), void(id))
		TBLPROPERTIES ('format-version' = '1', 'k' = 'v') LOCATION '`+location+`' COMMENT 'what'`, "")
	f.fails("CREATE TABLE a.b.t (id INT) USING iceberg", "exists")
	f.want("CREATE TABLE IF NOT EXISTS a.b.t (id INT) USING iceberg", "")
	f.want("COPY (SELECT 1 AS id, TIMESTAMPTZ '2023-09-14 21:00:50+00' AS ts) TO 'a.b.t' (FORMAT iceberg)", "1")
	f.wantRows("a.b.t", "", "SELECT id FROM $t", "1")
	f.want("SELECT starts_with(file_path, '"+location+"/data/ts_hour=2023-09-14-21/id_bucket=') FROM iceberg_files('a.b.t')", "true")
	f.want("SELECT key, value FROM iceberg_properties('a.b.t') WHERE key IN ('k', 'comment') ORDER BY key", "comment|what\nk|v")
	f.want("DROP TABLE a.b.t USING iceberg", "")
	f.fails("DROP TABLE a.b.t USING iceberg", "a.b.t")
	f.want("DROP TABLE IF EXISTS a.b.t USING iceberg", "")
	f.want("DROP TABLE IF EXISTS no.t USING iceberg", "")
	f.fails("CREATE TABLE a.b.u (id INT) USING iceberg PARTITIONED BY (ident)", "ident", "id")
	f.fails("CREATE TABLE a.b.u (id INT) USING iceberg PARTITIONED BY (bucket(2, id), bucket(3, id))", "id_bucket")
	// DuckDB's own tables are DuckDB's.
	f.run("CREATE TABLE mine (id INT)")
	f.run("COPY (SELECT 1) TO '" + f.dir + "/x.csv'")
}

func TestNothingIsWrittenInATransaction(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.run("CREATE TABLE ns.t (id BIGINT) USING iceberg")
	f.run("BEGIN")
	f.fails("COPY (SELECT 1 AS id) TO 'ns.t' (FORMAT iceberg)", "transaction")
	f.fails("DROP TABLE ns.t USING iceberg", "transaction")
	f.run("ROLLBACK")
	f.want("COPY (SELECT 1 AS id) TO 'ns.t' (FORMAT iceberg)", "1")
}

// TestAwkwardPartitionValues: what a folder's name cannot hold or tell apart.
func TestAwkwardPartitionValues(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.run("CREATE TABLE ns.t (id INT, s VARCHAR, d DOUBLE) USING iceberg PARTITIONED BY (s, d)")
	f.want(`COPY (SELECT row_number() OVER () AS id, s, d FROM (SELECT unnest([NULL, 'null', '', '__HIVE_DEFAULT_PARTITION__', 'a/b=c', '.', '..', 'ü ?*[x]', repeat('long', 200),
		'1', '10', 'a%2Fb']) AS s) CROSS JOIN (SELECT unnest(['0.0', '-0.0', 'nan', 'infinity', NULL, '1e300']::DOUBLE[]) AS d)) TO 'ns.t' (FORMAT iceberg)`, "72")
	f.wantRows("ns.t", "", "SELECT count(*), count(DISTINCT id), count(s), count(d), count(DISTINCT s) FROM $t", "72|72|66|60|11")
	f.want("SELECT count(*), sum(record_count) FROM iceberg_files('ns.t')", "72|72")
	f.want("SELECT count(*) FROM iceberg_files('ns.t', \"where\" := 's = ''null''')", "6")
	f.want("SELECT count(*) FROM iceberg_files('ns.t', \"where\" := 's IS NULL')", "6")
	f.noLeftovers("ns.t")
}

func TestRowsAreSortedByTheTablesOrder(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"", "PARTITIONED BY (p)"} {
		f := newFixture(t)
		f.run("CREATE TABLE ns.t (p INT, id INT, s VARCHAR) USING iceberg " + by)
		f.setSortOrder("ns.t")
		f.run("COPY (SELECT i % 3 AS p, CASE WHEN i % 7 > 0 THEN (hash(i) % 1000)::INT END AS id, 'x' || i % 5 AS s FROM range(300000) r(i)) TO 'ns.t' (FORMAT iceberg)")
		files := f.run("SELECT file_path || '|' || sort_order_id FROM iceberg_files('ns.t')")
		for _, line := range strings.Split(files, "\n") {
			path, order, _ := strings.Cut(line, "|")
			if order != "1" {
				t.Errorf("%s: sort order %s", path, order)
			}
			// id descending, NULLs last, then s ascending.
			f.want(`SELECT count(*) FROM (SELECT (coalesce(id, -1000000), s) AS now, lag((coalesce(id, -1000000), s)) OVER (ORDER BY file_row_number) AS before
				FROM read_parquet('`+path+`', hive_partitioning = false)) WHERE now[1] > before[1] OR now[1] = before[1] AND now[2] < before[2]`, "0")
		}
	}
}
