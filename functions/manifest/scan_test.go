package manifest

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// scanAll returns the rows of a scan, and checks that its batches are as the
// request says and that all memory is given back.
func scanAll(t testing.TB, f File, data []byte, req *Request) ([]map[string]any, error) {
	t.Helper()
	alloc := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer alloc.AssertSize(t, 0)
	var rows []map[string]any
	err := Scan(context.Background(), f, data, req, alloc, func(rec arrow.RecordBatch) error {
		if rec.NumRows() == 0 {
			t.Errorf("%s: empty batch", f.Path)
		}
		if req.BatchRows > 0 && rec.NumRows() > int64(req.BatchRows) {
			t.Errorf("%s: batch of %d rows, %d asked for", f.Path, rec.NumRows(), req.BatchRows)
		}
		rows = append(rows, rowsOf(rec)...)
		return nil
	})
	return rows, err
}

// everything asks for all there is, the partition as the manifest has it.
func everything(t testing.TB, name string, data []byte) *Request {
	t.Helper()
	parts, err := PartitionType(name, data)
	if err != nil {
		t.Fatal(err)
	}
	return &Request{Columns: AllColumns(), Partition: parts, BatchRows: 100}
}

// TestScan_EveryManifest: every manifest of both engines, also those that no
// snapshot names any more, decodes to the last byte.
func TestScan_EveryManifest(t *testing.T) {
	for _, suite := range []string{"pyiceberg", "spark"} {
		entries := 0
		for _, p := range avroFiles(t, suite, isManifest) {
			b, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			name := filepath.Base(p)
			if filepath.Base(filepath.Dir(filepath.Dir(p))) == "codec_uncompressed" {
				continue // PyIceberg gave up after the header: TestScan_UnknownCodec
			}
			rows, err := scanAll(t, File{Path: name, AddedSnapshotID: 7}, b, everything(t, name, b))
			if err != nil {
				t.Errorf("%s: %v", p, err)
			}
			entries += len(rows)
		}
		if entries < 800 {
			t.Errorf("%s: only %d entries", suite, entries)
		}
	}
}

// TestScan_AsPyIceberg: field by field what PyIceberg's own reader gives, of
// every retained snapshot of every table.
func TestScan_AsPyIceberg(t *testing.T) {
	lists := pyicebergLists(t)
	want := map[string]map[string][]map[string]any{} // list → manifest → rows
	inspectLines(t, "raw_entries", func(table string, row map[string]any, snapshot json.Number) {
		l, ok := lists[snapshot.String()]
		if !ok {
			t.Fatalf("%s: no list of snapshot %s", table, snapshot)
		}
		if want[l] == nil {
			want[l] = map[string][]map[string]any{}
		}
		m := row["manifest"].(string)
		delete(row, "manifest")
		want[l][m] = append(want[l][m], row)
	})
	compared := 0
	for l, manifests := range want {
		files, err := ReadList(l, tableFile(t, "pyiceberg", l))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			data := tableFile(t, "pyiceberg", f.Path)
			req := everything(t, f.Path, data)
			rawTypes(req)
			rows, err := scanAll(t, f, data, req)
			if err != nil {
				t.Error(err)
				continue
			}
			compared += sameRows(t, f.Path, rows, manifests[f.Path])
			delete(manifests, f.Path)
		}
		for m := range manifests {
			t.Errorf("%s: manifest %s is not in it", l, m)
		}
	}
	if compared < 600 {
		t.Errorf("only %d entries compared", compared)
	}
}

// rawTypes asks for dates and times as the numbers that they are: so
// PyIceberg's raw entries have them.
func rawTypes(req *Request) {
	for i, p := range req.Partition {
		switch p.Type.ID() {
		case arrow.DATE32:
			req.Partition[i].Type = arrow.PrimitiveTypes.Int32
		case arrow.TIME64, arrow.TIMESTAMP:
			req.Partition[i].Type = arrow.PrimitiveTypes.Int64
		}
	}
}

// sameRows compares the fields that the expected rows have.
func sameRows(t *testing.T, name string, got, want []map[string]any) int {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d entries, want %d", name, len(got), len(want))
		return 0
	}
	for i, w := range want {
		for k, v := range w {
			if g, w := text(got[i][k]), text(plain(v)); g != w {
				t.Errorf("%s: entry %d: %s is %s, want %s", name, i, k, g, w)
			}
		}
	}
	return len(want)
}
