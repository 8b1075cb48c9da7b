// Package house holds the tests that keep the layout of this repository what
// ARCHITECTURE.md says it is: who may import whom, where cgo may be, which
// package exists. It has no code of its own that anything else could use.
package house
