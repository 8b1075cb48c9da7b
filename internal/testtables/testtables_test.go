package testtables

import (
	"bytes"
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

// TestDamaged: some are shorter, some differ, and all are the same again.
func TestDamaged(t *testing.T) {
	data := bytes.Repeat([]byte("abc"), 100)
	all := Damaged(data, 20)
	short, flipped := 0, 0
	for i, b := range all {
		switch {
		case len(b) < len(data):
			short++
		case !bytes.Equal(b, data):
			flipped++
		}
		if !bytes.Equal(b, Damaged(data, 20)[i]) {
			t.Errorf("the %d-th is another one", i)
		}
	}
	if short != 10 || flipped != 10 || len(Damaged(nil, 3)) != 0 {
		t.Errorf("%d are short, %d differ", short, flipped)
	}
}

// TestAllocated: what Bounded counts is what is allocated.
func TestAllocated(t *testing.T) {
	before := allocated()
	b := make([]byte, 80<<20)
	if n := allocated() - before; n < uint64(len(b)) {
		t.Errorf("%d bytes were counted of %d", n, len(b))
	}
}
