package state

import (
	"context"
	"slices"
	"strings"

	"psyberg/psyberg"
)

// usualPart is in the name of a session table (psyberg_session_f in semantics.md
// section 6) as most people choose it; at most maxGuesses such tables are read.
const (
	usualPart  = "session"
	maxGuesses = 10
)

// knowing remembers a session table that somebody named.
func (s *Store) knowing(table string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.known, table) {
		s.known = append(s.known, table)
	}
}

// SessionWith returns the rows of the session with an id, where all that is
// known of it is the id (a COPY has no more). It is looked for in the session
// tables that were read or written through this store; before any was, in
// tables of the default catalog with "session" in their name, if that catalog
// lists its tables by one query. process narrows it ("" is any).
//
// No row: it is in none of them, or sessions of several processes have the id
// and could still publish, so that nobody can tell which is meant.
func (s *Store) SessionWith(ctx context.Context, id, process string) ([]psyberg.SessionRow, error) {
	s.mu.Lock()
	tables := slices.Clone(s.known)
	s.mu.Unlock()
	guessed := len(tables) == 0
	if guessed {
		tables = s.cat.NamedLike(ctx, usualPart)
		tables = slices.DeleteFunc(tables, func(t string) bool { return strings.HasSuffix(strings.TrimSuffix(t, `"`), "_audits") })
		tables = tables[:min(len(tables), maxGuesses)]
	}
	var all []psyberg.SessionRow
	for _, t := range tables {
		found, err := read(ctx, s, t, sessionCodec, want{process: process, session: id})
		if err != nil && guessed {
			continue // somebody else's table of that name
		}
		if err != nil {
			return nil, err
		}
		for _, r := range psyberg.RowsOf(found, id) {
			if r.Source.Table != "" { // else the table keeps something else of sessions
				all = append(all, r)
			}
		}
	}
	return theOne(all), nil
}

// theOne returns the rows where they are of one process, else those of the one
// process whose session is not over.
func theOne(rows []psyberg.SessionRow) []psyberg.SessionRow {
	if ofOne(rows) {
		return rows
	}
	open := slices.DeleteFunc(slices.Clone(rows), func(r psyberg.SessionRow) bool {
		return r.Status == psyberg.StatusCommitted || r.Status == psyberg.StatusSuperseded
	})
	if ofOne(open) {
		return open
	}
	return nil
}

func ofOne(rows []psyberg.SessionRow) bool {
	return !slices.ContainsFunc(rows, func(r psyberg.SessionRow) bool { return r.Process != rows[0].Process })
}
