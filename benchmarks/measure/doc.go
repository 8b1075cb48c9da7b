// Package measure says what reading manifests costs, and what it must cost:
// the limit is reading the files from the page cache and inflating them with
// the best inflater known, nothing else. Variants are run in turn, round by
// round, and compared within a round, in CPU time of the process: a machine
// that others use too makes all of a round slower alike.
package measure
