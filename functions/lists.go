package functions

import (
	"context"

	"psyberg/functions/manifest"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// manifestsOf returns the manifests of a snapshot; none where it is nil.
func manifestsOf(ctx context.Context, files surface.Files, s *psyberg.Snapshot) ([]manifest.File, error) {
	if s == nil {
		return nil, nil
	}
	return surface.Manifests(ctx, files, s)
}

// listsOf returns the manifests of each snapshot, by position, lists read
// ahead of their decoding. Snapshots that share a list (as a property-only commit of
// PyIceberg makes them) have it read once.
func listsOf(ctx context.Context, table *surface.Table, snapshots []*psyberg.Snapshot) ([][]manifest.File, error) {
	first := map[string]int{} // list -> its index in todo
	var todo []*psyberg.Snapshot
	at := make([]int, len(snapshots)) // index into todo
	for i, s := range snapshots {
		if s == nil {
			continue
		}
		if s.ManifestList != "" {
			if k, again := first[s.ManifestList]; again {
				at[i] = k
				continue
			}
			first[s.ManifestList] = len(todo)
		}
		at[i] = len(todo)
		todo = append(todo, s)
	}
	lists, err := table.Lists(ctx, todo)
	if err != nil {
		return nil, err
	}
	out := make([][]manifest.File, len(snapshots))
	for i, s := range snapshots {
		if s != nil {
			out[i] = lists[at[i]]
		}
	}
	return out, nil
}

// manifestsOfAll returns the manifests of all retained snapshots, each once.
func manifestsOfAll(ctx context.Context, p *pinned) ([]manifest.File, error) {
	lists, err := listsOf(ctx, p.Table, p.Meta.Snapshots)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var out []manifest.File
	for _, files := range lists {
		for _, f := range files {
			if !seen[f.Path] {
				seen[f.Path] = true
				out = append(out, f)
			}
		}
	}
	return out, nil
}
