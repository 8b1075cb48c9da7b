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

// manifestsOfAll returns the manifests of all retained snapshots, each once.
func manifestsOfAll(ctx context.Context, p *pinned) ([]manifest.File, error) {
	lists, err := p.Table.Lists(ctx, p.Meta.Snapshots)
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
