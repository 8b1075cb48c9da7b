package manifest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"psyberg/internal/testtables"
	"psyberg/psyberg"
)

// TestReadList_EveryList: every list of both engines can be read, and all the
// manifests that it names are there with the length it says.
func TestReadList_EveryList(t *testing.T) {
	for _, suite := range []string{"pyiceberg", "spark"} {
		paths := avroFiles(t, suite, isList)
		if len(paths) < 200 {
			t.Fatalf("%s: only %d lists", suite, len(paths))
		}
		for _, p := range paths {
			b, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			files, err := ReadList(filepath.Base(p), b)
			if err != nil {
				t.Error(err)
				continue
			}
			for _, f := range files {
				if f.AddedFiles < 0 || f.AddedRows < 0 || f.AddedSnapshotID <= 0 || f.SpecID < 0 {
					t.Errorf("%s: %+v", p, f)
				}
			}
		}
	}
}

// TestReadListAdded_EveryList: those that one commit added, or none did that is
// known, are what ReadList says of them.
func TestReadListAdded_EveryList(t *testing.T) {
	fewer := 0
	for _, suite := range []string{"pyiceberg", "spark"} {
		for _, p := range avroFiles(t, suite, isList) {
			b, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			all, err := ReadList(p, b)
			if err != nil {
				t.Fatal(err)
			}
			adders := map[psyberg.SnapshotID][]File{Unknown: {}}
			for _, f := range all {
				adders[f.AddedSnapshotID] = append(adders[f.AddedSnapshotID], f)
			}
			for id, want := range adders {
				got, err := ReadListAdded(p, b, func(added psyberg.SnapshotID) bool { return added == id })
				if err != nil || !reflect.DeepEqual(got, want) {
					t.Fatalf("%s: of snapshot %d: %+v, %v; want %+v", p, id, got, err, want)
				}
				if len(got) < len(all) {
					fewer++
				}
			}
			// Damage before the last entry is found, also of what nobody wants.
			none := func(psyberg.SnapshotID) bool { return false }
			for _, cut := range []int{1, 17, len(b) / 2} {
				if _, err := ReadListAdded(p, b[:len(b)-cut], none); err == nil && cut > 1 {
					t.Errorf("%s without its last %d bytes is read", p, cut)
				}
			}
		}
	}
	if fewer < 500 {
		t.Errorf("only %d lists had other adders", fewer)
	}
}

// listBothWays reads a list in straight lines and without, which must be the
// same, error and all, and returns what was read.
func listBothWays(t testing.TB, name string, data []byte, wanted func(psyberg.SnapshotID) bool) ([]File, error) {
	t.Helper()
	files, err := ReadListAdded(name, data, wanted)
	r, plainErr := newListReader(name, data, wanted)
	var plain []File
	if plainErr == nil {
		r.fast = nil
		plain, plainErr = r.all()
	}
	if fmt.Sprint(err) != fmt.Sprint(plainErr) || !reflect.DeepEqual(files, plain) {
		t.Fatalf("%s: in straight lines: %+v, %v\nwithout: %+v, %v", name, files, err, plain, plainErr)
	}
	return files, err
}

