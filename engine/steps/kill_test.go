package steps_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestX_KilledAtRandomTimes kills the real binary (SIGKILL) at random times
// while it runs whole sessions, PSYBERG_KILLS times (make soak, CI: 200): some
// run again under their own id, some leave it to the next. Rows land all the
// time. In the end a sweep takes away what was left, and every row is in the
// target once.
func TestX_KilledAtRandomTimes(t *testing.T) {
	kills, err := strconv.Atoi(os.Getenv("PSYBERG_KILLS"))
	if err != nil {
		t.Skip("PSYBERG_KILLS is no number of kills")
	}
	dir := t.TempDir()
	p := psql{t, dir, filepath.Join(dir, "psyql")}
	if out, err := exec.Command("go", "build", "-o", p.binary, "psyberg/cli/psyql").CombinedOutput(); err != nil {
		t.Fatalf("build psyql: %v\n%s", err, out)
	}
	p.must(`CREATE TABLE raw.a (id BIGINT) USING iceberg; CREATE TABLE facts.a (id BIGINT) USING iceberg; COPY (SELECT 0 AS id) TO 'raw.a' (FORMAT iceberg)`)
	start := time.Now()
	p.session("s-first", 0)
	whole := time.Since(start)
	rows, killed, session := 1, 0, 0
	for attempt := 0; killed < kills; attempt++ {
		if attempt > 20*kills {
			t.Fatalf("only %d of %d attempts were killed in time", killed, attempt)
		}
		if rand.IntN(2) == 0 {
			p.must(fmt.Sprintf(`COPY (SELECT %d AS id) TO 'raw.a' (FORMAT iceberg)`, rows))
			rows++
		}
		if rand.IntN(3) > 0 {
			session++
		}
		if p.session(fmt.Sprintf("s%06d", session), rand.N(whole)+time.Millisecond) {
			killed++
		}
	}
	p.must(fmt.Sprintf(`COPY (SELECT %d AS id) TO 'raw.a' (FORMAT iceberg)`, rows))
	rows++
	if p.session("s-last", 0) {
		t.Fatal("killed without a reason")
	}
	left := 0
	for _, table := range []string{"raw.a", "facts.a", "meta.s", "meta.h"} {
		sweep := `SELECT count(*) AS n FROM psyberg_sweep('` + table + `', older_than := INTERVAL '0 seconds'`
		n, err := strconv.Atoi(strings.Fields(p.must(sweep + `)`))[1])
		if err != nil {
			t.Fatal(err)
		}
		left += n
		p.must(sweep + `, delete := true)`)
		if out := strings.Fields(p.must(sweep + `)`)); out[1] != "0" {
			t.Errorf("%s: %s files are left after a sweep", table, out[1])
		}
	}
	got := strings.Fields(p.must(`SELECT id FROM iceberg_rows('facts.a') ORDER BY id`))
	var want []string
	for i := range rows {
		want = append(want, strconv.Itoa(i))
	}
	if len(got) == 0 || strings.Join(got[1:], " ") != strings.Join(want, " ") { // the first is the header
		t.Errorf("after %d kills the target has rows %v, want 0 to %d", killed, got, rows-1)
	}
	if out := p.must(`SELECT count(*) AS n FROM iceberg_rows('meta.s') WHERE status NOT IN ('COMMITTED', 'SUPERSEDED')`); strings.Fields(out)[1] != "0" {
		t.Errorf("sessions are left: %s", out)
	}
	t.Logf("%d kills, %d sessions, %d rows; %d files were left and swept", killed, session, rows, left)
}

// psql runs the binary in a folder of its own.
type psql struct {
	t           *testing.T
	dir, binary string
}

func (p psql) run(after time.Duration, script string) (out string, killed bool, err error) {
	ctx := context.Background()
	if after > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, after)
		defer cancel()
	}
	cmd := exec.CommandContext(ctx, p.binary, "--format", "tsv", "-c", script) // killed by SIGKILL
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "HOME="+p.dir)
	var errs strings.Builder
	cmd.Stderr = &errs
	text, err := cmd.Output()
	exit := (*exec.ExitError)(nil)
	killed = errors.As(err, &exit) && exit.ExitCode() == -1
	if cmd.ProcessState != nil && cmd.ProcessState.Success() {
		err = nil // it ended before it could be killed
	}
	if err != nil {
		return errs.String(), killed, err
	}
	return string(text), killed, err
}

func (p psql) must(script string) string {
	p.t.Helper()
	out, _, err := p.run(0, script)
	if err != nil {
		p.t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return out
}

// session is a whole one, killed after a time (0: never).
func (p psql) session(id string, after time.Duration) (killed bool) {
	p.t.Helper()
	out, killed, err := p.run(after, strings.ReplaceAll(`
		CALL psyberg_init(process_name := 'p', src_tables := 'raw.a', psyberg_session_id := '$S', psyberg_hwm_table := 'meta.h', psyberg_session_table := 'meta.s', etl_pattern_id := 1);
		SET VARIABLE files = (SELECT list(file_path) FROM psyberg_files(NULL, session_id := '$S', session_table := 'meta.s', process_name := 'p'));
		COPY (SELECT id FROM iceberg_rows('raw.a', files := coalesce(getvariable('files'), []))) TO 'facts.a' (FORMAT iceberg, WAP_ID '$S');
		CALL psyberg_publish('facts.a', '$S', 'p', '$S', 'meta.s');
		CALL psyberg_commit('p', '$S', 'meta.s', 'meta.h', target := 'facts.a')`, "$S", id))
	if err != nil && !killed && !strings.Contains(out, "[PSY_SUPERSEDED]") {
		p.t.Fatalf("session %s: %v\n%s", id, err, out)
	}
	return killed
}
