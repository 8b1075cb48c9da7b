package meta

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path"
	"strings"
	"testing"

	"psyberg/psyberg"
)

// archive yields the files of a suite in testdata whose path ends with suffix.
func archive(t testing.TB, suite string, keep func(name string) bool) map[string][]byte {
	t.Helper()
	f, err := os.Open("../../testdata/" + suite + ".tgz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for tr := tar.NewReader(zr); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if name := path.Clean(h.Name); keep(name) {
			if out[name], err = io.ReadAll(tr); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(out) == 0 {
		t.Fatalf("nothing kept of %s.tgz", suite)
	}
	return out
}

func isMetadata(name string) bool {
	return strings.HasSuffix(name, ".metadata.json") || strings.HasSuffix(name, ".metadata.json.gz")
}

// Every metadata file that Spark and PyIceberg wrote can be read.
func TestParseRealTables(t *testing.T) {
	for _, suite := range []string{"spark", "pyiceberg"} {
		files := archive(t, suite, isMetadata)
		versions := map[int]int{}
		for name, data := range files {
			m, err := Parse(name, data)
			if err != nil {
				t.Error(err)
				continue
			}
			versions[m.FormatVersion]++
			if _, err := m.Head(""); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			for _, s := range m.Schemas {
				ArrowSchema(s)
			}
			UnifiedPartition(m)
		}
		t.Logf("%s: %d files, by format version %v", suite, len(files), versions)
		for v := 1; v <= 3; v++ {
			if versions[v] == 0 {
				t.Errorf("%s: no table of format version %d seen", suite, v)
			}
		}
	}
}

const minimal = `{"format-version":2,"schemas":[{"schema-id":0,"fields":[]}]`

func TestParseOddFiles(t *testing.T) {
	parse := func(text string) *Metadata {
		t.Helper()
		m, err := Parse("x.json", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	t.Run("current snapshot -1, null and missing are no snapshot", func(t *testing.T) {
		for _, text := range []string{`,"current-snapshot-id":-1}`, `,"current-snapshot-id":null,"refs":null,"snapshots":null}`, `}`} {
			m := parse(minimal + text)
			if head, err := m.Head(""); m.HasCurrent || head != nil || err != nil {
				t.Errorf("%s: current %v, head %v, %v", text, m.HasCurrent, head, err)
			}
		}
	})
	t.Run("v1 with only schema and partition-spec", func(t *testing.T) {
		m := parse(`{"format-version":1,"schema":{"type":"struct","fields":[{"id":7,"name":"d","required":true,"type":"date"}]},
			"partition-spec":[{"name":"a","transform":"year","source-id":7},{"name":"b","transform":"bucket[4]","source-id":7}],
			"current-snapshot-id":5,"snapshots":[{"snapshot-id":5,"timestamp-ms":1000,"manifests":["m.avro"]}]}`)
		if got := m.DefaultSpec().Fields; len(got) != 2 || got[0].ID != 1000 || got[1].ID != 1001 || m.LastPartitionID != 1001 {
			t.Errorf("fields %+v, last %d", got, m.LastPartitionID)
		}
		head, err := m.Head("main")
		if err != nil || head == nil || head.ID != 5 || head.Manifests[0] != "m.avro" || head.CommittedAt != 1_000_000 {
			t.Errorf("head %+v, %v", head, err)
		}
	})
	t.Run("a stale partition-spec beside partition-specs is not looked at", func(t *testing.T) {
		m := parse(minimal + `,"partition-spec":[{"name":"a","transform":"year","source-id":7}],"partition-specs":[{"spec-id":3,"fields":[]}]}`)
		if s := m.DefaultSpec(); s.ID != 3 || len(s.Fields) != 0 {
			t.Errorf("spec %+v", s)
		}
	})
	t.Run("snapshots with explicit nulls", func(t *testing.T) {
		m := parse(minimal + `,"snapshots":[{"snapshot-id":9007199254740993,"parent-snapshot-id":null,"schema-id":null,"summary":null,"first-row-id":null}]}`)
		s, ok := m.Snapshot(9007199254740993)
		if !ok || s.HasParent || s.HasSchema || len(s.Summary.Map()) != 0 || s.FirstRowID != nil || m.SchemaOf(s) != m.CurrentSchema() {
			t.Errorf("snapshot %+v", s)
		}
	})
	t.Run("a type of a newer spec does not hide the table", func(t *testing.T) {
		m := parse(`{"format-version":3,"schemas":[{"schema-id":0,"fields":[{"id":1,"name":"p","type":"polygon(4326)"}]}]}`)
		f, _ := m.CurrentSchema().FieldByName("p")
		if f.Type.Kind != KindInvalid || f.Type.String() != "polygon(4326)" {
			t.Errorf("type %+v", f.Type)
		}
	})
	t.Run("a transform of several columns is unknown", func(t *testing.T) {
		m := parse(minimal + `,"partition-specs":[{"spec-id":0,"fields":[{"field-id":1000,"name":"x","transform":"bucket[4]","source-ids":[1,2]}]}]}`)
		if f := m.DefaultSpec().Fields[0]; f.Transform.Kind != TransformUnknown || f.SourceID != 1 {
			t.Errorf("field %+v", f)
		}
	})
	t.Run("defaults keep their JSON text", func(t *testing.T) {
		m := parse(`{"format-version":3,"schemas":[{"schema-id":0,"fields":[{"id":1,"name":"p","type":"decimal(9,2)","initial-default":12.340,"write-default": {"a" : 1}}]}]}`)
		f := m.CurrentSchema().Fields[0]
		if string(f.InitialDefault) != "12.340" || string(f.WriteDefault) != `{"a" : 1}` {
			t.Errorf("defaults %q %q", f.InitialDefault, f.WriteDefault)
		}
	})
}

func TestParseDamagedFiles(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", ``, `at byte 0: the file is cut short`},
		{"cut short", minimal + `,"snapshots":[{"snapshot-id"`, `at byte 87: the file is cut short`},
		{"not JSON", `{"format-version": x}`, `at byte 19: not JSON`},
		{"a list", `[]`, `at byte 0: not a JSON object`},
		{"text after the end", minimal + "}\n{}", `text after the end`},
		{"zeros after the end", minimal + "}\x00\x00", ``},
		{"no version", `{}`, `at byte 0: "format-version" is missing`},
		{"version 4", `{"format-version":4}`, `at byte 18: format version 4 is none of 1, 2, 3`},
		{"fraction", `{"format-version":2.5}`, `2.5 is not a 64-bit whole number`},
		{"no schema", `{"format-version":2}`, `neither "schemas" nor "schema"`},
		{"current schema", minimal + `,"current-schema-id":7}`, `the current schema 7 is not among`},
		{"default spec", minimal + `,"default-spec-id":7}`, `the default spec 7 is not among`},
		{"main is not current", minimal + `,"current-snapshot-id":7,"refs":{"main":{"snapshot-id":8}}}`, `current snapshot 7 is not that of branch main, 8`},
		{"snapshot without id", minimal + `,"snapshots":[{}]}`, `"snapshot-id" is missing`},
		{"snapshot is text", minimal + `,"snapshots":["x"]}`, `"snapshots" is not a list of objects`},
		{"decimal", `{"format-version":2,"schemas":[{"fields":[{"id":1,"name":"x","type":"decimal(99,2)"}]}]}`, `is no decimal`},
		{"deep", strings.Repeat("[", 1000), `nested deeper than 300 levels`},
		{"deep object", strings.Repeat(`{"a":`, 1000), `nested deeper than 300 levels`},
		{"years", minimal + `,"last-updated-ms":9223372036854775807}`, `out of range`},
		{"gzip cut short", gzipped(minimal + "}")[:40], `gzip: unexpected EOF`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse("dir/x.json", []byte(c.text))
			var damaged *DamagedError
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if !errors.As(err, &damaged) || !strings.Contains(err.Error(), c.want) ||
				!strings.Contains(err.Error(), `"dir/x.json"`) || !strings.HasSuffix(err.Error(), "[PSY_DAMAGED]") {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(text))
	w.Close()
	return b.String()
}

func TestParseGzip(t *testing.T) {
	m, err := Parse("x.metadata.json", []byte(gzipped(minimal+"}")))
	if err != nil || m.FormatVersion != 2 {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestAncestors(t *testing.T) {
	m := &Metadata{Snapshots: []*psyberg.Snapshot{
		{ID: 2, Parent: 1, HasParent: true}, // 1 has expired
		{ID: 3, Parent: 2, HasParent: true},
		{ID: 4, Parent: 2, HasParent: true},
		{ID: 8, Parent: 9, HasParent: true}, {ID: 9, Parent: 8, HasParent: true}, // damaged: a ring
	}}
	var ids []psyberg.SnapshotID
	for s := range m.Ancestors(3) {
		ids = append(ids, s.ID)
	}
	for range m.Ancestors(8) {
		ids = append(ids, 0)
	}
	if len(ids) != 4 || ids[0] != 3 || ids[1] != 2 {
		t.Errorf("walked %v", ids)
	}
	for _, c := range []struct {
		ancestor, of psyberg.SnapshotID
		want         bool
	}{{3, 3, true}, {2, 3, true}, {1, 3, true}, {4, 3, false}, {3, 2, false}, {7, 8, false}, {9, 8, true}} {
		if got := m.AncestorOf(c.ancestor, c.of); got != c.want {
			t.Errorf("AncestorOf(%d, %d) = %v", c.ancestor, c.of, got)
		}
	}
}
