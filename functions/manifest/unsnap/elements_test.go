package unsnap

import (
	"encoding/binary"
	"strings"
)

// The elements of a block, written by hand.

func lit(s string) string {
	n := len(s) - 1
	if n < maxShort {
		return string([]byte{byte(n << 2)}) + s
	}
	size := 1
	for n>>(8*size) > 0 {
		size++
	}
	return longLit(size, s)
}

// longLit is a literal with so many bytes of length, be these needed or not.
func longLit(size int, s string) string {
	length := binary.LittleEndian.AppendUint32(nil, uint32(len(s)-1))
	return string([]byte{byte(maxShort-1+size) << 2}) + string(length[:size]) + s
}

func back1(n, offset int) string {
	return string([]byte{byte(offset>>8<<5 | (n-4)<<2 | copy1), byte(offset)})
}

func back2(n, offset int) string {
	return string([]byte{byte((n-1)<<2 | copy2), byte(offset), byte(offset >> 8)})
}

// back4 has 32 bits of offset: -1 is all of them.
func back4(n, offset int) string {
	return string(binary.LittleEndian.AppendUint32([]byte{byte((n-1)<<2 | copy4)}, uint32(offset)))
}

// block is elements behind their number of bytes.
func block(n int, elements ...string) []byte {
	return append(binary.AppendUvarint(nil, uint64(n)), strings.Join(elements, "")...)
}
