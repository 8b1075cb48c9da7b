package surface

import (
	"context"
	"fmt"

	"psyberg/functions/manifest"
	"psyberg/psyberg"
)

// Manifests reads the manifest list of a snapshot; or, where a v1 snapshot
// names its manifests in metadata.json instead, the headers of those, in their
// order. None for a snapshot that has neither.
func Manifests(ctx context.Context, files Files, s *psyberg.Snapshot) ([]manifest.File, error) {
	if s.ManifestList != "" {
		data, err := files.Read(ctx, s.ManifestList, -1)
		if err != nil {
			return nil, ReadError(fmt.Sprintf("manifest list of snapshot %d", s.ID), s.ManifestList, err)
		}
		return manifest.ReadList(s.ManifestList, data)
	}
	var out []manifest.File
	for _, path := range s.Manifests {
		data, err := files.Read(ctx, path, -1)
		if err != nil {
			return nil, ReadError(fmt.Sprintf("manifest of snapshot %d", s.ID), path, err)
		}
		f, err := manifest.Describe(path, data)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}
