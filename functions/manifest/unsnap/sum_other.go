//go:build !amd64 || purego

package unsnap

import "hash/crc32"

func sum(b []byte) uint32 { return crc32.ChecksumIEEE(b) }
