package state

// SetExpiry has the store expire sooner than a session table should.
func (s *Store) SetExpiry(keep, atLeast int) { s.keep, s.atLeast = keep, atLeast }
