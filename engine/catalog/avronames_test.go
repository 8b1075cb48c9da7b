package catalog

import (
	"reflect"
	"testing"

	"github.com/apache/iceberg-go"
)

func TestAvroNames(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"ts_day": "ts_day", "a b": "a_x20b", "1x": "_1x", "x1": "x1", "a.b": "a_x2Eb", "日": "_x65E5", "": ""} {
		if got := avroName(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestWithSpecKeepsAll: whatever a file says, it says after.
func TestWithSpecKeepsAll(t *testing.T) {
	t.Parallel()
	spec := iceberg.NewPartitionSpecID(3, iceberg.PartitionField{SourceIDs: []int{1}, FieldID: 1000, Name: "a b", Transform: iceberg.IdentityTransform{}})
	names, changed := avroSpec(spec)
	if !changed || names.ID() != 3 {
		t.Fatalf("spec %v, changed %v", names, changed)
	}
	b, err := iceberg.NewDataFileBuilder(spec, iceberg.EntryContentPosDeletes, "/x", iceberg.PuffinFile, map[int]any{1000: "v"}, nil, nil, 5, 50)
	if err != nil {
		t.Fatal(err)
	}
	counts, bounds := map[int]int64{1: 2}, map[int][]byte{1: {3}}
	f := b.ColumnSizes(counts).ValueCounts(counts).NullValueCounts(counts).NaNValueCounts(counts).LowerBoundValues(bounds).UpperBoundValues(bounds).
		KeyMetadata([]byte{1}).SplitOffsets([]int64{4}).EqualityFieldIDs([]int{7}).SortOrderID(2).FirstRowID(9).ReferencedDataFile("/y").
		ContentOffset(10).ContentSizeInBytes(11).Build()
	got, err := withSpec(f, names)
	if err != nil {
		t.Fatal(err)
	}
	a, c := reflect.ValueOf(f), reflect.ValueOf(got)
	for i := range a.NumMethod() {
		if m := a.Type().Method(i); m.Type.NumIn() == 1 && m.Type.NumOut() == 1 && m.Name != "DistinctValueCounts" {
			before, after := a.Method(i).Call(nil)[0].Interface(), c.Method(i).Call(nil)[0].Interface()
			if !reflect.DeepEqual(before, after) {
				t.Errorf("%s: %v, was %v", m.Name, after, before)
			}
		}
	}
}
