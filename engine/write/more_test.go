package write_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/apache/iceberg-go"

	"psyberg/engine"
	"psyberg/engine/catalog"
)

// TestManyPartitions: one file each, however many there are.
func TestManyPartitions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.run("CREATE TABLE ns.t (id BIGINT, p INTEGER) USING iceberg PARTITIONED BY (p)")
	f.want("COPY (SELECT i AS id, hash(i) % 600 AS p FROM range(60000) r(i)) TO 'ns.t' (FORMAT iceberg)", "60000")
	f.want("SELECT count(*), count(DISTINCT partition.p), sum(record_count) FROM iceberg_files('ns.t')", "600|600|60000")
	f.wantRows("ns.t", "", "SELECT count(DISTINCT id) FROM $t", "60000")
	f.noLeftovers("ns.t")
}

func TestOddColumnNames(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.run(`CREATE TABLE ns."odd.t" ("a b" INT, "sel""ect" VARCHAR, "日付" DATE, "x.y" STRUCT("in ner" INT, "{" VARCHAR), psyberg_partition INT, "'" INT[], "p.q" TIMESTAMP) USING iceberg PARTITIONED BY ("a b", months("日付"))`)
	f.want(`COPY (SELECT 1 AS "A B", 'q' AS "sel""ect", DATE '2023-09-14' AS "日付", {'in ner': 2, '{': 'z'} AS "x.y", 3 AS psyberg_partition, [4] AS "'", TIMESTAMPTZ '2023-09-14 03:00:00+00' AS "p.q") TO 'ns."odd.t"' (FORMAT iceberg)`, "1")
	f.want(`SELECT bounds."p.q".min, bounds."x.y.in ner".files_without_bounds FROM iceberg_files('ns."odd.t"', bounds := ['p.q', 'x.y.in ner'])`, "2023-09-14 03:00:00 +0000 UTC|1")
	f.wantRows(`ns."odd.t"`, "", `SELECT "a b", "sel""ect", "日付"::VARCHAR, "x.y"."in ner", "x.y"."{", psyberg_partition, "'"::VARCHAR FROM $t`, "1|q|2023-09-14|2|z|3|[4]")
	// The manifest is written again.
	f.want(`COPY (SELECT 5 AS "a b", DATE '2023-09-14' AS "日付") TO 'ns."odd.t"' (FORMAT iceberg)`, "1")
	f.want(`COPY (SELECT 7 AS "a b", DATE '2023-09-14' AS "日付") TO 'ns."odd.t"' (FORMAT iceberg, MODE overwrite, WHERE '"a b" = 1')`, "1")
	f.want(`SELECT partition."a b", partition."日付_month", record_count FROM iceberg_partitions('ns."odd.t"') ORDER BY 1`, "5|644|1\n7|644|1")
}

// TestOverwriteAppliesDeletes: a row that a delete file has taken away does not
// come back with the file that is written again.
func TestOverwriteAppliesDeletes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.run("CREATE TABLE ns.t (id BIGINT) USING iceberg")
	f.run("COPY (SELECT i AS id FROM range(10) r(i)) TO 'ns.t' (FORMAT iceberg)")
	file := f.run("SELECT file_path FROM iceberg_files('ns.t')")
	deletes := f.dir + "/deletes.parquet"
	f.run("COPY (SELECT " + engine.QuoteLiteral(file) + " AS file_path, 3::BIGINT AS pos) TO '" + deletes +
		"' (FORMAT parquet, FIELD_IDS {file_path: 2147483546, pos: 2147483545})")
	b, err := iceberg.NewDataFileBuilder(iceberg.NewPartitionSpec(), iceberg.EntryContentPosDeletes, deletes, iceberg.ParquetFile, nil, nil, nil, 1, 500)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.c.Commit(f.ctx, "ns.t", catalog.Change{Mode: catalog.Overwrite, Added: []iceberg.DataFile{b.Build()}}); err != nil {
		t.Fatal(err)
	}
	all := "SELECT string_agg(id, ' ' ORDER BY id) FROM $t"
	f.wantRows("ns.t", "", all, "0 1 2 4 5 6 7 8 9")
	f.want("COPY (SELECT 50 AS id) TO 'ns.t' (FORMAT iceberg, MODE overwrite, WHERE 'id = 5')", "1")
	f.wantRows("ns.t", "", all, "0 1 2 4 6 7 8 9 50")
	f.want("COPY (SELECT 60 AS id) TO 'ns.t' (FORMAT iceberg, MODE overwrite)", "1")
	f.wantRows("ns.t", "", all, "60")
	f.want("SELECT count(*) FROM iceberg_files('ns.t')", "1")
}

