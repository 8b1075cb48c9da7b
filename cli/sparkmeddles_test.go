package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// sparkSession answers one statement after another.
type sparkSession struct {
	in  io.WriteCloser
	out *bufio.Scanner
}

// withSpark is a folder whose processes share a catalog with a Spark session.
// It is skipped where nobody asked for Spark (make test-spark).
func withSpark(t *testing.T) (*together, *sparkSession) {
	t.Helper()
	if os.Getenv("PSYBERG_SPARK") != "1" {
		t.Skip("PSYBERG_SPARK=1 runs Spark beside psyql")
	}
	w := newTogether(t)
	w.env = []string{"PSYQL_CATALOG_URI=sqlite:///" + filepath.Join(w.dir, "catalog.db"), "PSYQL_CATALOG_NAME=lake", "PSYQL_WAREHOUSE=" + w.dir}
	w.must("-c", "CREATE TABLE ns.first (id BIGINT) USING iceberg") // makes the catalog
	cmd := spark(w.dir)
	s := &sparkSession{}
	var err error
	if s.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.out = bufio.NewScanner(out)
	s.out.Buffer(nil, 16<<20)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.in.Close() // it ends by itself then
		_ = cmd.Wait()
	})
	if _, err := s.answer(); err != nil { // it is ready
		t.Fatalf("Spark: %v", err)
	}
	return w, s
}

func (s *sparkSession) answer() ([][]any, error) {
	for s.out.Scan() {
		if !strings.HasPrefix(s.out.Text(), "{") {
			continue // what a library prints
		}
		var a struct {
			Rows  [][]any
			Error string
		}
		dec := json.NewDecoder(strings.NewReader(s.out.Text()))
		dec.UseNumber()
		if err := dec.Decode(&a); err != nil {
			return nil, err
		}
		if a.Error != "" {
			return nil, errors.New(a.Error)
		}
		return a.Rows, nil
	}
	return nil, errors.Join(s.out.Err(), io.ErrUnexpectedEOF)
}

func (s *sparkSession) ask(sql string) ([][]any, error) {
	b, err := json.Marshal(map[string]string{"sql": sql})
	if err != nil {
		return nil, err
	}
	if _, err := s.in.Write(append(b, '\n')); err != nil {
		return nil, err
	}
	return s.answer()
}

// meddling is what Spark did beside the others.
type meddling struct{ compacted, expired, refused int }

// meddle compacts tables and expires what of their ancestry is older than the
// head, in turn, until done. A compaction may find that files it read are gone:
// then Spark gives up, and nothing has happened.
func (s *sparkSession) meddle(t *testing.T, done <-chan struct{}, compact, expire []string) (m meddling) {
	for {
		select {
		case <-done:
			if m.compacted == 0 || len(expire) > 0 && m.expired == 0 {
				t.Errorf("Spark did nothing beside the others: %+v", m)
			}
			return m
		default:
		}
		for _, table := range compact {
			switch rows, err := s.ask("CALL lake.system.rewrite_data_files(table => '" + table + "', options => map('min-input-files', '2'))"); {
			case err == nil && fmt.Sprint(rows[0][0]) != "0":
				m.compacted++
			case err != nil && (strings.Contains(err.Error(), "Cannot commit") || strings.Contains(err.Error(), "CommitFailed") || strings.Contains(err.Error(), "ValidationException") || strings.Contains(err.Error(), "NotFound")):
				m.refused++
			case err != nil && !strings.Contains(err.Error(), "no such table"): // psyql makes its own tables meanwhile
				t.Errorf("compact %s: %v", table, err)
			}
		}
		for _, table := range expire {
			if n, err := s.expire(table); err != nil {
				t.Errorf("expire %s: %v", table, err)
			} else {
				m.expired += n
			}
		}
	}
}

// expire takes the ancestors of the head, but not what is staged.
func (s *sparkSession) expire(table string) (int, error) {
	rows, err := s.ask("SELECT snapshot_id FROM " + table + ".history WHERE is_current_ancestor ORDER BY made_current_at DESC")
	if err != nil {
		return 0, err
	}
	var ids []string
	for i, r := range rows {
		if id := fmt.Sprint(r[0]); i > 0 && id != fmt.Sprint(rows[0][0]) && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return 0, nil
	}
	_, err = s.ask("CALL lake.system.expire_snapshots(table => '" + table + "', snapshot_ids => array(" + strings.Join(ids, ", ") + "))")
	return len(ids), err
}

// beside runs f many times at once, and Spark beside them.
func (w *together) beside(s *sparkSession, compact, expire []string, f func(i int) ended) []ended {
	out, done := make([]ended, many), make(chan struct{})
	var others, spark sync.WaitGroup
	spark.Go(func() { w.t.Logf("Spark beside them: %+v", s.meddle(w.t, done, compact, expire)) })
	for i := range many {
		others.Go(func() { out[i] = f(i) })
	}
	others.Wait()
	close(done)
	spark.Wait()
	return out
}

