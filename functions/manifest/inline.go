package manifest

import (
	"fmt"
	"strconv"
)

// Describe says of a manifest what its own header tells, for snapshots of
// format version 1 that name their manifests in metadata.json and have no
// manifest list, as tables of before Iceberg 0.8 do: path, length, spec and
// content. All counts and the snapshot that added it are Unknown, partition
// summaries absent; a v1 manifest's entries carry their snapshot ids. name is
// for errors, which are those of Scan.
func Describe(name string, data []byte) (File, error) {
	f := File{Path: name, Length: int64(len(data)), AddedSnapshotID: Unknown, AddedFiles: Unknown, ExistingFiles: Unknown, DeletedFiles: Unknown,
		AddedRows: Unknown, ExistingRows: Unknown, DeletedRows: Unknown}
	c, err := open("manifest", name, data)
	if err != nil {
		return f, err
	}
	if text := c.meta.get("partition-spec-id"); text != nil { // the first writers had one spec, 0
		id, err := strconv.ParseInt(string(text), 10, 32)
		if err != nil {
			return f, c.damage(4, fmt.Errorf("partition-spec-id %q is no number", text))
		}
		f.SpecID = int32(id)
	}
	switch content := string(c.meta.get("content")); content {
	case "", "data":
	case "deletes":
		f.Content = ContentDeletes
	default:
		return f, c.damage(4, fmt.Errorf("content %q is none of data, deletes", content))
	}
	return f, nil
}
