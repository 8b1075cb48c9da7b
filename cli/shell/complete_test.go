package shell

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestComplete: what is offered at the place of | in a text.
func TestComplete(t *testing.T) {
	t.Parallel()
	d, _ := newDesk(t)
	c := newCompleter(d)
	ctx := context.Background()
	snap := ""
	if rows, err := d.ask(ctx, "SELECT max(snapshot_id)::VARCHAR AS id FROM iceberg_snapshots('life.signup_fact')"); err == nil {
		snap = word(rows[0]["id"])
	}
	for text, want := range map[string]string{
		"sel|":                               "select",
		"SEL|":                               "SELECT",
		"from li|":                           "life",
		"from life.|":                        "signup_fact",
		"from life.signup_fact.|":            "snapshots partitions files",
		"from local.life.|":                  "signup_fact",
		"from life.signup_fact where cust|":  "customer_id",
		"select s.| from life.signup_fact s": "customer_id",
		"select x.| from iceberg_rows('life.signup_fact') as x": "customer_id",
		"from iceberg_sn|":                                            "iceberg_snapshots",
		"from iceberg_files('life.si|":                                "life.signup_fact",
		"from iceberg_files('life.signup_fact@|":                      "main",
		"from iceberg_files('life.signup_fact', |":                    "snapshot_id\u00a0:=",
		"from iceberg_files('life.signup_fact', bounds := ['cust|":    "customer_id",
		"from iceberg_files('life.signup_fact', snapshot_id := |":     snap,
		"from iceberg_files('life.signup_fact', ref := 'm|":           "main",
		"from iceberg_files('life.signup_fact', ref := |":             "'main'",
		"from iceberg_files('life.signup_fact', content := '|":        "all data deletes",
		"from psyberg_window('life.raw_signups,life.signup_fact|ev|":  "event_ts",
		"from psyberg_window('life.raw_signups', hwm_table := 'life|": "life.signup_fact",
		`\ti|`:                  `\timing`,
		`\d life.signup|`:       "life.signup_fact",
		`\x a|`:                 "auto",
		`\format js|`:           "json jsonl",
		`\df+ iceberg_ro|`:      "iceberg_rows",
		"select 1 -- from li|":  "",
		"select 'from iceberg|": "",
	} {
		at := strings.LastIndexByte(text, '|')
		got := c.complete(ctx, text[:at]+text[at+1:], at)
		var names []string
		for _, it := range got.Items {
			names = append(names, strings.TrimSpace(it.Text))
		}
		for w := range strings.SplitSeq(want, " ") {
			if w != "" && !slices.Contains(names, strings.ReplaceAll(w, "\u00a0", " ")) {
				t.Errorf("%s: %q is not offered, but %q", text, w, names[:min(len(names), 12)])
			}
		}
		if want == "" && len(got.Items) > 0 {
			t.Errorf("%s: offers %q", text, names[:min(len(names), 12)])
		}
	}
}

func TestCompleteFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "load"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "load.sql"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d, _ := newDesk(t)
	text := `\i ` + dir + "/lo"
	got := newCompleter(d).complete(context.Background(), text, len(text))
	if len(got.Items) != 2 || got.Items[0].Text != "load" || got.Items[0].More != "/" || got.Items[1].Text != "load.sql" || text[got.From:] != "lo" {
		t.Errorf("%+v", got)
	}
}

// TestSnapshotHints: ids come with their times.
func TestSnapshotHints(t *testing.T) {
	t.Parallel()
	d, _ := newDesk(t)
	text := "from iceberg_rows('life.signup_fact', snapshot_id := "
	got := newCompleter(d).complete(context.Background(), text, len(text))
	if len(got.Items) != 12 {
		t.Fatalf("%d snapshots", len(got.Items))
	}
	has(t, got.Items[0].Kind, "days ago", "@main")
}

func TestHint(t *testing.T) {
	t.Parallel()
	d, _ := newDesk(t)
	c := newCompleter(d)
	for text, want := range map[string][2]string{
		"from iceberg_rows('a.b', snapshot_id := ": {"iceberg_rows(", "snapshot"},
		"from iceberg_rows(":                       {"iceberg_rows(", "VARCHAR"},
		"from psyberg_window('a', start := 'x":     {"psyberg_window(", "first run"},
		`\x `:                                      {`\x [on|off|auto]`, "row by row"},
		"select 1":                                 {"", ""},
		"select sum(":                              {"", ""},
	} {
		call, about := c.hint(text, len(text))
		if !strings.Contains(call, want[0]) || !strings.Contains(about, want[1]) || want[0] == "" && call != "" {
			t.Errorf("%s: %q, %q", text, call, about)
		}
	}
}

// FuzzPlace: no text makes completion or colours panic.
func FuzzPlace(f *testing.F) {
	for _, s := range []string{"from iceberg_files('a.b', x := ['c', '", "select \"a\".b.", "f(g(1, 2), {'a': 1}, z => ", `\d x`, "a.b.c--", "(((", "日本\t'é"} {
		f.Add(s, len(s))
	}
	f.Fuzz(func(t *testing.T, s string, at int) {
		if at < 0 || at > len(s) {
			return
		}
		p := placeAt(s, at)
		if p.from < 0 || p.from > at {
			t.Errorf("%q: the word begins at %d, the cursor is at %d", s, p.from, at)
		}
		callsIn(s)
		l := Styles{Color: true}.arrange(s, at, 20, promptFirst, promptMore)
		if l.y >= len(l.rows) || l.x < 0 {
			t.Errorf("%q: the cursor is at %d, %d of %d rows", s, l.x, l.y, len(l.rows))
		}
	})
}
