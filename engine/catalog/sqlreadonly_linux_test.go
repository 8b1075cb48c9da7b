package catalog

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// TestReadOnlyWarehouse: who may read the embedded catalog's folder and not write
// it can look at the tables, and see what others commit; a write says why not.
func TestReadOnlyWarehouse(t *testing.T) {
	dir, home := t.TempDir(), t.TempDir()
	ctx := context.Background()
	made, err := Open(ctx, Config{Dir: dir, Home: home})
	if err != nil {
		t.Fatal(err)
	}
	makeNamespace(t, made, "one")
	if err := made.Close(); err != nil {
		t.Fatal(err)
	}
	warehouse := filepath.Join(dir, "psyberg-warehouse")
	asReader(t, dir, warehouse)
	c, err := Open(ctx, Config{Dir: dir, Home: home})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 2 {
		spaces, err := c.Namespaces(ctx, c.Default())
		if err != nil || len(spaces) != 1 || spaces[0][0] != "one" {
			t.Fatalf("namespaces %v, %v", spaces, err)
		}
	}
	w, err := c.sources[c.Default()].(*sqlSource).writer(ctx)
	if err == nil {
		err = w.CreateNamespace(ctx, []string{"two"}, nil)
	}
	if err == nil || !strings.Contains(err.Error(), "may not write "+filepath.Join(warehouse, "catalog.db")) {
		t.Errorf("a write: %v", err)
	}
	if left, _ := os.ReadDir(warehouse); len(left) != 1 {
		t.Errorf("the folder has %v", left)
	}
}

func makeNamespace(t *testing.T, c *Catalogs, name string) {
	t.Helper()
	w, err := c.sources[c.Default()].(*sqlSource).writer(context.Background())
	if err == nil {
		err = w.CreateNamespace(context.Background(), []string{name}, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// asReader takes the right to write folders from this thread until the test ends.
func asReader(t *testing.T, folders ...string) {
	t.Helper()
	for _, f := range folders {
		if err := os.Chmod(f, 0o555); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(f, 0o755) })
	}
	if os.Geteuid() != 0 {
		return
	}
	for p := filepath.Dir(folders[0]); p != os.TempDir() && p != "/"; p = filepath.Dir(p) {
		if err := os.Chmod(p, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	runtime.LockOSThread()
	if err := syscall.Setfsuid(65534); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Setfsuid(0); err != nil {
			panic(err) // the thread stays locked, and ends with this goroutine
		}
		runtime.UnlockOSThread()
	})
	if _, err := os.Stat(folders[0]); err != nil {
		t.Skip("the folder of temporary files is root's alone")
	}
}
