package tour

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write what the commands print into README.md where it says otherwise")

const readme = "../../README.md"

// TestREADME runs the README's tour as a new user would: with psyql on the
// PATH, in an empty folder.
func TestREADME(t *testing.T) {
	page, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := Steps(string(page))
	if err != nil {
		t.Fatalf("README.md: %v", err)
	}
	if len(steps) == 0 {
		t.Fatal("README.md has no console block: its tour is gone")
	}
	bin, dir := t.TempDir(), t.TempDir()
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", filepath.Join(bin, "psyql"), "../../cli/psyql").CombinedOutput(); err != nil {
		t.Fatalf("build psyql: %v\n%s", err, out)
	}
	env := append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "NO_COLOR=1", "COLUMNS=110", "HOME="+dir)
	for i, step := range steps {
		if to, ok := strings.CutPrefix(step.Command, "cd "); ok {
			dir = filepath.Join(dir, to)
			continue
		}
		got := run(t, step, dir, env)
		switch {
		case step.Matches(got):
		case *update:
			steps[i].Want = trimLines(got)
		default:
			t.Fatalf("README.md:%d: $ %s\nprints\n%s\nthe README says\n%s", step.Line, step.Command, got, step.Want)
		}
	}
	if *update {
		if err := os.WriteFile(readme, []byte(Rewrite(string(page), steps)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func run(t *testing.T, step Step, dir string, env []string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", step.Command)
	cmd.Dir, cmd.Env = dir, env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("README.md:%d: $ %s: %v", step.Line, step.Command, err)
	}
	// Logs go to stderr, which is no terminal here; the rest of it counts.
	var kept strings.Builder
	for line := range strings.Lines(out.String()) {
		if !strings.HasPrefix(line, "time=") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

func TestSteps(t *testing.T) {
	const page = "# A\n```console\n$ one\nout 1\n\n$ two \\\n>   more\n```\ntext\n```sh\n$ not\n```\n```console\n$ three\n```\n"
	steps, err := Steps(page)
	if err != nil {
		t.Fatal(err)
	}
	want := []Step{{3, 1, "one", "out 1\n\n"}, {6, 2, "two \\\n  more", ""}, {14, 1, "three", ""}}
	if len(steps) != len(want) {
		t.Fatalf("got %+v", steps)
	}
	for i := range want {
		if steps[i] != want[i] {
			t.Errorf("step %d: got %+v, want %+v", i, steps[i], want[i])
		}
	}
	if got := Rewrite(page, steps); got != page {
		t.Errorf("rewritten without a change:\n%s", got)
	}
	steps[0].Want, steps[1].Want = "", "new\n"
	const changed = "# A\n```console\n$ one\n$ two \\\n>   more\nnew\n```\ntext\n```sh\n$ not\n```\n```console\n$ three\n```\n"
	if got := Rewrite(page, steps); got != changed {
		t.Errorf("rewritten:\n%s", got)
	}
	for _, bad := range []string{"```console\nout\n```\n", "```console\n$ x\n"} {
		if _, err := Steps(bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestMatches(t *testing.T) {
	for _, tc := range []struct {
		want, got string
		ok        bool
	}{
		{"a\nb\n", "a\nb\n", true},
		{"a\nb\n", "a  \nb", true},
		{"a\n", "a\nb\n", false},
		{"a\n", "", false},
		{"", "\n", true},
		{"", "x\n", false},
		{"id ... end\n", "id 42 end\n", true},
		{"id ... end\n", "id 42\nend\n", false},
		{"a\n...\nz\n", "a\nb\nc\nz\n", true},
		{"a\n...\nz\n", "a\nz\n", true},
		{"a\n...\nz\n", "a\nb\n", false},
		{"a.c\n", "abc\n", false},
	} {
		if got := (Step{Want: tc.want}).Matches(tc.got); got != tc.ok {
			t.Errorf("want %q, got %q: matches %v", tc.want, tc.got, got)
		}
	}
}
