// Package unsnap decompresses snappy's block format, wholly in memory, and has the
// checksum that Avro adds to it.
//
// A block is a sequence of elements: a literal, bytes as they are, or a copy,
// from how far back and how many. In a manifest an element is some 15 bytes of
// output, and what it costs is not these but what is waited for: where the next
// element begins is known once this one's tag is, and a processor that guesses
// its kind or length wrong begins again. So there is no question about a length
// as long as there is room for more: what is moved is 64 bytes, of which the
// element's are kept.
//
//	U1  What is a block by snappy's description comes out as that says; all else
//	    is refused: an element that is cut off, an output that is shorter or longer
//	    than the block says, a copy from before the output's beginning, a copy from
//	    nowhere (an offset of 0). The last is where klauspost/compress reads what
//	    this package refuses: S2 means a repetition by it, which snappy does not have.
//	U2  No more than the number of bytes which the block says it has is written,
//	    and nothing outside of src and those is read. Whoever gives no memory for
//	    them asks Len first whether that number is acceptable.
//	U3  In Go the compiler checks every index; there is no unsafe and no cgo. The
//	    loop in assembly, for amd64 (fast_amd64.s, which says why it keeps within
//	    bounds), and that of Sum are tested between pages that cannot be touched; the
//	    build tag purego leaves them out.
//	U4  Sum is hash/crc32's, whoever computes it.
package unsnap
