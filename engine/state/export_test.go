package state

import "psyberg/engine/catalog"

// Catalogs are those of the store.
func (s *Store) Catalogs() *catalog.Catalogs { return s.cat }
