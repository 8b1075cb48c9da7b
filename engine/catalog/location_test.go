package catalog

import (
	"os"
	"path/filepath"
	"testing"
)

// TestRelativeLocations: what is written down is the same place from every
// folder, and three slashes are never a new catalog in the root folder.
func TestRelativeLocations(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.Mkdir("here", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ in, want string }{
		{"wh", filepath.Join(dir, "wh")},
		{"./wh/", filepath.Join(dir, "wh")},
		{"/wh", "/wh"},
		{"file:/wh", "file:/wh"},
		{"s3://bucket/wh", "s3://bucket/wh"},
		{"a/b:c", filepath.Join(dir, "a/b:c")},
	} {
		if got := fullLocation(tt.in); got != tt.want {
			t.Errorf("location %s: %s, want %s", tt.in, got, tt.want)
		}
	}
	for _, tt := range []struct{ in, want string }{
		{"sqlite:///new.db", "new.db"},
		{"sqlite:///here/new.db", "here/new.db"},
		{"sqlite:///" + dir + "/new.db", dir + "/new.db"},
		{"sqlite://" + dir + "/new.db", dir + "/new.db"},
		{"sqlite:///nowhere/new.db", "/nowhere/new.db"},
		{"file:/new.db", "/new.db"},
	} {
		if got, err := sqlitePath(tt.in); err != nil || got != tt.want {
			t.Errorf("uri %s: %s, %v, want %s", tt.in, got, err, tt.want)
		}
	}
}
