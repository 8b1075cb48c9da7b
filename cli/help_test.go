package cli

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// runInside runs psyql in this process; it is for what needs no session.
func runInside(args ...string) (code int, stdout, stderr string) {
	var out, err strings.Builder
	code = Main(context.Background(), args, IO{
		In: strings.NewReader(""), Out: &out, Err: &err, Env: func(string) (string, bool) { return "", false },
	})
	return code, out.String(), err.String()
}

// TestHelpListsEveryExitCode: help and the constants are one table.
func TestHelpListsEveryExitCode(t *testing.T) {
	var listed []string
	for _, m := range regexp.MustCompile(`(?m)^  (\d+) `).FindAllStringSubmatch(exitHelp, -1) {
		listed = append(listed, m[1])
	}
	want := []string{}
	for _, code := range []int{ExitDone, ExitFailure, ExitUsage, ExitSQL, ExitAudit, ExitTransient, ExitDecision,
		ExitNothingToDo, ExitTimeout, ExitInterrupted, ExitTerminated} {
		want = append(want, fmt.Sprint(code))
	}
	if !slices.Equal(listed, want) {
		t.Errorf("help lists %v, the table has %v", listed, want)
	}
}

// TestEveryCommandHasHelp: text, usage, an example, and no option without words
// and a group (one without a group would not be shown).
func TestEveryCommandHasHelp(t *testing.T) {
	root := newRoot(&app{})
	for _, c := range append(root.Commands(), root) {
		args := []string{"--help"}
		if c != root {
			args = []string{c.Name(), "--help"}
		}
		code, out, errs := runInside(args...)
		if code != 0 || errs != "" {
			t.Errorf("%v: exit %d, %s", args, code, errs)
		}
		for _, part := range []string{"Usage:\n  psyql", "Exit status:\n", "--catalog-uri"} {
			if !strings.Contains(out, part) {
				t.Errorf("%v: no %q in\n%s", args, part, out)
			}
		}
		if c.Name() != "version" && !strings.Contains(out, "Examples:\n  ") {
			t.Errorf("%v: no example", args)
		}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" && (f.Usage == "" || f.Annotations[groupKey] == nil || !strings.Contains(out, "--"+f.Name)) {
				t.Errorf("%v: --%s has no words, no group, or is not shown", args, f.Name)
			}
		})
		for _, line := range strings.Split(out, "\n") {
			if len([]rune(line)) > helpWidth+10 {
				t.Errorf("%v: long line %q", args, line)
			}
		}
	}
}

// TestStepsHaveTheOptionsOfTheContract: names as functions.md has them; [x] need not be given.
func TestStepsHaveTheOptionsOfTheContract(t *testing.T) {
	root := newRoot(&app{})
	for name, want := range map[string]string{
		"init": "process_name src_tables psyberg_session_id psyberg_hwm_table psyberg_session_table etl_pattern_id " +
			"[start] [on_gap] [on_rollback] [on_overwrite] [on_missing_bounds] [catchup_threshold] [on_threshold] [load_type] [max_hours] [vtts]",
		"audit":   "process_name psyberg_session_id psyberg_session_table target audits",
		"publish": "process_name psyberg_session_id psyberg_session_table target [require_audits] [force_audit]",
		"commit":  "process_name psyberg_session_id psyberg_hwm_table psyberg_session_table [target]",
		"sweep":   "target [older_than] [delete]",
	} {
		cmd, _, err := root.Find([]string{name})
		if err != nil || cmd == root {
			t.Errorf("no command %s: %v", name, err)
			continue
		}
		var got []string
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Annotations[groupKey] == nil || f.Annotations[groupKey][0] != groupStep {
				return
			}
			if strings.HasSuffix(f.Usage, "(required)") {
				got = append(got, f.Name)
			} else {
				got = append(got, "["+f.Name+"]")
			}
		})
		wanted := strings.Fields(want)
		slices.Sort(got)
		slices.Sort(wanted)
		if !slices.Equal(got, wanted) {
			t.Errorf("%s has %v, want %v", name, got, wanted)
		}
		code, _, errs := runInside(name)
		for _, w := range wanted {
			if !strings.HasPrefix(w, "[") && !strings.Contains(errs, "--"+w) || code != ExitUsage {
				t.Errorf("%s without options: exit %d, %s: does not ask for --%s", name, code, errs, w)
			}
		}
	}
}

// TestShowPrintsWhatRuns: the script of every step, whole.
func TestShowPrintsWhatRuns(t *testing.T) {
	_, names, _ := runInside("show")
	for _, name := range strings.Fields(names) {
		code, out, errs := runInside("show", name)
		if code != 0 || errs != "" || !strings.Contains(out, "\n-- @param ") {
			t.Errorf("show %s: exit %d, %s\n%s", name, code, errs, out)
		}
	}
	if code, _, errs := runInside("show", "inti"); code != ExitUsage || !strings.Contains(errs, `did you mean "init"`) {
		t.Errorf("show inti: exit %d, %s", code, errs)
	}
}

func TestRedact(t *testing.T) {
	for in, want := range map[string]string{
		"postgresql://me:geheim@host/db":                             "postgresql://me:***@host/db",
		"open sqlite:///tmp/a:b/c.db":                                "open sqlite:///tmp/a:b/c.db",
		`{"s3.secret-access-key": "abc", "x": 1}`:                    `{"s3.secret-access-key": "***", "x": 1}`,
		"credential=id:secret&scope=x":                               "credential=***&scope=x",
		`Post "http://h/oauth/tokens": dial tcp`:                     `Post "http://h/oauth/tokens": dial tcp`,
		"https://h/v1/oauth/tokens failed":                           "https://h/v1/oauth/tokens failed",
		"CREATE SECRET s (TYPE s3, SECRET 'geheim', KEY_ID 'k') nix": "CREATE SECRET s (TYPE s3, SECRET '******', KEY_ID 'k') nix",
		"unexpected token: SELECT":                                   "unexpected token: SELECT",
		"token='abc'":                                                "token='***'",
		`did not find column "token_count" in (token_count, x)`:      `did not find column "token_count" in (token_count, x)`,
	} {
		if got := redact(in); got != want {
			t.Errorf("redact(%q) = %q, want %q", in, got, want)
		}
	}
}
