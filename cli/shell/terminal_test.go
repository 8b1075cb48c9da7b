package shell

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"psyberg/internal/terminal"
)

var rewrite = flag.Bool("rewrite", false, "write the screens, and docs/prompt.md")

// shot is a screen: keys typed, and what is then there.
type shot struct {
	name, about string
	keys        []string // text, or <Key> as tmux names it
}

// shots are taken one after the other at one terminal of 80x24.
var shots = []shot{
	{"start", "The prompt: statements over several lines, in colours, to the semicolon.", []string{"SELECT 'wide: 日本', 'é'", "<Enter>", "     , 'tab' AS x -- three"}},
	{"result", "What fits is a box.", []string{"<Enter>", ";", "<Enter>"}},
	{"complete", "Tab after a table's name: its metadata tables.", []string{"<C-l>", "from facts.signup_fact.", "<Tab>"}},
	{"arguments", "The arguments of a function, with their documentation.", []string{"<C-c>", "<C-l>", "from iceberg_rows('facts.signup_fact', ", "<Tab>"}},
	{"snapshots", "Snapshot ids come with their times.", []string{"<C-c>", "<C-l>", "from iceberg_rows('facts.signup_fact', snapshot_id := ", "<Tab>"}},
	{"hint", "A hint while typing.", []string{"<C-c>", "<C-l>", "from psyberg_window('raw.signups', start := "}},
	{"pager", "A result that does not fit is paged through: the header stays.", []string{"<C-c>", "<C-l>", "select partition, record_count, file_count, bounds, spec_id from iceberg_partitions('facts.signup_fact',", "<Enter>", "  bounds := ['event_ts'])", "<Enter>", "order by partition;", "<Enter>"}},
	{"sideways", "Wide tables scroll sideways.", []string{"<Right>", "<Right>", "<Down>"}},
	{"row", "Enter shows one row, nested values taken apart.", []string{"<Enter>"}},
	{"error", "An error underlines the place, and suggests.", []string{"q", "q", "<C-l>", "select acount_id,", "<Enter>", "       country from facts.signup_fact;", "<Enter>"}},
	{"describe", "A table on one screen.", []string{"<C-l>", `\d facts.signup_fact`, "<Enter>"}},
	{"sessions", "The sessions of a process.", []string{"<C-l>", `\s account_state_load`, "<Enter>"}},
	{"late", "What came late, and how late.", []string{"<C-l>", `\late account_state_load run-2`, "<Enter>"}},
	{"why", "Why a session loads what it loads.", []string{"<C-l>", `\why account_state_load`, "<Enter>"}},
	{"help", "Help on a statement of psyql's own.", []string{"<C-l>", `\h COPY`, "<Enter>"}},
	{"write", "A write that Iceberg needs another statement for.", []string{"<C-l>", "insert into facts.signup_fact select 1;", "<Enter>"}},
	{"history", "Ctrl-R searches the history.", []string{"<C-l>", "<C-r>", "wide"}},
	{"interrupted", "Ctrl-C ends a statement.", []string{"<Escape>", "<C-c>", "<C-l>", "select count(*) from range(1000000000000) a, range(9) b;", "<Enter>", "<wait>", "<C-c>"}},
}

// inColours is the screen of docs/prompt.svg.
var inColours = []string{"<C-c>", "<C-l>", `\late account_state_load run-2`, "<Enter>",
	"SELECT country, count(*) AS n -- by country", "<Enter>", "FROM facts.signup_fact", "<Enter>", "WHERE accunt_id > 10 AND country = 'BR' GROUP BY ALL;", "<Enter>",
	"FROM iceberg_files('facts.signup_fact', bounds := ['event_ts'], ", "<Tab>", "<Tab>"}

