// Package bridge is the border between Go and DuckDB: it makes DuckDB table
// functions of surface.Function values, copies Arrow batches into DuckDB
// vectors, and streams query results out as Go values. It is the only package
// with cgo and unsafe.
//
// Arrow types become DuckDB types so (columns and arguments alike):
//
//	bool                     BOOLEAN
//	int8 .. int64            TINYINT .. BIGINT
//	uint8 .. uint64          UTINYINT .. UBIGINT
//	float32, float64         FLOAT, DOUBLE
//	utf8                     VARCHAR, or JSON with the field's metadata duckdb=JSON
//	binary, fixed binary     BLOB, or UUID (16 bytes) with duckdb=UUID
//	date32                   DATE
//	time64[us], time64[ns]   TIME, TIME_NS
//	timestamp[s|ms|us|ns]    TIMESTAMP_S, _MS, TIMESTAMP, TIMESTAMP_NS
//	timestamp with a zone    TIMESTAMPTZ: microseconds, nanoseconds are cut off towards the past
//	decimal128(p, s)         DECIMAL(p, s)
//	month-day-nano interval  INTERVAL, cut to microseconds
//	null                     "NULL" as a column, ANY as an argument
//	struct, list, map        STRUCT, LIST, MAP of these
//	dictionary of utf8 or binary: as its values
//
// Everything else is an error at bind that names the column.
package bridge
