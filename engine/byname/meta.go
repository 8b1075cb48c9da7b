package byname

import (
	"strconv"
	"strings"
)

// metadata are the metadata tables by Spark's names and ours: function and arguments.
var metadata = map[string][2]string{
	"snapshots":            {"iceberg_snapshots", ""},
	"history":              {"iceberg_history", ""},
	"refs":                 {"iceberg_refs", ""},
	"metadata_log_entries": {"iceberg_metadata_log_entries", ""},
	"properties":           {"iceberg_properties", ""},
	"schemas":              {"iceberg_schemas", ""},
	"partition_specs":      {"iceberg_partition_specs", ""},
	"partitions":           {"iceberg_partitions", ""},
	"manifests":            {"iceberg_manifests", ""},
	"all_manifests":        {"iceberg_manifests", ", all_snapshots := true"},
	"entries":              {"iceberg_entries", ""},
	"all_entries":          {"iceberg_entries", ", all_snapshots := true"},
	"files":                {"iceberg_files", ""},
	"data_files":           {"iceberg_files", ", content := 'data'"},
	"delete_files":         {"iceberg_files", ", content := 'deletes'"},
	"all_files":            {"iceberg_files", ", all_snapshots := true"},
	"all_data_files":       {"iceberg_files", ", all_snapshots := true, content := 'data'"},
	"all_delete_files":     {"iceberg_files", ", all_snapshots := true, content := 'deletes'"},
	"rows":                 {"iceberg_rows", ""},
}

// MetadataNames are what may follow a table's name, in the order in which
// completion shows them.
func MetadataNames() []string {
	return []string{"snapshots", "files", "partitions", "history", "refs", "manifests", "entries", "properties", "schemas",
		"partition_specs", "metadata_log_entries", "data_files", "delete_files", "all_files", "all_data_files",
		"all_delete_files", "all_manifests", "all_entries"}
}

// MetadataFunction is the function behind a metadata name, "" where there is none.
func MetadataFunction(name string) string { return metadata[strings.ToLower(name)][0] }

// selector is what the last part of a name asks for, when the parts before it
// are a table: function and further arguments.
func selector(part string) (function, args string, ok bool) {
	lower := strings.ToLower(part)
	if m, is := metadata[lower]; is {
		return m[0], m[1], true
	}
	for _, prefix := range []string{"branch_", "tag_"} {
		if strings.HasPrefix(lower, prefix) && len(part) > len(prefix) {
			return "iceberg_rows", ", ref := " + quoteLiteral(part[len(prefix):]), true
		}
	}
	if digits, is := strings.CutPrefix(lower, "snapshot_id_"); is {
		if _, err := strconv.ParseInt(digits, 10, 64); err == nil {
			return "iceberg_rows", ", snapshot_id := " + digits, true
		}
	}
	return "", "", false
}
