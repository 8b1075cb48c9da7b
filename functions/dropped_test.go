package functions

import (
	"context"
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
