package tables

import (
	"fmt"
	"strings"
)

// column is a column of the table.
type column struct {
	id         int32
	name, kind string
}

// wideColumns are those of wide tables, narrowColumns those of others. Ids of
// the same name are the same.
var wideColumns = []column{
	{1, "event_id", "long"}, {2, "event_ts", "timestamptz"}, {3, "ingest_ts", "timestamptz"}, {4, "landing_ts", "timestamp"},
	{5, "batch_id", "string"}, {6, "device_id", "string"}, {7, "session_id", "string"}, {8, "region", "string"},
	{9, "event_type", "string"}, {10, "user_ref", "string"}, {11, "payload_hash", "string"}, {12, "trace_id", "string"},
	{13, "temperature", "double"}, {14, "pressure", "double"}, {15, "latitude", "double"}, {16, "longitude", "double"},
	{17, "score", "double"}, {18, "seq_no", "int"}, {19, "status_code", "int"}, {20, "retries", "int"},
	{21, "landing_date", "date"}, {22, "landing_hour", "int"},
}

var narrowColumns = []column{
	{1, "event_id", "long"}, {2, "event_ts", "timestamptz"}, {8, "region", "string"}, {9, "event_type", "string"},
	{21, "landing_date", "date"}, {22, "landing_hour", "int"},
}

// EventColumn is the field id of event_ts.
const EventColumn = 2

// partitionField is a field of the table's one partition spec.
type partitionField struct {
	id, source int32
	name, avro string
}

var allPartitionFields = []partitionField{
	{1000, 21, "landing_date", `{"type":"int","logicalType":"date"}`},
	{1001, 22, "landing_hour", `"int"`},
	{1002, 5, "batch_id", `"string"`},
}

func (c Config) columns() []column {
	if c.Wide {
		return wideColumns
	}
	return narrowColumns
}

func (c Config) partition() []partitionField {
	if c.Wide {
		return allPartitionFields
	}
	return allPartitionFields[:2]
}

// schemaJSON is the table's schema, id 0.
func (c Config) schemaJSON() string {
	var fields []string
	for _, col := range c.columns() {
		fields = append(fields, fmt.Sprintf(`{"id":%d,"name":%q,"required":false,"type":%q}`, col.id, col.name, col.kind))
	}
	return `{"type":"struct","schema-id":0,"fields":[` + strings.Join(fields, ",") + `]}`
}

// specJSON are the fields of the partition spec, id 0.
func (c Config) specJSON() string {
	var fields []string
	for _, f := range c.partition() {
		fields = append(fields, fmt.Sprintf(`{"name":%q,"transform":"identity","source-id":%d,"field-id":%d}`, f.name, f.source, f.id))
	}
	return "[" + strings.Join(fields, ",") + "]"
}

// mapField is a map keyed by field id, as manifests have it.
func mapField(name string, id, key, value int, valueType, doc string) string {
	return fmt.Sprintf(`{"name":%q,"type":["null",{"type":"array","items":{"type":"record","name":"k%d_v%d","fields":[`+
		`{"name":"key","type":"int","field-id":%d},{"name":"value","type":%q,"field-id":%d}]},"logicalType":"map"}],"doc":%q,"default":null,"field-id":%d}`,
		name, key, value, key, valueType, value, doc, id)
}

