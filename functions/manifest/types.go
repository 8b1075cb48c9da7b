package manifest

import (
	"github.com/apache/arrow-go/v18/arrow"

	"psyberg/psyberg"
)

// Content says what the files of a manifest, or one file, hold. A manifest
// has 0 or 1, a file 0, 1 or 2.
type Content int32

// The contents of a manifest (the first two) and of a file (all three, where
// ContentDeletes means position deletes).
const (
	ContentData            Content = 0
	ContentDeletes         Content = 1
	ContentEqualityDeletes Content = 2
)

// Unknown stands for a count that a manifest list does not have: v1 lists may
// leave counts out.
const Unknown = -1

// File is one manifest as its manifest list describes it (spec, "Manifest
// Lists"; field ids 500 to 520).
type File struct {
	Path            string
	Length          int64 // bytes; 0 where it is not known
	SpecID          int32
	Content         Content                // ContentData in v1
	Sequence        psyberg.SequenceNumber // 0 in v1
	MinSequence     psyberg.SequenceNumber // 0 in v1
	AddedSnapshotID psyberg.SnapshotID     // Unknown where an old v1 list leaves it out

	AddedFiles, ExistingFiles, DeletedFiles int64 // Unknown where absent
	AddedRows, ExistingRows, DeletedRows    int64 // Unknown where absent

	Partitions  []FieldSummary // in spec order; nil where absent, which is not the same as empty
	KeyMetadata []byte         // nil where absent
	FirstRowID  *int64         // v3 data manifests; nil where absent
}

// FieldSummary is the range of one partition field over a manifest's files.
type FieldSummary struct {
	ContainsNull bool
	ContainsNaN  *bool  // nil: the writer does not say
	Lower, Upper []byte // single-value serialisation; nil is absent, empty is the empty value
}

// Column is a field of manifest_entry or of its data_file.
type Column uint8

// The columns, named as the spec names the fields. Every column is nullable
// in Arrow's sense; those said to be never NULL never are.
const (
	Status             Column = iota // INT32: 0 existing, 1 added, 2 deleted; never NULL
	SnapshotID                       // INT64; inherited; NULL only where the list has none either
	SequenceNumber                   // INT64, the data sequence number; inherited; 0 in v1
	FileSequenceNumber               // INT64; inherited; 0 in v1; NULL for files of early v2 writers
	FileContent                      // INT32, "content": 0 data, 1 position deletes, 2 equality deletes; never NULL
	FilePath                         // STRING; never NULL
	FileFormat                       // STRING in upper case; never NULL
	SpecID                           // INT32, from the list; never NULL
	Partition                        // STRUCT of Request.Partition; never NULL itself
	RecordCount                      // INT64; never NULL
	FileSizeInBytes                  // INT64; never NULL
	ColumnSizes                      // MAP(INT32, INT64) by field id, bytes; NULL where absent
	ValueCounts                      // MAP(INT32, INT64); NULL where absent
	NullValueCounts                  // MAP(INT32, INT64); NULL where absent
	NaNValueCounts                   // MAP(INT32, INT64); NULL where absent
	LowerBounds                      // MAP(INT32, BINARY); NULL where absent
	UpperBounds                      // MAP(INT32, BINARY); NULL where absent
	KeyMetadata                      // BINARY; NULL where absent
	SplitOffsets                     // LIST(INT64), bytes; NULL where absent
	EqualityIDs                      // LIST(INT32); NULL but for equality deletes
	SortOrderID                      // INT32; NULL where absent
	FirstRowID                       // INT64; v3 data files, inherited; else NULL
	ReferencedDataFile               // STRING; position deletes of one file, and deletion vectors; else NULL
	ContentOffset                    // INT64, bytes; deletion vectors; else NULL
	ContentSizeInBytes               // INT64; deletion vectors; else NULL
	numColumns
)

// PartitionField is one field of the partition struct.
type PartitionField struct {
	ID   int
	Name string
	// Type that is wanted; values of a narrower one in a manifest are widened
	// (int to long, float to double, decimal to more digits). nil is whatever
	// the manifest has: then batches of different manifests may differ.
	Type arrow.DataType
}

