package state_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"psyberg/psyberg"
)

// TestExpire: every change keeps its table small by itself: old snapshots, the
// files that only they had and old metadata files go, as the table's properties
// say; the rows stay, also those of a process that has not moved since.
func TestExpire(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ctx, s := storeIn(t, dir)
	if err := s.CreateTables(ctx, sessions, watermarks); err != nil {
		t.Fatal(err)
	}
	properties := map[string]string{"history.expire.min-snapshots-to-keep": "10", "write.metadata.previous-versions-max": "3"}
	if err := s.Catalogs().SetProperties(ctx, watermarks, properties); err != nil {
		t.Fatal(err)
	}
	add := func(process string, n int) {
		t.Helper()
		row := psyberg.WatermarkRow{Process: process, Source: psyberg.SourceName{Table: "ns.a"}, Session: fmt.Sprint(n)}
		err := s.ChangeWatermarks(ctx, watermarks, process, func([]psyberg.WatermarkRow) ([]psyberg.WatermarkRow, error) {
			return []psyberg.WatermarkRow{row}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	add("idle", 0)
	n := 1
	for ; n < 11; n++ {
		add("busy", n)
	}
	if got, want := filesIn(t, dir), fmt.Sprintf("%d data files, %d lists", n, n); got != want {
		t.Errorf("before: %s, want %s", got, want)
	}
	add("busy", n)
	// The oldest snapshot left names the file that it removed.
	if got, want := filesIn(t, dir), fmt.Sprintf("%d data files, %d lists", 10+2, 10); got != want {
		t.Errorf("after: %s, want %s", got, want)
	}
	if found, err := filepath.Glob(filepath.Join(dir, "*", "*", "high_water_mark", "metadata", "*.metadata.json")); err != nil || len(found) == 0 || len(found) > 4 {
		t.Errorf("metadata files %v %v, want the last and at most 3 before it", found, err)
	}
	for process, want := range map[string]string{"idle": "0", "busy": fmt.Sprint(n)} {
		if got, err := s.Watermarks(ctx, watermarks, process); err != nil || len(got) != 1 || got[0].Session != want {
			t.Errorf("%s has %+v, want session %s: %v", process, got, want, err)
		}
	}
	if err := s.Expire(ctx, sessions, watermarks, "meta.not_there"); err != nil {
		t.Error(err)
	}
	// Whoever wants to keep them says so.
	if err := s.Catalogs().SetProperties(ctx, watermarks, map[string]string{"gc.enabled": "false"}); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		add("busy", n+1+i)
	}
	if got, want := filesIn(t, dir), fmt.Sprintf("%d data files, %d lists", 10+2+5, 10+5); got != want {
		t.Errorf("gc.enabled=false: %s, want %s", got, want)
	}
}

func filesIn(t *testing.T, dir string) string {
	t.Helper()
	data, lists := 0, 0
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		name := filepath.Base(path)
		switch {
		case strings.HasSuffix(name, ".parquet"):
			data++
		case strings.HasPrefix(name, "snap-"):
			lists++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d data files, %d lists", data, lists)
}
