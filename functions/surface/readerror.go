package surface

import (
	"errors"
	"fmt"
	"io/fs"
)

// ReadError says which file of a table could not be read; what is "manifest",
// "manifest list". One that is not there is damage to the table, not an error
// of the disk or the network: trying again finds it no more.
func ReadError(what, location string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read %s %q: %w [PSY_DAMAGED]", what, location, err)
	}
	return fmt.Errorf("read %s %q: %w", what, location, err)
}
