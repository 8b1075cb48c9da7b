package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"psyberg/internal/testtables"
)

// verdict is what a process finds that had read a table of
// testdata/verdicts.sql up to a mark, when Spark has done all that stands there.
type verdict struct {
	table, mark string
	code        string // "": it goes on without a word
	words       []string
	recover     []string // what the words say to pass
	name        string   // the verdict of the session that goes on
	added       string   // ids of the files to load, or to withdraw
	removed     string
	hours       string // that a stateful process loads
}

var (
	onGap      = []string{"--on_gap", "recover"}
	onRollback = []string{"--on_rollback", "recover"}
)

var verdicts = []verdict{
	{table: "gap", mark: "p", code: "PSY_EXPIRED_GAP", words: []string{"has expired", "ancestry ends at", "on_gap := 'recover'"},
		recover: onGap, name: "EXPIRED_GAP", added: "11 12 13", hours: "0 1 2 3 4 5"},
	{table: "gap_v1", mark: "p", code: "PSY_EXPIRED_GAP", words: []string{"has expired", "on_gap := 'recover'"},
		recover: onGap, name: "EXPIRED_GAP", added: "1 11 12", hours: "1 2 3 4 5"},
	{table: "gap_compacted", mark: "p", code: "PSY_EXPIRED_GAP", words: []string{"has expired", "on_gap := 'recover'"},
		recover: onGap, name: "EXPIRED_GAP", added: "1 11 12 13", hours: "1 2 3 4 5"},
	{table: "gap_tagged", mark: "p", code: "PSY_EXPIRED_GAP", words: []string{"is retained, snapshots after it have expired", "on_gap := 'recover'"},
		recover: onGap, name: "EXPIRED_GAP", added: "11 12 13", hours: "1 2 3 4 5"},
	{table: "no_gap", mark: "p", name: "OK", added: "11", hours: "3 4 5"},
	{table: "rolled", mark: "p", code: "PSY_ROLLED_BACK", words: []string{"the head is", "both descend from", "on_rollback := 'recover'"},
		recover: onRollback, name: "ROLLED_BACK", added: "21", removed: "11 12", hours: "0 1 2 3 4 5"},
	{table: "rolled", mark: "behind", name: "OK", added: "21", hours: "3 4 5"},
	{table: "rolled_only", mark: "p", code: "PSY_ROLLED_BACK", words: []string{"the head is", "on_rollback := 'recover'"},
		recover: onRollback, name: "ROLLED_BACK", removed: "11", hours: "2 3 4 5"},
	{table: "set_current", mark: "p", code: "PSY_ROLLED_BACK", words: []string{"the head is", "both descend from", "on_rollback := 'recover'"},
		recover: onRollback, name: "ROLLED_BACK", added: "11", removed: "12", hours: "2 3 4 5"},
	{table: "set_current", mark: "returned", name: "UP_TO_DATE", hours: "3 4 5"},
	{table: "rolled_expired", mark: "p", code: "PSY_EXPIRED_GAP", words: []string{"has expired", "on_gap := 'recover'"},
		recover: onGap, name: "EXPIRED_GAP", added: "21 22", hours: "1 2 3 4 5"},
	{table: "rolled_tagged", mark: "p", code: "PSY_ROLLED_BACK", words: []string{"the head is", "(expired)", "on_rollback := 'recover'"},
		recover: onRollback, name: "ROLLED_BACK", added: "21", removed: "11", hours: "2 3 4 5"},
	{table: "replaced", mark: "p", code: "PSY_REPLACED", words: []string{"its UUID is", "pass another process_name", "start := 'earliest'"}, name: "FIRST_RUN", added: "21", hours: "3 4 5"},
	{table: "or_replaced", mark: "p", code: "PSY_ROLLED_BACK", words: []string{"the head is", "on_rollback := 'recover'"},
		recover: onRollback, name: "ROLLED_BACK", added: "21", removed: "1", hours: "1 2 3 4 5"},
	{table: "skewed", mark: "p", name: "OK", added: "11 12", hours: "2 3 4 5"},
	{table: "skewed", mark: "between", name: "OK", added: "12", hours: "3 4 5"},
}

