//go:build unix && !linux

package fetch

const populate = 0
