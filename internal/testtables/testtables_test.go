package testtables

import (
	"os"
	"path/filepath"
	"testing"
)

func TestMain(m *testing.M) { Main(m) }

func TestUnpack(t *testing.T) {
	for _, name := range []string{"spark", "pyiceberg"} {
		t.Run(name, func(t *testing.T) {
			dir := Unpack(t, name)
			for _, want := range []string{"README.md", "expected"} {
				if _, err := os.Stat(filepath.Join(dir, want)); err != nil {
					t.Error(err)
				}
			}
			var manifests int
			err := filepath.WalkDir(dir, func(p string, _ os.DirEntry, err error) error {
				if filepath.Ext(p) == ".avro" {
					manifests++
				}
				return err
			})
			if err != nil || manifests < 100 {
				t.Errorf("%d .avro files, %v", manifests, err)
			}
			if again := Unpack(t, name); again != dir {
				t.Errorf("unpacked twice: %s, %s", dir, again)
			}
		})
	}
}