// TestVerdictsOnTablesOfSpark: expire_snapshots, rollback_to_snapshot,
// set_current_snapshot, DROP and CREATE, CREATE OR REPLACE, and a clock that
// was behind. A process that stops says why and what continues, with exit 6,
// and records nothing; what continues loads what it must.
func TestVerdictsOnTablesOfSpark(t *testing.T) {
	for _, v := range verdicts {
		t.Run(v.table+" "+v.mark, func(t *testing.T) {
			s := newSparkTable(t, v.table)
			if !s.shared {
				t.Parallel()
			}
			s.at(v.mark)
			mark := s.caughtUp(v.mark)
			s.at("end")
			if v.code != "" {
				s.stops(v, mark)
			}
			s.stateless(v)
			s.stateful(v)
		})
	}
	t.Logf("%d watermarks, each of a stateless and a stateful process", len(verdicts))
}

// TestStartBeforeWhatSparkExpired: a first run asks for a time before the
// oldest snapshot that is left.
func TestStartBeforeWhatSparkExpired(t *testing.T) {
	s := newSparkTable(t, "gap")
	s.at("end")
	start := []string{"--start", "2020-01-01 00:00:00+00"}
	e := s.init("1", "new", "new-1", start...)
	if e.exit != ExitDecision || !regexp.MustCompile(`(?s)verdicts.gap.*2020-01-01.*\d{18}.*\(committed \d{4}-.*start := 'earliest'.*on_gap := 'recover'.*\[PSY_EXPIRED_GAP\]`).MatchString(e.stderr) {
		t.Errorf("exit %d %s", e.exit, e.stderr)
	}
	e = s.init("1", "new", "new-2", append(start, onGap...)...)
	if e.exit != 0 || !strings.Contains(e.stdout, "FIRST_RUN") {
		t.Errorf("recover: exit %d %s %s", e.exit, e.stdout, e.stderr)
	}
	if got := s.values(nil, s.files("new-21", "ADDED"))[0]; got != "1 2 11 12 13" {
		t.Errorf("files %q", got)
	}
}

