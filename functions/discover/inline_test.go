package discover

import (
	"context"
	"reflect"
	"testing"

	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// inlined shows v1 tables as writers of before Iceberg 0.8 left them: snapshots
// name their manifests in metadata.json, and there is no manifest list.
type inlined struct{ *warehouse }

func (w inlined) Load(ctx context.Context, name string) (*surface.Table, error) {
	t, err := w.warehouse.Load(ctx, name)
	if err != nil {
		return nil, err
	}
	for _, s := range t.Meta.Snapshots {
		list, err := surface.Manifests(ctx, t.Files, s)
		if err != nil {
			return nil, err
		}
		for _, f := range list {
			s.Manifests = append(s.Manifests, f.Path)
		}
		s.ManifestList = ""
	}
	return t, nil
}

// TestManifestsNamedInline: what is found is what the manifest lists lead to.
func TestManifestsNamedInline(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for suite, names := range map[string][]string{
		"spark": {"conf.v1_basic", "conf.part_identity", "conf.fmt_mixed"}, "pyiceberg": {"conf.v1_basic", "conf.part_evolution_v1"},
	} {
		w := openWarehouse(t, suite)
		for _, name := range names {
			table, err := w.Load(ctx, name)
			if err != nil {
				t.Fatal(err)
			}
			requests := []Request{{}}
			for _, s := range table.Meta.Snapshots {
				id := s.ID
				requests = append(requests, Request{FromSnapshot: &id})
			}
			for _, req := range requests {
				req.Sources, req.Want, req.WithPreexisting = sources(t, name), WantPartitions, true
				req.OnOverwrite, req.RecoverRollback = psyberg.OverwriteAdded, true
				want, err := Run(ctx, Deps{Tables: w}, req)
				if err != nil {
					t.Fatal(err)
				}
				got, err := Run(ctx, Deps{Tables: inlined{w}}, req)
				if err != nil {
					t.Errorf("%s %s: %v", suite, name, err)
					continue
				}
				if !reflect.DeepEqual(got.Sources[0].Changes, want.Sources[0].Changes) {
					t.Errorf("%s %s from %v:\n got %+v\nwant %+v", suite, name, req.FromSnapshot, got.Sources[0].Changes, want.Sources[0].Changes)
				}
			}
		}
	}
}
