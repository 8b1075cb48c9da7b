package steps_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"psyberg/psyberg"
)

// history records sessions that are over, of many processes, as they would
// stand there had each been run: by the store itself, some sessions a commit.
func (e *env) history(sessions, processes, batch int) {
	e.t.Helper()
	if err := e.store.CreateTables(e.ctx, sessionTable, hwmTable); err != nil {
		e.t.Fatal(err)
	}
	id := psyberg.SnapshotID(1 << 40)
	for n := 0; n < sessions; n += batch * processes {
		for p := range processes {
			process := fmt.Sprintf("load_%02d", p)
			var rows []psyberg.SessionRow
			for i := range batch {
				id++
				end, at := id, psyberg.Instant(int64(n+i)*int64(time.Hour/time.Microsecond))
				rows = append(rows, psyberg.SessionRow{Process: process, Session: fmt.Sprintf("scheduled__%08d", n/processes+i),
					Source: psyberg.SourceName{Table: "raw.old"}, Pattern: psyberg.Stateless, Verdict: psyberg.OK, DiscoveredBy: psyberg.LevelManifests,
					HWMSnapshot: &id, EndSnapshot: &end, NextHWM: &at, Snapshots: []psyberg.SnapshotID{end}, ChangedPartitions: 1, ChangedFiles: 1,
					ChangedRecords: 1, ProcessingURIs: []string{fmt.Sprintf(`{"landing_date":"2023-09-14","hour":%d}`, (n+i)%24)},
					Target: "facts.a", StagedSnapshot: &end, PublishedSnapshot: &end, Status: psyberg.StatusCommitted, CreatedAt: at, PsyqlVersion: "test"})
			}
			err := e.store.ChangeSessions(e.ctx, sessionTable, process, func(old []psyberg.SessionRow) ([]psyberg.SessionRow, error) {
				return append(slices.Clone(old), rows...), nil
			})
			if err != nil {
				e.t.Fatal(err)
			}
			err = e.store.ChangeWatermarks(e.ctx, hwmTable, process, func([]psyberg.WatermarkRow) ([]psyberg.WatermarkRow, error) {
				end := id
				return []psyberg.WatermarkRow{{Process: process, Source: psyberg.SourceName{Table: "raw.old"}, TableUUID: "u", HWMSnapshot: &end, Session: rows[0].Session}}, nil
			})
			if err != nil {
				e.t.Fatal(err)
			}
		}
	}
}

// onDisk counts the files of a table of ours by kind.
func onDisk(t testing.TB, dir, table string) (data, metadata int) {
	t.Helper()
	for pattern, n := range map[string]*int{"data": &data, "metadata": &metadata} {
		found, err := filepath.Glob(filepath.Join(dir, "psyberg-warehouse", "meta.db", table, pattern, "*"))
		if err != nil {
			t.Fatal(err)
		}
		*n = len(found)
	}
	return data, metadata
}

// TestOwnTablesStaySmall: what a process has behind it is not touched by its
// steps: after many sessions its history stands in a few files, all of
// it can be read, and the folders hold what some twenty snapshots have.
func TestOwnTablesStaySmall(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e := newEnv(t, dir)
	const sessions, processes = 90, 3
	e.history(sessions, processes, 1)
	live := e.must(`SELECT count(*) FROM iceberg_files('` + sessionTable + `') WHERE partition.process_name = 'load_00'`)
	if n, err := strconv.Atoi(live); err != nil || n > 16 {
		t.Errorf("%s files of one process with %d sessions", live, sessions/processes)
	}
	e.want("manifests, one a process", e.must(`SELECT count(*) FROM iceberg_manifests('`+sessionTable+`')`), strconv.Itoa(processes))
	e.want("snapshots", e.must(`SELECT count(*) BETWEEN 20 AND 25 FROM iceberg_snapshots('`+sessionTable+`')`), "true")
	e.want("history", e.must(`SELECT count(*), count(DISTINCT (process_name, session_id)), min(status) = max(status) FROM iceberg_rows('`+sessionTable+`')`),
		fmt.Sprintf("%d %d true", sessions, sessions))
	for table, most := range map[string]int{"psyberg_session_f": 100, "high_water_mark": 60} {
		if data, metadata := onDisk(t, dir, table); data > most || metadata > 4*25+21 {
			t.Errorf("%s has %d data and %d metadata files on disk", table, data, metadata)
		}
	}
	// A session of long ago is still known by its id, and a new one is the only one to be written.
	got, err := e.store.SessionRows(e.ctx, sessionTable, "load_01", "scheduled__00000007")
	if err != nil || len(got) != 1 || got[0].Process != "load_01" || got[0].ProcessingURIs[0] == "" {
		t.Errorf("an old session: %+v %v", got, err)
	}
	seen, err := e.store.See(e.ctx, sessionTable, "load_01", "scheduled__00000007")
	if err != nil || len(seen.Rows) != 1 {
		t.Errorf("what a step reads: %d rows, %v", len(seen.Rows), err)
	}
}

