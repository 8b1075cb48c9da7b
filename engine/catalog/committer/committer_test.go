package committer

import (
	"context"
	"errors"
	"testing"

	"github.com/apache/iceberg-go"
	icecatalog "github.com/apache/iceberg-go/catalog"

	"psyberg/engine/catalog"
	"psyberg/engine/write"
)

func TestCommitterCommits(t *testing.T) {
	t.Setenv("GOICEBERG_HOME", t.TempDir())
	ctx, dir := context.Background(), t.TempDir()
	cs, err := catalog.Open(ctx, catalog.Config{Dir: dir, Home: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := cs.Close(); err != nil {
			t.Error(err)
		}
	}()
	c := New(cs)
	if _, err := c.OpenTable(ctx, "ns.t"); !errors.Is(err, icecatalog.ErrNoSuchTable) {
		t.Errorf("open of a table that is not there: %v", err)
	}
	def := write.TableDef{Schema: iceberg.NewSchema(0, iceberg.NestedField{ID: 1, Name: "id", Type: iceberg.PrimitiveTypes.Int64})}
	tbl, err := c.CreateTable(ctx, "ns.t", def)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.CreateTable(ctx, "ns.t", def); !errors.Is(err, icecatalog.ErrTableAlreadyExists) {
		t.Errorf("a second create: %v", err)
	}
	file := func(name string) iceberg.DataFile {
		b, err := iceberg.NewDataFileBuilder(tbl.Spec(), iceberg.EntryContentData, "/data/"+name, iceberg.ParquetFile, nil, nil, nil, 1, 10)
		if err != nil {
			t.Fatal(err)
		}
		return b.Build()
	}
	one, err := c.CommitFiles(ctx, "ns.t", write.Change{Mode: write.ModeAppend, Add: []iceberg.DataFile{file("a")}, WapID: "s",
		Summary: map[string]string{"psyberg.process-name": "p", "mine": "1"}})
	if err != nil || one.SnapshotID == 0 || one.Already {
		t.Fatalf("stage: %+v %v", one, err)
	}
	two, err := c.CommitFiles(ctx, "ns.t", write.Change{Mode: write.ModeAppend, Add: []iceberg.DataFile{file("b")}, WapID: "s"})
	if err != nil || two.SnapshotID != one.SnapshotID || !two.Already {
		t.Errorf("stage again: %+v %v", two, err)
	}
	three, err := c.CommitFiles(ctx, "ns.t", write.Change{Mode: write.ModeAppend, Add: []iceberg.DataFile{file("c")}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.CommitFiles(ctx, "ns.t", write.Change{Mode: write.ModeOverwrite, Add: []iceberg.DataFile{file("d")}})
	if !errors.Is(err, catalog.ErrConflict) {
		t.Errorf("an overwrite planned on the empty table: %v", err)
	}
	_, err = c.CommitFiles(ctx, "ns.t", write.Change{Mode: write.ModeOverwrite, Base: three.SnapshotID,
		Add: []iceberg.DataFile{file("d")}, Remove: []iceberg.DataFile{file("c")}})
	if err != nil {
		t.Error(err)
	}
	if err := c.DropTable(ctx, "ns.t"); err != nil {
		t.Error(err)
	}
	if err := c.DropTable(ctx, "ns.t"); !errors.Is(err, icecatalog.ErrNoSuchTable) {
		t.Errorf("a second drop: %v", err)
	}
}
