package meta

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"psyberg/internal/testtables"
)

// Parse reads what encoding/json reads, refuses what it refuses, and nothing that
// a file says can make it, or what is asked of its result, panic.
func FuzzParse(f *testing.F) {
	f.Add([]byte(minimal + "}"))
	f.Add([]byte(gzipped(minimal + "}")))
	f.Add(longHistory(2))
	f.Add([]byte(minimal + `,"snapshots":[{"snapshot-id":1,"summary":{"\ud83d":"\u00e9","a":1.5e-3,"a":null,"operation":true},"manifests":["m"]},7],"snapshot-log":null}`))
	for _, suite := range []string{"pyiceberg", "spark"} {
		for _, data := range archive(f, suite, func(name string) bool {
			for _, table := range []string{"v3_types_empty", "v3_geo_crs", "part_evolution_v1", "legacy_nulls", "v1_basic", "v3_defaults", "part_evolve_v1",
				"branch_audit", "schema_nested", "stats_puffin"} {
				if strings.Contains(name, "/"+table+"/") {
					return isMetadata(name)
				}
			}
			return false
		}) {
			if len(data) < 16<<10 {
				f.Add(data)
				f.Add([]byte(gzipped(string(data))))
				for i, bad := range testtables.Damaged(data, 12) {
					if f.Add(bad); i%3 == 0 {
						f.Add([]byte(gzipped(string(bad))))
					}
				}
				for _, bad := range testtables.Damaged([]byte(gzipped(string(data))), 6) {
					f.Add(bad)
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		testtables.Bounded(t, len(data), func() {
			_, _ = Parse("x", data) // the error is looked at below
		})
		m, err := sameAsOracle(t, "x", data)
		if err != nil {
			if !strings.HasSuffix(err.Error(), "[PSY_DAMAGED]") {
				t.Fatal(err)
			}
			return
		}
		for ref := range m.Refs {
			_, _ = m.Head(ref)
		}
		for _, s := range m.Snapshots {
			for range m.Ancestors(s.ID) {
			}
			m.SchemaOf(s)
		}
		m.AncestorOf(1, 2)
		m.CurrentSchema().FieldByName("a.b")
		ArrowSchema(m.CurrentSchema())
		UnifiedPartition(m)
		for _, s := range m.Specs {
			PartitionPath(m.Bind(s), nil)
			if uri := PartitionURI(m.Bind(s), nil); !json.Valid([]byte(uri)) {
				t.Fatalf("partition %s is no JSON", uri)
			}
		}
	})
}

// FuzzValue: a bound of any type decodes or is an error; what decodes encodes
// to bytes of the same value, prints, and keeps its order through a transform
// that says so.
func FuzzValue(f *testing.F) {
	for _, s := range []struct {
		typ, transform string
		a, b           []byte
	}{
		{"int", "bucket[16]", []byte{1, 0, 0, 0}, []byte{255, 255, 255, 255}},
		{"long", "truncate[10]", []byte{1, 0, 0, 128}, []byte{0, 0, 0, 0, 0, 0, 0, 128}},
		{"timestamp", "hour", []byte{255, 255, 255, 255, 255, 255, 255, 255}, []byte{1, 0, 0, 0}},
		{"timestamptz_ns", "day", []byte{0, 0, 0, 0, 0, 0, 0, 128}, []byte{255, 255, 255, 255, 255, 255, 255, 127}},
		{"date", "year", []byte{0, 0, 0, 128}, []byte{255, 255, 255, 127}},
		{"decimal(38, 10)", "truncate[7]", []byte{0x80}, bytes.Repeat([]byte{0x7f}, 16)},
		{"string", "truncate[3]", []byte("a\xffb"), []byte("日本語")},
		{"double", "identity", []byte{0, 0, 0, 0, 0, 0, 0xf8, 0x7f}, []byte{0, 0, 0x80, 0x7f}},
		{"uuid", "void", bytes.Repeat([]byte{7}, 16), nil},
		{"fixed[4]", "month", []byte("abcd"), []byte{}},
	} {
		f.Add(s.typ, s.transform, s.a, s.b)
	}
	f.Fuzz(func(t *testing.T, typ, transform string, x, y []byte) {
		kind, err := ParseType(typ)
		if err != nil {
			return
		}
		if again, err := ParseType(kind.String()); err != nil || again.String() != kind.String() {
			t.Fatalf("type %q prints as %q, which reads as %v, %v", typ, kind, again, err)
		}
		tr := ParseTransform(transform)
		var values, results []Value
		for _, b := range [][]byte{x, y} {
			v, err := DecodeBound(kind, b)
			if err != nil {
				return
			}
			if again, err := DecodeBound(kind, v.Encode()); err != nil || Compare(again, v) != 0 {
				t.Fatalf("%s %x is %s, encoded %x, decoded again %s, %v", kind, b, v, v.Encode(), again, err)
			}
			if text := tr.JSON(v); !json.Valid([]byte(text)) {
				t.Fatalf("%s %x is %s, which is no JSON", kind, b, text)
			}
			r, err := tr.Apply(v)
			if err != nil {
				return
			}
			_ = tr.Human(r)
			values, results = append(values, v), append(results, r)
		}
		if tr.Kind == TransformTruncate && (Compare(results[0], values[0]) > 0 || Compare(results[1], values[1]) > 0) {
			return // the least integers wrap round, as Java's do
		}
		if !tr.PreservesOrder() || slices.ContainsFunc(results, Value.IsNull) {
			return
		}
		if before, after := Compare(values[0], values[1]), Compare(results[0], results[1]); before*after < 0 {
			t.Fatalf("%s of %s and %s: %s and %s, the other way round", tr, values[0], values[1], results[0], results[1])
		}
	})
}
