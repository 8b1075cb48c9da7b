// Package measure says what reading manifests costs, and what it must cost:
// the limit is reading the files from the page cache and inflating them with
// the best inflater known, nothing else.
//
// Variants are run in turn, round by round, on a machine that others use too,
// and whose speed changes within a second. So variants take turns file by file,
// a few milliseconds each, so that a moment of quiet is for all of them, and what
// one needs is the sum of the least of each file: some round met each file
// undisturbed. What comes with other files in every round,
// garbage collection above all, is added as a mean. Of what can only be run as a
// whole, a low quantile of more runs has to do.
package measure
