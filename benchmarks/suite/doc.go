// Package suite is the table of measures: what reading metadata may cost, by
// the decoder, through SQL and as a command, and what it does cost on this
// machine. Every measure compares the answers first, then takes times.
package suite
