package functions

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"psyberg/functions/surface"
)

const auditFilesDoc = `Violated where the staged snapshot adds more data files to a partition than it should. A row per such partition, the most files first.

  violation       VARCHAR
  spec_id         INTEGER
  partition_path  VARCHAR  as Iceberg encodes it; '' for an unpartitioned table
  files           BIGINT   data files that the staged snapshot (all snapshots of a staged branch) added and left live
  records         BIGINT   rows in them

wap_id NULL: all live files of the head.
Errors: nothing staged under wap_id (with near matches); max_files is missing or below 1.
Cost: the manifests that the staged snapshots added.`

func auditFilesPerPartition(tables surface.Tables) *surface.Query {
	return &surface.Query{
		Name: "psyberg_audit_files_per_partition", Doc: auditFilesDoc,
		Positional: slices.Concat(auditArgs, []surface.Arg{{Name: "max_files", Type: typeLong, Doc: "so many files are still allowed"}}),
		SQL: func(ctx context.Context, args surface.Args) (string, error) {
			a, err := auditOf(ctx, tables, args)
			if err != nil {
				return "", err
			}
			most, ok := args.Positional[2].(int64)
			if !ok || most < 1 {
				return "", fmt.Errorf("argument 3 (max_files) is %v: a number of at least 1 is needed", args.Positional[2])
			}
			files, err := a.subject(ctx, nil)
			if err != nil {
				return "", err
			}
			return filesPerPartitionSQL(files, most), nil
		},
	}
}

func filesPerPartitionSQL(files []auditFile, most int64) string {
	type partition struct {
		spec           int
		uri, path      string
		files, records int64
	}
	index := map[string]int{}
	var parts []partition
	for _, f := range files {
		key := fmt.Sprintf("%d %s", f.Partition.SpecID, f.Partition.URI)
		i, ok := index[key]
		if !ok {
			i = len(parts)
			index[key] = i
			parts = append(parts, partition{spec: f.Partition.SpecID, uri: f.Partition.URI, path: f.Partition.Path})
		}
		parts[i].files++
		parts[i].records += f.Records
	}
	parts = slices.DeleteFunc(parts, func(p partition) bool { return p.files <= most })
	slices.SortFunc(parts, func(x, y partition) int {
		return cmp.Or(cmp.Compare(y.files, x.files), cmp.Compare(x.spec, y.spec), cmp.Compare(x.uri, y.uri))
	})
	var rows [][]string
	for _, p := range parts {
		rows = append(rows, []string{surface.QuoteLiteral(fmt.Sprintf("partition %s has %d files, at most %d are allowed", orTable(p.path), p.files, most)),
			strconv.Itoa(p.spec), surface.QuoteLiteral(p.path), strconv.FormatInt(p.files, 10), strconv.FormatInt(p.records, 10)})
	}
	return valuesSQL([]string{"violation VARCHAR", "spec_id INTEGER", "partition_path VARCHAR", "files BIGINT", "records BIGINT"}, rows)
}

// orTable names a partition in words.
func orTable(path string) string {
	if path == "" {
		return "(the whole table)"
	}
	return path
}
