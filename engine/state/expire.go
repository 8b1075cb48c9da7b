package state

import (
	"context"
	"errors"

	"psyberg/engine/catalog"
)

// Every change of a row's status is a snapshot, and the rows themselves are the
// history: old snapshots are of no use. keepSnapshots is far beyond what
// statements that still read an older one need; a session makes about five, so
// with expireAtLeast one session in ten pays for the expiry.
const (
	keepSnapshots = 200
	expireAtLeast = 50
)

// Expire removes old snapshots of tables of ours, and the files that only they
// had. A table that does not exist has none. Nothing depends on it: a caller
// may leave its error to the log.
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
	if err != nil || len(t.Meta.Snapshots) < s.keep+s.atLeast {
		return err
	}
	_, err = s.cat.Expire(ctx, name, s.keep)
	return err
}
