package htmlreport

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"psyberg/cli/demo"
	"psyberg/engine"
	"psyberg/engine/catalog"
)

func hour(h int) time.Time { return time.Date(2023, 9, 14, h, 0, 0, 0, time.UTC) }

// made is a report of two sources: the second session catches up with hour 2,
// the third has nothing to load. Names are hostile.
func made() *Report {
	const odd = `<script>alert("x")</script>`
	src := &Source{Table: "a.b" + odd, Column: "ts"}
	for h := range 10 {
		src.Hours = append(src.Hours, FileHours{Span{hour(h), hour(h + 1)}, 1000, 1})
	}
	first := &Session{ID: "one", Status: "COMMITTED", Began: hour(6), Pattern: 2, Load: Span{hour(0), hour(6)}, Next: hour(6), Files: 6,
		Sources: []SessionSource{{Table: src.Table, Verdict: "FIRST_RUN", VTTS: hour(6), VTTSSource: "property"}}}
	second := &Session{ID: "two" + odd, Status: "SUPERSEDED", Began: hour(7), Pattern: 2, Load: Span{hour(2), hour(7)}, Covered: hour(6), Next: hour(7)}
	third := &Session{ID: "three", Status: "COMMITTED", Began: hour(7), Pattern: 2, Load: Span{hour(2), hour(7)}, Covered: hour(6), Next: hour(7),
		Sources: []SessionSource{{Table: src.Table, Verdict: "OK", VTTS: hour(7)}}}
	fourth := &Session{ID: "four", Status: "NOTHING_TO_DO", Began: hour(8), Pattern: 2, Covered: hour(7), Next: hour(7)}
	r := &Report{Process: "p" + odd, At: hour(9), Sessions: []*Session{first, second, third, fourth}, Sources: []*Source{src},
		Landings: []Landing{
			{Session: "one", Source: src.Table, Partition: "h=1" + odd, Landed: hour(2), Event: Span{hour(1), hour(2)}, Records: 10},
			{Session: "three", Source: src.Table, Partition: "h=2", Landed: hour(7), Event: Span{hour(2), hour(3)}, Records: 1, Late: true, Covered: hour(6)},
		},
		Audits: []Audit{{Session: "one", Name: "unique" + odd, Blocking: true, Passed: true, At: hour(6)},
			{Session: "three", Name: "unique" + odd, Blocking: true, Violations: 3, First: odd, At: hour(7)}},
		Watermarks: []Watermark{{Source: src.Table, Snapshot: 1, ValidTo: hour(7), Session: "three"}},
		Notes:      []string{"session x: " + odd},
	}
	r.LookBack = r.worstLateness()
	return r
}

// TestSavings: what was read against the least look-back that misses nothing.
func TestSavings(t *testing.T) {
	r := made()
	if r.LookBack != 4*time.Hour {
		t.Errorf("look-back %v: hour 2 came when 6:00 was covered", r.LookBack)
	}
	all := r.Savings()
	if len(all) != 2 {
		t.Fatalf("%d sessions compared: neither a first run nor a superseded one has a look-back", len(all))
	}
	if s := all[0]; s.ReadHours != 5 || s.FixedHours != 5 || s.ReadBytes != 5000 || s.FixedBytes != 5000 {
		t.Errorf("the session that caught up: %+v", s)
	}
	if s := all[1]; s.ReadHours != 0 || s.FixedHours != 4 || s.ReadBytes != 0 || s.FixedBytes != 4000 || !s.NothingToLoad {
		t.Errorf("the session without work: %+v", s)
	}
	if sum := Total(all); sum.ReadHours != 5 || sum.FixedHours != 9 || sum.FixedBytes != 9000 {
		t.Errorf("in all: %+v", sum)
	}
	if late := r.Sessions[2].Late(); late != (Span{hour(2), hour(6)}) {
		t.Errorf("late: %v", late)
	}
}

var (
	mark  = regexp.MustCompile(`<(rect|circle) class="[^"]*mark[^>]*>(<title>[^<]+</title>)?`)
	fetch = regexp.MustCompile(`(?i)<script|<link|<img|<iframe|\ssrc=|\shref=|url\(|@import|https?://`)
)

// TestPage: nothing from outside, no name becomes markup, every mark says why.
func TestPage(t *testing.T) {
	var b bytes.Buffer
	if err := made().Write(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if m := fetch.FindString(text); m != "" {
		t.Errorf("the page has %q", m)
	}
	marks := mark.FindAllStringSubmatch(text, -1)
	if len(marks) < 10 {
		t.Errorf("%d marks", len(marks))
	}
	for _, m := range marks {
		if m[2] == "" {
			t.Errorf("a mark says nothing: %s", m[0])
		}
	}
	for _, want := range []string{"reprocesses 2023-09-14 02:00 to 2023-09-14 06:00 (4 h)", "Late: the process had covered up to 2023-09-14 06:00:00, 4 h",
		"44 %", "class=\"c failed\"", "A fixed look-back would have read 4 h", "3 violations", "@media print"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the page is not well-formed: %v", err)
		}
	}
}

// TestEmptyPage: a process whose first session found nothing.
func TestEmptyPage(t *testing.T) {
	r := &Report{Process: "p", At: hour(1), Sessions: []*Session{{ID: "s", Status: "NOTHING_TO_DO"}}}
	if err := r.Write(io.Discard); err != nil {
		t.Fatal(err)
	}
}

// TestGather: the demo's processes, whose story says what came late.
func TestGather(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "psyberg-demo")
	if err := demo.Run(t.Context(), demo.Options{Dir: dir, Out: io.Discard, Show: func(_ io.Writer, rows engine.Rows) error {
		for rows.Next() {
		}
		return rows.Err()
	}}); err != nil {
		t.Fatal(err)
	}
	s, err := engine.Start(t.Context(), engine.Config{Catalog: catalog.Config{Dir: dir, Home: t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	opts := Options{Process: "account_state_load", SessionTable: "ops.psyberg_session_f", AuditTable: "ops.psyberg_audit_f",
		HWMTable: "ops.high_water_mark", Now: time.Now()}
	r, err := Gather(context.Background(), s, opts)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Sessions) != 3 || len(r.Sources) != 3 || len(r.Watermarks) != 3 || len(r.Audits) == 0 || len(r.Notes) != 0 {
		t.Fatalf("%d sessions, %d sources, %d watermarks, %d audits, notes %q", len(r.Sessions), len(r.Sources), len(r.Watermarks), len(r.Audits), r.Notes)
	}
	if late := r.Sessions[1].Late(); late != (Span{hour(2), hour(6)}) || r.LookBack != 4*time.Hour {
		t.Errorf("the second session reprocesses %v, look-back %v", late, r.LookBack)
	}
	if sum := Total(r.Savings()); sum.ReadHours != 6 || sum.FixedHours != 10 || sum.ReadBytes <= 0 || sum.ReadBytes >= sum.FixedBytes {
		t.Errorf("savings: %+v", sum)
	}
	late := 0
	for _, l := range r.Landings {
		if l.Late {
			late++
		}
	}
	if late != 3 {
		t.Errorf("%d late partitions", late)
	}
	opts.Sessions = 1
	if r, err = Gather(context.Background(), s, opts); err != nil || len(r.Sessions) != 1 || r.Left != 2 {
		t.Errorf("the last session alone: %v", err)
	}
	opts.Process = "nobody"
	if _, err = Gather(context.Background(), s, opts); err == nil || !strings.Contains(err.Error(), "account_state_load") {
		t.Errorf("an unknown process: %v", err)
	}
	shoot(t, made(), "made")
	shoot(t, r, "one")
}
