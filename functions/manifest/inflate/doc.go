// Package inflate decompresses raw DEFLATE (RFC 1951) that is wholly in memory.
//
// Manifests are mostly compressed blocks of 64 KB: what reading one costs is
// what inflating it costs. A decoder that has all of its input and all of its
// output at hand needs neither a window nor a state between calls, and is
// about three times as fast as a streaming one. Two blocks at a time take a
// third less again (AppendTwo): one is waited for while the other goes on.
//
//	I1  What compress/flate reads, this package reads to the same bytes;
//	    what compress/flate refuses, it refuses. As there, bytes after the
//	    last block are not looked at.
//	I2  No size is believed: the output grows with what is decoded, at most
//	    to the limit that the caller gives.
//	I3  Nothing outside of src, dst and the decoder is read or written. In Go
//	    the compiler checks every index; there is no unsafe and no cgo. The one
//	    loop that there is in assembly too, for amd64 (fast_amd64.s, which says
//	    why it keeps within bounds), is tested between pages that cannot be
//	    touched; the build tag purego leaves it out.
package inflate
