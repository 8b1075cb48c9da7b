//go:build unix

package fetch

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func always([]byte) bool { return true }

// longFile is a file of so many bytes, which its place in dir says.
func longFile(t *testing.T, n int) (path string, data []byte) {
	t.Helper()
	data = bytes.Repeat([]byte("manifest"), n/8+1)[:n]
	path = filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, data
}

// TestMappings_Map: a long file is the same mapped as read; a short one is to be read.
func TestMappings_Map(t *testing.T) {
	t.Parallel()
	m := &Mappings{Worth: always}
	defer m.Close()
	for _, n := range []int{0, 10, LongFile - 1, LongFile, LongFile + 4097, spaceBytes, spaceBytes + 1} {
		path, want := longFile(t, n)
		data, free, err := m.Map(path, 1<<30)
		if err != nil || n < LongFile != (data == nil) || data != nil && !bytes.Equal(data, want) {
			t.Fatalf("%d bytes: %d, %v", n, len(data), err)
		}
		if free != nil {
			free()
			free() // no more than once
		}
		if _, _, err := m.Map(path, int64(n)-1); err == nil {
			t.Errorf("%d bytes where one less is allowed", n)
		}
	}
	var path *fs.PathError
	if _, _, err := m.Map(t.TempDir()+"/none", 100); !errors.Is(err, fs.ErrNotExist) || !errors.As(err, &path) {
		t.Errorf("no file: %v", err)
	}
	if data, _, err := m.Map(t.TempDir(), 1<<30); data != nil {
		t.Errorf("a folder: %d bytes, %v", len(data), err)
	}
}

// TestMappings_Worth: how the first long file begins decides for all; when closed
// nothing is mapped.
func TestMappings_Worth(t *testing.T) {
	t.Parallel()
	short, _ := longFile(t, 10)
	long, want := longFile(t, LongFile)
	for _, worth := range []bool{true, false} {
		asked := 0
		m := &Mappings{Worth: func(head []byte) bool {
			asked++
			if !bytes.Equal(head, want[:headBytes]) {
				t.Errorf("%d bytes, not how the file begins", len(head))
			}
			return worth
		}}
		for i, path := range []string{short, long, short, long} {
			data, free, err := m.Map(path, 1<<30)
			if err != nil || (data != nil) != (worth && path == long) {
				t.Fatalf("%v, file %d: %d bytes, %v", worth, i, len(data), err)
			}
			if free != nil {
				free()
			}
		}
		if asked != 1 {
			t.Errorf("asked %d times", asked)
		}
		m.Close()
		if data, _, err := m.Map(long, 1<<30); data != nil || err != nil {
			t.Errorf("mapped when closed: %v", err)
		}
	}
}

// TestMappings_Spaces: files of several at a time are what they are as long as
// they are in use, in whatever order they are given back, of the spaces that are
// left and when Close was called meanwhile; after that nothing is mapped.
func TestMappings_Spaces(t *testing.T) {
	t.Parallel()
	var paths []string
	var want [][]byte
	for _, n := range []int{LongFile, 3 << 20, 5<<20 + 7, 11 << 20, spaceBytes + 12345} {
		path, data := longFile(t, n)
		paths, want = append(paths, path), append(want, data)
	}
	m := &Mappings{Worth: always}
	var all sync.WaitGroup
	for seed := range uint64(4) {
		all.Go(func() {
			r := rand.New(rand.NewPCG(1, seed))
			type use struct {
				file int
				data []byte
				free func()
			}
			var uses []use
			end := func(i int) {
				u := uses[i]
				if at := r.IntN(len(u.data)); !bytes.Equal(u.data[at:], want[u.file][at:]) {
					t.Errorf("file %d is not what it is", u.file)
				}
				u.free()
				uses = append(uses[:i], uses[i+1:]...)
			}
			for range 60 {
				i := r.IntN(len(paths))
				data, free, err := m.Map(paths[i], 1<<30)
				if data == nil && err == nil {
					continue // closed meanwhile
				}
				if err != nil || len(data) != len(want[i]) {
					t.Errorf("file %d: %d bytes, %v", i, len(data), err)
					return
				}
				if uses = append(uses, use{i, data, free}); len(uses) > 4 {
					end(r.IntN(len(uses)))
				}
			}
			if seed == 0 {
				m.Close()
			}
			for len(uses) > 0 {
				end(0)
			}
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}
	m.Close()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Skip("this system does not say what is mapped: ", err)
	}
	for _, p := range paths {
		if strings.Contains(string(maps), p) {
			t.Errorf("%s is mapped yet", p)
		}
	}
}
