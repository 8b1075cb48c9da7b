package steps_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/apache/iceberg-go/table/compaction"

	"psyberg/engine/catalog"
)

// TestR3_RealTables is TestR3_NothingFallsBetweenTwoRuns of package psyberg on
// real tables, by the statements and the files that a user has: the same events
// happen to two sources, sessions run as the commands run them, some crash, and
// in the end the target that was built session by session holds what one built
// at once would.
func TestR3_RealTables(t *testing.T) {
	t.Parallel()
	histories := 1
	deadline := time.Now().Add(soak(t))
	done, events, sessions := 0, map[string]int{}, 0
	for ; done < histories || time.Now().Before(deadline); done++ {
		t.Run("history", func(t *testing.T) { // one of its own: what it opened is closed when it ends
			seed := rand.Uint64()
			r := &realHistory{env: newEnv(t, t.TempDir()), rand: rand.New(rand.NewPCG(seed, 1)), events: events}
			r.play()
			sessions += r.sessions
			if t.Failed() {
				t.Fatalf("seed %d, what happened:\n%s", seed, strings.Join(r.log, "\n"))
			}
		})
		if t.Failed() {
			return
		}
	}
	t.Logf("%d histories, %d sessions, events %v", done, sessions, events)
}

var realEvents = []string{"append", "append", "append", "dynamic overwrite", "filtered overwrite", "delete", "compact", "rewrite manifests", "empty", "stage", "publish staged",
	"branch", "publish branch", "old", "old", "evolve partitions", "evolve schema", "stream", "stream", "stream", "session", "session", "session", "crash"}

type realHistory struct {
	*env
	rand     *rand.Rand
	events   map[string]int
	log      []string
	id       int
	sessions int
	staged   map[string][]string // wap ids or branches by source
	columns  int
}

var realSources = []string{"raw.a", "raw.b"}

func (r *realHistory) play() {
	r.staged = map[string][]string{}
	for _, s := range realSources {
		r.must(`CREATE TABLE ` + s + ` (id BIGINT, ts TIMESTAMPTZ, p BIGINT) USING iceberg PARTITIONED BY (p)`)
		r.insert(s, "append", "", 0, 0, 0) // the earliest hour stays alive
	}
	r.must(`CREATE TABLE facts.all (src VARCHAR, id BIGINT, ts TIMESTAMPTZ) USING iceberg PARTITIONED BY (hours(ts))`)
	for range 14 {
		r.step(realEvents[r.rand.IntN(len(realEvents))])
	}
	r.step("session")
	for range 20 { // every source is complete at last; max_hours may have it take several
		if r.session("2023-09-15T00:00:00Z", false) == "NOTHING_TO_DO" {
			break
		}
	}
	want := r.must(`SELECT src, id FROM (SELECT 'raw.a' AS src, id FROM iceberg_rows('raw.a') UNION ALL SELECT 'raw.b', id FROM iceberg_rows('raw.b')) ORDER BY ALL`)
	if got := r.must(`SELECT src, id FROM iceberg_rows('facts.all') ORDER BY ALL`); got != want {
		r.t.Errorf("built session by session:\n%s\nbuilt once:\n%s", got, want)
	}
}

func (r *realHistory) step(event string) {
	r.events[event]++
	s := realSources[r.rand.IntN(2)]
	r.log = append(r.log, event+" "+s)
	switch event {
	case "append", "dynamic overwrite", "stage", "branch":
		r.write(s, event)
	case "filtered overwrite":
		r.insert(s, "overwrite", fmt.Sprintf(", WHERE 'p = %d'", 1+r.rand.IntN(3)), -1, -1, 1)
	case "delete":
		r.must(fmt.Sprintf(`COPY (SELECT 0 AS id, NULL::TIMESTAMPTZ AS ts, 0 AS p WHERE false) TO '%s' (FORMAT iceberg, MODE 'overwrite', WHERE 'p = %d')`, s, 1+r.rand.IntN(3)))
	case "empty":
		r.must(fmt.Sprintf(`COPY (SELECT 0 AS id, NULL::TIMESTAMPTZ AS ts, 0 AS p WHERE false) TO '%s' (FORMAT iceberg)`, s))
	case "publish staged", "publish branch":
		r.publish(s)
	case "compact", "rewrite manifests", "evolve partitions", "evolve schema":
		r.other(s, event)
	case "old":
		r.old(s)
	case "stream":
		at := fmt.Sprintf("2023-09-14T%02d:00:00Z", r.rand.IntN(17))
		if err := r.cat.SetProperties(r.ctx, s, map[string]string{"psyberg.valid-to": at}); err != nil {
			r.t.Fatal(err)
		}
	case "session", "crash":
		r.session("", event == "crash")
	}
}