// same checks that psyql and Spark see one answer.
func (w *together) same(s *sparkSession, select_, table, want string) {
	w.t.Helper()
	_, got, _ := strings.Cut(w.must("-c", "SELECT "+select_+" AS v FROM iceberg_rows('"+table+"')"), "\n")
	rows, err := s.ask("SELECT " + select_ + " AS v FROM " + table)
	if err != nil {
		w.t.Fatal(err)
	}
	if seen := fmt.Sprint(rows[0][0]); got != want || seen != want {
		w.t.Errorf("%s of %s: psyql %s, Spark %s, want %s", select_, table, got, seen, want)
	}
}

// TestSparkCompactsAndExpiresMeanwhile: eight processes append to one table,
// and replace rows in another, while Spark compacts both and expires what is
// older than their heads: every row is there once.
func TestSparkCompactsAndExpiresMeanwhile(t *testing.T) {
	w, s := withSpark(t)
	const rounds = 8
	w.must("-c", "CREATE TABLE ns.t (id BIGINT) USING iceberg; CREATE TABLE ns.u (id BIGINT, n BIGINT) USING iceberg PARTITIONED BY (id)")
	conflicts := make([]int, many)
	for i, e := range w.beside(s, []string{"ns.t", "ns.u"}, []string{"ns.t", "ns.u"}, func(i int) ended {
		var e ended
		for n := range rounds {
			if e = w.psyql("-c", fmt.Sprintf("COPY (SELECT %d AS id) TO 'ns.t' (FORMAT iceberg)", rounds*i+n)); e.exit != 0 {
				return e
			}
			for {
				e = w.psyql("-c", fmt.Sprintf("COPY (SELECT %d AS id, %d AS n) TO 'ns.u' (FORMAT iceberg, MODE overwrite_partitions)", i, n))
				if e.exit != ExitTransient || !e.saysWhy() {
					break
				}
				conflicts[i]++ // as its words say: run it again
			}
			if e.exit != 0 {
				return e
			}
		}
		return e
	}) {
		if e.exit != 0 {
			t.Errorf("process %d: exit %d %s", i, e.exit, e.stderr)
		}
	}
	t.Logf("%d appends and %d overwrites, conflicts that were said: %v", rounds*many, rounds*many, conflicts)
	total := rounds * many
	w.same(s, "count(*) || ' ' || count(DISTINCT id) || ' ' || min(id) || ' ' || max(id)", "ns.t", fmt.Sprintf("%d %d 0 %d", total, total, total-1))
	w.same(s, "count(*) || ' ' || count(DISTINCT id) || ' ' || min(n) || ' ' || max(n)", "ns.u", fmt.Sprintf("%d %d %d %d", many, many, rounds-1, rounds-1))
}

// TestSparkCompactsWhatSessionsUse: eight processes' whole sessions, while
// Spark compacts their source, their target and the tables that psyberg keeps,
// and expires the target's older snapshots.
func TestSparkCompactsWhatSessionsUse(t *testing.T) {
	w, s := withSpark(t)
	w.source()
	w.must("-c", "CREATE TABLE ns.facts (id BIGINT) USING iceberg")
	const rounds = 3
	for i, e := range w.beside(s, []string{"ns.src", "ns.facts", "ops.sessions", "ops.hwm"}, []string{"ns.facts"}, func(i int) ended {
		var e ended
		for n := range rounds {
			if e = w.psyql("-c", fmt.Sprintf("COPY (SELECT %d AS id) TO 'ns.src' (FORMAT iceberg)", 100+rounds*i+n)); e.exit != 0 {
				return e
			}
			if e = w.session(fmt.Sprint("p", i), fmt.Sprintf("s%d-%d", i, n), "ns.facts"); e.exit != 0 {
				return e
			}
		}
		return e
	}) {
		if e.exit != 0 {
			t.Errorf("process %d: exit %d %s", i, e.exit, e.stderr)
		}
	}
	for i := range many { // what came after a process's last session
		if e := w.session(fmt.Sprint("p", i), fmt.Sprintf("s%d-last", i), "ns.facts"); e.exit != 0 {
			t.Errorf("process %d: exit %d %s", i, e.exit, e.stderr)
		}
	}
	ids := 3 + rounds*many
	w.same(s, "count(*) || ' ' || count(DISTINCT id)", "ns.facts", fmt.Sprintf("%d %d", ids*many, ids))
	w.same(s, "count(DISTINCT process_name) || ' ' || count(*)", "ops.hwm", fmt.Sprintf("%d %d", many, many))
	w.same(s, "count(DISTINCT status) || ' ' || min(status)", "ops.sessions", "1 COMMITTED")
}