// changing is what is different each time.
var changing = []struct {
	re   *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`20(2[4-9]|[3-9]\d)-\d\d-\d\d \d\d:\d\d:\d\d`), "2026-11-21 10:00:00"},
	{regexp.MustCompile(`20(2[4-9]|[3-9]\d)-\d\d-\d\d \d\d:\d\d`), "2026-11-21 10:00"},
	{regexp.MustCompile(`20(2[4-9]|[3-9]\d)-\d\d-\d\dT[\d:.]+Z`), "2026-11-21T10:00:00Z"},
	{regexp.MustCompile(`\b\d{15,19}\b`), "1234567890123456789"},
	{regexp.MustCompile(`\d+ (s|min|h|days) ago`), "1 min ago"},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "00000000-0000-0000-0000-000000000000"},
	{regexp.MustCompile(`psyql \S+: SQL`), "psyql 1.0: SQL"},
	{regexp.MustCompile(`\d+(\.\d+)? [kM]?B\b`), "9.9 kB"},
}

// location is a table's place, different with each TMPDIR, and cut off when that is
// long; blanks end a row.
var (
	blanks   = regexp.MustCompile(`(?m)[ ]+$`)
	location = regexp.MustCompile(`(?m)^(\s*location +)\S+.*$`)
)

// wide is the space between columns: an id of 18 digits among some of 19, or "9 s
// ago" for "10 s ago", makes more of it.
var wide = regexp.MustCompile(` {2,}`)

func loose(screen string) string { return wide.ReplaceAllString(screen, "  ") }

func masked(screen string) string {
	for _, c := range changing {
		screen = c.re.ReplaceAllString(screen, c.with)
	}
	screen = location.ReplaceAllString(screen, "${1}file:/warehouse/…")
	return strings.TrimRight(blanks.ReplaceAllString(screen, ""), "\n") + "\n"
}

// TestTerminal types keys at a real terminal, and compares the screens with
// testdata/screens (make test-terminal).
func TestTerminal(t *testing.T) {
	terminal.Need(t)
	dir := t.TempDir()
	psyql := os.Getenv("PSYBERG_PSYQL")
	if psyql == "" {
		psyql = filepath.Join(dir, "psyql")
		if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", psyql, "psyberg/cli/psyql").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	demo := exec.CommandContext(t.Context(), psyql, "demo")
	demo.Dir = dir
	if out, err := demo.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	m := terminal.Start(t, "prompt", filepath.Join(dir, "psyberg-demo"), 80, 24,
		[]string{"-u", "NO_COLOR", "HOME=" + dir, "XDG_STATE_HOME=" + dir, "PSYQL_HISTORY=" + dir + "/history", "TERM=tmux-256color"}, psyql)
	m.Await(func(screen string) bool { return strings.Contains(screen, "psyql> ") })
	var doc bytes.Buffer
	doc.WriteString("# The prompt in pictures\n\nTaken at a terminal of 80×24 in the folder of `psyql demo`, by `make test-terminal REWRITE=1`. In colours:\n\n![the prompt](prompt.svg)\n\nThe page of `psyql report`: [report.png](report.png).\n")
	for _, s := range shots {
		pressAll(m, s.keys)
		golden := filepath.Join("testdata", "screens", s.name+".txt")
		if *rewrite {
			got := masked(m.Settled())
			fmt.Fprintf(&doc, "\n%s\n\n```\n%s```\n", s.about, got)
			if err := os.MkdirAll(filepath.Dir(golden), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		same := func(screen string) bool { return loose(masked(screen)) == loose(string(want)) }
		if got := m.Await(same); !same(got) {
			t.Errorf("%s:\n%s\nwant\n%s", s.name, masked(got), want)
		}
	}
	if *rewrite {
		pressAll(m, inColours)
		m.Settled()
		for name, text := range map[string]string{"prompt.md": doc.String(), "prompt.svg": picture(m.Colours(), 80, 24)} {
			if err := os.WriteFile(filepath.Join("..", "..", "docs", name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// pressAll types text, and keys that are named as <Key>.
func pressAll(m terminal.Terminal, keys []string) {
	for _, k := range keys {
		switch {
		case k == "<wait>":
			time.Sleep(700 * time.Millisecond)
		case strings.HasPrefix(k, "<"):
			m.Key(strings.Trim(k, "<>"))
		default:
			m.Type(k)
		}
		time.Sleep(150 * time.Millisecond)
	}
}
