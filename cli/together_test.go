package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"psyberg/engine/catalog"
	"psyberg/sql"
)

// together is a folder in which several psyql run at once, each a process.
type together struct {
	t   *testing.T
	dir string
	env []string // beside the test's own
}

// ended is how one of them ended.
type ended struct {
	exit   int
	stdout string
	stderr string
}

func newTogether(t *testing.T) *together {
	t.Helper()
	if testing.Short() {
		t.Skip("many processes")
	}
	w := &together{t: t, dir: t.TempDir()}
	for _, name := range []string{"init", "publish", "commit"} {
		text, err := sql.Files.ReadFile(name + ".sql")
		if err == nil {
			err = os.WriteFile(filepath.Join(w.dir, name+".sql"), text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (w *together) psyql(args ...string) ended {
	self, err := os.Executable()
	if err != nil {
		w.t.Error(err)
		return ended{exit: -1}
	}
	cmd := exec.Command(self, append([]string{"--format", "csv", "--log-level", "warn"}, args...)...)
	cmd.Args[0] = "psyql"
	var out, errs bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = w.dir, &out, &errs
	cmd.Env = append(append(os.Environ(), "PSYQL_TEST_MAIN=1", "HOME="+w.dir), w.env...)
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		w.t.Error(err)
	}
	return ended{cmd.ProcessState.ExitCode(), strings.TrimSpace(out.String()), strings.TrimSpace(errs.String())}
}

// must is psyql that ends well.
func (w *together) must(args ...string) string {
	w.t.Helper()
	e := w.psyql(args...)
	if e.exit != 0 {
		w.t.Fatalf("psyql %q: exit %d\n%s", args, e.exit, e.stderr)
	}
	return e.stdout
}

// saysWhy: what did not work says so in a way that a script can tell: a
// conflict is exit 5, what another session has made pointless exit 1.
func (e ended) saysWhy() bool {
	switch {
	case strings.Contains(e.stderr, "[PSY_CONFLICT]"):
		return e.exit == ExitTransient
	case strings.Contains(e.stderr, "[PSY_SUPERSEDED]"), strings.Contains(e.stderr, "[PSY_PUBLISH_REFUSED]"):
		return e.exit == ExitFailure
	}
	return false
}

// meddle expires and compacts a table for as long as the others run.
func (w *together) meddle(done <-chan struct{}, table string) {
	c, err := catalog.Open(context.Background(), catalog.Config{Dir: w.dir, Home: w.dir})
	if err != nil {
		w.t.Error(err)
		return
	}
	defer c.Close()
	for n := 0; ; n++ {
		select {
		case <-done:
			w.t.Logf("expired and compacted %d times", n)
			return
		default:
		}
		if _, err := c.Expire(context.Background(), table, 1); err != nil {
			w.t.Errorf("expire: %v", err)
		}
		// Every row into one file: it lands, or says that rows came meanwhile.
		if e := w.psyql("-c", "COPY (FROM iceberg_rows('"+table+"')) TO '"+table+"' (FORMAT iceberg, MODE overwrite)"); e.exit != 0 && !e.saysWhy() {
			w.t.Errorf("compact: exit %d %s", e.exit, e.stderr)
		}
	}
}

const many = 8

// all runs f many times at once, while somebody expires and compacts a table.
func (w *together) all(meddled string, f func(i int) ended) []ended {
	out, done := make([]ended, many), make(chan struct{})
	var others, meddler sync.WaitGroup
	if meddled != "" {
		meddler.Go(func() { w.meddle(done, meddled) })
	}
	for i := range many {
		others.Go(func() { out[i] = f(i) })
	}
	others.Wait()
	close(done)
	meddler.Wait()
	return out
}

// TestProcessesAppendAtOnce: eight processes append to one table that a ninth
// makes first, while it is expired and compacted: every row is there once.
func TestProcessesAppendAtOnce(t *testing.T) {
	w := newTogether(t)
	w.must("-c", "CREATE TABLE ns.t (id BIGINT) USING iceberg")
	for i, e := range w.all("ns.t", func(i int) ended {
		return w.psyql("-c", fmt.Sprintf("COPY (SELECT %d AS id) TO 'ns.t' (FORMAT iceberg)", 10*i), "-c", fmt.Sprintf("COPY (SELECT %d AS id) TO 'ns.t' (FORMAT iceberg)", 10*i+1))
	}) {
		if e.exit != 0 {
			t.Errorf("process %d: exit %d %s", i, e.exit, e.stderr)
		}
	}
	if got := w.must("-c", "SELECT string_agg(id, ' ' ORDER BY id) AS ids FROM iceberg_rows('ns.t')"); got != "ids\n0 1 10 11 20 21 30 31 40 41 50 51 60 61 70 71" {
		t.Errorf("rows %s", got)
	}
}

// TestFirstWritesAtOnce: eight processes find no catalog, no namespace and no
// table, and each makes what it needs.
func TestFirstWritesAtOnce(t *testing.T) {
	w := newTogether(t)
	for i, e := range w.all("", func(i int) ended {
		return w.psyql("-c", fmt.Sprintf("COPY (SELECT %d AS id) TO 'ns.t' (FORMAT iceberg, CREATE_TABLE true)", i))
	}) {
		if e.exit != 0 {
			t.Errorf("process %d: exit %d %s", i, e.exit, e.stderr)
		}
	}
	if got := w.must("-c", "SELECT string_agg(id, ' ' ORDER BY id) AS ids FROM iceberg_rows('ns.t')"); got != "ids\n0 1 2 3 4 5 6 7" {
		t.Errorf("rows %s", got)
	}
}

// session is a whole session in one process.
func (w *together) session(process, id, target string) ended {
	return w.psyql("-v", "process_name="+process, "-v", "psyberg_session_id="+id, "-v", "psyberg_session_table=ops.sessions", "-v", "psyberg_hwm_table=ops.hwm",
		"-v", "src_tables=ns.src", "-v", "etl_pattern_id=1", "-v", "target="+target, "-f", "init.sql", "-f", "load.sql", "-f", "publish.sql", "-f", "commit.sql")
}

func (w *together) source() {
	w.t.Helper()
	load := `SET VARIABLE files = (SELECT list(file_path) FROM psyberg_files(NULL, session_id := $psyberg_session_id, session_table := $psyberg_session_table, process_name := $process_name));
COPY (SELECT id FROM iceberg_rows('ns.src', files := coalesce(getvariable('files'), []))) TO :'target' (FORMAT iceberg, WAP_ID $psyberg_session_id);`
	if err := os.WriteFile(filepath.Join(w.dir, "load.sql"), []byte(load), 0o644); err != nil {
		w.t.Fatal(err)
	}
	w.must("-c", "CREATE TABLE ns.src (id BIGINT) USING iceberg; COPY (SELECT unnest([1, 2, 3]) AS id) TO 'ns.src' (FORMAT iceberg)")
}

// TestSessionsOfManyProcessesAtOnce: eight pipelines begin at once on tables
// that are not there yet, keep their sessions and watermarks in one table each,
// and write one target, of which somebody keeps one snapshot: what shows a
// publisher that nobody has published for it is in older metadata files only (P6).
func TestSessionsOfManyProcessesAtOnce(t *testing.T) {
	w := newTogether(t)
	w.source()
	w.must("-c", "CREATE TABLE ns.facts (id BIGINT) USING iceberg")
	for i, e := range w.all("ns.facts", func(i int) ended { return w.session(fmt.Sprint("p", i), fmt.Sprint("s", i), "ns.facts") }) {
		if e.exit != 0 {
			t.Errorf("process %d: exit %d %s", i, e.exit, e.stderr)
		}
	}
	if got := w.must("-c", "SELECT id, count(*) AS n FROM iceberg_rows('ns.facts') GROUP BY id ORDER BY id"); got != "id,n\n1,8\n2,8\n3,8" {
		t.Errorf("rows %s", got)
	}
	if got := w.must("-c", "SELECT count(DISTINCT process_name) AS processes, count(*) AS n FROM iceberg_rows('ops.hwm')", "-c",
		"SELECT status, count(*) AS n FROM iceberg_rows('ops.sessions') GROUP BY status"); got != "processes,n\n8,8\nstatus,n\nCOMMITTED,8" {
		t.Errorf("sessions %s", got)
	}
}

// TestOneSessionManyTimesAtOnce: a scheduler starts the same session eight
// times at once: one loads, the others find that, or say why they cannot.
func TestOneSessionManyTimesAtOnce(t *testing.T) {
	w := newTogether(t)
	w.source()
	w.must("-c", "CREATE TABLE ns.facts (id BIGINT) USING iceberg")
	var good int
	for i, e := range w.all("", func(int) ended { return w.session("p", "s", "ns.facts") }) {
		switch {
		case e.exit == 0:
			good++
		case !e.saysWhy():
			t.Errorf("process %d: exit %d %s", i, e.exit, e.stderr)
		}
	}
	if good == 0 {
		t.Error("no process got through")
	}
	t.Logf("%d of %d got through", good, many)
	if e := w.session("p", "s", "ns.facts"); e.exit != 0 {
		t.Errorf("again: exit %d %s", e.exit, e.stderr)
	}
	if got := w.must("-c", "SELECT string_agg(id, ' ' ORDER BY id) AS ids FROM iceberg_rows('ns.facts')"); got != "ids\n1 2 3" {
		t.Errorf("rows %s", got)
	}
}

// TestOnePublishManyTimesAtOnce: one staged snapshot, eight publishes of it,
// after the head has moved: it is replayed once.
func TestOnePublishManyTimesAtOnce(t *testing.T) {
	w := newTogether(t)
	w.source()
	w.must("-c", "CREATE TABLE ns.facts (id BIGINT) USING iceberg")
	vars := []string{"-v", "process_name=p", "-v", "psyberg_session_id=s", "-v", "psyberg_session_table=ops.sessions", "-v", "psyberg_hwm_table=ops.hwm",
		"-v", "src_tables=ns.src", "-v", "etl_pattern_id=1", "-v", "target=ns.facts"}
	w.must(append(slices.Clone(vars), "-f", "init.sql", "-f", "load.sql")...)
	w.must("-c", "COPY (SELECT 100 AS id) TO 'ns.facts' (FORMAT iceberg)")
	for i, e := range w.all("", func(int) ended { return w.psyql(append(slices.Clone(vars), "-f", "publish.sql")...) }) {
		if e.exit != 0 && !e.saysWhy() || e.exit == 0 && !strings.Contains(e.stdout, "PUBLISHED") {
			t.Errorf("process %d: exit %d %s %s", i, e.exit, e.stdout, e.stderr)
		}
	}
	if got := w.must("-c", "SELECT string_agg(id, ' ' ORDER BY id) AS ids FROM iceberg_rows('ns.facts')", "-c",
		"SELECT count(*) AS n FROM iceberg_snapshots('ns.facts') WHERE is_ancestor_of_head AND summary['published-wap-id'] = 's'"); got != "ids\n1 2 3 100\nn\n1" {
		t.Errorf("rows %s", got)
	}
}
