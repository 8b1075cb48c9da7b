// Package benchmarks measures how near to the machine's limit metadata is
// read: Go benchmarks of the parts, and cmd/bench, which prints the table of
// measures with the limit of each. See tables for what is read and measure for
// what a limit is.
//
//	go test ./benchmarks -run xxx -bench Decode         # the decoder on T1, T2, T3
//	go test ./benchmarks -run xxx -bench Decode/T2/Q1   # one of them
//
// Tables are kept in $PSYBERG_BENCH_DIR, else the user's cache folder; the
// first run makes them, which takes a minute or two. PSYBERG_BENCH_DOWN=100
// takes tables of a hundredth.
package benchmarks
