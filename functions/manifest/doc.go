// Package manifest reads Iceberg's manifest lists and manifests, Avro files,
// straight into Go values (lists) and Arrow columns (manifests). Only the
// fields that are asked for are decoded; all others are stepped over.
//
// It reads bytes, does no I/O and knows neither DuckDB nor a catalog.
//
// What holds for every file, whoever wrote it:
//
//	M1  Fields are found by field id, in whatever order the writer put them;
//	    by name only where the writer left ids out.
//	M2  No length, count or size in a file is believed before it was checked
//	    against the bytes that are there; memory is bounded by maxBlock.
//	M3  A file that is not wholly understood is an error, never fewer rows:
//	    every block must end in the file's sync marker and its entries must
//	    use up the block to the last byte.
//	M4  What the spec lets an entry inherit is filled in here (snapshot id,
//	    sequence numbers, first row id), so that no caller does it again.
//
// Source: Iceberg table spec, "Manifests", "Manifest Lists", "Sequence Number
// Inheritance", "First Row ID Inheritance"; Avro 1.12 spec, "Object Container
// Files".
package manifest
