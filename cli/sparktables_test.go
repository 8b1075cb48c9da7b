package cli

import (
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// fresh is what Spark has made of testdata/verdicts.sql for this run.
var fresh struct {
	sync.Once
	dir string
	err error
}

// freshTables is a warehouse that Spark makes anew where PSYBERG_SPARK=1 asks
// for it (make test-spark), "" elsewhere: then the archive is looked at, which
// was made in the same way. All tests share it, each has its own table.
func freshTables(t *testing.T) string {
	t.Helper()
	if os.Getenv("PSYBERG_SPARK") != "1" {
		return ""
	}
	fresh.Do(func() {
		if fresh.dir, fresh.err = os.MkdirTemp("", "psyberg-spark-"); fresh.err != nil {
			return
		}
		fresh.err = spark(fresh.dir, filepath.Join("..", "testdata", "verdicts.sql")).Run()
	})
	if fresh.err != nil {
		t.Fatalf("Spark: %v", fresh.err)
	}
	return fresh.dir
}

func removeFresh() {
	if fresh.dir != "" {
		_ = os.RemoveAll(fresh.dir)
	}
}

// spark is testdata/spark_serve.py on a warehouse. PSYBERG_PYTHON has pyspark,
// SPARK_JARS names a folder with iceberg-spark-runtime and sqlite-jdbc.
func spark(warehouse string, more ...string) *exec.Cmd {
	cmd := exec.Command(os.Getenv("PSYBERG_PYTHON"), append([]string{filepath.Join("..", "testdata", "spark_serve.py"), warehouse}, more...)...)
	cmd.Stderr = os.Stderr
	return cmd
}

// pointTo points the catalog of a warehouse to a metadata.json of a table.
func pointTo(t *testing.T, warehouse, name, place string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(warehouse, "catalog.db")+"?_pragma=busy_timeout(20000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	namespace, table, _ := strings.Cut(name, ".")
	if _, err := db.Exec("UPDATE iceberg_tables SET metadata_location = ? WHERE table_namespace = ? AND table_name = ?", place, namespace, table); err != nil {
		t.Fatal(err)
	}
}
