package functions

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"psyberg/functions/surface"
)

// damaged is a catalog of which one file is not as it was written.
type damaged struct {
	*warehouse
	location string
	change   func([]byte) ([]byte, error)
}

func (d *damaged) Load(ctx context.Context, name string) (*surface.Table, error) {
	t, err := d.warehouse.Load(ctx, name)
	if err == nil {
		t.Files = d
	}
	return t, err
}

func (d *damaged) Read(ctx context.Context, location string, size int64) ([]byte, error) {
	data, err := d.warehouse.Read(ctx, location, size)
	if err == nil && location == d.location {
		return d.change(bytes.Clone(data))
	}
	return data, err
}

// TestDamagedFiles: a manifest or a list that is missing, cut short anywhere,
// changed, or no Avro at all is an error that names the file and the place;
// never fewer rows.
func TestDamagedFiles(t *testing.T) {
	w := openWarehouse(t, "spark")
	const table = "life.signup_fact"
	loaded, err := w.Load(t.Context(), table)
	if err != nil {
		t.Fatal(err)
	}
	head := loaded.Meta.Snapshots[len(loaded.Meta.Snapshots)-1]
	manifests := call(t, w, "iceberg_manifests", named(table, "snapshot_id", int64(head.ID)))
	path := manifests[0]["path"].(string)
	whole, err := w.Read(t.Context(), path, -1)
	if err != nil {
		t.Fatal(err)
	}
	cut := func(n int) func([]byte) ([]byte, error) {
		return func(b []byte) ([]byte, error) { return b[:n], nil }
	}
	of := []string{"iceberg_files", "iceberg_entries", "iceberg_partitions", "iceberg_changes"}
	for _, tc := range []struct {
		name, location string
		change         func([]byte) ([]byte, error)
		want           string // after: read <what> "<file>"
		functions      []string
	}{
		{"missing manifest", path, func([]byte) ([]byte, error) { return nil, fmt.Errorf("open: %w", fs.ErrNotExist) }, ": open: file does not exist [PSY_DAMAGED]", of},
		{"empty manifest", path, cut(0), " at byte 0: not an Avro file [PSY_DAMAGED]", of},
		{"cut in the header", path, cut(700), " at byte 427: cut short: a value of 3835 bytes where 273 are left [PSY_DAMAGED]", of},
		{"cut after the header", path, cut(len(whole) - 20), fmt.Sprintf(" at byte %d: cut short: the manifest list says %d bytes [PSY_DAMAGED]", len(whole)-20, len(whole)), of},
		{"without its last byte", path, cut(len(whole) - 1), fmt.Sprintf(" at byte %d: cut short", len(whole)-1), of},
		{"not Avro", path, func([]byte) ([]byte, error) { return []byte("PAR1 is something else"), nil }, " at byte 0: not an Avro file [PSY_DAMAGED]", of},
		{"other sync marker", path, func(b []byte) ([]byte, error) {
			b[len(b)-1] ^= 1
			return b, nil
		}, fmt.Sprintf(" at byte %d: sync marker missing", len(whole)-16), of},
		{"changed within the block", path, func(b []byte) ([]byte, error) {
			b[len(b)-40] ^= 0xff
			return b, nil
		}, " entry 0, in the block at byte ", of},
		{"missing list", head.ManifestList, func([]byte) ([]byte, error) { return nil, fs.ErrNotExist }, ": file does not exist [PSY_DAMAGED]", append(of, "iceberg_manifests")},
		{"list cut short", head.ManifestList, cut(900), " at byte ", append(of, "iceberg_manifests")},
		{"list not Avro", head.ManifestList, func([]byte) ([]byte, error) { return []byte("{}"), nil }, " at byte 0: not an Avro file [PSY_DAMAGED]", append(of, "iceberg_manifests")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := &damaged{warehouse: w, location: tc.location, change: tc.change}
			for _, f := range tc.functions {
				args := named(table, "snapshot_id", int64(head.ID))
				if f == "iceberg_changes" {
					args.Positional = append(args.Positional, nil, nil)
				}
				rows, err := tryCall(find(t, d, f), args)
				if err == nil {
					t.Errorf("%s: %d rows and no error", f, len(rows))
				} else if !strings.Contains(err.Error(), fmt.Sprintf("%q%s", tc.location, tc.want)) || !strings.HasPrefix(err.Error(), "read manifest") {
					t.Errorf("%s: %v; want %q", f, err, tc.want)
				}
			}
		})
	}
}
