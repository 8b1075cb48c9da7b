package state

import (
	"context"
	"errors"
	"time"

	"psyberg/engine/catalog"
	"psyberg/psyberg"
)

// Expire removes old snapshots of tables of ours, and the files that only they
// had, by the properties of each. A table that does not exist has none. Every
// change of a table does it by itself; nothing depends on it.
func (s *Store) Expire(ctx context.Context, tables ...string) error {
	var errs error
	for _, name := range tables {
		err := s.expire(ctx, name)
		if !errors.Is(err, catalog.ErrNotFound) {
			errs = errors.Join(errs, err)
		}
	}
	return errs
}

func (s *Store) expire(ctx context.Context, name string) error {
	t, err := s.cat.Load(ctx, name)
	if err != nil {
		return err
	}
	p := policyOf(t.Meta)
	if p.keepSnapshots == 0 || len(t.Meta.Snapshots) < p.keepSnapshots+slack(p.keepSnapshots) {
		return nil
	}
	keep := p.keepSnapshots
	if p.keepAge > 0 {
		since, young := psyberg.InstantOf(time.Now().Add(-p.keepAge)), 0
		for _, snap := range t.Meta.Snapshots {
			if snap.CommittedAt >= since {
				young++
			}
		}
		keep = max(keep, young)
	}
	if len(t.Meta.Snapshots) < keep+slack(p.keepSnapshots) {
		return nil
	}
	_, err = s.cat.Expire(ctx, name, keep)
	return err
}

// slack is how many snapshots beyond those kept there have to be, so that not
// every change pays for an expiry.
func slack(keep int) int { return max(keep/4, 1) }
