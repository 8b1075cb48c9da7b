package write_test

import (
	"strconv"
	"testing"
)

// BenchmarkCopy writes a million rows: as one set of files, by day, by the
// bucket of a text.
func BenchmarkCopy(b *testing.B) {
	const rows = 1_000_000
	for i, by := range []string{"", "days(ts)", "bucket(16, account)"} {
		b.Run("by "+by, func(b *testing.B) {
			f := newFixture(b)
			clause := ""
			if by != "" {
				clause = " PARTITIONED BY (" + by + ")"
			}
			name := "ns.t" + strconv.Itoa(i)
			f.run("CREATE TABLE " + name + " (id BIGINT, account VARCHAR, ts TIMESTAMP, amount DOUBLE) USING iceberg" + clause)
			for b.Loop() {
				f.run("COPY (SELECT i AS id, 'account_' || i % 5000 AS account, TIMESTAMP '2023-09-01 00:00:00' + INTERVAL (i % 720) HOUR AS ts, i / 7 AS amount FROM range(" +
					strconv.Itoa(rows) + ") r(i)) TO '" + name + "' (FORMAT iceberg)")
			}
			b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
