package write_test

import (
	"testing"
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
