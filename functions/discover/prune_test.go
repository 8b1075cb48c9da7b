package discover

import (
	"context"
	"testing"

	"psyberg/psyberg"
)

// A manifest that holds a file of a partition is never left out, over every
// manifest of both archives; most of those that hold none are.
func TestPruningLosesNothing(t *testing.T) {
	held, left, wrong := 0, 0, 0
	for _, suite := range []string{"spark", "pyiceberg"} {
		w := openWarehouse(t, suite)
		for name, table := range w.usable(t) {
			r := newReader(table, nil, newDecoder(table.Meta, nil))
			var snapshots []*psyberg.Snapshot
			for i, s := range table.Meta.Snapshots {
				if i < 30 { // the long history repeats itself
					snapshots = append(snapshots, s)
				}
			}
			ctx := context.Background()
			lists, err := table.Lists(ctx, snapshots)
			if err != nil {
				t.Fatal(err)
			}
			for _, files := range lists {
				if _, err := r.read(ctx, files); err != nil {
					t.Fatal(err)
				}
				for _, f := range files {
					s := r.decoder.specs[f.SpecID]
					holds := map[tupleID]bool{}
					for _, e := range r.entries[f.Path] {
						holds[tupleID{e.Partition.SpecID, e.Partition.URI}] = true
					}
					for id, values := range r.decoder.tuples {
						if id.spec != int(f.SpecID) {
							continue
						}
						switch may := s.mayHold(f, values); {
						case holds[id] && !may:
							t.Errorf("%s: manifest %s holds %s, and is left out", name, f.Path, id.uri)
						case holds[id]:
							held++
						case may:
							wrong++
						default:
							left++
						}
					}
				}
			}
		}
	}
	t.Logf("%d kept, %d left out, %d kept for nothing", held, left, wrong)
	if held < 1000 || left < 500 {
		t.Errorf("%d kept, %d left out: too few to mean anything", held, left)
	}
}

// Preexisting files are looked for only where they can be.
func TestPreexistingReadsFewManifests(t *testing.T) {
	w := openWarehouse(t, "spark")
	to, from := psyberg.SnapshotID(5061818113293057377), psyberg.SnapshotID(481837433942716132)
	req := Request{Want: WantPartitions, Sources: sources(t, "life.plan_fact"), FromSnapshot: &from, ToSnapshot: &to, WithPreexisting: true}
	w.manifests()
	s := run(t, Deps{Tables: w}, req).Sources[0]
	read, _ := w.manifests()
	if n := s.Changes.Partitions[0].Preexisting; n == nil || *n != 1 || len(read) != 2 {
		t.Errorf("%v preexisting files, manifests read: %v", n, read)
	}
}
