// Package htmlreport draws what a process has done as one HTML page: sessions
// on a time line, event time against landing time, what was read against what a
// fixed look-back would have read, audits, freshness, watermarks.
//
// Gather reads the tables that Psyberg keeps and the metadata of the sources
// (never a row of them), Report is what it found, Write makes the page: inline
// SVG, no script, nothing from the network. Every mark says in a <title> why it
// is there. Times are UTC.
package htmlreport
