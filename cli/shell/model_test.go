package shell

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
)

func TestEnterRunsACompleteStatement(t *testing.T) {
	t.Parallel()
	p := newTypist(t)
	p.text("select 1")
	p.keys("enter")
	p.typed("select 1\n")
	p.text("+ 41 as answer; -- done")
	has(t, p.screen(), "psyql> select 1", "  ...> + 41 as answer;")
	p.keys("enter")
	p.typed("")
	has(t, p.taken(), "answer", "42")
	p.text("select ';")
	p.keys("enter") // in the midst of a text
	p.typed("select ';\n")
	p.text("' as x;")
	p.keys("home", "up", "enter") // not at the end
	p.typed("\nselect ';\n' as x;")
}

func TestCtrlC(t *testing.T) {
	t.Parallel()
	p := newTypist(t)
	p.text("select 1")
	p.keys("ctrl+c")
	p.typed("")
	if p.m.quit {
		t.Fatal("the first Ctrl-C has left")
	}
	p.keys("ctrl+c")
	has(t, p.screen(), "again leaves")
	p.text("x")
	p.keys("backspace", "ctrl+c")
	if p.m.quit {
		t.Fatal("what was typed between two Ctrl-C does not count")
	}
	p.keys("ctrl+c")
	if !p.m.quit {
		t.Error("two Ctrl-C do not leave")
	}
}

// TestCtrlCEndsAStatement: and what was typed ahead goes with it.
func TestCtrlCEndsAStatement(t *testing.T) {
	t.Parallel()
	p := newTypist(t)
	p.text("select count(*) from range(1000000000000) a, range(1000000) b where a.range + b.range = -1;")
	p.slow = true
	p.keys("enter")
	if p.m.job == nil {
		t.Fatal("nothing runs")
	}
	p.text("select 2;")
	p.typed("")
	p.keys("ctrl+c")
	has(t, p.screen(), "stopping")
	p.wait()
	if p.m.job != nil || p.m.quit {
		t.Error("the prompt is not back")
	}
	p.typed("")
	has(t, p.taken(), "interrupted")
}

// TestTypedAhead: keys typed while a statement runs are those of the next one.
func TestTypedAhead(t *testing.T) {
	t.Parallel()
	p := newTypist(t)
	p.text("select sum(range) from range(3000000);")
	p.slow = true
	p.keys("enter")
	p.text("select 5 as five;")
	p.keys("enter")
	p.text("sel")
	p.wait()
	has(t, p.taken(), "five", "5")
	p.typed("sel")
}

func TestPasteOf1000Lines(t *testing.T) {
	t.Parallel()
	p := newTypist(t)
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, "select\t%d as \"x\ty\", '%d'", i, i)
		if i < 999 {
			b.WriteString(" union all\n")
		}
	}
	p.send(tea.PasteMsg{Content: b.String()})
	p.typed(b.String())
	view := p.m.View()
	if n := strings.Count(view.Content, "\n") + 1; n > 24 {
		t.Errorf("%d rows on a screen of 24", n)
	}
	if view.Cursor == nil || view.Cursor.Y >= 24 {
		t.Errorf("the cursor is not on the screen: %+v", view.Cursor)
	}
	has(t, view.Content, "'999'")
	p.text(";")
	p.keys("enter")
	has(t, p.taken(), "1000 rows")
	p.send(tea.PasteMsg{Content: strings.Repeat("x\n", maxLines)})
	p.typed("")
	has(t, p.screen(), "put them into a file")
}

// TestWideCharacters: the cursor stands where the terminal has it.
func TestWideCharacters(t *testing.T) {
	t.Parallel()
	p := newTypist(t)
	for _, c := range []struct {
		text string
		x    int
	}{{"abc", 3}, {"日本", 4}, {"e\u0301", 1}, {"'日'", 4}, {"👩‍🚀", 2}} {
		p.m.buf.set(c.text)
		if v := p.m.View(); v.Cursor.X != len(promptFirst)+c.x {
			t.Errorf("%q: the cursor is at %d, want %d", c.text, v.Cursor.X, len(promptFirst)+c.x)
		}
	}
	p.m.buf.set(strings.Repeat("日", 50)) // 100 cells behind a prompt of 7, on 80
	v := p.m.View()
	for _, row := range strings.Split(v.Content, "\n") {
		if cells(row) > 80 {
			t.Errorf("a row of %d cells on a screen of 80", cells(row))
		}
	}
	if v.Cursor.Y != 1 || v.Cursor.X != 100-72 {
		t.Errorf("the cursor is at %d, %d", v.Cursor.X, v.Cursor.Y)
	}
}

