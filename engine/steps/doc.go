// Package steps are the four steps of a session that write: init, publish,
// commit, discard (semantics.md section 7). They are functions of the SQL
// surface, so that a script CALLs them: psyberg_init, psyberg_publish,
// psyberg_commit, psyberg_discard.
//
// The order of reads and writes in here is that of semantics.md, checked
// exhaustively on a small model (the rules X1 to X6 of package psyberg; its
// test of every interleaving). Whoever changes the order changes the model
// first.
//
// Every step may be run again, by anybody, from wherever a crash left it.
package steps
