package shell

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// does runs a command and returns what it printed.
func does(t *testing.T, d *Desk, out interface {
	String() string
	Reset()
}, text string) string {
	t.Helper()
	out.Reset()
	if err := d.Piece(context.Background(), text); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out.String()
}

func TestCommands(t *testing.T) {
	t.Parallel()
	d, out := newDesk(t)
	run := func(text string, want ...string) {
		t.Helper()
		has(t, does(t, d, out, text), want...)
	}
	run(`\d life.signup_fact`, "life.signup_fact", "Iceberg v", "columns (schema", "partition", "sorted by", "refs", "main",
		"snapshots (last 6 of 12)", "properties", "rows", "days ago")
	run(`\d signup_fact`, "life.signup_fact", "Iceberg v") // the only one of that name
	run(`\d`, "signup_fact")
	run(`\dt life`, "signup_fact", "namespace")
	run(`\dn`, "life", "tables")
	run(`\l`, "local")
	run(`\df files`, "iceberg_files", "psyberg_files")
	run(`\df+ iceberg_files`, "iceberg_files(", "snapshot_id", "BIGINT", "where")
	run(`\h iceberg_files`, "iceberg_files(")
	run(`\?`, `\watch`, `\late`)
	run(`help`, `\watch`)
	run(`\timing on`, "timing is on")
	run("select 1;", "time: ")
	run(`\timing off`, "timing is off")
	run(`\x`, "row by row is on")
	run("select 7 as seven;", "row 1", "seven │ 7")
	run(`\x off`, "off")
	run(`\set who o'neil`)
	run("select $who as who;", "o'neil")
	run(`\set`, "who = 'o''neil'")
	run(`\format jsonl`)
	run("select 7 as seven;", `{"seven":7}`)
	script := filepath.Join(t.TempDir(), "a.sql")
	if err := os.WriteFile(script, []byte("select 8 as eight;\nselect 9 as nine;\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(`\i `+script, `{"eight":8}`, `{"nine":9}`)
	run("create table own (a integer, b varchar);")
	run(`\format box`)
	run(`\d own`, "a", "INTEGER")

	for text, want := range map[string]string{
		`\nope`:                 `\nope is no command`,
		`.tables`:               `.tables is no command here: \dt does that`,
		`.nope`:                 `.nope is no command`,
		`\gx`:                   `\x on does that`,
		`\descibe x`:            `\describe`,
		`\i`:                    `write \i FILE`,
		`\i /nowhere/at/all`:    "read script",
		`\d life.signup_fcat`:   "life.signup_fact",
		`\d signup_fcat`:        "Did you mean life.signup_fact?",
		`\df+ iceberg_file`:     "iceberg_files",
		`\x maybe`:              "none of on, off, auto",
		`\set 1x y`:             "not a variable's name",
		`\watch 0`:              "no number of seconds",
		`\format nice`:          "none of box",
		`\s`:                    "psyberg_session_table",
		`\h nothing_like_this`:  "no help",
		`\timing sometimes`:     "none of on, off",
		"select 1 from nothing": "nothing",
	} {
		if err := d.Piece(context.Background(), text); err == nil || !strings.Contains(d.Trouble(err), want) {
			t.Errorf("%s: %v, want %q in it", text, err, want)
		}
	}
}

// TestLeaving: as here, and as in other shells.
func TestLeaving(t *testing.T) {
	t.Parallel()
	d, _ := newDesk(t)
	for _, text := range []string{`\q`, "exit", "QUIT;", ".exit"} {
		if err := d.Piece(context.Background(), text); !errors.Is(err, ErrQuit) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestListFits: no line of \? is cut.
func TestListFits(t *testing.T) {
	t.Parallel()
	d, out := newDesk(t)
	if text := does(t, d, out, `\?`); strings.Contains(text, "…") {
		t.Error(text)
	}
}

func TestWatch(t *testing.T) {
	t.Parallel()
	d, out := newDesk(t)
	does(t, d, out, "select 3 as three;")
	ctx, cancel := context.WithTimeout(context.Background(), 700*time.Millisecond)
	defer cancel()
	out.Reset()
	if err := d.Piece(ctx, `\watch 0.1`); err == nil {
		t.Error("an interrupted \\watch says nothing")
	}
	if n := strings.Count(out.String(), "three"); n < 2 {
		t.Errorf("ran %d times", n)
	}
}

// TestScript: an rc file has statements and commands.
func TestScript(t *testing.T) {
	t.Parallel()
	d, out := newDesk(t)
	err := d.Script(context.Background(), "rc", "\\timing on\ncreate table t as\n  select '\\x' as x;\n\\x on\nfrom t;\n\\timing off\n")
	if err != nil {
		t.Fatal(err)
	}
	has(t, out.String(), "timing is on", "row by row is on", `x │ \x`, "timing is off")
}

func TestHistoryIsShared(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state", "history")
	a, err := OpenHistory(path)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := OpenHistory(path)
	for _, add := range []struct {
		h    *History
		text string
	}{{a, "one"}, {b, "two\nlines"}, {a, "one"}, {b, "two\nlines"}, {b, "three"}} {
		if err := add.h.Add(add.text); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.refresh(); err != nil {
		t.Fatal(err)
	}
	c, _ := OpenHistory(path)
	for _, h := range []*History{a, b, c} {
		if got := strings.Join(h.All(), "|"); got != "one|two\nlines|three" {
			t.Errorf("history %q", got)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the history is open to others: %v (%v)", info.Mode(), err)
	}
	f, _ := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600)
	f.WriteString("not json\n" + strings.Repeat(`{"at":1,"sql":"x1"}`+"\n"+`{"at":1,"sql":"x2"}`+"\n", maxHistory))
	f.Close()
	d, err := OpenHistory(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(d.All(), "|"); got != "one|two\nlines|three|x1|x2" {
		t.Errorf("after shortening %q", got)
	}
	if info, _ := os.Stat(path); info.Size() > 1000 {
		t.Errorf("the file was not shortened: %d bytes", info.Size())
	}
}

// TestReflow: a page of help fits, its lists keep their columns, examples stay.
func TestReflow(t *testing.T) {
	t.Parallel()
	page := "COPY: writes\n\n  MODE 'overwrite'   replaces everything, or with a predicate the rows that match it\n" +
		strings.Repeat("word ", 18) + "end\nof it.\n  next\n\nExample\n  " + strings.Repeat("select ", 20)
	got := reflow(page, 60)
	for _, l := range strings.Split(got, "\n") {
		if cells(l) > 60 && !strings.Contains(l, "select") {
			t.Errorf("%d cells: %q", cells(l), l)
		}
	}
	has(t, got, "\n"+strings.Repeat(" ", 21)+"predicate", "word end of it.\n  next", strings.Repeat("select ", 20))
	if reflow(page, 0) != page || reflow(page, 200) != page {
		t.Error("what fits is changed")
	}
}
