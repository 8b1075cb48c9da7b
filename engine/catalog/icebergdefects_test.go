package catalog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/iceberg-go"
	icecatalog "github.com/apache/iceberg-go/catalog"
	iceio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"

	"psyberg/internal/testtables"
)

// icebergDefects is what iceberg-go 0.7.0 does that psyql has a way around.
// Each shows the defect: false is that it is gone, and the way around with it
// may go, as may its line in the README.
var icebergDefects = []struct {
	name, around string
	there        func(t *testing.T) (bool, string)
}{
	{"a conflict on a SQL catalog is no ErrCommitFailed, so that nothing retries", "transact.go, commitPatience", conflictUnknown},
	{"a folder with a blank gets another name", "sqlwriter.go", blankEncoded},
	{"a local path with a percent sign is decoded", "files.go, engine/write/files.go: removeFile", percentDecoded},
	{"partition names that Avro does not know are refused", "avronames.go", namesRefused},
	{"a partition field whose source column is gone is left out", "producer.go: schemaFor", fieldLost},
	{"a bound from before the promotion of its column is an error", "functions/meta: bounds decode by their length", promotedBound},
	{"a row filter on a promoted column fails the scan", "iceberg_rows reads with DuckDB", promotedFilter},
}

// TestIcebergGoDefects fails where one is mended.
func TestIcebergGoDefects(t *testing.T) {
	for _, d := range icebergDefects {
		t.Run(d.name, func(t *testing.T) {
			there, saw := d.there(t)
			if !there {
				t.Errorf("iceberg-go is mended (%s): look whether %s can go", saw, d.around)
			}
			t.Log(saw)
		})
	}
	t.Logf("%d defects", len(icebergDefects))
}

// rawSQL is iceberg-go's own SQL catalog with a table ns.t.
func rawSQL(t *testing.T, opts ...icecatalog.CreateTableOpt) (context.Context, icecatalog.Catalog, *table.Table) {
	t.Helper()
	ctx, dir := t.Context(), t.TempDir()
	c, err := icecatalog.Load(ctx, "raw", iceberg.Properties{"type": "sql", "uri": "file:" + filepath.Join(dir, "c.db"), "sql.driver": "sqlite", "sql.dialect": "sqlite",
		"warehouse": "file://" + dir, "init_catalog_tables": "true"})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.CreateNamespace(ctx, table.Identifier{"ns"}, nil); err != nil {
		t.Fatal(err)
	}
	tbl, err := c.CreateTable(ctx, table.Identifier{"ns", "t"}, iceberg.NewSchema(0, iceberg.NestedField{ID: 1, Name: "id", Type: iceberg.PrimitiveTypes.Int64}), opts...)
	if err != nil {
		t.Fatal(err)
	}
	return ctx, c, tbl
}

func conflictUnknown(t *testing.T) (bool, string) {
	ctx, c, tbl := rawSQL(t)
	stale := int64(7) // what the table's main was, as the writer believes
	_, _, err := c.CommitTable(ctx, tbl.Identifier(), []table.Requirement{table.AssertRefSnapshotID("main", &stale)}, []table.Update{table.NewSetPropertiesUpdate(iceberg.Properties{"a": "b"})})
	if err == nil {
		t.Fatal("a commit on a stale table went through")
	}
	return !errors.Is(err, table.ErrCommitFailed), err.Error()
}

func blankEncoded(t *testing.T) (bool, string) {
	at := filepath.Join(t.TempDir(), "my data")
	_, _, tbl := rawSQL(t, icecatalog.WithLocation("file://"+at))
	_, err := os.Stat(filepath.Join(at, "metadata"))
	return errors.Is(err, os.ErrNotExist) || strings.Contains(tbl.MetadataLocation(), "%20"), tbl.MetadataLocation()
}

