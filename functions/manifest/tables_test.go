package manifest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"psyberg/internal/testtables"
)

func TestMain(m *testing.M) { testtables.Main(m) }

// tableFile reads a file that table metadata names by its location under
// /warehouse/<suite>.
func tableFile(t testing.TB, suite, location string) []byte {
	t.Helper()
	_, rel, ok := strings.Cut(location, "/warehouse/"+suite+"/")
	if !ok {
		t.Fatalf("location %q is not under /warehouse/%s", location, suite)
	}
	b, err := os.ReadFile(filepath.Join(testtables.Unpack(t, suite), filepath.FromSlash(rel)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// avroFiles returns every Avro file below a suite's tables whose name the
// filter takes.
func avroFiles(t testing.TB, suite string, take func(name string) bool) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(testtables.Unpack(t, suite), func(p string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() && strings.HasSuffix(p, ".avro") && take(filepath.Base(p)) {
			out = append(out, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func isList(name string) bool { return strings.HasPrefix(name, "snap-") }

// isManifest leaves out data files in Avro.
func isManifest(name string) bool {
	return !isList(name) && strings.Contains(name, "-m") && strings.Count(name, "-") == 5
}

// lines calls f with every JSON object of a .jsonl or .jsonl.gz file, numbers
// kept as text; a missing file has none.
func lines(t testing.TB, path string, f func(map[string]any)) {
	t.Helper()
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	var r io.Reader = bytes.NewReader(b)
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(r); err != nil {
			t.Fatal(err)
		}
	}
	s := bufio.NewScanner(r)
	s.Buffer(nil, 64<<20)
	for s.Scan() {
		d := json.NewDecoder(bytes.NewReader(s.Bytes()))
		d.UseNumber()
		var m map[string]any
		if err := d.Decode(&m); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		f(m)
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
}

// inspectLines calls f with PyIceberg's rows of one kind for each table.
func inspectLines(t testing.TB, kind string, f func(table string, row map[string]any, snapshot json.Number)) {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(testtables.Unpack(t, "pyiceberg"), "expected", "*", "inspect.jsonl*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range dirs {
		lines(t, p, func(m map[string]any) {
			if m["t"] != kind || m["row"] == nil {
				return
			}
			id, _ := m["snapshot_id"].(json.Number)
			f(filepath.Base(filepath.Dir(p)), m["row"].(map[string]any), id)
		})
	}
}

// text prints a decoded JSON value in one way, keys sorted.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(err)
	}
	return string(b)
}

func hexOrNil(b []byte) any {
	if b == nil {
		return nil
	}
	return hex.EncodeToString(b)
}
