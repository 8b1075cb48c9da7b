package functions

import (
	"fmt"
	"testing"

	"psyberg/functions/meta"
	"psyberg/functions/surface"
)

// TestBoundsOfPartitions: what bounds := says of a partition is what Spark's
// readable_metrics say of its files, added up by hand.
func TestBoundsOfPartitions(t *testing.T) {
	for _, tc := range []struct{ table, column, want string }{
		// Files of before and after the promotion; old bounds have the old width.
		{"conf.schema_evolve", "i", `{"files_without_bounds": 0, "max": 6838694021158528573, "min": -9068189282640454605, "nans": null, "nulls": 6}`},
		{"conf.schema_evolve", "f", `{"files_without_bounds": 0, "max": f1.0000000150474662e+30, "min": f-2.664072773903804, "nans": 4, "nulls": 4}`},
		{"conf.schema_evolve", "dec", `{"files_without_bounds": 0, "max": "983943461803700.24", "min": "-909180868974797.81", "nans": null, "nulls": 4}`},
		// One file has no upper bound, as none fits 16 characters: the range has no end.
		{"conf.strings_trunc", "s", `{"files_without_bounds": 1, "max": null, "min": "", "nans": null, "nulls": 2}`},
		// A column that is counted, or not even that.
		{"conf.metrics_modes", "m_none", `{"files_without_bounds": 3, "max": null, "min": null, "nans": null, "nulls": null}`},
		{"conf.metrics_modes", "m_counts", `{"files_without_bounds": 3, "max": null, "min": null, "nans": null, "nulls": 3}`},
		{"conf.metrics_modes", "st.a", `{"files_without_bounds": 1, "max": null, "min": null, "nans": null, "nulls": 3}`},
		// NaN is no bound; files of nothing but NaN and NULL need none.
		{"conf.floats", "dbl", `{"files_without_bounds": 0, "max": "Infinity", "min": "-Infinity", "nans": 2, "nulls": 1}`},
		{"conf.floats", "nul", `{"files_without_bounds": 0, "max": null, "min": null, "nans": 0, "nulls": 10}`},
	} {
		t.Run(tc.table+" "+tc.column, func(t *testing.T) {
			w := openWarehouse(t, "spark")
			rows, err := tryCall(find(t, w, "iceberg_partitions"), named(tc.table, "bounds", []any{tc.column}), "bounds")
			if err != nil || len(rows) != 1 {
				t.Fatalf("%d rows, %v", len(rows), err)
			}
			if got := line(rows[0]["bounds"].(map[string]any)[tc.column]); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// TestBoundsAreReadableMetrics: of every file of every table and every column,
// bounds := is what readable_metrics (which is compared with Spark's) says.
func TestBoundsAreReadableMetrics(t *testing.T) {
	compared := 0
	for _, suite := range []string{"spark", "pyiceberg"} {
		w := openWarehouse(t, suite)
		for _, name := range w.names {
			if name == "conf.many_manifests" || name == "conf.wide" {
				continue
			}
			table, err := w.Load(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			var columns []any
			for _, l := range metricsLeaves(table.Meta.CurrentSchema()) {
				path, _ := table.Meta.CurrentSchema().NameOf(int(l.id))
				columns = append(columns, path)
			}
			for _, r := range call(t, w, "iceberg_entries", named(name, "bounds", columns)) {
				metrics, _ := r["readable_metrics"].(map[string]any)
				for column, b := range r["bounds"].(map[string]any) {
					m, ok := metrics[column].(map[string]any)
					if !ok {
						t.Fatalf("%s: no readable_metrics of %s", name, column)
					}
					b := b.(map[string]any)
					for ours, theirs := range map[string]string{"min": "lower_bound", "max": "upper_bound", "nulls": "null_value_count", "nans": "nan_value_count"} {
						if line(b[ours]) != line(m[theirs]) {
							t.Errorf("%s %s: %s is %s, %s is %s", name, column, ours, line(b[ours]), theirs, line(m[theirs]))
						}
					}
					want := "0"
					if (b["min"] == nil || b["max"] == nil) && (m["value_count"] == nil || b["nulls"] == nil || wholeNumber(m["value_count"]) > wholeNumber(b["nulls"])+wholeNumber(b["nans"])) {
						want = "1"
					}
					if wholeNumber(r["data_file"].(map[string]any)["content"]) > 0 {
						want = "null"
					}
					if got := line(b["files_without_bounds"]); got != want {
						t.Errorf("%s %s: files_without_bounds is %s, want %s: %s", name, column, got, want, line(m))
					}
					compared++
				}
			}
		}
	}
	if compared < 3500 {
		t.Errorf("%d comparisons only", compared)
	}
}

// wholeNumber reads a whole number; NULL is 0.
func wholeNumber(v any) (n int64) {
	if v != nil {
		if _, err := fmt.Sscan(fmt.Sprint(v), &n); err != nil {
			panic(err)
		}
	}
	return n
}

// TestBoundsArgument: what is no column is refused, with near matches.
func TestBoundsArgument(t *testing.T) {
	w := openWarehouse(t, "spark")
	for _, tc := range []struct {
		bounds any
		want   string
	}{
		{[]any{"dbll"}, `read table "conf.floats": read bounds of column "dbll": no such column; did you mean "dbl"?`},
		{[]any{"dbl", "DBL"}, `read bounds of column "DBL": it is named twice`},
		{[]any{nil}, `argument bounds: element 1 is <nil>, not a VARCHAR`},
		{"dbl", `argument bounds is string, not a list of VARCHAR`},
	} {
		for _, f := range []string{"iceberg_files", "iceberg_entries", "iceberg_partitions", "iceberg_changes"} {
			_, err := tryCall(find(t, w, f), surface.Args{Positional: []any{"conf.floats", nil, nil}, Named: map[string]any{"bounds": tc.bounds}})
			if !contains(err, tc.want) {
				t.Errorf("%s bounds := %v: %v", f, tc.bounds, err)
			}
		}
	}
	if _, err := tryCall(find(t, w, "iceberg_files"), named("conf.schema_nested", "bounds", []any{"st"})); !contains(err, `read bounds of column "st": a struct has none; name one of its members`) {
		t.Errorf("a struct: %v", err)
	}
	// An empty list is none: no column bounds.
	rows := call(t, w, "iceberg_files", named("conf.floats", "bounds", []any{}))
	if _, there := rows[0]["bounds"]; there {
		t.Error("bounds := [] made a column")
	}
}

// TestNanosecondBoundsCover: TIMESTAMPTZ has microseconds, so a nanosecond
// bound is rounded outwards.
func TestNanosecondBoundsCover(t *testing.T) {
	typ := meta.Type{Kind: meta.KindTimestampTZNS}
	for _, tc := range []struct{ nanos, lower, upper int64 }{
		{1500, 1, 2}, {2000, 2, 2}, {-1500, -2, -1}, {-2000, -2, -2}, {-1, -1, 0}, {0, 0, 0},
	} {
		raw := meta.IntValue(meta.KindTimestampTZNS, tc.nanos).Encode()
		lower, _ := shownBound(typ, raw, false)
		upper, ok := shownBound(typ, raw, true)
		if !ok || lower.Int != tc.lower || upper.Int != tc.upper {
			t.Errorf("%d ns: %d to %d us, want %d to %d", tc.nanos, lower.Int, upper.Int, tc.lower, tc.upper)
		}
	}
}
