package functions

import (
	"context"
	"path"
	"strings"
	"testing"

	"psyberg/functions/meta"
	"psyberg/functions/surface"
)

// forgetful is a catalog whose tables have only their current schema, as
// Iceberg's own cleaning of metadata leaves them.
type forgetful struct{ *warehouse }

func (f forgetful) Load(ctx context.Context, name string) (*surface.Table, error) {
	t, err := f.warehouse.Load(ctx, name)
	if err != nil {
		return nil, err
	}
	m := *t.Meta
	m.Schemas = []*meta.Schema{m.CurrentSchema()}
	t.Meta = &m
	return t, nil
}

// TestDroppedSource: the values of a partition field whose column no schema
// knows any more are still shown, typed as the manifests have them.
func TestDroppedSource(t *testing.T) {
	for suite, tables := range map[string][]string{"spark": {"conf.part_drop_source"}, "pyiceberg": {"conf.schema_partition_drop"}} {
		w := openWarehouse(t, suite)
		for _, table := range tables {
			for _, f := range []string{"iceberg_files", "iceberg_entries", "iceberg_partitions", "iceberg_changes", "iceberg_manifests"} {
				got, err := tryCall(find(t, forgetful{w}, f), argsOf(f, table))
				if err != nil {
					t.Errorf("%s of %s: %v", f, table, err)
					continue
				}
				if d := sameRows(got, call(t, w, f, argsOf(f, table))); d != "" {
					t.Errorf("%s of %s: %s", f, table, d)
				}
			}
		}
	}
}

// A field that no manifest can say more about is still a column.
func TestUnknownSource(t *testing.T) {
	m := &meta.Metadata{FormatVersion: 3, Schemas: []*meta.Schema{{Fields: []*meta.Field{{ID: 1, Name: "u", Type: meta.Type{Kind: meta.KindUnknown}}}}},
		Specs: []*meta.PartitionSpec{{Fields: []meta.PartitionField{{ID: 1000, SourceID: 1, Name: "u", Transform: meta.ParseTransform("identity")}}}}}
	p := newPinned(&surface.Table{Meta: m})
	q, err := withDroppedSources(t.Context(), p)
	if err != nil || q != p {
		t.Errorf("a column of type unknown is no dropped one: %v", err)
	}
	if _, typ := partitionRequest(meta.UnifiedPartition(m)); typ.Field(0).Type != typeInt {
		t.Errorf("partition is %v", typ)
	}
}

// counted counts what is read.
type counted struct {
	surface.Files
	lists, others int
}

func (c *counted) Read(ctx context.Context, location string, size int64) ([]byte, error) {
	if strings.HasPrefix(path.Base(location), "snap-") {
		c.lists++
	} else {
		c.others++
	}
	return c.Files.Read(ctx, location, size)
}

// TestDroppedSourceReads: learning the type reads lists from the newest back
// until it is known, and one manifest that has the field: not all of a history.
func TestDroppedSourceReads(t *testing.T) {
	table, err := forgetful{openWarehouse(t, "spark")}.Load(t.Context(), "conf.part_drop_source")
	if err != nil {
		t.Fatal(err)
	}
	// The same snapshot, many times: the history of a table that is old.
	m := *table.Meta
	for range 50 {
		m.Snapshots = append(m.Snapshots, m.Snapshots[0])
	}
	files := &counted{Files: table.Files}
	table.Meta, table.Files = &m, files
	if _, err := withDroppedSources(t.Context(), newPinned(table)); err != nil {
		t.Fatal(err)
	}
	if files.lists != 1 || files.others != 1 {
		t.Errorf("%d lists and %d manifests were read for one field", files.lists, files.others)
	}
}
