package lateinit_test

import (
	"testing"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table/substrait"
	"github.com/substrait-io/substrait-go/v8/extensions"

	"psyberg/engine/bridge/lateinit"
)

// A row filter that iceberg-go evaluates is an error before Extensions and is
// compiled after it. The error also says that nothing was loaded before main,
// which is what this package is for: on a new version of Go, iceberg-go or
// substrait-go the trick may stop to work.
func TestNothingIsLoadedBeforeItIsAsked(t *testing.T) {
	const comparisons = "extension:io.substrait:functions_comparison"
	known, err := extensions.GetDefaultCollection()
	if err != nil {
		t.Fatal(err)
	}
	if known.URNLoaded(comparisons) {
		t.Error("substrait's extensions were all loaded before main: every start costs 0.1 s more")
	}
	schema := iceberg.NewSchema(0, iceberg.NestedField{ID: 1, Name: "n", Type: iceberg.PrimitiveTypes.Int64})
	filter, err := iceberg.BindExpr(schema, iceberg.GreaterThan(iceberg.Reference("n"), int64(7)), true)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := substrait.ConvertExpr(schema, filter, true); err == nil {
		t.Error("a filter was compiled without the functions that it calls")
	}
	if err := lateinit.Extensions(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := substrait.ConvertExpr(schema, filter, true); err != nil {
		t.Errorf("a filter after Extensions: %v", err)
	}
	if !known.URNLoaded(comparisons) || !known.URNLoaded("extension:apache.iceberg:functions_set") {
		t.Error("Extensions leaves something out")
	}
}
