//go:build unix && !linux

package fetch

// willNeed does nothing: the system guesses.
func willNeed(int, int64, int64) error { return nil }