// TestReadList_StraightLines: lists of all writers, and what is left of them
// when any byte of their entries is another one, or all after it are gone, are
// read in straight lines as without.
func TestReadList_StraightLines(t *testing.T) {
	schemas := map[string]int{}
	good, bad := 0, 0
	for _, suite := range []string{"pyiceberg", "spark"} {
		for _, p := range avroFiles(t, suite, isList) {
			b, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			c, err := open("list", p, b)
			if err != nil {
				t.Fatal(err)
			}
			schema := c.meta.get("avro.schema")
			block, ok, err := c.next()
			if err != nil {
				t.Fatal(err)
			}
			if schemas[string(schema)]++; !ok || schemas[string(schema)] > 3 {
				continue
			}
			raw, _, err := c.unpack(block, nil)
			if err != nil {
				t.Fatal(err)
			}
			read := func(raw []byte) {
				data := avroBlock(avroHeader(schema), block.count, raw)
				files, err := listBothWays(t, filepath.Base(p), data, nil)
				if err == nil {
					good++
				} else {
					bad++
				}
				for _, f := range files[:min(1, len(files))] {
					_, _ = listBothWays(t, filepath.Base(p), data, func(added psyberg.SnapshotID) bool { return added == f.AddedSnapshotID }) // it compares
				}
			}
			read(raw)
			for i := range raw {
				read(raw[:i])
				for _, x := range []byte{1, 2, 4, 0x80, 0xff} {
					other := slices.Clone(raw)
					other[i] ^= x
					read(other)
				}
			}
		}
	}
	if len(schemas) < 3 || good < 1000 || bad < 1000 {
		t.Errorf("%d schemas, %d lists read, %d damaged", len(schemas), good, bad)
	}
}

// rawManifest prints a File as the expected rows of PyIceberg have it.
func rawManifest(f File) map[string]any {
	var parts any
	if f.Partitions != nil {
		l := []any{}
		for _, s := range f.Partitions {
			var nan any
			if s.ContainsNaN != nil {
				nan = *s.ContainsNaN
			}
			l = append(l, map[string]any{"contains_null": s.ContainsNull, "contains_nan": nan,
				"lower_bound": hexOrNil(s.Lower), "upper_bound": hexOrNil(s.Upper)})
		}
		parts = l
	}
	return map[string]any{"manifest_path": f.Path, "manifest_length": f.Length, "partition_spec_id": f.SpecID, "content": f.Content,
		"sequence_number": f.Sequence, "min_sequence_number": f.MinSequence, "added_snapshot_id": f.AddedSnapshotID,
		"added_files_count": f.AddedFiles, "existing_files_count": f.ExistingFiles, "deleted_files_count": f.DeletedFiles,
		"added_rows_count": f.AddedRows, "existing_rows_count": f.ExistingRows, "deleted_rows_count": f.DeletedRows,
		"partitions": parts, "key_metadata": hexOrNil(f.KeyMetadata)}
}

// TestReadList_AsPyIceberg: field by field what PyIceberg's own reader gives.
func TestReadList_AsPyIceberg(t *testing.T) {
	lists := pyicebergLists(t)
	want := map[string][]string{} // list → rows
	inspectLines(t, "raw_manifests", func(table string, row map[string]any, snapshot json.Number) {
		l, ok := lists[snapshot.String()]
		if !ok {
			t.Errorf("%s: no list of snapshot %s", table, snapshot)
			return
		}
		want[l] = append(want[l], text(row))
	})
	rows := 0
	for l, w := range want {
		files, err := ReadList(l, tableFile(t, "pyiceberg", l))
		if err != nil {
			t.Error(err)
			continue
		}
		if len(files) != len(w) {
			t.Errorf("%s: %d manifests, want %d", l, len(files), len(w))
			continue
		}
		for i, f := range files {
			if got := text(rawManifest(f)); got != w[i] {
				t.Errorf("%s: manifest %d:\n got %s\nwant %s", l, i, got, w[i])
			}
			rows++
		}
	}
	if rows < 400 {
		t.Errorf("only %d rows compared", rows)
	}
}

// pyicebergLists maps a snapshot id (they differ between tables) to its list.
func pyicebergLists(t testing.TB) map[string]string {
	t.Helper()
	out := map[string]string{}
	root := testtables.Unpack(t, "pyiceberg")
	err := filepath.WalkDir(root, func(p string, e os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(p, ".metadata.json") || strings.HasSuffix(p, ".gz.metadata.json") {
			return err
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		var m struct {
			Snapshots []struct {
				ID   json.Number `json:"snapshot-id"`
				List string      `json:"manifest-list"`
			} `json:"snapshots"`
		}
		if err := json.Unmarshal(b, &m); err != nil {
			return err
		}
		for _, s := range m.Snapshots {
			out[s.ID.String()] = s.List
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
