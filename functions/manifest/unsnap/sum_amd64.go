//go:build amd64 && !purego

package unsnap

import (
	"hash/crc32"

	"golang.org/x/sys/cpu"
)

// hasFold: can this processor multiply polynomials four at a time?
var hasFold = cpu.X86.HasAVX512F && cpu.X86.HasAVX512VPCLMULQDQ

// leastFold is from which length on folding is worth its beginning and its end.
const leastFold = 4 << 10

// x to the power of so many bits and 32 more, and of so many and 32 less, modulo the
// polynomial: by these the halves of 16 bytes are multiplied where they are added to
// 16 bytes that are so many bits further on. The highest power is the lowest bit, as in
// the CRC, and all are one bit further up, which a product of two such would lack.
const (
	fold2048     = 0x11542778a
	fold2048High = 0x1322d1430
	fold512      = 0x154442bd4
	fold512High  = 0x1c6e41596
)

// foldAVX512 is in sum_amd64.s: of n bytes, a multiple of 256 and not 0, it makes 64.
//
//go:noescape
func foldAVX512(p *byte, n int, to *[64]byte)

func sum(b []byte) uint32 {
	if !hasFold || len(b) < leastFold {
		return crc32.ChecksumIEEE(b)
	}
	return folded(b)
}

// folded needs 256 bytes.
func folded(b []byte) uint32 {
	var first [64]byte
	n := len(b) &^ 255
	foldAVX512(&b[0], n, &first)
	const none = ^uint32(0) // what a sum begins with is in first
	return crc32.Update(crc32.Update(none, crc32.IEEETable, first[:]), crc32.IEEETable, b[n:])
}