func TestHistoryKeys(t *testing.T) {
	t.Parallel()
	p := newTypist(t)
	for _, s := range []string{"select 1;", "select 2;", "select 1;", "attach 'x' as secret (password 'hunter2');"} {
		p.text(s)
		p.keys("enter")
	}
	p.text("draft")
	p.keys("up")
	p.typed("select 1;")
	p.keys("up")
	p.typed("select 2;")
	p.keys("up")
	p.typed("select 2;") // each statement once, the secret not at all
	p.keys("down", "down")
	p.typed("draft")
	p.keys("ctrl+c", "ctrl+r")
	p.text("CT 2")
	has(t, p.screen(), "select 2;", "history: CT 2")
	p.keys("enter")
	p.typed("select 2;")
	p.keys("ctrl+c", "ctrl+r")
	p.text("select")
	p.keys("ctrl+r", "tab")
	p.typed("select 2;")
	p.keys("ctrl+r")
	p.text("nothing like this")
	has(t, p.screen(), "nothing with")
	p.keys("esc")
	p.typed("select 2;")
}

func TestCompletionMenu(t *testing.T) {
	t.Parallel()
	p := newTypist(t)
	p.text("from life.signup_f")
	p.keys("tab")
	p.typed("from life.signup_fact")
	p.text(".s")
	p.keys("tab")
	has(t, p.screen(), "snapshots", "schemas")
	p.keys("tab", "enter")
	p.typed("from life.signup_fact.snapshots")
	p.keys("ctrl+c")
	p.text("from iceberg_rows('life.signup_fact', snapsh")
	p.keys("tab")
	has(t, p.screen(), "snapshot_id :=")
	p.keys("ctrl+c")
	p.text("from iceberg_snapshots(")
	has(t, p.screen(), "iceberg_snapshots(") // the hint
	p.keys("ctrl+c")
	p.text("zzzzqq")
	p.keys("tab")
	has(t, p.screen(), "nothing to complete")
}

func TestQuit(t *testing.T) {
	t.Parallel()
	p := newTypist(t)
	p.text(`\q`)
	p.keys("enter")
	if !p.m.quit {
		t.Error(`\q does not leave`)
	}
	p = newTypist(t)
	p.keys("ctrl+d")
	if !p.m.quit {
		t.Error("Ctrl-D does not leave")
	}
}

// TestPrinterLeavesRoom: no more lines at once than the screen has.
func TestPrinterLeavesRoom(t *testing.T) {
	t.Parallel()
	var got []string
	p := &Printer{Rows: func() int { return 24 }}
	p.to(func(s string) { got = append(got, s) })
	var all strings.Builder
	for i := range 100 {
		fmt.Fprintf(&all, "line %d\n", i)
	}
	fmt.Fprint(p, all.String()+"half a")
	fmt.Fprint(p, " line\nrest")
	p.Flush()
	for _, s := range got {
		if n := strings.Count(s, "\n") + 1; n > 18 {
			t.Errorf("%d lines at once", n)
		}
	}
	if text := strings.Join(got, "\n"); text != all.String()+"half a line\nrest" {
		t.Errorf("printed %q", text)
	}
}

func TestNoColor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		st   Styles
		want string
	}{{Styles{Color: true}, "\x1b[1;34mx\x1b[m"}, {Styles{}, "\x1b[1mx\x1b[m"}, {Styles{Bare: true, Color: true}, "x"}} {
		if got := c.st.Paint(styleKeyword, "x"); got != c.want {
			t.Errorf("%+v: %q, want %q", c.st, got, c.want)
		}
	}
}
