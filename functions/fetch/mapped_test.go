//go:build unix

package fetch_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"psyberg/functions/fetch"
	"psyberg/functions/manifest"
	"psyberg/internal/testtables"
)

// longManifest is a manifest of an engine, its blocks repeated until it is long.
func longManifest(t *testing.T, pages int) (path string, data []byte) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(testtables.Unpack(t, "pyiceberg"), "conf", "*", "metadata", "*-m0.avro"))
	if err != nil || len(all) == 0 {
		t.Fatal(all, err)
	}
	one, err := os.ReadFile(all[0])
	if err != nil {
		t.Fatal(err)
	}
	sync := one[len(one)-16:]
	header := strings.Index(string(one), string(sync)) + len(sync)
	for data = one; len(data) < pages*os.Getpagesize(); {
		data = append(data, one[header:]...)
	}
	path = filepath.Join(t.TempDir(), "m.avro")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, data
}

// TestScanMapped: a file that is mapped has the rows that it has when it is read;
// one that is cut short while it is mapped is an error that says where; a panic of
// somebody else's is left to him.
func TestScanMapped(t *testing.T) {
	t.Parallel()
	path, data := longManifest(t, 600)
	req := &manifest.Request{Columns: []manifest.Column{manifest.FilePath}}
	f := manifest.File{Path: path, Length: int64(len(data))}
	var want, got int64
	if err := manifest.Scan(t.Context(), f, data, req, nil, func(b arrow.RecordBatch) error { want += b.NumRows(); return nil }); err != nil {
		t.Fatal(err)
	}
	maps := &fetch.Mappings{Worth: func([]byte) bool { return true }}
	defer maps.Close()
	mapped, free, err := maps.Map(path, 1<<30)
	if err != nil || mapped == nil {
		t.Fatal(len(mapped), err)
	}
	defer free()
	scan := func(emit func(arrow.RecordBatch) error) error {
		return manifest.ScanMapped(t.Context(), f, mapped, req, nil, emit)
	}
	if err := scan(func(b arrow.RecordBatch) error { got += b.NumRows(); return nil }); err != nil || got != want || want == 0 {
		t.Fatalf("%d rows, want %d: %v", got, want, err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a panic of emit is gone")
			}
		}()
		_ = scan(func(arrow.RecordBatch) error { panic("emit") })
	}()
	req.BatchRows = 10
	for i, keep := range []int{500, 400, 1, 0} {
		cut := func(arrow.RecordBatch) error { return os.Truncate(path, int64(keep*os.Getpagesize())) }
		if i > 0 { // before the scan, not while entries are decoded
			if err := cut(nil); err != nil {
				t.Fatal(err)
			}
		}
		err := scan(cut)
		var d *manifest.DamageError
		if !errors.As(err, &d) || d.Offset < int64(keep*os.Getpagesize()) || !strings.Contains(err.Error(), "cannot be read any more") {
			t.Errorf("cut to %d pages: %v", keep, err)
		}
	}
}