// Request says what a scan is to yield. It may be shared by scans that run at
// the same time; nothing changes it.
type Request struct {
	Columns   []Column         // in the order wanted
	Partition []PartitionField // the members of the column Partition
	// Bounds are field ids of table columns. Each adds the columns
	// "lower_<id>" and "upper_<id>", BINARY, NULL where the file has none.
	Bounds []int32
	// Counts are field ids likewise. Each adds "value_count_<id>",
	// "null_count_<id>" and "nan_count_<id>", INT64, NULL where absent.
	Counts []int32
	Live   bool // without entries of status 2 (deleted)
	// BatchRows is the most rows of a batch; 0 is DefaultBatchRows.
	BatchRows int
}

// DefaultBatchRows is what DuckDB's vectors hold, a few times over.
const DefaultBatchRows = 8192

// String returns the column's name.
func (c Column) String() string {
	if c < numColumns {
		return columns[c].name
	}
	return "?"
}

// AllColumns returns every column, in the order of the constants.
func AllColumns() []Column {
	all := make([]Column, numColumns)
	for i := range all {
		all[i] = Column(i)
	}
	return all
}

// columnInfo gives a column its name, its field id in the file (-1: it is no
// field of the file), its type (nil: by request), and whether the spec
// requires it in every version.
type columnInfo struct {
	name     string
	id       int
	typ      arrow.DataType
	required bool
}

var columns = [numColumns]columnInfo{
	Status:             {"status", 0, arrow.PrimitiveTypes.Int32, true},
	SnapshotID:         {"snapshot_id", 1, arrow.PrimitiveTypes.Int64, false},
	SequenceNumber:     {"sequence_number", 3, arrow.PrimitiveTypes.Int64, false},
	FileSequenceNumber: {"file_sequence_number", 4, arrow.PrimitiveTypes.Int64, false},
	FileContent:        {"content", 134, arrow.PrimitiveTypes.Int32, false},
	FilePath:           {"file_path", 100, arrow.BinaryTypes.String, true},
	FileFormat:         {"file_format", 101, arrow.BinaryTypes.String, true},
	SpecID:             {"spec_id", -1, arrow.PrimitiveTypes.Int32, true},
	Partition:          {"partition", 102, nil, true},
	RecordCount:        {"record_count", 103, arrow.PrimitiveTypes.Int64, true},
	FileSizeInBytes:    {"file_size_in_bytes", 104, arrow.PrimitiveTypes.Int64, true},
	ColumnSizes:        {"column_sizes", 108, mapOf(arrow.PrimitiveTypes.Int64), false},
	ValueCounts:        {"value_counts", 109, mapOf(arrow.PrimitiveTypes.Int64), false},
	NullValueCounts:    {"null_value_counts", 110, mapOf(arrow.PrimitiveTypes.Int64), false},
	NaNValueCounts:     {"nan_value_counts", 137, mapOf(arrow.PrimitiveTypes.Int64), false},
	LowerBounds:        {"lower_bounds", 125, mapOf(arrow.BinaryTypes.Binary), false},
	UpperBounds:        {"upper_bounds", 128, mapOf(arrow.BinaryTypes.Binary), false},
	KeyMetadata:        {"key_metadata", 131, arrow.BinaryTypes.Binary, false},
	SplitOffsets:       {"split_offsets", 132, arrow.ListOf(arrow.PrimitiveTypes.Int64), false},
	EqualityIDs:        {"equality_ids", 135, arrow.ListOf(arrow.PrimitiveTypes.Int32), false},
	SortOrderID:        {"sort_order_id", 140, arrow.PrimitiveTypes.Int32, false},
	FirstRowID:         {"first_row_id", 142, arrow.PrimitiveTypes.Int64, false},
	ReferencedDataFile: {"referenced_data_file", 143, arrow.BinaryTypes.String, false},
	ContentOffset:      {"content_offset", 144, arrow.PrimitiveTypes.Int64, false},
	ContentSizeInBytes: {"content_size_in_bytes", 145, arrow.PrimitiveTypes.Int64, false},
}

func mapOf(v arrow.DataType) arrow.DataType { return arrow.MapOf(arrow.PrimitiveTypes.Int32, v) }
