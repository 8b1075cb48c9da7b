package fetch

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadFile: a file of any length is read whole, into memory that is there
// where it is enough.
func TestReadFile(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	for _, n := range []int{0, 1, 4096, 100_000, mostAtOnce, mostAtOnce + 1} {
		want := bytes.Repeat([]byte("manifest"), n/8+1)[:n]
		path := filepath.Join(dir, "f")
		if err := os.WriteFile(path, want, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, buf := range [][]byte{nil, make([]byte, 10), make([]byte, 0, n), make([]byte, 2*n)} {
			got, err := ReadFile(ctx, path, buf, 1<<30)
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%d bytes: %d, %v", n, len(got), err)
			}
			if cap(buf) >= n && n > 0 && &got[0] != &buf[:1][0] {
				t.Errorf("%d bytes are not in the %d that were there", n, cap(buf))
			}
		}
		if _, err := ReadFile(ctx, path, nil, int64(n)-1); n > 0 && (err == nil || !strings.Contains(err.Error(), "more than")) {
			t.Errorf("%d bytes where one less is allowed: %v", n, err)
		}
	}
}

// TestReadFile_Errors: what is not there, or no file, is said as package os says it.
func TestReadFile_Errors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := ReadFile(t.Context(), filepath.Join(dir, "none"), nil, 100)
	var path *fs.PathError
	if !errors.Is(err, fs.ErrNotExist) || !errors.As(err, &path) || path.Path != filepath.Join(dir, "none") {
		t.Errorf("no file: %v", err)
	}
	if _, err = ReadFile(t.Context(), dir, nil, 1<<20); !errors.As(err, &path) || path.Path != dir {
		t.Errorf("a folder: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "f"), []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ReadFile(ctx, filepath.Join(dir, "f"), nil, 100); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
