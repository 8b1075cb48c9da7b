package write_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"psyberg/engine/catalog"
)

// The test binary runs itself as another process: statements from the
// environment, ended without any clean-up at the k-th step where one is given.
const (
	envDir, envSQL, envKill = "PSYBERG_TEST_DIR", "PSYBERG_TEST_SQL", "PSYBERG_TEST_KILL_AT"
	killedStatus            = 77
)

// TestChildProcess is no test: it is what the other process runs.
func TestChildProcess(t *testing.T) {
	dir := os.Getenv(envDir)
	if dir == "" {
		t.Skip("only as another process")
	}
	f := openFixture(t, dir)
	steps, at := 0, 0
	if s := os.Getenv(envKill); s != "" {
		at, _ = strconv.Atoi(s)
	}
	f.w.SetStep(func(string) error {
		if steps++; steps == at {
			os.Exit(killedStatus)
		}
		return nil
	})
	f.run(os.Getenv(envSQL))
}

// child runs a statement in another process; killed says that it ended at step k.
func child(t *testing.T, dir, sql string, k int) (killed bool, err error) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestChildProcess$", "-test.count=1")
	cmd.Env = append(os.Environ(), envDir+"="+dir, envSQL+"="+sql, envKill+"="+strconv.Itoa(k))
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == killedStatus {
		return true, nil
	}
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return false, err
}

// TestKilledAtEveryStep ends a process that writes at its k-th step, for every
// k: the table is as it was and only files that nothing names are left; the
// same statement again ends as if nothing had happened.
func TestKilledAtEveryStep(t *testing.T) {
	t.Parallel()
	sql := `COPY (SELECT 7 AS id, 'a' AS cat UNION ALL SELECT 8, 'b') TO 'ns.t' (FORMAT iceberg, WAP_BRANCH 'psyberg_s', STEP '1', MODE overwrite, WHERE 'id = 1')`
	swept := 0
	for k := 1; ; k++ {
		f := newFixture(t)
		f.run("CREATE TABLE ns.t (id BIGINT, cat VARCHAR) USING iceberg PARTITIONED BY (cat)")
		f.run("COPY (SELECT 1 AS id, 'a' AS cat UNION ALL SELECT 2, 'a') TO 'ns.t' (FORMAT iceberg)")
		killed, err := child(t, f.dir, sql, k)
		if err != nil {
			t.Fatal(err)
		}
		if !killed {
			if k < 6 {
				t.Errorf("only %d steps were met", k-1)
			}
			break
		}
		f.want("SELECT count(*) FROM iceberg_snapshots('ns.t')", "1")
		f.wantRows("ns.t", "", "SELECT string_agg(id, ' ' ORDER BY id) FROM $t", "1 2")
		if k%2 == 0 { // swept or not, what comes after is the same
			found, err := f.c.Sweep(f.ctx, "ns.t", catalog.SweepRequest{Before: time.Now().Add(time.Hour), Delete: true})
			if err != nil {
				t.Fatal(err)
			}
			swept += len(found)
			f.noLeftovers("ns.t")
			f.wantRows("ns.t", "", "SELECT string_agg(id, ' ' ORDER BY id) FROM $t", "1 2")
		}
		f.want(sql, "2")
		f.want(sql, "0")
		f.wantRows("ns.t", "psyberg_s", "SELECT string_agg(id, ' ' ORDER BY id) FROM $t", "2 7 8")
		f.wantRows("ns.t", "", "SELECT string_agg(id, ' ' ORDER BY id) FROM $t", "1 2")
	}
	if swept == 0 {
		t.Error("no killed process left a file: nothing was swept")
	}
}

// TestFailedAtEveryStep: an error leaves neither a snapshot nor a file.
func TestFailedAtEveryStep(t *testing.T) {
	t.Parallel()
	injected := errors.New("injected")
	f := newFixture(t)
	f.run("CREATE TABLE ns.t (id BIGINT, cat VARCHAR) USING iceberg PARTITIONED BY (cat)")
	f.run("COPY (SELECT 1 AS id, 'a' AS cat UNION ALL SELECT 2, 'a') TO 'ns.t' (FORMAT iceberg)")
	sql := `COPY (SELECT 7 AS id, 'a' AS cat UNION ALL SELECT 8, 'b') TO 'ns.t' (FORMAT iceberg, MODE overwrite, WHERE 'id = 1')`
	for k := 1; ; k++ {
		steps := 0
		f.w.SetStep(func(string) error {
			if steps++; steps == k {
				return injected
			}
			return nil
		})
		_, err := f.try(sql)
		f.w.SetStep(nil)
		if steps < k {
			if err != nil {
				t.Error(err)
			}
			break
		}
		if !errors.Is(err, injected) {
			t.Errorf("step %d: %v", k, err)
		}
		f.want("SELECT count(*) FROM iceberg_snapshots('ns.t')", "1")
		f.noLeftovers("ns.t")
	}
	f.wantRows("ns.t", "", "SELECT string_agg(id, ' ' ORDER BY id) FROM $t", "2 7 8")
}

// TestProcessesAtOnce: every one of several processes that append to one table
// at the same time succeeds, and so do they at staging one id: once.
func TestProcessesAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.run("CREATE TABLE ns.t (id BIGINT) USING iceberg")
	const n = 4
	errs := make([]error, 2*n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			_, errs[i] = child(t, f.dir, fmt.Sprintf("COPY (SELECT %d AS id) TO 'ns.t' (FORMAT iceberg)", i), 0)
		})
		wg.Go(func() {
			_, errs[n+i] = child(t, f.dir, "COPY (SELECT 100 AS id) TO 'ns.t' (FORMAT iceberg, WAP_ID 's')", 0)
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	f.wantRows("ns.t", "", "SELECT string_agg(id, ' ' ORDER BY id) FROM $t", "0 1 2 3")
	f.want("SELECT count(*) FROM iceberg_snapshots('ns.t') WHERE summary['wap.id'] = 's'", "1")
	if got := f.run("SELECT count(*) FROM iceberg_snapshots('ns.t')"); got != "5" {
		t.Errorf("%s snapshots", strings.TrimSpace(got))
	}
	f.noLeftovers("ns.t")
}