func (r *realHistory) write(s, event string) {
	r.id++
	id := fmt.Sprintf("w%d", r.id)
	switch event {
	case "append":
		r.insert(s, "append", "", -1, -1, 0)
	case "dynamic overwrite":
		r.insert(s, "overwrite_partitions", "", -1, -1, 1)
	case "stage":
		r.insert(s, "append", ", WAP_ID '"+id+"'", -1, -1, 0)
		r.staged[s] = append(r.staged[s], id)
	case "branch":
		r.insert(s, "append", ", WAP_BRANCH 'psyberg_"+id+"', STEP '1'", -1, -1, 0)
		r.insert(s, "append", ", WAP_BRANCH 'psyberg_"+id+"', STEP '2'", -1, -1, 0)
		r.staged[s] = append(r.staged[s], id)
	}
}

// insert writes one to three rows into partition p at an hour of it; -1 is any,
// from lowest on.
func (r *realHistory) insert(s, mode, more string, p, hour, lowest int) {
	if p < 0 {
		p = lowest + r.rand.IntN(4-lowest)
	}
	var rows []string
	for range 1 + r.rand.IntN(3) {
		r.id++
		h := hour
		if h < 0 {
			h = 4*p + r.rand.IntN(4)
		}
		rows = append(rows, fmt.Sprintf("(%d, TIMESTAMPTZ '2023-09-14 %02d:15:00+00', %d)", r.id, h, p))
	}
	summary := ""
	if r.rand.IntN(3) == 0 {
		summary = fmt.Sprintf(", SUMMARY MAP {'psyberg.valid-to': '2023-09-14T%02d:00:00Z'}", r.rand.IntN(17))
	}
	r.must(`COPY (SELECT * FROM (VALUES ` + strings.Join(rows, ", ") + `) AS v(id, ts, p)) TO '` + s + `' (FORMAT iceberg, MODE '` + mode + `'` + more + summary + `)`)
}

// publish moves what was staged, in any order; what stands in its way is left.
func (r *realHistory) publish(s string) {
	if len(r.staged[s]) == 0 {
		return
	}
	id := r.staged[s][r.rand.IntN(len(r.staged[s]))]
	pre, err := r.cat.Preflight(r.ctx, s, id)
	if err != nil {
		r.t.Fatal(err)
	}
	if m := string(pre.Method); m == "refused" || m == "already-published" {
		return
	}
	_, err = r.cat.Publish(r.ctx, s, catalog.PublishRequest{ID: id, Staged: *pre.Staged, Verdict: catalog.Verdict{Kind: catalog.AuditsNotAsked}})
	if err != nil && !errors.Is(err, catalog.ErrRefused) {
		r.t.Fatal(err)
	}
}

// old expires snapshots of raw.a, or rolls raw.b back: not both in one table,
// for a common ancestor that has expired stops every session, by design.
func (r *realHistory) old(s string) {
	if s == "raw.a" {
		if _, err := r.cat.Expire(r.ctx, s, 1+r.rand.IntN(3)); err != nil {
			r.t.Fatal(err)
		}
		return
	}
	line := strings.Fields(r.must(`SELECT snapshot_id FROM iceberg_snapshots('` + s + `') WHERE is_ancestor_of_head`))
	var to int64
	if _, err := fmt.Sscan(line[r.rand.IntN(len(line))], &to); err != nil {
		r.t.Fatal(err)
	}
	r.transact(s, func(tx *table.Transaction, _ *table.Table) error { return tx.RollbackToSnapshot(to) })
}

