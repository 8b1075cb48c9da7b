// Package state keeps the tables that Psyberg itself keeps (semantics.md
// section 6): the session table, the watermark table, and beside the session
// table psyberg_session_f, named psyberg_audit_f, the verdicts of audits. They are
// ordinary Iceberg tables, format v2, partitioned by identity process_name,
// made on first use; every engine reads them.
//
// The rows of one process are a partition. A change reads the partition at one
// snapshot, decides, and replaces its files if they are still those that were
// read: a compare-and-set (Change), so that two sessions of a process never
// overwrite each other, while other processes never get in the way.
//
// Times are TIMESTAMPTZ in UTC with microseconds, ids BIGINT, dates DATE, hours
// INT 0..23 in UTC, inclusive at both ends.
package state
