//go:build !amd64 || purego

package unsnap

func fast(dst, src []byte, in, out int) (nextIn, nextOut int) { return portable(dst, src, in, out) }
