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
// several at a time. Snapshots that share a list (as a property-only commit of
// PyIceberg makes them) have it read once.
func listsOf(ctx context.Context, files surface.Files, snapshots []*psyberg.Snapshot) ([][]manifest.File, error) {
	first := map[string]int{} // list -> the first snapshot that has it
	var todo []int
	for i, s := range snapshots {
		if s == nil {
			continue
		}
		if s.ManifestList != "" {
			if _, again := first[s.ManifestList]; again {
				continue
			}
			first[s.ManifestList] = i
		}
		todo = append(todo, i)
	}
	out := make([][]manifest.File, len(snapshots))
	err := inParallel(ctx, len(todo), func(ctx context.Context, k int) (err error) {
		out[todo[k]], err = manifestsOf(ctx, files, snapshots[todo[k]])
		return err
	})
	if err != nil {
		return nil, err
	}
	for i, s := range snapshots {
		if s != nil && s.ManifestList != "" {
			out[i] = out[first[s.ManifestList]]
		}
	}
	return out, nil
}

// manifestsOfAll returns the manifests of all retained snapshots, each once.
func manifestsOfAll(ctx context.Context, p *pinned) ([]manifest.File, error) {
	lists, err := listsOf(ctx, p.Files, p.Meta.Snapshots)
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
