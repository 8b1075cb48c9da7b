package state_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"psyberg/engine/catalog"
	"psyberg/psyberg"
)

// TestPyIcebergReadsAndWritesTheTables: the session table is an ordinary table
// to another engine, which finds a process by its partition; what that engine
// writes into it and deletes from it, we read.
func TestPyIcebergReadsAndWritesTheTables(t *testing.T) {
	py := os.Getenv("PSYBERG_PYTHON")
	if os.Getenv("PSYBERG_PYICEBERG") != "1" || py == "" {
		t.Skip("PSYBERG_PYICEBERG=1 and PSYBERG_PYTHON compare with PyIceberg")
	}
	dir := t.TempDir()
	ctx, s := storeIn(t, dir)
	if err := s.CreateTables(ctx, sessions, watermarks); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"p", "q"} {
		for i := range 2 {
			err := s.ChangeSessions(ctx, sessions, p, func(old []psyberg.SessionRow) ([]psyberg.SessionRow, error) {
				return append(old, fullSession(p, fmt.Sprint("s", i), psyberg.Instant(10*i))), nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	out, err := exec.Command(py, "testdata/pyiceberg_state.py", filepath.Join(dir, "psyberg-warehouse", "catalog.db"), catalogName(t, dir), sessions).Output()
	if err != nil {
		t.Fatalf("PyIceberg: %v\n%s", err, stderr(err))
	}
	var got []map[string]any
	dec := json.NewDecoder(strings.NewReader(string(out)))
	dec.UseNumber()
	if err := dec.Decode(&got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if len(got) != 2 {
		t.Fatalf("PyIceberg sees %d rows of process p", len(got))
	}
	for name, want := range map[string]string{"session_id": "s0", "hwm_snapshot_id": "4611686018427387905", "snapshot_ids": "[4611686018427387906 3]",
		"processing_uris": `[{"d":"2023-09-14","n":12345678901234567890},{}]`, "from_event_date": "1969-12-30", "from_event_hour": "18",
		"to_event_date": "1969-12-31", "to_event_hour": "20", "prev_hwm_ts": "1969-12-31 23:59:59.999999+00:00", "status": "PUBLISHED"} {
		if text := fmt.Sprint(got[0][name]); text != want {
			t.Errorf("PyIceberg reads %s = %s, want %s", name, text, want)
		}
	}
	// The script has deleted session s1 of q, and appended a session s9.
	seen, err := s.See(ctx, sessions, "q", "")
	if err != nil {
		t.Fatal(err)
	}
	if ids := slices.Sorted(slices.Values(psyberg.SessionIDs(seen.Rows))); !slices.Equal(ids, []string{"s0", "s9"}) {
		t.Errorf("after PyIceberg's delete and append: %v", ids)
	}
	if err := s.ReplaceSessions(ctx, sessions, "q", seen, seen.Rows[:1]); err != nil {
		t.Error(err)
	}
}

func stderr(err error) string {
	if e := (*exec.ExitError)(nil); errors.As(err, &e) {
		return string(e.Stderr)
	}
	return ""
}

// catalogName is the name that the embedded catalog keeps its tables by.
func catalogName(t *testing.T, dir string) string {
	c, err := catalog.Open(t.Context(), catalog.Config{Dir: dir, Home: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.Default()
}
