package catalog

import (
	"context"
	"errors"
)

// Exists reports whether a catalog has the table whose name has these levels,
// a catalog's name before them or not. Nothing of the table is read, and
// nothing is listed.
func (c *Catalogs) Exists(ctx context.Context, levels []string) (bool, error) {
	if len(levels) < 2 {
		return false, nil
	}
	id := c.resolve(ctx, parsedName{levels: levels})
	_, err := c.sources[id.catalog].locate(ctx, id.namespace, id.table)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
