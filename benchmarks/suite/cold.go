package suite

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"psyberg/benchmarks"
	"psyberg/benchmarks/measure"
	"psyberg/benchmarks/tables"
)

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/1e6) }

// run is one run of psyql.
type run struct {
	out, diag string
	wall, cpu time.Duration
	peak      int64 // bytes of memory, at most; read while it runs
}

// psyql runs the binary with one statement in an empty folder of its own, with
// nothing of the caller's configuration.
func (e *env) psyql(ctx context.Context, sql string, options ...string) (run, error) {
	cmd := exec.CommandContext(ctx, e.Psyql, append(options, "--format", "csv", "-c", sql)...)
	home, err := os.MkdirTemp("", "psyql-bench")
	if err != nil {
		return run{}, err
	}
	defer func() { _ = os.RemoveAll(home) }()
	cmd.Dir = home
	cmd.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}
	var out, diag bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &diag
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return run{}, err
	}
	done := make(chan int64)
	stop := make(chan struct{})
	go func() { done <- watch(cmd.Process.Pid, stop) }()
	err = cmd.Wait()
	r := run{wall: time.Since(start), out: out.String(), diag: diag.String()}
	close(stop)
	r.peak = <-done
	if err != nil {
		return r, fmt.Errorf("psyql: %w: %.500s", err, diag.String())
	}
	r.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return r, nil
}

// watch returns the most memory that a process was seen to have. It asks the
// kernel's own high-water mark: rusage would count this process's memory from
// before the exec.
func watch(pid int, stop <-chan struct{}) int64 {
	file := fmt.Sprintf("/proc/%d/status", pid)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	peak := int64(0)
	for {
		if b, err := os.ReadFile(file); err == nil {
			for line := range strings.Lines(string(b)) {
				if v, ok := strings.CutPrefix(line, "VmHWM:"); ok {
					kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(v), "kB")), 10, 64)
					if err == nil {
						peak = max(peak, kb<<10)
					}
				}
			}
		}
		select {
		case <-stop:
			return peak
		case <-tick.C:
		}
	}
}

// runs a query some times and compares the answer of each.
func (e *env) runs(ctx context.Context, t *tables.Table, q tables.Question, sql string, times int) ([]run, error) {
	var out []run
	for i := range times + 1 {
		r, err := e.psyql(ctx, sql)
		if err != nil {
			return nil, err
		}
		got, err := parseCSV(q, r.out)
		if err != nil {
			return nil, err
		}
		if err := benchmarks.Compare(t, "psyql", q, tables.Digest(q, got)); err != nil {
			return nil, err
		}
		if i > 0 { // the first brings files into the page cache
			out = append(out, r)
		}
	}
	return out, nil
}

// sample is what runs took, as statistics have it.
func sample(runs []run) (s measure.Sample) {
	for _, r := range runs {
		s.Rounds = append(s.Rounds, measure.Cost{CPU: r.cpu, Wall: r.wall})
	}
	return s
}

// clockNote says beside a time by the clock what CPU time it took, and how much
// slower the run in the middle was.
func clockNote(s measure.Sample) string {
	return fmt.Sprintf("%s CPU; the median of %d runs: %s, %s CPU", ms(s.Whole()), len(s.Rounds), ms(s.Wall()), ms(s.CPU()))
}

// coldRounds is how often a cold question is asked at least: it is short, so
// that what else the machine does shows in every single run.
const coldRounds = 20

// listTime is what the issue grants for a manifest list that is longer.
const listTime = 3.0 / 5000 // milliseconds an entry

