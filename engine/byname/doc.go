// Package byname lets SQL name Iceberg tables as it names its own: FROM ns.table
// reads the rows, FROM ns.table.snapshots a metadata table, catalog.ns.table a
// table of another catalog.
//
// It costs nothing until DuckDB says that it does not know a table, schema or
// catalog: DuckDB's own names win, and a statement without names of ours never
// gets here. Then the names that stand where a table can stand, and that a catalog
// knows, are replaced by calls of the functions, each with the name's last part as
// its alias. Nothing is listed and nothing kept: a catalog with 10,000 tables
// costs as much as one with none.
//
// Rules:
//
//   - a name has two parts or more; one part alone is DuckDB's.
//   - a table of that full name comes before a metadata table of a shorter one,
//     as in Spark.
//   - ns.table.branch_x, tag_x, snapshot_id_123 and VERSION AS OF, TIMESTAMP AS OF,
//     AT (VERSION => ...), AT (TIMESTAMP => ...) pin the snapshot.
//   - ns.table.column is a column of ns.table; where two tables of one FROM share
//     their last part, each is known by its whole name.
//   - what is written to (INSERT, UPDATE, DELETE, DROP ...) is never replaced.
package byname