// TestClockSkewOfSparkIsShown: the snapshot that is older than its parent is named by
// each function that shows snapshots.
func TestClockSkewOfSparkIsShown(t *testing.T) {
	s := newSparkTable(t, "skewed")
	s.at("end")
	got := s.must("-c", "SELECT sequence_number, reason LIKE '%CLOCK_SKEW%' AS said, counted FROM psyberg_window('"+s.name+"', start := 'earliest') ORDER BY sequence_number",
		"-c", "SELECT sequence_number, clock_skew FROM iceberg_snapshots('"+s.name+"') ORDER BY sequence_number")
	if want := "sequence_number,said,counted\n1,false,true\n3,true,true\n4,false,true\nsequence_number,clock_skew\n1,\n3,true\n4,false"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// sparkTable is a copy of a table of the archive, whose catalog may be pointed
// to any of its marks, as if what came after had not happened.
type sparkTable struct {
	*together
	name   string
	marks  map[string]string // where its metadata.json was
	shared bool              // the catalog is that of other tests, too
}

func newSparkTable(t *testing.T, table string) *sparkTable {
	t.Helper()
	s := &sparkTable{together: newTogether(t), name: "verdicts." + table}
	warehouse, from := freshTables(t), testtables.Unpack(t, "verdicts")
	if warehouse != "" {
		from, s.shared = warehouse, true
	} else {
		warehouse = testtables.Copy(t, "verdicts", "verdicts", table)
	}
	s.env = []string{"PSYQL_CATALOG_URI=sqlite:///" + filepath.Join(warehouse, "catalog.db"), "PSYQL_WAREHOUSE=" + warehouse}
	b, err := os.ReadFile(filepath.Join(from, "marks.json"))
	if err != nil {
		t.Fatal(err)
	}
	var marks map[string]map[string]string
	if err := json.Unmarshal(b, &marks); err != nil {
		t.Fatal(err)
	}
	s.marks = marks[s.name]
	for mark, place := range s.marks {
		s.marks[mark] = strings.Replace(place, "/warehouse/verdicts/", warehouse+"/", 1)
	}
	return s
}

// at points the catalog to a mark.
func (s *sparkTable) at(mark string) {
	s.t.Helper()
	place, ok := s.marks[mark]
	if !ok {
		s.t.Fatalf("no mark %q", mark)
	}
	pointTo(s.t, strings.TrimPrefix(s.env[1], "PSYQL_WAREHOUSE="), s.name, place)
}

func (s *sparkTable) tables() (sessions, watermarks string) {
	_, table, _ := strings.Cut(s.name, ".")
	return "ops.sessions_" + table, "ops.hwm_" + table
}

func (s *sparkTable) vars(pattern, process, session string) []string {
	sessions, watermarks := s.tables()
	return []string{"-v", "process_name=" + process + pattern, "-v", "src_tables=" + s.name + "|ts", "-v", "psyberg_session_id=" + session + pattern,
		"-v", "psyberg_session_table=" + sessions, "-v", "psyberg_hwm_table=" + watermarks, "-v", "etl_pattern_id=" + pattern}
}

func (s *sparkTable) init(pattern, process, session string, more ...string) ended {
	args := s.vars(pattern, process, session)
	for i := 0; i < len(more); i += 2 {
		args = append(args, "-v", strings.TrimPrefix(more[i], "--")+"="+more[i+1])
	}
	return s.psyql(append(args, "-f", "init.sql")...)
}

// call is a step of a session by the function behind the command.
func (s *sparkTable) call(function, process, session string, more ...string) string {
	sessions, watermarks := s.tables()
	args := append([]string{"process_name", process, "session_id", session, "session_table", sessions, "hwm_table", watermarks}, more...)
	var b strings.Builder
	for i := 0; i < len(args); i += 2 {
		name := args[i]
		if function == "psyberg_init" && slices.Contains([]string{"session_id", "session_table", "hwm_table"}, name) {
			name = "psyberg_" + name
		}
		b.WriteString(map[bool]string{true: "", false: ", "}[i == 0] + name + " := '" + args[i+1] + "'")
	}
	return "CALL " + function + "(" + b.String() + ")"
}

func (s *sparkTable) begin(pattern, process, session string, more ...string) string {
	return s.call("psyberg_init", process, session, append([]string{"src_tables", s.name + "|ts", "etl_pattern_id", pattern}, more...)...)
}

// values runs statements, and then queries of one value each; "" is NULL.
func (s *sparkTable) values(statements []string, queries ...string) []string {
	s.t.Helper()
	var args []string
	for _, q := range statements {
		args = append(args, "-c", q)
	}
	for _, q := range queries {
		args = append(args, "-c", "SELECT '>' || coalesce(("+q+")::VARCHAR, '') AS v")
	}
	lines := strings.Split(s.must(args...), "\n")
	out := make([]string, len(queries))
	for i := range out {
		out[i] = strings.TrimPrefix(strings.Trim(lines[len(lines)-2*len(queries)+2*i+1], `"`), ">")
	}
	return out
}

// caughtUp makes the head that the table has now, which it returns, the
// watermark of a stateless and a stateful process, whose first three hours are
// done.
func (s *sparkTable) caughtUp(process string) string {
	s.t.Helper()
	var statements []string
	for _, pattern := range []string{"1", "2"} {
		p := process + pattern
		statements = append(statements, s.begin(pattern, p, p+"-0", "start", "latest", "vtts", "2023-09-14 03:00:00+00"), s.call("psyberg_commit", p, p+"-0"))
	}
	return s.values(statements, "SELECT snapshot_id FROM iceberg_refs('"+s.name+"') WHERE name = 'main'")[0]
}

// recorded is what the session and watermark tables hold, by their heads.
func (s *sparkTable) recorded() string {
	s.t.Helper()
	sessions, watermarks := s.tables()
	return strings.Join(s.values(nil, "SELECT snapshot_id FROM iceberg_refs('"+sessions+"')", "SELECT snapshot_id FROM iceberg_refs('"+watermarks+"')"), " ")
}

var committedAt = regexp.MustCompile(`\(committed \d{4}-\d\d-\d\d.\d\d:\d\d:\d\d`)

// stops checks that init and the function behind it stop with a code and
// words, and record nothing.
func (s *sparkTable) stops(v verdict, mark string) {
	s.t.Helper()
	before := s.recorded()
	_, watermarks := s.tables()
	asked := "FROM psyberg_window('" + s.name + "', process_name := '" + v.mark + "1', hwm_table := '" + watermarks + "')"
	tries := []ended{s.init("1", v.mark, v.mark+"-1"), s.init("2", v.mark, v.mark+"-1"), s.psyql("-c", asked)}
	if v.code == "PSY_REPLACED" { // nothing recovers that
		tries = append(tries, s.init("1", v.mark, v.mark+"-1", append(slices.Clone(onGap), onRollback...)...))
	}
	for _, e := range tries {
		if e.exit != ExitDecision || e.stdout != "" {
			s.t.Errorf("exit %d, %s", e.exit, e.stdout)
		}
		for _, w := range append(slices.Clone(v.words), "["+v.code+"]", `source "`+s.name, mark) {
			if !strings.Contains(e.stderr, w) {
				s.t.Errorf("no %q in %s", w, e.stderr)
			}
		}
		if n := len(committedAt.FindAllString(e.stderr, -1)); n < 2 {
			s.t.Errorf("%d times in %s", n, e.stderr)
		}
	}
	if after := s.recorded(); after != before {
		s.t.Errorf("new snapshots of %s or of the session table: %s, before %s", watermarks, after, before)
	}
}

// continues are the process and the arguments that go on.
func (v verdict) continues(pattern string) (process string, args []string) {
	args = []string{"vtts", "2023-09-14 06:00:00+00"}
	for i := 0; i < len(v.recover); i += 2 {
		args = append(args, strings.TrimPrefix(v.recover[i], "--"), v.recover[i+1])
	}
	if v.code == "PSY_REPLACED" {
		return v.mark + "new" + pattern, append(args, "start", "earliest")
	}
	return v.mark + pattern, args
}

// stateful looks at the hours that are loaded.
func (s *sparkTable) stateful(v verdict) {
	s.t.Helper()
	process, args := v.continues("2")
	sessions, _ := s.tables()
	of := "(NULL, session_id := '" + process + "-2', session_table := '" + sessions + "')"
	got := s.values([]string{s.begin("2", process, process+"-2", args...)}, "SELECT string_agg(DISTINCT verdict) FROM psyberg_window"+of,
		"SELECT string_agg(hour, ' ' ORDER BY iteration) FROM psyberg_iterations"+of)
	if got[0] != v.name || got[1] != v.hours {
		s.t.Errorf("%s, hours %q, want %s, %q", got[0], got[1], v.name, v.hours)
	}
}

// stateless runs a whole session that loads a table of its own; after it there
// is nothing more to do.
func (s *sparkTable) stateless(v verdict) {
	s.t.Helper()
	process, args := v.continues("1")
	id, again := process+"-2", process+"-3"
	sessions, _ := s.tables()
	of := "(NULL, session_id := '" + id + "', session_table := '" + sessions + "')"
	target := "loads.of_" + strings.ReplaceAll(s.name, ".", "_") + "_" + process
	statements := []string{"CREATE TABLE " + target + " (id BIGINT, ts TIMESTAMPTZ) USING iceberg", s.begin("1", process, id, args...)}
	if v.name != "UP_TO_DATE" {
		statements = append(statements, "SET VARIABLE files = (SELECT coalesce(list(file_path), []) FROM psyberg_files"+of+" WHERE change = 'ADDED')",
			"COPY (FROM iceberg_rows('"+s.name+"', files := getvariable('files'))) TO '"+target+"' (FORMAT iceberg, WAP_ID '"+id+"')",
			"CALL psyberg_publish('"+target+"', '"+id+"', process_name := '"+process+"', session_id := '"+id+"', session_table := '"+sessions+"')")
	}
	statements = append(statements, s.call("psyberg_commit", process, id), s.begin("1", process, again))
	got := s.values(statements,
		"SELECT string_agg(DISTINCT verdict) FROM psyberg_window"+of,
		"SELECT string_agg(DISTINCT recovered) FROM psyberg_new_partitions"+of,
		"SELECT string_agg(id, ' ' ORDER BY id) FROM iceberg_rows('"+target+"')",
		s.files(id, "REMOVED"),
		"SELECT DISTINCT verdict || ' ' || status FROM psyberg_session('"+process+"', '"+again+"', '"+sessions+"')")
	recovered := map[bool]string{true: "true", false: "false"}[v.name == "EXPIRED_GAP"]
	if v.name == "UP_TO_DATE" {
		recovered = "" // no partition
	}
	if want := []string{v.name, recovered, v.added, v.removed, "UP_TO_DATE NOTHING_TO_DO"}; !slices.Equal(got, want) {
		s.t.Errorf("verdict, recovered, loaded, withdrawn, afterwards: %q, want %q", got, want)
	}
}

// files asks for the ids in the files that a session lists: Spark wrote files
// of few rows, whose bounds are ids.
func (s *sparkTable) files(session, change string) string {
	sessions, _ := s.tables()
	return "SELECT string_agg(id, ' ' ORDER BY id) FROM (SELECT DISTINCT unnest([f.bounds.id.min, f.bounds.id.max]) AS id FROM iceberg_files('" + s.name + "', all_snapshots := true, bounds := ['id']) f" +
		" JOIN psyberg_files(NULL, session_id := '" + session + "', session_table := '" + sessions + "') USING (file_path) WHERE change = '" + change + "')"
}
