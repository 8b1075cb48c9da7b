// Package testtables gives tests the tables that other engines wrote: the
// archives testdata/spark.tgz and testdata/pyiceberg.tgz, whose README says
// what each table is for and how the expected rows are encoded, and
// testdata/verdicts.tgz, which testdata/spark_serve.py made of verdicts.sql.
package testtables

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// suites holds what this process has unpacked.
var suites sync.Map // name -> *suite

type suite struct {
	once sync.Once
	dir  string
	err  error
}

// Unpack returns the folder that holds the contents of testdata/<name>.tgz
// (name is "spark", "pyiceberg" or "verdicts"), the archive's own first folder left out:
// dir/README.md, dir/expected, and the files of each table, dir/conf/v1_basic.
//
// An archive is unpacked once per process, below the system's temporary
// folder and not below t.TempDir(), which the first test would take away from
// those after it. Treat it as read-only: other tests look at the same files.
// Cleanup, called by TestMain, removes it.
func Unpack(t testing.TB, name string) string {
	t.Helper()
	v, _ := suites.LoadOrStore(name, new(suite))
	s := v.(*suite)
	s.once.Do(func() {
		var path string
		if path, s.err = archive(name); s.err != nil {
			return
		}
		if s.dir, s.err = os.MkdirTemp("", "psyberg-"+name+"-"); s.err == nil {
			s.err = untar(path, s.dir)
		}
	})
	if s.err != nil {
		t.Fatalf("unpack tables %q: %v", name, s.err)
	}
	return filepath.Join(s.dir, name)
}

// Cleanup removes every folder that Unpack made in this process.
func Cleanup() {
	suites.Range(func(key, v any) bool {
		if s := v.(*suite); s.dir != "" {
			_ = os.RemoveAll(s.dir)
		}
		suites.Delete(key)
		return true
	})
}

// Main runs the tests of a package and cleans up after them:
//
//	func TestMain(m *testing.M) { testtables.Main(m) }
func Main(m *testing.M) {
	code := m.Run()
	Cleanup()
	os.Exit(code)
}

// archive finds testdata beside go.mod, above the folder that the tests run in.
func archive(name string) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "testdata", name+".tgz"), nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod above the working folder")
		}
		dir = filepath.Dir(dir)
	}
}

func untar(path, dir string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	root, err := os.OpenRoot(dir) // nothing lands outside, whatever names the archive has
	if err != nil {
		return err
	}
	defer root.Close()
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if err := unpackOne(root, h, r); err != nil {
			return fmt.Errorf("%s: %s: %w", path, h.Name, err)
		}
	}
}

func unpackOne(root *os.Root, h *tar.Header, r io.Reader) error {
	name := filepath.Clean(filepath.FromSlash(h.Name))
	switch h.Typeflag {
	case tar.TypeDir:
		return root.MkdirAll(name, 0o755)
	case tar.TypeReg:
		if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		f, err := root.Create(name)
		if err != nil {
			return err
		}
		if _, err := io.Copy(f, r); err != nil {
			_ = f.Close()
			return err
		}
		return f.Close()
	}
	return fmt.Errorf("entry of type %q", h.Typeflag)
}
