package fetch

import "golang.org/x/sys/unix"

// willNeed has the system begin to read a part of a file that is not in memory.
func willNeed(fd int, at, n int64) error { return unix.Fadvise(fd, at, n, unix.FADV_WILLNEED) }