// TestOverwriteFromItself: a table's rows computed from its own.
func TestOverwriteFromItself(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := engine.Start(context.Background(), engine.Config{Catalog: catalog.Config{Dir: dir, Home: dir}})
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, ctx: context.Background(), dir: dir, c: s.Catalogs(), s: s}
	defer func() { _ = s.Close() }()
	f.run("CREATE TABLE ns.t (id BIGINT, n INT) USING iceberg PARTITIONED BY (bucket(2, id))")
	f.run("COPY (SELECT i AS id, 0 AS n FROM range(10) r(i)) TO 'ns.t' (FORMAT iceberg)")
	for i := range 3 {
		f.want("COPY (SELECT id, n + 1 AS n FROM iceberg_rows('ns.t')) TO 'ns.t' (FORMAT iceberg, MODE overwrite)", "10")
		f.want("SELECT sum(n), count(*) FROM iceberg_rows('ns.t')", strconv.Itoa(10*(i+1))+"|10")
	}
	f.run("CREATE TEMP TABLE fresh AS SELECT 3 AS id, 100 AS n")
	f.run("SET VARIABLE more = 5")
	f.want("COPY (SELECT id, n + getvariable('more') AS n FROM fresh) TO 'ns.t' (FORMAT iceberg, MODE overwrite, WHERE 'id = 3')", "1")
	f.want("SELECT sum(n), count(*) FROM iceberg_rows('ns.t')", "132|10")
	f.want("SELECT n FROM iceberg_rows('ns.t', \"where\" := 'id = 3')", "105")
}

func TestCancelLeavesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.run("CREATE TABLE ns.t (id BIGINT, p INT) USING iceberg PARTITIONED BY (p)")
	ctx, cancel := context.WithCancel(f.ctx)
	defer cancel()
	f.w.SetStep(func(what string) error {
		if what == "write rows" {
			time.AfterFunc(200*time.Millisecond, cancel)
		}
		return nil
	})
	start := time.Now()
	_, err := f.s.Query(ctx, "COPY (SELECT a.i AS id, b.i % 3 AS p FROM range(100000) a(i), range(100000) b(i)) TO 'ns.t' (FORMAT iceberg)")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %s to stop", took)
	}
	f.w.SetStep(nil)
	f.run("COPY (SELECT 1 AS id, 1 AS p) TO 'ns.t' (FORMAT iceberg)")
	f.noLeftovers("ns.t")
}

// TestOptionsMayBeExpressions: a load that goes through hours puts its steps
// and conditions together.
func TestOptionsMayBeExpressions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.run("CREATE TABLE ns.t (id BIGINT, h INT) USING iceberg PARTITIONED BY (h)")
	f.run("COPY (SELECT i AS id, i % 3 AS h FROM range(6) r(i)) TO 'ns.t' (FORMAT iceberg)")
	f.run("SET VARIABLE s = 's1'")
	f.run("SET VARIABLE h = 2")
	sql := "COPY (SELECT 100 AS id, 2 AS h) TO 'ns.t' (FORMAT iceberg, MODE overwrite, WHERE 'h = ' || getvariable('h'), WAP_BRANCH 'psyberg_' || getvariable('s'), STEP concat('hour ', getvariable('h')))"
	f.want(sql, "1")
	f.want(sql, "0")
	f.wantRows("ns.t", "psyberg_s1", "SELECT string_agg(id, ' ' ORDER BY id) FROM $t", "0 1 3 4 100")
	f.want("SELECT summary['psyberg.step'], summary['psyberg.session-id'] FROM iceberg_snapshots('ns.t') WHERE summary['psyberg.step'] IS NOT NULL", "hour 2|s1")
	f.fails("COPY (SELECT 1 AS id) TO 'ns.t' (FORMAT iceberg, WAP_ID getvariable('nope'))", "WAP_ID is NULL")
	f.fails("COPY (SELECT 1 AS id) TO 'ns.t' (FORMAT iceberg, MODE overwrite, WHERE '' || '')", "WHERE is empty")
	f.fails("COPY (SELECT 1 AS id) TO 'ns.t' (FORMAT iceberg, WAP_ID '' || nope)", "nope")
	bad := "COPY (SELECT 1 AS id) TO 'ns.t' (FORMAT iceberg, WAP_BRANCH 'ma' || lower('IN') || nope('x'))"
	_, err := f.try(bad)
	if at := positionOf(err); at < 0 || bad[at:at+4] != "nope" {
		t.Errorf("error at %d: %v", at, err)
	}
}
