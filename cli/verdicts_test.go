package cli

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"psyberg/internal/testtables"
)

// sparkTable is a copy of a table that Spark wrote, whose catalog may be
// pointed to any of its metadata.json, as if what came after had not happened.
type sparkTable struct {
	*together
	name     string
	versions []string // metadata.json, oldest first
}

func newSparkTable(t *testing.T, namespace, table string) *sparkTable {
	t.Helper()
	w := newTogether(t)
	warehouse := testtables.Copy(t, "spark", namespace, table)
	t.Setenv("PSYQL_CATALOG_URI", "sqlite:///"+filepath.Join(warehouse, "catalog.db"))
	t.Setenv("PSYQL_WAREHOUSE", warehouse)
	all, err := filepath.Glob(filepath.Join(warehouse, namespace, table, "metadata", "*.metadata.json"))
	if err != nil || len(all) == 0 {
		t.Fatalf("%v %v", all, err)
	}
	slices.Sort(all)
	return &sparkTable{w, namespace + "." + table, all}
}

// at points the catalog to a version.
func (s *sparkTable) at(version string) {
	s.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(os.Getenv("PSYQL_WAREHOUSE"), "catalog.db"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	_, table, _ := strings.Cut(s.name, ".")
	if _, err := db.Exec("UPDATE iceberg_tables SET metadata_location = ? WHERE table_name = ?", version, table); err != nil {
		s.t.Fatal(err)
	}
}

// edit writes a version in which something of the newest is otherwise.
func (s *sparkTable) edit(change func(doc map[string]any)) string {
	s.t.Helper()
	b, err := os.ReadFile(s.versions[len(s.versions)-1])
	if err != nil {
		s.t.Fatal(err)
	}
	var doc map[string]any
	dec := json.NewDecoder(strings.NewReader(string(b)))
	dec.UseNumber()
	if err := dec.Decode(&doc); err != nil {
		s.t.Fatal(err)
	}
	change(doc)
	if b, err = json.Marshal(doc); err != nil {
		s.t.Fatal(err)
	}
	path := filepath.Join(filepath.Dir(s.versions[0]), fmt.Sprintf("90000-%d.metadata.json", len(b)))
	if err := os.WriteFile(path, b, 0o644); err != nil {
		s.t.Fatal(err)
	}
	return path
}

func (s *sparkTable) init(process, session string, more ...string) ended {
	return s.psyql(append([]string{"init", "--process_name", process, "--src_tables", s.name, "--psyberg_session_id", session,
		"--psyberg_session_table", "ops.sessions", "--psyberg_hwm_table", "ops.hwm", "--etl_pattern_id", "1"}, more...)...)
}

// caughtUp makes the head that the table has now the watermark of a process.
func (s *sparkTable) caughtUp(process string) {
	s.t.Helper()
	if e := s.init(process, process+"-0", "--start", "latest"); e.exit != 0 {
		s.t.Fatalf("init: %s", e.stderr)
	}
	s.must("commit", "--process_name", process, "--psyberg_session_id", process+"-0", "--psyberg_session_table", "ops.sessions", "--psyberg_hwm_table", "ops.hwm")
}

// stops checks that init stops with a code and words, and records nothing.
func (s *sparkTable) stops(process, code string, words ...string) {
	s.t.Helper()
	before := s.must("-c", "SELECT count(*) AS n FROM iceberg_rows('ops.sessions')", "-c", "FROM iceberg_rows('ops.hwm') ORDER BY process_name")
	e := s.init(process, process+"-1")
	if e.exit != ExitDecision || e.stdout != "" {
		s.t.Errorf("exit %d, %s", e.exit, e.stdout)
	}
	for _, w := range append(words, "["+code+"]", s.name) {
		if !strings.Contains(e.stderr, w) {
			s.t.Errorf("no %q in %s", w, e.stderr)
		}
	}
	if n := len(regexp.MustCompile(`\(committed \d{4}-\d\d-\d\d.\d\d:\d\d:\d\d`).FindAllString(e.stderr, -1)); n < 2 {
		s.t.Errorf("%d times in %s", n, e.stderr)
	}
	after := s.must("-c", "SELECT count(*) AS n FROM iceberg_rows('ops.sessions')", "-c", "FROM iceberg_rows('ops.hwm') ORDER BY process_name")
	if after != before {
		s.t.Errorf("it recorded something: %s, before %s", after, before)
	}
}

// headOf is the head of a version, "" before the first snapshot; parents are
// those of its snapshots.
func (s *sparkTable) headOf(version string) (head string, parents map[string]string) {
	s.t.Helper()
	b, err := os.ReadFile(version)
	if err != nil {
		s.t.Fatal(err)
	}
	var doc struct {
		Current   *int64 `json:"current-snapshot-id"`
		Snapshots []struct {
			ID     int64  `json:"snapshot-id"`
			Parent *int64 `json:"parent-snapshot-id"`
		} `json:"snapshots"`
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		s.t.Fatal(err)
	}
	parents = map[string]string{}
	for _, x := range doc.Snapshots {
		if x.Parent != nil {
			parents[fmt.Sprint(x.ID)] = fmt.Sprint(*x.Parent)
		}
	}
	if doc.Current != nil && *doc.Current > 0 {
		head = fmt.Sprint(*doc.Current)
	}
	return head, parents
}

// TestVerdictExpiredGap: Spark's expire_snapshots took what followed the
// watermark.
func TestVerdictExpiredGap(t *testing.T) {
	s := newSparkTable(t, "conf", "hist_expired")
	last := s.versions[len(s.versions)-1]
	// As it was long before: its oldest snapshot under the id of one that is gone.
	const gone = "3585532328418239441"
	s.at(s.edit(func(doc map[string]any) {
		first := doc["snapshots"].([]any)[0].(map[string]any)
		first["snapshot-id"], first["sequence-number"] = json.Number(gone), json.Number("2")
		delete(first, "parent-snapshot-id")
		doc["snapshots"], doc["current-snapshot-id"] = []any{first}, json.Number(gone)
		doc["refs"] = map[string]any{"main": map[string]any{"snapshot-id": json.Number(gone), "type": "branch"}}
		doc["snapshot-log"], doc["metadata-log"] = []any{}, []any{}
		delete(doc, "statistics")
	}))
	s.caughtUp("p")
	s.at(last)
	s.stops("p", "PSY_EXPIRED_GAP", gone, "on_gap := 'recover'", "has expired", "ancestry ends at")
	e := s.init("p", "p-2", "--on_gap", "recover", "--on_overwrite", "added")
	if e.exit != 0 || !strings.Contains(e.stdout, "EXPIRED_GAP") || !strings.Contains(e.stdout, "READY") {
		t.Errorf("recover: exit %d %s %s", e.exit, e.stdout, e.stderr)
	}
}

// TestVerdictRolledBack: Spark's rollback_to_snapshot and set_current_snapshot,
// from the watermark of every version that the table went through.
func TestVerdictRolledBack(t *testing.T) {
	s := newSparkTable(t, "conf", "hist_rollback")
	last := s.versions[len(s.versions)-1]
	head, parents := s.headOf(last)
	onLine := map[string]bool{}
	for id := head; id != ""; id = parents[id] {
		onLine[id] = true
	}
	seen := map[string]bool{}
	kept, rolled := 0, 0
	for i, v := range s.versions {
		mark, _ := s.headOf(v)
		if mark == "" || mark == head || seen[mark] || onLine[mark] && kept > 0 {
			continue
		}
		seen[mark] = true
		s.at(v)
		p := fmt.Sprint("p", i)
		s.caughtUp(p)
		s.at(last)
		if onLine[mark] {
			kept++
			if e := s.init(p, p+"-1", "--on_overwrite", "added"); e.exit != 0 {
				t.Errorf("%s at %s: exit %d %s", p, mark, e.exit, e.stderr)
			}
			continue
		}
		rolled++
		s.stops(p, "PSY_ROLLED_BACK", mark, head, "on_rollback := 'recover'")
		e := s.init(p, p+"-2", "--on_rollback", "recover", "--on_overwrite", "added")
		if e.exit != 0 || !strings.Contains(e.stdout, "ROLLED_BACK") {
			t.Errorf("recover: exit %d %s %s", e.exit, e.stdout, e.stderr)
		}
		// What the abandoned line had added is listed as removed.
		got := s.must("-c", "SELECT bool_or(change = 'REMOVED') AS withdrawn FROM psyberg_files(NULL, session_id := '"+p+"-2', session_table := 'ops.sessions')")
		if got != "withdrawn\ntrue" {
			t.Errorf("files: %s", got)
		}
	}
	if rolled < 2 || kept == 0 {
		t.Errorf("%d watermarks were rolled back, %d were not", rolled, kept)
	}
}

// TestVerdictReplaced: the table was dropped and made again.
func TestVerdictReplaced(t *testing.T) {
	s := newSparkTable(t, "life", "plan_fact")
	s.caughtUp("p")
	mark, _ := s.headOf(s.versions[len(s.versions)-1])
	s.must("-c", "DROP TABLE "+s.name+" USING iceberg; CREATE TABLE "+s.name+" (id BIGINT) USING iceberg; COPY (SELECT 1 AS id) TO '"+s.name+"' (FORMAT iceberg)")
	s.stops("p", "PSY_REPLACED", mark, "pass another process_name", "start := 'earliest'")
	if e := s.init("p2", "p2-0", "--start", "earliest"); e.exit != 0 || !strings.Contains(e.stdout, "READY") {
		t.Errorf("under another name: exit %d %s", e.exit, e.stderr)
	}
}

// TestVerdictClockSkew: a snapshot that is older by its clock than its parent
// is said to be, and changes nothing else.
func TestVerdictClockSkew(t *testing.T) {
	s := newSparkTable(t, "life", "plan_fact")
	const window = "SELECT snapshot_id, counted, added_files FROM psyberg_window('life.plan_fact', start := 'earliest') ORDER BY sequence_number"
	before := s.must("-c", window)
	s.at(s.edit(func(doc map[string]any) {
		all := doc["snapshots"].([]any)
		all[len(all)/2].(map[string]any)["timestamp-ms"] = json.Number("1000000000000")
	}))
	if got := s.must("-c", window); got != before {
		t.Errorf("window %s, without skew %s", got, before)
	}
	if got := s.must("-c", "SELECT count(*) AS n FROM psyberg_window('life.plan_fact', start := 'earliest') WHERE reason LIKE '%CLOCK_SKEW%'"); got != "n\n1" {
		t.Errorf("skewed %s", got)
	}
	if e := s.init("p", "p-0"); e.exit != 0 || !strings.Contains(e.stdout, "READY") {
		t.Errorf("init: exit %d %s", e.exit, e.stderr)
	}
}
