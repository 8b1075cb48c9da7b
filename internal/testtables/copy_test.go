package testtables

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/iceberg-go"
	icecatalog "github.com/apache/iceberg-go/catalog"
	_ "github.com/apache/iceberg-go/catalog/sql"
	"github.com/apache/iceberg-go/table"
	_ "modernc.org/sqlite" // catalog.db
)

// TestCopy: another reader finds every file of a copy inside it.
func TestCopy(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for suite, files := range map[string]map[string]int{
		"spark":     {"signup_fact": 12, "raw_signups": 6},
		"pyiceberg": {"signup_fact": 5},
	} {
		dir := Copy(t, suite, "life")
		name := map[string]string{"spark": "lake", "pyiceberg": "conf"}[suite]
		cat, err := icecatalog.Load(ctx, name, iceberg.Properties{"type": "sql", "uri": "file:" + filepath.Join(dir, "catalog.db"), "sql.driver": "sqlite", "sql.dialect": "sqlite"})
		if err != nil {
			t.Fatal(err)
		}
		for tab, want := range files {
			tbl, err := cat.LoadTable(ctx, table.Identifier{"life", tab})
			if err != nil {
				t.Fatal(err)
			}
			tasks, err := tbl.Scan().PlanFiles(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if len(tasks) < want {
				t.Errorf("%s %s: %d files, want %d", suite, tab, len(tasks), want)
			}
			for _, task := range tasks {
				if !strings.Contains(task.File.FilePath(), dir) {
					t.Errorf("%s %s: file %s is not in the copy", suite, tab, task.File.FilePath())
				}
			}
		}
	}
}
