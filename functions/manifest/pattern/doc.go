// Package pattern finds the fields of records that are alike without reading
// them one after the other.
//
// The entries of a manifest differ in their paths, counts and bounds, but little
// in what lies between these: the same keys, the same branches of unions, numbers
// of as many bytes as in the entry before. A Pattern says so of one entry: which
// bits have to be the same, 32 bytes at a time, and at which places there is
// something of any length. Where an entry fits, the places of its fields are
// known, and what nobody asked for was not looked at.
//
//	P1  What fits is well-formed in what the pattern says of it, and each place
//	    is the one that reading field by field comes to. What does not fit says
//	    nothing: the caller reads that entry in another way.
//	P2  Nothing behind the bytes given is read. Near their end nothing fits.
//
// The loop is there in Go and, for amd64, in assembly (AVX2, BMI2); the build tag
// purego leaves that out.
package pattern
