package fetch

import "golang.org/x/sys/unix"

// populate has the system map all pages at once: one by one costs more than reading.
const populate = unix.MAP_POPULATE