// other is what other programs do to a table.
func (r *realHistory) other(s, event string) {
	r.transact(s, func(tx *table.Transaction, t *table.Table) error {
		switch event {
		case "rewrite manifests":
			_, err := tx.RewriteManifests(r.ctx)
			return err
		case "evolve partitions":
			if spec := t.Spec(); spec.NumFields() > 1 {
				return tx.UpdateSpec(true).RemoveField("bucket").Commit()
			}
			return tx.UpdateSpec(true).AddField("id", iceberg.BucketTransform{NumBuckets: 2}, "bucket").Commit()
		case "evolve schema":
			r.columns++
			return tx.UpdateSchema(true, false).AddColumn([]string{fmt.Sprint("c", r.columns)}, iceberg.PrimitiveTypes.String, "", false, nil).Commit()
		}
		cfg := compaction.DefaultConfig()
		cfg.MinInputFiles = 2
		plan, err := compaction.Analyze(r.ctx, t, cfg)
		if err != nil || len(plan.Groups) == 0 {
			return err
		}
		var groups []table.CompactionTaskGroup
		for _, g := range plan.Groups {
			groups = append(groups, table.CompactionTaskGroup{PartitionKey: g.PartitionKey, Tasks: g.Tasks, TotalSizeBytes: g.TotalSizeBytes})
		}
		_, err = tx.RewriteDataFiles(r.ctx, groups, table.RewriteDataFilesOptions{})
		if err != nil && strings.Contains(err.Error(), "clustering assumption") {
			return errNotDone
		}
		return err
	})
}

// errNotDone: iceberg-go 0.7.0 does not compact files of an older spec into a
// newer one whose partitions their rows do not come in the order of.
var errNotDone = errors.New("not done")

func (r *realHistory) transact(s string, do func(*table.Transaction, *table.Table) error) {
	r.t.Helper()
	t, err := r.cat.OpenTable(r.ctx, s)
	if err != nil {
		r.t.Fatal(err)
	}
	tx := t.NewTransaction()
	err = do(tx, t)
	if errors.Is(err, errNotDone) {
		r.log[len(r.log)-1] += " (not done)"
		return
	}
	if err != nil {
		r.t.Fatalf("%s: %v", r.log[len(r.log)-1], err)
	}
	if _, err := tx.Commit(r.ctx); err != nil {
		r.t.Fatalf("%s: %v", r.log[len(r.log)-1], err)
	}
}

// session runs the commands of one; a crash ends it at some step, for another
// session to find. It returns the session's status after init.
func (r *realHistory) session(vtts string, crash bool) string {
	r.t.Helper()
	r.sessions++
	id := fmt.Sprintf("s%04d", r.sessions)
	more := []string{"src_tables", "raw.a|ts,raw.b|ts", "etl_pattern_id", "2", "on_gap", "recover", "on_rollback", "recover"}
	if vtts != "" {
		more = append(more, "vtts", vtts)
	}
	if r.rand.IntN(3) == 0 {
		more = append(more, "max_hours", fmt.Sprint(1+2*r.rand.IntN(3)))
	}
	if crash {
		n := r.rand.IntN(25)
		r.steps.SetHook(func(string) error {
			if n--; n < 0 {
				return errCrash
			}
			return nil
		})
		defer r.steps.SetHook(nil)
	}
	status, err := r.commands(id, more)
	if err != nil && !(crash && strings.Contains(err.Error(), errCrash.Error())) {
		r.t.Fatalf("session %s: %v\n%s", id, err, strings.Join(r.log, "\n"))
	}
	r.log = append(r.log, id+" "+status)
	return status
}

func (r *realHistory) commands(id string, more []string) (status string, err error) {
	if _, err := r.command("init", "p", id, more...); err != nil {
		return "", err
	}
	status = r.must(`SELECT DISTINCT status FROM psyberg_session('p', $id, $table)`, "id", id, "table", sessionTable)
	if status == "READY" {
		span := r.must(`SELECT min(from_ts), max(to_ts) FROM psyberg_iterations(NULL, session_id := $id, session_table := $table)`, "id", id, "table", sessionTable)
		from, to, _ := strings.Cut(span, " ")
		in := fmt.Sprintf(`ts >= '%sZ' AND ts < '%sZ'`, from, to)
		_, err := r.env.run(`COPY (SELECT 'raw.a' AS src, id, ts FROM iceberg_rows('raw.a') WHERE ` + in + ` UNION ALL SELECT 'raw.b', id, ts FROM iceberg_rows('raw.b') WHERE ` + in + `)
			TO 'facts.all' (FORMAT iceberg, MODE 'overwrite', WHERE '` + strings.ReplaceAll(in, "'", "''") + `', WAP_ID '` + id + `')`)
		if err != nil {
			return status, err
		}
		if _, err := r.command("publish", "p", id, "target", "facts.all"); err != nil {
			return status, err
		}
	}
	_, err = r.command("commit", "p", id, "target", "facts.all")
	return status, err
}
