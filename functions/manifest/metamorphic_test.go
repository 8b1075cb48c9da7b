package manifest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestScan_AnyProjection: whatever is asked for beside it, in batches of
// whatever size, a column holds the same. What is asked for decides which ways
// entries are read in; so this compares them with each other.
func TestScan_AnyProjection(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	compared := 0
	for _, suite := range []string{"pyiceberg", "spark"} {
		for i, path := range avroFiles(t, suite, isManifest) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := open("manifest", path, data); err != nil || i%3 != 0 {
				continue
			}
			compared += sameProjections(t, filepath.Base(path), data, r)
		}
	}
	if compared < 5000 {
		t.Errorf("only %d values compared", compared)
	}
}

// sameProjections scans a manifest for everything, and for random parts of it,
// also without compression, and compares the values that both have.
func sameProjections(t *testing.T, name string, data []byte, r *rand.Rand) (compared int) {
	t.Helper()
	first := int64(1000)
	file := File{Path: name, AddedSnapshotID: 7, Sequence: 3, SpecID: 2, FirstRowID: &first}
	all := everything(t, name, data)
	all.Bounds, all.Counts = []int32{1, 2, 5}, []int32{1, 3}
	want, err := scanAll(t, file, data, all)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return 0
	}
	live := slices.DeleteFunc(slices.Clone(want), func(row map[string]any) bool { return row["status"] == int32(deleted) })
	plain := uncompressed(t, data)
	if c, err := open("manifest", name, data); err == nil && hasOddFixed(c.schema) {
		plain = data // who wrote it is told by the header, which uncompressed shortens
	}
	for range 6 {
		req := partOf(all, r)
		got, err := scanAll(t, file, [][]byte{data, plain}[r.IntN(2)], req)
		if err != nil {
			t.Errorf("%s: %+v: %v", name, req, err)
			return compared
		}
		rows := want
		if req.Live {
			rows = live
		}
		if len(got) != len(rows) {
			t.Errorf("%s: %+v: %d rows, want %d", name, req, len(got), len(rows))
			return compared
		}
		for i, row := range got {
			for column, v := range row {
				if column == Partition.String() && len(req.Partition) < len(all.Partition) {
					continue // its members are compared when all of them are asked for
				}
				compared++
				if g, w := fmt.Sprint(v), fmt.Sprint(rows[i][column]); g != w {
					t.Errorf("%s: %+v: entry %d: %s is %s, want %s", name, req, i, column, g, w)
					return compared
				}
			}
		}
	}
	return compared
}

// partOf returns a request for some of what all asks for.
func partOf(all *Request, r *rand.Rand) *Request {
	req := &Request{Live: r.IntN(2) == 0, BatchRows: []int{0, 1, 3, 100}[r.IntN(4)]}
	most := 1 + r.IntN(4)
	for _, c := range all.Columns {
		if r.IntN(4) < most-1 || c == Partition && r.IntN(2) == 0 {
			req.Columns = append(req.Columns, c)
		}
	}
	r.Shuffle(len(req.Columns), func(i, j int) { req.Columns[i], req.Columns[j] = req.Columns[j], req.Columns[i] })
	req.Partition = slices.Clone(all.Partition)
	if r.IntN(3) == 0 && len(req.Partition) > 0 {
		req.Partition = req.Partition[1:]
	}
	for _, b := range all.Bounds {
		if r.IntN(2) == 0 {
			req.Bounds = append(req.Bounds, b)
		}
	}
	if r.IntN(2) == 0 {
		req.Counts = all.Counts[r.IntN(2):]
	}
	return req
}