// TestASessionThatEndedIsSeen: between a step's reading and its writing another
// session was made and ended. Nothing that is unfinished differs, and still the
// writing must fail: the watermarks have moved.
func TestASessionThatEndedIsSeen(t *testing.T) {
	t.Parallel()
	e := newEnv(t, t.TempDir())
	e.history(8, 1, 1)
	seen, err := e.store.See(e.ctx, sessionTable, "load_00", "new")
	if err != nil || len(seen.Rows) != 0 {
		t.Fatal(err, seen)
	}
	e.history(16, 1, 8) // ends eight more, and merges their files with the others
	row := psyberg.SessionRow{Process: "load_00", Session: "new", Status: psyberg.StatusReady, Source: psyberg.SourceName{Table: "raw.a"}}
	if err := e.store.ReplaceSessions(e.ctx, sessionTable, "load_00", seen, []psyberg.SessionRow{row}); err == nil || !strings.Contains(err.Error(), "[PSY_CONFLICT]") {
		t.Errorf("inserted over sessions that ended meanwhile: %v", err)
	}
}

// BenchmarkOwnTables prints what init, publish and commit of one process cost
// after 20,000 recorded sessions of 50 processes, against the start, as CPU
// time. PSYBERG_SESSIONS is another number of sessions. The sessions are recorded
// 25 a commit: it is the rows and files that count.
func BenchmarkOwnTables(b *testing.B) {
	sessions := 20_000
	if s := os.Getenv("PSYBERG_SESSIONS"); s != "" {
		var err error
		if sessions, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	const processes = 50
	for b.Loop() {
		dir := b.TempDir()
		e := newEnv(b, dir)
		e.history(processes, processes, 1)
		start := e.stepCosts("a")
		e.history(sessions, processes, 25)
		end := e.stepCosts("b")
		for _, name := range []string{"init", "publish", "commit"} {
			b.ReportMetric(float64(start[name].Microseconds())/1000, name+"-start-ms")
			b.ReportMetric(float64(end[name].Microseconds())/1000, name+"-end-ms")
			b.ReportMetric(float64(end[name])/float64(start[name]), name+"-ratio")
		}
		data, metadata := onDisk(b, dir, "psyberg_session_f")
		b.ReportMetric(float64(data), "data-files")
		b.ReportMetric(float64(metadata), "metadata-files")
	}
}

// stepCosts is the median CPU time of each step of sessions of process load_07,
// from a source and to a target of their own.
func (e *env) stepCosts(name string) map[string]time.Duration {
	e.t.Helper()
	const runs = 15
	e.must(fmt.Sprintf(`CREATE TABLE raw.%s (id BIGINT) USING iceberg; CREATE TABLE facts.%s (id BIGINT) USING iceberg`, name, name))
	all := map[string][]time.Duration{}
	for i := range runs {
		session := fmt.Sprintf("%s_%d", name, i)
		e.must(fmt.Sprintf(`COPY (SELECT %d AS id) TO 'raw.%s' (FORMAT iceberg)`, i, name))
		e.timed(all, "init", session, "src_tables", "raw."+name, "etl_pattern_id", "1")
		e.must(fmt.Sprintf(`COPY (SELECT %d AS id) TO 'facts.%s' (FORMAT iceberg, WAP_ID '%s')`, i, name, session))
		e.timed(all, "publish", session, "target", "facts."+name)
		e.timed(all, "commit", session, "target", "facts."+name)
	}
	out := map[string]time.Duration{}
	for step, d := range all {
		slices.Sort(d)
		out[step] = d[len(d)/2]
	}
	return out
}

func (e *env) timed(all map[string][]time.Duration, step, session string, more ...string) {
	e.t.Helper()
	before := cpuTime(e.t)
	e.mustCommand(step, "load_07", session, more...)
	all[step] = append(all[step], cpuTime(e.t)-before)
}

func cpuTime(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
