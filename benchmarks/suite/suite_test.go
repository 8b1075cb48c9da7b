package suite

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"psyberg/benchmarks/measure"
	"psyberg/benchmarks/tables"
)

// TestMeasures: every measure that needs no binary runs on tiny tables, with
// its answers compared, and gives rows with limits.
func TestMeasures(t *testing.T) {
	if testing.Short() {
		t.Skip("many small measurements")
	}
	c := Config{Dir: t.TempDir(), Down: 2000, Rounds: 1, Log: io.Discard, Only: regexp.MustCompile("decoder|all columns|two threads|codecs|inflater|cache|store|sql|json|growth")}
	rows, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	limits := map[string]int{}
	for _, r := range rows {
		if r.Value <= 0 && r.Unit != "per entry" {
			t.Errorf("%s, %s is %v %s", r.Measure, r.What, r.Value, r.Unit)
		}
		if r.Limit > 0 {
			limits[r.Measure]++
		}
	}
	for name, n := range map[string]int{"decoder": 12, "all columns": 2, "two threads": 2, "codecs": 5, "inflater": 6, "cache": 4, "store": 1, "sql": 4, "metadata.json": 1, "growth": 0} {
		if limits[name] != n {
			t.Errorf("%s has %d rows with limits, want %d", name, limits[name], n)
		}
	}
	r := NewReport()
	r.Finish(c, rows)
	dir := t.TempDir()
	if err := r.Write(dir); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "RESULTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"- CPU: ", "- load when it ended", "| decoder | T1-2000th Q1 |", "only a trial", "growth.svg", "1 rounds at least", "least CPU time", "20th percentile", "whole rounds: median"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("RESULTS.md does not say %q", want)
		}
	}
	svg, err := os.ReadFile(filepath.Join(dir, "growth.svg"))
	if err != nil {
		t.Fatal(err)
	}
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// TestColdAnswers: the queries that psyql is run with are right, with PSYBERG_BENCH_PSYQL.
func TestColdAnswers(t *testing.T) {
	bin := os.Getenv("PSYBERG_BENCH_PSYQL")
	if bin == "" {
		t.Skip("runs a binary that has to be built first: PSYBERG_BENCH_PSYQL=path")
	}
	if _, err := exec.LookPath(bin); err != nil {
		t.Fatal(err)
	}
	rows, err := Run(t.Context(), Config{Dir: t.TempDir(), Down: 2000, Rounds: 1, Log: io.Discard, Psyql: bin, Only: regexp.MustCompile("cold|memory|start")})
	if err != nil {
		t.Fatal(err)
	}
	if err := Print(os.Stderr, rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 9 {
		t.Errorf("%d rows, want 9", len(rows))
	}
}

// TestWrongAnswersStop: a reader that answers wrongly is not measured.
func TestWrongAnswersStop(t *testing.T) {
	t.Parallel()
	tab, err := tables.Ensure(t.Context(), t.TempDir(), tables.T2(1000))
	if err != nil {
		t.Fatal(err)
	}
	e := newEnv(Config{Dir: t.TempDir(), Down: 1000, Rounds: 1, Log: io.Discard})
	s, err := e.session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, sql := range []string{q1(tab), q1Files(tab)} {
		if err := ask(t.Context(), s, tab, tables.Q1, sql); err != nil {
			t.Error(err)
		}
		if err := ask(t.Context(), s, tab, tables.Q1, sql+" LIMIT 3"); err == nil || !strings.Contains(err.Error(), "right is") {
			t.Errorf("three rows of many: %v", err)
		}
	}
	if err := ask(t.Context(), s, tab, tables.Q3, q3(tab)); err != nil {
		t.Error(err)
	}
}

// TestNoMatch: an engine is left out on further tables where it is far behind,
// by files as well as by whole passes; never the fastest.
func TestNoMatch(t *testing.T) {
	limit := func(name string, files ...time.Duration) measure.Sample {
		return measure.Sample{Name: name, Rounds: []measure.Cost{{CPU: 1000, Files: files}}}
	}
	got := noMatch([]measure.Sample{limit("slow", 100, 60), limit("near", 70, 80), limit("fastest", 60, 40)})
	if !slices.Equal(got, []string{"slow"}) {
		t.Errorf("left out: %q", got)
	}
	if got := noMatch([]measure.Sample{limit("alone", 5)}); got != nil {
		t.Errorf("left out: %q", got)
	}
}

func TestVerdict(t *testing.T) {
	for want, r := range map[string]Row{"": {Value: 9}, "ok": {Value: 1.2, Limit: 1.2}, "missed": {Value: 1.7, Limit: 1.8, AtLeast: true}} {
		if got := r.Verdict(); got != want {
			t.Errorf("%+v is %q, want %q", r, got, want)
		}
	}
}

// TestScanJSON: the yardstick meets every value.
func TestScanJSON(t *testing.T) {
	for text, want := range map[string]int{`{}`: 1, `{"a":[1,2,"x\"y\\"],"b":null}`: 8, `[]`: 1, `"\\"`: 1, `12`: 1} {
		if got, err := ScanJSON([]byte(text)); err != nil || got != want {
			t.Errorf("%s has %d values (%v), want %d", text, got, err, want)
		}
	}
	for _, text := range []string{`{"a`, `[`, `"\"`} {
		if _, err := ScanJSON([]byte(text)); err == nil {
			t.Errorf("%s is taken as whole", text)
		}
	}
}