// manifestSchema is the Avro schema of manifests, format version 2.
func (c Config) manifestSchema() string {
	var part []string
	for _, f := range c.partition() {
		part = append(part, fmt.Sprintf(`{"name":%q,"type":["null",%s],"default":null,"field-id":%d}`, f.name, f.avro, f.id))
	}
	equality, more := `"int"`, `,{"name":"referenced_data_file","type":["null","string"],"doc":"Fully qualified location (URI with FS scheme) of a data file that all deletes reference","default":null,"field-id":143}`
	if c.Layout == PyIceberg {
		equality, more = `"long"`, ""
	}
	file := strings.Join([]string{
		`{"name":"content","type":"int","doc":"Contents of the file: 0=data, 1=position deletes, 2=equality deletes","field-id":134}`,
		`{"name":"file_path","type":"string","doc":"Location URI with FS scheme","field-id":100}`,
		`{"name":"file_format","type":"string","doc":"File format name: avro, orc, or parquet","field-id":101}`,
		`{"name":"partition","type":{"type":"record","name":"r102","fields":[` + strings.Join(part, ",") + `]},"doc":"Partition data tuple, schema based on the partition spec","field-id":102}`,
		`{"name":"record_count","type":"long","doc":"Number of records in the file","field-id":103}`,
		`{"name":"file_size_in_bytes","type":"long","doc":"Total file size in bytes","field-id":104}`,
		mapField("column_sizes", 108, 117, 118, "long", "Map of column id to total size on disk"),
		mapField("value_counts", 109, 119, 120, "long", "Map of column id to total count, including null and NaN"),
		mapField("null_value_counts", 110, 121, 122, "long", "Map of column id to null value count"),
		mapField("nan_value_counts", 137, 138, 139, "long", "Map of column id to number of NaN values in the column"),
		mapField("lower_bounds", 125, 126, 127, "bytes", "Map of column id to lower bound"),
		mapField("upper_bounds", 128, 129, 130, "bytes", "Map of column id to upper bound"),
		`{"name":"key_metadata","type":["null","bytes"],"doc":"Encryption key metadata blob","default":null,"field-id":131}`,
		`{"name":"split_offsets","type":["null",{"type":"array","items":"long","element-id":133}],"doc":"Splittable offsets","default":null,"field-id":132}`,
		`{"name":"equality_ids","type":["null",{"type":"array","items":` + equality + `,"element-id":136}],"doc":"Equality comparison field IDs","default":null,"field-id":135}`,
		`{"name":"sort_order_id","type":["null","int"],"doc":"Sort order ID","default":null,"field-id":140}` + more,
	}, ",")
	return `{"type":"record","name":"manifest_entry","fields":[{"name":"status","type":"int","field-id":0},` +
		`{"name":"snapshot_id","type":["null","long"],"default":null,"field-id":1},` +
		`{"name":"sequence_number","type":["null","long"],"default":null,"field-id":3},` +
		`{"name":"file_sequence_number","type":["null","long"],"default":null,"field-id":4},` +
		`{"name":"data_file","type":{"type":"record","name":"r2","fields":[` + file + `]},"field-id":2}]}`
}

// listSchema is the Avro schema of manifest lists, format version 2.
const listSchema = `{"type":"record","name":"manifest_file","fields":[` +
	`{"name":"manifest_path","type":"string","doc":"Location URI with FS scheme","field-id":500},` +
	`{"name":"manifest_length","type":"long","doc":"Total file size in bytes","field-id":501},` +
	`{"name":"partition_spec_id","type":"int","doc":"Spec ID used to write","field-id":502},` +
	`{"name":"content","type":"int","doc":"Contents of the manifest: 0=data, 1=deletes","field-id":517},` +
	`{"name":"sequence_number","type":"long","doc":"Sequence number when the manifest was added","field-id":515},` +
	`{"name":"min_sequence_number","type":"long","doc":"Lowest sequence number in the manifest","field-id":516},` +
	`{"name":"added_snapshot_id","type":"long","doc":"Snapshot ID that added the manifest","field-id":503},` +
	`{"name":"added_files_count","type":"int","doc":"Added entry count","field-id":504},` +
	`{"name":"existing_files_count","type":"int","doc":"Existing entry count","field-id":505},` +
	`{"name":"deleted_files_count","type":"int","doc":"Deleted entry count","field-id":506},` +
	`{"name":"added_rows_count","type":"long","doc":"Added rows count","field-id":512},` +
	`{"name":"existing_rows_count","type":"long","doc":"Existing rows count","field-id":513},` +
	`{"name":"deleted_rows_count","type":"long","doc":"Deleted rows count","field-id":514},` +
	`{"name":"partitions","type":["null",{"type":"array","items":{"type":"record","name":"r508","fields":[` +
	`{"name":"contains_null","type":"boolean","doc":"True if any file has a null partition value","field-id":509},` +
	`{"name":"contains_nan","type":["null","boolean"],"doc":"True if any file has a nan partition value","default":null,"field-id":518},` +
	`{"name":"lower_bound","type":["null","bytes"],"doc":"Partition lower bound for all files","default":null,"field-id":510},` +
	`{"name":"upper_bound","type":["null","bytes"],"doc":"Partition upper bound for all files","default":null,"field-id":511}]},"element-id":508}],` +
	`"doc":"Summary for each partition","default":null,"field-id":507},` +
	`{"name":"key_metadata","type":["null","bytes"],"doc":"Encryption key metadata blob","default":null,"field-id":519}]}`
