//go:build linux

package cli

import (
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// TestMemoryDoesNotGrowWithTheResult: twenty times the rows take the same memory,
// in a format of each kind.
func TestMemoryDoesNotGrowWithTheResult(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	peak := func(format, rows string) int64 {
		cmd := exec.Command(self, "--format", format, "--log-level", "warn", "-v", "rows="+rows,
			"-c", "SET threads = 1", "-c", "SELECT i, 'row number ' || i AS text, {'a': i, 'b': [i, i + 1]} AS s FROM range($rows::BIGINT) t(i)")
		cmd.Args[0] = "psyql"
		cmd.Env = append(os.Environ(), "PSYQL_TEST_MAIN=1")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		if err != nil || n < 100_000 {
			t.Fatalf("%s: read %d bytes: %v", format, n, err)
		}
		return cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss / 1024
	}
	for _, format := range []string{"csv", "json", "box"} {
		small, large := peak(format, "20000"), peak(format, "400000")
		t.Logf("%s: %d MB, twenty times the rows %d MB", format, small, large)
		if large > small+24 {
			t.Errorf("%s: %d MB for 20,000 rows, %d MB for 400,000", format, small, large)
		}
	}
}
