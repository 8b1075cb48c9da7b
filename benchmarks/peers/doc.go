// Package peers measures what others need for the same questions on the same
// tables: PyIceberg, iceberg-go, DuckDB's read_avro, Iceberg Java and Spark.
// Each is a process that answers a question once per line on its standard
// input; it is asked some times before it is measured, then in turn with the limit.
// What cannot be installed here is left out, and says why.
package peers
