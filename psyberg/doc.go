// Package psyberg holds the logic of incremental processing: which snapshots
// of a source are new to a process, what they changed, which hours must be
// rebuilt, and how a session moves from init to commit.
//
// It is pure: standard library only, no I/O, no clock, no catalog. The time
// "now" is always an argument.
package psyberg
