package steps

import (
	"context"
	"errors"

	"psyberg/engine/catalog"
	"psyberg/psyberg"
)

// Discarded says what a discard removed.
type Discarded struct {
	Snapshots  []psyberg.SnapshotID
	Branch     string
	DoneBefore bool // nothing is staged under the id
}

// Discard removes what an unpublished session has staged. A PUBLISHING session
// whose snapshot is gone is refused at its next publish, and READY again.
func (s *Steps) Discard(ctx context.Context, target, id string) (*Discarded, error) {
	if err := s.at(ctx, "discard"); err != nil {
		return nil, err
	}
	if _, err := s.Catalogs.Load(ctx, target); err != nil {
		return nil, err // an unknown table is no discard that was done before
	}
	d, err := s.Catalogs.Discard(ctx, target, id)
	if errors.Is(err, catalog.ErrNotFound) {
		return &Discarded{DoneBefore: true}, nil
	}
	if err != nil {
		return nil, err
	}
	return &Discarded{Snapshots: d.Snapshots, Branch: d.Branch}, nil
}