func percentDecoded(t *testing.T) (bool, string) {
	name := filepath.Join(t.TempDir(), "a%2Bb.parquet")
	if err := os.WriteFile(name, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	store, err := iceio.LoadFS(t.Context(), nil, "file://"+name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := store.Open("file://" + name)
	if err == nil {
		return false, fmt.Sprint("it was opened; ", f.Close())
	}
	return errors.Is(err, os.ErrNotExist), err.Error()
}

// writeManifest writes one file's entry by a spec of one string field.
func writeManifest(field string, schema *iceberg.Schema) ([]byte, error) {
	spec := iceberg.NewPartitionSpecID(0, iceberg.PartitionField{SourceIDs: []int{2}, FieldID: 1000, Name: field, Transform: iceberg.IdentityTransform{}})
	b, err := iceberg.NewDataFileBuilder(spec, iceberg.EntryContentData, "/f.parquet", iceberg.ParquetFile, map[int]any{1000: "in a partition"}, nil, nil, 1, 1)
	if err != nil {
		return nil, err
	}
	id := int64(1)
	var out bytes.Buffer
	_, err = iceberg.WriteManifest("m.avro", &out, 2, spec, schema, id, []iceberg.ManifestEntry{iceberg.NewManifestEntry(iceberg.EntryStatusADDED, &id, nil, nil, b.Build())})
	return out.Bytes(), err
}

// tupleIn reads the one entry back.
func tupleIn(manifest []byte) (string, error) {
	m := iceberg.NewManifestFile(2, "m.avro", int64(len(manifest)), 0, 1).Build()
	entries, err := iceberg.ReadManifest(m, bytes.NewReader(manifest), false)
	if err != nil {
		return "", err
	}
	return fmt.Sprint(entries[0].DataFile().Partition()), nil
}

var (
	idOnly  = iceberg.NewSchema(0, iceberg.NestedField{ID: 1, Name: "id", Type: iceberg.PrimitiveTypes.Int64})
	idAndPt = iceberg.NewSchema(0, iceberg.NestedField{ID: 1, Name: "id", Type: iceberg.PrimitiveTypes.Int64}, iceberg.NestedField{ID: 2, Name: "p", Type: iceberg.PrimitiveTypes.String})
)

func namesRefused(t *testing.T) (bool, string) {
	if _, err := writeManifest("p", idAndPt); err != nil {
		t.Fatal(err)
	}
	_, err := writeManifest("a b", idAndPt)
	return err != nil, fmt.Sprint(err)
}

func fieldLost(t *testing.T) (bool, string) {
	whole, err := writeManifest("p", idAndPt)
	if got, err2 := tupleIn(whole); err != nil || err2 != nil || got != "map[1000:in a partition]" {
		t.Fatalf("a manifest that has the column: %s %v %v", got, err, err2)
	}
	b, err := writeManifest("p", idOnly)
	if err != nil {
		return false, err.Error()
	}
	lost, err := tupleIn(b)
	return !strings.Contains(lost, "in a partition"), fmt.Sprint(lost, " ", err)
}

func promotedBound(*testing.T) (bool, string) {
	v, err := iceberg.LiteralFromBytes(iceberg.PrimitiveTypes.Int64, []byte{1, 0, 0, 0})
	return err != nil, fmt.Sprint(v, err)
}

// promotedFilter asks a table of Spark for a column that was int and is long.
func promotedFilter(t *testing.T) (bool, string) {
	dir := testtables.Copy(t, "spark", "conf", "schema_evolve")
	c, err := icecatalog.Load(t.Context(), "lake", iceberg.Properties{"type": "sql", "uri": "file:" + filepath.Join(dir, "catalog.db"), "sql.driver": "sqlite", "sql.dialect": "sqlite"})
	if err != nil {
		t.Fatal(err)
	}
	tbl, err := c.LoadTable(t.Context(), table.Identifier{"conf", "schema_evolve"})
	if err != nil {
		t.Fatal(err)
	}
	var promoted []string
	for _, old := range tbl.Metadata().Schemas() {
		for _, f := range old.Fields() {
			now, ok := tbl.Schema().FindFieldByID(f.ID)
			if ok && f.Type.Equals(iceberg.PrimitiveTypes.Int32) && now.Type.Equals(iceberg.PrimitiveTypes.Int64) {
				promoted = append(promoted, now.Name)
			}
		}
	}
	if len(promoted) == 0 {
		t.Fatal("no column was promoted")
	}
	if _, err := tbl.Scan().PlanFiles(t.Context()); err != nil {
		t.Fatalf("without a filter: %v", err)
	}
	_, err = tbl.Scan(table.WithRowFilter(iceberg.GreaterThanEqual(iceberg.Reference(promoted[0]), int64(-1)))).PlanFiles(t.Context())
	return err != nil, fmt.Sprint(promoted[0], ": ", err)
}
