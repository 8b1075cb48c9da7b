package write_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestSparkAgrees: Spark reads the same rows of every type that it has, and its
// metadata tables; what it writes and deletes in our tables, with position
// deletes (v2) and deletion vectors (v3), is read and overwritten in turn.
//
// PSYBERG_SPARK=1 asks for it; PSYBERG_PYTHON has pyspark 4.0, SPARK_JARS names
// a folder with iceberg-spark-runtime-4.0_2.13 and sqlite-jdbc.
func TestSparkAgrees(t *testing.T) {
	if os.Getenv("PSYBERG_SPARK") != "1" {
		t.Skip("PSYBERG_SPARK=1 compares with Spark")
	}
	f := newFixture(t)
	// Spark has no TIME, and its metadata tables fail on bounds of UUIDs.
	columns := strings.NewReplacer("ti TIME,", "", "u UUID,", "").Replace(allColumns)
	query := "SELECT * EXCLUDE (ti, u) FROM (" + allTypes + ")"
	expected := map[string][]string{}
	table := func(name, columns, clauses, query string) {
		t.Helper()
		f.run("CREATE TABLE " + name + " (" + columns + ") USING iceberg " + clauses)
		f.run("COPY (" + query + ") TO '" + name + "' (FORMAT iceberg)")
		expected[name] = f.asText(name)
	}
	for version, by := range map[string]string{"1": "days(ts), bucket(4, s)", "2": "truncate(3, s), months(da), bo", "3": "hours(tz), bucket(5, dec38), truncate(10, i)"} {
		where := ""
		if version == "3" {
			where = " WHERE id <> 3" // truncate wraps around in Java alone
		}
		table("sp.plain"+version, columns, "TBLPROPERTIES ('format-version' = '"+version+"')", query)
		table("sp.parts"+version, columns, "PARTITIONED BY ("+by+") TBLPROPERTIES ('format-version' = '"+version+"')", query+where)
	}
	table("sp.odd", `id BIGINT, "a b" INT, "日付" DATE, "1x" VARCHAR`, `PARTITIONED BY ("a b", months("日付"), "1x")`,
		`SELECT 1 AS id, 2 AS "a b", DATE '2023-09-14' AS "日付", 'q' AS "1x" UNION ALL SELECT 2, NULL, DATE '1969-12-31', ''`)
	table("sp.uuids", "id BIGINT, u UUID", "", "SELECT id, u FROM ("+allTypes+")")
	for _, version := range []string{"2", "3"} {
		table("sp.v"+version, "id BIGINT, cat VARCHAR", "PARTITIONED BY (cat) TBLPROPERTIES ('format-version' = '"+version+"')",
			"SELECT i AS id, CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END AS cat FROM range(10) r(i)")
	}
	b, err := json.Marshal(expected)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "expected.json")
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Getenv("PSYBERG_PYTHON"), "testdata/spark_check.py", filepath.Join(f.dir, "psyberg-warehouse", "catalog.db"), file)
	var logs bytes.Buffer
	cmd.Stderr = &logs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, logs.Bytes())
	}
	t.Logf("%s", out)
	all := "SELECT string_agg(id, ' ' ORDER BY id) FROM $t"
	for _, name := range []string{"sp.v2", "sp.v3"} {
		f.wantRows(name, "", all, "0 1 2 4 5 6 8 9 100 101")
		f.want("COPY (SELECT 200 AS id, 'a' AS cat) TO '"+name+"' (FORMAT iceberg, MODE overwrite, WHERE 'id >= 4 AND id < 6')", "1")
		f.wantRows(name, "", all, "0 1 2 6 8 9 100 101 200")
		f.want("COPY (SELECT 300 AS id, 'b' AS cat) TO '"+name+"' (FORMAT iceberg, MODE overwrite_partitions)", "1")
		f.wantRows(name, "", all, "0 2 6 8 100 200 300")
	}
	f.want("COPY (SELECT 2 AS id, 'a' AS cat) TO 'sp.made' (FORMAT iceberg)", "1")
	f.wantRows("sp.made", "", all, "1 2")
}
