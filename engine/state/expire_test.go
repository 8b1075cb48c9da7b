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

// TestExpire: old snapshots and the files that only they had go; the rows stay,
// also those of a process that has not moved since.
func TestExpire(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ctx, s := storeIn(t, dir)
	s.SetExpiry(10, 5)
	if err := s.CreateTables(ctx, sessions, watermarks); err != nil {
		t.Fatal(err)
	}
	add := func(process string, n int) {
		t.Helper()
		row := psyberg.WatermarkRow{Process: process, Source: psyberg.SourceName{Table: "ns.a"}, Session: fmt.Sprint(n)}
		err := s.ChangeWatermarks(ctx, watermarks, process, func([]psyberg.WatermarkRow) ([]psyberg.WatermarkRow, error) {
			return []psyberg.WatermarkRow{row}, nil
		})
		if err == nil {
			err = s.Expire(ctx, sessions, watermarks, "meta.not_there")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	add("idle", 0)
	n := 1
	for ; n < 14; n++ {
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
	for process, want := range map[string]string{"idle": "0", "busy": fmt.Sprint(n)} {
		if got, err := s.Watermarks(ctx, watermarks, process); err != nil || len(got) != 1 || got[0].Session != want {
			t.Errorf("%s has %+v, want session %s: %v", process, got, want, err)
		}
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
