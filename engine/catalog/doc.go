// Package catalog finds Iceberg tables and is the only part of psyql that
// changes them. It reads the configuration, knows SQL and REST catalogs,
// opens files, and commits: appends, overwrites, staging, publishing.
//
// Reading never goes through a library's table loader: where the catalog says
// where the metadata.json is, functions/meta parses it, so that a table that
// a library refuses can still be looked at. Writing goes through iceberg-go's
// catalogs, with retries of our own (commit.go says why).
//
// # Invariants
//
// K1. A table changes by one compare-and-set of its metadata. All that a
// commit needs is written before, under names nobody else uses; so a process
// killed anywhere leaves either the old table and orphaned files, or the new
// table. No step after the compare-and-set is needed for correctness.
//
// K2. Every attempt of a commit reads the table again and asks again whether
// what it is about to do is done already (semantics.md section 7).
//
// K3. After an error whose outcome is unknown the table is read and looked up
// for the snapshot that was sent. Files are deleted only after an attempt
// whose snapshot is known not to be in the table.
//
// K4. A publish moves only the snapshot that its intent names, and takes the
// audits' verdict as an argument.
package catalog
