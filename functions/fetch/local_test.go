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

func always([]byte) bool { return true }

// TestMapFile: a long file is the same mapped as read; a short one is to be read.
func TestMapFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f")
	for _, n := range []int{0, 10, LongFile - 1, LongFile, LongFile + 4097} {
		want := bytes.Repeat([]byte("manifest"), n/8+1)[:n]
		if err := os.WriteFile(path, want, 0o600); err != nil {
			t.Fatal(err)
		}
		data, free, err := MapFile(path, 1<<30, always)
		if err != nil || n < LongFile != (data == nil) || data != nil && !bytes.Equal(data, want) {
			t.Fatalf("%d bytes: %d, %v", n, len(data), err)
		}
		if free != nil {
			free()
		}
		if data, _, err := MapFile(path, 1<<30, func(head []byte) bool { return len(head) != headBytes || !bytes.HasPrefix(want, head) }); data != nil || err != nil {
			t.Errorf("%d bytes, not worth it: %d, %v", n, len(data), err)
		}
		if _, _, err := MapFile(path, int64(n)-1, always); err == nil {
			t.Errorf("%d bytes where one less is allowed", n)
		}
	}
	if _, _, err := MapFile(path+"x", 100, always); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}
