package rows_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"psyberg/engine"
	"psyberg/engine/catalog"
	"psyberg/internal/testtables"
)

// TestDamagedFiles: a table whose files are missing, cut short or changed is an
// error that names the file, never fewer rows.
func TestDamagedFiles(t *testing.T) {
	cut := func(b []byte) []byte { return b[:len(b)/2] }
	for _, c := range []struct {
		name, table string
		file        func(name string) bool
		change      func([]byte) []byte // nil: the file is removed
		want        string
	}{
		{"no data file", "conf/ops_mor_v3", ends("-00001.parquet"), nil, "-00001.parquet"},
		{"data file cut short", "conf/ops_mor_v3", ends("-00001.parquet"), cut, "-00001.parquet"},
		{"a footer that has to be read, cut short", "conf/schema_nested", ends("-00001.parquet"), cut, "it is no Parquet file, or cut short [PSY_DAMAGED]"},
		{"a footer that has to be read, encrypted", "conf/schema_nested", ends("-00001.parquet"), func(b []byte) []byte {
			return append(b[:len(b)-1:len(b)-1], 'E')
		}, "encrypted files are not read"},
		{"no puffin file", "conf/ops_mor_v3", ends(".puffin"), nil, ".puffin"},
		{"puffin file cut short", "conf/ops_mor_v3", ends(".puffin"), cut, "[PSY_DAMAGED]"},
		{"deletion vector changed", "conf/ops_mor_v3", ends(".puffin"), func(b []byte) []byte { b[20] ^= 1; return b }, "checksum is"},
		{"no manifest", "conf/ops_mor_v3", contains("-m0.avro"), nil, "-m0.avro"},
		{"manifest cut short", "conf/ops_mor_v3", contains("-m0.avro"), cut, "[PSY_DAMAGED]"},
		{"a manifest that is text", "conf/ops_mor_v3", contains("-m0.avro"), func([]byte) []byte { return []byte("<html>") }, "not an Avro file"},
		{"no manifest list", "conf/ops_mor_v3", contains("snap-"), nil, "snap-"},
		{"equality deletes cut short", "conf/ops_eqdel", contains("00001-919900-"), cut, "00001-919900-"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, location := damaged(t, c.table, c.file, c.change)
			found := 0
			for _, id := range strings.Fields(mustAsk(t, s, "SELECT snapshot_id FROM iceberg_snapshots('%s')", location)) {
				for range 2 { // the first error is not remembered as a plan
					_, err := ask(s, fmt.Sprintf("SELECT count(COLUMNS(*)) FROM iceberg_rows('%s', snapshot_id := %s)", location, id))
					switch {
					case err == nil:
					case strings.Contains(err.Error(), c.want):
						found++
					case !strings.Contains(err.Error(), "only Parquet is read"): // ops_eqdel has deletes in ORC as well
						t.Errorf("%v, want %s", err, c.want)
					}
				}
			}
			if found == 0 {
				t.Error("no snapshot's rows need the file")
			}
		})
	}
}

func ends(with string) func(string) bool {
	return func(name string) bool { return strings.HasSuffix(name, with) }
}

func contains(part string) func(string) bool {
	return func(name string) bool { return strings.Contains(name, part) }
}

// damaged copies a table, changes the files that take says, and opens it by its
// newest metadata.json.
func damaged(t *testing.T, table string, take func(string) bool, change func([]byte) []byte) (*engine.Session, string) {
	t.Helper()
	from, to := testtables.Unpack(t, "spark"), t.TempDir()
	location, changed := "", 0
	err := filepath.WalkDir(filepath.Join(from, table), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, ".metadata.json") {
			location = max(location, "file:/warehouse/spark/"+rel)
		}
		if take(filepath.Base(path)) {
			if changed++; change == nil {
				return nil
			}
			data = change(data)
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(to, rel)), 0o755); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), data, 0o644)
	})
	if err != nil || changed == 0 {
		t.Fatalf("%d files changed, %v", changed, err)
	}
	s, err := engine.Start(context.Background(), engine.Config{Catalog: catalog.Config{
		PathMaps: []string{"/warehouse/spark=" + to}, Dir: t.TempDir(), Home: t.TempDir(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, location
}
