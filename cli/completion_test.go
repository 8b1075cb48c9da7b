package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"psyberg/internal/terminal"
)

// TestCompletionInShells types psyql's beginnings and Tab into real shells at a
// terminal (make test-terminal): bash with and without the package
// bash-completion, zsh and fish, those that are there.
func TestCompletionInShells(t *testing.T) {
	terminal.Need(t)
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	wrapper := "#!/bin/sh\nPSYQL_TEST_MAIN=1 exec '" + self + "' \"$@\"\n"
	config := "catalog:\n  prod: {type: sql, uri: 'sqlite:///prod.db'}\nprofile:\n  nightly: {format: jsonl}\n"
	for name, f := range map[string]struct {
		text string
		mode os.FileMode
	}{"psyql": {wrapper, 0o755}, "psyql.yaml": {config, 0o644}, "afile": {"", 0o644}} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(f.text), f.mode); err != nil {
			t.Fatal(err)
		}
	}
	const packaged = "/usr/share/bash-completion/bash_completion"
	shells := []struct{ name, program, begin string }{
		{"bash", "bash --norc --noprofile", `PS1='> '; source <(psyql completion bash); echo read"y"`},
		{"bash-completion", "bash --norc --noprofile", `PS1='> '; source ` + packaged + `; source <(psyql completion bash); echo read"y"`},
		{"zsh", "zsh -f", `PS1='> '; autoload -U compinit; compinit -u -D; source <(psyql completion zsh); echo read"y"`},
		{"fish", "fish --private", `psyql completion fish | source; echo read"y"`},
	}
	driven := 0
	for _, s := range shells {
		program, _, _ := strings.Cut(s.program, " ")
		if _, err := exec.LookPath(program); err != nil {
			t.Logf("%s is not here", program)
			continue
		}
		if _, err := os.Stat(packaged); err != nil && s.name == "bash-completion" {
			t.Log("bash-completion is not here")
			continue
		}
		driven++
		t.Run(s.name, func(t *testing.T) { completesIn(t, dir, s.program, s.begin) })
	}
	if driven == 0 {
		t.Error("no shell is here")
	}
}

// completesIn drives one shell.
func completesIn(t *testing.T, dir, program, begin string) {
	home := t.TempDir()
	// fish, at its first start, makes completions of all man pages beside itself and
	// writes on when it has ended; not where they are there.
	if err := os.MkdirAll(filepath.Join(home, "fish", "generated_completions"), 0o755); err != nil {
		t.Fatal(err)
	}
	m := terminal.Start(t, filepath.Base(t.Name()), dir, 120, 40, []string{"-u", "PSYQL_CONFIG",
		"PATH=" + dir + ":" + os.Getenv("PATH"), "HOME=" + home, "XDG_CONFIG_HOME=" + home, "XDG_DATA_HOME=" + home, "XDG_CACHE_HOME=" + home, "TERM=tmux-256color"},
		strings.Fields(program)...)
	shows := func(want string) {
		t.Helper()
		if screen := m.Await(func(s string) bool { return strings.Contains(s, want) }); !strings.Contains(screen, want) {
			t.Errorf("no %q on\n%s", want, screen)
		}
	}
	m.Type(begin)
	m.Key("Enter")
	shows("ready")
	for _, c := range [][2]string{
		{"psyql ini", "psyql init #"}, // a command, and no file behind it
		{"psyql init --on_g", "psyql init --on_gap #"},
		{"psyql init --on_gap rec", "psyql init --on_gap recover #"},
		{"psyql --format jsonl --log-f", "psyql --format jsonl --log-format #"},
		{"psyql --format=parq", "psyql --format=parquet#"},
		{"psyql --catalog pr", "psyql --catalog prod #"},
		{"psyql --profile nigh", "psyql --profile nightly #"},
		{"psyql help PSY_EXP", "psyql help PSY_EXPIRED_GAP #"},
		{"psyql help CREATE", `psyql help CREATE\ TABLE #`},
		{"psyql help iceberg_sn", "psyql help iceberg_snapshots #"},
		{"psyql show swe", "psyql show sweep #"},
		{"psyql -f afi", "psyql -f afile #"},
	} {
		m.Type(c[0])
		shows(c[0])
		m.Key("Tab")
		done, _, _ := strings.Cut(c[1], "#")
		shows(strings.TrimSpace(done))
		m.Type("#")
		// What follows a word with = is the shell's own matter: a blank or none.
		shows(strings.TrimSpace(done))
		if strings.HasSuffix(done, " ") && !strings.Contains(program, "zsh") { // zsh takes its blank back
			shows(c[1])
		}
		m.Key("C-u")
		m.Key("C-l")
	}
	m.Type("psyql report --psyberg_")
	m.Key("Tab")
	m.Key("Tab")
	shows("the table of watermarks") // the option's words, without marks
}
