package peers

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"psyberg/benchmarks/tables"
)

// TestLoops: iceberg-go, which knows nothing of the generator, reads the same
// answers out of its tables as we do.
func TestLoops(t *testing.T) {
	t.Parallel()
	for _, c := range []tables.Config{tables.T1(1000), tables.T2(200), tables.T3(1000), tables.T2(200).With(tables.Zstd)} {
		tab, err := tables.Ensure(t.Context(), t.TempDir(), c)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 6 {
			p, q := All()[i/2], []tables.Question{tables.Q1, tables.Q2}[i%2]
			r, err := Measure(t.Context(), p, t.TempDir(), tab, q, Effort{1, time.Nanosecond})
			if err != nil || r.Ratio <= 0 {
				t.Errorf("%s, %s %s: %+v, %v", p.Name, c.Name, q, r, err)
			}
		}
	}
}

// shell is a peer that is a line of shell.
func shell(line string) Peer {
	return Peer{Name: "shell", install: func(context.Context, string) ([]string, error) { return []string{"sh", "-c", line}, nil }}
}

// TestProtocol: what a peer answers is compared; what it says when it fails is
// told.
func TestProtocol(t *testing.T) {
	t.Parallel()
	tab, err := tables.Ensure(t.Context(), t.TempDir(), tables.T2(1000))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := icebergGo(t.Context(), tab, tables.Q1)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, `[%d,"",%d,%d],`, r.Hour, r.Files, r.Bytes)
	}
	answer := filepath.Join(t.TempDir(), "answer")
	if err := os.WriteFile(answer, []byte(`{"cpu":5000000,"rows":[`+strings.TrimSuffix(b.String(), ",")+"]}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := Measure(t.Context(), shell("echo hello; while read x; do cat '"+answer+"'; done"), t.TempDir(), tab, tables.Q1, Effort{1, time.Nanosecond})
	if err != nil || r.CPU.Milliseconds() != 5 {
		t.Errorf("the right answer: %+v, %v", r, err)
	}
	_, err = Measure(t.Context(), shell(`while read x; do echo '{"cpu":1,"rows":[[1,"",1,1]]}'; done`), t.TempDir(), tab, tables.Q1, Effort{1, time.Nanosecond})
	if err == nil || !strings.Contains(err.Error(), "right is") {
		t.Errorf("a wrong answer: %v", err)
	}
	_, err = Measure(t.Context(), shell(`echo it is broken >&2; exit 3`), t.TempDir(), tab, tables.Q1, Effort{1, time.Nanosecond})
	if err == nil {
		t.Error("a peer that ends is measured")
	}
	missing := Peer{Name: "none", install: func(ctx context.Context, dir string) ([]string, error) {
		return nil, command(ctx, dir, "false", "argument")
	}}
	if r, err = Measure(t.Context(), missing, t.TempDir(), tab, tables.Q1, Effort{1, time.Nanosecond}); err != nil || !strings.Contains(r.Skipped, "cannot be installed") {
		t.Errorf("a peer that is not to be had: %+v, %v", r, err)
	}
	var out bytes.Buffer
	Markdown(&out, []string{"CPU: x"}, 10, []Result{r, {Peer: "other", Table: r.Table, Question: tables.Q1, Ratio: 12.34, Limit: "libdeflate", Rounds: 1}})
	for _, want := range []string{"| none | – |", "| other | 12.3¹ |", "only a trial", "- CPU: x", "none: cannot be installed", "libdeflate"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report does not have %q:\n%s", want, out.String())
		}
	}
}

// TestKept: what is measured again takes the place of what was, a failure does
// not, and the order is the peers'.
func TestKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, last := All()[0].Name, All()[6].Name
	for _, r := range []Result{
		{Peer: last, Table: "T1", Question: tables.Q1, Ratio: 1}, {Peer: first, Table: "T2", Question: tables.Q2, Ratio: 2},
		{Peer: first, Table: "T2", Question: tables.Q1, Ratio: 3}, {Peer: last, Table: "T1", Question: tables.Q1, Ratio: 4},
		{Peer: last, Table: "T1", Question: tables.Q1, Skipped: "failed"}, {Peer: "of another version", Table: "T1", Question: tables.Q1, Ratio: 5},
		{Peer: last, Table: "T3", Question: tables.Q1, Skipped: "left out"},
	} {
		k, err := OpenKept(dir, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := k.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	k, err := OpenKept(dir, 1)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(k.All())
	want := fmt.Sprint([]Result{{Peer: first, Table: "T2", Question: tables.Q1, Ratio: 3}, {Peer: first, Table: "T2", Question: tables.Q2, Ratio: 2},
		{Peer: last, Table: "T1", Question: tables.Q1, Ratio: 4}, {Peer: last, Table: "T3", Question: tables.Q1, Skipped: "left out"}})
	if got != want {
		t.Errorf("kept %s, want %s", got, want)
	}
	if err := os.WriteFile(filepath.Join(dir, "results-1.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenKept(dir, 1); err == nil {
		t.Error("damaged results are read")
	}
	if k, err := OpenKept(dir, 10); err != nil || len(k.All()) > 0 {
		t.Errorf("of another size: %v, %v", k.All(), err)
	}
}
