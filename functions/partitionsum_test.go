package functions

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"psyberg/functions/manifest"
	"psyberg/functions/meta"
)

// decodedBatches are the batches of all manifests of a table's snapshot, of
// batchRows rows at most, each with its spec.
func decodedBatches(t *testing.T, w *warehouse, p *pinned, request manifest.Request, batchRows int) (out []specBatch) {
	t.Helper()
	request.BatchRows = batchRows
	files, err := manifestsOf(t.Context(), p.Files, p.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		data, err := w.Read(t.Context(), f.Path, -1)
		if err == nil {
			err = manifest.Scan(t.Context(), f, data, &request, nil, func(b arrow.RecordBatch) error {
				b.Retain()
				out = append(out, specBatch{f.SpecID, b})
				return nil
			})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

type specBatch struct {
	spec int32
	arrow.RecordBatch
}

// TestPartitionsInPieces: files add up to the same partitions in batches of any
// size, in any order, and shared out among any number of decoders. What one
// decoder makes of whole manifests is compared with Spark's elsewhere.
func TestPartitionsInPieces(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 1))
	compared, several := 0, 0
	for _, suite := range []string{"spark", "pyiceberg"} {
		w := openWarehouse(t, suite)
		for _, name := range w.names {
			p, err := pinFiles(t.Context(), w, named(name))
			if err != nil || p.Snapshot == nil || name == "conf.wide" {
				continue
			}
			unified, leaves := meta.UnifiedPartition(p.Meta), metricsLeaves(p.Meta.CurrentSchema())
			leaves = leaves[:min(3, len(leaves))]
			request := manifest.Request{Live: true, Columns: []manifest.Column{manifest.FileContent, manifest.SnapshotID, manifest.RecordCount,
				manifest.FileSizeInBytes, manifest.Partition}}
			request.Partition, _ = partitionRequest(unified)
			requestRanges(&request, leafIDs(leaves))
			sum := func(batchRows, decoders int) (out []string) {
				batches := decodedBatches(t, w, p, request, batchRows)
				if decoders > 1 {
					random.Shuffle(len(batches), func(i, j int) { batches[i], batches[j] = batches[j], batches[i] })
				}
				sums := &partitionSums{}
				for range decoders {
					sums.all = append(sums.all, &partitionSum{p: p, unified: unified, leaves: leaves, rows: map[string]*partitionRow{}})
				}
				for i, b := range batches {
					if err := sums.all[i%decoders].add(b.spec, newEntryBatch(b.RecordBatch)); err != nil {
						t.Fatalf("%s: %v", name, err)
					}
				}
				for _, r := range sums.rows() {
					text := fmt.Sprintf("%d %v %v %d %p", r.spec, r.values, r.counts, r.bytes, r.updated)
					for _, x := range r.ranges {
						text += fmt.Sprintf(" [%v, %v] %d nulls %d nan %d without %t %t %t", x.min, x.max, x.nulls, x.nan, x.without, x.noMin, x.noMax, x.any)
					}
					out = append(out, text)
				}
				return out
			}
			want := sum(0, 1)
			if len(want) > 1 {
				several++
			}
			for _, x := range []struct{ batchRows, decoders int }{{1, 1}, {1, 3}, {2, 2}, {7, 4}, {0, 2}} {
				got := sum(x.batchRows, x.decoders)
				if len(got) != len(want) {
					t.Fatalf("%s in batches of %d rows, %d decoders: %d partitions, want %d", name, x.batchRows, x.decoders, len(got), len(want))
				}
				for i := range want {
					if got[i] != want[i] {
						t.Fatalf("%s in batches of %d rows, %d decoders:\n%s\nwant\n%s", name, x.batchRows, x.decoders, got[i], want[i])
					}
				}
				compared++
			}
		}
	}
	if compared < 200 || several < 20 {
		t.Errorf("only %d comparisons, %d tables of several partitions", compared, several)
	}
}

// TestPartitionsProjected: a column is the same whether or not others are
// asked for with it, though less of the manifests is read then.
func TestPartitionsProjected(t *testing.T) {
	t.Parallel()
	for _, suite := range []string{"spark", "pyiceberg"} {
		w := openWarehouse(t, suite)
		for _, name := range w.names {
			f := find(t, w, "iceberg_partitions")
			table, err := w.Load(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			args := named(name)
			if leaves := metricsLeaves(table.Meta.CurrentSchema()); len(leaves) > 0 && name != "conf.wide" {
				if path, ok := table.Meta.CurrentSchema().NameOf(int(leaves[0].id)); ok {
					args.Named["bounds"] = []any{path}
				}
			}
			all, err := tryCall(f, args)
			if err != nil || len(all) == 0 {
				continue // what is wrong with a table is elsewhere
			}
			for _, column := range sortedKeys(all[0]) {
				some, err := tryCall(f, args, column)
				if err != nil || len(some) != len(all) {
					t.Fatalf("%s, %s alone: %d rows, %v; want %d", name, column, len(some), err, len(all))
				}
				for i := range all {
					if got, want := line(some[i][column]), line(all[i][column]); got != want {
						t.Errorf("%s, row %d: %s alone is %s, with all others %s", name, i, column, got, want)
					}
				}
			}
		}
	}
}
