package shell

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"psyberg/cli/format"
)

// madeRows are n rows of three columns.
type madeRows struct{ n, at int }

func (r *madeRows) Columns() []format.Column {
	return []format.Column{{Name: "id", Type: "BIGINT"}, {Name: "nested", Type: "STRUCT(a BIGINT, b VARCHAR[])"}, {Name: "text", Type: "VARCHAR"}}
}

func (r *madeRows) Next() ([]any, error) {
	if r.at == r.n {
		return nil, io.EOF
	}
	r.at++
	var text any = fmt.Sprintf("row %d %s", r.at, strings.Repeat("x", 90))
	if r.at%2 == 0 {
		text = nil
	}
	return []any{int64(r.at), format.Struct{Names: []string{"a", "b"}, Values: []any{int64(1), []any{"p", nil}}}, text}, nil
}

func press(p *pager, keys ...string) {
	for _, k := range keys {
		text := ""
		if len(k) == 1 {
			text = k
		}
		p.press(k, text)
	}
}

func TestPager(t *testing.T) {
	t.Parallel()
	g := newGrid(&madeRows{n: 3000})
	g.read(firstRows)
	wanted := 0
	p := newPager(g, Styles{Bare: true}, func(n int) { wanted = n; g.read(n) })
	view := p.view(80, 24)
	rows := strings.Split(view, "\n")
	if len(rows) != 24 {
		t.Errorf("%d rows on a screen of 24", len(rows))
	}
	for _, r := range rows {
		if cells(r) > 80 {
			t.Errorf("%d cells on a screen of 80: %s", cells(r), r)
		}
	}
	has(t, view, "id", "nested", "{'a': 1, 'b': [p, NULL]}", "rows 1-20 of 1000+")
	press(p, "space", "space", "right")
	view = p.view(80, 24)
	has(t, view, "nested", "columns 2- of 3")
	if strings.Contains(strings.Split(view, "\n")[0], "id") {
		t.Error("the first column is still there")
	}
	press(p, "G")
	view = p.view(80, 24)
	if wanted == 0 {
		t.Error("nobody asked for the other rows")
	}
	has(t, view, "rows 2981-3000 of 3000", "2999")
	press(p, "g", "$", "/", "r", "o", "w", " ", "7", "0", "1", "enter")
	if p.row != 700 {
		t.Errorf("found row %d, want 700", p.row)
	}
	press(p, "enter")
	has(t, p.view(80, 24), "nested │ a: 1", "       │ b:", "-", "p", "row 701 of 3000")
	press(p, "right")
	has(t, p.view(80, 24), "text   │ NULL", "row 702")
	press(p, "q")
	if p.detail != nil {
		t.Error("q does not leave the row")
	}
	if !p.press("q", "q") {
		t.Error("q does not leave the pager")
	}
}

// TestScreen: what fits is a box, what does not is paged, or shown row by row.
func TestScreen(t *testing.T) {
	t.Parallel()
	set := &Settings{Expanded: "off", Pager: true, MaxRows: 40}
	paged := 0
	s := &Screen{Settings: set, Size: func() (int, int) { return 80, 24 }, Page: func(g *Grid) error { paged++; return nil }}
	show := func(n int) (string, error) {
		var b bytes.Buffer
		_, err := s.Write(&b, &madeRows{n: n})
		return b.String(), err
	}
	text, err := show(3)
	if err != nil || paged != 1 {
		t.Errorf("a wide result: paged %d times (%v)", paged, err)
	}
	has(t, text, "┌", "id")
	if _, err = show(5000); !errors.Is(err, ErrEnough) {
		t.Errorf("a long result that was left early: %v", err)
	}
	paged, set.Pager = 0, false
	if text, err = show(5000); err != nil || paged != 0 {
		t.Errorf("without pager: paged %d times (%v)", paged, err)
	}
	has(t, text, "5000 rows, 40 shown")
	set.Expanded = "auto"
	text, _ = show(2)
	has(t, text, "row 2", "│ NULL")
	set.Expanded, set.Format = "off", "jsonl"
	text, _ = show(1)
	has(t, text, `"nested":{"a":1,"b":["p",null]}`)
}

// TestTrouble: the place is underlined, what is meant is suggested.
func TestTrouble(t *testing.T) {
	t.Parallel()
	d, _ := newDesk(t)
	err := d.Piece(context.Background(), "select customer_id,\n  nopee from life.signup_fact;")
	text := d.Trouble(err)
	has(t, text, "nopee", "\n  nopee from life.signup_fact;\n  ^^^^^")
	if strings.Contains(text, "<prompt") {
		t.Errorf("the prompt's own name of a text is shown: %s", text)
	}
	err = d.Piece(context.Background(), "from life.signup_fcat;")
	has(t, d.Trouble(err), "life.signup_fact")
	d.Styles = Styles{Color: true}
	has(t, d.Trouble(err), "\x1b[4;31mlife\x1b[m")
	has(t, d.Trouble(errors.New("plain")), "plain")
	err = d.Piece(context.Background(), "select\t'日本', 'e\u0301', nix;") // a tab, two cells a character, none
	has(t, d.Trouble(err), "\x1b[4;31mnix\x1b[m")
	has(t, d.Trouble(d.Piece(context.Background(), "select $day;")), `-v day=VALUE at the start, or \set day`)
}

// TestExcerpt: what stays of a wide result behind the pager fits.
func TestExcerpt(t *testing.T) {
	t.Parallel()
	s := &Screen{Settings: &Settings{Expanded: "off", Pager: true}, Size: func() (int, int) { return 60, 24 }, Page: func(*Grid) error { return nil }}
	var b bytes.Buffer
	if _, err := s.Write(&b, &madeRows{n: 3}); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(b.String(), "\n") {
		if cells(line) > 60 {
			t.Errorf("%d cells on 60: %s", cells(line), line)
		}
	}
	has(t, b.String(), "2 of 3 columns")
	if got := tail("event_ts_hour=2023-09-14-05", 14); got != "…2023-09-14-05" {
		t.Errorf("tail: %q", got)
	}
}