func coldRows(ctx context.Context, e *env) ([]Row, error) {
	var rows []Row
	shorter := tables.T4(e.Down, 1).Manifests()
	for _, c := range []struct {
		tables.Config
		limit float64
	}{{tables.T2(e.Down), 100}, {tables.T4(e.Down, 1), 150}, {tables.T4(e.Down, 10), 150}} {
		if e.SkipOld && c.Manifests() > shorter {
			continue
		}
		t, err := e.table(ctx, c.Config)
		if err != nil {
			return rows, err
		}
		runs, err := e.runs(ctx, t, tables.Q3, q3(t), max(coldRounds, e.Rounds))
		if err != nil {
			return rows, err
		}
		took := sample(runs)
		limit, note := c.limit, clockNote(took)
		if more := c.Manifests() - shorter; c.ArchiveFiles > 0 && more > 0 {
			limit += float64(more) * listTime
			note += fmt.Sprintf("; limit: T4's and 3 ms per 5,000 of the %d entries by which its list is longer", more)
		}
		rows = append(rows, Row{Measure: "cold", What: c.Name + " Q3, exec to exit", Value: float64(took.Clock()) / 1e6, Unit: "ms", Limit: limit, Note: note})
		opened, err := e.opened(ctx, t)
		rows = append(rows, opened)
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

var readsRE = regexp.MustCompile(`manifests=(\d+) lists=(\d+) bytes=(\d+)`)

// opened is how many manifests Q3 opens, by psyql's own account.
func (e *env) opened(ctx context.Context, t *tables.Table) (Row, error) {
	r, err := e.psyql(ctx, q3(t), "--explain")
	if err != nil {
		return Row{}, err
	}
	m := readsRE.FindStringSubmatch(r.diag)
	if m == nil {
		return Row{}, fmt.Errorf("psyql --explain does not say what was read: %.300s", r.diag)
	}
	n, err := strconv.ParseFloat(m[1], 64)
	return Row{Measure: "cold", What: t.Config.Name + " Q3: manifests opened", Value: n, Unit: "of " + strconv.Itoa(t.Config.Manifests()), Limit: 10,
		Note: fmt.Sprintf("%s manifest lists, %s bytes of both", m[2], m[3])}, err
}

// startRounds is how often a start is measured at least, as coldRounds is.
const startRounds = 40

func startRows(ctx context.Context, e *env) ([]Row, error) {
	var runs []run
	for i := range max(startRounds, e.Rounds) + 1 {
		r, err := e.psyql(ctx, "SELECT 1")
		if err != nil {
			return nil, err
		}
		if i > 0 {
			runs = append(runs, r)
		}
	}
	samples, err := measure.Alternate(max(startRounds/10, e.Rounds), measure.In("session", func() error {
		s, err := e.session(ctx)
		if err != nil {
			return err
		}
		return s.Close()
	}))
	if err != nil {
		return nil, err
	}
	took := sample(runs)
	return []Row{
		{Measure: "start", What: "psyql -c 'SELECT 1', exec to exit", Value: float64(took.Clock()) / 1e6, Unit: "ms", Limit: 60,
			Note: clockNote(took) + "; limit: the tool's whole start, process and all"},
		{Measure: "start", What: "a session, empty, in a process that runs: open and close", Value: float64(samples[0].Clock()) / 1e6, Unit: "ms", Limit: 40, Note: clockNote(samples[0])},
	}, nil
}

func memoryRows(ctx context.Context, e *env) ([]Row, error) {
	t, err := e.table(ctx, tables.T4(e.Down, 1))
	if err != nil {
		return nil, err
	}
	base, err := e.psyql(ctx, "SELECT 1")
	if err != nil {
		return nil, err
	}
	runs, err := e.runs(ctx, t, tables.Q1, q1Files(t), 1)
	if err != nil {
		return nil, err
	}
	mib := func(n int64) float64 { return float64(n) / (1 << 20) }
	return []Row{{Measure: "memory", What: t.Config.Name + ": all files, aggregated in SQL, over an empty session", Value: mib(runs[0].peak - base.peak), Unit: "MiB", Limit: 64,
		Note: fmt.Sprintf("peak %.0f MiB, empty %.0f MiB; %s CPU", mib(runs[0].peak), mib(base.peak), ms(runs[0].cpu))}}, nil
}
